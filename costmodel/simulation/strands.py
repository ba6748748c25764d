"""The moving parts of the reference engine: strands of control, the frames they are inside of, joins."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from costmodel.simulation.environments import Environment
from costmodel.simulation.plan import TIMERS, FlowPlan

if TYPE_CHECKING:
    from costmodel.simulation.sources import Schedule

NEVER = 2**62  # later than any time
DUPLICATE = 1 << 16  # tells the draws of a duplicate from those of retries
Entry = tuple[int, bool, int]  # payment, whether it is its provider's first in this batch, payout in cents


class Frame:
    """One request or invocation that has not been answered yet. `caller`: the strand that goes on if it is lost."""

    __slots__ = ("alive", "caller", "cohort", "deadline", "depth", "environment", "function", "least", "month",
                 "parent", "pc", "since", "weakest")  # fmt: skip

    def __init__(self, function: int, pc: int, deadline: int, caller: Strand) -> None:
        self.function, self.pc, self.deadline, self.caller = function, pc, deadline, caller
        self.parent = caller.frame
        self.depth = depth_of(caller.frame) + 1
        self.alive = True
        self.environment: Environment | None = None
        self.since = self.month = self.cohort = 0
        self.least, self.weakest = deadline, self
        self.limit()

    def limit(self) -> None:
        """The earliest deadline of this frame and those around it that still live."""
        self.least, self.weakest = self.deadline, self
        if self.parent is not None and self.parent.alive and self.parent.least <= self.least:
            self.least, self.weakest = self.parent.least, self.parent.weakest


def depth_of(frame: Frame | None) -> int:
    """How many requests and invocations one is inside of."""
    return 0 if frame is None else frame.depth


@dataclass(slots=True)
class Place:
    """A strand's place at a station, or its wait for one; `depth`: that of the frame it was asked for in."""

    station: int
    request: Any
    depth: int


class Strand:
    """A thread of control. `run` numbers a schedule's runs, `tries` a flow's asynchronous retries.

    `repeat` tells its draws apart from those of an earlier try or of a duplicate. `measured`: whether the run waits
    for it to end. `schedule`: the one that hears of its end.
    """

    __slots__ = ("attempt", "batch", "born", "cut", "first", "flow", "frame", "go", "join", "measured", "payment",
                 "payout", "pc", "places", "repeat", "run", "schedule", "timers", "tries")  # fmt: skip

    def __init__(self, flow: FlowPlan, payment: int, run: int) -> None:
        self.flow, self.payment, self.run = flow, payment, run
        self.pc = flow.start
        self.frame: Frame | None = None
        self.attempt = self.repeat = self.tries = self.born = self.payout = 0
        self.batch: list[Entry] = []
        self.places: list[Place] = []
        self.cut: int | None = None
        self.join: Join | None = None
        self.schedule: Schedule | None = None
        self.first, self.measured = True, payment >= 0
        self.timers = [0] * len(TIMERS)
        self.go: Callable[[object], None]

    @property
    def is_copy(self) -> bool:
        """Whether it comes of a message that was delivered twice."""
        return self.repeat >= DUPLICATE

    def clone(self) -> Strand:
        """A strand in the same place on behalf of the same payment; it carries nothing yet."""
        other = Strand(self.flow, self.payment, self.run)
        other.pc, other.frame, other.repeat, other.born = self.pc, self.frame, self.repeat, self.born
        other.first, other.payout, other.tries, other.measured = self.first, self.payout, self.tries, self.measured
        other.timers = list(self.timers)
        return other

    def heir(self, frame: Frame) -> Strand:
        """The strand that goes on outside of a lost frame which this one had entered, with all that it carried there.

        This one may yet run on inside, in what the frame had called.
        """
        heir = self.clone()
        heir.frame, heir.pc = frame.parent, frame.pc
        heir.batch, heir.join, heir.schedule = self.batch, self.join, self.schedule
        self.batch, self.join, self.schedule = [], None, None
        heir.places = [place for place in self.places if place.depth < frame.depth]
        self.places = self.places[len(heir.places) :]
        outer = frame.parent
        while outer is not None and outer.caller is self:
            outer.caller, outer = heir, outer.parent
        return heir


class Join:
    """Branches that are still on their way, and the strand that waits for them."""

    __slots__ = ("failed", "left", "parent", "pc")

    def __init__(self, left: int, parent: Strand, pc: int) -> None:
        self.left, self.parent, self.pc, self.failed = left, parent, pc, False


def between(inner: Frame, outer: Frame) -> list[Frame]:
    """The frames from `inner` outwards, up to but without `outer`."""
    frames = []
    frame: Frame | None = inner
    while frame is not None and frame is not outer:
        frames.append(frame)
        frame = frame.parent
    return frames
