"""Totes and pallets that another site is told of once more: hand-overs undone, late news, a receipt in between."""

from __future__ import annotations

import pytest

from tests.handheld import BIN_A, BIN_B, CABLE, CARTON_1, CARTON_2, DAY, DOCK, PHONE, unit
from tests.server import test_transfer_notices as two_sites
from tests.server.office import take
from tests.server.site import SITE
from tests.server.test_totes import TOTE
from tests.server.test_transfer_notices import (
    NORTH,
    PALLET,
    Handheld,
    close,
    nothing_is_stored_otherwise_than_folded,
    open_cases,
    packed,
    scan,
    stock,
)
from tests.server.test_what_stayed import comes_on_a_pallet

here, door, there = two_sites.here, two_sites.door, two_sites.there


def order(number: str, **pieces: int) -> None:
    """A transfer to North of so many phones and cables."""
    rows = [f"{number},{PHONE.rpartition('/')[2]},{pieces['phones']},north"]
    rows += [f"{number},{CABLE.rpartition('/')[2]},{pieces['cables']},north"] if "cables" in pieces else []
    take("order", "\n".join(["number,gtin,quantity,to_site", *rows, ""]), now_ms=DAY)


def packed_for(number: str, minute: int, box: str, *serials: str, cables: int = 0) -> list[two_sites.Said]:
    loads = packed(minute, box, *serials, cables=cables)
    return [(at, action, subject, about | {"document": number}) for at, action, subject, about in loads]


@pytest.mark.parametrize("moved", [True, False])
def test_what_came_first_stays_there_where_the_second_hand_over_is_undone_before_the_receipt_is_closed(
    here: Handheld, there: Handheld, *, moved: bool
) -> None:
    here.says(*packed(10, TOTE, "S0", cables=4), scan(20, "ship", TOTE), at=20)
    there.says(scan(40, "receive", TOTE, document="TRANSFER-1", location=DOCK), at=40)
    home = [scan(60, "move", TOTE, location=BIN_B)] if moved else []
    here.says(*home, *packed(62, TOTE, "S2", cables=1), scan(70, "ship", TOTE), at=70)
    here.says(scan(75, "void", TOTE, voids=f"1.1.{len(here.chain.lines)}", reason="not sent"), at=76)
    close("TRANSFER-1", at=80)
    assert (stock(SITE), stock(NORTH)) == ({PHONE: 4, CABLE: 36}, {PHONE: 1, CABLE: 4})
    nothing_is_stored_otherwise_than_folded()


def test_a_carton_that_was_missed_at_the_door_and_is_told_anew_has_arrived_once_it_is_found(
    here: Handheld, door: Handheld, there: Handheld
) -> None:
    boxes = (TOTE, CARTON_2)
    loads = [*packed(10, TOTE, "S0", cables=4), *packed(10, CARTON_2, "S3")]
    here.says(*loads, *(scan(20, "ship", box) for box in boxes), at=20)
    there.says(scan(40, "receive", CARTON_2, document="TRANSFER-1", location=DOCK), at=40)
    close("TRANSFER-1", at=45)
    door.says(*packed(11, TOTE, "S1"), at=50)
    there.says(scan(60, "receive", TOTE, document="TRANSFER-1", location=DOCK), at=60)
    close("TRANSFER-1", at=65)
    here.says(scan(80, "move", TOTE, location=BIN_B), at=80)
    assert stock(SITE) == {PHONE: 2, CABLE: 36}
    nothing_is_stored_otherwise_than_folded()


def test_a_carton_that_is_home_off_its_pallet_before_the_receipt_is_closed_has_arrived_all_the_same(
    here: Handheld, there: Handheld
) -> None:
    comes_on_a_pallet(here, there)
    here.says(scan(60, "move", CARTON_1, location=BIN_B), at=60)
    close("TRANSFER-1", at=75)
    assert (stock(SITE), stock(NORTH)) == ({PHONE: 4, CABLE: 36}, {PHONE: 1, CABLE: 4})
    nothing_is_stored_otherwise_than_folded()


@pytest.mark.parametrize("closed", [True, False])
def test_late_news_of_a_carton_says_nothing_of_its_pallet_that_comes_with_another_transfer_by_now(
    here: Handheld, door: Handheld, there: Handheld, *, closed: bool
) -> None:
    order("TRANSFER-2", phones=2, cables=9)
    onto = scan(15, "move", CARTON_1, container=PALLET, location=BIN_A)
    here.says(*packed(10, CARTON_1, "S0"), onto, scan(20, "ship", PALLET), at=20)
    there.says(scan(40, "receive", PALLET, document="TRANSFER-1", location=DOCK), at=40)
    if closed:
        close("TRANSFER-1", at=45)
    here.says(
        scan(50, "move", PALLET, location=BIN_B),
        *packed_for("TRANSFER-2", 60, CARTON_2, "S3", cables=4),
        scan(62, "move", CARTON_2, container=PALLET, location=BIN_B),
        scan(70, "ship", PALLET),
        at=70,
    )
    door.says(*packed(11, CARTON_1, "S1"), at=75)
    there.says(scan(90, "receive", PALLET, document="TRANSFER-2", location=DOCK), at=90)
    close("TRANSFER-2", at=95)
    assert stock(NORTH) == {PHONE: 3, CABLE: 4}
    assert open_cases() == set()
    nothing_is_stored_otherwise_than_folded()


def test_a_hand_over_that_is_undone_one_trip_later_leaves_nothing_stored_that_the_ledger_does_not_say(
    here: Handheld, there: Handheld
) -> None:
    for number in ("TRANSFER-2", "TRANSFER-3"):
        order(number, phones=1)
    here.says(*packed(5, TOTE, "S0", cables=4), scan(10, "ship", TOTE, document="TRANSFER-1"), at=10)
    there.says(scan(15, "receive", TOTE, document="TRANSFER-1", location=DOCK), scan(20, "ship", TOTE), at=20)
    away = scan(30, "ship", TOTE, document="TRANSFER-2")
    here.says(*packed_for("TRANSFER-2", 25, TOTE, "S1"), away, at=30)
    void = f"1.1.{len(here.chain.lines)}"
    there.says(
        scan(35, "receive", TOTE, document="TRANSFER-2", location=DOCK),
        scan(36, "receive", CABLE, quantity=1, container=TOTE, location=DOCK),
        scan(40, "ship", TOTE),
        at=40,
    )
    away = scan(50, "ship", TOTE, document="TRANSFER-3")
    here.says(*packed_for("TRANSFER-3", 45, TOTE, "S2"), away, at=50)
    here.says(scan(60, "void", TOTE, voids=void, reason="not sent"), at=60)
    assert not any(stock(NORTH).values()), "all that came was scanned out with the tote, and the third load is awaited"
    nothing_is_stored_otherwise_than_folded()


def test_a_customers_tote_that_is_home_and_filled_anew_holds_none_of_the_pieces_that_left_in_it(here: Handheld) -> None:
    take("order", f"number,gtin,quantity\nORDER-7,{CABLE.rpartition('/')[2]},9\n", now_ms=DAY)

    def cables(minute: int, quantity: int) -> list[two_sites.Said]:
        about = {"quantity": quantity, "document": "ORDER-7"}
        return [
            scan(minute, "pick", CABLE, origin=BIN_A, **about),
            scan(minute, "pack", CABLE, container=TOTE, **about),
        ]

    here.says(*cables(10, 4), scan(20, "ship", TOTE, document="ORDER-7"), at=20)
    here.says(scan(30, "move", TOTE, location=BIN_B), *cables(40, 2), at=40)
    assert stock(SITE)[CABLE] == 36
    here.says(scan(50, "ship", TOTE, document="ORDER-7"), at=50)
    assert stock(SITE)[CABLE] == 34
    nothing_is_stored_otherwise_than_folded()


def test_a_tote_that_is_handed_over_once_more_is_announced_though_nobody_has_heard_what_is_in_it(
    here: Handheld, door: Handheld, there: Handheld
) -> None:
    here.says(*packed(10, TOTE, "S0", cables=4), scan(20, "ship", TOTE), at=20)
    there.says(scan(40, "receive", TOTE, document="TRANSFER-1", location=DOCK), at=40)
    close("TRANSFER-1", at=45)
    here.says(scan(70, "ship", TOTE, document="TRANSFER-1"), at=70)
    there.says(scan(80, "receive", TOTE, document="TRANSFER-1-2", location=DOCK), at=80)
    assert open_cases() == set(), "its label is right under the number that follows"
    door.says(*packed(60, TOTE, "S2", cables=1), at=90)
    close("TRANSFER-1-2", at=95)
    assert (stock(SITE), stock(NORTH)) == ({PHONE: 3, CABLE: 35}, {PHONE: 2, CABLE: 5})
    nothing_is_stored_otherwise_than_folded()


def test_what_is_heard_late_of_a_totes_load_came_with_it_and_not_after_the_tote_left_empty(
    here: Handheld, door: Handheld, there: Handheld
) -> None:
    here.says(*packed(10, TOTE, "S0", cables=4), scan(20, "ship", TOTE), at=20)
    there.says(scan(40, "receive", TOTE, document="TRANSFER-1", location=DOCK), at=40)
    here.says(scan(60, "move", TOTE, location=BIN_B), scan(70, "ship", TOTE, document="TRANSFER-1"), at=70)
    there.says(
        scan(80, "receive", TOTE, document="TRANSFER-1-2", location=DOCK),
        scan(81, "put_away", unit("S2"), location=BIN_A),
        scan(82, "move", CABLE, quantity=2, origin=TOTE, location=BIN_A),
        at=82,
    )
    door.says(*packed(62, TOTE, "S2", cables=2), at=90)
    there.says(scan(95, "ship", TOTE), at=95)
    here.says(*packed(100, TOTE, "S3", cables=1), scan(110, "ship", TOTE), at=110)
    close("TRANSFER-1-2", at=120)
    assert (stock(SITE), stock(NORTH)) == ({PHONE: 2, CABLE: 33}, {PHONE: 2, CABLE: 6})
    nothing_is_stored_otherwise_than_folded()
