"""Scans of this handheld that somebody at the office took back: whoever scanned them hears of it once it was synced."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from scanner_client.handheld import Handheld
from scanner_client.judging import thing_text
from scanner_client.sighting import Told, Tone
from scanner_client.wording import action_words, say


class OfficeUndos:
    """Each is told once, over all runs of the program; the list of past scans shows them always."""

    def __init__(self, handheld: Handheld) -> None:
        self._handheld = handheld
        self._version: object = None

    def news(self) -> list[Told]:
        """What was taken back and nobody was told of, in words."""
        site_map, database = self._handheld.site_map, self._handheld.database
        if site_map.version == self._version:
            return []
        self._version = site_map.version
        taken_back = dict(site_map.undone())
        known = {name for (name,) in database.rows("SELECT name FROM told_undos")}
        fresh = {name: row for name, row in taken_back.items() if name not in known}
        if fresh or known - taken_back.keys():
            with database.transaction():
                database.run_many("DELETE FROM told_undos WHERE name=?", ((n,) for n in known - taken_back.keys()))
                database.run_many("INSERT INTO told_undos VALUES (?)", ((name,) for name in fresh))
        return [self._told(row) for row in fresh.values()]

    def _told(self, row: Mapping[str, Any]) -> Told:
        subject = row.get("subject")
        thing = thing_text(self._handheld.site_map, subject) if subject else ""
        what = action_words(row["action"])[0]
        text = say("past.office", who=row.get("by") or "?", what=what, reason=row.get("reason") or "?")
        return Told(tone=Tone.LOOK, text=text, thing=thing)
