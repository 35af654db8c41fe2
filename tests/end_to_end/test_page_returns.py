"""A return is examined at the handheld's page in a real browser: box, device, seal, condition, picture, release."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from scanner_client.clock import system_clock
from scanner_client.handheld import open_handheld
from scanner_client.site_map import Cursor
from sync.marks import NUMBERED
from tests.end_to_end.screen import ITEM, Station, label, picture

pytestmark = [pytest.mark.browser, pytest.mark.slow]

UNIT, IMEI = f"{ITEM}/21/R-1001", "urn:gsma:imei:49015420-323751-0"
DESK = ("--action", "take_back", "--location", "A-01", "--document", "RMA-1", "--operator", "Mia")
KNOWN: list[list[Any]] = [
    ["unit", UNIT, ["shipped", *[None] * 8, 19000, None, "SO-1", NUMBERED]],
    ["alias", IMEI, UNIT],
    ["document", "SO-1", {"kind": "order", "state": "open", "lines": [], "customer": "anna"}],
    ["document", "RMA-1", {"kind": "rma", "state": "open", "lines": [], "order": "SO-1", "customer": "anna"}],
]


def shot(station: Station, name: str) -> None:
    """A picture of the page for whoever wants to look at it."""
    if folder := os.environ.get("SCREENS"):
        station.page.screenshot(path=Path(folder) / f"{name}.png")


def test_a_return_is_taken_back_examined_and_released_at_the_page(station: Station, tmp_path: Path) -> None:
    with open_handheld(station.home, system_clock()) as handheld:
        handheld.site_map.apply(KNOWN, Cursor(cursor="9", incarnation="i"), more=False, clock=handheld.clock)
    station.start(*DESK)
    page, verdict, panel = station.page, station.page.locator("#verdict"), station.page.locator("#returning")
    station.wedge(label("R-1001"))
    expect(verdict).to_contain_text("read the number on the device itself")
    shot(station, "returns-1-box")
    station.wedge("]C0490154203237518")
    expect(panel.get_by_role("heading", name="The seal")).to_be_visible()
    page.set_viewport_size({"width": 360, "height": 740})
    shot(station, "returns-2-seal")
    panel.get_by_role("button", name="The maker's seal was opened").click()
    panel.get_by_role("button", name="It does not fit").click()
    panel.get_by_role("button", name="Condition and picture").click()
    page.get_by_role("dialog").get_by_role("combobox").select_option("opened")
    page.get_by_label("A picture of the last one").set_input_files(picture(tmp_path / "phone.png", "R-1001"))
    expect(verdict).to_contain_text("in what condition is it")
    page.get_by_role("button", name="The last one scanned").click()
    expect(verdict).to_contain_text("RESTOCK: it is the one that was sold, and sound.")
    shot(station, "returns-3-restock")
    panel.get_by_role("button", name="Release it").click()
    expect(verdict).to_contain_text("Released. Put it away.")
    expect(panel).to_be_hidden()
    station.wedge("]C100395060001343520018")
    panel.get_by_role("button", name="Never opened, not delivered").click()
    expect(verdict).to_contain_text("no return")
    assert station.said == []
    actions = [event.action for event in station.end()]
    assert actions == ["take_back", "examine", "examine", "examine", "examine", "grade", "restock", "parcel_back"]
