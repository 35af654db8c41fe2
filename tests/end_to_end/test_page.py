"""The operator's screen: the real program, its page in a real browser, at the size of a phone and of a PC."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import cv2
import numpy as np
import pytest
import zxingcpp
from playwright.sync_api import BrowserContext, ConsoleMessage, Page, expect

from scanner_client.clock import system_clock
from scanner_client.handheld import open_handheld
from scanner_client.site_map import Cursor
from sync.event import ScanEvent, decode

pytestmark = [pytest.mark.browser, pytest.mark.slow]

ROOT = Path(__file__).parents[2]
ITEM = "https://id.gs1.org/01/09506000134352"
A_01, A_02 = (f"https://warehouse.example/414/main/254/{code}" for code in ("A-01", "A-02"))
PHONE, PC = (360, 740), (1366, 768)
TOUCH_PX_MIN = 56
"""What a gloved finger hits: 9 mm and more on a phone."""
LOOK_ROUND = ("--action", "inspect", "--location", "A-01", "--operator", "Mia")

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


# A scan that this page did not send: what the camera sees comes to the program as such a one does.
AS_THE_CAMERA_DOES = """
    (text) => fetch("requests", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ type: "scanned", text }),
    }).then((answer) => answer.ok)
"""


@dataclass
class Station:
    """A packing station: the program with a folder of its own, and its screen."""

    home: Path
    page: Page
    said: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    program: subprocess.Popen[bytes] | None = None

    def start(self, *options: str) -> None:
        words = [sys.executable, "-m", "scanner_client", "scan", "--home", str(self.home), "--page", *options]
        self.program = subprocess.Popen(words, cwd=ROOT, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE)
        assert self.program.stderr is not None
        told = ""
        while (found := re.search(r"http://\S+", told)) is None:
            line = self.program.stderr.readline().decode()
            assert line, told
            told += line
        self.page.on("console", self._hear)
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.goto(found.group())

    def _hear(self, message: ConsoleMessage) -> None:
        self.said.append(message.text)

    def wedge(self, text: str) -> None:
        """Type as a wedge scanner does, with Ctrl-] for FNC1."""
        for number, part in enumerate(text.split("\x1d")):
            if number:
                self.page.keyboard.press("Control+]")
            self.page.keyboard.type(part)
        self.page.keyboard.press("Enter")

    def end(self) -> list[ScanEvent]:
        """End the program as the system does, and look at what it kept."""
        assert self.program is not None
        self.program.terminate()
        self.program.communicate(timeout=20)
        with open_handheld(self.home, system_clock()) as handheld:
            return [decode(line) for line in handheld.outbox.next_run().lines]


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


def label(serial: str) -> str:
    return f"]d2010950600013435221{serial}"


def picture(path: Path, *serials: str) -> Path:
    """A photograph of labels beside each other: QR codes with a Digital Link."""
    labels = []
    for serial in serials:
        code = zxingcpp.create_barcode(f"{ITEM}/21/{serial}", zxingcpp.BarcodeFormat.QRCode)
        modules = np.array(code.to_image(scale=6))
        small = cv2.resize(modules, (260, 260))
        labels.append(cv2.copyMakeBorder(small, 60, 60, 60, 60, cv2.BORDER_CONSTANT, value=(255,)))
    cv2.imwrite(str(path), np.hstack(labels))
    return path


def test_counter_chooses_on_the_screen_and_scans_with_a_wedge(station: Station) -> None:
    station.start()
    page = station.page
    page.get_by_role("button", name="Count").click()
    station.page.keyboard.type("COUNT-1")
    page.get_by_label("Who scans").fill("Mia")
    page.get_by_role("button", name="Start", exact=True).click()
    verdict = page.locator("#verdict")
    expect(verdict).to_contain_text("Scan the label of the bin.")
    station.wedge("LOC:A-01")
    expect(page.locator("#check")).to_contain_text("Drill D-1001")
    station.wedge(label("D-1001"))
    expect(verdict).to_contain_text("Right.")
    expect(verdict).to_have_attribute("data-tone", "good")
    station.wedge(label("D-2001"))
    expect(verdict).to_contain_text("Belongs in A-02.")
    expect(page.locator("#check-wrong")).to_contain_text("Drill D-2001: belongs in A-02")
    expect(page.locator("#check-missing li")).to_have_text(["Drill D-1002", "Drill D-3001"])
    page.get_by_role("button", name="Undo").click()
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
    page.get_by_role("button", name="Undo").focus()
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
    for serial, words in (("D-1001", "Right."), ("D-2001", "Belongs in"), ("D-3001", "RECALLED")):
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
    page.route("**/requests", lambda route: route.abort())
    station.wedge(label("D-1001"))
    said = page.locator("#said")
    expect(said).to_contain_text("Not kept: the scanner program did not take it.")
    page.unroute("**/requests")
    page.evaluate(AS_THE_CAMERA_DOES, label("D-2001"))
    expect(page.locator("#scans li")).to_have_count(1)
    expect(said).to_contain_text("Not kept: the scanner program did not take it.")
    station.wedge(label("D-1001"))
    expect(said).to_have_text("Right.")
    page.route("**/requests", lambda route: route.abort())
    station.wedge(label("D-1002"))
    expect(said).to_contain_text("Not kept: the scanner program did not take it.")
    page.locator("#verdict").click()
    expect(said).to_have_text("Right.")
    assert [event.subject for event in station.end()] == [f"{ITEM}/21/D-2001", f"{ITEM}/21/D-1001"]


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
        lambda: page.get_by_role("button", name="Cancel").click(),
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


def test_still_picture_is_asked_about_and_marked(station: Station, tmp_path: Path) -> None:
    shown = picture(tmp_path / "still.png", "D-1001", "D-2001", "D-3001")
    station.start(*LOOK_ROUND, "--source", str(shown), "--save-picture", str(tmp_path / "saved.jpg"))
    page = station.page
    expect(page.locator("#question-thing")).to_have_text("Drill D-1001")
    expect(page.locator("#reads")).to_have_text("3 of 3 in view read")
    expect(page.locator("#picture")).to_be_visible()
    assert page.evaluate("document.getElementById('picture').naturalWidth") == 3 * 380
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


def test_all_that_is_asked_about_is_kept_with_one_touch(station: Station, tmp_path: Path) -> None:
    shown = picture(tmp_path / "still.png", "D-1001", "D-2001", "D-3001")
    station.start(*LOOK_ROUND, "--source", str(shown))
    with station.page.expect_request("**/requests") as asked:
        station.page.get_by_role("button", name="Keep all 3").click()
    assert asked.value.post_data_json == {"type": "answer", "question": 1, "keep": True, "last": 3}
    expect(station.page.locator("#question")).to_be_hidden()
    assert len(station.end()) == 3


def test_camera_that_is_not_there_is_said_and_the_work_goes_on_by_wedge(station: Station) -> None:
    station.start(*LOOK_ROUND, "--source", "camera:97")
    page = station.page
    expect(page.locator("#camera-trouble")).to_contain_text("camera 97 cannot be opened")
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
