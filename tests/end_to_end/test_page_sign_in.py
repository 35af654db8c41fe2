"""A picker's errand at the handheld, with no network: badge, PIN, what is not theirs, a pick, and away."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from scanner_client.clock import system_clock
from scanner_client.handheld import open_handheld
from scanner_client.site_map import Cursor
from sync.pin import hash_pin
from tests.end_to_end.screen import ITEM, Station, label

pytestmark = [pytest.mark.browser, pytest.mark.slow]

PIN = "7391"
TOUCH_PX_MIN = 56


@pytest.fixture
def crew(station: Station) -> Station:
    """The station's handheld has heard of a picker and of who works at the returns desk."""
    people = [("K-17", "Ravi", "picker", PIN), ("K-18", "Meera", "returns", "40921756")]
    with open_handheld(station.home, system_clock()) as handheld:
        handheld.site_map.apply(
            [
                ["person", badge, {"name": name, "roles": [[1, role]], "pin": hash_pin(pin, b"s" * 16), "active": True}]
                for badge, name, role, pin in people
            ],
            Cursor(cursor="2", incarnation="i"),
            more=False,
            clock=handheld.clock,
        )
    return station


def press(page: Page, digits: str) -> None:
    for digit in digits:
        page.locator("#keys").get_by_role("button", name=digit, exact=True).click()


def test_a_picker_signs_in_is_refused_what_is_not_theirs_picks_and_signs_out(crew: Station) -> None:
    crew.page.set_viewport_size({"width": 390, "height": 844})
    crew.start()
    page, verdict = crew.page, crew.page.locator("#verdict")
    expect(verdict).to_contain_text("Scan your badge.")
    expect(page.locator("#task-dialog")).to_be_hidden()
    crew.wedge(label("D-1001"))
    expect(verdict).to_contain_text("Scan your badge first")

    crew.wedge("BADGE:K-17")
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("heading", name="Ravi, your PIN")).to_be_visible()
    for button in page.locator("#keys button").all():
        box = button.bounding_box()
        assert box is not None
        assert min(box["width"], box["height"]) >= TOUCH_PX_MIN
    press(page, "9999")
    dialog.get_by_role("button", name="Sign in").click()
    expect(page.locator("#pin-trouble")).to_have_text("That is not the PIN of this badge.")
    press(page, PIN)
    dialog.get_by_role("button", name="Sign in").click()

    menu = page.locator("#actions button strong")
    expect(menu.get_by_text("Pick", exact=True)).to_be_visible()
    expect(menu.get_by_text("Take back", exact=True)).to_have_count(0)
    expect(menu.get_by_text("Receive", exact=True)).to_have_count(0)
    expect(page.get_by_label("Who scans")).to_be_hidden()
    menu.get_by_text("Pick", exact=True).click()
    page.get_by_label("Bin").fill("A-01")
    page.get_by_role("button", name="Start", exact=True).click()
    crew.wedge(label("D-1001"))
    expect(verdict).to_contain_text("Right.")

    page.get_by_role("button", name="Ravi").click()
    page.get_by_role("dialog").get_by_role("button", name="Sign out").click()
    expect(verdict).to_contain_text("Ravi has signed out.")
    crew.wedge(label("D-1002"))
    expect(verdict).to_contain_text("Scan your badge first")
    assert crew.asked
    assert PIN not in page.content()
    [event] = crew.end()
    assert (event.action, event.operator, event.subject) == ("pick", "Ravi", f"{ITEM}/21/D-1001")


def test_whoever_comes_next_types_their_badge_and_has_a_menu_of_their_own(crew: Station) -> None:
    crew.start("--action", "pick", "--location", "A-01")
    page = crew.page
    page.get_by_role("button", name="Sign in").click()
    page.get_by_label("What stands on the badge").fill("k-18")
    page.get_by_role("button", name="Next").click()
    expect(page.get_by_role("heading", name="Meera, your PIN")).to_be_visible()
    crew.wedge("BADGE:K-17")  # a scanner types where the focus is: that is no PIN, but another badge
    expect(page.get_by_role("heading", name="Ravi, your PIN")).to_be_visible()
    crew.wedge("BADGE:K-18")
    expect(page.get_by_role("heading", name="Meera, your PIN")).to_be_visible()
    page.get_by_label("PIN").fill("40921756")
    page.keyboard.press("Enter")
    menu = page.locator("#actions button strong")
    expect(menu.get_by_text("Take back", exact=True)).to_be_visible()
    expect(menu.get_by_text("Pick", exact=True)).to_have_count(0)
    page.get_by_role("button", name="Cancel", exact=True).click()
    crew.wedge(label("D-1001"))
    expect(page.locator("#verdict")).to_contain_text("Pick is not for your role (returns desk).")
    assert crew.end() == []


def test_where_nobody_has_a_badge_the_menu_has_what_the_handheld_is_for(station: Station) -> None:
    with open_handheld(station.home, system_clock()) as handheld:
        number = handheld.device.device_no
        role = ["handheld", str(number), {"device_no": number, "roles": [[1, "picker"]]}]
        heard = Cursor(cursor="2", incarnation="i")
        handheld.site_map.apply([role], heard, more=False, clock=handheld.clock)
    station.page.set_viewport_size({"width": 390, "height": 844})
    station.start()
    page = station.page
    menu = page.locator("#actions button strong")
    expect(menu.get_by_text("Pick", exact=True)).to_be_visible()
    expect(menu.get_by_text("Receive", exact=True)).to_have_count(0)
    menu.get_by_text("Pick", exact=True).click()
    page.get_by_label("Bin").fill("A-01")
    page.get_by_role("button", name="Start", exact=True).click()
    station.wedge(label("D-1001"))
    expect(page.locator("#verdict")).to_contain_text("Right.")
    [event] = station.end()
    assert (event.action, event.operator) == ("pick", None)
