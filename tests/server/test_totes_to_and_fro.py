"""Totes that go to and fro between two sites, scanned out there at one time and not at another."""

from __future__ import annotations

import pytest

from server.database import reading, transact
from server.month.then import held
from server.receipts.receipt import close_receipt
from server.tables import unit_states
from server.taken_along import counted
from server.unit_rows import row_of
from server.upsert import upsert_values
from sync.unit import Status, UnitState
from tests.handheld import BIN_A, BIN_B, CABLE, CARTON_1, CARTON_2, DAY, DOCK, PHONE, unit
from tests.server import site
from tests.server import test_transfer_notices as two_sites
from tests.server.site import SITE
from tests.server.test_totes import TOTE, comes_twice
from tests.server.test_transfer_notices import (
    MINUTE_MS,
    NORTH,
    PALLET,
    Handheld,
    close,
    nothing_is_stored_otherwise_than_folded,
    packed,
    scan,
    standing,
    stock,
)

here, door, there = two_sites.here, two_sites.door, two_sites.there


def comes_home_with_a_load_of_theirs(here: Handheld, there: Handheld) -> None:
    """A phone comes to North and stays; the tote goes home with another one and three cables, scanned out there."""
    here.says(*packed(10, TOTE, "S0"), scan(20, "ship", TOTE), at=20)
    there.says(
        scan(25, "receive", unit("N0"), location=BIN_A),
        scan(25, "put_away", CABLE, quantity=10, location=BIN_A),
        scan(30, "receive", TOTE, document="TRANSFER-1", location=DOCK),
        scan(31, "put_away", unit("S0"), location=BIN_A),
        at=31,
    )
    close("TRANSFER-1", at=32)
    rows = [{"subject": s, "quantity": n, "attributes": {"to_site": SITE}} for s, n in ((PHONE, 1), (CABLE, 3))]
    site.state_document("order", "TRANSFER-9", rows, now_ms=DAY + 33 * MINUTE_MS, where=NORTH)
    there.says(
        scan(34, "pick", unit("N0"), document="TRANSFER-9"),
        scan(34, "pack", unit("N0"), container=TOTE, document="TRANSFER-9"),
        scan(34, "pick", CABLE, quantity=3, origin=BIN_A, document="TRANSFER-9"),
        scan(34, "pack", CABLE, quantity=3, container=TOTE, document="TRANSFER-9"),
        scan(35, "ship", TOTE, document="TRANSFER-9"),
        at=35,
    )
    here.says(
        scan(38, "receive", TOTE, document="TRANSFER-9", location=DOCK),
        scan(39, "put_away", unit("N0"), location=BIN_B),
        scan(39, "move", CABLE, quantity=3, origin=TOTE, location=BIN_B),
        at=39,
    )
    transact(lambda c: close_receipt(c, site=SITE, number="TRANSFER-9", operator="Mia", now_ms=DAY + 40 * MINUTE_MS))
    assert stock(NORTH) == {PHONE: 1, CABLE: 7}


def test_what_a_tote_took_home_stays_there_though_it_left_empty_and_unscanned_the_next_time(
    here: Handheld, there: Handheld
) -> None:
    comes_home_with_a_load_of_theirs(here, there)
    here.says(*packed(41, TOTE, "S1"), scan(42, "ship", TOTE), at=42)
    there.says(scan(45, "receive", TOTE, document="TRANSFER-1-2", location=DOCK), at=45)
    close("TRANSFER-1-2", at=46)
    assert stock(NORTH) == {PHONE: 2, CABLE: 7}
    here.says(*packed(50, TOTE, "S2"), scan(55, "ship", TOTE), at=55)
    assert stock(NORTH) == {PHONE: 2, CABLE: 7}, "it went home unscanned, and empty"


def test_pieces_that_left_by_a_scan_stay_away_though_the_tote_left_unscanned_the_next_time(
    here: Handheld, there: Handheld
) -> None:
    here.says(*packed(10, TOTE, "S0", cables=4), scan(20, "ship", TOTE), at=20)
    there.says(
        scan(30, "receive", TOTE, document="TRANSFER-1", location=DOCK),
        scan(31, "put_away", unit("S0"), location=BIN_A),
        at=31,
    )
    close("TRANSFER-1", at=32)
    there.says(scan(35, "ship", TOTE, document="TRANSFER-1"), at=35)
    assert stock(NORTH) == {PHONE: 1}
    here.says(*packed(41, TOTE, "S1"), scan(42, "ship", TOTE), at=42)
    there.says(scan(45, "receive", TOTE, document="TRANSFER-1-2", location=DOCK), at=45)
    close("TRANSFER-1-2", at=46)
    assert stock(NORTH) == {PHONE: 2}
    here.says(*packed(50, TOTE, "S2"), scan(55, "ship", TOTE), at=55)
    assert stock(NORTH) == {PHONE: 2}
    nothing_is_stored_otherwise_than_folded()


@pytest.mark.parametrize("moved", [0, 1, 3, 5])
def test_what_stayed_when_a_tote_left_unscanned_does_not_leave_with_it_the_next_time(
    here: Handheld, there: Handheld, moved: int
) -> None:
    comes_twice(here, there)
    out = [scan(91, "move", CABLE, quantity=moved, origin=TOTE, location=BIN_A)] if moved else []
    there.says(
        scan(90, "receive", TOTE, document="TRANSFER-1-2", location=DOCK),
        scan(91, "put_away", unit("S2"), location=BIN_A),
        *out,
        at=91,
    )
    assert stock(NORTH) == {PHONE: 3, CABLE: 5}
    there.says(scan(100, "ship", TOTE), at=100)
    assert stock(NORTH) == {PHONE: 3, CABLE: 5 if moved else 4}, "of the second load what nobody took out went along"
    nothing_is_stored_otherwise_than_folded()


@pytest.mark.parametrize("late", [False, True])
def test_a_tote_left_full_by_a_scan_that_is_heard_after_it_was_sent_once_more(
    here: Handheld, there: Handheld, *, late: bool
) -> None:
    other = Handheld.of(NORTH, 4)
    here.says(*packed(10, TOTE, "S0", "S1", cables=4), scan(20, "ship", TOTE), at=20)
    there.says(scan(40, "receive", TOTE, document="TRANSFER-1", location=DOCK), at=53)
    if not late:
        other.says(scan(52, "ship", TOTE), at=54)
    here.says(*packed(60, TOTE, "S2", cables=1), scan(70, "ship", TOTE), at=70)
    if late:
        other.says(scan(52, "ship", TOTE), at=74)
    assert not any(stock(NORTH).values())
    there.says(scan(90, "receive", TOTE, document="TRANSFER-1-2", location=DOCK), at=90)
    assert stock(NORTH) == {PHONE: 1, CABLE: 1}
    nothing_is_stored_otherwise_than_folded()


def test_what_came_the_first_time_stays_where_the_second_hand_over_is_undone(here: Handheld, there: Handheld) -> None:
    comes_twice(here, there, scan(50, "put_away", unit("S0"), location=BIN_A))
    here.says(scan(75, "void", TOTE, voids=f"1.1.{len(here.chain.lines)}", reason="not sent"), at=76)
    assert stock(NORTH) == {PHONE: 2, CABLE: 4}, standing(NORTH)
    nothing_is_stored_otherwise_than_folded()


def test_a_receipt_that_is_closed_late_leaves_the_next_load_its_own_way(here: Handheld, there: Handheld) -> None:
    here.says(*packed(10, TOTE, "S0", "S1", cables=4), scan(20, "ship", TOTE), at=20)
    there.says(scan(40, "receive", TOTE, document="TRANSFER-1", location=DOCK), at=40)
    here.says(*packed(60, TOTE, "S2", cables=1), scan(70, "ship", TOTE), at=70)
    close("TRANSFER-1", at=75)
    here.says(scan(80, "parcel_back", TOTE, location=DOCK, reason="refused"), at=80)
    assert stock(SITE) == {PHONE: 3, CABLE: 36}, "the second load is back, and not the first"
    nothing_is_stored_otherwise_than_folded()


def test_cartons_with_pieces_alone_have_arrived_where_their_pallet_did(here: Handheld, there: Handheld) -> None:
    boxes = (CARTON_1, CARTON_2)
    here.says(
        *packed(10, CARTON_1, cables=4),
        *packed(11, CARTON_2, "S2"),
        *(scan(15, "move", box, container=PALLET, location=BIN_A) for box in boxes),
        scan(20, "ship", PALLET),
        at=20,
    )
    there.says(scan(40, "receive", PALLET, document="TRANSFER-1", location=DOCK), at=40)
    close("TRANSFER-1", at=45)
    here.says(scan(60, "move", CARTON_1, location=BIN_B), at=60)
    assert stock(SITE) == {PHONE: 4, CABLE: 36}


def test_a_tote_of_which_only_its_pieces_were_received_has_arrived(here: Handheld, there: Handheld) -> None:
    here.says(*packed(10, TOTE, cables=4), scan(20, "ship", TOTE), at=20)
    there.says(scan(40, "receive", CABLE, quantity=4, container=TOTE, document="TRANSFER-1", location=DOCK), at=40)
    close("TRANSFER-1", at=45)
    here.says(scan(60, "move", TOTE, location=BIN_B), at=60)
    assert stock(SITE) == {PHONE: 5, CABLE: 36}


def test_a_month_has_what_stayed_when_its_tote_left(here: Handheld, there: Handheld) -> None:
    here.says(*packed(10, TOTE, "S0"), scan(20, "ship", TOTE), at=20)
    there.says(
        scan(40, "receive", TOTE, document="TRANSFER-1", location=DOCK),
        scan(41, "receive", unit("S0"), container=TOTE, document="TRANSFER-1", location=DOCK),
        at=41,
    )
    here.says(*packed(60, TOTE, "S2"), scan(70, "ship", TOTE), at=70)
    there.says(
        scan(90, "receive", TOTE, document="TRANSFER-1-2", location=DOCK),
        scan(91, "put_away", unit("S2"), location=BIN_A),
        scan(100, "ship", TOTE),
        at=100,
    )
    with reading() as connection:
        then = {one.subject for one in held(connection, NORTH, DAY + 200 * MINUTE_MS)}
    assert stock(NORTH) == {PHONE: 2}
    assert then == {unit("S0"), unit("S2")}


def test_each_load_of_a_tote_is_counted_by_how_the_tote_left_next(here: Handheld) -> None:
    tote = UnitState(status=Status.STORED, place=BIN_A, place_ms=40, turns=(10, -20, 30))
    states = {TOTE: tote} | {
        unit(f"T{ms}"): UnitState(status=Status.PACKED, place=TOTE, place_ms=ms) for ms in (5, 15, 25)
    }
    transact(lambda c: upsert_values(c, unit_states, [row_of(SITE, *each, at=1) for each in states.items()]))
    with reading() as connection:
        found = counted(connection, SITE, unit_states.c.place == TOTE)
    assert {status: units for (_, status, _), units in found.items()} == {Status.SHIPPED: 2, Status.PACKED: 1}
