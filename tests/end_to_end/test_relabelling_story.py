"""Pens and tea were only counted. Ravi gives each pen a plate, with a handheld that is offline in the aisle."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from scanner_client.assignment import task_of
from scanner_client.enrol_command import enrol
from scanner_client.handheld import Handheld, open_handheld
from scanner_client.session import Session
from scanner_client.sighting import Told, Tone
from scanner_client.task import Assignment
from scanner_client.typed import Typing
from scanner_client.uploader import Uploader
from server import enrolment, inventory
from server.database import reading, writing
from server.modes import book, change
from server.printing.wanted import Wanted, print_wanted
from sync.identity import container_key, item_key, unit_key
from tests.scanner_client.conftest import Hands
from tests.server.office import CARTON_2, LOCATIONS, NOW, PEN, PRODUCTS, SITE, TEA, office, take
from tests.simulation.station import Network

STOCK = f"gtin,lot,quantity,location\n{PEN},,2,A-01\n{TEA},L1,1,A-01\n{TEA},L2,1,A-02\n"


@pytest.fixture
def day() -> Hands:
    hands = Hands()
    hands.wall = NOW
    return hands


@pytest.fixture
def app(tmp_path: Path, day: Hands) -> Iterator[Flask]:
    url = f"sqlite:///{tmp_path / 'server.sqlite3'}"
    with office(url, tmp_path, now_ms=lambda: day.wall, TESTING=True) as app:
        for kind, content in (("products", PRODUCTS), ("locations", LOCATIONS), ("stock", STOCK)):
            take(kind, content)
        yield app


class Ravi:
    """He scans plates, and is told what they mean."""

    def __init__(self, handheld: Handheld, app: Flask, day: Hands) -> None:
        self.handheld, self.day, self.network = handheld, day, Network(app)
        with writing() as c:
            code = enrolment.new_code(c, site=SITE, role="picker", operator=None, now_ms=NOW)
            invitation = enrolment.invitation(c, code, ["http://server.simulated"]).text()
        enrol(handheld, invitation, self.network, name="HH-1")
        self.sync()

    def begins(self, number: str, action: str = "tell_apart") -> None:
        self.sync()
        task = task_of(Assignment(action=action, operator="Ravi", document=number), self.handheld.site_map)
        self.typing = Typing(Session(self.handheld, task))

    def scans(self, label: str) -> Told:
        self.day.pass_ms(5_000)
        return self.typing.enter(label.encode())[-1]

    def sync(self) -> None:
        for _ in Uploader(self.handheld, self.network).drain():
            pass


@pytest.fixture
def handheld(tmp_path: Path, day: Hands) -> Iterator[Handheld]:
    with open_handheld(tmp_path / "home", day.clock) as opened:
        yield opened


def place(code: str) -> str:
    with reading() as c:
        return next(one.key for one in inventory.places(c, SITE) if one.code == code)


def changes(item: str, mode: str, day: Hands) -> str:
    with writing() as c:
        return change.open_change(c, site=SITE, item=item, mode=mode, operator="Mia", now_ms=day.wall)


def test_ravi_gives_plates_to_what_was_only_counted(handheld: Handheld, app: Flask, day: Hands) -> None:
    pens = changes(item_key(PEN), "lpn", day)
    with writing() as c:
        wanted = Wanted(what="plates", count=4, item=item_key(PEN))
        print_wanted(c, wanted, site=SITE, operator="Mia", now_ms=day.wall)
    ravi = Ravi(handheld, app, day)
    ravi.begins(pens)
    asked = ravi.scans("]d1LPN00000001")
    assert (asked.tone, asked.event) == (Tone.ASK, None), "which bin has to be said first"
    ravi.scans("LOC:A-01")
    ravi.network.online = False
    told = ravi.scans("]d1LPN00000001")
    assert (told.tone, told.text) == (Tone.GOOD, "Right.")
    assert told.event is not None
    assert told.event.subject == unit_key(PEN, "LPN00000001")
    assert ravi.scans("]d1LPN00000001").text == "Already scanned here.", "a second look takes no second piece"
    ravi.scans("]d1LPN00000002")
    ravi.network.online = True
    ravi.sync()
    assert change.close_change(site=SITE, number=pens, operator="Mia", now_ms=day.wall).outcome == "done"

    tea = changes(item_key(TEA), "lpn", day)
    ravi.begins(tea)
    for bin_, plate in (("A-01", "LPN00000003"), ("A-02", "LPN00000004")):
        ravi.scans(f"LOC:{bin_}")
        told = ravi.scans(f"]d1{plate}")
        assert told.event is not None
        assert told.event.lot == {"A-01": "L1", "A-02": "L2"}[bin_], "the only lot that lies there"
    ravi.sync()
    with reading() as c:
        assert list(inventory.levels(c, SITE)) == []
        assert book.read(c, SITE, tea).left == ()


def test_pens_in_a_carton_get_plates_too_and_go_on_with_it(handheld: Handheld, app: Flask, day: Hands) -> None:
    carton = container_key(CARTON_2)
    take("asn", f"number,sscc,gtin,quantity\nASN-1,{CARTON_2},{PEN},2\n")
    ravi = Ravi(handheld, app, day)
    ravi.begins("ASN-1", "receive")
    ravi.scans("LOC:DOCK")
    ravi.scans(f"]C100{CARTON_2}")
    ravi.sync()
    pens = changes(item_key(PEN), "lpn", day)
    with reading() as c:
        left = {need.place: need.quantity for need in book.read(c, SITE, pens).left}
    assert left == {carton: 2, place("A-01"): 2}, "the supplier's word and a scan of its label brought them in"
    ravi.begins(pens)
    asked = ravi.scans(f"]C100{CARTON_2}")
    assert (asked.tone, asked.event) == (Tone.ASK, None), "where it stands has to be said first"
    ravi.scans("LOC:DOCK")
    ravi.scans(f"]C100{CARTON_2}")
    ravi.scans("]d1LPN00000001")
    ravi.scans("]d1LPN00000002")
    ravi.scans("LOC:A-01")
    ravi.scans("]d1LPN00000003")
    ravi.sync()
    with reading() as c:
        found = book.read(c, SITE, pens)
    assert [(need.place, need.quantity) for need in found.left] == [(place("A-01"), 1)]
    assert (found.done, found.total) == (3, 4)
    ravi.begins("", "put_away")
    ravi.scans("LOC:A-02")
    ravi.scans(f"]C100{CARTON_2}")
    ravi.sync()
    with reading() as c:
        stands = {row["unit"]: row["place"] for row in inventory.units(c, SITE, item=item_key(PEN))}
        at = inventory.resolve(c, SITE, stands.values())
    plates = [unit_key(PEN, f"LPN0000000{n}") for n in (1, 2, 3)]
    assert stands == dict(zip(plates, [carton, carton, place("A-01")], strict=True))
    assert at[carton] == place("A-02")
