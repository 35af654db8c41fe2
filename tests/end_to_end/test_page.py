"""The operator's screen: the real program, its page in a real browser, at the size of a phone and of a PC."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect

from tests.end_to_end.screen import ITEM, LOOK_ROUND, Station, label

pytestmark = [pytest.mark.browser, pytest.mark.slow]

PHONE, PC = (360, 740), (1366, 768)
TOUCH_PX_MIN = 56
"""What a gloved finger hits: 9 mm and more on a phone."""

# What the page asks of the browser's own loudspeaker and motor is noted, and still done.
NOTE_SIGNALS = """
    window.noted = { pitches: [], shakes: [] };
    const start = OscillatorNode.prototype.start;
    OscillatorNode.prototype.start = function (at) {
      noted.pitches.push(this.frequency.value);
      start.call(this, at);
    };
    const vibrate = navigator.vibrate.bind(navigator);
    navigator.vibrate = (pattern) => { noted.shakes.push(pattern); return vibrate(pattern); };
"""

WIDER_THAN_ITS_PLACE = """
    [...document.querySelectorAll("html, body, main, main section, dialog[open]")]
      .filter((each) => each.scrollWidth > each.clientWidth)
      .map((each) => each.tagName)
"""

# The first request takes long, as on a machine that has just woken.
SLOW_FIRST_REQUEST = """
    const ask = window.fetch;
    let first = true;
    window.fetch = async (url, options) => {
      if (first && url === "requests") {
        first = false;
        await new Promise((resolve) => setTimeout(resolve, 500));
      }
      return ask(url, options);
    };
"""


def test_counter_chooses_on_the_screen_and_scans_with_a_wedge(station: Station) -> None:
    station.start()
    page = station.page
    page.get_by_role("button", name=re.compile("^Count")).click()
    station.page.keyboard.type("COUNT-1")
    page.get_by_label("Who scans").fill("Mia")
    page.get_by_role("button", name="Start", exact=True).click()
    verdict = page.locator("#verdict")
    expect(verdict).to_contain_text("does not know COUNT-1")
    station.wedge("LOC:A-01")
    expect(page.locator("#check")).to_contain_text("Drill D-1001")
    station.wedge(label("D-1001"))
    expect(verdict).to_contain_text("Right.")
    expect(verdict).to_have_attribute("data-tone", "good")
    station.wedge(label("D-2001"))
    expect(verdict).to_contain_text("Belongs in A-02.")
    expect(page.locator("#check-wrong")).to_contain_text("Drill D-2001: belongs in A-02")
    expect(page.locator("#check-missing li")).to_have_text(["Drill D-1002", "Drill D-3001"])
    page.get_by_role("button", name="↶ Undo", exact=True).click()
    expect(verdict).to_contain_text("Undone.")
    page.get_by_role("button", name="Finish bin").click()
    expect(verdict).to_contain_text("Bin A-01 finished.")
    expect(page.locator("#queue")).to_contain_text("5 waiting")
    events = station.end()
    assert [event.action for event in events] == ["open_bin", "count", "count", "void", "finish_bin"]
    assert {event.operator for event in events} == {"Mia"}
    assert events[1].entry == "wedge"


def test_fnc1_in_the_middle_of_a_wedge_scan_survives(station: Station) -> None:
    station.start(*LOOK_ROUND)
    expect(station.page.locator("#verdict")).to_contain_text("Ready.")
    station.wedge("]d2010950600013435210L7\x1d21D-1001")
    expect(station.page.locator("#verdict")).to_contain_text("Right.")
    [event] = station.end()
    assert (event.barcode, event.lot) == (b"010950600013435210L7\x1d21D-1001", "L7")


def test_scans_that_follow_each_other_at_once_are_all_kept_and_in_order(station: Station) -> None:
    station.page.add_init_script(SLOW_FIRST_REQUEST)
    station.start(*LOOK_ROUND)
    expect(station.page.locator("#verdict")).to_contain_text("Ready.")
    for number in range(30):
        station.wedge(label(f"X{number}"))
    expect(station.page.locator("#kept")).to_have_text("30 kept")
    assert [event.subject for event in station.end()] == [f"{ITEM}/21/X{n}" for n in range(30)]


def test_what_a_person_types_is_no_scan(station: Station) -> None:
    station.start(*LOOK_ROUND)
    page = station.page
    expect(page.locator("#verdict")).to_contain_text("Ready.")
    page.keyboard.type("LPN1", delay=160)
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Key in").click()
    page.get_by_label("What it says").fill("LPN2")
    page.get_by_label("Once more").press_sequentially("LPN2")
    page.keyboard.press("Enter")
    expect(page.locator("#verdict")).to_contain_text("LPN2")
    assert [(event.entry, event.subject) for event in station.end()] == [("keyed", "https://warehouse.example/21/LPN2")]


def test_scan_presses_no_button_that_has_the_focus(station: Station) -> None:
    station.start(*LOOK_ROUND)
    page = station.page
    expect(page.locator("#verdict")).to_contain_text("Ready.")
    station.wedge(label("D-1001"))
    expect(page.locator("#verdict")).to_contain_text("Right.")
    page.get_by_role("button", name="↶ Undo", exact=True).focus()
    station.wedge("LPN 1 2")
    page.keyboard.press("Enter")  # the line feed that many wedges send behind
    expect(page.locator("#scans li")).to_have_count(2)
    assert "void" not in [event.action for event in station.end()]


def test_label_that_says_html_is_shown_as_it_stands(station: Station) -> None:
    station.start(*LOOK_ROUND)
    expect(station.page.locator("#verdict")).to_contain_text("Ready.")
    evil = "<img src=x onerror=alert(1)>"
    station.wedge(evil)
    expect(station.page.locator("#said")).to_contain_text(evil)
    expect(station.page.locator("#verdict img, #scans img")).to_have_count(0)
    assert station.said == []


def test_each_tone_sounds_and_shakes_in_its_own_way(station: Station) -> None:
    station.page.add_init_script(NOTE_SIGNALS)
    station.start(*LOOK_ROUND)
    page = station.page
    expect(page.locator("#quiet")).to_be_visible()
    page.locator("#verdict").click()
    expect(page.locator("#quiet")).to_be_hidden()
    heard = []
    for serial, words in (("D-1001", "Right."), ("D-9", "data do not hold it"), ("D-3001", "RECALLED")):
        page.evaluate("noted.pitches.length = noted.shakes.length = 0")
        station.wedge(label(serial))
        expect(page.locator("#said")).to_contain_text(words)
        heard.append((page.evaluate("noted.pitches"), page.evaluate("noted.shakes")))
    assert [len(pitches) for pitches, _ in heard] == [1, 2, 4]
    assert [len(shakes[0]) for _, shakes in heard] == [1, 3, 7]


def test_recall_stays_in_sight_until_somebody_puts_it_away(station: Station) -> None:
    station.start(*LOOK_ROUND)
    page = station.page
    expect(page.locator("#verdict")).to_contain_text("Ready.")
    station.wedge(label("D-3001"))
    expect(page.locator("#said")).to_contain_text("RECALLED: do not move it. Fire.")
    station.wedge(label("D-1001"))
    expect(page.locator("#said")).to_have_text("Right.")
    expect(page.locator("#stopped")).to_contain_text("Drill D-3001 RECALLED")
    page.get_by_role("button", name="Seen").click()
    expect(page.locator("#stopped")).to_be_hidden()


@pytest.mark.parametrize("size", [PHONE, PC])
def test_every_state_fits_the_screen_and_a_gloved_finger(station: Station, size: tuple[int, int]) -> None:
    station.page.set_viewport_size({"width": size[0], "height": size[1]})
    station.start()
    page = station.page

    def choose() -> None:
        page.get_by_role("button", name="Check").click()

    def begin() -> None:
        page.get_by_label("Bin", exact=True).fill("A-01")
        page.get_by_role("button", name="Start", exact=True).click()
        expect(page.locator("#task-where")).to_have_text("A-01")

    def scan_a_long_text() -> None:
        station.wedge("W" * 200)
        expect(page.locator("#said")).to_contain_text("W" * 30)

    states: list[Callable[[], object]] = [
        lambda: expect(page.get_by_role("heading", name="What do you do?")).to_be_visible(),
        choose,
        begin,
        scan_a_long_text,
        lambda: station.wedge(label("D-3001")),
        page.get_by_role("button", name="Quantity").click,
        lambda: page.get_by_role("button", name="Cancel", exact=True).click(),
        page.get_by_role("button", name="Key in").click,
    ]
    for state in states:
        state()
        assert page.evaluate(WIDER_THAN_ITS_PLACE) == []
        boxes = [box for each in page.locator("button:visible, input:visible").all() if (box := each.bounding_box())]
        assert boxes
        for box in boxes:
            assert min(box["width"], box["height"]) >= TOUCH_PX_MIN
            assert box["x"] >= 0
            assert box["x"] + box["width"] <= size[0]
    assert station.said == []


def test_screen_asks_nothing_of_any_other_machine(station: Station) -> None:
    station.start(*LOOK_ROUND)
    expect(station.page.locator("#verdict")).to_contain_text("Ready.")
    assert {urlsplit(url).hostname for url in station.asked} == {"127.0.0.1"}


def test_wrong_bin_is_said_beside_its_field_and_what_was_typed_stays(station: Station) -> None:
    station.start()
    page = station.page
    page.get_by_role("button", name="Check").click()
    page.get_by_label("Bin", exact=True).fill("Z-99")
    page.get_by_label("Who scans").fill("Mia")
    page.get_by_role("button", name="Start", exact=True).click()
    bin_ = page.get_by_label("Bin", exact=True)
    expect(bin_).to_have_accessible_description("'Z-99' is no location that this handheld knows.")
    expect(bin_).to_be_focused()
    expect(bin_).to_have_value("Z-99")
    expect(page.get_by_label("Who scans")).to_have_value("Mia")
    page.keyboard.type("A-01")
    expect(page.locator("#task-trouble")).to_be_hidden()
    page.get_by_role("button", name="Start", exact=True).click()
    expect(page.locator("#task-dialog")).to_be_hidden()
    expect(page.locator("#task-where")).to_have_text("A-01 · Mia")


def test_other_task_is_not_begun_before_it_was_said_that_the_open_bin_is_finished(station: Station) -> None:
    station.start("--action", "count", "--document", "COUNT-1")
    page = station.page
    finishes = page.locator("#finishes")
    expect(page.locator("#verdict")).to_contain_text("does not know COUNT-1")
    page.get_by_role("button", name="Change").click()
    expect(finishes).to_be_hidden()
    page.get_by_role("button", name="Cancel", exact=True).click()
    station.wedge("LOC:A-01")
    expect(page.locator("#said")).to_have_text("Bin A-01 opened.")
    page.get_by_role("button", name="Change").click()
    expect(finishes).to_contain_text("Bin A-01 is being counted. Another task finishes it")
    page.get_by_role("button", name="Check").click()
    expect(finishes).to_be_visible()
    page.get_by_role("button", name="Cancel", exact=True).click()
    assert [event.action for event in station.end()] == ["open_bin"]


@pytest.mark.parametrize("size", [PHONE, PC], ids=["phone", "pc"])
def test_an_earlier_scan_is_undone_with_a_reason_after_what_hangs_on_it_was_seen(
    station: Station, size: tuple[int, int]
) -> None:
    station.page.set_viewport_size({"width": size[0], "height": size[1]})
    station.start(*LOOK_ROUND)
    for serial in ("D-1001", "D-1002"):
        station.wedge(label(serial))
    page = station.page
    expect(page.locator("#scans li")).to_have_count(2)
    page.get_by_role("button", name="Undo an earlier one").click()
    rows = page.locator("#past-list button")
    expect(rows).to_have_count(2)
    expect(rows.nth(1)).to_contain_text("Check Drill D-1001")
    expect(rows.nth(1)).to_contain_text("not synced yet")
    _shoot(station, f"past-{size[0]}")
    rows.nth(1).click()
    expect(page.locator("#past-depends")).to_contain_text("Nothing that this handheld knows of.")
    assert page.evaluate(WIDER_THAN_ITS_PLACE) == []
    _shoot(station, f"past-chosen-{size[0]}")
    page.get_by_role("button", name="wrong bin or carton").click()
    expect(page.locator("#said")).to_have_text("Check: undone.")
    page.get_by_role("button", name="Undo an earlier one").click()
    expect(page.locator("#past-list button.undone")).to_contain_text("Check Drill D-1001")
    page.get_by_role("button", name="Close").click()
    first, _, void = station.end()
    assert (void.action, void.subject, void.reason) == ("void", first.subject, "wrong bin or carton")


def _shoot(station: Station, name: str) -> None:
    if folder := os.environ.get("SCREENSHOTS"):
        station.page.screenshot(path=f"{folder}/{name}.png")
