"""What changes the account of a closed receipt's pieces later, though nothing is received under its number."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from server.counts.plan import Sort
from server.database import reading, writing
from server.receipts.receipt import close_receipt
from server.receipts.sampling import set_rule
from server.tables import cases, document_rows, documents
from server.transfers.withdrawal import withdraw
from server.upkeep import verify
from sync.event import format_name
from sync.identity import own_location_key, unit_key
from tests.handheld import BIN_A, CABLE, CARTON_1, DAY, DOCK, PHONE, Chain, unit
from tests.server.counting import Counting, begin
from tests.server.counting import close as close_count
from tests.server.office import LAMP, LOCATIONS, PRODUCTS, office, take
from tests.server.site import SITE, enrol, push, state_document

CLOSED = DAY + 3_600_000
A1, A2 = unit("A1"), unit("A2")
TOTE: list[dict[str, Any]] = [{"subject": CABLE, "quantity": 3, "container": CARTON_1}, {"subject": CARTON_1}]
"""Lines of a notice: three cables in it."""


@pytest.fixture
def chain(warehouse: str) -> Chain:
    enrol(1)
    return Chain(1)


def close(number: str, now_ms: int) -> None:
    with writing() as c:
        close_receipt(c, site=SITE, number=number, operator="Sam", now_ms=now_ms)


def told(number: str) -> str:
    """How the case of its pieces stands."""
    with reading() as c:
        query = sa.select(cases.c.status).where(cases.c.rule == "pieces_missing", cases.c.document == number)
        return str(c.execute(query).scalar_one())


def strays() -> list[str]:
    """Cases that are stored otherwise than the facts say."""
    return [problem for problem in verify(SITE, lambda _: None) if "cases" in problem]


def test_two_serials_that_turn_out_to_be_one_phone_count_once_and_twice_again_when_that_is_taken_back(
    chain: Chain,
) -> None:
    state_document("asn", "ASN-1", [{"subject": PHONE, "quantity": 2}], now_ms=DAY - 9_000)
    chain.scan(DAY, "receive", A1, document="ASN-1", location=DOCK)
    push(chain, now_ms=DAY + 1_000)
    close("ASN-1", CLOSED)
    chain.scan(CLOSED + 1_000, "receive", A2, document="ASN-1", location=DOCK)
    state_document("asn", "ASN-9", [{"subject": A1}, {"subject": A2}], now_ms=DAY - 8_000)
    push(chain, 2, now_ms=CLOSED + 2_000)
    assert told("ASN-1") == "explained"
    joined = chain.scan(CLOSED + 3_000, "link", A1, identifiers=[A2])
    push(chain, 3, now_ms=CLOSED + 4_000)
    assert (told("ASN-1"), strays()) == ("open", [])
    name = f"{joined.device_no}.{joined.epoch}.{joined.seq}"
    chain.scan(CLOSED + 5_000, "void", A1, voids=name, reason="wrong label")
    push(chain, 4, now_ms=CLOSED + 6_000)
    assert (told("ASN-1"), strays()) == ("explained", [])


def test_units_that_a_closed_notice_says_are_not_in_their_carton_are_lacking_on_its_order_again(chain: Chain) -> None:
    state_document("purchase_order", "PO-1", [{"subject": PHONE, "quantity": 2}], now_ms=DAY - 9_500)
    lines: list[dict[str, Any]] = [{"subject": key, "container": CARTON_1} for key in (A1, A2)]
    lines += [{"subject": CARTON_1, "container": None}, {"subject": "PO-1", "attributes": {"fulfils": "PO-1"}}]
    state_document("asn", "ASN-1", lines, now_ms=DAY - 9_000)
    close("PO-1", DAY)
    assert told("PO-1") == "open"
    chain.scan(DAY + 1_000, "receive", CARTON_1, document="ASN-1", location=DOCK)
    chain.scan(DAY + 2_000, "receive", A1, document="ASN-1", location=DOCK, container=CARTON_1)
    push(chain, now_ms=DAY + 3_000)
    assert told("PO-1") == "explained"
    with writing() as c:
        set_rule(c, site=SITE, supplier=None, mode="all", value=0, operator="Sam", now_ms=DAY + 4_000)
    close("ASN-1", CLOSED)
    assert (told("PO-1"), strays()) == ("open", [])


def test_a_unit_that_a_stock_list_says_is_here_is_lacking_on_its_order_no_more(
    database_url: str, tmp_path: Path
) -> None:
    with office(database_url, tmp_path):
        for kind, file in (("products", PRODUCTS), ("locations", LOCATIONS)):
            take(kind, file)
        take("purchase_order", f"number,gtin,quantity\nPO-1,{LAMP},2\n")
        take("asn", f"number,po,gtin,serial\nASN-1,PO-1,{LAMP},S1\nASN-1,PO-1,{LAMP},S2\n")
        close("PO-1", DAY)
        enrol(1)
        receiver = Chain(1)
        dock = own_location_key("warehouse.example", SITE, "DOCK")
        receiver.scan(DAY + 1_000, "receive", unit_key(LAMP, "S1"), document="ASN-1", location=dock)
        push(receiver, now_ms=DAY + 2_000)
        assert told("PO-1") == "open"
        take("stock", f"gtin,serial,location\n{LAMP},S2,A-01\n", now_ms=CLOSED)
        assert (told("PO-1"), strays()) == ("explained", [])


def test_pieces_of_which_the_other_site_takes_the_hand_over_back_are_lacking_no_more(chain: Chain) -> None:
    lines = [{"subject": CABLE, "quantity": 9, "container": CARTON_1}, {"subject": CABLE, "quantity": 3}]
    state_document("asn", "TRANSFER-1", lines, now_ms=DAY - 9_000)
    close("TRANSFER-1", DAY)
    chain.scan(DAY + 1_000, "receive", CABLE, document="TRANSFER-1", location=DOCK, quantity=3)
    push(chain, now_ms=DAY + 2_000)
    assert told("TRANSFER-1") == "open"
    with writing() as c:
        query = sa.select(document_rows, documents.c.event).join(documents).where(document_rows.c.quantity == 9)
        said: dict[str, Any] = {"operator": "Sam", "reason": "taken back", "now_ms": CLOSED}
        withdraw(c, site=SITE, number="TRANSFER-1", rows=c.execute(query).mappings().all(), **said)
    assert (told("TRANSFER-1"), strays()) == ("explained", [])


def test_a_unit_that_going_live_found_on_the_shelf_is_lacking_on_its_order_no_more(chain: Chain) -> None:
    state_document("purchase_order", "PO-1", [{"subject": PHONE, "quantity": 2}], now_ms=DAY - 9_500)
    order = {"subject": "PO-1", "attributes": {"fulfils": "PO-1"}}
    state_document("asn", "ASN-1", [{"subject": A1}, {"subject": A2}, order], now_ms=DAY - 9_000)
    close("PO-1", DAY)
    chain.scan(DAY + 1_000, "receive", A1, document="ASN-1", location=DOCK)
    begin("GO", BIN_A, now_ms=DAY + 2_000, sort=Sort.TAKE_ON)
    Counting(chain, DAY + 3_000, number="GO")(BIN_A, A2)
    push(chain, now_ms=CLOSED)
    assert (told("PO-1"), strays()) == ("open", [])
    close_count("GO", now_ms=CLOSED + 1_000)
    assert (told("PO-1"), strays()) == ("explained", [])


def test_pieces_came_with_their_tote_also_after_another_notice_has_announced_the_tote_again(chain: Chain) -> None:
    state_document("asn", "ASN-1", TOTE, now_ms=DAY - 9_000)
    close("ASN-1", DAY)
    came = chain.scan(DAY + 1_000, "receive", CARTON_1, document="ASN-1", location=DOCK)
    chain.scan(DAY + 5_000, "ship", CARTON_1)
    push(chain, now_ms=DAY + 6_000)
    assert told("ASN-1") == "explained"
    state_document("asn", "ASN-2", TOTE, now_ms=DAY + 10_000)
    chain.scan(DAY + 11_000, "receive", CARTON_1, document="ASN-2", location=DOCK)
    push(chain, 3, now_ms=DAY + 12_000)
    assert (told("ASN-1"), strays()) == ("explained", [])
    chain.scan(DAY + 13_000, "void", CARTON_1, voids=format_name(came.name), reason="mistake")
    push(chain, 4, now_ms=DAY + 14_000)
    assert (told("ASN-1"), strays()) == ("open", [])


def test_that_a_tote_was_here_before_it_was_announced_again_may_be_heard_of_after_it_came_again(chain: Chain) -> None:
    state_document("asn", "ASN-1", TOTE, now_ms=DAY - 9_000)
    close("ASN-1", DAY)
    state_document("asn", "ASN-2", TOTE, now_ms=DAY + 10_000)
    chain.scan(DAY + 1_000, "receive", CABLE, document="ASN-1", location=DOCK, quantity=1)
    chain.scan(DAY + 2_000, "put_away", CARTON_1, location=BIN_A)
    chain.scan(DAY + 3_000, "ship", CARTON_1)
    chain.scan(DAY + 11_000, "receive", CARTON_1, document="ASN-2", location=DOCK)
    push(chain, 1, 1, now_ms=DAY + 12_000)
    push(chain, 3, now_ms=DAY + 13_000)
    assert (told("ASN-1"), strays()) == ("open", [])
    push(chain, 2, 2, now_ms=DAY + 14_000)
    assert (told("ASN-1"), strays()) == ("explained", [])
