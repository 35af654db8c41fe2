"""What a page of changes does to the rows of the offline map."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from scanner_client.database import Database
from scanner_client.map_rows import PUT_UNIT, hashed, split, unit_values
from scanner_client.pieces_map import PiecesMap
from scanner_client.unread_rows import UnreadRows, passes
from sync.order import Order
from sync.recall import Recall
from sync.stolen import thefts_in

Change = Sequence[Any]
"""``[kind, key, row]``, `row` None where the entry has gone."""
_Named = tuple[str, str, Sequence[Any]]
"""Kind and key of a row, and what stands in the map for it."""


class MapChanges:
    """A part of the map (`SiteMap`), in the same database and the same transactions."""

    def __init__(self, database: Database, pieces: PiecesMap, unread: UnreadRows) -> None:
        self._database = database
        self._pieces = pieces
        self._unread = unread

    def write(self, changes: Sequence[Change], generation: int) -> None:
        """Take over changes, each row of this generation; one that cannot be is set aside, and the others are."""
        number = lru_cache(maxsize=4_096)(self._number)
        units, entries, failed = dict[str, _Named](), dict[str, _Named](), dict[str, Exception]()
        for change in changes:
            name = _name(change[:2])
            failed.pop(name, None)  # the last row of a name says what is known
            try:
                kind, key, row = change
                if kind == "stock":
                    self._pieces.write(key, row, generation, number)
                elif row is None:
                    units.pop(name, None)
                    entries.pop(name, None)
                    self._delete(kind, key)
                elif kind == "unit":
                    units[name] = (kind, key, unit_values(key, row, generation, number))
                elif kind == "alias":
                    self._write_alias(key, row, generation)
                else:
                    _read(kind, key, row)
                    entries[name] = (kind, key, (kind, key, generation, json.dumps(row, separators=(",", ":"))))
            except Exception as error:  # noqa: BLE001 - whatever is wrong with it: what stands behind it must arrive
                units.pop(name, None)
                self._fails(change[:2], error, failed)
        self._put(PUT_UNIT, units.values(), failed)
        self._put("INSERT OR REPLACE INTO entries VALUES (?, ?, ?, ?)", entries.values(), failed)
        self._tell(changes, failed, generation)

    def _put(self, sql: str, rows: Collection[_Named], failed: dict[str, Exception]) -> None:
        """All at once; one by one where the database does not take one of them."""
        try:
            self._database.run_many(sql, [values for *_, values in rows])
        except Exception as fault:
            if passes(fault):
                raise
            for kind, key, values in rows:
                try:
                    self._database.run(sql, *values)
                except Exception as error:  # noqa: BLE001 - likewise
                    self._fails((kind, key), error, failed)

    def _fails(self, named: Sequence[Any], error: Exception, failed: dict[str, Exception]) -> None:
        """This row cannot be taken over: of a unit nothing is known then, of all else what was known before."""
        if passes(error):
            raise error
        failed[_name(named)] = error
        if named[:1] == ["unit"] and isinstance(named[-1], str):
            self._delete("unit", named[-1])

    def _tell(self, changes: Iterable[Change], failed: Mapping[str, Exception], generation: int) -> None:
        known = {one.name for one in self._unread.listed()}
        for name in known.intersection(_name(change[:2]) for change in changes) if known else ():
            self._unread.forget(name)
        for name, error in failed.items():
            self._unread.note(name, error, generation)

    def _write_alias(self, name: str, unit: str, generation: int) -> None:
        self._database.run(
            "INSERT OR REPLACE INTO aliases VALUES (?, ?, ?, ?, ?)", *hashed(name), generation, *hashed(unit)
        )

    def _delete(self, kind: str, key: str) -> None:
        if kind == "unit":
            family, tail = split(key)
            self._database.run(
                "DELETE FROM units WHERE hash=? AND tail=? AND family=(SELECT no FROM names WHERE name=?)",
                hashed(key)[0], tail, family,
            )  # fmt: skip
        elif kind == "alias":
            self._database.run("DELETE FROM aliases WHERE hash=? AND checked=?", *hashed(key))
        else:
            self._database.run("DELETE FROM entries WHERE kind=? AND key=?", kind, key)

    def _number(self, name: str) -> int:
        """Places, documents and lots recur thousands of times, so that a unit's row holds their numbers."""
        row = self._database.row("SELECT no FROM names WHERE name=?", name)
        if row is None:
            row = self._database.row("INSERT INTO names (name) VALUES (?) RETURNING no", name)
        return int(row[0]) if row else 0


def _read(kind: str, key: str, row: Any) -> None:
    """Look whether a row of those that are read all together can be: else one would be in the way of all."""
    if kind == "recall":
        Recall.from_row(row)
    elif kind == "stolen":
        thefts_in(row)
    elif kind == "document" and row.get("kind") == "order":
        Order.from_row(key, row)


def _name(named: Sequence[Any]) -> str:
    return " ".join(map(str, named))
