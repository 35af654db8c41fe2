"""The rows of the offline map's units: found by a name, and what each says of its unit and of what carries it."""

from __future__ import annotations

from typing import Any, Final

from scanner_client.database import Database
from scanner_client.map_rows import COLLIDED, NESTING_MAX, STATUSES, date_of, hashed, turns_of
from sync.identity import is_location
from sync.marks import unpack
from sync.protocol import STOCKED_MS
from sync.unit import NOT_TOLD, Status, UnitState, carried

DAY_MS: Final = 86_400_000
Row = tuple[Any, ...]
"""What the queries here read of a unit; its own name stands last."""


class UnitRows:
    """A part of the map (`SiteMap`), in the same database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def named(self, name: str) -> Row | None:
        """The row of a unit or container under its own name or a further identifier."""
        return self._own(name) or self.by_alias(name)

    def by_alias(self, name: str) -> Row | None:
        """The row of the unit that has this further identifier."""
        alias = self._database.row("SELECT unit, unit_checked FROM aliases WHERE hash=? AND checked=?", *hashed(name))
        row = self._row(alias[0]) if alias else None
        return row if row and hashed(row[-1]) == alias else None

    def state(self, row: Row) -> UnitState:
        """What a row says of the unit itself, whatever became of the container that it is in."""
        status, expected, place, announced_by, announced_in, lot, *moments, expiry, document, marks = row[:12]
        place_ms, status_ms, came_under = moments
        stocked, received, turns = row[12:15]
        belongs, is_back = self._name(expected), STATUSES[status] is Status.RETURNED
        return UnitState(
            status=STATUSES[status],
            status_ms=status_ms or 0,
            place_ms=place_ms or 0,
            expected=belongs,
            place=belongs if place is None else self._name(place),
            announced_by=None if is_back else self._name(announced_by),
            announced_in=self._name(announced_in),
            came_under=self._name(came_under),
            turns=turns_of(turns),
            lot=self._name(lot),
            expiry=date_of(expiry),
            document=self._name(announced_by if is_back else document),
            stocked_ms=(stocked or 0) * STOCKED_MS,
            sold_on=self._name(document) if is_back else None,
            received_ms=((stocked or 0) * STOCKED_MS // DAY_MS if received is None else received) * DAY_MS,
            **unpack(marks or 0),
        )

    def carrier(self, place: str | None, depth: int = NESTING_MAX) -> UnitState | None:
        """What is known of the container in which something is, itself carried by what it stands in."""
        row = self._own(place) if place is not None and not is_location(place) else None
        if row is None:
            return None
        state = self.state(row)
        return carried(state, self.carrier(state.place, depth - 1)) if depth else state

    def turns(self, place: str) -> str | None:
        """When a container parted from what was in it, as its row has it; None where never, and of a location."""
        row = None if is_location(place) else self._own(place)
        return row[14] if row else None

    def location_of(self, place: str | None) -> str | None:
        """The location where a container stands; a location itself; None where no one knows."""
        for _ in range(NESTING_MAX):
            if place is None or place == NOT_TOLD or is_location(place):
                return place
            row = self._own(place)
            place = self._name(row[2] if row[2] is not None else row[1]) if row else None
        return None

    def _own(self, name: str) -> Row | None:
        row = self._row(hashed(name)[0])
        return row if row and row[-1] == name else None

    def _row(self, key: int) -> Row | None:
        return self._database.row(
            "SELECT status, expected, place, announced_by, announced_in, lot, place_ms, status_ms, came_under, expiry,"
            " document, marks, stocked, received, turns, name || tail"
            " FROM units JOIN names ON no = family WHERE hash=? AND status<>?",
            key, COLLIDED,
        )  # fmt: skip

    def _name(self, no: int | None) -> str | None:
        if no is None:
            return None
        row = self._database.row("SELECT name FROM names WHERE no=?", no)
        return row[0] if row else None
