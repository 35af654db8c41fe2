"""Priya's day: from the pick list to the carrier, with a real server and a handheld that is offline most of the time.

The page parts run the real program on the same handheld's folder, with no server in reach.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import BrowserContext, Page, expect

from scanner_client.assignment import task_of
from scanner_client.enrol_command import enrol
from scanner_client.handheld import Handheld, open_handheld
from scanner_client.session import Session
from scanner_client.sighting import Told, Tone
from scanner_client.task import Assignment
from scanner_client.typed import Typing
from scanner_client.uploader import Uploader
from server import context, enrolment, queries
from server.database import reading, writing
from server.orders import progress
from server.orders.standing import OrderProgress
from server.recalls import book
from server.recalls.asked import Asked
from server.tables import cases
from sync.verdict import Verdict
from tests.end_to_end.screen import Station
from tests.scanner_client.conftest import Hands
from tests.server.office import LAMP, NOW, PEN, PRODUCTS, SITE, office, take
from tests.simulation.station import Network

LOCATIONS = "code,name,zone\nA-01,Bin A1,picking\nA-02,Bin A2,picking\nA-10,Bin A10,picking\nDOCK,Dock,inbound\n"
STOCK = (
    "gtin,serial,location,expiry\n"
    f"{LAMP},L1,A-01,2027-01-31\n{LAMP},L2,A-02,2027-06-30\n{LAMP},L3,A-10,2027-12-31\n{LAMP},L4,A-01,2028-01-31\n"
    f"{LAMP},OLD,A-02,2025-06-30\n{LAMP},BROKEN,A-01,\n{LAMP},CALLED,A-10,\n{LAMP},MADE,A-10,\n"
)
ORDERS = (
    "number,gtin,quantity,serial,due,customer\n"
    f"SO-1,{LAMP},3,,2026-01-02,Ada\nSO-1,{PEN},5,,2026-01-02,Ada\n"
    f"SO-2,{LAMP},,MADE,2026-01-03,Bo\nSO-3,{LAMP},1,,2026-01-04,Cem\n"
)
CARTON, OTHER = "00106141412345678991", "00106141412345679004"
TRACKING = "1Z999AA10123456784"


@pytest.fixture
def day() -> Hands:
    """The clocks of the day: the handheld's, and the server's beside them."""
    hands = Hands()
    hands.wall = NOW
    return hands


@pytest.fixture
def app(tmp_path: Path, day: Hands) -> Iterator[Flask]:
    url = f"sqlite:///{tmp_path / 'server.sqlite3'}"
    with office(url, tmp_path, now_ms=lambda: day.wall, TESTING=True) as app:
        for kind, content in (("products", PRODUCTS), ("locations", LOCATIONS), ("stock", STOCK), ("order", ORDERS)):
            take(kind, content) if kind != "order" else _take_orders(content)
        yield app


def _take_orders(content: str) -> None:
    head, *rows = content.splitlines()
    for number in ("SO-1", "SO-2", "SO-3"):
        take("order", "\n".join([head, *(row for row in rows if row.startswith(number))]) + "\n")


class Priya:
    """She scans what lies before her, and is told what it means."""

    def __init__(self, handheld: Handheld, app: Flask, day: Hands) -> None:
        self.handheld = handheld
        self.day = day
        self.network = Network(app)
        with writing() as c:
            code = enrolment.new_code(c, site=SITE, role="supervisor", operator=None, now_ms=NOW)
            invitation = enrolment.invitation(c, code, ["http://server.simulated"]).text()
        enrol(handheld, invitation, self.network, name="HH-1")
        self.sync()
        self.network.online = False

    def begins(self, action: str, **of: Any) -> None:
        task = task_of(Assignment(action=action, operator="Priya", **of), self.handheld.site_map)
        self.session = Session(self.handheld, task)
        self.typing = Typing(self.session)

    def scans(self, label: str) -> Told:
        self.day.pass_ms(5_000)
        return self.typing.enter(label.encode())[-1]

    def lamp(self, serial: str) -> Told:
        return self.scans(f"]d201{LAMP}21{serial}")

    def reads(self) -> list[str]:
        return [told.text for told in self.typing.enter(b"/list")]

    def sync(self) -> None:
        for _ in Uploader(self.handheld, self.network).drain():
            pass

    def online_for_a_moment(self) -> None:
        self.network.online = True
        self.sync()
        self.network.online = False


def verdict(told: Told) -> Verdict | None:
    return told.judgement.verdict if told.judgement else None


def order(number: str) -> OrderProgress:
    with reading() as c:
        return progress.read_progress(c, SITE, [number], context.now_ms())[number]


def picks_offline(priya: Priya) -> None:
    priya.begins("pick", document="SO-1")
    lines = priya.reads()
    assert lines[0] == "0 of 8"
    assert lines[1:4] == [
        "A-01: 1 \u00d7 Lamp: L1",
        "A-02: 1 \u00d7 Lamp: L2",
        "A-10: 1 \u00d7 Lamp: L3",
    ], "what expires first goes first, bin by bin; neither the expired nor the one made for another order is named"
    priya.scans("LOC:A-01")
    assert priya.lamp("L1").text == "Right."
    told = priya.lamp("L4")
    assert (told.tone, told.text) == (Tone.GOOD, "Right. L2 in A-02 was suggested; this one is as good.")
    priya.scans("LOC:A-02")
    assert verdict(priya.lamp("OLD")) is Verdict.EXPIRED
    priya.scans("LOC:A-10")
    told = priya.lamp("MADE")
    assert (verdict(told), "SO-2" in told.text) == (Verdict.CLAIMED, True)
    assert verdict(priya.lamp("BROKEN")) is Verdict.QUARANTINED
    assert verdict(priya.lamp("CALLED")) is Verdict.RECALLED
    priya.scans("LOC:A-02")
    assert verdict(priya.lamp("L2")) is Verdict.RIGHT
    told = priya.lamp("L3")
    assert (verdict(told), told.event.action if told.event else "") == (Verdict.MORE_THAN_ORDERED, "reject")
    told = priya.typing.enter(b"/short none is there")[-1]
    assert told.tone is Tone.LOOK
    assert priya.reads()[0] == "3 of 8, 5 short"


def packs_offline(priya: Priya) -> None:
    priya.begins("pick", document="SO-3", location="A-10")
    assert verdict(priya.lamp("L3")) is Verdict.RIGHT
    priya.begins("pick", document="SO-2", location="A-10")
    assert verdict(priya.lamp("L3")) is Verdict.MADE_TO_ORDER, "never substituted"
    assert verdict(priya.lamp("MADE")) is Verdict.RIGHT
    priya.begins("pack")
    priya.scans("SO-1")
    priya.scans(CARTON)
    assert [verdict(priya.lamp(serial)) for serial in ("L1", "L4", "L2")] == [Verdict.RIGHT] * 3
    assert verdict(priya.lamp("L3")) is Verdict.CLAIMED
    priya.scans(OTHER)
    told = priya.lamp("L1")
    assert (verdict(told), CARTON[2:] in told.text) == (Verdict.PACKED_ELSEWHERE, True)
    priya.scans("SO-2")
    assert verdict(priya.lamp("MADE")) is Verdict.RIGHT
    [told] = priya.typing.enter(b"/close")
    assert (told.tone, told.text) == (Tone.GOOD, "Closed. SO-2 is complete.")
    priya.scans("SO-1")
    priya.scans(CARTON)
    [told] = priya.typing.enter(b"/close")
    assert told.text.startswith("Closed")


def recall(number: str, serial: str, reason: str) -> None:
    asked, now = Asked(number=number, reason=reason, product=LAMP, serials=[serial]), context.now_ms()
    with writing() as c:
        book.begin(c, site=SITE, asked=asked, operator="Q", now_ms=now)


def hands_over(priya: Priya) -> None:
    """The handheld has not heard the server for a while: the cartons are packed, and do not leave."""
    recall("RC-2", "MADE", "Cable.")
    priya.begins("ship", document="SO-1")
    assert priya.scans(CARTON).text == "One moment: the server is asked whether it may go."
    [told] = priya.session.go_on(heard=False)
    assert (told.tone, told.event) == (Tone.STOP, None)
    assert told.text.startswith("HOLD: no word from the server for 2 min")
    priya.scans(CARTON)
    priya.online_for_a_moment()
    [told] = priya.session.go_on()
    assert (told.tone, told.event.action if told.event else "") == (Tone.GOOD, "ship")
    priya.begins("ship", document="SO-2")
    told = priya.scans(OTHER)
    assert (verdict(told), told.text) == (Verdict.RECALLED, "Lamp MADE is in it. RECALLED: do not move it. Cable.")


def comes_back(priya: Priya) -> None:
    """The parcel gets its tracking number, is not delivered, and comes back by it."""
    priya.begins("label_parcel", document="SO-1")
    priya.scans(CARTON)
    assert priya.scans(TRACKING).tone is Tone.GOOD
    priya.online_for_a_moment()
    found = order("SO-1")
    assert (found.standing, found.short, [p.shipped for p in found.parcels]) == ("short", 5, [True])
    priya.begins("parcel_back", reason="undelivered", location="DOCK")
    assert verdict(priya.scans(TRACKING)) is Verdict.RIGHT
    priya.online_for_a_moment()


def test_priyas_day_from_the_pick_list_to_the_carrier_and_back(app: Flask, day: Hands, tmp_path: Path) -> None:
    with open_handheld(tmp_path / "home", day.clock) as handheld:
        priya = Priya(handheld, app, day)
        priya.begins("quarantine", reason="seal broken", location="A-01")
        assert priya.lamp("BROKEN").tone is Tone.GOOD
        recall("RC-1", "CALLED", "Battery.")
        priya.online_for_a_moment()
        picks_offline(priya)
        packs_offline(priya)
        hands_over(priya)
        comes_back(priya)
    found = order("SO-1")
    assert [(p.shipped, p.came_back) for p in found.parcels] == [(False, "undelivered")]
    assert {one.subject.rpartition("/")[2] for one in found.to_put_back} >= {"L1", "L2", "L4"}
    assert order("SO-2").packed == 1
    assert order("SO-3").picked == 1
    with reading() as c:
        opened = list(c.execute(cases.select().where(cases.c.status == "open")).mappings())
    assert opened == [], "whatever was refused was left where it was, so that nothing is wrong"


def test_pieces_count_for_their_order_from_the_bin_to_the_carrier_with_a_sync_after_each_scan(
    app: Flask, day: Hands, tmp_path: Path
) -> None:
    with open_handheld(tmp_path / "home", day.clock) as handheld:
        priya = Priya(handheld, app, day)
        priya.begins("pick", document="SO-1", location="A-02")
        for quantity in (3, 2):
            priya.scans(f"*{quantity}")
            assert verdict(priya.scans(PEN)) is Verdict.NO_MORE_HERE, "nobody booked them in; she has them in her hand"
            priya.online_for_a_moment()
        assert priya.reads()[0] == "5 of 8"
        assert verdict(priya.scans(PEN)) is Verdict.MORE_THAN_ORDERED
        priya.begins("pack", document="SO-1")
        priya.scans(CARTON)
        assert priya.typing.enter(b"/close")[-1].text.startswith("Nothing is in")
        priya.scans("*5")
        assert verdict(priya.scans(PEN)) is Verdict.RIGHT
        priya.online_for_a_moment()
        assert priya.typing.enter(b"/close")[-1].text == "Closed, and SO-1 still lacks 3 \u00d7 Lamp."
        priya.online_for_a_moment()
        priya.begins("ship", document="SO-1")
        assert priya.scans(CARTON).event is None, "the server is asked first"
        priya.online_for_a_moment()
        assert priya.session.go_on()[-1].text == "Handed over, and SO-1 still lacks 3 \u00d7 Lamp."
        priya.online_for_a_moment()
    found = order("SO-1")
    assert (found.picked, found.packed, found.shipped) == (5, 5, 5)
    with reading() as c:
        [(place, quantity)] = queries.balances(c, SITE, f"https://id.gs1.org/01/{PEN.zfill(14)}")
    assert (place.rpartition("/")[2], quantity) == ("A-02", -5), "never booked in, and none left in the carton"


@pytest.fixture
def page_of(tmp_path: Path, browser: BrowserContext) -> Iterator[Station]:
    station = Station(tmp_path / "home", browser.new_page())
    yield station
    if station.program is not None:
        station.program.kill()
        station.program.communicate()


@pytest.mark.browser
def test_the_page_leads_from_bin_to_bin_and_the_station_says_what_is_missing(
    app: Flask, day: Hands, tmp_path: Path, page_of: Station
) -> None:
    with open_handheld(tmp_path / "home", day.clock) as handheld:
        Priya(handheld, app, day)
    page: Page = page_of.page
    page.set_viewport_size({"width": 390, "height": 844})
    page_of.start("--action", "pick", "--document", "SO-1", "--operator", "Priya")
    expect(page.locator("#picks-bin")).to_have_text("A-01")
    expect(page.locator("#picks-progress")).to_have_text("0 of 8")
    expect(page.locator("#picks-takes")).to_contain_text("Lamp")
    page_of.wedge("LOC:A-01")
    page_of.wedge(f"]d201{LAMP}21L1")
    expect(page.locator("#picks-bin")).to_have_text("A-02")
    expect(page.locator("#picks-progress")).to_have_text("1 of 8")
    page.locator("#picks-short").click()
    page.get_by_role("button", name="None is there").click()
    expect(page.locator("#picks-progress")).to_have_text("1 of 8, 1 short")
    page_of.wedge(f"]d201{LAMP}21MADE")
    expect(page.locator("#said")).to_have_text("TAKEN: it belongs to SO-2. Put it back, and take another one.")
    page.set_viewport_size({"width": 1366, "height": 768})
    page.locator("#change").click()
    page.locator("#actions button", has_text="Pack").first.click()
    page.locator('#task-fields input[name="document"]').fill("SO-1")
    page.locator("#start").click()
    expect(page.locator("#packing-progress")).to_have_text("0 of 8")
    expect(page.locator("#packing-close")).to_be_disabled()
    page_of.wedge(CARTON)
    page_of.wedge(f"]d201{LAMP}21L1")
    expect(page.locator("#packing-inside")).to_have_text("1 in this carton")
    page.locator("#packing-close").click()
    expect(page.locator("#said")).to_contain_text("Closed, and SO-1 still lacks")
    actions = [event.action for event in page_of.end()]
    assert [name for name in actions if name in ("pick", "short_pick", "reject", "pack", "close_carton")] == [
        "pick", "short_pick", "reject", "pack", "close_carton",
    ]  # fmt: skip
