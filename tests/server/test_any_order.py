"""Whatever undo or late scan comes in: what is stored and told to handhelds is what a fold of the whole ledger says."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from server.database import reading, writing
from server.setup import FOLD_VERSION
from server.tables import cases, server_state
from server.upkeep import verify
from sync.event import format_name
from tests.handheld import BIN_A, CABLE, CARTON_1, DOCK, PHONE, unit
from tests.server.running import NOW, SITE, Handheld, Person
from tests.server.site import push

PHONE_GTIN, CABLE_GTIN = PHONE.rpartition("/")[2], CABLE.rpartition("/")[2]
PLATE = "https://warehouse.example/21/LPN7"
PALLET = "https://id.gs1.org/00/395060001343520032"
IMEI = "urn:gsma:imei:49015420-323751-0"
FILES = {
    "order": f"number,gtin,quantity\nSO-1,{PHONE_GTIN},1\nSO-1,{CABLE_GTIN},3\n",
    "asn": f"number,gtin,quantity\nASN-1,{CABLE_GTIN},3\n",
    "asn ": f"number,gtin,quantity,sscc\nASN-2,{CABLE_GTIN},4,{CARTON_1.rpartition('/')[2]}\n",
}


@pytest.fixture
def shop(app: Flask, admin: Person) -> Person:
    with writing() as c:
        c.execute(server_state.update().values(fold_version=FOLD_VERSION))
    for kind, content in FILES.items():
        answer = admin.post(f"/api/v1/documents?kind={kind.strip()}", data=content)
        assert answer.status_code == 200, answer.text
    return admin


def send(handheld: Handheld, first: int, last: int | None = None) -> list[str]:
    """Send these of its scans; what is stored then and should not be, or the other way round."""
    push(handheld.chain, first, last or first, now_ms=NOW)
    return list(verify(SITE, lambda _: None))


def undo(handheld: Handheld, number: int, subject: str) -> None:
    """Undo one of its scans by its number; the undo does not say under which document that was."""
    name = format_name((handheld.chain.device_no, handheld.chain.epoch, number))
    handheld.scan("void", subject, voids=name, reason="mistake", minutes_ago=1)


def test_pieces_of_a_closed_receipt_are_there_again_once_the_undo_of_their_scan_is_undone(
    shop: Person, handheld: Handheld
) -> None:
    assert shop.post("/api/v1/receipts/ASN-1/close", json={}).status_code == 200
    handheld.scan("receive", CABLE, location=DOCK, document="ASN-1", quantity=3, minutes_ago=50)
    undo(handheld, 1, CABLE)
    undo(handheld, 2, CABLE)
    assert [send(handheld, number) for number in (1, 2, 3)] == [[], [], []]


@pytest.mark.parametrize("moved", [CARTON_1, PALLET])
def test_pieces_in_a_carton_that_a_closed_receipt_lacks_are_here_once_anything_is_done_with_it_or_its_pallet(
    shop: Person, handheld: Handheld, moved: str
) -> None:
    handheld.scan("pack", CARTON_1, container=PALLET, minutes_ago=55)
    send(handheld, 1)
    assert shop.post("/api/v1/receipts/ASN-2/close", json={}).status_code == 200
    handheld.scan("receive", CABLE, location=DOCK, document="ASN-2", quantity=1, minutes_ago=50)
    handheld.scan("put_away", moved, location=BIN_A, minutes_ago=40)
    undo(handheld, 3, moved)
    assert [send(handheld, number) for number in (2, 3, 4)] == [[], [], []]


def test_pieces_that_a_closed_order_lacks_are_here_once_the_notice_comes_under_which_they_were_received(
    shop: Person, handheld: Handheld
) -> None:
    ordered, announced = (
        ("purchase_order", f"number,supplier,gtin,quantity\nPO-1,Acme,{CABLE_GTIN},3\n"),
        ("asn", f"number,supplier,po,gtin,quantity\nASN-9,Acme,PO-1,{CABLE_GTIN},3\n"),
    )
    assert shop.post(f"/api/v1/documents?kind={ordered[0]}", data=ordered[1]).status_code == 200
    assert shop.post("/api/v1/receipts/PO-1/close", json={}).status_code == 200
    handheld.scan("receive", CABLE, location=DOCK, document="ASN-9", quantity=3, minutes_ago=50)
    assert send(handheld, 1) == []
    assert shop.post(f"/api/v1/documents?kind={announced[0]}", data=announced[1]).status_code == 200
    assert list(verify(SITE, lambda _: None)) == []
    with reading() as c:
        assert c.execute(sa.select(cases.c.status).where(cases.c.document == "PO-1")).scalars().all() == ["explained"]


@pytest.mark.parametrize(("first", "other", "document"), [(unit("S1"), unit("S2"), None), (CABLE, CABLE, "SO-1")])
def test_an_order_has_more_than_it_asks_for_once_it_is_undone_that_some_was_put_away(
    shop: Person, handheld: Handheld, first: str, other: str, document: str | None
) -> None:
    quantity = 3 if first == CABLE else None
    for minutes_ago, action, subject in ((50, "pick", first), (40, "put_away", first), (30, "pick", other)):
        number = "SO-1" if action == "pick" else document
        handheld.scan(action, subject, location=BIN_A, document=number, quantity=quantity, minutes_ago=minutes_ago)
    undo(handheld, 2, first)
    assert [send(handheld, 1, 3), send(handheld, 4)] == [[], []]


def test_an_order_has_more_than_it_asks_for_once_two_labels_turn_out_to_be_two_units(
    shop: Person, handheld: Handheld
) -> None:
    handheld.scan("pick", unit("S1"), location=BIN_A, document="SO-1", minutes_ago=50)
    handheld.scan("pick", IMEI, location=BIN_A, document="SO-1", minutes_ago=40)
    handheld.scan("link", unit("S1"), identifiers=(IMEI,), minutes_ago=30)
    handheld.scan("unlink", unit("S1"), identifiers=(IMEI,), reason="two boxes", minutes_ago=20)
    assert [send(handheld, 1, 3), send(handheld, 4)] == [[], []]


def test_handhelds_hear_that_pieces_have_left_with_the_pallet_under_their_carton(
    shop: Person, handheld: Handheld
) -> None:
    handheld.scan("pack", CABLE, container=CARTON_1, document="SO-1", quantity=2, minutes_ago=50)
    handheld.scan("move", CARTON_1, container=PALLET, location=DOCK, minutes_ago=40)
    handheld.scan("ship", PALLET, minutes_ago=30)
    handheld.scan("parcel_back", PALLET, location=DOCK, reason="nobody there", minutes_ago=20)
    assert [send(handheld, number) for number in (1, 2, 3, 4)] == [[], [], [], []]


def test_of_two_units_with_one_number_the_other_is_told_by_the_name_that_it_has_got_since(
    shop: Person, handheld: Handheld
) -> None:
    for minutes_ago, serial in ((50, "S1"), (40, "S2")):
        handheld.scan("link", unit(serial), identifiers=(IMEI,), minutes_ago=minutes_ago)
    handheld.scan("link", PLATE, identifiers=(unit("S2"),), minutes_ago=30)
    undo(handheld, 3, PLATE)
    assert [send(handheld, 1, 2), send(handheld, 3), send(handheld, 4)] == [[], [], []]


def test_what_came_back_before_its_order_had_left_is_told_from_a_copy_however_it_is_heard_of(
    shop: Person, handheld: Handheld
) -> None:
    handheld.scan("pack", unit("S1"), container=CARTON_1, document="SO-1", minutes_ago=50)
    handheld.scan("take_back", unit("S1"), location=DOCK, reason="defect", minutes_ago=40)
    assert [send(handheld, 1), send(handheld, 2)] == [[], []]


BACK = ("take_back", unit("S1"), {"location": DOCK, "reason": "defect"})
SOLD_AND_BACK: dict[str, tuple[tuple[str, str, dict[str, Any]], ...]] = {
    "the hand-over is heard of after the return": (
        ("put_away", unit("S1"), {"location": BIN_A, "lot": "L1"}),
        ("ship", unit("S1"), {"document": "SO-1"}),
        BACK,
    ),
    "its carton's hand-over is heard of after the return": (
        ("pack", unit("S1"), {"container": CARTON_1, "document": "SO-1", "lot": "L1"}),
        ("ship", CARTON_1, {"document": "SO-1"}),
        BACK,
    ),
    "its parcel had come back before": (
        ("ship", unit("S1"), {"document": "SO-1", "lot": "L1"}),
        ("parcel_back", unit("S1"), {"location": DOCK, "reason": "nobody there"}),
        BACK,
    ),
    "the number under which it came back turns out to be its own": (
        ("ship", unit("S1"), {"document": "SO-1", "lot": "L1"}),
        ("link", unit("S1"), {"identifiers": (IMEI,)}),
        ("take_back", IMEI, BACK[2]),
    ),
    "the number under which it came back turns out to be another one's": (
        ("ship", unit("S1"), {"document": "SO-1", "lot": "L1", "identifiers": (IMEI,)}),
        ("unlink", unit("S1"), {"identifiers": (IMEI,), "reason": "another box"}),
        ("take_back", IMEI, BACK[2]),
    ),
}
"""Three scans in order of time; the second is heard of last."""


@pytest.mark.parametrize("story", SOLD_AND_BACK)
def test_handhelds_know_which_lots_failed_whatever_makes_a_return_of_it(
    shop: Person, handheld: Handheld, story: str
) -> None:
    for minutes_ago, (action, subject, said) in zip((50, 40, 30), SOLD_AND_BACK[story], strict=True):
        handheld.scan(action, subject, minutes_ago=minutes_ago, **said)
    assert [send(handheld, 1), send(handheld, 3), send(handheld, 2)] == [[], [], []]
