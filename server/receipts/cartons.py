"""A receipt carton by carton: what is due in each, what was read, and whether enough of it was. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from server.receipts.evidence import Received
from server.receipts.notice import Notice
from sync.sampling import Sampling


@dataclass(frozen=True, slots=True, kw_only=True)
class CartonProgress:
    """One container of a notice."""

    key: str
    parent: str | None
    """What it stands on."""
    here: bool
    """Whether its label was scanned, or that of a container around it."""
    due: int
    """Units announced in it by name."""
    read: int
    """Of these, the ones that were read one by one in it."""
    listed: int
    """Read in a symbol that lists several."""
    inferred: int
    """Here only by the carton's label."""
    asked: int
    """How many have to be read one by one before the label speaks for the rest."""
    pieces: int = 0
    """Announced in it without serial numbers."""
    depth: int = 0
    """How many containers of the notice are around it."""

    @property
    def is_sampled(self) -> bool:
        """Whether its label speaks for the rest: enough was read, or there is no rest."""
        return self.inferred == 0 or self.read >= self.asked

    @property
    def missing(self) -> int:
        """Units of which nothing is known by now."""
        return self.due - self.read - self.listed - self.inferred


def cartons_of(due: Notice, came: Received, rule: Sampling) -> list[CartonProgress]:
    """Every container of a notice, those on one pallet together."""
    units: dict[str, set[str]] = {key: set() for key in due.cartons}
    for unit, carton in {**due.units, **due.sent}.items():
        if carton is not None:
            units.setdefault(carton, set()).add(unit)
    pieces: dict[str, int] = {}
    for line in due.sealed:
        if line.container is not None:
            pieces[line.container] = pieces.get(line.container, 0) + line.quantity
    read, listed = _read(due, came)
    found = [
        CartonProgress(
            key=key,
            parent=due.cartons.get(key),
            here=key in came.came,
            due=len(inside),
            read=len(inside & read),
            listed=len(inside & listed),
            inferred=sum(u not in read | listed and u in came.came and came.came[u].inferred for u in inside),
            asked=rule.asked(len(inside)),
            pieces=pieces.get(key, 0),
            depth=len(_path(key, due.cartons)) - 1,
        )
        for key, inside in units.items()
    ]
    return sorted(found, key=lambda c: _path(c.key, due.cartons))


def _read(due: Notice, came: Received) -> tuple[set[str], set[str]]:
    """Units that were read one by one where they were announced, and those that only a list named there."""
    announced = {**due.units, **due.sent}
    in_place = [(u, f) for u, f in came.units if f.event.container in (None, announced.get(u))]
    single = {u for u, f in in_place if f.digest.hex() not in came.listed}
    return single, {u for u, _ in in_place} - single


def _path(key: str, parents: Mapping[str, str | None]) -> tuple[str, ...]:
    """The containers around it, outermost first, then itself: so that a pallet stands before what is on it."""
    path = [key]
    while (parent := parents.get(path[0])) is not None and parent not in path:
        path.insert(0, parent)
    return tuple(path)
