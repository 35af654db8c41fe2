"""Picking and packing with no network: the map, and what this handheld has scanned since."""

from __future__ import annotations

from collections.abc import Mapping

from scanner_client.handheld import Handheld
from scanner_client.sighting import Symbol, Told, Tone
from sync.marks import pack
from sync.unit import Status, UnitState
from sync.verdict import Verdict
from tests.scanner_client.labels import (
    A_01,
    A_02,
    BIN_1,
    CABLE,
    CABLE_LABEL,
    CARTON,
    CARTON_LABEL,
    ITEM,
    Begin,
    Learn,
    kept,
    pieces,
    product,
    see,
    unit,
    unit_label,
)


def ordering(number: str, *lines: Mapping[str, object], state: str = "open") -> list[object]:
    return ["document", number, {"kind": "order", "state": state, "lines": list(lines), "bins": [], "blind": False}]


def stored(serial: str, *more: object) -> list[object]:
    return ["unit", unit(serial), ["stored", A_01, A_01, None, None, *(more or (None,))]]


BENCH = "https://warehouse.example/414/main/254/BENCH"
PHONE = {"item": ITEM, "lot": None, "quantity": 1, "container": None}


def verdict(told: list[Told]) -> Verdict | None:
    return told[-1].judgement.verdict if told[-1].judgement else None


def test_a_unit_that_the_order_does_not_ask_for_is_rejected_and_the_scan_is_kept(
    handheld: Handheld, begin: Begin, learn: Learn
) -> None:
    learn(ordering("SO-1", {"item": CABLE, "lot": None, "quantity": 1, "container": None}), stored("S1"))
    session = begin("pick", document="SO-1", location=A_01)
    [told] = see(session, unit_label("S1"))
    assert (told.tone, told.text) == (Tone.STOP, "WRONG PRODUCT: SO-1 does not ask for it. Put it back.")
    [event] = kept(handheld)
    assert (event.action, event.reason, event.subject) == ("reject", "wrong_product", unit("S1"))
    assert see(session, unit_label("S1"))[0].tone is Tone.STOP, "who scans it again is told so again"


def test_each_reason_has_words_of_its_own(begin: Begin, learn: Learn) -> None:
    learn(
        ordering("SO-1", PHONE | {"quantity": 9}),
        ordering("SO-2", PHONE | {"unit": unit("S4")}),
        ["unit", unit("S1"), ["stored", A_01, A_01, *[None] * 9, 1]],
        ["unit", unit("S2"), ["stored", A_01, A_01, *[None] * 6, 19000, "2023-11-13"]],
        ["unit", unit("S3"), ["picked", None, A_01, *[None] * 6, 19000, None, "SO-7"]],
        stored("S4"),
        ["unit", unit("S5"), ["packed", CARTON, CARTON, None, None, None, 1, None, None, 19000, None, "SO-1"]],
        ["unit", CARTON, ["shipped", *[None] * 5, 2, 2]],
        stored("S6", *[None] * 7, pack(UnitState(status=Status.STORED, condition="wet"))),
    )
    session = begin("pick", document="SO-1", location=A_01)
    found = {serial: verdict(see(session, unit_label(serial))) for serial in ("S1", "S2", "S3", "S4", "S5", "S6")}
    assert found == {
        "S1": Verdict.QUARANTINED,
        "S2": Verdict.EXPIRED,
        "S3": Verdict.CLAIMED,
        "S4": Verdict.CLAIMED,
        "S5": Verdict.SHIPPED_ALREADY,
        "S6": Verdict.DAMAGED,
    }


def test_what_is_graded_damaged_is_taken_for_no_order_before_it_is_graded_anew(
    handheld: Handheld, begin: Begin, learn: Learn
) -> None:
    learn(ordering("SO-1", PHONE), stored("S1"))
    picking, receiving = begin("pick", document="SO-1", location=A_01), begin("inspect", location=A_01)
    see(receiving, unit_label("S1"))
    receiving.grade("wet", last=True)
    [told] = see(picking, unit_label("S1"))
    assert (told.tone, told.text) == (
        Tone.STOP,
        "DAMAGED (Wet, or it was): not taken. Take another one. If it may go out as it is, grade it anew.",
    )
    assert (kept(handheld)[-1].action, kept(handheld)[-1].reason) == ("reject", "damaged")
    see(receiving, unit_label("S1"))
    receiving.grade("new", last=True)
    assert verdict(see(picking, unit_label("S1"))) is Verdict.RIGHT


def test_a_unit_picked_here_is_known_as_picked_when_it_is_packed_before_any_sync(begin: Begin, learn: Learn) -> None:
    learn(ordering("SO-1", PHONE), ordering("SO-2", PHONE), stored("S1"), stored("S2"))
    see(begin("pick", document="SO-1", location=A_01), unit_label("S1"))
    packing = begin("pack", document="SO-2")
    see(packing, CARTON_LABEL)
    told = see(packing, unit_label("S1"))
    assert (verdict(told), told[0].text) == (
        Verdict.CLAIMED,
        "TAKEN: it belongs to SO-1. Put it back, and take another one.",
    )
    packing = begin("pack", document="SO-1")
    see(packing, CARTON_LABEL)
    assert verdict(see(packing, unit_label("S1"))) is Verdict.RIGHT
    assert verdict(see(packing, unit_label("S2"))) is Verdict.MORE_THAN_ORDERED


def test_undoing_a_pick_frees_the_unit_and_the_order(begin: Begin, learn: Learn) -> None:
    learn(ordering("SO-1", PHONE), stored("S1"), stored("S2"))
    session = begin("pick", document="SO-1", location=A_01)
    see(session, unit_label("S1"))
    assert verdict(see(session, unit_label("S2"))) is Verdict.MORE_THAN_ORDERED
    session.undo()
    session.undo()
    assert verdict(see(session, unit_label("S2"))) is Verdict.RIGHT


def test_units_that_others_picked_for_the_order_count_too(begin: Begin, learn: Learn) -> None:
    learn(
        ordering("SO-1", PHONE),
        ["unit", unit("S9"), ["picked", None, A_02, *[None] * 6, 19000, None, "SO-1"]],
        stored("S1"),
    )
    assert verdict(see(begin("pick", document="SO-1", location=A_01), unit_label("S1"))) is Verdict.MORE_THAN_ORDERED


def test_pieces_without_serials_are_held_against_the_order(begin: Begin, learn: Learn) -> None:
    order = ordering("SO-1", {"item": CABLE, "lot": None, "quantity": 3, "container": None})
    learn(order, product(CABLE, "quantity"), pieces(CABLE, A_01, 9))
    session = begin("pick", document="SO-1", location=A_01)
    session.counts(2)
    assert verdict(see(session, CABLE_LABEL)) is Verdict.RIGHT
    session.counts(2)
    assert verdict(see(session, CABLE_LABEL)) is Verdict.MORE_THAN_ORDERED
    assert verdict(see(session, CABLE_LABEL)) is Verdict.RIGHT


def test_an_order_that_was_cancelled_takes_nothing_more(begin: Begin, learn: Learn) -> None:
    learn(ordering("SO-1", PHONE, state="cancelled"), stored("S1"))
    [told] = see(begin("pick", document="SO-1", location=A_01), unit_label("S1"))
    assert told.text == "SO-1 was cancelled: not taken. Put it back."


def test_quality_holds_units_back_with_one_reason_and_lets_them_go_again(
    handheld: Handheld, begin: Begin, learn: Learn
) -> None:
    learn(ordering("SO-1", PHONE), stored("S1"))
    [told] = see(begin("quarantine", reason="seal broken"), unit_label("S1"))
    assert (told.tone, kept(handheld)[-1].reason) == (Tone.GOOD, "seal broken")
    assert verdict(see(begin("pick", document="SO-1", location=A_01), unit_label("S1"))) is Verdict.QUARANTINED
    see(begin("clear", reason="new seal"), unit_label("S1"))
    assert verdict(see(begin("pick", document="SO-1", location=A_01), unit_label("S1"))) is Verdict.RIGHT


TABLETS = "https://id.gs1.org/01/09506000134369"


def tablets(lot: str) -> Symbol:
    return Symbol(data=b"010950600013436910" + lot.encode(), symbology="]d2")


def test_pieces_that_the_server_has_count_for_the_order_together_with_those_scanned_since(
    begin: Begin, learn: Learn
) -> None:
    order = ordering(
        "SO-1",
        {"item": CABLE, "lot": None, "quantity": 3, "container": None},
        {"item": TABLETS, "lot": "L26A", "quantity": 2, "container": None},
    )
    stock = [pieces(CABLE, A_01, 9), pieces(f"{TABLETS}/10/L26A", A_01, 9)]
    learn(order, product(CABLE, "quantity"), product(TABLETS, "lot"), *stock)
    session = begin("pick", document="SO-1", location=A_01)
    session.counts(2)
    see(session, CABLE_LABEL)
    assert session.pick_list is not None
    assert session.pick_list.done == 2
    session.undo()
    order[2] |= {  # type: ignore[operator]
        "picked": [{"subject": CABLE, "quantity": 2}, {"subject": f"{TABLETS}/10/L26A", "lot": "L26A", "quantity": 1}],
        "packed": [{"subject": CABLE, "quantity": 1, "container": CARTON}],
    }
    learn(order)
    assert session.pick_list.done == 3
    assert verdict(see(session, tablets("L99X"))) is Verdict.WRONG_LOT
    assert verdict(see(session, tablets("L26A"))) is Verdict.RIGHT
    assert verdict(see(session, tablets("L26A"))) is Verdict.MORE_THAN_ORDERED
    assert verdict(see(session, CABLE_LABEL)) is Verdict.RIGHT
    assert verdict(see(session, CABLE_LABEL)) is Verdict.MORE_THAN_ORDERED
    assert (session.pick_list.done, session.pick_list.stops) == (5, ())
    packing = begin("pack", document="SO-1")
    see(packing, CARTON_LABEL)
    packing.counts(2)
    see(packing, CABLE_LABEL)
    packing.counts(2)
    see(packing, tablets("L26A"))
    assert packing.packed is not None
    assert (packing.packed.done, packing.packed.missing) == (5, ())
    assert packing.close_carton()[0].text == "Closed. SO-1 is complete."


def test_what_no_line_asks_for_is_not_counted_as_picked(begin: Begin, learn: Learn) -> None:
    learn(ordering("SO-1", PHONE), stored("S1"))
    session = begin("pick", document="SO-1", location=A_01)
    see(session, Symbol(data=b"C39XK12QQZ", symbology="]C0"))
    see(session, unit_label("S1"))
    assert session.pick_list is not None
    assert (session.pick_list.done, session.pick_list.asked) == (1, 1)


def test_pieces_are_not_picked_before_it_is_known_from_which_bin(
    handheld: Handheld, begin: Begin, learn: Learn
) -> None:
    learn(ordering("SO-1", {"item": CABLE, "lot": None, "quantity": 3, "container": None}), product(CABLE, "quantity"))
    session = begin("pick", document="SO-1")
    session.counts(3)
    [told] = see(session, CABLE_LABEL)
    assert (told.tone, told.event, told.text) == (Tone.ASK, None, "Scan the label of the bin first.")
    see(session, BIN_1)
    see(session, CABLE_LABEL)
    [event] = kept(handheld)
    assert (event.action, event.quantity, event.location) == ("pick", 3, A_01)
    see(begin("pick", document="SO-2", origin=A_02), CABLE_LABEL)
    assert kept(handheld)[-1].origin == A_02


def test_a_unit_that_belongs_elsewhere_is_not_picked_before_it_is_scanned_at_its_bin(
    handheld: Handheld, begin: Begin, learn: Learn
) -> None:
    place = ["location", A_01, {"code": "A-01", "name": "", "zone": ""}]
    learn(place, ordering("SO-1", PHONE | {"quantity": 2}), stored("S1"), stored("S2"))
    session = begin("pick", document="SO-1", location=A_02)
    [told] = see(session, unit_label("S1"))
    assert (told.tone, told.text) == (Tone.STOP, "Belongs in A-01. Not taken for the order.")
    assert (kept(handheld)[-1].action, kept(handheld)[-1].reason) == ("reject", "known_elsewhere")
    assert session.pick_list is not None
    assert session.pick_list.done == 0
    see(session, BIN_1)
    assert verdict(see(session, unit_label("S1"))) is Verdict.RIGHT
    assert verdict(see(session, unit_label("S2"))) is Verdict.RIGHT
    assert session.pick_list.done == 2


def test_what_is_moved_out_of_its_order_into_quarantine_is_asked_for_again_and_on_a_bench_it_is_not(
    begin: Begin, learn: Learn
) -> None:
    for place, zone in ((A_01, ""), (A_02, "hold"), (BENCH, "packing")):
        learn(["location", place, {"code": place.rpartition("/")[2], "name": "", "zone": zone}])
    learn(ordering("SO-1", PHONE), ["unit", unit("S9"), ["packed", CARTON, CARTON, *[None] * 6, 19000, None, "SO-1"]])
    learn(stored("S1"), stored("S2"))
    picking = begin("pick", document="SO-1", location=A_01)
    see(begin("move", location=BENCH), unit_label("S9"))
    assert verdict(see(picking, unit_label("S1"))) is Verdict.MORE_THAN_ORDERED
    see(begin("move", location=A_02), unit_label("S9"))
    assert verdict(see(picking, unit_label("S1"))) is Verdict.RIGHT
    assert verdict(see(picking, unit_label("S2"))) is Verdict.MORE_THAN_ORDERED


def test_a_unit_that_is_picked_from_the_hold_zone_is_the_orders(begin: Begin, learn: Learn) -> None:
    learn(["location", A_01, {"code": "A-01", "name": "", "zone": "hold"}], ordering("SO-1", PHONE))
    learn(stored("S1"), stored("S2"))
    session = begin("pick", document="SO-1", location=A_01)
    assert verdict(see(session, unit_label("S1"))) is Verdict.RIGHT
    assert verdict(see(session, unit_label("S2"))) is Verdict.MORE_THAN_ORDERED
