"""All six ways of tracking a product side by side, in one carton and one order, from the dock to the recall.

A phone has its maker's serial number, a bag gets a printed plate, a mug has no label of its own and is traced by its
carton, tablets have a lot with a use-by date, screws are counted, and a ring is made for one order. The real handheld
and the real server; the handheld syncs only where the story says so.
"""

from __future__ import annotations

from collections import Counter
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
from scanner_client.sighting import Sighting, Symbol, Told, Tone
from scanner_client.task import Assignment
from scanner_client.typed import Typing
from scanner_client.uploader import Uploader
from server import context, enrolment, inventory
from server.counts import closing, opening
from server.counts.compare import Line
from server.database import reading, stamp, writing
from server.orders import progress
from server.orders.standing import OrderProgress
from server.rebuild import rebuild
from server.recalls import book
from server.recalls.asked import Asked
from server.receipts import receipt
from server.tables import cases, stock_levels, unit_states
from sync.because import Outcome
from sync.identity import item_key
from sync.unit import IN_STOCK
from sync.verdict import Verdict
from tests.scanner_client.conftest import Hands
from tests.server.office import NOW, SITE, office, take
from tests.server.site import differences, folded
from tests.simulation.station import Network

PHONE, BAG, MUG = "09506000134352", "09506000134383", "09506000134390"
TABLETS, SCREWS, RING = "09506000134406", "09506000134413", "09506000134420"
NAMES = {PHONE: "phone", BAG: "bag", MUG: "mug", TABLETS: "tablets", SCREWS: "screws", RING: "ring"}
MODES = {PHONE: "serial", BAG: "lpn", MUG: "implicit", TABLETS: "lot", SCREWS: "quantity", RING: "made_to_order"}
SUPPLIERS, OURS = "106141412345678908", "106141412345678991"
BINS = ("A-01", "B-01", "B-02", "C-01", "RETURNS", "DOCK", "PACK", "GATE")


@pytest.fixture
def day() -> Hands:
    hands = Hands()
    hands.wall = NOW
    return hands


@pytest.fixture
def app(tmp_path: Path, day: Hands) -> Iterator[Flask]:
    with office(f"sqlite:///{tmp_path / 'server.sqlite3'}", tmp_path, now_ms=lambda: day.wall, TESTING=True) as app:
        take("products", "gtin,name,mode\n" + "".join(f"{g},{NAMES[g]},{MODES[g]}\n" for g in NAMES))
        take("locations", "code,zone\n" + "".join(f"{code},{code[:1]}\n" for code in BINS))
        box = f"ASN-1,{SUPPLIERS}"
        take(
            "asn",
            "number,sscc,gtin,serial,quantity,lot,expiry\n"
            f"{box},{PHONE},P1,,,\n{box},{PHONE},P2,,,\n{box},{RING},R1,,,\n{box},{BAG},,2,,\n"
            f"{box},{MUG},,6,,\n{box},{TABLETS},,12,L1,2027-12-31\n{box},{SCREWS},,100,,\n",
        )
        take(
            "order",
            "number,gtin,quantity,serial,customer\n"
            f"SO-1,{PHONE},1,,Ada\nSO-1,{BAG},1,,Ada\nSO-1,{MUG},2,,Ada\nSO-1,{TABLETS},3,,Ada\n"
            f"SO-1,{SCREWS},10,,Ada\nSO-1,{RING},,R1,Ada\n",
        )
        yield app


@pytest.fixture
def worker(tmp_path: Path, app: Flask, day: Hands) -> Iterator[Worker]:
    with open_handheld(tmp_path / "handheld", day.clock) as handheld:
        yield Worker(handheld, app, day)


class Worker:
    """Somebody with a handheld."""

    def __init__(self, handheld: Handheld, app: Flask, day: Hands) -> None:
        self.handheld, self.day, self.network = handheld, day, Network(app)
        with writing() as c:
            code = enrolment.new_code(c, site=SITE, role="supervisor", operator=None, now_ms=NOW)
            invitation = enrolment.invitation(c, code, ["http://server.simulated"]).text()
        enrol(handheld, invitation, self.network, name="HH-1")
        self.syncs()

    def begins(self, action: str, **of: Any) -> None:
        task = task_of(Assignment(action=action, operator="Ravi", **of), self.handheld.site_map)
        self.session = Session(self.handheld, task)
        self.typing = Typing(self.session)

    def types(self, line: str) -> Told:
        self.day.pass_ms(5_000)
        told = self.typing.enter(line.encode())
        if self.session.hand_over.asks():
            self.syncs()
            told += self.session.go_on()
        return told[-1]

    def kept(self, line: str) -> Told:
        told = self.types(line)
        assert told.event is not None, told.text
        return told

    def sticks_a_plate_on(self, plate: str, gtin: str) -> Told:
        """The box shows its product's barcode and the plate."""
        self.day.pass_ms(5_000)
        symbols = (Symbol(data=gtin[1:].encode(), symbology="]E0"), Symbol(data=plate.encode(), symbology="]C0"))
        return self.session.scan(Sighting(symbols=symbols))[-1]

    def counts(self, pieces: int, line: str) -> Told:
        self.types(f"*{pieces}")
        return self.kept(line)

    def syncs(self) -> None:
        self.day.pass_ms(5_000)
        for _ in Uploader(self.handheld, self.network).drain():
            pass


def serial(gtin: str, number: str) -> str:
    return f"]d201{gtin}21{number}"


def lot(number: str, expiry: str = "271231") -> str:
    return f"]d201{TABLETS}17{expiry}10{number}"


def gtin(of: str) -> str:
    return of[1:]


def in_stock() -> dict[str, int]:
    """How many of each product the console says are here."""
    with reading() as c:
        found = inventory.products(c, SITE)
    return {one.name: one.in_stock + one.pieces for one in found if one.in_stock + one.pieces}


def lying(code: str) -> dict[str, int]:
    """What lies in a bin, by product, with what is in cartons that stand there."""
    with reading() as c:
        key = f"https://warehouse.example/414/main/254/{code}"
        places = [key, *inventory.inside(c, SITE, [key])]
        found: Counter[str] = Counter()
        for level in inventory.levels(c, SITE, places=places):
            found[_name(level["subject"])] += level["quantity"]
        for unit in inventory.units(c, SITE, places=places):
            found[_name(unit["unit"])] += unit["status"] in {status.value for status in IN_STOCK}
    return {name: n for name, n in found.items() if n}


def _name(key: str) -> str:
    return next(name for of, name in NAMES.items() if key.startswith(item_key(of)))


def order() -> OrderProgress:
    with reading() as c:
        return progress.read_progress(c, SITE, ["SO-1"], context.now_ms())["SO-1"]


def what_a_rebuild_finds_otherwise() -> list[str]:
    before = folded()
    with writing() as c:
        named = {s for t in (stock_levels.c.subject, unit_states.c.unit) for s in c.execute(sa.select(t)).scalars()}
        rebuild(c, SITE, named, stamp(c))
    return differences(before, folded())


def test_each_way_of_tracking_goes_from_the_dock_to_the_recall_in_one_carton_and_one_order(worker: Worker) -> None:
    a_mixed_carton_is_received_and_what_nobody_reads_is_believed_on_its_label(worker)
    each_goes_into_its_bin_and_lies_in_one_place_only(worker)
    the_pick_list_names_a_bin_for_each_and_what_is_picked_leaves_it(worker)
    a_carton_is_packed_something_taken_out_again_and_the_order_leaves_whole(worker)
    a_count_finds_one_screw_short_and_everything_else_in_its_place(worker)
    nobody_has_done_anything_wrong()
    what_comes_back_is_not_for_sale_at_once(worker)
    a_recalled_lot_and_a_recalled_product_are_not_picked(worker)
    assert what_a_rebuild_finds_otherwise() == []


def a_mixed_carton_is_received_and_what_nobody_reads_is_believed_on_its_label(worker: Worker) -> None:
    worker.begins("receive", document="ASN-1", location="DOCK")
    worker.kept(f"]C100{SUPPLIERS}")
    worker.syncs()
    assert in_stock() == {"phone": 2, "ring": 1, "mug": 6, "tablets": 12, "screws": 100}, "bags have no plates yet"
    for label in (serial(PHONE, "P1"), serial(PHONE, "P2"), serial(RING, "R1")):
        assert worker.kept(label).text.startswith("Right.")
    assert worker.types(gtin(BAG)).tone is Tone.ASK, "a bag is half a scan until it has its plate"
    for plate in ("LPN-7001", "LPN-7002"):
        assert worker.sticks_a_plate_on(plate, BAG).event is not None
    worker.counts(11, lot("L1"))
    worker.syncs()
    assert in_stock() == {"phone": 2, "ring": 1, "bag": 2, "mug": 6, "tablets": 11, "screws": 100}
    with writing() as c:
        report = receipt.close_receipt(c, site=SITE, number="ASN-1", operator="Sam", now_ms=context.now_ms())
    short = {_name(line.subject): line.expected_quantity - line.quantity for line in report.differences}
    assert short == {"tablets": 1}, "read one by one they are one fewer than the carton's label says"


def each_goes_into_its_bin_and_lies_in_one_place_only(worker: Worker) -> None:
    worker.begins("put_away")
    worker.types("LOC:A-01")
    for label in (serial(PHONE, "P1"), serial(PHONE, "P2"), serial(RING, "R1"), "LPN-7001", "LPN-7002"):
        worker.kept(label)
    worker.types("LOC:B-01")
    worker.counts(11, lot("L1"))
    worker.types("LOC:B-02")
    worker.counts(100, gtin(SCREWS))
    worker.types("LOC:C-01")
    worker.kept(f"]C100{SUPPLIERS}")
    worker.syncs()
    assert lying("A-01") == {"phone": 2, "ring": 1, "bag": 2}
    assert (lying("B-01"), lying("B-02")) == ({"tablets": 11}, {"screws": 100})
    assert lying("C-01") == {"mug": 6}, "the mugs are where their carton is"
    assert in_stock() == {"phone": 2, "ring": 1, "bag": 2, "mug": 6, "tablets": 11, "screws": 100}


def the_pick_list_names_a_bin_for_each_and_what_is_picked_leaves_it(worker: Worker) -> None:
    worker.begins("pick", document="SO-1")
    said = "\n".join(one.text for one in worker.typing.enter(b"/list"))
    for part in ("A-01: 1 \u00d7 phone: P1", "1 \u00d7 bag", "ring R1, made for this order", "C-01: 2 \u00d7 mug"):
        assert part in said
    assert "B-01: 3 \u00d7 tablets: 3 of lot L1" in said
    assert "B-02: 10 \u00d7 screws" in said
    worker.types("LOC:A-01")
    for label in (serial(PHONE, "P1"), serial(RING, "R1"), "LPN-7001"):
        assert worker.kept(label).judgement.verdict is Verdict.RIGHT, label  # type: ignore[union-attr]
    worker.types("LOC:C-01")
    mugs = worker.counts(2, gtin(MUG))
    assert mugs.event is not None
    assert mugs.event.origin == f"https://id.gs1.org/00/{SUPPLIERS}", "out of the carton that they are traced by"
    worker.types("LOC:B-01")
    worker.counts(3, lot("L1"))
    worker.types("LOC:B-02")
    worker.counts(10, gtin(SCREWS))
    assert worker.session.pick_list is not None
    assert (worker.session.pick_list.done, worker.session.pick_list.asked) == (18, 18)
    assert worker.types(gtin(SCREWS)).judgement.verdict is Verdict.MORE_THAN_ORDERED  # type: ignore[union-attr]
    worker.syncs()
    assert (order().picked, order().asked) == (18, 18)
    assert (lying("B-01"), lying("B-02"), lying("C-01")) == ({"tablets": 8}, {"screws": 90}, {"mug": 4})


def a_carton_is_packed_something_taken_out_again_and_the_order_leaves_whole(worker: Worker) -> None:
    worker.begins("pack", document="SO-1", location="PACK")
    worker.types(f"]C100{OURS}")
    for label in (serial(PHONE, "P1"), serial(RING, "R1"), "LPN-7001"):
        worker.kept(label)
    worker.counts(2, gtin(MUG))
    worker.counts(3, lot("L1"))
    worker.counts(10, gtin(SCREWS))
    worker.begins("unpack", document="SO-1", location="PACK", container=f"]C100{OURS}")
    worker.counts(4, gtin(SCREWS))
    worker.begins("pack", document="SO-1", location="PACK", container=f"]C100{OURS}")
    assert worker.session.packed is not None
    assert worker.session.packed.missing == ("4 \u00d7 screws",)
    worker.counts(4, gtin(SCREWS))
    worker.syncs()
    assert (order().packed, order().asked) == (18, 18)
    assert worker.session.close_carton()[0].event is not None
    worker.syncs()
    worker.begins("ship", document="SO-1", location="GATE")
    worker.kept(f"]C100{OURS}")
    worker.syncs()
    assert order().standing == "shipped"
    assert in_stock() == {"phone": 1, "bag": 1, "mug": 4, "tablets": 8, "screws": 90}


def a_count_finds_one_screw_short_and_everything_else_in_its_place(worker: Worker) -> None:
    bins = [f"https://warehouse.example/414/main/254/{code}" for code in ("A-01", "B-01", "B-02", "C-01")]
    with writing() as c:
        opening.open_count(c, site=SITE, number="COUNT-1", bins=bins, operator="Sam", now_ms=context.now_ms())
    worker.syncs()
    worker.begins("count", document="COUNT-1")
    worker.types("LOC:A-01")
    for label in (serial(PHONE, "P2"), "LPN-7002"):
        worker.kept(label)
    for code, pieces, label in (("B-01", 8, lot("L1")), ("B-02", 89, gtin(SCREWS)), ("C-01", 4, gtin(MUG))):
        worker.types(f"LOC:{code}")
        worker.counts(pieces, label)
    worker.types("/finish")
    worker.syncs()
    with writing() as c:
        found = closing.close_count(c, site=SITE, number="COUNT-1", operator="Sam", now_ms=context.now_ms())
    assert {_name(line.subject): line.kind for line in found.lines} == {
        "phone": Line.MATCHED,
        "bag": Line.MATCHED,
        "mug": Line.MATCHED,
        "tablets": Line.MATCHED,
        "screws": Line.MISSING,
    }
    assert in_stock() == {"phone": 1, "bag": 1, "mug": 4, "tablets": 8, "screws": 89}


def nobody_has_done_anything_wrong() -> None:
    with reading() as c:
        found = c.execute(sa.select(cases.c.rule, cases.c.unit, cases.c.detail)).all()
    assert {(rule, _name(unit), detail) for rule, unit, detail in found} == {
        ("pieces_missing", "tablets", "ASN-1 announced 12, and 11 came."),
        ("pieces_missing", "screws", "COUNT-1 found 89 of 90."),
    }


def what_comes_back_is_not_for_sale_at_once(worker: Worker) -> None:
    worker.begins("take_back", document="SO-1", location="RETURNS")
    for label in (serial(PHONE, "P1"), "LPN-7001", gtin(MUG), lot("L1"), gtin(SCREWS)):
        told = worker.kept(label)
        assert told.returned is not None
        assert told.returned.outcome is Outcome.INSPECT, "a matching label alone puts nothing back on the shelf"
        worker.types("/next")
    worker.syncs()
    assert lying("RETURNS") == {"phone": 1, "bag": 1, "mug": 1, "tablets": 1, "screws": 1}
    take("order", f"number,gtin,quantity\nSO-2,{SCREWS},90\n")
    worker.syncs()
    worker.begins("pick", document="SO-2")
    said = [one.text for one in worker.typing.enter(b"/list")]
    assert "B-02: 89 \u00d7 screws" in said
    assert not [line for line in said if line.startswith("RETURNS")]


def a_recalled_lot_and_a_recalled_product_are_not_picked(worker: Worker) -> None:
    take("order", f"number,gtin,quantity\nSO-3,{TABLETS},1\nSO-3,{MUG},1\n")
    with writing() as c:
        for number, gtin_, lots in (("RC-1", TABLETS, ("L1",)), ("RC-2", MUG, ())):
            asked = Asked(number=number, reason="unsafe", product=gtin_, lots=lots)
            book.begin(c, site=SITE, asked=asked, operator="Quinn", now_ms=context.now_ms())
    worker.syncs()
    worker.begins("pick", document="SO-3")
    assert {one.text.partition(": ")[0] for one in worker.typing.enter(b"/list")[1:]} == {
        "In no bin that this handheld knows"
    }
    for code, label in (("B-01", lot("L1")), ("C-01", gtin(MUG))):
        worker.types(f"LOC:{code}")
        told = worker.kept(label)
        assert told.judgement is not None
        assert (told.judgement.verdict, told.event and told.event.action) == (Verdict.RECALLED, "reject")
