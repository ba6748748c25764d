"""Cimba's own way to say M/M/1 and a tandem of eight stations. It reads annotations: no `from __future__` here."""

import math

import cimba
from cimba import random

SERVERS, GAP, MEAN, CV = 16, 1 / 224, 0.05, 0.75  # of the tandem
SIGMA = math.sqrt(math.log1p(CV**2))
MU = math.log(MEAN) - SIGMA**2 / 2


class Single(cimba.Model):
    """M/M/1: one process puts the time of arrival into a store, another serves."""

    customers: cimba.Param[int]
    gap: cimba.Param[float]
    mean: cimba.Param[float]
    queue: cimba.Store[float]
    stay: cimba.Output[float]

    @cimba.process
    def arrivals(self) -> None:
        for _ in range(self.customers):
            cimba.hold(random.exponential(self.gap))
            self.queue.put(cimba.now())

    @cimba.process
    def server(self) -> None:
        self.stay = 0.0
        while True:
            came = self.queue.get()
            cimba.hold(random.exponential(self.mean))
            self.stay = self.stay + cimba.now() - came


class Tandem(cimba.Model):
    """Eight stations, each a store and sixteen servers, lognormal services."""

    customers: cimba.Param[int]
    q0: cimba.Store[float]
    q1: cimba.Store[float]
    q2: cimba.Store[float]
    q3: cimba.Store[float]
    q4: cimba.Store[float]
    q5: cimba.Store[float]
    q6: cimba.Store[float]
    q7: cimba.Store[float]
    stay: cimba.Output[float]

    @cimba.process
    def arrivals(self) -> None:
        self.stay = 0.0
        for _ in range(self.customers):
            cimba.hold(random.exponential(GAP))
            self.q0.put(cimba.now())

    @cimba.process(copies=SERVERS)
    def server0(self) -> None:
        while True:
            came = self.q0.get()
            cimba.hold(random.lognormal(MU, SIGMA))
            self.q1.put(came)

    @cimba.process(copies=SERVERS)
    def server1(self) -> None:
        while True:
            came = self.q1.get()
            cimba.hold(random.lognormal(MU, SIGMA))
            self.q2.put(came)

    @cimba.process(copies=SERVERS)
    def server2(self) -> None:
        while True:
            came = self.q2.get()
            cimba.hold(random.lognormal(MU, SIGMA))
            self.q3.put(came)

    @cimba.process(copies=SERVERS)
    def server3(self) -> None:
        while True:
            came = self.q3.get()
            cimba.hold(random.lognormal(MU, SIGMA))
            self.q4.put(came)

    @cimba.process(copies=SERVERS)
    def server4(self) -> None:
        while True:
            came = self.q4.get()
            cimba.hold(random.lognormal(MU, SIGMA))
            self.q5.put(came)

    @cimba.process(copies=SERVERS)
    def server5(self) -> None:
        while True:
            came = self.q5.get()
            cimba.hold(random.lognormal(MU, SIGMA))
            self.q6.put(came)

    @cimba.process(copies=SERVERS)
    def server6(self) -> None:
        while True:
            came = self.q6.get()
            cimba.hold(random.lognormal(MU, SIGMA))
            self.q7.put(came)

    @cimba.process(copies=SERVERS)
    def server7(self) -> None:
        while True:
            came = self.q7.get()
            cimba.hold(random.lognormal(MU, SIGMA))
            self.stay = self.stay + cimba.now() - came
