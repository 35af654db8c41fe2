"""A packing station whose handheld knows a small warehouse."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext

from scanner_client.clock import system_clock
from scanner_client.handheld import open_handheld
from scanner_client.site_map import Cursor
from tests.end_to_end.screen import ITEM, Station

A_01, A_02 = (f"https://warehouse.example/414/main/254/{code}" for code in ("A-01", "A-02"))


@pytest.fixture
def station(tmp_path: Path, browser: BrowserContext) -> Iterator[Station]:
    home = tmp_path / "home"
    units = [("D-1001", A_01), ("D-1002", A_01), ("D-2001", A_02), ("D-3001", A_01)]
    recall = {"number": "R", "reason": "Fire.", "item": None, "lots": [], "units": [f"{ITEM}/21/D-3001"]}
    with open_handheld(home, system_clock()) as handheld:
        handheld.site_map.apply(
            [
                *(["location", key, {"code": key[-4:], "name": "", "zone": ""}] for key in (A_01, A_02)),
                *(["unit", f"{ITEM}/21/{serial}", ["stored", key, key, None, None, None]] for serial, key in units),
                ["item", ITEM, {"name": "Drill", "sku": "D", "mode": "serial"}],
                ["recall", "R", recall],
            ],
            Cursor(cursor="1", incarnation="i"),
            more=False,
            clock=handheld.clock,
        )
    started = Station(home, browser.new_page())
    yield started
    if started.program is not None:
        started.program.kill()
        started.program.communicate()
