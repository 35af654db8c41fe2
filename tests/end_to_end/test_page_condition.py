"""In what condition something is, and its picture, said on the handheld's page in a real browser."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import expect

from scanner_client.pictures import Pictures
from sync.event import format_name
from sync.picture import BYTES_MAX
from tests.end_to_end.screen import LOOK_ROUND, Station, label, picture

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def test_what_is_damaged_is_said_after_its_scan_and_its_picture_is_kept_with_it(
    station: Station, tmp_path: Path
) -> None:
    station.start(*LOOK_ROUND)
    page, verdict = station.page, station.page.locator("#verdict")
    station.wedge(label("D-1001"))
    expect(verdict).to_contain_text("Right.")
    page.get_by_role("button", name="Condition").click()
    page.get_by_role("dialog").get_by_role("combobox").select_option("damaged")
    page.get_by_label("A picture of the last one").set_input_files(picture(tmp_path / "crushed.png", "D-1001"))
    expect(verdict).to_contain_text("The picture is kept with Drill D-1001.")
    page.get_by_role("button", name="The last one scanned").click()
    expect(verdict).to_contain_text("Damaged.")
    assert station.said == []
    seen, graded = station.end()
    assert (graded.action, graded.subject, graded.condition) == ("grade", seen.subject, "damaged")
    [waiting] = Pictures(station.home).waiting()
    assert waiting.event == format_name(seen.name)
    assert waiting.path.stat().st_size <= BYTES_MAX
