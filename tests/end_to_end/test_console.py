"""The console in a real browser: a supervisor at a desk, with a wedge scanner, and on a phone."""

import threading
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
import zxingcpp
from flask import current_app
from playwright.sync_api import BrowserContext, ConsoleMessage, Page, expect
from werkzeug.serving import make_server

from sync.enrolment import Invitation
from tests.handheld import BIN_A, BIN_B, unit
from tests.server.running import NOW, PASSWORD, Handheld, running_server
from tests.server.site import state_document

pytestmark = pytest.mark.browser

PATHS = ("/", "/cases", "/units/01/09506000134352/21/A1", "/counts", "/handhelds", "/set-aside", "/api/docs")


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    """A server with one misplaced phone, reachable over TCP."""
    with running_server(f"sqlite:///{tmp_path / 'site.sqlite3'}", tmp_path) as app:
        handheld = Handheld(app).enrol()
        handheld.scan("put_away", unit("A1"), location=BIN_A, minutes_ago=30)
        handheld.scan("inspect", unit("A1"), location=BIN_B)
        handheld.push()
        server = make_server("127.0.0.1", 0, app, threaded=True)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
            server.server_close()


def _sign_in(context: BrowserContext, address: str) -> Page:
    page = context.new_page()
    page.goto(address + "/cases")
    page.get_by_label("Name").fill("supervisor")
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Cases")).to_be_visible()
    return page


def test_a_wedge_scan_leads_to_the_unit_and_its_case_is_settled_by_keyboard(
    browser: BrowserContext, address: str
) -> None:
    page = _sign_in(browser, address)
    page.goto(address)
    expect(page.get_by_label("Scan or type a label")).to_be_focused()
    page.keyboard.type("010950600013435221A1")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Phone 12 · A1")).to_be_visible()
    page.get_by_role("link", name="Misplaced").press("Enter")
    expect(page.get_by_role("heading", name="Misplaced")).to_be_visible()
    page.get_by_role("button", name="It stays where it was last seen").press("Enter")
    expect(page.get_by_role("status")).to_have_text("Decided.")
    expect(page.get_by_role("button", name="It stays where it was last seen")).to_have_count(0)


def test_a_wedge_scan_is_caught_on_a_page_without_focus(browser: BrowserContext, address: str) -> None:
    page = _sign_in(browser, address)
    page.keyboard.type("010950600013435221A1")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Phone 12 · A1")).to_be_visible()


def test_no_key_of_a_wedge_scan_is_lost_while_the_page_is_still_loading(browser: BrowserContext, address: str) -> None:
    page = _sign_in(browser, address)
    page.add_init_script("""
        document.addEventListener("readystatechange", () => {
          if (document.readyState !== "interactive") return;
          for (const key of "010950600013435221A1") {
            document.body.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));
          }
        });
    """)
    page.goto(address + "/cases")
    expect(page.get_by_label("Scan or type a label")).to_have_value("010950600013435221A1")


def test_moments_are_written_in_the_readers_own_time_zone(browser: BrowserContext, address: str) -> None:
    page = _sign_in(browser, address)
    moment = page.locator("td time").first
    expect(moment).not_to_contain_text("UTC")
    expect(moment).to_have_attribute("datetime", "2026-05-28T21:16:40Z")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [(390, 844), (1280, 800)])
def test_every_page_fits_and_has_no_error(
    browser: BrowserContext, address: str, scheme: str, size: tuple[int, int]
) -> None:
    page = _sign_in(browser, address)
    page.set_viewport_size({"width": size[0], "height": size[1]})
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    said: list[str] = []

    def hear(message: ConsoleMessage) -> None:
        said.append(message.text)

    page.on("console", hear)
    for path in PATHS:
        page.goto(address + path)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
        paper, ink = (
            sum(_channels(page.evaluate(f"getComputedStyle(document.body).{name}")))
            for name in ("backgroundColor", "color")
        )
        assert (paper < ink) == (scheme == "dark"), path
    assert said == []


def test_the_heading_of_a_list_that_folds_begins_beside_its_mark_on_a_phone_however_long_it_is(
    browser: BrowserContext, address: str
) -> None:
    state_document("asn", "ASN-1", [{"subject": unit("Z1")}], now_ms=NOW - 9_000_000)
    handheld = Handheld(current_app._get_current_object()).enrol(name="HH-2")  # type: ignore[attr-defined]
    handheld.scan("receive", unit("Z2"), document="ASN-1", location=BIN_A)
    handheld.push()
    page = _sign_in(browser, address)
    page.set_viewport_size({"width": 320, "height": 844})
    page.goto(address + "/receipts/receipt?number=ASN-1&still=1")
    summary = page.locator("summary", has_text="Not announced, unknown until now")
    mark_y, words_y = summary.evaluate("s => [s.getBoundingClientRect().y, s.firstElementChild.getClientRects()[0].y]")
    assert abs(words_y - mark_y) < 10


def _channels(color: str) -> list[int]:
    return [int(part) for part in color.removeprefix("rgb(").removesuffix(")").split(",")]


def test_the_enrolment_code_on_the_screen_holds_the_invitation(browser: BrowserContext, address: str) -> None:
    page = browser.new_page()
    page.goto(address + "/handhelds")
    page.get_by_label("Name").fill("admin")
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Enrol a handheld").click()
    shown = np.frombuffer(page.locator(".qr svg").screenshot(), np.uint8)
    (symbol,) = zxingcpp.read_barcodes(cv2.imdecode(shown, cv2.IMREAD_GRAYSCALE))
    invitation = Invitation.parse(symbol.text)
    assert invitation.addresses == ("http://server.test",)
    expect(page.locator(".invitation")).to_have_text(symbol.text)
