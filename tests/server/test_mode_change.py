"""A product's mode is changed while it is in stock: told apart by scanning, counted off, switched; nothing is lost."""

from __future__ import annotations

import io
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from server import documents, upkeep
from server.database import reading, stamp, transact, writing
from server.modes import change
from server.modes.book import ModeError
from server.modes.plan import in_stock
from server.rebuild import rebuild
from server.tables import reference, stock_levels, unit_states
from sync.event import format_name
from sync.identity import item_key, lot_key, plate_key, unit_key
from sync.labels import DEFAULT
from tests.handheld import BIN_A, BIN_B, CABLE, CARTON_1, unit
from tests.handheld import PHONE as PRODUCT
from tests.server.month.test_then import told_then
from tests.server.running import NOW, SITE, Handheld, Person

GTIN, SSCC = CABLE.rpartition("/")[2], CARTON_1.rpartition("/")[2]


def begin(person: Person, item: str, mode: str) -> dict[str, Any]:
    answer = person.post("/api/v1/mode-changes", json={"item": item, "mode": mode})
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.get_json()
    return found


def take_in(person: Person, kind: str, content: str) -> str:
    """Upload a list, and take in what is good of it; what the page says to it before that."""
    data = {"kind": kind, "file": (io.BytesIO(content.encode()), f"{kind}.csv")}
    headers = {"X-CSRFToken": person.token}
    looked_at = person.client.post("/imports", data=data, headers=headers, follow_redirects=True)
    person.client.post(looked_at.request.path, headers=headers)
    return looked_at.text


def told(person: Person, number: str = "RELABEL-1") -> tuple[int, int]:
    found = person.get(f"/api/v1/mode-changes/{number}").get_json()
    return found["done"], sum(need["quantity"] for need in found["left"])


def plated(handheld: Handheld, number: int, *, minutes_ago: int = 5) -> str:
    plate = f"LPN{number:08}"
    name = unit_key(CABLE, plate)
    handheld.scan(
        "tell_apart",
        name,
        minutes_ago=minutes_ago,
        location=BIN_A,
        document="RELABEL-1",
        identifiers=(plate_key(DEFAULT.domain, plate),),
        barcode=plate.encode(),
        symbology="]d1",
    )
    return name


def pieces(item: str = CABLE) -> dict[str, int]:
    with reading() as c:
        t = stock_levels.c
        query = sa.select(t.place, t.quantity).where(t.site == SITE, t.subject == item, t.quantity != 0)
        return dict(c.execute(query).all())


def states(item: str) -> dict[str, str]:
    with reading() as c:
        t = unit_states.c
        return dict(c.execute(sa.select(t.unit, t.status).where(t.site == SITE, t.item == item)).all())


def mode(item: str) -> str:
    with reading() as c:
        t = reference.c
        row = c.execute(sa.select(t.row).where(t.site == SITE, t.kind == "item", t.key == item)).scalar_one()
        return str(row["mode"])


def whole() -> list[str]:
    return [problem for problem in upkeep.verify(SITE, lambda _: None) if "folded by version" not in problem]


def test_pieces_get_plates_one_by_one_and_the_switch_comes_at_the_end(
    app: Flask, handheld: Handheld, supervisor: Person
) -> None:
    handheld.scan("put_away", CABLE, location=BIN_A, quantity=4, minutes_ago=40)
    handheld.push()
    change = begin(supervisor, CABLE, "lpn")
    assert change["left"] == [{"place": BIN_A, "subject": CABLE, "quantity": 4}]
    printed = supervisor.post("/api/v1/labels", json={"what": "plates", "count": 4, "item": "C2"})
    assert printed.status_code == 200
    names = [plated(handheld, number) for number in (1, 2, 3)]
    handheld.push(2)
    assert (told(supervisor), pieces(), mode(CABLE)) == ((3, 1), {BIN_A: 1}, "quantity")
    too_early = supervisor.post("/api/v1/mode-changes/RELABEL-1/close", json={})
    assert too_early.get_json()["message"].startswith("1 of 4 are still without a number of their own")
    names.append(plated(handheld, 4, minutes_ago=4))
    handheld.push(5)
    assert told(supervisor) == (4, 0)
    closed = supervisor.post("/api/v1/mode-changes/RELABEL-1/close", json={})
    assert (closed.status_code, closed.get_json()["outcome"]) == (200, "done")
    assert (pieces(), mode(CABLE), states(CABLE)) == ({}, "lpn", dict.fromkeys(names, "stored"))
    assert whole() == []
    page = supervisor.get("/modes/change?number=RELABEL-1").text
    assert "4</b> of 4 scanned" in page


def test_a_plate_that_was_scanned_twice_or_taken_back_takes_one_piece_or_none(
    app: Flask, handheld: Handheld, supervisor: Person
) -> None:
    handheld.scan("put_away", CABLE, location=BIN_A, quantity=4, minutes_ago=40)
    handheld.push()
    begin(supervisor, CABLE, "lpn")
    name = plated(handheld, 1)
    plated(handheld, 1, minutes_ago=4)
    handheld.push(2)
    assert pieces() == {BIN_A: 3}
    for seq in (2, 3):
        event = format_name((handheld.chain.device_no, handheld.chain.epoch, seq))
        handheld.scan("void", name, minutes_ago=3, voids=event, reason="wrong box")
    handheld.push(4)
    assert pieces() == {BIN_A: 4}
    assert told(supervisor) == (0, 4)
    undo = format_name((handheld.chain.device_no, handheld.chain.epoch, 5))
    handheld.scan("void", name, minutes_ago=2, voids=undo, reason="it was the right box")
    handheld.push(6)
    assert (pieces(), told(supervisor)) == ({BIN_A: 3}, (1, 3))
    assert whole() == []


def test_units_become_pieces_and_keep_their_trails_and_what_is_ordered_or_held_keeps_its_number(
    app: Flask, handheld: Handheld, supervisor: Person
) -> None:
    for serial, place in (("A1", BIN_A), ("A2", BIN_A), ("A3", BIN_B), ("A4", BIN_A)):
        handheld.scan("put_away", unit(serial), location=place, minutes_ago=40)
    handheld.scan("quarantine", unit("A4"), location=BIN_A, reason="seal broken", minutes_ago=30)
    handheld.scan("pick", unit("A3"), location=BIN_B, document="SO-1", minutes_ago=30)
    handheld.push()
    begin(supervisor, PRODUCT, "quantity")
    closed = supervisor.post("/api/v1/mode-changes/RELABEL-1/close", json={}).get_json()
    assert closed["outcome"] == "with 2 that an order has or that are held back, which keep their numbers"
    assert pieces(PRODUCT) == {BIN_A: 2}
    found = states(PRODUCT)
    assert (found[unit("A1")], found[unit("A2")]) == ("merged", "merged")
    assert "merged" not in (found[unit("A3")], found[unit("A4")])
    trail = supervisor.get(f"/units/{unit('A1').removeprefix('https://id.gs1.org/')}").text
    assert "Put away" in trail
    assert "RELABEL-1" in trail
    assert whole() == []
    back = begin(supervisor, PRODUCT, "serial")
    assert back["left"] == [{"place": BIN_A, "subject": PRODUCT, "quantity": 2}]


def test_what_had_been_sold_offline_before_the_change_was_closed_stays_sold(
    app: Flask, handheld: Handheld, supervisor: Person
) -> None:
    for serial in ("A1", "A2"):
        handheld.scan("put_away", unit(serial), location=BIN_A, minutes_ago=40)
    handheld.push()
    begin(supervisor, PRODUCT, "quantity")
    supervisor.post("/api/v1/mode-changes/RELABEL-1/close", json={})
    handheld.scan("pick", unit("A1"), location=BIN_A, document="SO-1", minutes_ago=30)
    handheld.scan("ship", unit("A1"), location=BIN_A, document="SO-1", minutes_ago=20)
    handheld.push(3)
    assert states(PRODUCT) == {unit("A1"): "shipped", unit("A2"): "merged"}
    assert whole() == []


def test_a_mode_that_is_changed_twice_or_back_while_that_is_under_way_is_met_with_a_sentence(
    app: Flask, handheld: Handheld, supervisor: Person
) -> None:
    handheld.scan("put_away", CABLE, location=BIN_A, quantity=2, minutes_ago=40)
    handheld.push()
    begin(supervisor, CABLE, "lpn")
    plated(handheld, 1)
    handheld.push(2)
    for wanted in ("lpn", "quantity", "lot"):
        again = supervisor.post("/api/v1/mode-changes", json={"item": CABLE, "mode": wanted})
        assert again.status_code == 409
        assert (
            "RELABEL-1 is changing it from quantity to lpn: finish that, or give it up." in again.get_json()["message"]
        )
    assert told(supervisor) == (1, 1)
    given_up = supervisor.post("/api/v1/mode-changes/RELABEL-1/give-up").get_json()
    assert (given_up["outcome"], mode(CABLE), pieces()) == ("given up", "quantity", {BIN_A: 1})
    late = supervisor.post("/api/v1/mode-changes/RELABEL-1/close", json={})
    assert late.get_json()["message"] == "RELABEL-1 was closed already: given up."
    same = supervisor.post("/api/v1/mode-changes", json={"item": CABLE, "mode": "quantity"})
    assert same.get_json()["message"] == "It is tracked by quantity already."
    assert begin(supervisor, CABLE, "lot")["number"] == "RELABEL-2"


def test_what_cannot_be_scanned_is_named_and_the_mode_is_switched_all_the_same(
    app: Flask, handheld: Handheld, supervisor: Person
) -> None:
    handheld.scan("put_away", CABLE, location=BIN_A, quantity=3, minutes_ago=40)
    handheld.push()
    begin(supervisor, CABLE, "lpn")
    plated(handheld, 1)
    handheld.push(2)
    closed = supervisor.post("/api/v1/mode-changes/RELABEL-1/close", json={"rest": "behind the rack until spring"})
    assert closed.get_json()["outcome"] == "with 2 without a number: behind the rack until spring"
    assert (mode(CABLE), pieces()) == ("lpn", {BIN_A: 2})
    assert whole() == []


def announced(subject: str = CABLE) -> dict[str, int]:
    with reading() as c:
        t = stock_levels.c
        query = sa.select(t.place, t.announced).where(t.site == SITE, t.subject == subject, t.announced != 0)
        return dict(c.execute(query).all())


def test_pieces_that_a_supplier_announced_count_only_while_their_product_is_tracked_by_quantity(
    app: Flask, handheld: Handheld, supervisor: Person
) -> None:
    take_in(supervisor, "asn", f"number,supplier,sscc,gtin,quantity\nASN-7,Acme,{SSCC},{GTIN},3\n")
    assert announced() == {CARTON_1: 3}
    for number, (after, awaited) in enumerate((("lpn", {}), ("quantity", {CARTON_1: 3})), 1):
        begin(supervisor, CABLE, after)
        closed = supervisor.post(f"/api/v1/mode-changes/RELABEL-{number}/close", json={})
        assert (closed.status_code, mode(CABLE), announced()) == (200, after, awaited)
        assert whole() == []
    for after, awaited in (("lpn", {}), ("quantity", {CARTON_1: 3})):
        take_in(supervisor, "products", f"gtin,name,mode\n{GTIN},Cable,{after}\n")
        assert (mode(CABLE), announced()) == (after, awaited)
        assert whole() == []


def test_pieces_announced_before_anybody_named_their_product_count_no_more_once_its_units_have_numbers(
    app: Flask, handheld: Handheld, supervisor: Person
) -> None:
    new = "09506000999999"
    lines = f"ASN-7,Acme,{SSCC},{new},3,\nASN-7,Acme,{SSCC},{new},2,L-1\n"
    take_in(supervisor, "asn", f"number,supplier,sscc,gtin,quantity,lot\n{lines}")
    item = item_key(new)
    assert (announced(item), announced(lot_key(item, "L-1"))) == ({CARTON_1: 3}, {CARTON_1: 2})
    take_in(supervisor, "products", f"gtin,name,mode\n{new},Watch,serial\n")
    assert (announced(item), announced(lot_key(item, "L-1")), whole()) == ({}, {}, [])


def test_a_rebuild_finds_the_same_pieces_and_units(app: Flask, handheld: Handheld, supervisor: Person) -> None:
    handheld.scan("put_away", CABLE, location=BIN_A, quantity=3, minutes_ago=40)
    handheld.push()
    begin(supervisor, CABLE, "lpn")
    names = [plated(handheld, number) for number in (1, 2)]
    handheld.push(2)
    with writing() as c:
        rebuild(c, SITE, [CABLE, *names], stamp(c))
    assert pieces() == {BIN_A: 1}


def test_a_product_list_that_says_another_mode_of_what_is_in_stock_is_refused_with_the_way_to_do_it(
    app: Flask, handheld: Handheld, supervisor: Person
) -> None:
    handheld.scan("put_away", CABLE, location=BIN_A, quantity=3, minutes_ago=40)
    handheld.push()
    refused = take_in(supervisor, "products", f"gtin,name,mode\n{GTIN},Cable,lpn\n")
    assert "It is tracked by quantity and in stock" in refused
    assert "It is tracked by quantity and in stock" not in take_in(supervisor, "products", f"gtin,name\n{GTIN},Cable\n")


def test_a_unit_that_left_in_its_carton_asks_for_no_plate_and_becomes_no_piece(
    app: Flask, handheld: Handheld, supervisor: Person
) -> None:
    for serial in ("A1", "A2"):
        handheld.scan("put_away", unit(serial), location=BIN_A, minutes_ago=40)
    handheld.scan("pack", unit("A2"), container=CARTON_1, location=BIN_A, document="SO-1", minutes_ago=30)
    handheld.scan("ship", CARTON_1, location=BIN_A, document="SO-1", minutes_ago=20)
    handheld.push()
    assert begin(supervisor, PRODUCT, "lpn")["left"] == [{"place": BIN_A, "subject": unit("A1"), "quantity": 1}]
    supervisor.post("/api/v1/mode-changes/RELABEL-1/give-up")
    begin(supervisor, PRODUCT, "quantity")
    closed = supervisor.post("/api/v1/mode-changes/RELABEL-2/close", json={}).get_json()
    assert (closed["outcome"], pieces(PRODUCT)) == ("done", {BIN_A: 1})


def test_handhelds_learn_a_lot_as_its_label_says_it(app: Flask, handheld: Handheld, supervisor: Person) -> None:
    handheld.scan("put_away", lot_key(CABLE, "B/7"), location=BIN_A, quantity=4, minutes_ago=40)
    handheld.push()
    begin(supervisor, CABLE, "lpn")
    with reading() as c:
        t = reference.c
        row = c.execute(sa.select(t.row).where(t.site == SITE, t.key == "RELABEL-1")).scalar_one()
    assert [(line["lot"], line["quantity"]) for line in row["lines"]] == [(None, 0), ("B/7", 4)]


def test_pieces_that_got_plates_are_counted_once_in_the_month_too(
    app: Flask, handheld: Handheld, supervisor: Person
) -> None:
    handheld.scan("put_away", CABLE, location=BIN_A, quantity=4, minutes_ago=40)
    handheld.push()
    begin(supervisor, CABLE, "lpn")
    plates = [plated(handheld, number, minutes_ago=10) for number in (1, 2)]
    handheld.push()
    assert told_then(NOW - 30 * 60_000) == {(CABLE, BIN_A): 4}
    told = {(CABLE, BIN_A): 2, (plates[0], BIN_A): 1, (plates[1], BIN_A): 1}
    assert told_then(NOW - 5 * 60_000) == told
    assert supervisor.post("/api/v1/mode-changes/RELABEL-1/give-up").status_code == 200
    assert told_then(NOW) == told, "given up, what was read keeps its number"
    begin(supervisor, CABLE, "lpn")
    assert told_then(NOW) == told


def test_of_many_units_each_becomes_a_piece_a_chunk_at_a_time_also_after_a_kill(
    app: Flask, handheld: Handheld, supervisor: Person
) -> None:
    for number in range(7):
        handheld.scan("put_away", unit(f"A{number}"), location=(BIN_A, BIN_B)[number % 2], minutes_ago=40)
    handheld.push()
    with reading() as c:
        assert [len(some) for some in in_stock(c, SITE, PRODUCT, at_once=3)] == [3, 3, 1]
    begin(supervisor, PRODUCT, "quantity")
    said: dict[str, Any] = {"operator": "supervisor", "now_ms": NOW}
    transact(lambda c: change.switch(c, site=SITE, number="RELABEL-1", at_once=3, **said))  # and here it is killed
    assert set(states(PRODUCT).values()) == {"stored"}
    assert "9 of its units are still being worked in" in supervisor.get("/modes/change?number=RELABEL-1").text
    again = supervisor.post("/api/v1/mode-changes", json={"item": PRODUCT, "mode": "lot"})
    assert again.get_json()["message"] == "RELABEL-1 is still being worked in, 0 of 9 rows: try again after that."
    documents.resume(SITE, operator="admin", now_ms=NOW)
    assert (pieces(PRODUCT), mode(PRODUCT)) == ({BIN_A: 4, BIN_B: 3}, "quantity")
    assert set(states(PRODUCT).values()) == {"merged"}
    assert supervisor.get("/api/v1/mode-changes/RELABEL-1").get_json()["unfolded"] == 0
    assert whole() == []


def test_of_more_units_than_a_change_is_made_for_nothing_is_begun(
    app: Flask, handheld: Handheld, supervisor: Person
) -> None:
    for serial in ("A1", "A2", "A3"):
        handheld.scan("put_away", unit(serial), location=BIN_A, minutes_ago=40)
    handheld.push()
    said: dict[str, Any] = {"item": PRODUCT, "mode": "quantity", "operator": "supervisor", "now_ms": NOW}
    with pytest.raises(ModeError, match="3 units of it are in stock, and a change is made for up to 2: put some"):
        transact(lambda c: change.open_change(c, site=SITE, units_max=2, **said))
    assert (supervisor.get("/api/v1/mode-changes").get_json()["changes"], mode(PRODUCT)) == ([], "serial")
