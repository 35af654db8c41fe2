"""Sam's count, from the form to the audited version, while the warehouse works on.

Rosa and Ravi share some bins, Ravi blind. Pia picks meanwhile. What is missing in one bin is found by another count.
Nora's handheld is away while the count is closed, so that her scan comes late. Mia counts a bin again; Ada approves.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page, expect
from werkzeug.serving import make_server

from scanner_client.count_list import bins_of
from scanner_client.sighting import Sighting, Symbol, Told
from scanner_client.task import Task
from server import enrolment, papers
from server.counts.opening import open_count
from server.database import reading, writing
from tests.handheld import BIN_A, BIN_B, BIN_C, DOCK, unit
from tests.server.running import NOW, PASSWORD, running_server
from tests.server.site import SITE, state_document
from tests.simulation.station import Station

pytestmark = pytest.mark.browser

SHOTS = os.environ.get("SCREENSHOTS")
"""A folder for a picture of each page, for who wants to look at them."""
STEP_MS = 30_000


@dataclass
class Warehouse:
    """The server and everybody's handhelds; the time goes on with each scan."""

    app: Flask
    address: str
    folder: Path
    now_ms: int = NOW
    stations: list[Station] = field(default_factory=list)

    def handheld(self, name: str) -> Counter:
        station = Station(name, self.folder / name, self.app, lambda: self.now_ms, Random(name), 0)
        with writing() as c:
            word = enrolment.new_code(c, site=SITE, role="supervisor", operator=None, now_ms=self.now_ms)
            text = enrolment.invitation(c, word, ["http://server.simulated"]).text()
        self.stations.append(station)
        station.enrol(text)
        return Counter(station, self.tick)

    def tick(self) -> None:
        self.now_ms += STEP_MS


@dataclass
class Counter:
    """A person with a handheld."""

    station: Station
    tick: Callable[[], None]

    def begin(self, action: str, document: str | None = None, location: str | None = None) -> Counter:
        self.station.begin(action, document=document, location=location)
        return self

    def see(self, *labels: Symbol) -> list[str]:
        """What is said of each label."""
        return [told.text for label in labels for told in self.told(label)]

    def told(self, label: Symbol) -> list[Told]:
        self.tick()
        return self.station.scan(Sighting(symbols=(label,), entry="wedge"))

    def sync(self) -> None:
        self.tick()
        assert self.station.sync()

    def knows(self, place: str) -> list[str]:
        return self.station.handheld.site_map.expected_in(place)


def bin_label(key: str) -> Symbol:
    return Symbol(data=b"4149506000134352254" + key.rpartition("/")[2].encode(), symbology="]C1")


def box(serial: str) -> Symbol:
    return Symbol(data=b"010950600013435221" + serial.encode(), symbology="]d2")


@pytest.fixture
def warehouse(tmp_path: Path) -> Iterator[Warehouse]:
    """Three bins with phones and an empty dock."""
    with running_server(f"sqlite:///{tmp_path / 'site.sqlite3'}", tmp_path) as app:
        places = {"A1": BIN_A, "A2": BIN_A, "A3": BIN_A, "B1": BIN_B, "B2": BIN_B, "C1": BIN_C}
        rows = [{"subject": unit(s), "location": place} for s, place in places.items()]
        state_document("stock", "STOCK", rows, now_ms=NOW - 1_000_000)
        server = make_server("127.0.0.1", 0, app, threaded=True)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        made = Warehouse(app, f"http://127.0.0.1:{server.server_port}", tmp_path)
        app.config["NOW_MS"] = lambda: made.now_ms
        try:
            yield made
        finally:
            for station in made.stations:
                station.close()
            server.shutdown()
            thread.join()
            server.server_close()


def signed_in(browser: Browser, warehouse: Warehouse, name: str) -> Page:
    page = browser.new_context(viewport={"width": 1366, "height": 768}).new_page()
    page.goto(warehouse.address + "/counts")
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Counts", exact=True)).to_be_visible()
    return page


def look(page: Page, name: str) -> None:
    if SHOTS:
        page.screenshot(path=f"{SHOTS}/sam-{name}.png", full_page=True)


@dataclass
class Morning:
    """Who is there, and Sam's and Ada's screens."""

    warehouse: Warehouse
    rosa: Counter
    ravi: Counter
    pia: Counter
    nora: Counter
    mia: Counter
    sam: Page
    ada: Page


@pytest.fixture
def morning(chromium: Browser, warehouse: Warehouse) -> Morning:
    people = {name.lower(): warehouse.handheld(name) for name in ("Rosa", "Ravi", "Pia", "Nora", "Mia")}
    screens = {"sam": signed_in(chromium, warehouse, "supervisor"), "ada": signed_in(chromium, warehouse, "admin")}
    return Morning(warehouse, **people, **screens)  # type: ignore[arg-type]


def test_a_count_shared_out_blind_recounted_approved_and_audited(morning: Morning) -> None:
    sam_opens_a_count(morning)
    everybody_counts_while_pia_picks(morning)
    sam_sees_what_was_found(morning)
    ada_wants_a_bin_counted_again(morning)
    version = ada_approves(morning)
    nora_comes_back(morning, version)
    with reading() as c:
        assert papers.versions(c, SITE, "count_result", "COUNT-1") >= 2, "what came late made a version of its own"


def sam_opens_a_count(morning: Morning) -> None:
    """Rosa gets A-01 and the dock, Ravi gets B-01, blind: only his handheld is sent nothing of it."""
    rosa = morning.rosa
    ravi = morning.ravi
    pia = morning.pia
    nora = morning.nora
    mia = morning.mia
    sam = morning.sam
    warehouse = morning.warehouse
    sam.get_by_role("link", name="Open a count").click()
    sam.get_by_role("textbox", name="Bins").fill("A-01, B-01, DOCK")
    sam.get_by_role("button", name="Preview").click()
    expect(sam.get_by_role("heading", name="3 bins, 5 units expected")).to_be_visible()
    for bin_, who in (("A-01", "Rosa"), ("B-01", "Ravi"), ("DOCK", "Rosa")):
        sam.get_by_label(f"Who counts {bin_}").fill(who)
    sam.get_by_label("B-01 is counted blind").check()
    look(sam, "open")
    sam.get_by_role("button", name="Open the count").click()
    expect(sam.get_by_text("0 of 3 bins done")).to_be_visible()
    with writing() as c:
        open_count(c, site=SITE, number="COUNT-2", bins=[BIN_C], operator="Sam", now_ms=warehouse.now_ms)

    for person in (rosa, ravi, pia, nora, mia):
        person.sync()
    assert (ravi.knows(BIN_B), ravi.knows(BIN_A) == rosa.knows(BIN_A)) == ([], True)
    assert rosa.knows(BIN_B) == [unit("B1"), unit("B2")]


def everybody_counts_while_pia_picks(morning: Morning) -> None:
    """Everybody counts, and Pia works on meanwhile. Nora helps in B-01, where there is no network."""
    rosa = morning.rosa
    ravi = morning.ravi
    pia = morning.pia
    nora = morning.nora
    mia = morning.mia
    rosa.begin("count", "COUNT-1")
    assert rosa.see(bin_label(BIN_A), box("A1")) == ["Bin A-01 opened.", "Right."]
    pia.begin("pick", location=BIN_A).see(box("A3"))
    assert rosa.see(bin_label(BIN_A)) == ["Bin A-01 finished. Next: DOCK. After it 0 more."]
    nora.begin("count", "COUNT-1")
    assert nora.see(bin_label(BIN_B))[0].startswith("Bin B-01 opened. It is to be counted by: another handheld's.")
    nora.see(box("B2"))
    ravi.begin("count", "COUNT-1")
    assert ravi.see(bin_label(BIN_B), box("B1")) == ["Bin B-01 opened.", "Kept."]
    assert ravi.see(bin_label(BIN_B))[0].startswith("Bin B-01 finished.")
    rosa.see(bin_label(DOCK))
    assert rosa.see(bin_label(DOCK))[0].startswith("Nothing was scanned in bin DOCK. Is it empty?")
    assert rosa.see(bin_label(DOCK)) == ["Bin DOCK finished. All your bins are done."]
    mia.begin("count", "COUNT-2")
    assert mia.see(bin_label(BIN_C), box("C1"), box("A2"))[-1] == "Belongs in A-01."
    mia.see(bin_label(BIN_C))
    for person in (rosa, ravi, pia, mia):
        person.sync()


def sam_sees_what_was_found(morning: Morning) -> None:
    """A2 is one move, found by the other count; A3 is in motion; B2 is missing, until Nora has been heard from."""
    sam = morning.sam
    sam.reload()
    expect(sam.get_by_text("3 of 3 bins done")).to_be_visible()
    moves = sam.get_by_role("table", name="Proposed moves")
    expect(moves).to_contain_text("Phone 12 · A2")
    expect(moves).to_contain_text("COUNT-2")
    expect(sam.get_by_role("table", name="In motion")).to_contain_text("Phone 12 · A3")
    missing = sam.get_by_role("table", name="Missing")
    expect(missing).to_contain_text("Phone 12 · B2")
    expect(missing).to_contain_text("provisional")
    expect(sam.get_by_text("Not heard from since their bins were finished: Nora.")).to_be_visible()
    expect(sam.get_by_text("declared empty")).to_be_visible()
    look(sam, "counted")


def ada_wants_a_bin_counted_again(morning: Morning) -> None:
    """Sam may not write a unit off alone, and Ada wants A-01 to be counted again first. Rosa may not do that."""
    rosa = morning.rosa
    mia = morning.mia
    sam = morning.sam
    ada = morning.ada
    warehouse = morning.warehouse
    ada.goto(warehouse.address + "/count-limits")
    ada.get_by_label("Units and pieces written off and on").fill("0")
    ada.get_by_role("button", name="Set the limit").click()
    sam.get_by_role("button", name="Close this count").click()
    expect(sam.get_by_text("COUNT-1 is above your limit: somebody else has to approve it.")).to_be_visible()
    ada.goto(warehouse.address + "/counts/count?number=COUNT-1")
    look(ada, "waits")
    ada.get_by_label("Note").fill("A-01 once more, please.")
    ada.get_by_role("button", name="Send back").click()
    sam.reload()
    sam.get_by_role("checkbox", name="A-01").check()
    sam.get_by_label("Recount by").fill("Mia")
    sam.get_by_role("button", name="Recount the ticked bins").click()
    rosa.sync()
    mia.sync()
    rosa.begin("count", "COUNT-1-R1")
    assert rosa.see(bin_label(BIN_A)) == ["You counted bin A-01 before: somebody else has to count it again."]
    mia.begin("count", "COUNT-1-R1")
    mia.see(bin_label(BIN_A), box("A1"), bin_label(BIN_A))
    assert [b.code for b in bins_of(mia.station.handheld, _task(mia))] == ["A-01"]
    mia.sync()


def ada_approves(morning: Morning) -> str:
    """Sam closes it, Ada approves: version 1 is frozen, and Ravi's handheld learns again what lies in B-01."""
    ravi = morning.ravi
    sam = morning.sam
    ada = morning.ada
    sam.reload()
    sam.get_by_role("button", name="Close this count").click()
    ada.reload()
    ada.get_by_label("Note").fill("Seen.")
    ada.get_by_role("button", name="Approve version 1").click()
    expect(ada.get_by_text("Approved: version 1 is closed and will not change.")).to_be_visible()
    ravi.sync()
    assert ravi.knows(BIN_B) == [unit("B1"), unit("B2")]
    ada.get_by_role("link", name="Version 1").click()
    expect(ada.get_by_text("checked just now")).to_be_visible()
    expect(ada.locator("main")).to_contain_text("COUNT-1-R1")
    ada.wait_for_load_state()  # the moments are then in the reader's own time
    version = ada.locator("main").inner_text()
    look(ada, "version")
    return version


def nora_comes_back(morning: Morning, version: str) -> None:
    """Nora comes back: her scan is an exception of version 1, which stays as it was; closing again makes version 2."""
    nora = morning.nora
    sam = morning.sam
    ada = morning.ada
    warehouse = morning.warehouse
    nora.sync()
    sam.reload()
    expect(sam.get_by_role("heading", name="exceptions of version 1")).to_be_visible()
    expect(sam.get_by_role("table", name="Late scans")).to_contain_text("Phone 12 · B2")
    look(sam, "exception")
    sam.get_by_role("button", name="Close again, as version 2").click()
    expect(sam.get_by_text("COUNT-1 is closed; version 2 of its report will not change.")).to_be_visible()
    expect(sam.get_by_role("table", name="Late scans")).to_have_count(0)
    ada.reload()
    expect(ada.locator("main")).to_have_text(version, use_inner_text=True)
    sam.goto(warehouse.address + "/cases")
    expect(sam.get_by_role("main")).to_contain_text("A2")
    expect(sam.get_by_role("main")).not_to_contain_text("Missing:")


def _task(person: Counter) -> Task:
    session = person.station._session
    assert session is not None
    return session.task
