"""The operator's screen when the program answers late, not at all, or no: it says what became of a scan."""

from __future__ import annotations

import pytest
from playwright.sync_api import Route, expect

from tests.end_to_end.screen import ITEM, LOOK_ROUND, Station, label

pytestmark = [pytest.mark.browser, pytest.mark.slow]

# A scan that this page did not send: what the camera sees comes to the program as such a one does.
AS_THE_CAMERA_DOES = """
    (text) => fetch("requests", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ type: "scanned", number: crypto.randomUUID(), text }),
    }).then((answer) => answer.ok)
"""


def test_program_that_has_ended_is_said_and_no_scan_passes_for_kept(station: Station) -> None:
    station.start(*LOOK_ROUND)
    page = station.page
    expect(page.locator("#verdict")).to_contain_text("Ready.")
    assert station.program is not None
    station.program.kill()
    expect(page.get_by_role("alert")).to_contain_text("The scanner program has ended. Scans are not kept now.")
    station.wedge(label("D-1001"))
    expect(page.locator("#verdict")).to_contain_text("Not kept: the scanner program did not take it.")
    expect(page.locator("#verdict")).to_have_attribute("data-tone", "stop")
    assert station.end() == []


def test_scan_that_was_not_taken_is_said_until_it_is_scanned_again(station: Station) -> None:
    station.start(*LOOK_ROUND)
    page = station.page
    expect(page.locator("#verdict")).to_contain_text("Ready.")
    page.route("**/requests", lambda route: route.fulfill(status=503))
    station.wedge(label("D-1001"))
    said = page.locator("#said")
    expect(said).to_contain_text("Not kept: the scanner program did not take it.")
    page.unroute("**/requests")
    page.evaluate(AS_THE_CAMERA_DOES, label("D-2001"))
    expect(page.locator("#scans li")).to_have_count(1)
    expect(said).to_contain_text("Not kept: the scanner program did not take it.")
    station.wedge(label("D-1001"))
    expect(said).to_have_text("Right.")
    page.route("**/requests", lambda route: route.fulfill(status=503))
    station.wedge(label("D-1002"))
    expect(said).to_contain_text("Not kept: the scanner program did not take it.")
    page.locator("#verdict").click()
    expect(said).to_have_text("Right.")
    assert [event.subject for event in station.end()] == [f"{ITEM}/21/D-2001", f"{ITEM}/21/D-1001"]


def test_scan_whose_answer_is_lost_is_asked_about_again_and_kept_once(station: Station) -> None:
    station.start(*LOOK_ROUND)
    page = station.page
    expect(page.locator("#verdict")).to_contain_text("Ready.")
    numbers = list[str]()
    again = list[Route]()

    def lose_the_first_answer(route: Route) -> None:
        numbers.append((route.request.post_data_json or {})["number"])
        if len(numbers) > 1:
            again.append(route)
            return
        route.fetch()
        route.abort()

    page.route("**/requests", lose_the_first_answer)
    station.wedge(label("D-1001"))
    said = page.locator("#said")
    expect(said).to_have_text("No answer yet. The scanner program is asked again: wait before you scan on.")
    while not again:
        page.wait_for_timeout(20)  # in which the browser's events come in
    again[0].fulfill(response=again[0].fetch())
    expect(said).to_have_text("Right.")
    expect(page.locator("#whether")).to_be_empty()
    assert len(numbers) == 2
    assert len(set(numbers)) == 1
    expect(page.locator("#scans li")).to_have_count(1)


def test_scan_that_nothing_is_heard_of_is_not_said_to_be_lost(station: Station) -> None:
    station.start(*LOOK_ROUND)
    page = station.page
    expect(page.locator("#verdict")).to_contain_text("Ready.")

    def lose_the_answer(route: Route) -> None:
        route.fetch()
        route.abort()

    page.route("**/requests", lose_the_answer)
    station.wedge(label("D-1001"))
    said = page.locator("#said")
    expect(said).to_contain_text("No answer. It may have been kept, or not: look at the last scans")
    expect(page.locator("#whether")).to_be_empty()
    expect(page.locator("#scans li")).to_have_count(1)
    assert [event.subject for event in station.end()] == [f"{ITEM}/21/D-1001"]


def test_fifth_screen_says_that_four_are_open_and_begins_when_one_is_closed(station: Station) -> None:
    station.start(*LOOK_ROUND)
    context = station.page.context
    others = [context.new_page() for _ in range(3)]
    for other in others:
        other.goto(station.address)
        expect(other.locator("#verdict")).to_contain_text("Ready.")
    fifth = context.new_page()
    fifth.goto(station.address)
    said = fifth.locator("#offline")
    expect(said).to_contain_text("4 screens are open already, and more there may not be.")
    fifth.keyboard.type(label("D-1001"))
    fifth.keyboard.press("Enter")
    expect(fifth.locator("#verdict")).to_contain_text("Not kept")
    others[0].close()
    expect(fifth.locator("#task-where")).to_contain_text("A-01")
    expect(said).to_be_hidden()
    assert station.end() == []


def test_wedge_scan_that_came_in_pieces_is_no_label_and_is_asked_for_again(station: Station) -> None:
    station.start(*LOOK_ROUND)
    expect(station.page.locator("#verdict")).to_contain_text("Ready.")
    for number in (12, len(label("D-1001"))):  # a key in the middle, and the Enter
        station.wedge(label("D-1001"), held_up={number: 1.5})
        expect(station.page.locator("#said")).to_have_text("The scanner typed this label in pieces. Scan it again.")
        expect(station.page.locator("#whether")).to_have_text("not kept")
        station.page.locator("#verdict").click()
    station.wedge(label("D-1002"), held_up={12: 0.9})
    expect(station.page.locator("#said")).to_have_text("Right.")
    [event] = station.end()
    assert event.subject == f"{ITEM}/21/D-1002"


def test_wedge_scan_that_is_longer_than_any_label_is_not_kept_in_part(station: Station) -> None:
    station.start(*LOOK_ROUND)
    expect(station.page.locator("#verdict")).to_contain_text("Ready.")
    station.wedge("x" * 4_100 + "LPN1")
    expect(station.page.locator("#said")).to_contain_text("Not kept: the scanner program did not take it.")
    assert station.end() == []


def test_screen_that_is_opened_again_goes_on_where_it_was(station: Station) -> None:
    station.start(*LOOK_ROUND)
    expect(station.page.locator("#verdict")).to_contain_text("Ready.")
    station.wedge(label("D-1001"))
    expect(station.page.locator("#said")).to_have_text("Right.")
    station.page.reload()
    expect(station.page.locator("#said")).to_have_text("Right.")
    assert "key=" not in station.page.url
