"""The pick list at the handheld, with no network."""

from __future__ import annotations

import pytest

from scanner_client.handheld import Handheld
from scanner_client.sighting import Told, Tone
from scanner_client.typed import Typing
from sync.marks import pack
from sync.unit import Status, UnitState
from tests.scanner_client.labels import (
    A_01,
    A_02,
    BIN_1,
    CABLE,
    ITEM,
    Begin,
    Learn,
    kept,
    product,
    see,
    unit,
    unit_label,
)
from tests.scanner_client.test_order_now import ordering

A_10 = "https://warehouse.example/414/main/254/A-10"
PHONES = {"item": ITEM, "lot": None, "quantity": 2, "container": None}
CABLES = {"item": CABLE, "lot": None, "quantity": 3, "container": None}
PLACES = [["location", key, {"code": key.rpartition("/")[2], "name": "", "zone": ""}] for key in (A_01, A_02, A_10)]


def stored(serial: str, place: str, day: int, expiry: str | None = None, marks: int | None = None) -> list[object]:
    return ["unit", unit(serial), ["stored", place, place, *[None] * 6, day, expiry, None, marks]]


@pytest.fixture
def warehouse(learn: Learn) -> Learn:
    learn(
        *PLACES,
        product(ITEM, "serial"),
        ordering("SO-1", PHONES, CABLES),
        stored("S1", A_10, 3),
        stored("S2", A_02, 2),
        stored("S3", A_01, 1),
        stored("S4", A_01, 9, None, 1),
        stored("S5", A_01, 9, "2023-11-13"),
    )
    return learn


def test_of_two_that_came_on_one_day_the_one_that_came_first_goes_first(learn: Learn, begin: Begin) -> None:
    one = PHONES | {"quantity": 1}
    learn(*PLACES, product(ITEM, "serial"), ordering("SO-1", one), stored("S1", A_01, 28_800_660))
    learn(stored("S9", A_10, 28_800_600))
    session = begin("pick", document="SO-1")
    assert words(Typing(session).enter(b"/list"))[1:] == ["A-10: 1 × Thing: S9"]


def words(told: list[Told]) -> list[str]:
    return [one.text for one in told]


def test_the_list_goes_bin_by_bin_with_what_has_lain_longest_and_says_how_far_it_is(
    warehouse: Learn, begin: Begin
) -> None:
    session = begin("pick", document="SO-1")
    assert words(Typing(session).enter(b"/list")) == [
        "0 of 5",
        "A-01: 1 \u00d7 Thing: S3",
        "A-02: 1 \u00d7 Thing: S2",
        "In no bin that this handheld knows: 3 \u00d7 09506000134376",
    ]
    session = begin("pick", document="SO-1", location=A_01)
    see(session, unit_label("S3"))
    assert words(Typing(session).enter(b"/list"))[:2] == ["1 of 5", "A-02: 1 \u00d7 Thing: S2"]
    session.undo()
    assert words(Typing(session).enter(b"/list"))[0] == "0 of 5"


def test_bins_are_walked_as_they_stand(learn: Learn, begin: Begin) -> None:
    learn(*PLACES, ordering("SO-1", PHONES), stored("S1", A_10, 1), stored("S2", A_02, 2))
    found = begin("pick", document="SO-1").pick_list
    assert found is not None
    assert [stop.place for stop in found.stops] == [A_02, A_10]


def test_what_stands_where_things_are_set_apart_is_not_suggested_until_it_is_put_away_elsewhere(
    learn: Learn, begin: Begin
) -> None:
    apart = ["location", A_10, {"code": "A-10", "name": "", "zone": "Quarantine"}]
    learn(*PLACES[:2], apart, ordering("SO-1", PHONES), stored("S1", A_10, 1), stored("S2", A_02, 2))
    found = begin("pick", document="SO-1").pick_list
    assert found is not None
    assert list(found.suggested) == [unit("S2")]


def test_another_unit_of_the_product_is_taken_and_that_is_said(warehouse: Learn, begin: Begin) -> None:
    [told] = see(begin("pick", document="SO-1", location=A_10), unit_label("S1"))
    assert (told.tone, told.text) == (Tone.GOOD, "Right. S3 in A-01 was suggested; this one is as good.")
    [told] = see(begin("pick", document="SO-1", location=A_01), unit_label("S3"))
    assert told.text == "Right."


def test_what_another_order_has_a_right_to_is_not_suggested(learn: Learn, begin: Begin) -> None:
    urgent = ordering("SO-9", PHONES | {"quantity": 1})
    urgent[2]["due"] = "2026-01-01"  # type: ignore[index]
    learn(*PLACES, ordering("SO-1", PHONES), urgent, stored("S1", A_01, 1), stored("S2", A_02, 2))
    found = begin("pick", document="SO-1").pick_list
    assert found is not None
    assert list(found.suggested) == [unit("S2")]


def test_what_cannot_be_found_is_reported_with_the_reason_and_asked_for_no_more(
    warehouse: Learn, begin: Begin, handheld: Handheld
) -> None:
    session = begin("pick", document="SO-1")
    for without_reason in (b"/short", b"/short  "):
        assert words(Typing(session).enter(without_reason)) == ["/short needs a reason, such as /short none there"]
    [told] = Typing(session).enter(b"/short shelf is empty")
    assert (told.tone, told.text) == (Tone.LOOK, "Short by 1 in A-01: nothing of it is suggested there any more.")
    [event] = kept(handheld)
    assert (event.action, event.subject, event.quantity, event.reason) == ("short_pick", ITEM, 1, "shelf is empty")
    assert event.location == A_01
    found = session.pick_list
    assert found is not None
    assert (found.short, sum(take.quantity for stop in found.stops for take in stop.takes)) == (1, 4)
    session.undo()
    assert session.pick_list is not None
    assert session.pick_list.short == 0


@pytest.mark.parametrize("in_hand", [A_01, A_02], ids=["the_open_bin", "the_next_bin"])
def test_where_somebody_looked_in_vain_nothing_of_it_is_suggested_any_more_and_other_bins_are_named(
    learn: Learn, begin: Begin, in_hand: str
) -> None:
    learn(*PLACES, ordering("SO-1", PHONES), stored("S1", A_01, 1), stored("S2", A_02, 2), stored("S3", A_10, 3))
    session = begin("pick", document="SO-1", location=in_hand)
    assert session.pick_list is not None
    assert [stop.place for stop in session.pick_list.stops] == [A_01, A_02]
    session.short("none there")
    assert session.pick_list is not None
    assert [stop.place for stop in session.pick_list.stops] == [{A_01: A_02, A_02: A_01}[in_hand]]
    begin("pick", document="SO-1").short("none there either")
    assert session.pick_list is not None
    assert session.pick_list.stops == (), "the order does without two, of two"


def test_a_bin_that_another_handheld_found_empty_is_not_named_for_that_order(learn: Learn, begin: Begin) -> None:
    short = ordering("SO-1", PHONES)
    short[2]["short"] = [{"subject": ITEM, "quantity": 1, "place": A_01}]  # type: ignore[index]
    learn(*PLACES, short, ordering("SO-2", PHONES), stored("S1", A_01, 1), stored("S2", A_02, 2))
    for number, bins in (("SO-1", [A_02]), ("SO-2", [A_01, None])):
        found = begin("pick", document=number).pick_list
        assert found is not None
        assert [stop.place for stop in found.stops] == bins


def test_what_was_graded_damaged_is_offered_to_no_order_and_whoever_puts_it_away_is_told(
    learn: Learn, begin: Begin
) -> None:
    damaged = pack(UnitState(status=Status.STORED, condition="damaged"))
    learn(*PLACES, ordering("SO-1", PHONES), stored("S1", A_01, 1, marks=damaged), stored("S2", A_02, 2))
    found = begin("pick", document="SO-1").pick_list
    assert found is not None
    assert list(found.suggested) == [unit("S2")]
    [told] = see(begin("put_away", location=A_01), unit_label("S1"))
    assert told.tone is Tone.LOOK
    assert told.text.startswith("Put away. It is graded: Damaged. No order is given it: look whether it belongs apart.")


def test_a_shortage_that_another_handheld_reported_is_known_after_the_sync(learn: Learn, begin: Begin) -> None:
    short = ordering("SO-1", PHONES)
    short[2]["short"] = [{"subject": ITEM, "quantity": 1}]  # type: ignore[index]
    learn(*PLACES, short, stored("S1", A_01, 1), stored("S2", A_02, 2))
    found = begin("pick", document="SO-1").pick_list
    assert found is not None
    assert list(found.suggested) == [unit("S1")]


def test_a_unit_made_for_the_order_is_named_and_no_other_will_do(learn: Learn, begin: Begin) -> None:
    made = {"item": ITEM, "lot": None, "quantity": 1, "container": None, "unit": unit("S2")}
    learn(*PLACES, product(ITEM, "made_to_order"), ordering("SO-1", made), stored("S1", A_01, 1), stored("S2", A_02, 2))
    session = begin("pick", document="SO-1", location=A_01)
    assert words(Typing(session).enter(b"/list"))[1] == "A-02: Thing S2, made for this order: no other"
    [told] = see(session, unit_label("S1"))
    assert told.text == "NOT THIS ONE: SO-1 takes only S2, which was made for it."


def test_other_work_and_an_order_that_is_not_here_have_no_list(begin: Begin) -> None:
    assert begin("pick", document="SO-8").pick_list is None
    assert words(Typing(begin("pack", document="SO-1")).enter(b"/list"))[0].startswith("There is no pick list")
    assert begin("inspect", document="SO-1").short("why")[0].tone is Tone.ASK


def test_a_cancelled_order_has_nothing_to_take(learn: Learn, begin: Begin) -> None:
    learn(ordering("SO-1", PHONES, state="cancelled"), stored("S1", A_01, 1))
    session = begin("pick", document="SO-1")
    assert words(Typing(session).enter(b"/list")) == ["SO-1 was cancelled: put back what was picked."]


def test_what_was_picked_for_a_cancelled_order_is_led_back_bin_by_bin_offline(begin: Begin, learn: Learn) -> None:
    picked = ["unit", unit("S2"), ["picked", None, A_02, *[None] * 6, 2, None, "SO-1"]]
    learn(*PLACES, product(ITEM, "serial"), ordering("SO-1", PHONES, state="cancelled"), stored("S1", A_01, 1), picked)
    session = begin("put_away")
    assert words(Typing(session).enter(b"/list")) == ["1 to put back", "A-01: Thing S2, of SO-1"]
    see(session, unit_label("S2"))
    see(session, BIN_1)
    assert words(Typing(session).enter(b"/list")) == ["Nothing has to be put back."]
