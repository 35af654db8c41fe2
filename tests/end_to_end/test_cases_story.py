"""A supervisor's morning with what does not match: found, looked at, decided, taken back, in a real browser.

Two handhelds were away over night. One of them undoes a scan after it was synced; two people settle one case at once.
"""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect
from werkzeug.serving import make_server

from tests.handheld import BIN_A, BIN_B, BIN_C, CARTON_1, unit
from tests.server.office import take
from tests.server.running import NOW, PASSWORD, Handheld, running_server
from tests.server.site import state_document

pytestmark = pytest.mark.browser

PHONES = "gtin,sku,name,mode,price,cost,currency\n09506000134352,P12,Phone 12,serial,499.00,310.00,EUR\n"
SHOTS = os.environ.get("SCREENSHOTS")
"""A folder for a picture of each page, for who wants to look at them."""


@dataclass
class Warehouse:
    """The server, and the two handhelds of the night shift."""

    address: str
    ravi: Handheld
    rosa: Handheld
    away: Handheld
    """It has not synced yet."""


@pytest.fixture
def night(tmp_path: Path) -> Iterator[Warehouse]:
    """What the night left behind: six phones in a wrong bin, one unknown, one that two handhelds claim."""
    with running_server(f"sqlite:///{tmp_path / 'site.sqlite3'}", tmp_path) as app:
        take("products", PHONES)
        ravi, rosa, away = (Handheld(app).enrol(name=f"HH-{n}") for n in (1, 2, 3))
        for n in range(1, 7):
            ravi.scan("put_away", unit(f"A{n}"), location=BIN_A, minutes_ago=45)
        ravi.scan("pack", unit("P1"), container=CARTON_1, location=BIN_A, minutes_ago=44)
        ravi.scan("move", CARTON_1, location=BIN_B, minutes_ago=43)
        for n in range(1, 7):
            ravi.scan("inspect", unit(f"A{n}"), location=BIN_B, minutes_ago=30 - n)
        ravi.scan("inspect", unit("X9"), location=BIN_B, minutes_ago=20)
        ravi.scan("put_away", unit("C1"), location=BIN_A, minutes_ago=15)
        rosa.chain.scan(NOW - 15 * 60_000 + 200, "put_away", unit("C1"), location=BIN_C, operator="Rosa")
        ravi.push()
        rosa.push()
        state_document("asn", "ASN-7", [{"subject": unit("N1"), "container": CARTON_1}], now_ms=1_780_000_000_000)
        server = make_server("127.0.0.1", 0, app, threaded=True)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield Warehouse(f"http://127.0.0.1:{server.server_port}", ravi, rosa, away)
        finally:
            server.shutdown()
            thread.join()
            server.server_close()


def _sign_in(chromium: Browser, warehouse: Warehouse, name: str) -> Page:
    context = chromium.new_context()
    page = context.new_page()
    page.goto(warehouse.address + "/cases")
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Cases", exact=True)).to_be_visible()
    return page


def _shot(page: Page, name: str) -> None:
    """The page fits a desk and a phone; who wants pictures gets them."""
    for width, height in ((1366, 768), (390, 844)):
        page.set_viewport_size({"width": width, "height": height})
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), (name, width)
        if SHOTS:
            page.screenshot(path=f"{SHOTS}/{name}-{width}.png", full_page=True)
    if SHOTS:
        page.emulate_media(color_scheme="dark")
        page.screenshot(path=f"{SHOTS}/{name}-dark.png", full_page=True)
        page.emulate_media(color_scheme="light")
    page.set_viewport_size({"width": 1366, "height": 768})


def _option(page: Page, words: str) -> Locator:
    return page.get_by_role("region", name=words)


def test_a_supervisors_morning_with_what_does_not_match(chromium: Browser, night: Warehouse) -> None:
    sam, ines = _sign_in(chromium, night, "supervisor"), _sign_in(chromium, night, "admin")
    _finds(sam)
    _looks(sam)
    _is_told_who_was_faster(sam, ines)
    _takes_it_back(sam)
    _decides_many(sam, night)
    _says_which_claim_holds(sam, night)
    _undoes_what_was_synced(sam, night)
    _sees_the_handhelds_undo(sam, night)
    ines.goto(night.address + "/audit")
    expect(ines.locator("main"), "what was decided stands in the ledger, by name").to_contain_text("supervisor")
    for page in (sam, ines):
        page.context.close()


def _finds(sam: Page) -> None:
    """The list: all kinds with their number; narrowed by kind and bin, by keyboard."""
    kinds = sam.get_by_role("list", name="How many of each kind")
    expect(kinds).to_contain_text("6 Misplaced")
    expect(kinds).to_contain_text("1 Two places at once")
    _shot(sam, "list")
    kinds.get_by_role("link", name="6 Misplaced").press("Enter")
    sam.get_by_text("More filters").click()
    sam.get_by_label("Bin or carton").fill("B-01")
    sam.get_by_label("Bin or carton").press("Enter")
    expect(sam.locator("table.cases tbody tr")).to_have_count(6)


def _looks(sam: Page) -> None:
    """One case: its evidence and what would come of each decision."""
    sam.get_by_role("row", name="A1").get_by_role("link", name="Misplaced").click()
    _shot(sam, "case")
    expect(_option(sam, "Carry it back")).to_contain_text("proposed")
    expect(_option(sam, "It stays where it was last seen")).to_contain_text("Belongs: B-01 now A-01")
    expect(_option(sam, "Write it off")).to_contain_text("Stock value: -310.00 EUR")


def _is_told_who_was_faster(sam: Page, ines: Page) -> None:
    """Two people settle it at once: the second is told who decided what and when."""
    ines.goto(sam.url)
    _option(sam, "It stays where it was last seen").get_by_role("button").click()
    expect(sam.get_by_role("status")).to_have_text("Decided.")
    _option(ines, "Write it off").get_by_role("button").click()
    expect(ines.get_by_role("status")).to_contain_text("The case was settled already by supervisor on")
    expect(ines.get_by_role("status")).to_contain_text("as 'stays'")


def _takes_it_back(sam: Page) -> None:
    """A note, and the case is opened again: what was decided is taken back."""
    sam.get_by_label("Note").fill(f"Rosa says that there are two of them, see https://chat.example/{'x' * 300}")
    sam.get_by_role("button", name="Write it down").click()
    sam.get_by_text("Open it again…").click()
    sam.get_by_label("Why").fill("look at both first")
    sam.get_by_role("button", name="Open the case again").click()
    expect(sam.get_by_role("status")).to_contain_text("The case is open again")
    expect(sam.locator(".said")).to_contain_text("taken back")
    expect(sam.locator(".said")).to_contain_text("Rosa says that there are two of them")
    expect(_option(sam, "It stays where it was last seen")).to_contain_text("Belongs: B-01 now A-01")
    _shot(sam, "case-said")


def _decides_many(sam: Page, night: Warehouse) -> None:
    """Many at once: what would come of it first; one of them changed meanwhile and is named."""
    sam.goto(night.address + "/cases?rule=misplaced")
    sam.get_by_role("link", name="Select all on this page").click()
    sam.get_by_role("button", name="Decide the selected…").click()
    expect(sam.get_by_role("heading", name="Decide 6 cases")).to_be_visible()
    _shot(sam, "many")
    night.away.scan("put_away", unit("A2"), location=BIN_C, minutes_ago=40)
    night.away.push()
    sam.get_by_role("button", name="It stays where it was last seen").click()
    expect(sam.get_by_role("heading", name="5 decided, 1 skipped")).to_be_visible()
    expect(sam.get_by_role("row", name="A2")).to_contain_text("A later scan has changed what the case rests on")
    _shot(sam, "decided")


def _says_which_claim_holds(sam: Page, night: Warehouse) -> None:
    """Two handhelds claim one phone: both trails side by side, and a person says which holds."""
    sam.goto(night.address + "/cases?rule=conflicting_claims")
    sam.get_by_role("row", name="C1").get_by_role("link", name="Two places at once").click()
    expect(sam.locator(".side")).to_have_count(2)
    _shot(sam, "claims")
    expect(sam.locator(".sides-apart")).to_contain_text("0.2 s apart")
    sam.get_by_role("region", name=re.compile("It is at A-01: the (first|second) scan holds")).get_by_role(
        "button"
    ).click()
    expect(sam.get_by_text(re.compile("settled: The (first|second) scan holds"))).to_be_visible()


def _undoes_what_was_synced(sam: Page, night: Warehouse) -> None:
    """Undo of a scan that was synced long ago, with what depends on it; and of a carton, with what is in it."""
    sam.get_by_role("link", name="Phone 12 · C1").first.click()
    expect(sam.get_by_role("img", name="Where it was over time")).to_be_visible()
    sam.goto(night.address + "/units/01/09506000134352/21/A3")
    _shot(sam, "unit")
    sam.locator(".trail li", has_text="Put away").get_by_role("link", name="Undo").click()
    expect(sam.get_by_text("facts stand in the same trail")).to_be_visible()
    _shot(sam, "undo")
    sam.get_by_label("wrong bin or carton").check()
    sam.get_by_role("button", name="Undo this scan").click()
    expect(sam.locator(".trail li.undone")).to_contain_text("Put away at A-01")


def _sees_the_handhelds_undo(sam: Page, night: Warehouse) -> None:
    """The handheld undoes its own scan, which the server has: the console shows it in the same trail."""
    night.ravi.scan("void", unit("A4"), voids=f"{night.ravi.chain.device_no}.1.12", reason="wrong unit", minutes_ago=1)
    night.ravi.push(len(night.ravi.chain.lines))
    sam.goto(night.address + "/units/01/09506000134352/21/A4")
    expect(sam.locator(".trail li.undone").first).to_contain_text("Check at B-01")
    sam.goto(f"{night.address}/units/{CARTON_1.removeprefix('https://id.gs1.org/')}")
    expect(sam.get_by_role("table", name="What is in it")).to_contain_text("scanned into it")
    expect(sam.get_by_role("table", name="What is in it")).to_contain_text("inferred")
    _shot(sam, "carton")
