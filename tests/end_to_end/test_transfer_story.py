"""Two sites, two handhelds: what Mia packs here arrives at Noor's dock, and what does not is a case at both."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from scanner_client.assignment import task_of
from scanner_client.enrol_command import enrol
from scanner_client.handheld import Handheld, open_handheld
from scanner_client.session import Session
from scanner_client.sighting import Told
from scanner_client.task import Assignment
from scanner_client.typed import Typing
from scanner_client.uploader import Uploader
from server import decisions, document_names, documents, enrolment, inventory, sites, upkeep
from server.database import reading, writing
from server.document_file import draft
from server.document_kinds import KINDS
from server.identifiers import names_of
from server.orders.parcels import label_parcels
from server.queries import whole_trail
from server.receipts.receipt import close_receipt, report
from server.tables import cases, unit_states
from server.transfers import book
from sync.identity import container_key, item_key, split_key, unit_key
from sync.verdict import Verdict
from tests.scanner_client.conftest import Hands
from tests.server.office import LAMP, LOCATIONS, NOW, PEN, PRODUCTS, SITE, office, take
from tests.simulation.station import Network

NORTH = "north"
PRODUCTS_OF_ACME = f"gtin,sku,name,supplier\n{LAMP},LAMP,Lamp,Acme\n"
STOCK = (
    f"gtin,serial,quantity,location,expiry\n{LAMP},L1,,A-01,2028-01-31\n{LAMP},L2,,A-01,\n"
    f"{LAMP},L3,,A-02,\n{PEN},,40,A-02,\n"
)
CARTON = "106141412345678991"
PALLET = "106141412345679004"
TRACKING = "1Z999AA10123456784"


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
        with writing() as c:
            sites.add_site(c, code=NORTH, name="North", company_prefix=None, beside=SITE, operator="Mia", now_ms=NOW)
        _take_at_north("products", PRODUCTS_OF_ACME)
        _take_at_north("locations", "code,name,zone\nDOCK,Dock,inbound\nN-01,Bin N1,picking\n")
        yield app


def _take_at_north(kind: str, content: str) -> None:
    with reading() as c:
        names = document_names.read(c, NORTH)
    drafted = draft(io.BytesIO(content.encode()), KINDS[kind], site=NORTH, names=names)
    with drafted.spool:
        documents.take(drafted, operator="Noor", now_ms=NOW)


class Worker:
    """Somebody with a handheld of one site."""

    def __init__(self, handheld: Handheld, app: Flask, day: Hands, *, site: str, name: str) -> None:
        self.handheld, self.day, self.name, self.network = handheld, day, name, Network(app)
        with writing() as c:
            code = enrolment.new_code(c, site=site, role="supervisor", operator=None, now_ms=NOW)
            invitation = enrolment.invitation(c, code, ["http://server.simulated"]).text()
        enrol(handheld, invitation, self.network, name=f"{site}-1")
        self.sync()

    def begins(self, action: str, **of: Any) -> None:
        self.sync()
        task = task_of(Assignment(action=action, operator=self.name, **of), self.handheld.site_map)
        self.session = Session(self.handheld, task)
        self.typing = Typing(self.session)

    def scans(self, label: str) -> Told:
        self.day.pass_ms(5_000)
        told = self.typing.enter(label.encode())
        if self.session.hand_over.asks():
            self.sync()
            told += self.session.go_on()
        return told[-1]

    def lamp(self, serial: str) -> Told:
        return self.scans(f"]d201{LAMP}21{serial}")

    def sync(self) -> None:
        for _ in Uploader(self.handheld, self.network).drain():
            pass


def verdict(told: Told) -> Verdict | None:
    return told.judgement.verdict if told.judgement else None


def packs(mia: Worker) -> None:
    mia.begins("pick", document="TRANSFER-1")
    mia.scans("LOC:A-01")
    assert [verdict(mia.lamp(serial)) for serial in ("L1", "L2")] == [Verdict.RIGHT] * 2
    mia.scans("LOC:A-02")
    mia.scans("*10")
    assert verdict(mia.scans(PEN)) is Verdict.RIGHT
    mia.begins("pack", document="TRANSFER-1")
    mia.scans(f"]C100{CARTON}")
    assert [verdict(mia.lamp(serial)) for serial in ("L1", "L2")] == [Verdict.RIGHT] * 2
    mia.scans("*10")
    assert verdict(mia.scans(PEN)) is Verdict.RIGHT
    mia.typing.enter(b"/close")


def packs_and_hands_over(mia: Worker) -> None:
    packs(mia)
    mia.begins("ship")
    assert mia.scans(f"]C100{CARTON}").event is not None
    mia.sync()


@pytest.fixture
def both(app: Flask, day: Hands, tmp_path: Path) -> Iterator[tuple[Worker, Worker]]:
    """A transfer of two lamps and ten pens, Mia who is to send it, and Noor who is to receive it."""
    book.create(site=SITE, to=NORTH, lines=[("LAMP", 2), (PEN, 10)], operator="Mia", now_ms=day.wall)
    with open_handheld(tmp_path / "main", day.clock) as here, open_handheld(tmp_path / "north", day.clock) as there:
        yield Worker(here, app, day, site=SITE, name="Mia"), Worker(there, app, day, site=NORTH, name="Noor")


def open_cases(site: str) -> set[tuple[str, str]]:
    with reading() as c:
        t = cases.c
        rows = c.execute(sa.select(t.rule, t.unit).where(t.site == site, t.status == "open"))
        return {(row.rule, row.unit.rpartition("/")[2]) for row in rows}


def standing(site: str, serial: str) -> str | None:
    with reading() as c:
        t = unit_states.c
        return c.execute(sa.select(t.status).where(t.site == site, t.unit == unit_key(LAMP, serial))).scalar()


def transfers(site: str, day: Hands) -> list[tuple[str, int, int, int]]:
    with reading() as c:
        return [(t.state, t.arrived, t.in_transit, t.short) for t in book.list_transfers(c, site, day.wall)[0]]


def test_what_one_site_packs_the_other_receives_as_one_and_differences_are_a_case_at_both(
    app: Flask, day: Hands, tmp_path: Path
) -> None:
    number = book.create(site=SITE, to=NORTH, lines=[("LAMP", 2), (PEN, 10)], operator="Mia", now_ms=day.wall)
    assert number == "TRANSFER-1"
    with open_handheld(tmp_path / "main", day.clock) as here, open_handheld(tmp_path / "north", day.clock) as there:
        mia = Worker(here, app, day, site=SITE, name="Mia")
        noor = Worker(there, app, day, site=NORTH, name="Noor")
        packs_and_hands_over(mia)
        assert transfers(SITE, day) == transfers(NORTH, day) == [("on its way", 0, 12, 0)]
        with reading() as c:
            for site in (SITE, NORTH):
                found = {(one.subject.rpartition("/")[2], one.quantity) for one in book.in_transit(c, site)[0]}
                assert found == {("L1", 1), ("L2", 1), (PEN.zfill(14), 10)}, "both see what is between them"
        assert standing(NORTH, "L1") == "announced"

        noor.begins("receive", document="TRANSFER-1", location="https://warehouse.example/414/north/254/DOCK")
        assert verdict(noor.lamp("L1")) is Verdict.RIGHT
        assert verdict(noor.lamp("L3")) is not Verdict.RIGHT, "nobody packed it, and yet it is in the carton"
        noor.sync()
        assert ("wrong_supplier", "L1") not in open_cases(NORTH), "our own site is nobody's supplier"
        with writing() as c:
            close_receipt(c, site=NORTH, number="TRANSFER-1", operator="Noor", now_ms=day.wall)
        assert ("short", "L2") in open_cases(NORTH)
        assert ("lost_in_transit", "L2") in open_cases(SITE)
        assert ("left_unnoticed", "L3") in open_cases(SITE)
        pens = ("pieces_missing", PEN.zfill(14))
        assert pens in open_cases(NORTH) & open_cases(SITE), "ten pens were handed over, and none was scanned there"
        assert transfers(SITE, day)[0][0] == "arrived short"

        noor.lamp("L2")
        noor.scans("*10")
        noor.scans(PEN)
        noor.sync()
        with writing() as c:
            close_receipt(c, site=NORTH, number="TRANSFER-1", operator="Noor", now_ms=day.wall)
        assert ("lost_in_transit", "L2") not in open_cases(SITE), "it turned up at the other end"
        assert ("short", "L2") not in open_cases(NORTH)
        assert pens not in open_cases(NORTH) | open_cases(SITE)
    for site in (SITE, NORTH):
        assert [problem for problem in upkeep.verify(site, lambda _: None) if "folded by version" not in problem] == []


def hands_over(mia: Worker, serial: str, bin_: str, carton: str) -> None:
    mia.begins("pick", document="TRANSFER-1")
    mia.scans(f"LOC:{bin_}")
    mia.lamp(serial)
    mia.begins("pack", document="TRANSFER-1")
    mia.scans(f"]C100{carton}")
    mia.lamp(serial)
    mia.begins("ship", document="TRANSFER-1")
    mia.scans(f"]C100{carton}")
    mia.sync()


def test_cartons_handed_over_one_after_the_other_are_received_under_one_number_until_its_receipt_is_closed(
    app: Flask, day: Hands, tmp_path: Path
) -> None:
    book.create(site=SITE, to=NORTH, lines=[("LAMP", 3)], operator="Mia", now_ms=day.wall)
    with open_handheld(tmp_path / "main", day.clock) as here, open_handheld(tmp_path / "north", day.clock) as there:
        mia = Worker(here, app, day, site=SITE, name="Mia")
        noor = Worker(there, app, day, site=NORTH, name="Noor")
        hands_over(mia, "L1", "A-01", CARTON)
        hands_over(mia, "L3", "A-02", PALLET)
        mia.begins("ship", document="TRANSFER-1")
        assert mia.scans(f"]C100{PALLET}").event is not None, "scanned at the door once more"
        mia.sync()
        with reading() as c:
            ((transfer,), _) = book.list_transfers(c, NORTH, day.wall)
            assert (transfer.notices, transfer.in_transit) == (("TRANSFER-1",), 2)
            in_transit = [(one.subject, one.container) for one in book.in_transit(c, NORTH)[0]]
            assert sorted(in_transit) == [
                (unit_key(LAMP, "L1"), container_key(CARTON)),
                (unit_key(LAMP, "L3"), container_key(PALLET)),
            ]
        noor.begins("receive", document="TRANSFER-1", location="https://warehouse.example/414/north/254/DOCK")
        assert [verdict(noor.scans(f"]C100{carton}")) for carton in (CARTON, PALLET)] == [Verdict.RIGHT] * 2
        noor.sync()
        with writing() as c:
            close_receipt(c, site=NORTH, number="TRANSFER-1", operator="Noor", now_ms=day.wall)
        hands_over(mia, "L2", "A-01", "106141412345679011")
    with reading() as c:
        ((transfer,), _) = book.list_transfers(c, NORTH, day.wall)
        assert (transfer.notices, transfer.arrived, transfer.in_transit) == (("TRANSFER-1", "TRANSFER-1-2"), 2, 1)
    assert open_cases(NORTH) == set()


def test_what_arrives_beyond_what_was_sent_is_none_of_what_arrived_of_it(
    both: tuple[Worker, Worker], day: Hands
) -> None:
    mia, noor = both
    packs_and_hands_over(mia)
    noor.begins("receive", document="TRANSFER-1", location="https://warehouse.example/414/north/254/DOCK")
    noor.lamp("L1")
    noor.lamp("L3")
    for _ in range(2):
        noor.scans("*10")
        noor.scans(PEN)
    noor.sync()
    assert transfers(SITE, day) == transfers(NORTH, day) == [("on its way", 11, 1, 0)], "of the twelve that were sent"
    noor.lamp("L2")
    noor.sync()
    assert transfers(SITE, day) == transfers(NORTH, day) == [("arrived", 12, 0, 0)]


def test_a_lamp_that_comes_back_in_another_carton_has_that_cartons_receipt_in_its_trail(
    both: tuple[Worker, Worker], day: Hands
) -> None:
    mia, noor = both
    packs_and_hands_over(mia)
    noor.begins("receive", document="TRANSFER-1", location="https://warehouse.example/414/north/254/DOCK")
    noor.lamp("L1")
    back = book.create(site=NORTH, to=SITE, lines=[(LAMP, 1)], operator="Noor", now_ms=day.wall)
    noor.begins("pack", document=back)
    noor.scans(f"]C100{PALLET}")
    noor.lamp("L1")
    noor.begins("ship", document=back)
    noor.scans(f"]C100{PALLET}")
    noor.sync()
    mia.begins("receive", document=back, location="https://warehouse.example/414/main/254/DOCK")
    assert verdict(mia.scans(f"]C100{PALLET}")) is Verdict.RIGHT
    mia.sync()
    with reading() as c:
        trail = [(line.fact.event.action, line.carried_in) for line in whole_trail(c, SITE, unit_key(LAMP, "L1"))]
    assert trail[-2:] == [("announce", None), ("receive", container_key(PALLET))]


@pytest.fixture
def packing(app: Flask, day: Hands, tmp_path: Path) -> Iterator[tuple[Worker, Worker, Worker]]:
    """Mia, who packs with no network, Sam at the door, who has some, and Noor at the other site."""
    book.create(site=SITE, to=NORTH, lines=[("LAMP", 2), (PEN, 10)], operator="Mia", now_ms=day.wall)
    with (
        open_handheld(tmp_path / "packing", day.clock) as offline,
        open_handheld(tmp_path / "door", day.clock) as door,
        open_handheld(tmp_path / "north", day.clock) as there,
    ):
        yield (
            Worker(offline, app, day, site=SITE, name="Mia"),
            Worker(door, app, day, site=SITE, name="Sam"),
            Worker(there, app, day, site=NORTH, name="Noor"),
        )


def leaves(sam: Worker) -> None:
    sam.begins("ship")
    sam.scans(f"]C100{CARTON}")
    sam.sync()


def here(site: str) -> dict[str, int]:
    """What a site has of each product."""
    with reading() as c:
        return dict(inventory.on_hand(c, site))


def test_what_was_packed_with_no_network_comes_in_with_its_carton_though_that_left_before_anybody_heard_of_it(
    packing: tuple[Worker, Worker, Worker], day: Hands
) -> None:
    mia, sam, noor = packing
    packs(mia)
    leaves(sam)
    assert standing(NORTH, "L1") is None
    mia.sync()
    assert standing(NORTH, "L1") == "announced"
    assert transfers(NORTH, day) == [("on its way", 0, 12, 0)]
    noor.begins("receive", document="TRANSFER-1", location="https://warehouse.example/414/north/254/DOCK")
    assert verdict(noor.scans(f"]C100{CARTON}")) is Verdict.RIGHT
    noor.sync()
    assert here(NORTH) == {item_key(LAMP): 2, item_key(PEN): 10}
    assert transfers(SITE, day) == transfers(NORTH, day) == [("arrived", 12, 0, 0)]
    assert open_cases(NORTH) == set()
    assert list(upkeep.verify(NORTH, lambda _: None)) == []


def test_pieces_that_two_packed_into_one_carton_are_all_awaited_whoever_is_heard_of_first(
    packing: tuple[Worker, Worker, Worker], day: Hands
) -> None:
    mia, sam, noor = packing
    mia.begins("pick", document="TRANSFER-1")
    for line in ("LOC:A-02", "*10", PEN):
        mia.scans(line)
    mia.sync()
    for pieces, packer in ((6, sam), (4, mia)):
        packer.begins("pack", document="TRANSFER-1")
        for line in (f"]C100{CARTON}", f"*{pieces}", PEN):
            packer.scans(line)
    leaves(sam)
    assert transfers(NORTH, day) == [("on its way", 0, 6, 0)]
    mia.sync()
    assert transfers(NORTH, day) == [("on its way", 0, 10, 0)]
    noor.begins("receive", document="TRANSFER-1", location="https://warehouse.example/414/north/254/DOCK")
    noor.scans(f"]C100{CARTON}")
    noor.sync()
    assert here(NORTH) == {item_key(PEN): 10}
    assert transfers(SITE, day) == [("arrived in part", 10, 0, 0)]
    assert open_cases(NORTH) == set()


def test_what_was_taken_out_of_a_carton_with_no_network_is_awaited_no_longer_once_that_is_heard_of(
    packing: tuple[Worker, Worker, Worker], day: Hands
) -> None:
    mia, sam, noor = packing
    packs(mia)
    mia.sync()
    mia.begins("unpack", location="https://warehouse.example/414/main/254/A-01")
    mia.lamp("L1")
    leaves(sam)
    assert (standing(NORTH, "L1"), standing(NORTH, "L2")) == ("announced", "announced")
    noor.begins("receive", document="TRANSFER-1", location="https://warehouse.example/414/north/254/DOCK")
    noor.scans(f"]C100{CARTON}")
    noor.sync()
    assert here(NORTH)[item_key(LAMP)] == 2, "nobody has looked into the carton"
    mia.sync()
    assert (standing(SITE, "L1"), standing(NORTH, "L1")) == ("picked", None)
    assert (here(SITE)[item_key(LAMP)], here(NORTH)[item_key(LAMP)]) == (2, 1)
    assert transfers(SITE, day) == [("arrived in part", 11, 0, 0)]
    assert open_cases(SITE) == open_cases(NORTH) == set()
    for site in (SITE, NORTH):
        assert [problem for problem in upkeep.verify(site, lambda _: None) if "folded by version" not in problem] == []


def takes_the_hand_over_back(mia: Worker) -> None:
    mia.begins("ship", document="TRANSFER-1")
    for line in (b"/scans", b"/undo 1 wrong truck", b"/undo 1 wrong truck"):  # what hangs on it is told first
        mia.typing.enter(line)
    mia.sync()


def lamps(site: str) -> int:
    with reading() as c:
        return inventory.on_hand(c, site)[item_key(LAMP)]


def test_what_did_not_leave_is_awaited_nowhere_until_it_leaves(app: Flask, day: Hands, tmp_path: Path) -> None:
    book.create(site=SITE, to=NORTH, lines=[("LAMP", 2), (PEN, 10)], operator="Mia", now_ms=day.wall)
    with open_handheld(tmp_path / "main", day.clock) as here:
        mia = Worker(here, app, day, site=SITE, name="Mia")
        packs_and_hands_over(mia)
        takes_the_hand_over_back(mia)
        assert transfers(SITE, day) == transfers(NORTH, day) == [("packed", 0, 0, 0)]
        assert standing(NORTH, "L1") is None, "of what never left nothing is known there"
        assert list(upkeep.verify(NORTH, lambda _: None)) == []
        mia.begins("ship", document="TRANSFER-1")
        mia.scans(f"]C100{CARTON}")
        mia.sync()
    assert transfers(SITE, day) == transfers(NORTH, day) == [("on its way", 0, 12, 0)]
    assert (standing(NORTH, "L1"), lamps(SITE)) == ("announced", 1)


def test_a_transfers_carton_has_its_tracking_number_at_both_sites_and_comes_back_undelivered_by_it(
    both: tuple[Worker, Worker], day: Hands
) -> None:
    mia, noor = both
    packs_and_hands_over(mia)
    mia.begins("label_parcel")
    mia.scans(f"]C100{CARTON}")
    assert mia.scans(TRACKING).event is not None, "its label was printed when it stood at the door"
    mia.sync()
    with reading() as c:
        found = report(c, site=NORTH, number="TRANSFER-1")
    assert (found.people, found.scans) == ([], []), "nobody there has received anything of it"
    mia.begins("parcel_back", location="https://warehouse.example/414/main/254/A-01", reason="nobody was there")
    assert verdict(mia.scans(TRACKING)) is Verdict.RIGHT
    mia.sync()
    assert transfers(SITE, day) == transfers(NORTH, day) == [("packed", 0, 0, 0)]
    assert (standing(NORTH, "L1"), lamps(SITE)) == (None, 3)
    mia.begins("ship", document="TRANSFER-1")
    mia.scans(TRACKING)
    mia.sync()
    assert transfers(SITE, day) == transfers(NORTH, day) == [("on its way", 0, 12, 0)]
    noor.begins("receive", document="TRANSFER-1", location="https://warehouse.example/414/north/254/DOCK")
    assert verdict(noor.scans(TRACKING)) is Verdict.RIGHT
    noor.sync()
    assert transfers(SITE, day) == transfers(NORTH, day) == [("arrived", 12, 0, 0)]
    assert open_cases(SITE) == open_cases(NORTH) == set()
    for site in (SITE, NORTH):
        assert [problem for problem in upkeep.verify(site, lambda _: None) if "folded by version" not in problem] == []


def test_what_is_taken_off_at_home_is_taken_off_there_and_a_lamp_that_comes_back_alone_is_in_stock_again(
    app: Flask, day: Hands, tmp_path: Path
) -> None:
    book.create(site=SITE, to=NORTH, lines=[("LAMP", 2), (PEN, 10)], operator="Mia", now_ms=day.wall)
    with open_handheld(tmp_path / "main", day.clock) as here:
        mia = Worker(here, app, day, site=SITE, name="Mia")
        packs_and_hands_over(mia)
        with writing() as c:
            label_parcels(c, site=SITE, parcels=[(CARTON, "DHL-4711")], operator="Ada", now_ms=day.wall)
        assert [split_key(name).elements[-1][1] for name in names_at(NORTH)] == ["DHL-4711"], "said at the console"
        mia.begins("label_parcel")
        mia.scans(f"]C100{CARTON}")
        mia.scans(TRACKING)
        mia.sync()
        assert len(names_at(NORTH)) == 2
        mia.typing.enter(b"/undo")
        mia.sync()
        assert len(names_at(SITE)) == 1
        assert names_at(SITE) == names_at(NORTH)
        mia.begins("parcel_back", location="https://warehouse.example/414/main/254/A-01", reason="fell out of it")
        assert verdict(mia.lamp("L1")) is Verdict.RIGHT
        mia.sync()
    assert (standing(SITE, "L1"), standing(NORTH, "L1"), standing(NORTH, "L2")) == ("received", None, "announced")
    assert transfers(SITE, day) == transfers(NORTH, day) == [("on its way", 0, 11, 0)]
    assert open_cases(SITE) == open_cases(NORTH) == set()
    with reading() as c:
        assert book.read(c, SITE, "TRANSFER-1", day.wall).shipped == 11


def names_at(site: str) -> set[str]:
    with reading() as c:
        return names_of(c, site, [container_key(CARTON)]).get(container_key(CARTON), set())


def test_a_pallet_of_a_transfers_cartons_that_is_plainly_handed_over_is_announced_and_received_by_its_label(
    both: tuple[Worker, Worker], day: Hands
) -> None:
    mia, noor = both
    packs(mia)
    mia.begins("move", location="https://warehouse.example/414/main/254/DOCK")
    keeping = mia.session.keeping  # by another client: this one asks for no pallet
    keeping.keep([keeping.event("move", subject=container_key(CARTON), container=container_key(PALLET))])
    mia.begins("ship")
    assert mia.scans(f"]C100{PALLET}").event is not None
    mia.sync()
    assert transfers(SITE, day) == transfers(NORTH, day) == [("on its way", 0, 12, 0)]
    noor.begins("receive", document="TRANSFER-1", location="https://warehouse.example/414/north/254/DOCK")
    assert verdict(noor.scans(f"]C100{PALLET}")) is Verdict.RIGHT
    noor.sync()
    assert transfers(SITE, day) == transfers(NORTH, day) == [("arrived", 12, 0, 0)]
    with reading() as c:
        assert inventory.on_hand(c, NORTH) == {item_key(LAMP): 2, item_key(PEN): 10}, "pieces came in with it too"
    with writing() as c:
        close_receipt(c, site=NORTH, number="TRANSFER-1", operator="Noor", now_ms=day.wall)
    assert open_cases(SITE) == open_cases(NORTH) == set()


@pytest.mark.parametrize("told", ["before it arrived", "after it arrived", "after the receipt was closed"])
def test_what_arrives_although_its_hand_over_was_undone_is_a_case_where_it_still_counts(
    both: tuple[Worker, Worker], day: Hands, told: str
) -> None:
    mia, noor = both
    packs_and_hands_over(mia)
    if told == "before it arrived":
        takes_the_hand_over_back(mia)
    noor.begins("receive", document="TRANSFER-1", location="https://warehouse.example/414/north/254/DOCK")
    assert (verdict(noor.scans(f"]C100{CARTON}")) is Verdict.RIGHT) is (told != "before it arrived")
    noor.sync()
    if told == "after it arrived":
        takes_the_hand_over_back(mia)
    with writing() as c:
        close_receipt(c, site=NORTH, number="TRANSFER-1", operator="Noor", now_ms=day.wall)
    if told == "after the receipt was closed":
        takes_the_hand_over_back(mia)
    assert open_cases(SITE) == {("left_unnoticed", CARTON)}
    assert lamps(SITE) == 3, "until somebody has looked"
    assert ("unexpected_receipt", CARTON) in open_cases(NORTH) or told != "before it arrived"
    for site in (SITE, NORTH):
        assert [problem for problem in upkeep.verify(site, lambda _: None) if "folded by version" not in problem] == []
    with writing() as c:
        t = cases.c
        (case,) = c.execute(sa.select(cases).where(t.site == SITE, t.status == "open")).mappings()
        said = {name: case[name] for name in ("unit", "rule", "episode", "evidence")}
        decisions.settle(c, site=SITE, **said, resolution="write_off", operator="Mia", now_ms=day.wall)
    assert lamps(SITE) == 1


@pytest.mark.parametrize(
    ("to", "lines", "sentence"),
    [
        ("south", [("LAMP", 1)], "'south' is no other site here. The others: north."),
        (SITE, [("LAMP", 1)], "'main' is no other site here."),
        (NORTH, [("NO-SUCH", 1)], "There is no product 'NO-SUCH' here"),
        (NORTH, [], "A transfer has 1 to 500 lines"),
    ],
)
def test_a_transfer_that_cannot_be_is_met_with_one_sentence(
    app: Flask, day: Hands, to: str, lines: list[tuple[str, int]], sentence: str
) -> None:
    with pytest.raises(book.TransferError, match=sentence):
        book.create(site=SITE, to=to, lines=lines, operator="Mia", now_ms=day.wall)
