"""What came in a tote that left empty and unscanned is here, and in it no more; a ship by mistake parts nothing."""

from __future__ import annotations

import pytest

from server import queries
from server.database import reading
from server.month.then import held
from tests.handheld import BIN_A, BIN_B, CABLE, CARTON_1, CARTON_2, DAY, DOCK, PHONE, unit
from tests.server import test_transfer_notices as two_sites
from tests.server.office import take
from tests.server.site import SITE
from tests.server.test_totes import TOTE, comes_again_with_a_phone_alone
from tests.server.test_transfer_notices import (
    MINUTE_MS,
    NORTH,
    PALLET,
    Handheld,
    close,
    nothing_is_stored_otherwise_than_folded,
    on_a_pallet,
    open_cases,
    packed,
    scan,
    stock,
)

here, door, there = two_sites.here, two_sites.door, two_sites.there


def comes_again_without_cables(here: Handheld, there: Handheld) -> None:
    """Four cables came with it the first time, and nobody took them out by a scan; then one is put away."""
    comes_again_with_a_phone_alone(here, there)
    there.says(
        scan(90, "receive", TOTE, document="TRANSFER-1-2", location=DOCK),
        scan(91, "move", CABLE, quantity=1, origin=TOTE, location=BIN_A),
        at=91,
    )


def test_pieces_that_stayed_are_in_stock_and_where_they_lie_is_told(here: Handheld, there: Handheld) -> None:
    comes_again_without_cables(here, there)
    assert stock(NORTH) == {PHONE: 2, CABLE: 4}
    with reading() as connection:
        assert dict(queries.balances(connection, NORTH, CABLE)) == {BIN_A: 1, TOTE: 3}
    nothing_is_stored_otherwise_than_folded()


def test_a_month_puts_pieces_that_stayed_in_one_place_however_they_are_read(here: Handheld, there: Handheld) -> None:
    comes_again_without_cables(here, there)

    def lying() -> list[tuple[str | None, int]]:
        with reading() as connection:
            found = held(connection, NORTH, DAY + 100 * MINUTE_MS)
            return sorted((one.place, one.pieces) for one in found if one.subject == CABLE)

    as_they_stand = lying()
    there.says(scan(121, "move", CABLE, quantity=1, origin=BIN_A, location=BIN_B), at=122)
    assert as_they_stand == lying() == [(BIN_A, 1), (DOCK, 3)]


def test_a_tote_that_was_scanned_out_by_mistake_and_left_unscanned_later_leaves_its_load_here(
    here: Handheld, there: Handheld
) -> None:
    here.says(*packed(10, TOTE, "S0", cables=4), scan(20, "ship", TOTE), at=20)
    there.says(
        scan(40, "receive", TOTE, document="TRANSFER-1", location=DOCK),
        scan(50, "ship", TOTE),
        scan(52, "move", TOTE, location=BIN_A),
        at=53,
    )
    assert stock(NORTH) == {PHONE: 1, CABLE: 4}
    here.says(*packed(60, TOTE, "S2", cables=1), scan(70, "ship", TOTE), at=70)
    assert stock(NORTH) == {PHONE: 1, CABLE: 4}
    there.says(scan(90, "receive", TOTE, document="TRANSFER-1-2", location=DOCK), at=90)
    assert stock(NORTH) == {PHONE: 2, CABLE: 5}
    nothing_is_stored_otherwise_than_folded()


def test_a_carton_that_was_scanned_out_by_mistake_keeps_its_pieces_when_one_is_taken_out(
    here: Handheld, there: Handheld
) -> None:
    gtin, sscc = CABLE.rpartition("/")[2], CARTON_2.rpartition("/")[2]
    take("asn", f"number,sscc,gtin,quantity\nASN-1,{sscc},{gtin},6\n", now_ms=DAY + 2 * MINUTE_MS)
    here.says(*packed(4, TOTE, cables=4), scan(5, "receive", CARTON_2, document="ASN-1", location=DOCK), at=5)
    for minute, box in ((10, CARTON_2), (20, TOTE)):
        here.says(scan(minute, "ship", box), scan(minute + 2, "move", box, location=DOCK), at=minute + 2)
        assert stock(SITE)[CABLE] == 46
        out = scan(minute + 5, "move", CABLE, quantity=1, origin=box, location=BIN_A)
        here.says(out, at=minute + 5)
        assert stock(SITE)[CABLE] == 46
    nothing_is_stored_otherwise_than_folded()


def test_a_tote_that_is_filled_anew_though_nobody_scanned_it_home_has_none_of_the_pieces_that_left_in_it(
    here: Handheld,
) -> None:
    here.says(*packed(10, TOTE, cables=4), scan(20, "ship", TOTE), at=20)
    here.says(*packed(60, TOTE, cables=1), at=60)
    assert stock(SITE)[CABLE] == 36
    nothing_is_stored_otherwise_than_folded()


@pytest.mark.parametrize("clock", [15, 40])
def test_a_slow_clock_at_the_other_site_dates_no_arrival_before_the_departure(
    here: Handheld, there: Handheld, clock: int
) -> None:
    here.says(*packed(10, TOTE, "S0", cables=4), scan(20, "ship", TOTE), at=20)
    there.says(scan(clock, "receive", TOTE, document="TRANSFER-1", location=DOCK), at=40)
    close("TRANSFER-1", at=45)
    here.says(scan(60, "move", TOTE, location=BIN_B), at=60)
    assert (stock(SITE), stock(NORTH), open_cases()) == ({PHONE: 4, CABLE: 36}, {PHONE: 1, CABLE: 4}, set())
    nothing_is_stored_otherwise_than_folded()


def test_what_was_scanned_at_home_before_a_receipt_was_closed_late_is_folded_anew(
    here: Handheld, there: Handheld
) -> None:
    here.says(*packed(10, TOTE, "S0", "S1", cables=4), scan(20, "ship", TOTE), at=20)
    there.says(scan(40, "receive", TOTE, document="TRANSFER-1", location=DOCK), at=40)
    here.says(
        scan(60, "move", TOTE, location=BIN_B),
        scan(61, "inspect", unit("S1"), location=BIN_B),
        *packed(62, TOTE, "S2", cables=1),
        scan(70, "ship", TOTE),
        at=70,
    )
    close("TRANSFER-1", at=75)
    assert stock(SITE) == {PHONE: 3, CABLE: 35}, "S1 was seen at home since, S0 and S2 left"
    nothing_is_stored_otherwise_than_folded()


def comes_on_a_pallet(here: Handheld, there: Handheld) -> None:
    """A carton with a phone and four cables; there the pallet's label is scanned."""
    onto = scan(15, "move", CARTON_1, container=PALLET, location=BIN_A)
    here.says(*packed(10, CARTON_1, "S0", cables=4), onto, scan(20, "ship", PALLET), at=20)
    there.says(scan(40, "receive", PALLET, document="TRANSFER-1", location=DOCK), at=40)


def test_a_carton_that_came_home_off_its_pallet_and_left_again_before_the_receipt_was_closed(
    here: Handheld, there: Handheld
) -> None:
    comes_on_a_pallet(here, there)
    here.says(
        scan(60, "move", CARTON_1, location=BIN_B),
        *packed(62, CARTON_1, "S2", cables=1),
        scan(70, "ship", CARTON_1),
        at=70,
    )
    close("TRANSFER-1", at=75)
    assert (stock(SITE), stock(NORTH)) == ({PHONE: 3, CABLE: 35}, {PHONE: 1, CABLE: 4})
    nothing_is_stored_otherwise_than_folded()


def on_the_pallet(minute: int, *boxes: str) -> list[two_sites.Said]:
    return [scan(minute, "move", box, container=PALLET, location=BIN_A) for box in boxes]


def test_a_carton_that_stayed_when_its_pallet_went_home_keeps_its_own_pieces(here: Handheld, there: Handheld) -> None:
    loads = [*packed(10, CARTON_2, cables=4), *packed(11, TOTE, "S0"), *on_the_pallet(15, TOTE, CARTON_2)]
    here.says(*loads, scan(20, "ship", PALLET), at=20)
    there.says(scan(40, "receive", PALLET, document="TRANSFER-1", location=DOCK), at=40)
    here.says(*packed(60, TOTE, "S2", cables=1), *on_the_pallet(62, TOTE), scan(70, "ship", PALLET), at=70)
    there.says(scan(90, "receive", PALLET, document="TRANSFER-1-2", location=DOCK), at=90)
    there.says(scan(100, "move", CABLE, quantity=1, origin=CARTON_2, location=BIN_A), at=100)
    assert stock(NORTH) == {PHONE: 2, CABLE: 5}
    there.says(scan(110, "ship", CARTON_2), at=110)
    assert stock(NORTH) == {PHONE: 2, CABLE: 2}, "the three that were left in it have gone with it"
    nothing_is_stored_otherwise_than_folded()


def test_another_carton_comes_on_a_pallet_that_went_home_unscanned(here: Handheld, there: Handheld) -> None:
    for minute, box, load in ((10, CARTON_1, "S0"), (60, CARTON_2, "S2")):
        here.says(
            *packed(minute, box, load, cables=2),
            *on_the_pallet(minute + 5, box),
            scan(minute + 10, "ship", PALLET),
            at=minute + 10,
        )
        number = "TRANSFER-1" if box == CARTON_1 else "TRANSFER-1-2"
        there.says(scan(minute + 30, "receive", PALLET, document=number, location=DOCK), at=minute + 30)
    assert stock(NORTH) == {PHONE: 2, CABLE: 4}


def test_a_carton_beside_the_one_that_came_has_not_arrived_by_that(here: Handheld, there: Handheld) -> None:
    on_a_pallet(here)
    there.says(scan(40, "receive", CARTON_1, container=PALLET, document="TRANSFER-1", location=DOCK), at=40)
    close("TRANSFER-1", at=45)
    here.says(scan(60, "move", CARTON_2, location=DOCK), at=60)
    assert stock(SITE) == {PHONE: 3, CABLE: 38}, "it never left the dock, and is as full as before"
