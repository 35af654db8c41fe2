"""What handhelds get of a unit, and of pieces: one row each, a list without names, as short as its meaning allows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from sync.identity import is_container
from sync.marks import pack
from sync.protocol import STOCKED_MS
from sync.unit import NOT_TOLD, Status, UnitState, last_of_each_run
from sync.verdict import COMMITTED

_UNIT_COLUMNS: Final = ("status", "expected", "place", "announced_by", "announced_in", "lot")
_DAY_MS: Final = 86_400_000
_PICKING_COLUMNS: Final = ("stocked_ms", "expiry", "document", "received_ms")
_MARK_COLUMNS: Final = (
    "held", "closed", "identifiers", "sold_on", "returns", "returned_for", "matched", "seal", "condition", "pictured",
    "doubts", "serviced", "from_loan",
)  # fmt: skip
_MOMENT_COLUMNS: Final = ("place_ms", "status_ms", "came_under", "turns")
"""What tells how a container takes along what is in it; sent of containers, and `place_ms` of what stands in one.
Of what was sold `status_ms` says when: its warranty runs from there.
What a unit came under is sent of each: a recall of a delivery asks for it. When it parted from what was in it, last of
all: few containers did."""
COLUMNS_OF_UNITS: Final = _UNIT_COLUMNS + _MOMENT_COLUMNS + _PICKING_COLUMNS + _MARK_COLUMNS
"""What is read of a unit for its row, in this order."""
_MOMENTS_AT: Final = len(_UNIT_COLUMNS)
_PICKING_AT: Final = _MOMENTS_AT + len(_MOMENT_COLUMNS)
_MARKS_AT: Final = _PICKING_AT + len(_PICKING_COLUMNS)
COLUMNS_OF_PIECES: Final = (
    "quantity", "announced", "announced_by", "announced_ms", "stayed", "read", "shelved", "expiry", "since_ms",
    "last_ms",
)  # fmt: skip
"""What is read of pieces for theirs."""


def unit_row(unit: str, values: Sequence[Any]) -> list[Any]:
    """What handhelds get of a unit, what is absent at its end left out.

    `_UNIT_COLUMNS`; of `_MOMENT_COLUMNS` what means anything; since when it is in stock (minutes since 1970), its
    expiry, the order that has it, marks (`sync/marks.py`), the day on which it came in (days since 1970), where that is
    another: 0 where nobody knows; and of a container its turns (`last_of_each_run`).
    Of what a customer sent back the order is the one that it was sold on, and the document that it came with stands
    where else its notice does.
    """
    known, (*moments, turns) = list(values[:_MOMENTS_AT]), values[_MOMENTS_AT:_PICKING_AT]
    stocked_ms, expiry, document, received_ms = values[_PICKING_AT:_MARKS_AT]
    marked = dict(zip(_MARK_COLUMNS, values[_MARKS_AT:], strict=True))
    is_back = known[0] == Status.RETURNED
    if is_back:
        known[3:5] = [document, None]
    if not is_container(unit):
        in_carton, sold = known[2] is not None and is_container(known[2]), known[0] == Status.SHIPPED
        moments = [moments[0] if in_carton else None, moments[1] if sold else None, moments[2]]
    stocked, stocked_day, received = stocked_ms // STOCKED_MS, stocked_ms // _DAY_MS, received_ms // _DAY_MS
    order = document if known[0] in COMMITTED else marked["sold_on"] if is_back else None
    marks = pack(UnitState(status=Status(known[0]), **marked))
    came_in = None if received == stocked_day else received
    row = [*known, *moments, stocked or None, expiry, order, marks, came_in, last_of_each_run(turns) or None]
    while len(row) > len(known) and row[-1] is None:
        row.pop()
    return row


def pieces_row(place: str, values: Sequence[Any]) -> list[Any] | None:
    """What handhelds get of pieces, what is absent at its end left out; None where there are none.

    How many; since when (minutes since 1970) and the expiry; of those in a container when they last moved, how many
    its supplier says are in it, and the notice that says so; 1 where they lie in no place to pick from; of a container
    when its notice said so, and how many stayed here when it left.
    """
    quantity, announced, announced_by, announced_ms, stayed, read, shelved, expiry, since_ms, last_ms = values
    word = [announced, announced_by, announced_ms] if announced and not read and is_container(place) else [None] * 3
    moved_ms = last_ms if is_container(place) else None
    unshelved = None if shelved or is_container(place) else 1
    row = [quantity, since_ms // STOCKED_MS or None, expiry, moved_ms, *word[:2], unshelved, word[2], stayed or None]
    if not quantity and not word[0] and not stayed:
        return None
    while row[-1] is None:
        row.pop()
    return row


def without_blind_places(row: list[Any], hidden: frozenset[str]) -> list[Any]:
    """A unit's row without its places, where one of them is a bin that is counted blind."""
    if not hidden.isdisjoint(row[1:3]):
        row[1] = row[2] = NOT_TOLD
    return row
