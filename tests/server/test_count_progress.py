"""Handhelds are told which bins of a count are done, also where the office changes it."""

from __future__ import annotations

import json

import pytest
import sqlalchemy as sa

from server import ledger, set_aside
from server.counts import closing, limits
from server.counts.limits import Limit
from server.database import reading, stamp, writing
from server.rebuild import advance
from server.tables import events, reference, unit_states
from server.undo import undo
from sync.event import ScanEvent, format_name
from tests.handheld import BIN_A, BIN_B, DAY, Chain, unit
from tests.server.counting import NOW, Counting, begin, close
from tests.server.site import SITE, enrol, push, state_document

A1 = unit("A1")


@pytest.fixture
def count(warehouse: str) -> Counting:
    """Rosa counts bin A, where A1 belongs."""
    state_document("stock", "STOCK", [{"subject": A1, "location": BIN_A}], now_ms=DAY - 100_000)
    enrol(1)
    begin("CC-1", BIN_A)
    return Counting(Chain(1), operator="Rosa")


def done() -> list[str]:
    with reading() as c:
        return list(c.execute(sa.select(reference.c.row).where(reference.c.key == "CC-1")).scalar_one()["done"])


def take_back(scan: ScanEvent) -> str:
    with writing() as c:
        fact = undo(c, site=SITE, name=format_name(scan.name), reason="wrong bin", operator="Sam", now_ms=NOW)
    return format_name(fact.name)


def test_a_bin_whose_finish_the_office_undoes_is_to_be_counted_again_and_done_when_it_is_undone_too(
    count: Counting,
) -> None:
    count(BIN_A, A1, finish=False)
    finish = count.say("finish_bin", None, BIN_A)
    push(count.chain, now_ms=NOW)
    assert done() == [BIN_A]
    back = take_back(finish)
    assert done() == []
    with writing() as c:
        undo(c, site=SITE, name=back, reason="it was right", operator="Sam", now_ms=NOW + 1)
    assert done() == [BIN_A]


def test_a_bin_whose_finish_the_handheld_undoes_without_a_word_of_its_count_is_to_be_counted_again(
    count: Counting,
) -> None:
    count(BIN_A, A1, finish=False)
    finish = count.say("finish_bin", None, BIN_A)
    push(count.chain, now_ms=NOW)
    assert done() == [BIN_A]
    count.chain.scan(NOW - 500_000, "void", None, voids=format_name(finish.name), reason="not all of it")
    push(count.chain, 4, now_ms=NOW + 1)
    assert done() == []


def test_a_bin_is_done_once_the_office_repairs_the_line_that_finished_it(count: Counting) -> None:
    count(BIN_A, A1, finish=False)
    line = json.loads(count.chain.lines[0]) | {"seq": 3, "action": "complete_bin"}
    count.chain.commit(json.dumps(line, separators=(",", ":")).encode())
    push(count.chain, now_ms=NOW)
    assert done() == []
    with writing() as c:
        set_aside.repair(c, site=SITE, name="1.1.3", corrections={"action": "finish_bin"}, operator="Sam", now_ms=NOW)
    assert done() == [BIN_A]


def test_a_held_line_counts_for_the_handhelds_and_takes_back_what_stood_on_it_once_it_is_read(count: Counting) -> None:
    count(BIN_A, A1)
    seen = count.chain.scan(NOW - 600_000, "inspect", A1, location=BIN_A)
    count.chain.scan(NOW - 500_000, "void", A1, voids=format_name(seen.name), reason="wrong unit")
    push(count.chain, now_ms=NOW)
    hold(3, 5)  # an older release could not read them
    with writing() as c:
        fact = ledger.record(
            c,
            site=SITE,
            action="move",
            operator="Sam",
            now_ms=NOW,
            subject=A1,
            location=BIN_B,
            about=format_name(seen.name),
            reason="read again",
        )
        advance(c, SITE, [fact], stamp(c))
    set_aside.release_held(SITE, now_ms=NOW + 1_000)
    assert done() == [BIN_A]
    with reading() as c:
        assert c.execute(sa.select(unit_states.c.expected).where(unit_states.c.unit == A1)).scalar_one() == BIN_A


def hold(*numbers: int) -> None:
    with writing() as c:
        here = (events.c.device_no == 1) & events.c.seq.in_(numbers)
        c.execute(events.update().where(here).values(outcome="held", subject=None, document=None, voids=None))
        count = (reference.c.key == "CC-1") & (reference.c.kind == "document")
        row = c.execute(sa.select(reference.c.row).where(count)).scalar_one()
        c.execute(reference.update().where(count).values(row=row | {"done": []}))


def test_a_rejected_count_offers_the_bin_whose_finish_was_undone_meanwhile(count: Counting) -> None:
    with writing() as c:
        limits.set_limit(c, site=SITE, whose="role:supervisor", limit=Limit(units=0), operator="admin", now_ms=DAY)
    count(BIN_A, finish=False)
    finish = count.say("finish_bin", None, BIN_A)
    push(count.chain, now_ms=NOW)
    assert close(role="supervisor").version is None
    take_back(finish)
    with writing() as c:
        closing.reject(c, site=SITE, number="CC-1", operator="Ada", note="Count it again.", now_ms=NOW + 2_000)
    assert done() == []
