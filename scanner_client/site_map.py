"""The offline map: what this handheld knows of the site's units, so that it can judge a scan with no network.

A unit's row is found by 64 bits of the hash of its name, and holds the name itself, so that a bin can say what is
missing from it: what stands before the last "/" (a product, say) recurs and is a number, the rest is text. Two units
whose 64 bits agree (10^12 / 2^65, 3 in 10^8, for a million) are noticed when the second one is written, and the row
then answers for neither. So a collision ends as "cannot tell here", not as a wrong verdict. A further identifier is
kept as 96 bits of its hash alone: among a million, a name that is not in the map passes for one that is with a
probability of 10^6 / 2^96, about 10^-23.

What belongs into a bin is found by reading every row, once for each bin that is opened: 0.1 s for a million on a
server's two shared cores. An index would make it 1 ms, and every unit 18 bytes larger.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from scanner_client.clock import Clock
from scanner_client.database import Database, Remembered
from scanner_client.map_changes import Change, MapChanges
from scanner_client.map_rows import (
    ANNOUNCED_IN,
    COLLIDED,
    CONTENTS,
    EXPECTED_IN,
    HELD_IN,
    INSIDE_MAX,
    NESTING_MAX,
    NUMBER_OF,
    PACKED_IN,
    SERIALS,
    STATUSES,
    STORED,
    date_of,
)
from scanner_client.pieces_map import PiecesMap
from scanner_client.unit_rows import DAY_MS, UnitRows
from scanner_client.unread_rows import TOLD, UnreadRows
from sync.order import Available, Order
from sync.protocol import STOCKED_MS
from sync.recall import Recall
from sync.stolen import Theft, Thefts, thefts_in
from sync.unit import IN_STOCK, Status, UnitState, carried, is_emptied, is_inferred
from sync.verdict import Known
from sync.zones import is_quarantine

RECALLS_MAX: Final = 10_000
THEFTS_MAX: Final = 50_000
ORDERS_MAX: Final = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What the map holds of one unit or container."""

    key: str
    """The unit's own name, also where it was found by a further identifier."""
    known: Known
    lot: str | None
    place: str | None
    """Where the last evidence puts it: a location, or the container that it is in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cursor:
    """How far the reference data of this handheld go."""

    cursor: str | None
    incarnation: str | None


class SiteMap:
    """The reference data in the handheld's database."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._recalls = Remembered(self._read_recalls)
        self._orders = Remembered(self._read_orders)
        self._apart = Remembered(self._read_quarantine_bins)
        self._thefts = Remembered(self._read_thefts)
        self._units = UnitRows(database)
        self.pieces = PiecesMap(database, self._units.carrier)
        """What has no units."""
        self.unread = UnreadRows(database)
        """What could not be taken over."""
        self._changes = MapChanges(database, self.pieces, self.unread)
        self.version = 0
        """Counts up whenever something was taken over."""

    def cursor(self) -> Cursor:
        """Where the next pull goes on."""
        row = self._pull()
        return Cursor(cursor=row[0], incarnation=row[1])

    def apply(
        self,
        changes: Sequence[Change],
        now: Cursor,
        *,
        more: bool,
        clock: Clock,
        asked_ms: int | None = None,
        server_ms: int | None = None,
    ) -> None:
        """Take over changes and the cursor behind them, in one transaction.

        Args:
            changes: a page of them.
            now: the cursor behind it.
            more: whether another page follows.
            clock: this handheld's.
            asked_ms: when the server was asked for it, by the boot clock; now where that is not known.
            server_ms: the server's clock.

        Another incarnation begins from nothing: until its last change has come, what the one before had said still
        answers; then it is deleted. A recall is kept until it is released by name, and a theft until it was found.
        A row that cannot be taken over is set aside alone (`unread`).
        """
        with self._database.transaction():
            _, incarnation, generation, filling, boot, boot_ms, told_ms = self._pull()
            if now.incarnation != incarnation:
                generation, filling = 1 - generation, 1
            self._changes.write(changes, generation)
            if not more:
                if filling:
                    self._sweep(generation)
                boot_ms = clock.boot_ms() if asked_ms is None else asked_ms
                filling, boot, told_ms = 0, clock.boot, server_ms
            self._database.run(
                "UPDATE pull SET cursor=?, incarnation=?, generation=?, filling=?, boot=?, boot_ms=?, server_ms=?",
                now.cursor, now.incarnation, generation, filling, boot, boot_ms, told_ms,
            )  # fmt: skip
        for remembered in (self._recalls, self._orders, self._thefts, self._apart):
            remembered.forget()
        self.version += 1

    def age_ms(self, clock: Clock) -> int | None:
        """How long ago the server was asked for these data; None (stale) before, and after a restart of the machine."""
        boot, boot_ms, _ = self._pull()[4:]
        return max(0, clock.boot_ms() - boot_ms) if boot == clock.boot else None

    def heard_ms(self) -> int | None:
        """The server's clock when it told the last of these data; None where it never told all."""
        heard: int | None = self._pull()[6]
        return heard

    def find(self, key: str) -> Found | None:
        """What the map holds under a unit's, a container's or a further identifier's name."""
        row = self._units.named(key)
        if row is None:
            return None
        own = self._units.state(row)
        now = carried(own, self._units.carrier(own.place))
        known = Known(
            status=now.status,
            expected=now.expected,
            expected_location=self._units.location_of(now.expected),
            place=now.place,
            announced_by=now.announced_by,
            announced_in=now.announced_in,
            inferred=is_inferred(own, now),
            document=now.document,
            lot=now.lot,
            expiry=now.expiry,
            held=now.held is not None,
            condition=now.condition,
            doubted=bool(now.doubts),
            closed=now.closed,
            emptied=is_emptied(now),
            notice=now.came_under or now.announced_by,
            received=_all_day(now.received_ms) or _until(now.stocked_ms),
        )
        return Found(key=row[-1], known=known, lot=now.lot, place=now.place)

    def state(self, key: str) -> tuple[str, UnitState] | None:
        """What is known of a unit, under its own name, as its container has it; None where the map does not hold it."""
        row = self._units.named(key)
        if row is None:
            return None
        own = self._units.state(row)
        return row[-1], carried(own, self._units.carrier(own.place))

    def location_of(self, place: str | None) -> str | None:
        """The location where a container stands; a location itself; None where no one knows."""
        return self._units.location_of(place)

    def taken_for(self, number: str) -> list[str]:
        """Units that were picked, packed or shipped for this order, by name; at most `INSIDE_MAX`."""
        rows = self._database.rows(
            "SELECT name || tail FROM units JOIN names ON no = family"
            " WHERE document = (SELECT no FROM names WHERE name = ?) AND NOT container AND status <> ?"
            " ORDER BY 1 LIMIT ?",
            number, COLLIDED, INSIDE_MAX,
        )  # fmt: skip
        return [row[0] for row in rows]

    def packed_in(self, container: str) -> list[str]:
        """Units and cartons that stand in this container, by name, nested ones too; at most `INSIDE_MAX`."""
        rows = self._database.rows(PACKED_IN, container, self._units.turns(container), NESTING_MAX, INSIDE_MAX)
        return [row[0] for row in rows]

    def stored(self, items: Iterable[str]) -> list[Available]:
        """The units of these products that stand in a bin and may be picked, quarantined and damaged ones left out.

        Read from every row, 0.1 s for a million: once for each pick list. At most `INSIDE_MAX` of each product.
        """
        numbers = [row for item in items if (row := self._database.row(NUMBER_OF, f"{item}/21/"))]
        found = []
        for (family,) in numbers:
            rows = self._database.rows(STORED, family, STATUSES.index(Status.STORED), INSIDE_MAX)
            found += [
                Available(unit=unit, place=place, lot=lot, expiry=date_of(expiry), stocked_minute=stocked or 0)
                for unit, place, lot, expiry, stocked in rows
            ]
        return found

    def serials(self, item: str, most: int) -> list[str]:
        """Some of the serial numbers that this product's units have, as they stand in their names; at most `most`."""
        row = self._database.row(NUMBER_OF, f"{item}/21/")
        return [tail for (tail,) in self._database.rows(SERIALS, row[0], most)] if row else []

    def held(self) -> dict[str, int]:
        """How many units and containers are in each bin or container, by its name; read from every row."""
        return dict(self._database.rows(HELD_IN))

    def zones(self) -> dict[str, str | None]:
        """Every location with its zone."""
        return dict(self._database.rows("SELECT key, json_extract(row, '$.zone') FROM entries WHERE kind='location'"))

    def quarantine_bins(self) -> frozenset[str]:
        """The locations where things are set apart."""
        return self._apart.get()

    def _read_quarantine_bins(self) -> frozenset[str]:
        return frozenset(place for place, zone in self.zones().items() if is_quarantine(zone))

    def orders(self) -> dict[str, Order]:
        """Every order that this handheld knows, by number."""
        return self._orders.get()

    def _read_orders(self) -> dict[str, Order]:
        rows = self._database.rows(
            "SELECT key, row FROM entries WHERE kind='document' AND json_extract(row, '$.kind')='order' LIMIT ?",
            ORDERS_MAX,
        )
        return {number: Order.from_row(number, json.loads(row)) for number, row in rows}

    def now_ms(self, clock: Clock) -> int:
        """The moment by the best clock at hand: the server's, carried on by the boot clock; else the wall clock.

        Never earlier than the server's last word: a battery that was out sets a clock back by years.
        """
        boot, boot_ms, server_ms = self._pull()[4:]
        if server_ms is not None and boot == clock.boot:
            return int(server_ms + max(0, clock.boot_ms() - boot_ms))
        return max(clock.wall_ms(), int(server_ms or 0))

    def expected_in(self, place: str) -> list[str]:
        """The units in stock that belong into this bin or container, or into a container that stands in it, by name.

        Where a container stands is what `Known.expected_location` goes by: where it was last seen. Of what was only
        announced in a container, that is named which came in with it. Containers themselves are not named. At most
        `INSIDE_MAX`, the first by name.
        """
        rows = self._database.rows(EXPECTED_IN, place, self._units.turns(place), NESTING_MAX, INSIDE_MAX)
        return [name for name, own in rows if STATUSES[own] is not Status.ANNOUNCED or self._is_here(name)]

    def announced_in(self, container: str) -> list[str]:
        """The units that a supplier says are in this carton and that have not come in yet, by name.

        At most `INSIDE_MAX`, the first by name.
        """
        rows = self._database.rows(ANNOUNCED_IN, container, STATUSES.index(Status.ANNOUNCED), INSIDE_MAX)
        return [row[0] for row in rows]

    def contents(self, container: str) -> dict[str, bool]:
        """The units that a supplier says are in this carton, and whether each was scanned itself by what is known."""
        rows = self._database.rows(CONTENTS, container, INSIDE_MAX)
        return {name: STATUSES[status] is not Status.ANNOUNCED for name, status in rows}

    def _is_here(self, unit: str) -> bool:
        found = self.find(unit)
        return found is not None and found.known.status in IN_STOCK

    def entry(self, kind: str, key: str) -> dict[str, Any] | None:
        """A location, item, document or another small entry by its name."""
        row = self._database.row("SELECT row FROM entries WHERE kind=? AND key=?", kind, key)
        value = json.loads(row[0]) if row else None
        return value if isinstance(value, dict) else None

    def items(self, modes: Iterable[str], most: int) -> list[str]:
        """The products that are tracked in one of these ways, by name; at most `most`."""
        rows = self._database.rows(
            "SELECT key FROM entries WHERE kind='item'"
            " AND json_extract(row, '$.mode') IN (SELECT value FROM json_each(?)) ORDER BY key LIMIT ?",
            json.dumps(sorted(modes)), most,
        )  # fmt: skip
        return [key for (key,) in rows]

    def undone(self) -> list[tuple[str, dict[str, Any]]]:
        """This handheld's scans that the office took back: the name of each, and what was said."""
        rows = self._database.rows("SELECT key, row FROM entries WHERE kind='undone' ORDER BY key")
        return [(key, json.loads(row)) for key, row in rows]

    def holds(self, kind: str) -> bool:
        """Whether there is any small entry of this kind."""
        return self._database.row("SELECT 1 FROM entries WHERE kind=? LIMIT 1", kind) is not None

    def location(self, code: str) -> str | None:
        """The name of the location that people call by this code."""
        row = self._database.row(
            "SELECT key FROM entries WHERE kind='location' AND json_extract(row, '$.code')=? LIMIT 1", code
        )
        return row[0] if row else None

    def recalls(self) -> tuple[Recall, ...]:
        """Every recall in force."""
        return self._recalls.get()

    def _read_recalls(self) -> tuple[Recall, ...]:
        rows = self._database.rows("SELECT row FROM entries WHERE kind='recall' LIMIT ?", RECALLS_MAX)
        return tuple(Recall.from_row(json.loads(row[0])) for row in rows)

    def thefts(self) -> Thefts:
        """What is reported stolen, by the name that was reported, and by the unit's own where that is another."""
        return self._thefts.get()

    def _read_thefts(self) -> dict[str, tuple[Theft, ...]]:
        rows = self._database.rows("SELECT key, row FROM entries WHERE kind='stolen' LIMIT ?", THEFTS_MAX)
        told = {key: thefts_in(json.loads(row)) for key, row in rows}
        own = {row[-1]: theft for key, theft in told.items() if (row := self._units.by_alias(key))}
        return own | told

    def size(self) -> int:
        """How many units and containers the map holds."""
        row = self._database.row("SELECT count(*) FROM units")
        return int(row[0]) if row else 0

    def _pull(self) -> tuple[Any, ...]:
        row = self._database.row("SELECT cursor, incarnation, generation, filling, boot, boot_ms, server_ms FROM pull")
        return row or (None, None, 0, 0, None, None, None)

    def _sweep(self, generation: int) -> None:
        self._database.run("DELETE FROM units WHERE generation<>?", generation)
        self._database.run("DELETE FROM aliases WHERE generation<>?", generation)
        self.pieces.sweep(generation)
        self._database.run(
            "DELETE FROM entries WHERE generation<>? AND kind NOT IN ('recall', 'stolen', ?)", generation, TOLD
        )


def _all_day(ms: int) -> tuple[int, int] | None:
    """The day that begins at a moment; None where that is not known."""
    return (ms, ms + DAY_MS - 1) if ms else None


def _until(stocked_ms: int) -> tuple[int, int] | None:
    """Any time up to the end of the minute since which it has been in stock; None where that is not known."""
    return (0, stocked_ms + STOCKED_MS - 1) if stocked_ms else None
