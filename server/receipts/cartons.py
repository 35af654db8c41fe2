"""A receipt carton by carton: what is due in each, what was read, and whether enough of it was. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from server.receipts.evidence import Received
from server.receipts.lines import CartonPieces
from server.receipts.notice import Notice
from sync.sampling import Mode, Sampling


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
    announced: bool
    """Whether the notice names it; its label was scanned all the same where not."""
    read: int
    """Of these, the ones that were read one by one in it."""
    listed: int
    """Read in a symbol that lists several."""
    inferred: int
    """Here only by the carton's label."""
    missing: int
    """Units of which nothing is known by now; the rest is here in another carton, or under another document."""
    asked: int
    """How many have to be read one by one before the label speaks for the rest."""
    pieces: int = 0
    """Announced in it without serial numbers, and below how many of them were read in it, are here by its label alone,
    and are short by the receipt's lines."""
    pieces_read: int = 0
    pieces_inferred: int = 0
    pieces_short: int = 0
    depth: int = 0
    """How many containers of the notice are around it."""

    @property
    def is_sampled(self) -> bool:
        """Whether its label speaks for the rest: enough was read, or there is no rest."""
        return self.inferred == 0 or self.read >= self.asked

    @property
    def elsewhere(self) -> int:
        """Units announced in it that came in another carton, or under another document."""
        return self.due - self.read - self.listed - self.inferred - self.missing


def cartons_of(due: Notice, came: Received, rule: Sampling) -> list[CartonProgress]:
    """Every container of a notice, those on one pallet together; and what came that it does not name."""
    units: dict[str, set[str]] = {key: set() for key in due.cartons}
    for unit, carton in {**due.units, **due.sent}.items():
        if carton is not None:
            units.setdefault(carton, set()).add(unit)
    for line in due.sealed:
        if line.container is not None:
            units.setdefault(line.container, set())
    named = set(units)
    units.update((carton, set()) for carton in came.labels if carton not in named)
    read, listed = _read(due, came)
    here = {unit for unit, _ in came.units}
    found = []
    for key, inside in units.items():
        unread = inside - here
        labelled = {u for u in unread if u in came.came and came.came[u].inferred}
        opened = rule.mode is Mode.ALL and bool(inside & read)  # what was not read in it is not there
        found.append(
            CartonProgress(
                key=key,
                parent=due.cartons.get(key),
                here=key in came.came or key not in named,
                due=len(inside),
                announced=key in named,
                read=len(inside & read),
                listed=len(inside & listed),
                inferred=0 if opened else len(labelled),
                missing=sum(u not in came.came for u in unread) + (len(labelled) if opened else 0),
                asked=rule.asked(len(inside)),
                depth=len(_path(key, due.cartons)) - 1,
            )
        )
    return sorted(found, key=lambda c: _path(c.key, due.cartons))


def with_pieces(cartons: Iterable[CartonProgress], pieces: Iterable[CartonPieces]) -> list[CartonProgress]:
    """The same with what is in them without serial numbers."""
    inside: dict[str, list[CartonPieces]] = {}
    for one in pieces:
        inside.setdefault(one.container, []).append(one)
    return [
        replace(
            carton,
            pieces=sum(one.announced for one in inside.get(carton.key, ())),
            pieces_read=sum(one.read for one in inside.get(carton.key, ())),
            pieces_inferred=sum(one.inferred for one in inside.get(carton.key, ())),
            pieces_short=sum(one.short for one in inside.get(carton.key, ())),
        )
        for carton in cartons
    ]


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
