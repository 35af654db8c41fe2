"""Containers' timelines: what was known of each from which moment on, and so where what is in it was. Pure.

A container may stand in another one, and that one too: each is told after what it was ever put into.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from server.into_itself import Turn, circular
from sync.actions import ACTIONS
from sync.history import Fact, step
from sync.unit import Status, UnitState, carried

DEPTH_MAX: Final = 8
"""Pallet, carton, inner box, and some more; beyond it a place is taken as it stands."""
END_OF_TIME: Final = 2**53
"""A moment after all others, Unix milliseconds."""
PUTTING_IN: Final = ("receive", "put_away", "move", "pick", "pack", "take_back")
"""Actions that put what they are about into the container which they name."""


@dataclass(slots=True)
class Timeline:
    """What was known of a container: moments, ascending, and the state that held from each on."""

    moments: list[int] = field(default_factory=list)
    states: list[UnitState] = field(default_factory=list)
    left: list[int] = field(default_factory=list)
    """When it was handed over with what was in it, and did not come back unopened."""

    def index(self, at_ms: int) -> int | None:
        """The entry that held at a moment; None before the first."""
        return bisect_right(self.moments, at_ms) - 1 if self.moments and self.moments[0] <= at_ms else None

    def at(self, at_ms: int) -> UnitState | None:
        """What held at a moment; None before the first fact."""
        index = self.index(at_ms)
        return None if index is None else self.states[index]


@dataclass(slots=True)
class Movements:
    """Where some containers were, and what became of them."""

    timelines: dict[str, Timeline] = field(default_factory=dict)
    circular: set[Turn] = field(default_factory=set)
    """Facts that would put a container into itself, or into what is in it, by their order."""

    def locate(self, place: str | None, at_ms: int) -> str | None:
        """The location where a container stood at that moment; a location stands for itself."""
        for _ in range(DEPTH_MAX):
            state = self.timelines[place].at(at_ms) if place in self.timelines else None
            if state is None or state.place is None:
                break
            place = state.place
        return place

    def carrier(self, place: str | None, at_ms: int, depth: int = DEPTH_MAX) -> UnitState | None:
        """What was known of the container in which something is, itself carried by what it stood in."""
        state = self.timelines[place].at(at_ms) if place in self.timelines else None
        return carried(state, self.carrier(state.place, at_ms, depth - 1)) if state and depth else state

    def carried(self, state: UnitState | None, at_ms: int) -> UnitState | None:
        """The state as its container has it at a moment."""
        return carried(state, self.carrier(state.place, at_ms)) if state else None

    def step(self, state: UnitState | None, fact: Fact) -> UnitState:
        """The state after one more fact, as its container had it by then."""
        carrier = self.carrier(state.place, fact.event_ms) if state else None
        return step(state, self.straight(fact), carrier)

    def straight(self, fact: Fact) -> Fact:
        """The fact; one that would put a container into itself says no more than that somebody tried."""
        if fact.order not in self.circular:
            return fact
        event = fact.event
        instead = "reject" if ACTIONS[event.action].roles else "note" if event.container is None else event.action
        return replace(fact, event=replace(event, action=instead, container=None))

    def place_of(self, container: str) -> str | None:
        """Where the last that is told of a container puts it."""
        states = self.timelines[container].states
        return states[-1].place if states else None

    def shipped_in(self, place: str | None, since_ms: int, at_ms: int) -> str | None:
        """The container that was shipped with what has been in `place` since a moment: that one, or one around it."""
        for _ in range(DEPTH_MAX):
            state = self.timelines[place].at(at_ms) if place in self.timelines else None
            if state is None:
                break
            turn = state.turn_after(since_ms)
            if turn:
                return place if turn > 0 else None
            if state.status is Status.SHIPPED:
                return place if state.status_ms > since_ms else None  # else it was filled anew since
            place, since_ms = state.place, state.place_ms
        return None

    def handed_over(self, place: str, since_ms: int, at_ms: int) -> bool:
        """Whether a container was handed over between two moments, itself or with what it stood in, and not back."""
        for _ in range(DEPTH_MAX):
            line = self.timelines.get(place)
            if line is None:
                break
            if any(since_ms < moment <= at_ms for moment in line.left):
                return True
            state = line.at(at_ms)
            if state is not None and state.turn_after(since_ms) > 0:
                return True  # with what it stood on
            if state is None or state.place is None:
                break
            place, since_ms = state.place, max(since_ms, state.place_ms)
        return False

    def turn(self, place: str, since_ms: int, at_ms: int, *, filled: bool = False) -> int:
        """How a container parted from what was in it, first of all between two moments: one of its turns, or 0.

        It may have left with what it stood in too; what stands in one that left empty stayed with what is in it.

        Args:
            filled: whether something is put into it now. One that was handed over, and did not come back unopened, is
                filled anew, though nobody has said that it arrived; who takes something out of it found it full.
        """
        for outside in range(DEPTH_MAX):
            line = self.timelines.get(place)
            if line is None:
                break
            state = line.at(at_ms)
            is_away = state is not None and state.status is Status.SHIPPED
            known = line.states[-1] if line.states else UnitState()
            left = [moment for moment in line.left if known.turn_after(moment) >= 0] if filled or is_away else []
            turns = (turn for turn in (*known.turns, *left) if since_ms < abs(turn) <= at_ms)
            first = min(turns, key=abs, default=0)
            if first:
                return 0 if first < 0 and outside else first
            if state is None or state.place is None:
                break
            place, since_ms = state.place, max(since_ms, state.place_ms)
        return 0


def carriers(facts: Iterable[Fact]) -> set[str]:
    """What these facts put a container into."""
    return {f.event.container for f in facts if f.event.container is not None}


def outermost_first(facts: Mapping[str, list[Fact]]) -> Movements:
    """The timelines of some containers, each told after those of what it was ever put into.

    Containers that were ever put into each other all around have no outermost one: they are told together, moment by
    moment.
    """
    around = Movements()
    waiting = {key: carriers(own) & facts.keys() for key, own in facts.items()}
    while waiting:
        ready = [key for key, into in waiting.items() if not into & waiting.keys()]
        if not ready:
            _tell_together({key: facts[key] for key in waiting}, around)
            break
        for key in ready:
            line = around.timelines[key] = Timeline()
            for fact in facts[key]:
                _tell(line, around, fact)
        waiting = {key: into for key, into in waiting.items() if key not in around.timelines}
    return around


def _tell_together(facts: Mapping[str, list[Fact]], around: Movements) -> None:
    """Tell containers of which each may be in any other, less what would put one of them into itself.

    Within one moment what something is in is told before it, as a unit's own history has it.
    """
    around.circular |= circular(facts)
    around.timelines.update((key, Timeline()) for key in facts)
    moments: dict[int, dict[str, list[Fact]]] = defaultdict(lambda: defaultdict(list))
    for key, own in facts.items():
        for fact in own:
            moments[fact.event_ms][key].append(fact)
    for _, waiting in sorted(moments.items()):
        while waiting:
            edge = {key: {around.place_of(key), *carriers(own)} - {key} for key, own in waiting.items()}
            ready = [key for key in sorted(waiting) if not edge[key] & waiting.keys()] or sorted(waiting)
            for key in ready:
                for fact in waiting.pop(key):
                    _tell(around.timelines[key], around, fact)


def _tell(line: Timeline, around: Movements, fact: Fact) -> None:
    state = around.step(line.states[-1] if line.states else None, fact)
    line.moments.append(fact.event_ms)
    line.states.append(state)
    if fact.event.action == "ship":
        line.left.append(fact.event_ms)
    elif fact.event.action == "parcel_back" and line.left:
        line.left.pop()
