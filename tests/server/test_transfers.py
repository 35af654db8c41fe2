"""Transfers between sites, by their numbers."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from server.database import reading, transact, writing
from server.ledger import record
from server.tables import documents, stock_levels
from server.transfers.book import _is_closed
from tests.handheld import CARTON_1, PHONE, unit
from tests.server.running import NOW, Handheld, Person
from tests.server.site import SITE, state_document


@pytest.mark.parametrize(("number", "closed"), [("TRANSFER-A_1", [True, False]), ("TRANSFER-AX1", [False, True])])
def test_the_close_of_one_transfers_receipt_closes_none_whose_number_only_looks_alike(
    warehouse: str, number: str, closed: list[bool]
) -> None:
    transact(
        lambda c: record(
            c, site=SITE, action="close_receipt", operator="Sam", now_ms=NOW, document=f"{number}/A", evidence="e"
        )
    )
    with reading() as c:
        assert [_is_closed(c, SITE, one) for one in ("TRANSFER-A_1", "TRANSFER-AX1")] == closed


def test_a_transfers_thousandth_hand_over_is_announced_like_its_first(
    app: Flask, admin: Person, handheld: Handheld
) -> None:
    admin.post("/api/v1/sites", json={"code": "north", "name": "North"})
    lines = b"number,gtin,quantity,to_site\nTRANSFER-9,09506000134352,2,north\n"
    assert admin.post("/api/v1/documents?kind=order", data=lines).status_code == 200
    earlier = ["TRANSFER-9", *(f"TRANSFER-9-{n}" for n in range(2, 1_001)), "TRANSFER-9-A", "TRANSFER-90-5000"]
    notice = {"site": "north", "kind": "asn", "rows": 0, "folded_rows": 0}
    with writing() as c:
        c.execute(documents.insert(), [notice | {"digest": number, "number": number} for number in earlier])
    handheld.scan("ship", unit("S1"), document="TRANSFER-9")
    assert handheld.push()["accepted"] == 1
    with reading() as c:
        made = c.execute(sa.select(documents.c.number).where(documents.c.event.isnot(None), documents.c.kind == "asn"))
        assert made.scalars().all() == ["TRANSFER-9-1001"]


def test_pieces_that_a_supplier_announced_there_count_no_more_once_a_transfer_brings_their_product_with_numbers(
    app: Flask, admin: Person, handheld: Handheld
) -> None:
    admin.post("/api/v1/sites", json={"code": "north", "name": "North"})
    awaited = sa.select(stock_levels.c.announced).where(stock_levels.c.site == "north")
    carton: list[dict[str, Any]] = [{"subject": CARTON_1}, {"subject": PHONE, "quantity": 3, "container": CARTON_1}]
    state_document("asn", "ASN-1", carton, now_ms=NOW - 9_000, where="north")
    with reading() as c:
        assert c.execute(awaited).scalars().all() == [3]
    lines = b"number,gtin,quantity,to_site\nTRANSFER-9,09506000134352,2,north\n"
    assert admin.post("/api/v1/documents?kind=order", data=lines).status_code == 200
    handheld.scan("ship", unit("S1"), document="TRANSFER-9")
    assert handheld.push()["accepted"] == 1
    with reading() as c:
        assert c.execute(awaited).scalars().all() == []
