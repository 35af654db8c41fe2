"""Cartons that leave: what is in them leaves with them, and a carton that was packed here is no stranger."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa

from server import contents, feed, inventory, queries
from server.changes import publish
from server.database import reading, stamp, writing
from server.ledger import record
from server.rebuild import advance, rebuild
from server.tables import cases
from tests.handheld import BIN_A, BIN_B, CABLE, CARTON_1, CARTON_2, DAY, PHONE, Chain, unit
from tests.server.site import SITE, assert_a_rebuild_changes_nothing, differences, enrol, folded, push, state_document

A1 = unit("A1")
PARCEL = "https://warehouse.example/21/1Z999AA10123456784"
NOW = DAY + 3_600_000
FOLDED_ANEW = [A1, CABLE, CARTON_1, CARTON_2, PARCEL]


@pytest.fixture
def packer(warehouse: str) -> Chain:
    """A handheld, and one unit that belongs in bin A."""
    state_document("stock", "S", [{"subject": A1, "location": BIN_A}], now_ms=DAY - 100_000)
    enrol(1)
    return Chain(1)


def view(now_ms: int = NOW) -> queries.UnitView:
    with reading() as c:
        found = queries.read_unit(c, SITE, A1, now_ms)
    assert found is not None
    return found


def strangers() -> list[str]:
    with reading() as c:
        return list(c.execute(sa.select(cases.c.unit).where(cases.c.rule == "unknown")).scalars())


def test_a_unit_leaves_with_its_carton(packer: Chain) -> None:
    packer.scan(DAY, "pack", A1, container=CARTON_1)
    packer.scan(DAY + 60_000, "ship", CARTON_1)
    push(packer, now_ms=NOW)
    found = view()
    assert (found.state.status, found.shipped_in, found.location, found.expected_location) == (
        "shipped", CARTON_1, None, None
    )  # fmt: skip
    assert view(DAY + 30_000).state.status == "packed"


def test_a_unit_leaves_with_the_pallet_that_its_carton_stands_on(packer: Chain) -> None:
    packer.scan(DAY, "pack", A1, container=CARTON_1)
    packer.scan(DAY + 60_000, "pack", CARTON_1, container=CARTON_2)
    packer.scan(DAY + 120_000, "ship", CARTON_2)
    push(packer, now_ms=NOW)
    assert (view().state.status, view().shipped_in) == ("shipped", CARTON_2)


def cases_of(key: str) -> list[tuple[str, str]]:
    with reading() as c:
        found = sa.select(cases.c.rule, cases.c.status).where(cases.c.unit == key, cases.c.rule == "in_itself")
        return [(row.rule, row.status) for row in c.execute(found)]


def test_a_carton_that_is_scanned_into_itself_or_its_contents_stays_where_it_is_and_is_a_case(packer: Chain) -> None:
    packer.scan(DAY, "put_away", CARTON_1, location=BIN_A)
    packer.scan(DAY + 1_000, "pack", A1, container=CARTON_1)
    packer.scan(DAY + 2_000, "pack", CARTON_2, container=CARTON_1)
    packer.scan(DAY + 3_000, "label_parcel", CARTON_1, identifiers=(PARCEL,))
    for at, name, carton in ((4_000, CARTON_1, CARTON_2), (5_000, PARCEL, CARTON_1)):
        packer.scan(DAY + at, "pack", name, container=carton)
    push(packer, now_ms=NOW)
    assert (view().state.status, view().location) == ("packed", BIN_A)
    assert cases_of(CARTON_1) == [("in_itself", "open")] * 2
    packer.scan(DAY + 10_000, "ship", CARTON_2)
    push(packer, first=len(packer.lines), now_ms=NOW)
    assert (view().state.status, view().location) == ("packed", BIN_A), "only what is in it left"
    piecemeal = folded()
    with writing() as c:
        rebuild(c, SITE, [A1, CARTON_1, CARTON_2, PARCEL], stamp(c))
    assert differences(piecemeal, folded()) == []


def test_a_decision_on_a_carton_that_lapsed_moves_nothing_that_is_in_it(packer: Chain) -> None:
    packer.scan(DAY, "put_away", CARTON_1, location=BIN_A)
    packer.scan(DAY + 1_000, "pack", A1, container=CARTON_1)
    push(packer, now_ms=NOW)
    said: dict[str, Any] = {
        "document": "case:misplaced:1.1.1",
        "evidence": "what was known before",
        "reason": "write_off",
    }
    with writing() as c:
        gone = record(c, site=SITE, action="settle", subject=CARTON_1, operator="Sam", now_ms=DAY + 2_000, **said)
        advance(c, SITE, [gone], stamp(c))
    assert (view().state.status, view().location) == ("packed", BIN_A)
    packer.scan(DAY + 3_000, "inspect", A1)
    push(packer, first=3, now_ms=NOW)
    assert (view().state.status, view().location) == ("packed", BIN_A)


def test_which_of_two_cartons_is_in_the_other_does_not_depend_on_which_scan_arrives_first(packer: Chain) -> None:
    enrol(2)
    late = Chain(2)
    packer.scan(DAY, "put_away", CARTON_1, location=BIN_A)
    packer.scan(DAY + 1_000, "put_away", CARTON_2, location=BIN_B)
    packer.scan(DAY + 2_000, "pack", A1, container=CARTON_1)
    late.scan(DAY + 3_000, "pack", CARTON_2, container=CARTON_1)
    packer.scan(DAY + 4_000, "pack", CARTON_1, container=CARTON_2)
    push(packer, now_ms=NOW)
    assert view().location == BIN_B
    push(late, now_ms=NOW)
    assert (view().location, cases_of(CARTON_1)) == (BIN_A, [("in_itself", "open")])
    late.scan(DAY + 9_000, "void", CARTON_2, voids="2.1.1", reason="mistake")
    push(late, first=2, now_ms=NOW)
    assert (view().location, cases_of(CARTON_1)) == (BIN_B, [])


def test_a_unit_that_was_packed_into_a_box_which_came_back_is_still_here(packer: Chain) -> None:
    packer.scan(DAY, "ship", CARTON_1)
    packer.scan(DAY + 60_000, "pack", A1, container=CARTON_1)
    push(packer, now_ms=NOW)
    assert (view().state.status, view().shipped_in) == ("packed", None)


def test_a_unit_that_was_taken_out_before_its_carton_was_shipped_is_still_here(packer: Chain) -> None:
    packer.scan(DAY, "pack", A1, container=CARTON_1)
    packer.scan(DAY + 60_000, "unpack", A1, location=BIN_A)
    packer.scan(DAY + 120_000, "ship", CARTON_1)
    push(packer, now_ms=NOW)
    assert (view().state.status, view().location) == ("picked", BIN_A)


def test_a_carton_that_was_packed_here_is_no_stranger_when_it_is_shipped(packer: Chain) -> None:
    packer.scan(DAY, "pack", A1, container=CARTON_1)
    packer.scan(DAY + 60_000, "ship", CARTON_1)
    packer.scan(DAY + 120_000, "ship", CARTON_2)
    push(packer, now_ms=NOW)
    assert strangers() == [CARTON_2]


def test_a_carton_is_no_stranger_once_the_late_scan_that_packed_it_is_here(packer: Chain) -> None:
    enrol(2)
    late = Chain(2)
    late.scan(DAY, "pack", A1, container=CARTON_1)
    packer.scan(DAY + 60_000, "ship", CARTON_1)
    push(packer, now_ms=NOW)
    assert strangers() == [CARTON_1]
    push(late, now_ms=NOW + 1_000)
    assert strangers() == []


def test_a_carton_packed_and_shipped_at_what_the_clocks_call_one_moment_is_no_stranger(packer: Chain) -> None:
    packer.scan(DAY, "pack", A1, container=CARTON_1)
    packer.scan(DAY, "ship", CARTON_1)
    push(packer, now_ms=NOW)
    assert strangers() == []


@pytest.mark.parametrize(
    ("action", "said"),
    [
        ("reject", {"reason": "shipped_already", "document": "SO-2"}),
        ("grade", {"condition": "damaged"}),
        ("link", {"identifiers": ("urn:gsma:imei:49015420-323751-0",)}),
    ],
)
def test_a_unit_that_left_with_its_carton_is_not_brought_back_by_a_word_about_it(
    packer: Chain, action: str, said: dict[str, object]
) -> None:
    packer.scan(DAY, "pack", A1, container=CARTON_1)
    packer.scan(DAY + 60_000, "ship", CARTON_1)
    packer.scan(DAY + 120_000, action, A1, location=BIN_A, **said)
    push(packer, now_ms=NOW)
    assert (view().state.status, view().shipped_in, view().state.place_ms) == ("shipped", CARTON_1, DAY)


def test_a_unit_seen_again_where_it_lies_is_there_since_that_scan(packer: Chain) -> None:
    packer.scan(DAY, "put_away", A1, location=BIN_A)
    packer.scan(DAY + 60_000, "inspect", A1, location=BIN_A)
    packer.scan(DAY + 120_000, "reject", A1, location=BIN_A, reason="wrong_product")
    push(packer, now_ms=NOW)
    assert view().state.place_ms == DAY + 60_000


def test_what_left_under_a_tracking_number_left_with_it_though_the_number_is_linked_only_later(packer: Chain) -> None:
    packer.scan(DAY, "pack", A1, container=CARTON_1)
    packer.scan(DAY + 60_000, "ship", PARCEL)
    packer.scan(DAY + 120_000, "inspect", A1, location=BIN_A)
    push(packer, now_ms=NOW)
    packer.scan(DAY + 180_000, "label_parcel", CARTON_1, identifiers=(PARCEL,))
    push(packer, 4, now_ms=NOW)
    assert_a_rebuild_changes_nothing(*FOLDED_ANEW)


def test_two_cartons_with_one_tracking_number_left_under_neither(packer: Chain) -> None:
    packer.scan(DAY, "pack", A1, container=CARTON_1)
    packer.scan(DAY + 10_000, "label_parcel", CARTON_1, identifiers=(PARCEL,))
    packer.scan(DAY + 60_000, "ship", PARCEL)
    packer.scan(DAY + 120_000, "inspect", A1, location=BIN_A)
    push(packer, now_ms=NOW)
    packer.scan(DAY + 180_000, "label_parcel", CARTON_2, identifiers=(PARCEL,))
    push(packer, 5, now_ms=NOW)
    assert_a_rebuild_changes_nothing(*FOLDED_ANEW)


def test_what_stands_in_a_carton_is_found_by_an_index(warehouse: str) -> None:
    with reading() as c:
        indexes = {index["name"] for index in sa.inspect(c).get_indexes("document_rows")}
        assert "ix_document_rows_container" in indexes
        if c.dialect.name == "postgresql":
            return  # the plan of empty tables says nothing there
        for query, table in zip(contents.SAID_INSIDE, ("events", "document_rows"), strict=True):
            asked = query.params(site=SITE, keys=[CARTON_1])
            text = str(asked.compile(c, compile_kwargs={"literal_binds": True}))
            plan = [row[3] for row in c.execute(sa.text("EXPLAIN QUERY PLAN " + text))]
            assert any(f"ix_{table}_container" in step for step in plan), plan


PALLET = "https://id.gs1.org/00/395060001343520049"
A2 = unit("A2")


def listed() -> dict[str, tuple[str, str | None]]:
    with reading() as c:
        return {row["unit"]: (row["status"], row["place"]) for row in inventory.units(c, SITE, item=PHONE)}


def test_stock_lists_sums_and_the_feed_follow_the_cartons(packer: Chain) -> None:
    rows = [{"subject": A2, "container": CARTON_2}, {"subject": CARTON_2, "container": PALLET}, {"subject": PALLET}]
    state_document("asn", "ASN-1", rows, now_ms=DAY - 50_000)
    with writing() as c:
        publish(c, SITE, "item", PHONE, {"name": "Phone"}, stamp(c))
        publish(c, SITE, "location", BIN_A, {"code": "A-01", "zone": "A"}, stamp(c))
    packer.scan(DAY, "receive", PALLET, document="ASN-1", location=BIN_A)
    for at, serial in ((10_000, "B1"), (90_000, "B2")):  # the second goes into the same carton when it is back
        packer.scan(DAY + at, "pack", unit(serial), container=CARTON_1)
    packer.scan(DAY + 60_000, "ship", CARTON_1)
    push(packer, now_ms=NOW)
    assert listed() == {
        A1: ("stored", BIN_A),
        A2: ("received", CARTON_2),
        unit("B1"): ("shipped", None),
        unit("B2"): ("packed", CARTON_1),
    }
    with reading() as c:
        (product,) = inventory.products(c, SITE)
        (place,) = inventory.places(c, SITE)
        zones = inventory.by_zone(c, SITE, PHONE)
        shipped = [row["unit"] for row in inventory.units(c, SITE, status="shipped", limit=1)]
        packed = [row["unit"] for row in inventory.units(c, SITE, status="packed", limit=5)]
        changes = feed.read(c, SITE, None, now_ms=NOW, kinds=("unit",)).changes
    assert (product.by_status, product.in_stock) == ({"stored": 1, "received": 1, "shipped": 1, "packed": 1}, 3)
    assert (place.units, zones) == (2, {"A": 2, "in no bin": 1})
    assert (shipped, packed) == ([unit("B1")], [unit("B2")])
    told = {change.data["unit"]: change.data["status"] for change in changes}
    assert (told[A2], told[unit("B1")], told[unit("B2")]) == ("received", "shipped", "packed")


@pytest.mark.parametrize("late", [False, True], ids=["in order", "the packing is heard of late"])
def test_pieces_leave_in_their_carton_and_come_back_with_it(packer: Chain, *, late: bool) -> None:
    with writing() as c:
        publish(c, SITE, "item", CABLE, {"name": "Cable"}, stamp(c))
        publish(c, SITE, "location", BIN_A, {"code": "A-01", "zone": "A"}, stamp(c))
    packer.scan(DAY, "put_away", CABLE, location=BIN_A, quantity=10)
    packer.scan(DAY + 1_000, "pick", CABLE, location=BIN_A, document="SO-1", quantity=3)
    packer.scan(DAY + 2_000, "pack", CABLE, container=CARTON_1, document="SO-1", quantity=3)
    packer.scan(DAY + 3_000, "ship", CARTON_1, document="SO-1")
    push(packer, 4 if late else 1, now_ms=NOW)
    if late:
        push(packer, 1, 3, now_ms=NOW)

    def cables() -> tuple[int, dict[str, int], list[tuple[str, int]]]:
        with reading() as c:
            (product,) = inventory.products(c, SITE)
            zones = inventory.by_zone(c, SITE, CABLE)
            return product.pieces, zones, queries.balances(c, SITE, CABLE)

    assert cables() == (7, {"A": 7}, [(BIN_A, 7)])
    with reading() as c:
        told = feed.read(c, SITE, None, now_ms=NOW, kinds=("stock",)).changes
    assert {change.data["place"]: change.data["quantity"] for change in told} == {BIN_A: 7, CARTON_1: 0}
    assert_a_rebuild_changes_nothing(*FOLDED_ANEW)
    packer.scan(DAY + 4_000, "parcel_back", CARTON_1, location=BIN_A, reason="undelivered")
    push(packer, 5, now_ms=NOW)
    assert cables() == (10, {"A": 10}, [(CARTON_1, 3), (BIN_A, 7)])


def test_a_unit_that_was_packed_under_its_cartons_other_label_leaves_when_that_label_does(packer: Chain) -> None:
    packer.scan(DAY - 60_000, "label_parcel", CARTON_1, identifiers=(CARTON_2,))
    packer.scan(DAY, "pack", A1, container=CARTON_2)
    packer.scan(DAY + 60_000, "ship", CARTON_2)
    push(packer, now_ms=NOW)
    found = view()
    assert (found.state.status, found.shipped_in, found.location) == ("shipped", CARTON_2, None)


def test_a_unit_that_was_packed_under_a_name_of_its_further_name_is_looked_at_again_when_its_carton_moved(
    packer: Chain,
) -> None:
    board, imei = unit("BOARD-1"), "urn:gsma:imei:49015420-323751-0"
    packer.scan(DAY - 120_000, "link", board, identifiers=(imei,), reason="its modem")
    packer.scan(DAY - 60_000, "link", A1, identifiers=(board,), reason="its board")
    packer.scan(DAY, "pack", imei, container=CARTON_1)
    packer.scan(DAY + 60_000, "move", CARTON_1, location=BIN_A)
    packer.scan(DAY + 120_000, "inspect", A1, location=BIN_B)
    push(packer, 1, 3, now_ms=NOW)
    push(packer, 5, now_ms=NOW)
    push(packer, 4, 4, now_ms=NOW)
    with reading() as c:
        assert c.execute(sa.select(cases.c.expected).where(cases.c.rule == "misplaced")).scalars().all() == [BIN_A]
    assert_a_rebuild_changes_nothing(A1)
