from __future__ import annotations

import pytest

from scanner_client.handheld import Handheld
from scanner_client.session import Session
from scanner_client.sighting import Symbol, Tone
from sync.verdict import Verdict
from tests.scanner_client.labels import (
    A_01,
    A_02,
    BIN_1,
    CABLE,
    CABLE_LABEL,
    CARTON,
    CARTON_LABEL,
    IMEI_LABEL,
    ITEM,
    Begin,
    Learn,
    asn,
    kept,
    product,
    see,
    unit,
    unit_label,
)


def test_unit_known_by_its_imei_alone_is_judged(handheld: Handheld, begin: Begin, learn: Learn) -> None:
    imei = "urn:gsma:imei:49015420-323751-0"
    learn(["unit", unit("S1"), ["stored", A_02, A_02, None, None, None]], ["alias", imei, unit("S1")])
    [told] = see(begin("inspect", location=A_01), IMEI_LABEL)
    assert told.judgement is not None
    assert (told.judgement.verdict, told.judgement.belongs) == (Verdict.KNOWN_ELSEWHERE, A_02)
    assert kept(handheld)[0].subject == imei


def test_verdict_names_the_place_by_its_code(begin: Begin, learn: Learn) -> None:
    learn(
        ["unit", unit("S1"), ["stored", A_02, A_02, None, None, None]],
        ["location", A_02, {"code": "Aisle A 2", "name": "", "zone": ""}],
        ["item", ITEM, {"name": "Phone", "sku": "P", "mode": "serial", "serial_pattern": None}],
    )
    [told] = see(begin("inspect", location=A_01), unit_label("S1"))
    assert (told.thing, told.text, told.tone) == ("Phone S1", "Belongs in Aisle A 2.", Tone.STOP)


def test_recall_bites_on_a_unit_that_the_map_has_never_heard_of(begin: Begin, learn: Learn) -> None:
    learn(["recall", "R", {"number": "R", "reason": "Battery.", "item": ITEM, "lots": [], "units": []}])
    [told] = see(begin("put_away", location=A_01), unit_label("NEW"))
    assert (told.tone, told.text) == (Tone.STOP, "RECALLED: do not move it. Battery.")


def test_blind_counter_is_told_nothing_but_a_recall(begin: Begin, learn: Learn) -> None:
    learn(
        ["document", "CC-1", {"kind": "count", "state": "open", "lines": [], "bins": [A_01], "blind": True}],
        ["unit", unit("S1"), ["stored", A_02, A_02, None, None, None]],
        ["unit", unit("S3"), ["shipped", None, None, None, None, None]],
        ["recall", "R", {"number": "R", "reason": "Battery.", "item": None, "lots": [], "units": [unit("S2")]}],
    )
    session = begin("count", document="CC-1")
    see(session, BIN_1)
    [hidden], [bitten] = see(session, unit_label("S1")), see(session, unit_label("S2"))
    [shipped] = see(session, unit_label("S3"))
    assert (hidden.judgement, hidden.text, hidden.tone) == (None, "Kept.", Tone.GOOD)
    assert (shipped.judgement, shipped.text, shipped.tone) == (None, "Kept.", Tone.GOOD)
    assert bitten.judgement is not None
    assert bitten.judgement.verdict is Verdict.RECALLED


@pytest.mark.parametrize(
    ("lines", "verdict"),
    [
        ([{"item": CABLE, "lot": None, "quantity": 5, "container": None}], Verdict.RIGHT),
        ([{"item": ITEM, "lot": None, "quantity": 5, "container": None}], Verdict.NOT_EXPECTED),
        ([], Verdict.CANNOT_TELL),
    ],
)
def test_product_without_serials_is_compared_with_the_document(
    begin: Begin, learn: Learn, lines: list[object], verdict: Verdict
) -> None:
    learn(["document", "ASN-1", {"kind": "asn", "state": "open", "lines": lines, "bins": [], "blind": False}])
    [told] = see(begin("receive", document="ASN-1", location=A_01), CABLE_LABEL)
    assert told.judgement is not None
    assert told.judgement.verdict is verdict


def test_serial_of_a_product_that_the_asn_announces_by_quantity_is_right(begin: Begin, learn: Learn) -> None:
    learn(asn(ITEM), product(ITEM, "serial"))
    [told] = see(begin("receive", document="ASN-1", location=A_01), unit_label("S1"))
    assert told.judgement is not None
    assert told.judgement.verdict is Verdict.RIGHT


def pack_one(begin: Begin) -> Session:
    session = begin("pack", document="SO-1", location=A_01)
    see(session, CARTON_LABEL)
    see(session, unit_label("S1"))
    return session


def ship_carton(begin: Begin) -> Verdict | None:
    [told] = see(begin("ship", document="SO-1"), CARTON_LABEL)
    return told.judgement.verdict if told.judgement else None


def test_carton_packed_on_this_handheld_is_known_when_it_is_shipped(begin: Begin, learn: Learn) -> None:
    learn()
    pack_one(begin)
    assert ship_carton(begin) is Verdict.RIGHT
    assert ship_carton(begin) is Verdict.SHIPPED_ALREADY


def test_carton_whose_packing_was_undone_is_not_known(begin: Begin, learn: Learn) -> None:
    learn()
    pack_one(begin).undo()
    assert ship_carton(begin) is Verdict.CANNOT_TELL


def test_carton_that_nobody_packed_here_is_not_known(begin: Begin, learn: Learn) -> None:
    learn()
    assert ship_carton(begin) is Verdict.CANNOT_TELL


def test_what_another_notice_announces_is_told_by_that_notices_number(begin: Begin, learn: Learn) -> None:
    carton = ["announced", None, None, "TRANSFER-1-2"]
    learn(["unit", CARTON, carton], ["unit", unit("S1"), ["announced", CARTON, CARTON, "TRANSFER-1-2", CARTON]])
    session = begin("receive", document="TRANSFER-1", location=A_01)
    for label in (unit_label("S1"), CARTON_LABEL):
        said = "Not expected under TRANSFER-1: TRANSFER-1-2 announces it. Undo this, scan or type TRANSFER-1-2, and"
        assert see(session, label)[0].text == f"{said} scan it again."
        session.undo()
    see(session, Symbol(data=b"TRANSFER-1-2"))
    assert see(session, CARTON_LABEL)[0].text == "Right."


def test_a_unit_that_is_picked_for_this_very_order_is_told_so_and_one_of_another_order_is_taken(
    begin: Begin, learn: Learn
) -> None:
    learn(
        *(["unit", unit(serial), ["picked", None, A_01, *[None] * 6, 19000, None, order]]
          for serial, order in (("S1", "SO-1"), ("S2", "SO-2")))
    )  # fmt: skip
    session = begin("pick", document="SO-1", location=A_01)
    assert see(session, unit_label("S1"))[0].text == "It is picked already, for SO-1: go on with the list."
    assert see(session, unit_label("S2"))[0].text.startswith("TAKEN: it belongs to SO-2.")
