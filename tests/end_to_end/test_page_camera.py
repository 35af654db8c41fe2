"""The operator's screen with a camera, or with pictures in its place: what is asked, marked and saved."""

from __future__ import annotations

from pathlib import Path

import cv2
import pytest
from playwright.sync_api import expect

from sync.event import format_name
from tests.end_to_end.screen import ITEM, LOOK_ROUND, Station, label, picture

pytestmark = [pytest.mark.browser, pytest.mark.slow]

WORDS_THAT_ARE_CUT_OFF = """
    [...document.querySelectorAll("#words > *")].filter((each) => {
      const [of, around] = [each, document.getElementById("verdict")].map((it) => it.getBoundingClientRect());
      return of.height && (of.top < around.top || of.bottom > around.bottom);
    }).map((each) => each.textContent)
"""


def test_still_picture_is_asked_about_and_marked(station: Station, tmp_path: Path) -> None:
    shown = picture(tmp_path / "still.png", "D-1001", "D-2001", "D-3001")
    station.start(*LOOK_ROUND, "--source", str(shown), "--save-picture", str(tmp_path / "saved.jpg"))
    page = station.page
    expect(page.locator("#question-thing")).to_have_text("Drill D-1001")
    expect(page.locator("#reads")).to_have_text("3 of 3 in view read")
    expect(page.locator("#picture")).to_be_visible()
    expect(page.locator("#picture")).to_have_js_property("naturalWidth", 3 * 380)
    page.get_by_role("button", name="Yes, keep").click()
    expect(page.locator("#said")).to_have_text("Right.")
    page.get_by_role("button", name="No", exact=True).click()
    expect(page.locator("#question-thing")).to_have_text("Drill D-3001")
    page.get_by_role("button", name="Yes, keep").click()
    expect(page.locator("#said")).to_contain_text("RECALLED")
    expect(page.locator("#question")).to_be_hidden()
    page.get_by_role("button", name="Save picture").click()
    expect(page.locator("#said")).to_contain_text("Picture saved")
    saved = cv2.imread(str(tmp_path / "saved.jpg"))
    assert saved is not None
    assert saved.shape[1] == 3 * 380
    assert [event.subject for event in station.end()] == [f"{ITEM}/21/D-1001", f"{ITEM}/21/D-3001"]
    assert len(list((station.home / "evidence").glob("*.jpg"))) == 2


def test_all_that_is_asked_about_is_kept_with_one_touch_and_a_phone_shows_it_beside_the_question(
    station: Station, tmp_path: Path
) -> None:
    shown = picture(tmp_path / "still.png", "D-1001", "D-2001", "D-3001")
    station.page.set_viewport_size({"width": 360, "height": 740})
    station.start(*LOOK_ROUND, "--source", str(shown))
    for part in ("#question-thing", "#question-all", "#picture"):
        expect(station.page.locator(part)).to_be_in_viewport(ratio=1)
    with station.page.expect_request("**/requests") as asked:
        station.page.get_by_role("button", name="Keep all 3").click()
    row = asked.value.post_data_json or {}
    assert (row["type"], row["question"], row["keep"], row["last"]) == ("answer", 1, True, 3)
    expect(station.page.locator("#question")).to_be_hidden()
    assert len(station.end()) == 3


def test_camera_that_is_not_there_is_said_and_the_work_goes_on_by_wedge(station: Station) -> None:
    station.start(*LOOK_ROUND, "--source", "camera:97")
    page = station.page
    expect(page.locator("#camera-trouble")).to_contain_text("Camera 97 cannot be opened")
    station.wedge(label("D-1001"))
    expect(page.locator("#said")).to_have_text("Right.")
    page.get_by_role("button", name="Open again").click()
    expect(page.locator("#scans li")).to_have_count(3)
    assert [event.subject for event in station.end()] == [f"{ITEM}/21/D-1001"]


def test_source_that_is_opened_again_undoes_nothing_of_what_it_showed_before(station: Station, tmp_path: Path) -> None:
    shown = picture(tmp_path / "still.png", "D-1001")
    station.start(*LOOK_ROUND, "--source", str(shown))
    page = station.page
    page.get_by_role("button", name="Yes, keep").click()
    expect(page.locator("#said")).to_have_text("Right.")
    picture(shown, "D-1002")
    page.get_by_role("button", name="Open again").click()
    page.get_by_role("button", name="Yes, keep").click()
    expect(page.locator("#thing")).to_have_text("Drill D-1002")
    assert [(event.action, event.subject) for event in station.end()] == [
        ("inspect", f"{ITEM}/21/D-1001"),
        ("inspect", f"{ITEM}/21/D-1002"),
    ]


def test_bad_picture_of_a_folder_is_named_on_the_screen(station: Station, tmp_path: Path) -> None:
    (tmp_path / "shelf").mkdir()
    picture(tmp_path / "shelf" / "1.png", "D-1001")
    cut = picture(tmp_path / "shelf" / "2.png", "D-1002")
    cut.write_bytes(cut.read_bytes()[:400])
    station.page.set_viewport_size({"width": 1366, "height": 768})
    station.start(*LOOK_ROUND, "--source", str(tmp_path / "shelf"))
    expect(station.page.locator("#scans")).to_contain_text("2.png is not a PNG, JPEG, WebP or BMP picture")
    expect(station.page.locator("#question-thing")).to_have_text("Drill D-1001")
    assert station.page.evaluate(WORDS_THAT_ARE_CUT_OFF) == []


def test_what_is_keyed_in_keeps_the_picture_that_the_camera_sees(station: Station, tmp_path: Path) -> None:
    shown = picture(tmp_path / "still.png", "D-1001", "D-2001")
    station.start(*LOOK_ROUND, "--source", str(shown))
    page = station.page
    expect(page.locator("#reads")).to_have_text("2 of 2 in view read")
    page.get_by_role("button", name="Key in").click()
    for field in ("What it says", "Once more"):
        page.get_by_label(field).fill(label("D-1002"))
    page.get_by_role("button", name="Keep it").click()
    expect(page.locator("#thing")).to_have_text("Drill D-1002")
    [event] = station.end()
    assert event.entry == "keyed"
    [kept] = (station.home / "evidence").glob("*.jpg")
    assert kept.stem == format_name(event.name)
    seen = cv2.imread(str(kept))
    assert seen is not None
    assert seen.shape[1] == 2 * 380, "the whole picture, for nobody knows where on it the label is"
