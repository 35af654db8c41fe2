"""Whatever undo or late scan comes in: what is stored and told to handhelds is what a fold of the whole ledger says."""

from __future__ import annotations

import pytest
from flask import Flask

from server.database import writing
from server.setup import FOLD_VERSION
from server.tables import server_state
from server.upkeep import verify
from sync.event import format_name
from tests.handheld import CABLE, DOCK, PHONE
from tests.server.running import NOW, SITE, Handheld, Person
from tests.server.site import push

PHONE_GTIN, CABLE_GTIN = PHONE.rpartition("/")[2], CABLE.rpartition("/")[2]
FILES = {
    "order": f"number,gtin,quantity\nSO-1,{PHONE_GTIN},1\nSO-1,{CABLE_GTIN},3\n",
    "asn": f"number,gtin,quantity\nASN-1,{CABLE_GTIN},3\n",
}


@pytest.fixture
def shop(app: Flask, admin: Person) -> Person:
    with writing() as c:
        c.execute(server_state.update().values(fold_version=FOLD_VERSION))
    for kind, content in FILES.items():
        answer = admin.post(f"/api/v1/documents?kind={kind}", data=content)
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
