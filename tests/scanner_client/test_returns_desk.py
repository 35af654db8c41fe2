"""The returns desk at a handheld with no network: what came back is examined step by step, and the verdict is told."""

from __future__ import annotations

import pytest

from scanner_client.handheld import Handheld
from scanner_client.session import Session
from scanner_client.sighting import Sighting, Symbol, Told, Tone
from scanner_client.typed import Typing
from sync.because import STILL_NEEDED, Because, Outcome
from sync.marks import NUMBERED
from sync.verdict import Verdict
from tests.scanner_client.conftest import Hands
from tests.scanner_client.labels import (
    A_01,
    BIN_1,
    CARTON,
    CARTON_LABEL,
    IMEI_LABEL,
    ITEM,
    Begin,
    Learn,
    kept,
    product,
    see,
    unit,
    unit_label,
)

DESK = "https://warehouse.example/414/main/254/RETURNS"
IMEI, FAKE = "urn:gsma:imei:49015420-323751-0", Symbol(data=b"352099001761481", symbology="]C0")
DIGEST = "0" * 64


def sold(serial: str, order: str = "SO-1", marks: int | None = None, lot: str | None = None) -> list[object]:
    return ["unit", unit(serial), ["shipped", None, None, None, None, lot, *[None] * 3, 19000, None, order, marks]]


def order(number: str, customer: str) -> list[object]:
    lines = [{"item": ITEM, "lot": None, "quantity": 1, "container": None}]
    row = {"kind": "order", "state": "open", "lines": lines, "bins": [], "blind": False, "customer": customer}
    return ["document", number, row]


def rma(number: str, order_: str, customer: str, reason: str = "fit") -> list[object]:
    row = {"kind": "rma", "state": "open", "lines": [], "order": order_, "customer": customer, "reason": reason}
    return ["document", number, row | {"pieces": 1}]


KNOWN = (
    product(ITEM, "serial"),
    sold("S1", marks=NUMBERED),
    ["alias", IMEI, unit("S1")],
    order("SO-1", "anna"),
    rma("RMA-1", "SO-1", "anna"),
)


def began(begin: Begin, **task: object) -> Session:
    return begin("take_back", **({"location": DESK, "document": "RMA-1"} | task))


def looked_at(session: Session) -> Told:
    """Everything but the device's own number is said; the last verdict."""
    typing = Typing(session)
    typing.enter(b"/seal broken")
    typing.enter(b"/condition opened")
    return session.desk.pictured(DIGEST)[-1]


def because(told: Told) -> set[Because]:
    assert told.returned is not None
    return set(told.returned.because)


def test_an_honest_return_is_restocked_once_its_own_number_was_read(
    handheld: Handheld, begin: Begin, learn: Learn
) -> None:
    learn(*KNOWN)
    session = began(begin)
    [box] = see(session, unit_label("S1"))
    assert box.text.startswith("Next: read the number on the device itself")
    [own] = see(session, IMEI_LABEL)
    assert "how is the seal" in own.text
    told = looked_at(session)
    assert (told.tone, told.returned and told.returned.outcome) == (Tone.GOOD, Outcome.RESTOCK)
    [released] = Typing(session).enter(b"/restock")
    assert released.text == "Released. Put it away."
    assert [event.action for event in kept(handheld)] == [
        "take_back", "examine", "examine", "grade", "examine", "restock",
    ]  # fmt: skip
    assert kept(handheld)[0].reason == "fit"
    assert kept(handheld)[1].numbers == (IMEI,)


def test_a_box_that_is_scanned_again_later_comes_with_the_same_return_and_the_next_one_with_none(
    handheld: Handheld, begin: Begin, learn: Learn
) -> None:
    learn(*KNOWN, sold("S2", marks=NUMBERED))
    session = began(begin)
    see(session, unit_label("S1"))
    see(session, IMEI_LABEL)
    session = began(begin)  # the handheld was started again
    for serial in ("S1", "S1", "S2"):
        see(session, unit_label(serial))
    taken = [(event.subject, event.document) for event in kept(handheld) if event.action == "take_back"]
    assert taken == [(unit("S1"), "RMA-1"), (unit("S1"), "RMA-1"), (unit("S2"), None)]


def test_a_matching_label_alone_restocks_nothing(begin: Begin, learn: Learn) -> None:
    learn(*KNOWN)
    session = began(begin)
    see(session, unit_label("S1"))
    told = looked_at(session)
    assert because(told) == {Because.NUMBER_MISSING}
    [refused] = Typing(session).enter(b"/restock")
    assert (refused.tone, refused.event) == (Tone.ASK, None)


def test_what_stands_on_the_box_has_to_be_read_twice_to_be_the_devices_own(begin: Begin, learn: Learn) -> None:
    learn(*KNOWN)
    session = began(begin)
    see(session, unit_label("S1"))
    [asked] = see(session, unit_label("S1"))
    assert (asked.event, asked.text.startswith("That is what stands on its box.")) == (None, True)
    [own] = see(session, unit_label("S1"))
    assert own.event is not None


def test_the_tracker_knows_the_box_and_does_not_take_its_label_for_the_device(begin: Begin, learn: Learn) -> None:
    learn(*KNOWN)
    session = began(begin)
    see(session, unit_label("S1"), IMEI_LABEL, box=7)
    assert [told.event for _ in range(3) for told in see(session, IMEI_LABEL, box=7)] == [None] * 3


def test_a_fake_in_a_genuine_box_is_quarantined_by_its_own_number(
    handheld: Handheld, begin: Begin, learn: Learn
) -> None:
    learn(*KNOWN)
    session = began(begin)
    see(session, unit_label("S1"))
    [told] = see(session, FAKE)
    assert told.tone is Tone.STOP
    assert Because.NUMBERS_DISAGREE in because(told)
    assert kept(handheld)[-1].identifiers is None, "a fake's number is never joined to the unit"


def test_another_customers_unit_is_rejected_and_another_order_of_the_same_one_looked_at(
    begin: Begin, learn: Learn
) -> None:
    learn(*KNOWN, order("SO-2", "bert"), rma("RMA-2", "SO-2", "bert"), rma("RMA-3", "SO-3", "anna"), sold("S2"))
    [told] = see(began(begin, document="RMA-2"), unit_label("S1"))
    assert told.returned is not None
    assert (told.returned.outcome, told.tone) == (Outcome.REJECT, Tone.STOP)
    [told] = see(began(begin, document="RMA-3"), unit_label("S2"))
    assert Because.OTHER_ORDER in because(told)


def test_what_the_map_does_not_hold_cannot_be_told_here(begin: Begin, learn: Learn) -> None:
    learn(product(ITEM, "serial"))
    session = began(begin)
    [told] = see(session, unit_label("S9"))
    assert told.returned is not None
    assert told.returned.outcome is Outcome.CANNOT_TELL
    assert told.text.startswith("CANNOT TELL HERE: leave it in the returns hold place")


def test_one_whose_twin_is_on_our_shelf_is_quarantined_and_the_shelf_keeps_its_own(
    handheld: Handheld, begin: Begin, learn: Learn
) -> None:
    learn(*KNOWN, ["unit", unit("S5"), ["stored", A_01, A_01, None, None, None]])
    [told] = see(began(begin), unit_label("S5"))
    assert (told.tone, Because.TWIN_IN_STOCK in because(told)) == (Tone.STOP, True)
    assert handheld.site_map.find(unit("S5")) is not None


def test_what_is_said_of_one_whose_twin_is_on_our_shelf_is_asked_no_more(begin: Begin, learn: Learn) -> None:
    learn(*KNOWN, ["unit", unit("S5"), ["stored", A_01, A_01, None, None, None]])
    session = began(begin)
    see(session, unit_label("S5"))
    told = [Typing(session).enter(line)[-1] for line in (b"/seal intact", b"/condition new", b"/reason fit")][-1]
    assert because(told) & {*STILL_NEEDED} == {Because.NUMBER_MISSING, Because.PICTURE_MISSING}
    assert told.returned is not None
    assert told.returned.outcome is Outcome.QUARANTINE


def test_old_data_do_not_call_an_honest_return_a_clone(hands: Hands, begin: Begin, learn: Learn) -> None:
    learn(*KNOWN, ["unit", unit("S5"), ["stored", A_01, A_01, None, None, None]])
    hands.pass_ms(3 * 24 * 3_600_000)
    [told] = see(began(begin), unit_label("S5"))
    assert told.returned is not None
    assert told.returned.outcome is Outcome.CANNOT_TELL


def test_a_parcel_that_nobody_opened_is_no_return(handheld: Handheld, begin: Begin, learn: Learn) -> None:
    learn(*KNOWN, ["unit", CARTON, ["shipped", None, None, *[None] * 3]])
    session = began(begin, document=None)
    [asked] = see(session, CARTON_LABEL)
    assert (asked.tone, asked.event) == (Tone.ASK, None)
    [told] = Typing(session).enter(b"/undelivered")
    assert told.tone is Tone.GOOD
    assert [event.action for event in kept(handheld)] == ["parcel_back"]


def test_a_parcel_that_was_never_handed_over_is_called_mislaid(begin: Begin, learn: Learn) -> None:
    packed = ["packed", CARTON, CARTON, *[None] * 7, None, "SO-1"]
    learn(*KNOWN, ["unit", CARTON, ["packed", None, None, *[None] * 3]], ["unit", unit("S6"), packed])
    [told] = see(began(begin, document="SO-1"), unit_label("S6"))
    assert Because.NEVER_LEFT in because(told)
    assert not because(told) & {Because.TWIN_IN_STOCK, Because.OTHER_ORDER}
    session = began(begin, document=None)
    see(session, CARTON_LABEL)
    [kept_here] = Typing(session).enter(b"/undelivered")
    assert kept_here.text.startswith("Parcel back. By this handheld's data it was never handed over")


def test_a_unit_that_came_back_too_often_and_a_lot_that_failed_are_looked_at(begin: Begin, learn: Learn) -> None:
    often = ["returns", "*", {"unit_max": 1}]
    lots = ["returns", ITEM, {"failed_lots": [["L7", unit("S9")]]}]
    learn(*KNOWN, often, lots, sold("S3", marks=NUMBERED | 1 << 3), sold("S4", lot="L7"))
    [told] = see(began(begin), unit_label("S3"))
    assert Because.UNIT_LOOPS in because(told)
    [told] = see(began(begin), unit_label("S4"))
    assert Because.SIBLING_FAILED in because(told)


def test_a_return_goes_to_no_shelf_and_to_no_order_before_it_is_released(
    handheld: Handheld, begin: Begin, learn: Learn
) -> None:
    learn(*KNOWN)
    see(began(begin), unit_label("S1"))
    putting = begin("put_away")
    see(putting, BIN_1)
    [told] = see(putting, unit_label("S1"))
    assert (told.tone, told.judgement and told.judgement.verdict) == (Tone.STOP, Verdict.NOT_RELEASED)
    assert kept(handheld)[-1].action == "reject"
    [told] = see(begin("restock", location=DESK), unit_label("S1"))
    assert (told.tone, kept(handheld)[-1].action) == (Tone.STOP, "reject")


def test_the_next_parcels_return_is_not_the_last_ones(handheld: Handheld, begin: Begin, learn: Learn) -> None:
    learn(*KNOWN, sold("S2"))
    session = began(begin)
    see(session, unit_label("S1"))
    Typing(session).enter(b"/next")
    [told] = see(session, unit_label("S2"))
    assert Because.NO_CLAIM in because(told)
    told = see(session, Symbol(data=b"RMA-1", symbology="]C0"))[-1]
    assert Because.NO_CLAIM not in because(told)
    assert kept(handheld)[-1].document == "RMA-1"


@pytest.mark.parametrize("line", [b"/seal glued", b"/reason because", b"/restock", b"/undelivered", b"/next"])
def test_what_makes_no_sense_is_met_with_a_sentence_and_keeps_nothing(
    line: bytes, handheld: Handheld, begin: Begin
) -> None:
    [told] = Typing(began(begin)).enter(line)
    assert (told.tone, told.text.endswith(".")) == (Tone.ASK, True)
    assert kept(handheld) == []


def test_a_number_with_an_emoji_is_kept_as_it_is_and_compared_like_any(
    handheld: Handheld, begin: Begin, learn: Learn
) -> None:
    learn(*KNOWN)
    session = began(begin)
    see(session, unit_label("S1"))
    told = session.scan(Sighting(symbols=(Symbol(data="SN\N{GRINNING FACE}1".encode()),), entry="keyed"))[-1]
    assert told.event is not None
    assert told.text
    assert kept(handheld)[-1].barcode == "SN\N{GRINNING FACE}1".encode()
