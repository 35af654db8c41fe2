"""Pieces of what has no units, at a handheld with no network: where they lie, and what is expected in a bin."""

from __future__ import annotations

import pytest

from scanner_client.bin_check import BinCheck, expectation
from scanner_client.handheld import Handheld
from scanner_client.pieces_map import Lying, Move, moved
from scanner_client.pieces_now import pieces_in
from scanner_client.session import Session
from scanner_client.sighting import Symbol, Told, Tone
from scanner_client.site_map import Cursor
from scanner_client.typed import Typing
from tests.scanner_client.labels import (
    A_01,
    A_02,
    BIN_1,
    CABLE,
    CABLE_LABEL,
    CARTON,
    CARTON_LABEL,
    Begin,
    Learn,
    asn,
    pieces,
    product,
    see,
)
from tests.scanner_client.test_order_now import TABLETS, ordering, tablets

OLD, NEW = f"{TABLETS}/10/L26A", f"{TABLETS}/10/L27B"
PLACES = [["location", key, {"code": key.rpartition("/")[2]}] for key in (A_01, A_02)]


@pytest.fixture
def warehouse(learn: Learn) -> Learn:
    learn(
        *PLACES,
        product(CABLE, "quantity"),
        product(TABLETS, "lot"),
        ordering("SO-1", {"item": TABLETS, "lot": None, "quantity": 5, "container": None}),
        pieces(NEW, A_01, 9, 1, "2030-06-30"),
        pieces(OLD, A_02, 3, 2, "2029-01-31"),
        pieces(CABLE, A_01, 4, 1),
    )
    return learn


def words(told: list[Told]) -> list[str]:
    return [one.text for one in told]


def checked(session: Session) -> BinCheck:
    return BinCheck(expectation(session.handheld, session.task, session.opening))


def test_the_lot_that_expires_first_is_picked_first_and_the_rest_of_the_next(warehouse: Learn, begin: Begin) -> None:
    session = begin("pick", document="SO-1")
    assert words(Typing(session).enter(b"/list")) == [
        "0 of 5",
        "A-01: 2 \u00d7 Thing: 2 of lot L27B",
        "A-02: 3 \u00d7 Thing: 3 of lot L26A",
    ]
    session = begin("pick", document="SO-1", location=A_02)
    session.counts(3)
    see(session, tablets("L26A"))
    assert words(Typing(session).enter(b"/list")) == ["3 of 5", "A-01: 2 \u00d7 Thing: 2 of lot L27B"]


def test_what_lies_at_the_dock_what_has_expired_and_what_is_recalled_is_not_suggested(
    warehouse: Learn, begin: Begin
) -> None:
    at_the_dock = pieces(NEW, A_01, 9, 1, "2030-06-30")
    at_the_dock[2] += [None, None, None, 1]  # type: ignore[operator]
    expired = pieces(OLD, A_02, 3, 2, "2023-01-31")
    warehouse(at_the_dock, expired)
    assert words(Typing(begin("pick", document="SO-1")).enter(b"/list"))[1:] == [
        "In no bin that this handheld knows: 5 \u00d7 Thing"
    ]


def test_who_takes_more_than_the_records_have_in_the_bin_is_told(warehouse: Learn, begin: Begin) -> None:
    session = begin("pick", document="SO-1", location=A_02)
    session.counts(2)
    assert see(session, tablets("L26A"))[0].text == "Right. Quantity 2."
    session.counts(2)
    [told] = see(session, tablets("L26A"))
    assert told.tone is Tone.LOOK
    assert told.text.startswith("Kept. By the records 1 of it are here")
    assert told.event is not None
    assert told.event.action == "pick", "who holds them knows better than the records"


def test_a_bins_count_says_how_many_pieces_are_missing_and_how_many_too_many(warehouse: Learn, begin: Begin) -> None:
    session = begin("count", document="CC-1")
    see(session, BIN_1)
    check = checked(session)
    assert check.summary() == "0 read; 13 still missing: 9 \u00d7 Thing L27B, 4 \u00d7 Thing."
    session.counts(3)
    check.told(see(session, CABLE_LABEL)[0])
    assert check.missing == ["9 \u00d7 Thing L27B", "1 \u00d7 Thing"]
    session.counts(11)
    check.told(see(session, tablets("L27B"))[0])
    assert check.summary() == "14 read; 1 still missing: 1 \u00d7 Thing; 2 more than expected."
    assert check.wrong == ["2 \u00d7 Thing L27B more than expected"]


def test_of_a_bin_that_is_counted_blind_nothing_is_known(warehouse: Learn, begin: Begin, handheld: Handheld) -> None:
    warehouse(["stock", f"* {A_01}", None])
    assert pieces_in(handheld, A_01) is None
    assert pieces_in(handheld, A_02) == {OLD: 3}
    [told] = see(begin("pick", document="SO-2", location=A_01), CABLE_LABEL)
    assert told.tone is Tone.GOOD, "that there are none cannot be said"
    warehouse(pieces(CABLE, A_01, 4, 1))
    assert pieces_in(handheld, A_01) == {CABLE: 3}


def test_a_carton_brings_its_pieces_along_and_its_own_scan_receives_them(
    warehouse: Learn, begin: Begin, handheld: Handheld
) -> None:
    carton = ["stored", A_02, A_02, None, None, None, 5, 5, "ASN-1"]
    warehouse(["unit", CARTON, carton], ["stock", f"{CABLE} {CARTON}", [0, None, None, 0, 12, "ASN-1"]])
    assert pieces_in(handheld, A_02) == {OLD: 3, CABLE: 12}
    shipped = ["shipped", None, None, None, None, None, 9, 9, "ASN-1"]
    warehouse(["unit", CARTON, shipped])
    assert pieces_in(handheld, A_02) == {OLD: 3}


def test_an_opened_carton_is_expected_to_hold_what_its_supplier_announced(warehouse: Learn, begin: Begin) -> None:
    warehouse(
        ["unit", CARTON, ["announced", None, None, "ASN-1", None, None]],
        ["stock", f"{CABLE} {CARTON}", [0, None, None, 0, 12, "ASN-1"]],
    )
    session = begin("receive", document="ASN-1", location=A_01)
    see(session, CARTON_LABEL)
    assert checked(session).missing == ["12 \u00d7 Thing"]


def test_another_incarnation_of_the_server_forgets_the_pieces(warehouse: Learn, handheld: Handheld) -> None:
    handheld.site_map.apply([], Cursor(cursor="1", incarnation="j"), more=False, clock=handheld.clock)
    assert handheld.site_map.pieces.size() == 0
    assert pieces_in(handheld, A_01) == {}


def test_more_pieces_than_wait_there_or_are_announced_are_kept_and_that_is_said(begin: Begin, learn: Learn) -> None:
    learn(asn(CABLE), product(CABLE, "quantity"), pieces(CABLE, CARTON, 3))
    putting = begin("put_away", location=A_01)
    putting.counts(4)
    [told] = see(putting, CABLE_LABEL)
    assert told.text.startswith("Kept. By the records 3 of it were in ")
    receiving = begin("receive", document="ASN-1", location=A_02)
    receiving.counts(4)
    assert see(receiving, CABLE_LABEL)[0].tone is Tone.GOOD
    receiving.counts(2)
    [told] = see(receiving, CABLE_LABEL)
    assert (told.tone, told.text) == (
        Tone.LOOK,
        "Kept. ASN-1 announces 1 more of it: look whether that is all of this delivery's. Quantity 2.",
    )


def test_a_lot_that_the_notice_does_not_announce_is_not_expected(begin: Begin, learn: Learn) -> None:
    notice = asn(CABLE)
    notice[2]["lines"][0]["lot"] = "L1"  # type: ignore[index]
    learn(notice, product(CABLE, "lot"))
    session = begin("receive", document="ASN-1", location=A_02)
    for lot, tone in ((b"L9", Tone.STOP), (b"L1", Tone.GOOD)):
        [told] = see(session, Symbol(data=b"0109506000134376" + b"10" + lot, symbology="]d2"))
        assert (told.tone, told.event is not None) == (tone, True)


def test_a_piece_that_is_packed_into_a_tote_after_one_of_those_that_stayed_was_taken_is_in_it() -> None:
    stayed = Lying(subject=CABLE, place=CARTON, quantity=4, apart=4)
    (now,) = moved([stayed], [Move(CABLE, CARTON, pieces, shelved=False) for pieces in (-1, 1)])
    assert (now.quantity, now.apart) == (4, 3)
