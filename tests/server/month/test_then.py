"""What was in stock at a past moment, whatever happened later."""

from __future__ import annotations

from collections import Counter

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from server import inventory
from server.database import reading
from server.month.then import held
from sync.event import format_name
from sync.identity import imei_key, is_container
from sync.unit import IN_STOCK
from tests.handheld import BIN_A, BIN_B, CARTON_1, DAY, Chain, unit
from tests.server.site import SITE, enrol, push, site
from tests.server.test_rebuild import Drawn, announce, drawn_scans, entries_of, take_in

Where = dict[tuple[str, str | None], int]


def told_then(at_ms: int) -> Where:
    found: Counter[tuple[str, str | None]] = Counter()
    with reading() as c:
        for each in held(c, SITE, at_ms):
            found[each.subject, each.place] += each.pieces
    return {key: pieces for key, pieces in found.items() if pieces}


def told_now() -> Where:
    """What the lists of the stock say."""
    found: Counter[tuple[str, str | None]] = Counter()
    with reading() as c:
        rows = [(row["unit"], row["place"], 1) for row in inventory.units(c, SITE) if row["status"] in IN_STOCK]
        rows += [(row["subject"], row["place"], row["quantity"]) for row in inventory.levels(c, SITE)]
        at = inventory.resolve(c, SITE, [place for _, place, _ in rows])
    for subject, place, pieces in rows:
        stands = at.get(place) if place else None
        found[subject, None if stands and is_container(stands) else stands] += pieces
    return {key: pieces for key, pieces in found.items() if pieces}


PLATE_OF_A_CARTON_THAT_IS_LINKED_LATER = (
    Drawn(2, "receive", 0, 1, 1, 0, 0, 1, 6, 0),
    Drawn(3, "ship", 6, 0, 1, 0, 0, 1, 8, 0),
    Drawn(3, "link", 4, 1, 0, 2, 0, 1, 11, 0),
)


CARTON_SHIPPED_IN_ITSELF_UNTIL_THAT_IS_UNDONE = (
    Drawn(1, "receive", 0, 1, 0, 0, 0, 1, 1, 0),
    Drawn(1, "pack", 3, 1, 0, 0, 0, 1, 3, 0),
    Drawn(1, "ship", 3, 1, 0, 0, 0, 1, 4, 0),
    Drawn(1, "void", 3, 1, 0, 0, 1, 1, 9, 0),
)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(drawn_scans, st.integers(0, 12))
@example([*PLATE_OF_A_CARTON_THAT_IS_LINKED_LATER], 10)
@example([*CARTON_SHIPPED_IN_ITSELF_UNTIL_THAT_IS_UNDONE], 6)
def test_the_stock_of_a_moment_is_that_of_a_ledger_cut_there(drawn: list[Drawn], second: int) -> None:
    at_ms = DAY + second * 1000
    entries = entries_of(drawn)
    with site("sqlite://"):
        announce(until_ms=at_ms)
        take_in([entry for entry in entries if entry.event_ms <= at_ms])
        cut = told_now()
    with site("sqlite://"):
        announce()
        take_in(entries)
        assert told_then(at_ms) == cut
        assert told_then(DAY + 60_000) == told_now()


def test_a_phone_that_is_moved_by_its_imei_alone_lies_there_also_a_month_later(warehouse: str) -> None:
    phone, imei = unit("A1"), imei_key("490154203237518")
    enrol(1)
    chain = Chain(1)
    chain.scan(DAY, "put_away", phone, location=BIN_A, identifiers=(imei,))
    chain.scan(DAY + 10_000, "put_away", imei, location=BIN_B)
    chain.scan(DAY + 60_000, "pick", phone, location=BIN_B)
    push(chain, now_ms=DAY + 70_000)
    assert told_then(DAY + 5_000) == {(phone, BIN_A): 1}
    assert told_then(DAY + 30_000) == {(phone, BIN_B): 1}


def test_what_is_undone_later_lay_all_the_same_where_it_was_scanned(warehouse: str) -> None:
    enrol(1)
    chain = Chain(1)
    moved, left, boxed = unit("A1"), unit("A2"), unit("A3")
    chain.scan(DAY, "put_away", moved, location=BIN_A)
    chain.scan(DAY + 1_000, "put_away", left, location=BIN_A)
    chain.scan(DAY + 2_000, "ship", left)
    chain.scan(DAY + 3_000, "pack", boxed, container=CARTON_1, location=BIN_A)
    chain.scan(DAY + 4_000, "move", CARTON_1, location=BIN_A)
    wrong = [
        chain.scan(DAY + 10_000, "move", moved, location=BIN_B),
        chain.scan(DAY + 11_000, "take_back", left, location=BIN_B),
        chain.scan(DAY + 12_000, "move", CARTON_1, location=BIN_B),
        chain.scan(DAY + 13_000, "put_away", unit("A4"), location=BIN_B),
    ]
    for event in wrong:
        chain.scan(DAY + 60_000, "void", event.subject, voids=format_name(event.name), reason="mistake")
    push(chain, now_ms=DAY + 70_000)
    assert told_then(DAY + 5_000) == {(moved, BIN_A): 1, (boxed, BIN_A): 1}
    assert told_then(DAY + 30_000) == {(moved, BIN_B): 1, (left, BIN_B): 1, (boxed, BIN_B): 1, (unit("A4"), BIN_B): 1}
    assert told_then(DAY + 65_000) == {(moved, BIN_A): 1, (boxed, BIN_A): 1} == told_now()
