"""Counts that ended while scans for them still waited here: whoever made these hears of it once they are synced."""

from __future__ import annotations

from scanner_client import count_list
from scanner_client.handheld import Handheld
from scanner_client.sighting import Told, Tone
from scanner_client.wording import say


class EndedCounts:
    """Each is told once in a run of the program; the bins that are scanned after it say so by themselves."""

    def __init__(self, handheld: Handheld) -> None:
        self._handheld = handheld
        self._waited: dict[str, int] = {}
        """How many scans for each document the server was not known to have."""
        self._told: set[str] = set()

    def watch(self, number: str | None) -> None:
        """Remember how many scans for this document wait here; before they are synced."""
        if number and number not in self._told and (waiting := len(self._handheld.own_scans.under(number))):
            self._waited[number] = waiting

    def news(self) -> list[Told]:
        """What has ended meanwhile, in words; after a sync."""
        told = []
        for number, scans in self._waited.items():
            state = count_list.state(self._handheld, number)
            if state == "closed":
                told.append(say("count.closed_meanwhile", document=number, count=scans))
            elif state == "cancelled":
                told.append(say("count.given_up_meanwhile", document=number, count=scans))
            else:
                continue
            self._told.add(number)
        self._waited.clear()
        return [Told(tone=Tone.LOOK, text=text) for text in told]
