"""What counts missed, as it stood on the day that is asked about."""

from __future__ import annotations

from typing import Any

from server import decisions
from server.case_list import CaseFilter, list_cases
from server.database import reading, writing
from server.shrinkage import losses
from tests.handheld import BIN_A, BIN_B, DAY, Chain, unit
from tests.server.counting import Counting, begin, close
from tests.server.site import SITE, enrol, push, state_document


def missed(until_ms: int) -> list[str]:
    with reading() as c:
        return [loss.subject for loss in losses.read(c, SITE, until_ms)]


def count_that_misses_a_phone() -> Counting:
    enrol(1)
    state_document("stock", "S-1", [{"subject": unit("A1"), "location": BIN_A}], now_ms=DAY - 5_000_000)
    begin()
    count = Counting(Chain(1))
    count(BIN_A)
    count(BIN_B)
    push(count.chain, now_ms=count.now_ms)
    close(now_ms=count.now_ms + 60_000)
    return count


def test_a_missing_phone_that_is_refused_at_a_pick_is_found_though_nobody_said_where(warehouse: str) -> None:
    count = count_that_misses_a_phone()
    picked = count.chain.scan(count.now_ms + 90_000, "pick", unit("A1"), document="SO-1")
    seq = len(count.chain.lines)
    push(count.chain, seq, seq, now_ms=count.now_ms + 95_000)
    with reading() as c:
        [loss] = losses.read(c, SITE, count.now_ms + 95_000)
        [case] = list_cases(c, SITE, CaseFilter(rule="missing", status="explained"))
    assert (loss.state, loss.found_ms) == ("found", picked.wall_ms)
    assert case.unit == unit("A1")


def test_who_says_later_that_nothing_is_lost_does_not_change_what_was_missed_by_then(warehouse: str) -> None:
    count = count_that_misses_a_phone()
    closed_ms = count.now_ms + 60_000
    with reading() as c:
        [case] = list_cases(c, SITE, CaseFilter(rule="missing"))
    about: dict[str, Any] = {"unit": case.unit, "rule": case.rule, "episode": case.episode, "evidence": case.evidence}
    with writing() as c:
        said: dict[str, Any] = {"resolution": "dismiss", "operator": "Sam", "now_ms": closed_ms + 9_000}
        decisions.settle(c, site=SITE, **about, **said)
    assert missed(closed_ms + 8_000) == [unit("A1")]
    assert missed(closed_ms + 10_000) == []
