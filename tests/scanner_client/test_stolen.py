"""What was reported stolen sounds an alarm at a handheld with no network, whatever is done with it."""

from __future__ import annotations

import pytest

from scanner_client.handheld import Handheld
from scanner_client.sighting import Symbol, Told, Tone
from sync.because import Because
from sync.identity import imei_key, serial_key
from sync.verdict import Verdict
from tests.scanner_client.labels import (
    A_01,
    BIN_1,
    CARTON,
    CARTON_LABEL,
    IMEI_LABEL,
    PHONE_LABEL,
    SERIAL_LABEL,
    Begin,
    Learn,
    asn,
    kept,
    product,
    see,
    unit,
    unit_label,
)
from tests.scanner_client.labels import ITEM as PHONE

WORDS = "STOLEN: reported as ST-1. Keep hold of it, and call your supervisor. Taken from the window."


def stolen(name: str, *, until_ms: int | None = None, of: str | None = None) -> list[object]:
    said = {"report": "ST-1", "reason": "Taken from the window.", "since_ms": 1, "until_ms": until_ms, "of": of}
    return ["stolen", name, {"thefts": [said]}]


def last(handheld: Handheld) -> tuple[str, str | None]:
    event = kept(handheld)[-1]
    return event.action, event.reason


def alarmed(told: Told) -> bool:
    return told.tone is Tone.ALARM and told.judgement is not None and told.judgement.verdict is Verdict.STOLEN


@pytest.mark.parametrize("action", ["receive", "put_away", "move", "pick", "pack"])
def test_a_stolen_unit_is_taken_for_nothing_though_this_handheld_never_heard_of_it(
    handheld: Handheld, begin: Begin, learn: Learn, action: str
) -> None:
    learn(stolen(unit("S1")))
    [told] = see(begin(action, location=A_01, container=CARTON, document="D-1"), unit_label("S1"))
    assert (told.tone, told.text) == (Tone.ALARM, WORDS)
    assert last(handheld) == ("reject", "stolen")
    [other] = see(begin(action, location=A_01, container=CARTON, document="D-1"), unit_label("S2"))
    assert not alarmed(other)


@pytest.mark.parametrize("action", ["inspect", "quarantine", "take_back"])
def test_who_looks_sets_apart_or_takes_back_is_told_and_the_scan_stays_what_it_is(
    handheld: Handheld, begin: Begin, learn: Learn, action: str
) -> None:
    learn(stolen(unit("S1")))
    [told] = see(begin(action, location=A_01, reason="held"), unit_label("S1"))
    assert told.tone is Tone.ALARM
    assert last(handheld)[0] == action


def test_a_blind_count_tells_it_all_the_same(begin: Begin, learn: Learn) -> None:
    count = {"kind": "count", "state": "open", "blind": True, "bins": [A_01]}
    learn(stolen(unit("S1")), ["document", "COUNT-1", count])
    session = begin("count", document="COUNT-1")
    see(session, BIN_1)
    assert alarmed(see(session, unit_label("S1"))[-1])


def test_it_is_known_by_its_imei_its_serial_number_alone_and_what_the_map_knows_of_it(
    begin: Begin, learn: Learn
) -> None:
    imei = imei_key("490154203237518")
    learn(stolen(imei), asn(PHONE), product(PHONE, "serial"))
    session = begin("receive", document="ASN-1", location=A_01)
    assert alarmed(see(session, PHONE_LABEL, SERIAL_LABEL, IMEI_LABEL)[-1]), "read beside its serial number"
    learn(["alias", imei, unit("S1")], ["unit", unit("S1"), ["stored", A_01, A_01]])
    assert alarmed(see(begin("pick", location=A_01), unit_label("S1"))[-1]), "the box's IMEI is known here"
    alone = serial_key("warehouse.example", "S7")
    learn(stolen(alone))
    assert alarmed(see(begin("inspect", location=A_01), unit_label("S7"))[-1]), "reported without its product"
    learn(stolen(unit("S8")), stolen(serial_key("warehouse.example", "S8"), of=unit("S8")))
    other = see(begin("inspect", location=A_01), Symbol(data=b"010950600013437621S8", symbology="]d2"))[-1]
    assert not alarmed(other), "another product's unit may bear the same serial number"


@pytest.mark.parametrize("of", [None, unit("ZZZ-UNKNOWN-2")])
def test_a_serial_number_that_nothing_else_is_known_of_sounds_the_alarm_where_it_stands_alone(
    handheld: Handheld, begin: Begin, learn: Learn, of: str | None
) -> None:
    alone = serial_key("warehouse.example", "ZZZ-UNKNOWN-2")
    learn(product(PHONE, "serial"), stolen(alone, of=of))
    session = begin("inspect", location=A_01)
    [told] = see(session, Symbol(data=b"ZZZ-UNKNOWN-2", symbology="]C0"))
    assert (told.tone, told.text) == (Tone.ALARM, WORDS)
    assert (kept(handheld)[-1].action, kept(handheld)[-1].subject) == ("inspect", alone)
    [told] = see(begin("receive", location=A_01, document="ASN-9"), Symbol(data=b"ZZZ-UNKNOWN-2", symbology=None))
    assert alarmed(told)
    assert last(handheld) == ("reject", "stolen")
    [other] = see(session, Symbol(data=b"ZZZ-UNKNOWN-3", symbology="]C0"))
    assert (other.tone, last(handheld)[0]) == (Tone.LOOK, "unreadable")


def test_a_carton_with_one_in_it_is_not_handed_over(handheld: Handheld, begin: Begin, learn: Learn) -> None:
    learn(
        stolen(unit("S1")),
        ["unit", CARTON, ["packed", None, A_01, None, None, None, None, None, None, 19_000, None, "SO-9", 2]],
        ["unit", unit("S1"), ["packed", CARTON, CARTON, None, None, None, 1, None, None, 19_000, None, "SO-9"]],
    )
    [told] = see(begin("ship", document="SO-9"), CARTON_LABEL)
    assert (told.tone, told.text) == (Tone.ALARM, f"S1 is in it. {WORDS}")
    assert last(handheld) == ("reject", "stolen")


def test_the_returns_desk_holds_it_and_it_passes_once_it_was_found(begin: Begin, learn: Learn) -> None:
    learn(stolen(unit("S1")), ["unit", unit("S1"), ["shipped", None, None]])
    [told] = see(begin("take_back", location=A_01), unit_label("S1"))
    assert told.returned is not None
    assert (Because.STOLEN in told.returned.because, told.tone) == (True, Tone.ALARM)
    learn(["stolen", unit("S1"), None])
    [told] = see(begin("take_back", location=A_01), unit_label("S1"))
    assert told.tone is not Tone.ALARM
