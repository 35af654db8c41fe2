"""What a recall reaches, by each thing that one can ask for: where it is, and what is only possible."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from flask import Flask

from server.changes import pull
from server.database import reading, stamp, writing
from server.recalls.asked import Asked, RecallError, row_of
from server.recalls.notices import UnknownSupplierError, refresh
from server.recalls.reach import Reached, Where, reached, totals
from sync.identity import lot_key
from sync.recall import Recall
from tests.handheld import BIN_A, CABLE, CARTON_1, DOCK, PHONE, unit
from tests.server.recalls.scene import GTIN, LOT_C, MINUTE, begin, fill
from tests.server.running import NOW, SITE, Handheld
from tests.server.site import state_document


def reach(**asked: Any) -> list[Reached]:
    with reading() as connection:
        row = row_of(connection, SITE, Asked(reason="battery", **asked))
        return reached(connection, SITE, Recall.from_row(row), NOW)


def serials(found: list[Reached], *, sure: bool = True) -> set[str]:
    return {one.subject.rpartition("/")[2] for one in found if one.sure is sure}


LOT_1 = {"BIN1", "BIN2", "BOXED", "PICKED", "PACKED", "SOLD", "COMING"}
CAME = (LOT_1 | {"OTHER", "UNREAD"}) - {"COMING"}


def test_a_lot_that_only_a_refused_scan_reads_is_known_from_it(app: Flask, handheld: Handheld) -> None:
    fill(handheld)
    handheld.scan("reject", unit("UNREAD"), lot="L1", location=BIN_A, reason="recalled", minutes_ago=5)
    handheld.push(first=len(handheld.chain.lines))
    assert serials(reach(product=GTIN, lots=["L1"])) == LOT_1 | {"UNREAD"}
    assert [one.place for one in reach(product=GTIN, lots=["L1"]) if one.subject == unit("UNREAD")] == [BIN_A]


def test_a_lot_is_found_in_every_kind_of_place_and_the_numbers_add_up(app: Flask, handheld: Handheld) -> None:
    fill(handheld)
    found = reach(product=GTIN, lots=["L1"])
    assert (serials(found), serials(found, sure=False)) == (LOT_1, {"UNREAD"})
    counted = totals(found)
    assert counted == {
        Where.COMING: (1, 0),
        Where.BIN: (2, 1),
        Where.CARTON: (1, 0),
        Where.PICKED: (1, 0),
        Where.PACKED: (1, 0),
        Where.CUSTOMER: (1, 0),
    }
    assert sum(map(sum, counted.values())) == len(found) == 8
    sold = next(one for one in found if one.where is Where.CUSTOMER)
    assert sold.order == "SO-3"


@pytest.mark.parametrize(
    ("asked", "sure", "possible"),
    [
        ({"supplier": "acme"}, LOT_1 | {"OTHER", "UNREAD"}, set()),
        ({"supplier": "Acme", "lots": ["L2"]}, {"OTHER"}, {"UNREAD"}),
        ({"receipts": ["ASN-2"]}, {"COMING"}, set()),
        ({"receipts": ["ASN-1"], "product": GTIN, "lots": ["L1"]}, LOT_1 - {"COMING"}, {"UNREAD"}),
        ({"serials": ["SOLD", "BIN1"], "product": GTIN}, {"SOLD", "BIN1"}, set()),
        ({"serials": ["SOLD"], "product": GTIN, "receipts": ["ASN-2"]}, {"SOLD", "COMING"}, set()),
        (
            {"product": GTIN, "since": "2026-05-27", "until": "2026-05-28"},
            (LOT_1 | {"OTHER", "UNREAD"}) - {"COMING"},
            {"COMING"},
        ),
        ({"product": GTIN, "until": "2026-05-27"}, set(), set()),
    ],
)
def test_by_supplier_delivery_lot_serial_and_all_of_them_together(
    app: Flask, handheld: Handheld, asked: dict[str, Any], sure: set[str], possible: set[str]
) -> None:
    fill(handheld)
    found = reach(**asked)
    assert (serials(found), serials(found, sure=False)) == (sure, possible)


def test_pieces_without_units_are_reached_by_their_lot_and_possibly_where_none_was_scanned(
    app: Flask, handheld: Handheld
) -> None:
    fill(handheld)
    state_document("order", "SO-9", [{"subject": CABLE, "quantity": 5}], now_ms=NOW - 100 * MINUTE)
    first = len(handheld.chain.lines) + 1
    handheld.scan("pick", CABLE, location=BIN_A, document="SO-9", quantity=3, minutes_ago=20)
    handheld.scan("pack", CABLE, container=CARTON_1, document="SO-9", quantity=3, minutes_ago=19)
    handheld.scan("ship", CARTON_1, document="SO-9", minutes_ago=18)
    handheld.push(first=first)
    found = reach(product="C2", lots=["C1"])
    assert [(one.subject, one.quantity, one.sure, one.where, one.order) for one in found] == [
        (LOT_C, 40, True, Where.BIN, None),
        (CABLE, 3, False, Where.CUSTOMER, "SO-9"),
    ]
    assert reach(product="C2", lots=["C2"])[0].sure is False, "three were sold of a lot that nobody scanned"


def test_pieces_that_left_for_an_order_which_was_never_imported_are_reached_all_the_same(
    app: Flask, handheld: Handheld
) -> None:
    handheld.scan("pack", LOT_C, container=CARTON_1, document="SO-99", quantity=3, minutes_ago=20)
    handheld.scan("ship", CARTON_1, document="SO-99", minutes_ago=19)
    handheld.push()
    found = reach(product="C2", lots=["C1"])
    assert [(one.quantity, one.where, one.order) for one in found] == [(3, Where.CUSTOMER, "SO-99")]


def test_a_notice_that_comes_in_later_is_of_the_recalled_supplier_too(app: Flask, handheld: Handheld) -> None:
    fill(handheld)
    begin(supplier="Acme")

    def named() -> list[str]:
        with reading() as c:
            changes, _, _ = pull(c, SITE, None)
        (row,) = [row for kind, _, row in changes if kind == "recall"]
        return list(row["notices"])

    assert named() == ["ASN-1", "ASN-2"]
    state_document("asn", "ASN-7", [{"subject": unit("NEXT"), "attributes": {"supplier": "ACME"}}], now_ms=NOW - MINUTE)
    with writing() as c:
        refresh(c, SITE, stamp(c))
    assert named() == ["ASN-1", "ASN-2", "ASN-7"]


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ({}, "names nothing: give a product"),
        ({"product": GTIN, "number": "RC/7"}, "is no number for a recall"),
        ({"product": GTIN, "number": "R" * 41}, "is no number for a recall"),
        ({"lots": ["L1"]}, "A lot number alone may be any maker's"),
        ({"product": GTIN, "serials": ["S1", "S\U0001f600"]}, "is no serial number: '\U0001f600' cannot stand in one"),
        ({"serials": ["\U0001f600"]}, "is no unit that is known here: name the product too"),
        ({"product": "123"}, "123"),
        ({"product": "NOPE"}, "There is no product 'NOPE' here: give its GTIN, its SKU"),
        ({"product": GTIN, "since": "2026-02-01", "until": "2026-01-01"}, "ends before it begins"),
        ({"product": GTIN, "since": "05/06/2026"}, "'05/06/2026' could be 2026-06-05 or 2026-05-06: write it as one"),
        ({"product": GTIN, "since": "yesterday"}, "'yesterday' is no day and no moment"),
        ({"product": GTIN, "place": "Z-9"}, "There is no location 'Z-9' here"),
        ({"supplier": "Nobody"}, "names a supplier 'Nobody'"),
        ({"receipts": ["ASN-9"]}, "There is no ASN and no purchase order 'ASN-9'"),
    ],
)
def test_what_cannot_be_recalled_is_told_in_a_sentence(
    app: Flask, handheld: Handheld, asked: dict[str, Any], sentence: str
) -> None:
    fill(handheld)
    with pytest.raises((RecallError, UnknownSupplierError)) as refused:
        reach(**asked)
    assert sentence in str(refused.value)


def test_serial_numbers_of_a_delivery_recall_no_other_product_that_came_then(app: Flask, handheld: Handheld) -> None:
    fill(handheld)
    handheld.scan("receive", f"{CABLE}/21/OTHER", location=DOCK, minutes_ago=9)
    handheld.push(first=len(handheld.chain.lines))
    with reading() as c:
        row = row_of(c, SITE, Asked(reason="battery", product=GTIN, serials=["BIN1"], since="2020-01-01"))
    assert row["item"] == PHONE
    found = reach(product=GTIN, serials=["BIN1"], since="2020-01-01")
    assert f"{CABLE}/21/OTHER" not in {one.subject for one in found}


def test_days_that_are_still_to_come_reach_only_what_is_on_its_way(app: Flask, handheld: Handheld) -> None:
    fill(handheld)
    state_document("stock", "S-2", [{"subject": unit("LISTED"), "location": BIN_A}], now_ms=NOW - 100 * MINUTE)
    found = reach(since="2035-01-01")
    assert {(one.subject, one.sure) for one in found} == {(unit("COMING"), False)}
    since = datetime.fromtimestamp(NOW / 1000 - 99 * 60, tz=UTC).isoformat()
    assert unit("LISTED") not in {one.subject for one in reach(since=since)}, "it was in stock before"


def test_the_last_day_counts_however_the_day_is_written(app: Flask) -> None:
    with reading() as c:
        asked = [
            Asked(reason="battery", product=GTIN, until=until)
            for until in ("2026-11-29", "20261129", "2026-W48-7", "29/11/2026")
        ]
        assert len({row_of(c, SITE, one)["received_until_ms"] for one in asked}) == 1


def test_a_piece_that_was_scanned_without_a_quantity_is_found_at_its_customer(app: Flask, handheld: Handheld) -> None:
    fill(handheld)
    state_document("order", "SO-9", [{"subject": CABLE, "quantity": 5}], now_ms=NOW - 100 * MINUTE)
    handheld.scan("pack", LOT_C, origin=BIN_A, container=CARTON_1, document="SO-9", minutes_ago=9)
    handheld.scan("ship", CARTON_1, document="SO-9", minutes_ago=8)
    handheld.push(first=len(handheld.chain.lines) - 1)
    found = [one for one in reach(lots=["C1"], product=CABLE.rpartition("/")[2]) if one.where is Where.CUSTOMER]
    assert [(one.subject, one.order, one.quantity) for one in found] == [(LOT_C, "SO-9", 1)]


def test_a_unit_is_named_by_any_further_name_of_it(app: Flask, handheld: Handheld) -> None:
    handheld.scan("receive", unit("S1"), location=DOCK, identifiers=("urn:gsma:imei:49015420-323751-0",))
    handheld.push()
    assert serials(reach(serials=["490154203237518"])) == {"S1"}
    assert lot_key(PHONE, "L1") not in {one.subject for one in reach(serials=["S1"])}
