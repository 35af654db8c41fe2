"""A tote that goes to another site and comes home: what was in it stayed there, and what it brings is what is said."""

from __future__ import annotations

from itertools import permutations

import pytest

from server.database import reading, transact
from server.orders.progress import read_progress
from server.queries import read_unit
from server.receipts.receipt import close_receipt
from server.whereabouts import contents
from tests.handheld import BIN_A, BIN_B, CABLE, CARTON_1, DAY, DOCK, PHONE, unit
from tests.server import site
from tests.server import test_transfer_notices as two_sites
from tests.server.office import take
from tests.server.site import SITE
from tests.server.test_transfer_notices import (
    MINUTE_MS,
    NORTH,
    PALLET,
    Handheld,
    announced,
    close,
    nothing_is_stored_otherwise_than_folded,
    on_a_pallet,
    open_cases,
    packed,
    scan,
    standing,
    stock,
)

here, door, there = two_sites.here, two_sites.door, two_sites.there
TOTE = CARTON_1


def goes_and_arrives(here: Handheld, there: Handheld) -> None:
    """With two phones and four cables; it is received by its label, and its receipt closed."""
    here.says(*packed(10, TOTE, "S0", "S1", cables=4), scan(20, "ship", TOTE), at=20)
    there.says(scan(40, "receive", TOTE, document="TRANSFER-1", location=DOCK), at=40)
    close("TRANSFER-1", at=45)
    assert (stock(SITE), stock(NORTH)) == ({PHONE: 3, CABLE: 36}, {PHONE: 2, CABLE: 4})


@pytest.mark.parametrize("how", ["move", "put_away", "receive", "inspect"])
def test_a_tote_that_comes_home_empty_brings_nothing_back(here: Handheld, there: Handheld, how: str) -> None:
    goes_and_arrives(here, there)
    here.says(scan(60, how, TOTE, location=BIN_B), at=60)
    assert stock(SITE) == {PHONE: 3, CABLE: 36}
    assert open_cases() == set(), "it had arrived there, so that nobody wonders at it"
    nothing_is_stored_otherwise_than_folded()


def test_a_tote_that_is_home_before_its_receipt_is_closed_there_has_brought_nothing_once_it_is(
    here: Handheld, there: Handheld
) -> None:
    here.says(*packed(10, TOTE, "S0", "S1", cables=4), scan(20, "ship", TOTE), at=20)
    there.says(scan(40, "receive", TOTE, document="TRANSFER-1", location=DOCK), at=40)
    here.says(scan(60, "move", TOTE, location=BIN_B), at=60)
    assert open_cases() == {("shipped_already", TOTE.rpartition("/")[2])}, "nobody said yet that it had arrived"
    close("TRANSFER-1", at=65)
    assert stock(SITE) == {PHONE: 3, CABLE: 36}
    assert open_cases() == set()
    nothing_is_stored_otherwise_than_folded()


def test_a_carton_that_nobody_received_anywhere_is_still_full_when_it_is_found_at_the_dock(
    here: Handheld, there: Handheld
) -> None:
    here.says(*packed(10, TOTE, "S0", "S1", cables=4), scan(20, "ship", TOTE), at=20)
    here.says(scan(30, "move", TOTE, location=DOCK), at=30)
    assert stock(SITE) == {PHONE: 5, CABLE: 40}


def test_a_tote_that_is_filled_anew_takes_along_what_went_in_since_it_came_home(
    here: Handheld, there: Handheld
) -> None:
    goes_and_arrives(here, there)
    there.says(
        *(scan(50, "put_away", unit(serial), location=BIN_A) for serial in ("S0", "S1")),
        scan(51, "move", CABLE, quantity=4, origin=TOTE, location=BIN_A),
        scan(52, "ship", TOTE),
        at=52,
    )
    here.says(*packed(60, TOTE, "S2", cables=1), scan(70, "ship", TOTE), at=70)  # nobody scanned it in
    assert (stock(SITE), standing(NORTH)["S2"]) == ({PHONE: 2, CABLE: 35}, "announced")
    there.says(scan(90, "receive", TOTE, document="TRANSFER-1-2", location=DOCK), at=90)
    close("TRANSFER-1-2", at=95)
    assert stock(NORTH) == {PHONE: 3, CABLE: 5}
    assert stock(SITE) == {PHONE: 2, CABLE: 35}
    nothing_is_stored_otherwise_than_folded()


def test_a_tote_that_brings_one_phone_back_brings_no_other_that_had_left_in_it(here: Handheld, there: Handheld) -> None:
    here.says(*packed(10, TOTE, "S0", "S1", cables=4), scan(20, "ship", TOTE), at=20)
    there.says(scan(40, "receive", TOTE, document="TRANSFER-1", location=DOCK), at=40)
    rows = [{"subject": PHONE, "quantity": 1, "attributes": {"to_site": SITE}}]
    site.state_document("order", "TRANSFER-9", rows, now_ms=DAY, where=NORTH)
    there.says(
        scan(50, "unpack", unit("S1"), origin=TOTE, location=BIN_A),
        scan(51, "move", CABLE, quantity=4, origin=TOTE, location=BIN_A),
        scan(52, "pick", unit("S0"), document="TRANSFER-9"),
        scan(53, "pack", unit("S0"), container=TOTE, document="TRANSFER-9"),
        scan(54, "ship", TOTE, document="TRANSFER-9"),
        at=54,
    )
    assert (stock(SITE), stock(NORTH)) == ({PHONE: 3, CABLE: 36}, {PHONE: 1, CABLE: 4})
    here.says(scan(70, "receive", TOTE, document="TRANSFER-9", location=DOCK), at=70)
    transact(lambda c: close_receipt(c, site=SITE, number="TRANSFER-9", operator="Mia", now_ms=DAY + 75 * MINUTE_MS))
    assert (stock(SITE), stock(NORTH)) == ({PHONE: 4, CABLE: 36}, {PHONE: 1, CABLE: 4})
    close("TRANSFER-1", at=80)
    assert (stock(SITE), stock(NORTH)) == ({PHONE: 4, CABLE: 36}, {PHONE: 1, CABLE: 4})
    assert open_cases() == set()


def test_a_pallet_that_comes_home_brings_no_carton_back_that_stayed_there(here: Handheld, there: Handheld) -> None:
    on_a_pallet(here)
    there.says(scan(40, "receive", PALLET, document="TRANSFER-1", location=DOCK), at=40)
    close("TRANSFER-1", at=45)
    here.says(scan(60, "move", PALLET, location=BIN_B), at=60)
    assert stock(SITE) == {PHONE: 2, CABLE: 38}
    here.says(scan(70, "move", CARTON_1, location=BIN_B), at=70)
    assert stock(SITE) == {PHONE: 2, CABLE: 38}
    assert open_cases() == set()
    nothing_is_stored_otherwise_than_folded()


def test_an_order_whose_tote_is_home_again_stays_handed_over(here: Handheld, there: Handheld) -> None:
    goes_and_arrives(here, there)
    here.says(scan(60, "move", TOTE, location=BIN_B), at=60)
    with reading() as c:
        order = read_progress(c, SITE, ["TRANSFER-1"], DAY + 61 * MINUTE_MS)["TRANSFER-1"]
    assert {line.line.item: line.shipped for line in order.lines} == {PHONE: 2, CABLE: 4}


def test_pieces_that_a_supplier_sent_in_a_tote_left_with_it_and_do_not_come_home(
    here: Handheld, there: Handheld
) -> None:
    supplied(here)
    there.says(scan(40, "receive", TOTE, document="TRANSFER-1", location=DOCK), at=40)
    close("TRANSFER-1", at=45)
    for minute, place in ((60, BIN_B), (65, DOCK)):
        here.says(scan(minute, "move", TOTE, location=place), at=minute)
        assert stock(SITE) == {PHONE: 4, CABLE: 40}
    nothing_is_stored_otherwise_than_folded()


def test_pieces_that_a_supplier_sent_in_a_tote_are_gone_also_where_it_is_home_before_anybody_says_so(
    here: Handheld, there: Handheld
) -> None:
    supplied(here)
    there.says(scan(40, "receive", TOTE, document="TRANSFER-1", location=DOCK), at=40)
    here.says(scan(60, "move", TOTE, location=BIN_B), at=60)
    close("TRANSFER-1", at=65)
    assert stock(SITE) == {PHONE: 4, CABLE: 40}
    nothing_is_stored_otherwise_than_folded()


def supplied(here: Handheld) -> None:
    """Six cables come in the tote, by its label; it leaves with them and a phone."""
    gtin, sscc = CABLE.rpartition("/")[2], TOTE.rpartition("/")[2]
    take("asn", f"number,sscc,gtin,quantity\nASN-1,{sscc},{gtin},6\n", now_ms=DAY + 2 * MINUTE_MS)
    here.says(scan(5, "receive", TOTE, document="ASN-1", location=DOCK), at=5)
    assert stock(SITE) == {PHONE: 5, CABLE: 46}
    here.says(*packed(10, TOTE, "S0"), scan(20, "ship", TOTE), at=20)
    assert stock(SITE) == {PHONE: 4, CABLE: 40}


def test_a_unit_says_in_which_tote_it_left_and_the_tote_that_came_home_does_not_list_it(
    here: Handheld, there: Handheld
) -> None:
    goes_and_arrives(here, there)
    assert inside() == {unit("S0"): "shipped", unit("S1"): "shipped"}, "as long as it is away, what it took along"
    here.says(scan(60, "move", TOTE, location=BIN_B), at=60)
    assert inside() == {}
    with reading() as c:
        view = read_unit(c, SITE, unit("S0"), DAY + 61 * MINUTE_MS)
    assert view is not None
    assert (view.state.status, view.shipped_in, view.location) == ("shipped", TOTE, None)


def inside() -> dict[str, str]:
    with reading() as c:
        found, count = contents(c, SITE, TOTE)
    assert count == len(found)
    return {one.unit: one.status for one in found}


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_in_whatever_order_the_way_of_a_tote_is_heard_of_it_comes_home_empty(
    here: Handheld, door: Handheld, there: Handheld, order: tuple[int, int, int]
) -> None:
    told = [
        lambda at: here.says(*packed(10, TOTE, "S0", "S1", cables=4), scan(20, "ship", TOTE), at=at),
        lambda at: there.says(scan(40, "receive", TOTE, document="TRANSFER-1", location=DOCK), at=at),
        lambda at: door.says(scan(60, "move", TOTE, location=BIN_B), at=at),
    ]
    for minute, which in enumerate(order):
        told[which](70 + minute)
    close("TRANSFER-1", at=80)
    assert stock(SITE) == {PHONE: 3, CABLE: 36}
    nothing_is_stored_otherwise_than_folded()


@pytest.mark.parametrize("home", [True, False])
def test_what_goes_into_a_tote_that_came_home_is_told_of_once_it_leaves_again(
    here: Handheld, there: Handheld, home: int
) -> None:
    goes_and_arrives(here, there)
    here.says(*([scan(55, "move", TOTE, location=BIN_B)] if home else []), *packed(60, TOTE, "S2", cables=1), at=60)
    assert announced() == {"TRANSFER-1": {"S0", "S1"}}
    assert (stock(SITE), stock(NORTH)) == ({PHONE: 3, CABLE: 36}, {PHONE: 2, CABLE: 4})
    here.says(scan(70, "ship", TOTE), at=70)
    assert announced() == {"TRANSFER-1": {"S0", "S1"}, "TRANSFER-1-2": {"S2"}}
    assert stock(SITE) == {PHONE: 2, CABLE: 35}
    nothing_is_stored_otherwise_than_folded()


def comes_twice(here: Handheld, there: Handheld, *unloaded: two_sites.Said) -> None:
    """With two phones and four cables, and with a third phone and a cable; there nobody scans it out between."""
    here.says(*packed(10, TOTE, "S0", "S1", cables=4), scan(20, "ship", TOTE), at=20)
    there.says(scan(40, "receive", TOTE, document="TRANSFER-1", location=DOCK), *unloaded, at=53)
    here.says(*packed(60, TOTE, "S2", cables=1), scan(70, "ship", TOTE), at=70)
    assert announced() == {"TRANSFER-1": {"S0", "S1"}, "TRANSFER-1-2": {"S2"}}


SHELVED = (
    scan(50, "put_away", unit("S0"), location=BIN_A),
    scan(51, "put_away", unit("S1"), location=BIN_A),
    scan(52, "move", CABLE, quantity=4, origin=TOTE, location=BIN_A),
)


@pytest.mark.parametrize("shelved", [0, 1, 2, 3])
def test_a_tote_that_went_home_unscanned_brings_its_second_load_by_its_label(
    here: Handheld, there: Handheld, shelved: int
) -> None:
    comes_twice(here, there, *SHELVED[:shelved])
    assert stock(NORTH) == {PHONE: 2, CABLE: 4}, "what came the first time is there, whether it was scanned or not"
    there.says(scan(90, "receive", TOTE, document="TRANSFER-1-2", location=DOCK), at=90)
    assert stock(NORTH) == {PHONE: 3, CABLE: 5}
    for number in ("TRANSFER-1", "TRANSFER-1-2"):
        close(number, at=95)
    assert (stock(SITE), stock(NORTH)) == ({PHONE: 2, CABLE: 35}, {PHONE: 3, CABLE: 5})
    assert open_cases() == set()
    nothing_is_stored_otherwise_than_folded()


def test_what_the_second_load_of_a_tote_lacks_is_short_there_and_lost_here(here: Handheld, there: Handheld) -> None:
    comes_twice(here, there, *SHELVED)
    close("TRANSFER-1", at=54)
    close("TRANSFER-1-2", at=95)
    sscc, pieces = TOTE.rpartition("/")[2], CABLE.rpartition("/")[2]
    assert open_cases() - {("shipped_already", sscc)} == {
        ("short", "S2"),
        ("lost_in_transit", "S2"),
        ("pieces_missing", pieces),
    }
    assert stock(NORTH) == {PHONE: 2, CABLE: 4}


def comes_again_with_a_phone_alone(here: Handheld, there: Handheld, *unloaded: two_sites.Said) -> None:
    """With a phone and four cables, and then with another phone; there nobody scans it out between."""
    here.says(*packed(10, TOTE, "S0", cables=4), scan(20, "ship", TOTE), at=20)
    there.says(scan(40, "receive", TOTE, document="TRANSFER-1", location=DOCK), *unloaded, at=53)
    here.says(*packed(60, TOTE, "S2"), scan(70, "ship", TOTE), at=70)
    assert stock(NORTH) == {PHONE: 1, CABLE: 4}


def test_another_products_pieces_of_the_first_load_stay_where_the_second_load_has_none_of_them(
    here: Handheld, there: Handheld
) -> None:
    comes_again_with_a_phone_alone(here, there, SHELVED[2])
    there.says(scan(90, "receive", TOTE, document="TRANSFER-1-2", location=DOCK), at=90)
    assert stock(NORTH) == {PHONE: 2, CABLE: 4}
    nothing_is_stored_otherwise_than_folded()


def test_what_was_taken_out_of_the_first_load_is_heard_of_after_the_second_was_sent(
    here: Handheld, there: Handheld
) -> None:
    comes_twice(here, there)
    late = Handheld.of(NORTH, 4)
    late.says(*SHELVED, at=80)
    there.says(scan(90, "receive", TOTE, document="TRANSFER-1-2", location=DOCK), at=90)
    assert stock(NORTH) == {PHONE: 3, CABLE: 5}
    nothing_is_stored_otherwise_than_folded()


def packed_for(minute: int, number: str, cables: int) -> list[two_sites.Said]:
    said = {"quantity": cables, "document": number}
    return [scan(minute, "pick", CABLE, origin=BIN_A, **said), scan(minute, "pack", CABLE, container=TOTE, **said)]


def test_a_customers_parcel_that_comes_back_unopened_brings_what_a_fast_clock_packed_after_it_left_too(
    here: Handheld,
) -> None:
    take("order", f"number,gtin,quantity\nORDER-7,{CABLE.rpartition('/')[2]},5\n", now_ms=DAY)
    back = scan(30, "parcel_back", TOTE, location=DOCK, reason="refused")
    left = scan(20, "ship", TOTE, document="ORDER-7")
    here.says(*packed_for(10, "ORDER-7", 4), left, *packed_for(22, "ORDER-7", 1), back, at=31)
    assert stock(SITE) == {PHONE: 5, CABLE: 40}


def test_a_unit_that_two_handhelds_hand_over_left_when_the_first_did(here: Handheld, door: Handheld) -> None:
    take("order", f"number,gtin,quantity\nORDER-7,{PHONE.rpartition('/')[2]},1\n", now_ms=DAY)
    here.says(scan(10, "pick", unit("S0"), document="ORDER-7"), scan(20, "ship", unit("S0"), document="ORDER-7"), at=25)
    door.says(scan(29, "ship", unit("S0"), document="ORDER-7"), at=31)
    with reading() as c:
        view = read_unit(c, SITE, unit("S0"), DAY + 61 * MINUTE_MS)
    assert view is not None
    assert (view.state.status, view.state.status_ms) == ("shipped", DAY + 20 * MINUTE_MS)


@pytest.mark.parametrize("home", [42, 60])
def test_a_tote_that_was_closed_for_its_order_is_open_once_it_is_home(
    here: Handheld, there: Handheld, home: int
) -> None:
    shut = scan(15, "close_carton", TOTE, document="TRANSFER-1")
    here.says(*packed(10, TOTE, "S0"), shut, scan(20, "ship", TOTE), at=20)
    there.says(scan(40, "receive", TOTE, document="TRANSFER-1", location=DOCK), at=40)
    for minute in sorted((home, 50)):
        if minute == home:
            here.says(scan(home, "move", TOTE, location=BIN_B), at=home)
        else:
            close("TRANSFER-1", at=50)
    with reading() as c:
        view = read_unit(c, SITE, TOTE, DAY + 61 * MINUTE_MS)
    assert view is not None
    assert (view.location, view.state.closed) == (BIN_B, False)
