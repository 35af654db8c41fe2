"""Counting without a handheld: bins are opened, their units scanned, and finished, a minute for each scan."""

from __future__ import annotations

from typing import Any

from server.counts.closing import close_count
from server.counts.opening import open_count
from server.counts.reckoning import reckon
from server.counts.report import Reckoned
from server.database import reading, writing
from tests.handheld import BIN_A, BIN_B, DAY, Chain
from tests.server.site import SITE

NOW = DAY + 3_600_000


class Counting:
    """Counts one bin after the other."""

    def __init__(self, chain: Chain, start_ms: int = DAY, number: str = "CC-1", operator: str | None = None) -> None:
        self.chain, self.now_ms, self.number, self.operator = chain, start_ms, number, operator

    def __call__(self, place: str, *subjects: str, finish: bool = True, **fields: Any) -> None:
        opened = self.say("open_bin", None, place)
        opening = ".".join(map(str, opened.name))
        for subject in subjects:
            self.say("count", subject, place, opening=opening, **fields)
        if finish:
            self.say("finish_bin", None, place)

    def say(self, action: str, subject: str | None, place: str, **fields: Any) -> Any:
        self.now_ms += 60_000
        said = {"location": place, "document": self.number, "operator": self.operator} | fields
        return self.chain.scan(self.now_ms, action, subject, **said)


def begin(number: str = "CC-1", *bins: str, now_ms: int = DAY - 50_000, **said: Any) -> None:
    with writing() as c:
        open_count(c, site=SITE, number=number, bins=bins or (BIN_A, BIN_B), operator="Sam", now_ms=now_ms, **said)


def result(number: str = "CC-1") -> Reckoned:
    with reading() as c:
        return reckon(c, site=SITE, number=number)


def close(number: str = "CC-1", **said: Any) -> Reckoned:
    with writing() as c:
        return close_count(c, **{"site": SITE, "number": number, "operator": "Sam", "now_ms": NOW + 1_000, **said})


def kinds(found: Reckoned) -> dict[str, str]:
    """What each line says, by what it is about."""
    return {line.subject: line.kind.value for line in found.lines}
