"""What a recall stops at a handheld with no network: the unit, what is in the carton, and what nobody here can tell."""

from __future__ import annotations

from typing import Any

import pytest

from scanner_client.handheld import Handheld
from scanner_client.sighting import Tone
from sync.verdict import Verdict
from tests.scanner_client.labels import (
    A_01,
    A_02,
    BIN_1,
    BIN_2,
    CARTON,
    CARTON_LABEL,
    ITEM,
    Begin,
    Learn,
    kept,
    see,
    unit,
    unit_label,
)
from tests.scanner_client.test_packing import CLOSED, packed

STORED_DAY = 19_000
"""Days since 1970."""
DAY_MS = 86_400_000


def recall(number: str = "R", **predicate: Any) -> list[object]:
    return ["recall", number, {"number": number, "reason": "Battery.", "place": A_02, **predicate}]


def stored(serial: str, lot: str | None, notice: str | None, received: int | None = None) -> list[object]:
    row = [
        "stored",
        A_01,
        A_01,
        None,
        None,
        lot,
        None,
        None,
        notice,
        STORED_DAY * 1440 + 615,
        None,
        None,
        None,
        received,
    ]
    return ["unit", unit(serial), row]


def last(handheld: Handheld) -> tuple[str, str | None]:
    event = kept(handheld)[-1]
    return event.action, event.reason


@pytest.mark.parametrize("action", ["receive", "put_away", "move", "pick", "pack"])
def test_a_recalled_unit_is_neither_received_put_away_moved_picked_nor_packed(
    handheld: Handheld, begin: Begin, learn: Learn, action: str
) -> None:
    learn(recall(item=ITEM, lots=["L1"]), stored("S1", "L1", "ASN-1"))
    session = begin(action, location=A_01, container=CARTON, document="D-1")
    [told] = see(session, unit_label("S1"))
    assert (told.tone, told.text) == (Tone.STOP, "RECALLED: do not move it. Battery. Set it apart in A-02.")
    assert last(handheld) == ("reject", "recalled")


def test_it_is_taken_to_the_recalls_place_and_put_into_quarantine(
    handheld: Handheld, begin: Begin, learn: Learn
) -> None:
    learn(recall(item=ITEM), stored("S1", None, None), ["location", A_02, {"code": "A-02", "zone": "quarantine"}])
    moving = begin("put_away")
    [asked] = see(moving, unit_label("S1"))
    assert asked.text == "RECALLED: do not move it. Battery. Set it apart in A-02.", "said before a bin is chosen"
    told = see(moving, BIN_2)[-1]
    assert (told.tone, told.text) == (Tone.GOOD, "Right.")
    assert last(handheld) == ("put_away", None)
    [told] = see(begin("quarantine", location=A_01, reason="recalled"), unit_label("S2"))
    assert last(handheld) == ("quarantine", "recalled"), "wherever it stands"


@pytest.mark.parametrize(
    ("predicate", "serial", "verdict"),
    [
        ({"notices": ["ASN-1"]}, "HERS", Verdict.RECALLED),
        ({"notices": ["ASN-1"]}, "OTHER", Verdict.RIGHT),
        ({"notices": ["ASN-1"]}, "LISTED", Verdict.MAYBE_RECALLED),  # from a stock list: nobody says how it came
        ({"notices": ["ASN-1"]}, "UNHEARD", Verdict.MAYBE_RECALLED),
        ({"received_until_ms": STORED_DAY * DAY_MS}, "HERS", Verdict.RIGHT),
        ({"received_until_ms": (STORED_DAY + 1) * DAY_MS}, "HERS", Verdict.RECALLED),
        ({"received_until_ms": STORED_DAY * DAY_MS + 9}, "HERS", Verdict.MAYBE_RECALLED),  # in the course of that day
        ({"received_until_ms": STORED_DAY * DAY_MS}, "BACK", Verdict.RECALLED),  # in stock again, and in long before
        ({"received_from_ms": (STORED_DAY + 1) * DAY_MS}, "LISTED", Verdict.RIGHT),  # it was in stock before that
        ({"received_from_ms": STORED_DAY * DAY_MS}, "LISTED", Verdict.MAYBE_RECALLED),
        ({"received_until_ms": (STORED_DAY + 1) * DAY_MS}, "LISTED", Verdict.RECALLED),
        ({"received_from_ms": 1 << 41}, "UNHEARD", Verdict.CANNOT_TELL),  # a window that is still to come
        ({"item": ITEM, "lots": ["L1"]}, "UNHEARD", Verdict.MAYBE_RECALLED),
        ({"item": ITEM, "lots": ["L1"], "notices": ["ASN-2"]}, "HERS", Verdict.RIGHT),
    ],
)
def test_a_delivery_and_its_day_are_known_offline_and_what_is_not_is_held(
    begin: Begin, learn: Learn, predicate: dict[str, Any], serial: str, verdict: Verdict
) -> None:
    learn(
        recall(**predicate),
        stored("HERS", "L1", "ASN-1"),
        stored("OTHER", "L1", "ASN-2"),
        stored("LISTED", None, None, 0),
        stored("BACK", "L1", "ASN-1", STORED_DAY - 90),
    )
    session = begin("pick", location=A_01)
    [told] = see(session, unit_label(serial))
    assert told.judgement is not None
    assert told.judgement.verdict is verdict


def test_what_came_in_here_a_moment_ago_is_known_by_its_paper(handheld: Handheld, begin: Begin, learn: Learn) -> None:
    learn()
    see(begin("receive", location=A_01, document="ASN-1"), unit_label("NEW"))
    learn(recall(notices=["ASN-1"]))
    [told] = see(begin("move", location=A_01), unit_label("NEW"))
    assert told.judgement is not None
    assert told.judgement.verdict is Verdict.RECALLED
    [told] = see(begin("receive", location=A_01, document="ASN-1"), unit_label("NEXT"))
    assert (told.judgement and told.judgement.verdict, last(handheld)) == (Verdict.RECALLED, ("reject", "recalled"))


def test_a_carton_that_is_said_to_hold_one_does_not_come_in_unopened(
    handheld: Handheld, begin: Begin, learn: Learn
) -> None:
    learn(
        recall(item=ITEM, lots=["L1"]),
        ["unit", CARTON, ["announced", None, None, "ASN-1"]],
        *(["unit", unit(s), ["announced", None, CARTON, "ASN-1", CARTON, s]] for s in ("L1", "L2")),
    )
    session = begin("receive", document="ASN-1", location=A_01)
    [told] = see(session, CARTON_LABEL)
    assert (told.tone, last(handheld)) == (Tone.STOP, ("reject", "recalled"))
    assert told.text == "L1 is in it. RECALLED: do not move it. Battery. Set it apart in A-02."
    [told] = see(session, unit_label("L2"))
    assert (told.judgement and told.judgement.verdict) is Verdict.RIGHT, "read one by one, the good ones come in"


def test_a_carton_whose_contents_nobody_here_knows_waits_as_long_as_a_recall_is_in_force(
    handheld: Handheld, begin: Begin, learn: Learn
) -> None:
    learn(["unit", CARTON, ["packed", None, A_01, *[None] * 6, STORED_DAY * 1440, None, "SO-9", 2]], recall(item=ITEM))
    [told] = see(begin("ship", document="SO-9"), CARTON_LABEL)
    assert told.text.startswith("HOLD: nobody here knows what is in it, and a recall is in force. Battery.")
    assert last(handheld) == ("reject", "maybe_recalled")
    learn(["recall", "R", None])
    [told] = see(begin("ship", document="SO-9"), CARTON_LABEL)
    assert last(handheld)[0] == "ship"


def test_of_two_recalls_one_is_released_and_the_other_one_holds(handheld: Handheld, begin: Begin, learn: Learn) -> None:
    learn(recall("R-1", item=ITEM, lots=["L1"]), recall("R-2", units=[unit("S1")]), stored("S1", "L1", "ASN-1"))
    learn(["recall", "R-1", None])
    see(begin("pick", location=A_01), unit_label("S1"))
    assert last(handheld) == ("reject", "recalled")
    learn(["recall", "R-2", None])
    see(begin("pick", location=A_01), unit_label("S1"))
    assert last(handheld)[0] == "pick"


def test_a_customers_unit_is_taken_back_and_not_put_on_the_shelf(
    handheld: Handheld, begin: Begin, learn: Learn
) -> None:
    learn(recall(item=ITEM), ["unit", unit("S1"), ["shipped", None, None, None, None, "L1"]])
    [told] = see(begin("take_back", location=A_01, document="RMA-1"), unit_label("S1"))
    assert (told.tone, last(handheld)[0]) == (Tone.STOP, "take_back")
    session = begin("put_away")
    see(session, unit_label("S1"))
    see(session, BIN_1)
    assert last(handheld) == ("reject", "recalled")


def test_a_carton_with_one_in_it_is_not_moved_about_either(handheld: Handheld, begin: Begin, learn: Learn) -> None:
    learn(CLOSED, packed("S1"), recall(units=[unit("S1")]))
    see(begin("move", location=A_01), CARTON_LABEL)
    assert last(handheld) == ("reject", "recalled")
    see(begin("move", location=A_02), CARTON_LABEL)
    assert last(handheld)[0] == "move", "to the recall's place it may be"
