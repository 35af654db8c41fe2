"""How the offline map lies in SQLite: its tables, what stands in a unit's row, and the queries that read many rows."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import date
from hashlib import blake2b
from typing import Any, Final

from sync.identity import is_container
from sync.marks import GRADED
from sync.protocol import HELD, split_stock_entry
from sync.unit import IN_STOCK, Status

SCHEMA: Final = (
    """CREATE TABLE units (
        hash INTEGER PRIMARY KEY, generation INTEGER NOT NULL, status INTEGER NOT NULL, expected INTEGER, place INTEGER,
        announced_by INTEGER, announced_in INTEGER, lot INTEGER, stocked INTEGER, expiry INTEGER, document INTEGER,
        marks INTEGER, place_ms INTEGER, status_ms INTEGER, came_under INTEGER,
        received INTEGER, turns TEXT,
        container INTEGER NOT NULL, family INTEGER NOT NULL, tail TEXT NOT NULL)""",
    "CREATE INDEX containers ON units (coalesce(place, expected)) WHERE container",
    "CREATE INDEX taken ON units (document) WHERE document IS NOT NULL",
    """CREATE TABLE aliases (
        hash INTEGER PRIMARY KEY, checked INTEGER NOT NULL, generation INTEGER NOT NULL,
        unit INTEGER NOT NULL, unit_checked INTEGER NOT NULL)""",
    """CREATE TABLE pieces (
        subject INTEGER NOT NULL, place INTEGER NOT NULL, generation INTEGER NOT NULL, quantity INTEGER NOT NULL,
        since INTEGER, expiry INTEGER, last_ms INTEGER, announced INTEGER, announced_by INTEGER, unshelved INTEGER,
        announced_ms INTEGER, stayed INTEGER,
        PRIMARY KEY (place, subject)) WITHOUT ROWID""",
    "CREATE TABLE names (no INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE)",
    """CREATE TABLE entries (
        kind TEXT NOT NULL, key TEXT NOT NULL, generation INTEGER NOT NULL, row TEXT NOT NULL,
        PRIMARY KEY (kind, key)) WITHOUT ROWID""",
    "CREATE TABLE told_undos (name TEXT PRIMARY KEY) WITHOUT ROWID",
    """CREATE TABLE pull (
        one INTEGER PRIMARY KEY CHECK (one = 1), cursor TEXT, incarnation TEXT, generation INTEGER NOT NULL,
        filling INTEGER NOT NULL, boot TEXT, boot_ms INTEGER, server_ms INTEGER)""",
    "INSERT INTO pull VALUES (1, NULL, NULL, 0, 0, NULL, NULL, NULL)",
)

STATUSES: Final = tuple(Status)  # a unit's status is stored as its place in here; new ones are added at the end
COLLIDED: Final = -1
NESTING_MAX: Final = 8
"""Inner box, carton, layer, pallet, roll cage, and some to spare; a ring of cartons ends here too."""
INSIDE_MAX: Final = 5_000
"""Units that are named as belonging into one place; more than anyone scans there before it is looked at again."""
NOTICED: Final = frozenset({Status.SEEN, Status.ANNOUNCED, Status.RECEIVED})
"""Statuses in which a unit's notice and carton still say something; later it would only cost eight bytes a unit."""
UNIT_FIELDS: Final = 15
"""Of a pulled unit's row; what is absent at its end is left out."""
_EPOCH: Final = date(1970, 1, 1).toordinal()

NUMBER_OF: Final = "SELECT no FROM names WHERE name = ?"
PUT_UNIT: Final = f"""
    INSERT INTO units VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (hash) DO UPDATE SET
        status = CASE WHEN family = excluded.family AND tail = excluded.tail THEN excluded.status ELSE {COLLIDED} END,
        generation = excluded.generation, expected = excluded.expected, place = excluded.place,
        announced_by = excluded.announced_by, announced_in = excluded.announced_in, lot = excluded.lot,
        stocked = excluded.stocked, expiry = excluded.expiry, document = excluded.document, marks = excluded.marks,
        place_ms = excluded.place_ms, status_ms = excluded.status_ms, came_under = excluded.came_under,
        received = excluded.received, turns = excluded.turns"""  # noqa: S608 - ours

_TURN: Final = (
    "coalesce((SELECT value FROM json_each({}) WHERE abs(value) > coalesce(place_ms, 0) ORDER BY key LIMIT 1), 0)"
)
"""The first turn of a container after something was put into it (`sync.unit.UnitState.turn_after`); 0 for none."""
_WITHIN: Final = """
    WITH RECURSIVE inside (no, turns, depth) AS (
        SELECT no, ?2, 0 FROM names WHERE name = ?1
        UNION
        SELECT held.no, units.turns, depth + 1 FROM inside
            CROSS JOIN units ON container AND coalesce(place, expected) = inside.no AND status <> {collided}
                AND {stands}
            CROSS JOIN names AS family ON family.no = units.family
            CROSS JOIN names AS held ON held.name = family.name || tail
        WHERE depth < ?3)"""
_OF_CARTON: Final = _TURN.format("inside.turns")
_INSIDE: Final = _WITHIN.format(collided=COLLIDED, stands=f"{_OF_CARTON} <= 0")
"""`?1` a place, `?2` its turns, `?3` how deep to look: it, and what stands in it, or stayed here when it left empty."""
_STILL_INSIDE: Final = _WITHIN.format(collided=COLLIDED, stands=f"{_OF_CARTON} = 0")
"""The same without what stayed here."""
_PARTED: Final = _TURN.format("(SELECT turns FROM inside WHERE no = coalesce(place, expected))")
"""How what is in one of these parted from it: above nought it is elsewhere, below nought here and in it no more."""

PUT_PIECES: Final = "INSERT OR REPLACE INTO pieces VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
TAKE_PIECES: Final = f"DELETE FROM pieces WHERE place=({NUMBER_OF}) AND subject=({NUMBER_OF})"  # noqa: S608 - ours
PIECES_FIELDS: Final = 9
"""Of the pulled row of pieces; what is absent at its end is left out."""
_PIECES: Final = """
    SELECT subject.name, place.name, quantity, since, expiry, last_ms, announced, notice.name, unshelved, announced_ms,
            stayed
        FROM pieces
        JOIN names AS subject ON subject.no = pieces.subject
        JOIN names AS place ON place.no = pieces.place
        LEFT JOIN names AS notice ON notice.no = announced_by"""
PIECES_IN: Final = f"""{_INSIDE}
    {_PIECES} WHERE pieces.place IN (SELECT no FROM inside) ORDER BY 1, 2 LIMIT ?4"""  # noqa: S608 - ours
PIECES_OF: Final = f"""
    {_PIECES} WHERE pieces.subject IN (
        SELECT no FROM names WHERE name = ?1 OR name > ?1 || '/10/' AND name < ?1 || '/100') LIMIT ?2"""  # noqa: S608 - ours

EXPECTED_IN: Final = f"""{_INSIDE}
    SELECT name || tail, status FROM units JOIN names ON no = family
        WHERE NOT container
            AND (expected IN (SELECT no FROM inside)
                AND status IN ({", ".join(str(STATUSES.index(status)) for status in sorted(IN_STOCK))})
            OR coalesce(place, expected) IN (SELECT no FROM inside) AND status = {STATUSES.index(Status.ANNOUNCED)})
            AND {_PARTED} <= 0
        ORDER BY 1 LIMIT ?4"""  # noqa: S608 - ours

CONTENTS: Final = """
    SELECT names.name || tail, status FROM units JOIN names ON no = family
        WHERE announced_in = (SELECT no FROM names WHERE name = ?) AND NOT container
        ORDER BY 1 LIMIT ?"""

ANNOUNCED_IN: Final = """
    SELECT names.name || tail FROM units JOIN names ON no = family
        WHERE announced_in = (SELECT no FROM names WHERE name = ?) AND status = ? AND NOT container
        ORDER BY 1 LIMIT ?"""


PACKED_IN: Final = f"""{_STILL_INSIDE}
    SELECT name || tail FROM units JOIN names ON no = family
        WHERE coalesce(place, expected) IN (SELECT no FROM inside) AND status <> {COLLIDED} AND {_PARTED} = 0
        ORDER BY 1 LIMIT ?4"""  # noqa: S608 - ours

HELD_IN: Final = f"""
    SELECT names.name, count(*) FROM units JOIN names ON no = coalesce(place, expected)
        WHERE status IN ({", ".join(str(STATUSES.index(status)) for status in sorted(IN_STOCK))}) GROUP BY 1"""  # noqa: S608 - ours
SERIALS: Final = f"SELECT tail FROM units WHERE family = ? AND status <> {COLLIDED} LIMIT ?"  # noqa: S608 - ours
STORED: Final = f"""
    SELECT family.name || tail, place.name, lot.name, expiry, stocked FROM units
        JOIN names AS family ON family.no = units.family
        JOIN names AS place ON place.no = coalesce(place, expected)
        LEFT JOIN names AS lot ON lot.no = units.lot
        WHERE units.family = ? AND status = ? AND NOT coalesce(marks, 0) & {HELD | GRADED} AND NOT container
        ORDER BY expiry IS NULL, expiry, stocked, 1 LIMIT ?"""  # noqa: S608 - ours


def days_of(day: str | None) -> int | None:
    """An ISO 8601 date as days since 1970: two bytes instead of ten."""
    return None if day is None else date.fromisoformat(day).toordinal() - _EPOCH


def date_of(days: int | None) -> str | None:
    """The date behind `days_of`."""
    return None if days is None else date.fromordinal(days + _EPOCH).isoformat()


def turns_of(written: str | None) -> tuple[int, ...]:
    """A container's turns, as its row has them."""
    return tuple(json.loads(written)) if written else ()


def split(key: str) -> tuple[str, str]:
    """What recurs of a name, up to its last "/", and what tells it apart."""
    family, slash, tail = key.rpartition("/")
    return family + slash, tail


def hashed(key: str) -> tuple[int, int]:
    """A row's key (64 bits) and a further check (32 bits) of a name, signed as SQLite's integers are."""
    found = blake2b(key.encode(), digest_size=12).digest()
    return int.from_bytes(found[:8], signed=True), int.from_bytes(found[8:], signed=True)


def _check_numbers(*found: object) -> None:
    """SQLite would take anything, and whoever reads it fail."""
    for value in found:
        if value is not None and type(value) is not int:
            raise TypeError(f"{value!r:.100} is no whole number.")


def pieces_values(
    key: str, row: Sequence[Any], generation: int, number: Callable[[str], int]
) -> tuple[int | None, ...]:
    """A row of pieces, as pulled, with numbers for names; see `unit_values`."""
    subject, place = split_stock_entry(key)
    values = [*row, *[None] * PIECES_FIELDS][:PIECES_FIELDS]
    quantity, since, expiry, last_ms, announced, notice, unshelved, announced_ms, stayed = values
    announced_by = None if notice is None else number(notice)
    _check_numbers(quantity, since, last_ms, announced, unshelved, announced_ms, stayed)
    return (
        number(subject), number(place), generation, quantity, since, days_of(expiry), last_ms, announced, announced_by,
        unshelved, announced_ms, stayed,
    )  # fmt: skip


def unit_values(key: str, row: Sequence[Any], generation: int, number: Callable[[str], int]) -> tuple[Any, ...]:
    """A unit's row: names as numbers, a place that is no other than the expected one left out.

    Args:
        key: the unit's name.
        row: as pulled, what is absent at its end left out (`server/pulled_rows.py`).
        generation: of the incarnation that it comes from.
        number: gives a name's number.
    """

    def number_of(name: str | None) -> int | None:
        return None if name is None else number(name)

    values = [*row, *[None] * UNIT_FIELDS][:UNIT_FIELDS]
    status, expected, place, *notice, lot, place_ms, status_ms, came_under, stocked, expiry, document = values[:-3]
    marks, received, turns = values[-3:]
    _check_numbers(place_ms, status_ms, stocked, marks, received, *(turns or ()))
    if Status(status) not in NOTICED:
        notice = [notice[0] if status == Status.RETURNED else None, None]  # of a return, the document it came with
    places = (expected, None if place == expected else place, *notice, lot)
    family, tail = split(key)
    return (
        hashed(key)[0], generation, STATUSES.index(Status(status)), *map(number_of, places),
        stocked, days_of(expiry), number_of(document), marks, place_ms, status_ms, number_of(came_under),
        received, json.dumps(turns) if turns else None, int(is_container(key)), number(family), tail,
    )  # fmt: skip
