"""Ravi's two days at the dock: a delivery with a pallet, received by two handhelds, closed, claimed and credited.

The handhelds are the client's own code with its own queue and HTTP, the server is the real one behind a socket, and the
office looks at it in a browser.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask
from playwright.sync_api import BrowserContext, Page, expect
from werkzeug.serving import make_server

from scanner_client.clock import Clock
from scanner_client.enrol_command import enrol
from scanner_client.handheld import Handheld, open_handheld
from scanner_client.pictures import Pictures
from scanner_client.session import Session
from scanner_client.sighting import Sighting, Symbol
from scanner_client.task import Task
from scanner_client.transport import Transport
from scanner_client.typed import Typing
from scanner_client.uploader import Uploader
from server import create_app, enrolment, queries
from server.context import settings
from server.database import db, reading, writing
from server.setup import set_up
from server.tables import cases
from server.upkeep import verify
from sync.event import format_name
from tests.server import office
from tests.server.running import PASSWORD

pytestmark = pytest.mark.browser

START = 1_780_000_000_000
DAY = 86_400_000
CARTON_1, CARTON_2, PALLET, BOX = (
    "106141412345678908", "106141412345678915", "106141412345678922", "106141412345678939",
)  # fmt: skip
LAMP, TEA, PEN = office.LAMP, office.TEA, office.PEN
PRODUCTS = (
    "gtin,sku,name,mode,price,currency,zone\n"
    f"{LAMP},LAMP,Lamp,serial,40,EUR,small\n{TEA},TEA,Tea,lot,5,EUR,\n{PEN},PEN,Pen,quantity,1,EUR,\n"
)
LOCATIONS = "code,name,zone\nA-01,Bin A1,small\nA-02,Bin A2,small\nDOCK,Dock,inbound\n"
STOCK = f"gtin,serial,location\n{LAMP},OLD1,A-02\n"
ASN = "number,supplier,po,sscc,parent,gtin,serial,quantity,lot\n" + "".join(
    f"ASN-7,Acme,PO-7,{carton},{parent},{gtin},{serial},{quantity},{lot}\n"
    for carton, parent, gtin, serial, quantity, lot in (
        *((CARTON_1, PALLET, LAMP, f"B{n}", "", "") for n in (1, 2, 3)),
        (BOX, CARTON_1, LAMP, "I1", "", ""),
        (BOX, CARTON_1, LAMP, "I2", "", ""),
        (CARTON_1, PALLET, TEA, "", 24, "L2"),
        *((CARTON_2, PALLET, LAMP, f"C{n}", "", "") for n in (1, 2, 3)),
        (CARTON_2, PALLET, PEN, "", 10, ""),
    )
)


def label(text: str) -> Symbol:
    """A GS1 label of a lamp, a carton's SSCC, a bin or a product."""
    if text.isdigit() and len(text) == 18:
        return Symbol(data=b"00" + text.encode(), symbology="]C1")
    if text in ("A-01", "A-02", "DOCK"):
        return Symbol(data=b"LOC:" + text.encode(), symbology="]C0")
    if text.isdigit():
        return Symbol(data=text[1:].encode(), symbology="]E0")
    return Symbol(data=f"01{LAMP}21{text}".encode(), symbology="]d2")


def picture() -> bytes:
    """A small photograph of something that fell."""
    import cv2  # noqa: PLC0415
    import numpy as np  # noqa: PLC0415

    crushed = np.full((240, 320, 3), (150, 190, 210), np.uint8)
    cv2.line(crushed, (40, 30), (260, 200), (40, 40, 90), 9)
    cv2.putText(crushed, "B3", (120, 140), cv2.FONT_HERSHEY_SIMPLEX, 2, (20, 20, 20), 3)
    return bytes(cv2.imencode(".jpg", crushed)[1])


@dataclass
class Moment:
    """The time of the story, which both sides go by."""

    ms: int = START

    def clock(self) -> Clock:
        return Clock(wall_ms=lambda: self.ms, boot_ms=lambda: self.ms - START + 1_000_000, boot="boot")


@dataclass
class Dock:
    """The server, its address, and the handhelds of the dock."""

    app: Flask
    address: str
    now: Moment
    folder: Path
    stack: ExitStack
    handhelds: dict[str, Handheld] = field(default_factory=dict)

    def take(self, name: str) -> Handheld:
        """A handheld, enrolled when it is first taken."""
        if name not in self.handhelds:
            handheld = self.stack.enter_context(open_handheld(self.folder / name, self.now.clock()))
            with writing() as c:
                code = enrolment.new_code(c, site=office.SITE, role="receiver", operator=None, now_ms=self.now.ms)
                invitation = enrolment.invitation(c, code, [self.address]).text()
            enrol(handheld, invitation, Transport(), name=name)
            self.handhelds[name] = handheld
            self.sync(name)
        return self.handhelds[name]

    def sync(self, name: str) -> None:
        self.now.ms += 60_000
        for _ in Uploader(self.handhelds[name], Transport()).drain():
            pass

    def receive(self, name: str, *labels: str) -> list[str]:
        """What the handheld says to each label, a minute apart."""
        session = Session(self.take(name), Task(action="receive", document="ASN-7", operator="Ravi"))
        said = []
        for text in ("DOCK", *labels):
            self.now.ms += 60_000
            if text.startswith("/"):
                said += [told.text for told in Typing(session).enter(text.encode())]
            elif text == "snap":
                last = session.last_kept
                assert last is not None
                Pictures(self.handhelds[name].home).keep(format_name(last[0].name), picture())
            else:
                said += [told.text for told in session.scan(Sighting(symbols=(label(text),), entry="wedge"))]
        return said[1:]


@contextmanager
def serving(app: Flask) -> Iterator[str]:
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def dock(tmp_path: Path) -> Iterator[Dock]:
    now = Moment()
    given = {"DATABASE_URL": f"sqlite:///{tmp_path / 'site.sqlite3'}", "INSTANCE": tmp_path / "instance"}
    (tmp_path / "instance").mkdir()
    app = create_app({**given, "SITE": office.SITE, "SECRET_KEY": "test"}, now_ms=lambda: now.ms)
    with ExitStack() as stack, app.app_context(), serving(app) as address:
        set_up(settings(), now_ms=START, password=PASSWORD)
        for kind, content in (("products", PRODUCTS), ("locations", LOCATIONS), ("stock", STOCK), ("asn", ASN)):
            now.ms += 1_000
            office.take(kind, content, now_ms=now.ms)
        office.take("purchase_order", f"number,supplier,gtin,quantity\nPO-7,Acme,{LAMP},8\n", now_ms=now.ms + 1)
        yield Dock(app=app, address=address, now=now, folder=tmp_path, stack=stack)
        db.engine.dispose()


def signed_in(browser: BrowserContext, dock: Dock, path: str) -> Page:
    page = browser.new_page()
    page.goto(dock.address + path)
    page.get_by_label("Name").fill("admin")
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    return page


def open_cases() -> set[tuple[str, str]]:
    with reading() as c:
        found = c.execute(sa.select(cases.c.unit, cases.c.rule).where(cases.c.status == "open")).all()
    return {(unit.rpartition("/")[2], rule) for unit, rule in found}


def asks_for_samples(page: Page) -> None:
    """The office has two lamps of each of Acme's cartons read one by one."""
    page.get_by_text("Change a rule").click()
    page.get_by_label("Supplier").fill("Acme")
    page.get_by_label("To read one by one").select_option("count")
    page.get_by_label("How many, or percent").fill("2")
    page.get_by_role("button", name="Set the rule").click()
    expect(page.get_by_role("status")).to_have_text("Acme: 2 of each carton read one by one.")


def first_day(dock: Dock) -> None:
    """No radio: one carton by its label and two lamps, one of them damaged, with a picture; one of the inner box."""
    dock.take("dock-1")
    assert dock.receive("dock-1", CARTON_1, "B1", "B3", "/condition damaged", "snap", BOX, "I1") == [
        "Right. 0 of 2 to read one by one.",
        "Right. 1 of 2 to read one by one.",
        "Right. Enough of this carton was read one by one: 2.",
        "Damaged.",
        "Right. 0 of 2 to read one by one.",
        "Right. 1 of 2 to read one by one.",
    ]
    dock.sync("dock-1")


def second_day(dock: Dock) -> None:
    """Another handheld, the other carton unit by unit.

    B2 is in the wrong one, X9 nobody announced, OLD1 is in stock already; C3 does not come.
    """
    dock.now.ms += DAY
    dock.take("dock-2")
    said = dock.receive("dock-2", CARTON_2, "C1", "C2", "B2", "X9", "OLD1", PEN)
    assert said[3].startswith(f"Belongs in {CARTON_1}.")
    assert said[4].startswith("Kept.")
    dock.receive("dock-1", BOX, "I2")
    for name in ("dock-1", "dock-2"):
        dock.sync(name)
    assert open_cases() == {("B2", "wrong_carton"), ("X9", "unexpected_receipt"), ("OLD1", "duplicate")}
    with reading() as c:
        old = queries.read_unit(c, office.SITE, f"https://id.gs1.org/01/{LAMP}/21/OLD1", dock.now.ms)
    assert old is not None
    assert (old.state.status.value, (old.expected_location or "").rpartition("/")[2]) == ("stored", "A-02")


def closes_and_claims(page: Page) -> None:
    """The office closes the receipt, claims what is wrong, and follows the claim to its credit."""
    page.get_by_text("Close this receipt").click()
    page.get_by_role("button", name="Close ASN-7").click()
    expect(page.get_by_role("status")).to_contain_text("ASN-7 is closed.")
    page.get_by_role("button", name="Claim the differences from Acme").click()
    expect(page.get_by_role("heading", name="CLAIM-1")).to_be_visible()
    for words in ("Announced, and did not come", "Came damaged", "Came in another carton", "was not announced"):
        expect(page.get_by_text(words).first).to_be_visible()
    page.get_by_label("Note").fill("by e-mail")
    page.get_by_role("button", name="It was sent").click()
    page.get_by_role("button", name="It was accepted").click()
    page.get_by_label("Amount in EUR").fill("80.00")
    page.get_by_role("button", name="It was credited").click()
    expect(page.get_by_role("status")).to_contain_text("claims 49.00 EUR, and 80.00 EUR is more")
    page.get_by_label("Amount in EUR").fill("49.00")
    page.get_by_role("button", name="It was credited").click()
    expect(page.get_by_text("Credited 49.00 EUR")).to_be_visible()


def test_two_days_at_the_dock_end_in_a_credited_claim(dock: Dock, browser: BrowserContext) -> None:
    page = signed_in(browser, dock, "/receipts")
    asks_for_samples(page)
    first_day(dock)
    page.goto(dock.address + "/receipts/receipt?number=ASN-7")
    expect(page.get_by_role("heading", name="being received")).to_be_visible()
    expect(page.get_by_text("not sampled enough: 1 of 2")).to_be_visible()
    expect(page.get_by_role("img", name="Picture 1 of Lamp · B3")).to_be_visible()
    second_day(dock)
    page.reload()
    closes_and_claims(page)
    # A late scan never changes what was closed; the order counts it, and what the ledger says is what is stored.
    dock.receive("dock-2", CARTON_2, "C3")
    dock.sync("dock-2")
    page.reload()
    expect(page.get_by_text("it was scanned again")).to_be_visible()
    page.goto(dock.address + "/receipts/receipt?number=PO-7")
    expect(page.get_by_text("Its notices: ASN-7")).to_be_visible()
    assert list(verify(office.SITE, lambda _: None)) == []
