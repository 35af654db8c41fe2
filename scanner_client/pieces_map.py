"""What the offline map holds of stock without units: how many pieces of a product or lot lie in which place."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any, Final

from scanner_client.database import Database
from scanner_client.map_rows import (
    INSIDE_MAX,
    NESTING_MAX,
    PIECES_IN,
    PIECES_OF,
    PUT_PIECES,
    TAKE_PIECES,
    date_of,
    pieces_values,
)
from sync.identity import is_container, is_location
from sync.protocol import FORGET, split_stock_entry
from sync.stock import Balance, here
from sync.unit import Status, UnitState

HIDDEN: Final = "hidden"
"""Kind of the small entry that stands for a bin of which nothing is told: it is counted blind."""
Carrier = Callable[[str], UnitState | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Lying:
    """So many pieces of one product or lot in one place."""

    subject: str
    place: str
    """A bin, or a container."""
    quantity: int
    expiry: str | None = None
    stocked_minute: int = 0
    """Since when there are some, minutes since 1970."""
    shelved: bool = True
    """Whether they may be picked: they were put away here, or their container was."""
    apart: int = 0
    """Of these, in the container no more: it left without them."""


class PiecesMap:
    """A part of the map (`SiteMap`), in the same database and the same transactions."""

    def __init__(self, database: Database, carrier: Carrier) -> None:
        self._database = database
        self._carrier = carrier

    def of(self, item: str) -> list[Lying]:
        """Where a product and its lots lie; at most `INSIDE_MAX` places."""
        return self._lying(self._database.rows(PIECES_OF, item, INSIDE_MAX))

    def inside(self, place: str) -> list[Lying]:
        """What lies in a bin or container, and in the containers that stand in it; at most `INSIDE_MAX`."""
        return self._lying(self._database.rows(PIECES_IN, place, None, NESTING_MAX, INSIDE_MAX))

    def announced_in(self, container: str) -> dict[str, int]:
        """How many of each a supplier says are in this carton, as long as none was read in it one by one."""
        rows = self._database.rows(PIECES_IN, container, None, 0, INSIDE_MAX)
        return {subject: announced for subject, _, _, _, _, _, announced, *_ in rows if announced}

    def is_hidden(self, place: str) -> bool:
        """Whether nothing is told of this bin, because it is counted blind: then no row means nothing."""
        return self._database.row("SELECT 1 FROM entries WHERE kind=? AND key=?", HIDDEN, place) is not None

    def size(self) -> int:
        """How many rows there are."""
        row = self._database.row("SELECT count(*) FROM pieces")
        return int(row[0]) if row else 0

    def write(self, key: str, row: list[Any] | None, generation: int, number: Callable[[str], int]) -> None:
        """Take over one change; `row` is None where there are none any more."""
        subject, place = split_stock_entry(key)
        if subject == FORGET:
            self._database.run("DELETE FROM pieces WHERE place=(SELECT no FROM names WHERE name=?)", place)
            self._database.run(
                "INSERT OR REPLACE INTO entries VALUES (?, ?, ?, ?)", HIDDEN, place, generation, json.dumps({})
            )
            return
        if row is None:
            self._database.run(TAKE_PIECES, place, subject)
        else:
            self._database.run(PUT_PIECES, *pieces_values(key, row, generation, number))
        # Last: behind a row that cannot be taken over, what lies there is as unknown as it was.
        self._database.run("DELETE FROM entries WHERE kind=? AND key=?", HIDDEN, place)

    def sweep(self, generation: int) -> None:
        """Forget what an earlier incarnation of the server said."""
        self._database.run("DELETE FROM pieces WHERE generation<>?", generation)

    def _lying(self, rows: Iterable[tuple[Any, ...]]) -> list[Lying]:
        found = []
        for subject, place, quantity, since, expiry, last_ms, announced, notice, unshelved, *word in rows:
            announced_ms, stayed = word
            balance = Balance(
                quantity=quantity,
                announced=announced or 0,
                announced_by=notice,
                announced_ms=announced_ms or 0,
                stayed=stayed or 0,
                last_ms=last_ms or 0,
            )
            carrier = self._carrier(place) if is_container(place) else None
            now = here(balance, place, carrier)
            if now.pieces:
                lying = Lying(
                    subject=subject,
                    place=place,
                    quantity=now.pieces,
                    apart=now.apart,
                    expiry=date_of(expiry),
                    stocked_minute=since or 0,
                    shelved=not unshelved
                    if is_location(place)
                    else carrier is not None and carrier.status is Status.STORED,
                )
                found.append(lying)
        return found


@dataclass(frozen=True, slots=True)
class Move:
    """So many more pieces (or less) of a product or lot in a place."""

    subject: str
    place: str
    pieces: int
    shelved: bool
    """Whether they were put away there."""


def moved(lying: Iterable[Lying], moves: Iterable[Move]) -> list[Lying]:
    """What lies where after these moves."""
    found = {(one.subject, one.place): one for one in lying}
    for move in moves:
        key = (move.subject, move.place)
        old = found.get(key, Lying(subject=move.subject, place=move.place, quantity=0, shelved=False))
        quantity = old.quantity + move.pieces
        apart = min(old.apart, max(0, quantity)) if move.pieces < 0 else old.apart
        found[key] = replace(old, quantity=quantity, apart=apart, shelved=old.shelved or move.shelved)
    return [one for one in found.values() if one.quantity]
