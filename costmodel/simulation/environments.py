"""The reference engine's pools of execution environments and its token buckets."""

from __future__ import annotations

from costmodel.simulation.plan import FunctionPlan, LambdaPlan, Plan


class Bucket:
    """A token bucket that refills continuously: one token each `interval_ns`, at most `burst` of them."""

    def __init__(self, interval_ns: int, burst: int) -> None:
        self.interval_ns = interval_ns
        self.depth_ns = interval_ns * burst
        self.empty_until = -(2**62)

    def _after(self, now: int, tokens: int) -> int:
        """Until when it would be empty if tokens were taken."""
        return max(self.empty_until, now - self.depth_ns) + tokens * self.interval_ns

    def has(self, now: int, tokens: int) -> bool:
        """Whether so many tokens are there."""
        return self._after(now, tokens) <= now

    def take(self, now: int, tokens: int) -> None:
        """Take tokens that are there."""
        self.empty_until = self._after(now, tokens)


class Environment:
    """One execution environment: serves one request at a time."""

    __slots__ = ("born", "idle_since", "new", "provisioned")

    def __init__(self, born: int, *, provisioned: bool) -> None:
        self.born, self.idle_since, self.new, self.provisioned = born, born, not provisioned, provisioned


class Pool:
    """One function's environments. The most recently used idle one is taken first."""

    def __init__(self, function: FunctionPlan, rules: LambdaPlan) -> None:
        self.rules = rules
        self.ready = [Environment(0, provisioned=True) for _ in range(function.provisioned)]
        self.idle: list[Environment] = []
        self.reserved = function.reserved
        self.busy = self.peak = 0
        self.starts = Bucket(rules.scale_interval_ns, rules.scale_burst)

    def warm(self, now: int) -> Environment | None:
        """An idle environment that is neither expired nor too old, or None."""
        while self.idle:
            environment = self.idle.pop()
            if now - environment.idle_since > self.rules.keep_alive_ns:
                self.idle.clear()  # those below were used even longer ago
            elif now - environment.born <= self.rules.life_ns:
                return environment
        return None


class Account:
    """All pools under the account's concurrency limit."""

    def __init__(self, plan: Plan) -> None:
        self.pools = [Pool(function, plan.compute) for function in plan.functions]
        carved = sum(max(function.provisioned, function.reserved) for function in plan.functions)
        self.shared = plan.compute.account_concurrency - carved
        self.shared_busy = 0

    def take(self, function: int, now: int) -> Environment | None:
        """An environment for one request; None: throttled (concurrency or the rate of new environments)."""
        pool = self.pools[function]
        environment = pool.ready.pop() if pool.ready else self._on_demand(pool, now)
        if environment is not None:
            pool.busy += 1
            pool.peak = max(pool.peak, pool.busy)
        return environment

    def _on_demand(self, pool: Pool, now: int) -> Environment | None:
        if pool.busy >= pool.reserved if pool.reserved else self.shared_busy >= self.shared:
            return None
        environment = pool.warm(now)
        if environment is None:
            if not pool.starts.has(now, 1):
                return None
            pool.starts.take(now, 1)
            environment = Environment(now, provisioned=False)
        self.shared_busy += not pool.reserved
        return environment

    def give_back(self, function: int, environment: Environment, now: int) -> None:
        """The request has been answered: the environment is idle."""
        environment.idle_since = now
        self._leave(function, environment)
        pool = self.pools[function]
        (pool.ready if environment.provisioned else pool.idle).append(environment)

    def lose(self, function: int, environment: Environment, now: int) -> None:
        """The function timed out: its environment is gone; a provisioned one is replaced."""
        self._leave(function, environment)
        if environment.provisioned:
            self.pools[function].ready.append(Environment(now, provisioned=True))

    def _leave(self, function: int, environment: Environment) -> None:
        pool = self.pools[function]
        pool.busy -= 1
        if not environment.provisioned:
            self.shared_busy -= not pool.reserved
