"""What a page of changes does to the rows of the offline map."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any

from scanner_client.database import Database
from scanner_client.map_rows import PUT_UNIT, hashed, split, unit_values
from scanner_client.pieces_map import PiecesMap

Change = Sequence[Any]
"""``[kind, key, row]``, `row` None where the entry has gone."""


class MapChanges:
    """A part of the map (`SiteMap`), in the same database and the same transactions."""

    def __init__(self, database: Database, pieces: PiecesMap) -> None:
        self._database = database
        self._pieces = pieces

    def write(self, changes: Iterable[Change], generation: int) -> None:
        """Take over changes, each row of this generation."""
        number = lru_cache(maxsize=4_096)(self._number)
        units, entries = [], []
        for kind, key, row in changes:
            if kind == "stock":
                self._pieces.write(key, row, generation, number)
            elif row is None:
                self._delete(kind, key)
            elif kind == "unit":
                units.append(unit_values(key, row, generation, number))
            elif kind == "alias":
                self._write_alias(key, row, generation)
            else:
                entries.append((kind, key, generation, json.dumps(row, separators=(",", ":"))))
        self._database.run_many(PUT_UNIT, units)
        self._database.run_many("INSERT OR REPLACE INTO entries VALUES (?, ?, ?, ?)", entries)

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
