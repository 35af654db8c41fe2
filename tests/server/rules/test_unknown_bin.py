"""The history of a bin: what was scanned in it before anybody knew it."""

from dataclasses import replace

import pytest

from sync.history import Fact
from tests.handheld import BIN_A, DAY
from tests.server.rules.story import Quiet, fact, said

LATER = Quiet(known_ms=DAY + 10_000)


def scanned(second: float, action: str = "put_away") -> Fact:
    return fact(second, action, location=BIN_A)


def named(second: float) -> Fact:
    told = fact(second, "import", device=0)
    return replace(told, event=replace(told.event, subject=None))


def opened(second: float) -> Fact:
    told = fact(second, "open_bin", location=BIN_A)
    return replace(told, event=replace(told.event, subject=None))


@pytest.mark.parametrize("story", [[scanned(11)], [opened(5)]])
def test_it_says_nothing_of_a_bin_that_is_known_nor_of_what_speaks_of_no_unit(story: list[Fact]) -> None:
    assert said("unknown_bin", story, LATER, of=BIN_A) == []


def test_a_bin_that_nobody_knows_is_told_once_however_much_is_put_into_it() -> None:
    assert said("unknown_bin", [scanned(5), scanned(6), scanned(7)], LATER, of=BIN_A) == [("open", None, BIN_A)]


def test_it_closes_when_a_list_names_the_bin() -> None:
    assert said("unknown_bin", [scanned(5), named(10)], LATER, of=BIN_A) == [("explained", None, BIN_A)]
