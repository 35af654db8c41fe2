"""A line that was set aside before a count was closed, and can be read only afterwards, is late for it."""

from __future__ import annotations

import pytest

from server import set_aside, site_codes
from server.counts.late import late_scans
from server.database import reading, stamp, writing
from server.rebuild import rebuild
from server.reparse import reparse
from server.tables import documents, events
from server.upkeep import verify
from sync.identity import serial_key
from tests.handheld import BIN_A, BIN_C, DAY, PHONE, Chain, unit
from tests.server.closed_counts import misplaced_exceptions
from tests.server.counting import NOW, Counting, begin, close
from tests.server.site import SITE, enrol, push, state_document

A1, NEW = unit("A1"), unit("NEW")


@pytest.fixture
def away(warehouse: str) -> Chain:
    """Another handheld than that of the counter, and one unit in the bin that is to be counted."""
    state_document("stock", "STOCK", [{"subject": A1, "location": BIN_A}], now_ms=DAY - 100_000)
    for number in (1, 2, 3):
        enrol(number)
    begin("CC-1", BIN_A)
    return Chain(3)


def count_and_close() -> None:
    counter = Chain(1)
    Counting(counter)(BIN_A, A1)
    push(counter, now_ms=NOW)
    close()


def move_on(subject: str) -> None:
    other = Chain(2)
    other.scan(NOW + 120_000, "move", subject, location=BIN_C)
    push(other, now_ms=NOW + 130_000)


def repair(place: str, *, now_ms: int) -> None:
    """Say where the first scan of the other handheld was made, which it did not say itself."""
    with writing() as c:
        said = {"location": place}
        set_aside.repair(c, site=SITE, name="3.1.1", corrections=said, operator="Sam", now_ms=now_ms)


def late() -> list[str | None]:
    """Subjects of the late scans of the count, as they are reckoned; what is stored has to say the same."""
    assert misplaced_exceptions("CC-1") is None
    assert [said for said in verify(SITE, lambda _: None) if said.startswith("cases")] == []
    with reading() as c:
        return [fact.event.subject for fact in late_scans(c, site=SITE, number="CC-1")]


@pytest.mark.parametrize("first", ["moved on", "repaired"])
def test_a_scan_that_was_set_aside_before_the_close_and_is_repaired_after_it_is_late(away: Chain, first: str) -> None:
    away.scan(DAY - 20_000, "put_away", NEW)  # it does not say where
    push(away, now_ms=DAY - 10_000)
    count_and_close()
    if first == "moved on":
        move_on(NEW)
    repair(BIN_A, now_ms=NOW + 200_000)
    if first == "repaired":
        assert late() == [NEW]
        move_on(NEW)
    assert late() == [NEW]


@pytest.mark.parametrize("first", ["moved on", "released"])
def test_a_scan_that_was_held_as_too_new_before_the_close_and_is_read_after_it_is_late(away: Chain, first: str) -> None:
    away.scan(DAY - 20_000, "put_away", NEW, location=BIN_A)
    push(away, now_ms=DAY - 10_000)
    with writing() as c:  # as a release leaves it that did not know its form
        c.execute(events.update().where(events.c.device_no == 3).values(outcome="held", subject=None, action=None))
        rebuild(c, SITE, [NEW], stamp(c))
    count_and_close()
    if first == "moved on":
        move_on(NEW)
    assert set_aside.release_held(SITE, now_ms=NOW + 200_000).read == 1
    if first == "released":
        assert late() == [NEW]
        move_on(NEW)
    assert late() == [NEW]


def test_a_scan_of_before_the_close_whose_label_is_read_anew_after_it_is_late_under_its_new_name(away: Chain) -> None:
    bare, phone = serial_key("warehouse.example", "C39XK12QQZ"), unit("C39XK12QQZ")
    away.scan(DAY - 20_000, "receive", bare, location=BIN_A, barcode=b"C39XK12QQZ", symbology="]C0")
    push(away, now_ms=DAY - 10_000)
    count_and_close()
    with writing() as c:
        site_codes.learn(c, SITE, {PHONE: "C39[A-Z0-9]{7}"})
    assert reparse(SITE, apply=True, operator="Sam", now_ms=NOW + 60_000).applied == 1
    assert late() == [phone]
    move_on(phone)
    assert late() == [phone]


def test_a_scan_that_was_repaired_before_the_close_is_not_late_whichever_way_its_count_is_read(away: Chain) -> None:
    away.scan(DAY - 20_000, "put_away", A1)
    push(away, now_ms=DAY - 10_000)
    repair(BIN_A, now_ms=DAY - 5_000)
    count_and_close()
    with writing() as c:
        c.execute(documents.update().values(folded_rows=0))  # while a file is worked in, no unit is taken for quiet
    assert late() == []
