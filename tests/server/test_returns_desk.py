"""The returns desk's list of what waits, one verdict's alone."""

from __future__ import annotations

from server.database import reading
from server.returns import desk
from tests.handheld import BIN_A, DOCK, unit
from tests.server.running import NOW, SITE, Handheld


def test_the_one_that_is_to_be_set_apart_is_listed_though_more_came_back_before_it(handheld: Handheld) -> None:
    for number, read in enumerate((None, None, (unit("another"),))):
        mine, ago = unit(f"S{number}"), 50 - 10 * number
        handheld.scan("put_away", mine, location=BIN_A, minutes_ago=ago)
        handheld.scan("ship", mine, document="SO-1", minutes_ago=ago - 1)
        handheld.scan("take_back", mine, location=DOCK, document="SO-1", numbers=read, minutes_ago=ago - 2)
    handheld.push()
    with reading() as c:
        assert [one.unit for one in desk.waiting(c, SITE, NOW, outcome="quarantine", limit=2)] == [unit("S2")]
        assert len(desk.waiting(c, SITE, NOW, limit=2)) == 2
