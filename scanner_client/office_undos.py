"""Scans of this handheld that somebody at the office took back: whoever scanned them hears of it at the next sync."""

from __future__ import annotations

from scanner_client.handheld import Handheld
from scanner_client.judging import thing_text
from scanner_client.sighting import Told, Tone
from scanner_client.wording import action_words, say


class OfficeUndos:
    """Each is told once in a run of the program; the list of past scans shows them always."""

    def __init__(self, handheld: Handheld) -> None:
        self._handheld = handheld
        self._known = {name for name, _ in handheld.site_map.undone()}
        self._version = handheld.site_map.version

    def news(self) -> list[Told]:
        """What was taken back since, in words."""
        site_map = self._handheld.site_map
        if site_map.version == self._version:
            return []
        self._version = site_map.version
        told = []
        for name, row in site_map.undone():
            if name in self._known:
                continue
            self._known.add(name)
            subject = row.get("subject")
            thing = thing_text(site_map, subject) if subject else ""
            what = action_words(row["action"])[0]
            text = say("past.office", who=row.get("by") or "?", what=what, reason=row.get("reason") or "?")
            told.append(Told(tone=Tone.LOOK, text=text, thing=thing))
        return told
