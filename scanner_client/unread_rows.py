"""Rows of reference data that this handheld could not take over: each is set aside and told, and delays no other.

A server of a newer release may say what this one does not understand, or its row be damaged. Were the whole page
refused for it, the same page would come for ever, and a recall behind it never. Of a unit in such a row nothing is
known any more ("cannot tell here"); of all else what was known before still holds.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Final

from scanner_client.database import Database, DatabaseError, UnfitError

KIND: Final = "unread"
"""Kind of the small entry that stands for such a row."""
TOLD: Final = "unread told"
"""Kind of the one small entry, of no generation, that stands as long as the server may have heard of some last."""
KEPT_MAX: Final = 1_000
"""More of them than anyone looks at; what comes beyond is set aside all the same."""
TEXT_MAX: Final = 200
FIRST: Final = ("recall ", "stolen ")
"""Whoever does not know of these lets out what must stay: they come first, and take the place of others."""
_ORDER: Final = ", ".join((*(f"key NOT GLOB '{one}*'" for one in FIRST), "key"))
_IN_ORDER: Final = f"FROM entries WHERE kind=? ORDER BY {_ORDER}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Unread:
    """One row that could not be taken over."""

    name: str
    """Kind and key of the row, as the server named it."""
    reason: str


class UnreadRows:
    """A part of the map (`SiteMap`), in the same database and the same transactions."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.noted = 0
        """Counts up whenever a row could not be taken over, be it the same one again."""

    def count(self) -> int:
        """How many are set aside."""
        row = self._database.row("SELECT count(*) FROM entries WHERE kind=?", KIND)
        return int(row[0]) if row else 0

    def listed(self) -> list[Unread]:
        """All of them: recalls, then thefts, then the rest, each by name."""
        rows = self._database.rows(f"SELECT key, row {_IN_ORDER}", KIND)
        return [Unread(name=key, reason=json.loads(row)["reason"]) for key, row in rows]

    def note(self, name: str, error: Exception, generation: int) -> None:
        """Remember a row that could not be taken over, of this generation."""
        self.noted += 1
        if self.count() >= KEPT_MAX and not name.startswith(FIRST):
            return
        reason = json.dumps({"reason": f"{type(error).__name__}: {error}"[:TEXT_MAX]})
        self._database.run("INSERT OR REPLACE INTO entries VALUES (?, ?, ?, ?)", KIND, name, generation, reason)
        for (beyond,) in self._database.rows(f"SELECT key {_IN_ORDER} LIMIT -1 OFFSET ?", KIND, KEPT_MAX):
            self.forget(beyond)

    def forget(self, name: str) -> None:
        """It was taken over since, or has gone."""
        self._database.run("DELETE FROM entries WHERE kind=? AND key=?", KIND, name)

    def may_be_told(self) -> bool:
        """Whether the server may have been told last that there are some, also before this program began."""
        return self._database.row("SELECT 1 FROM entries WHERE kind=?", TOLD) is not None

    def telling(self) -> None:
        """The server is going to be told of some: its answer may be lost."""
        with self._database.transaction():
            self._database.run("INSERT OR REPLACE INTO entries VALUES (?, '', -1, '{}')", TOLD)

    def told_none(self) -> None:
        """The server has heard that there are none."""
        with self._database.transaction():
            self._database.run("DELETE FROM entries WHERE kind=?", TOLD)


def passes(error: Exception) -> bool:
    """Whether it is no fault of the row's: a disk that is full, say. Then the page comes again."""
    return isinstance(error, MemoryError) or (isinstance(error, DatabaseError) and not isinstance(error, UnfitError))
