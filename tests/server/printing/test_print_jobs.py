"""Printing at the console and through the API: numbers that are given once, and what the ledger says of it."""

from __future__ import annotations

import sqlalchemy as sa
from flask import Flask

from server import upkeep
from server.changes import publish
from server.database import reading, stamp, writing
from server.printing import numbers, svg
from server.printing.symbol import Carrier
from server.tables import document_rows, sites
from sync.identity import badge_key, plate_key
from sync.labels import DEFAULT
from tests.handheld import BIN_A, PHONE
from tests.server.printing.reading_back import keys_in, pages, printed
from tests.server.running import NOW, SITE, Handheld, Person, sign_in
from tests.server.site import state_document

UNIT = f"{PHONE}/21/A1"


def ask(person: Person, **wanted: object) -> bytes:
    answer = person.post("/api/v1/labels", json=wanted)
    assert answer.status_code == 200, answer.text
    return bytes(answer.data)


def test_new_plates_get_numbers_that_were_never_given_and_read_back(app: Flask, supervisor: Person) -> None:
    first = ask(supervisor, what="plates", count=3, item="P12", medium="a4-3x8")
    second = ask(supervisor, what="plates", count=2, medium="50x25@203")
    plates = [plate_key(DEFAULT.domain, f"LPN0000000{n}") for n in range(1, 6)]
    assert sorted(keys_in(pages(first)[0], DEFAULT)) == plates[:3]
    assert [key for picture in printed(second.decode()) for key in keys_in(picture, DEFAULT)] == plates[3:]


def test_a_number_that_an_earlier_system_printed_is_left_out(
    app: Flask, handheld: Handheld, supervisor: Person
) -> None:
    handheld.scan("put_away", plate_key(DEFAULT.domain, "LPN00000002"), location=BIN_A, barcode=b"LPN00000002")
    handheld.push()
    ask(supervisor, what="plates", count=2)
    with reading() as c:
        rows = set(c.execute(sa.select(document_rows.c.subject)).scalars())
    assert rows == {plate_key(DEFAULT.domain, f"LPN0000000{n}") for n in (1, 3)}


def test_cartons_get_sscc_of_the_sites_company_prefix_and_own_numbers_without_one(
    app: Flask, supervisor: Person
) -> None:
    own = ask(supervisor, what="cartons", medium="102x152@203")
    with writing() as c:
        c.execute(sites.update().values(company_prefix="0614141"))
    theirs = ask(supervisor, what="cartons", count=2, medium="102x152@203")
    assert keys_in(printed(own.decode())[0], DEFAULT) == [f"https://{DEFAULT.domain}/00/CTN00000001"]
    found = [key for picture in printed(theirs.decode()) for key in keys_in(picture, DEFAULT)]
    assert found == [numbers.sscc_key("0614141", 1), numbers.sscc_key("0614141", 2)]


def test_what_cannot_be_printed_spends_no_number(app: Flask, supervisor: Person) -> None:
    with writing() as c:
        c.execute(sites.update().values(company_prefix="0614141"))
    refused = supervisor.post("/api/v1/labels", json={"what": "cartons", "count": 5, "medium": "a4-3x8"})
    assert (refused.status_code, refused.get_json()["code"]) == (422, "not_printed")
    assert "Take larger labels" in refused.get_json()["message"]
    ask(supervisor, what="cartons", medium="a4-2x4")
    with reading() as c:
        assert c.execute(sa.select(document_rows.c.subject)).scalars().all() == [numbers.sscc_key("0614141", 1)]


def test_numbers_after_a_restore_are_none_that_may_be_on_labels_already(app: Flask, supervisor: Person) -> None:
    ask(supervisor, what="plates")
    with writing() as c:
        numbers.skip_after_restore(c, SITE, NOW)
        (key,) = numbers.new_plates(c, SITE, 1, operator=None, now_ms=NOW)
    assert key == plate_key(DEFAULT.domain, f"LPN{numbers.SKIPPED_BY_RESTORE + 2:08}")


def test_a_label_that_is_printed_again_says_so_in_its_trail_and_changes_nothing_that_is_known(
    app: Flask, handheld: Handheld, supervisor: Person
) -> None:
    handheld.scan("receive", UNIT, location=BIN_A)
    handheld.push()
    for _ in range(2):
        ask(supervisor, what="named", names=[UNIT])
    page = supervisor.get(f"/units/{UNIT.removeprefix('https://id.gs1.org/')}").text
    assert "LABELS-1" in page
    assert "printed for the second time: two plates with one number may exist" in page
    assert "Print its label" in page
    assert [problem for problem in upkeep.verify(SITE, lambda _: None) if "folded by version" not in problem] == []


def test_a_handheld_asks_for_a_label_and_it_is_on_the_page_until_it_is_printed(
    app: Flask, handheld: Handheld, supervisor: Person
) -> None:
    handheld.scan("ask_label", UNIT)
    handheld.push()
    assert "Asked for by handhelds" in supervisor.get("/labels").text
    ask(supervisor, what="named", names=[UNIT])
    assert "Asked for by handhelds" not in supervisor.get("/labels").text


def test_the_page_prints_bins_and_a_job_again(app: Flask, supervisor: Person) -> None:
    bins = supervisor.post("/labels", data={"what": "bins", "zone": "G", "medium": "a4-3x8", "csrf_token": ""})
    assert bins.mimetype == "application/pdf", bins.text
    again = supervisor.post("/labels/again", data={"number": "LABELS-1", "start": "9"})
    assert again.mimetype == "application/pdf"
    page = supervisor.get("/labels").text
    assert "LABELS-2" in page
    assert "4 again" in page


def test_badges_are_printed_by_who_may_give_them(app: Flask, supervisor: Person, admin: Person) -> None:
    made = admin.post("/api/v1/people", json={"name": "Ravi", "role": "picker", "badge": "K-17", "pin": "7391"})
    assert made.status_code == 201, made.text
    refused = supervisor.post("/api/v1/labels/badges", json={"people": ["Ravi"]})
    assert refused.status_code == 403
    badge = admin.post("/api/v1/labels/badges", json={"people": ["Ravi"], "medium": "57x32@300"})
    assert keys_in(printed(badge.text)[0], DEFAULT) == [badge_key(DEFAULT.domain, "K-17")]
    nobody = admin.post("/labels/badges", data={"text": "Nobody"}, follow_redirects=True)
    assert "Nobody named &#39;Nobody&#39; has a badge here" in nobody.text


def test_what_was_typed_wrong_is_met_with_one_sentence(app: Flask, supervisor: Person) -> None:
    for said, sentence in (
        ({"what": "named", "text": "what?"}, "names nothing that has a label"),
        ({"what": "named", "text": ""}, "Say what is to be labelled"),
        ({"what": "plates", "count": "many"}, "is no number of labels"),
        ({"what": "plates", "count": "5000"}, "1 to 1000 can"),
        ({"what": "plates", "item": "NO-SUCH"}, "There is no product"),
        ({"what": "bins", "text": "Z-99"}, "There is no bin"),
        ({"what": "plates", "medium": "papyrus"}, "nothing called"),
        ({"what": "plates", "start": "99"}, "no label 99"),
        ({"what": "badges"}, "There are no labels of"),
    ):
        answer = supervisor.client.post(
            "/labels", data=said, headers={"X-CSRFToken": supervisor.token}, follow_redirects=True
        )
        assert sentence in answer.text.replace("&#39;", "'"), said


def test_the_console_prints_at_the_roles_that_may(app: Flask) -> None:
    assert sign_in(app, "picker").get("/labels").status_code == 200
    assert sign_in(app, "quality").get("/labels").status_code == 403


def test_the_packing_slip_bears_the_cartons_symbols() -> None:
    carton = numbers.sscc_key("0614141", 7)
    for key in (carton, f"https://{DEFAULT.domain}/00/CTN00000003"):
        drawn = svg.symbol_of(key, Carrier.QR, DEFAULT) + svg.symbol_of(key, Carrier.LINEAR, DEFAULT)
        assert drawn.count("<svg") == 2
        assert "style" not in drawn


def test_a_products_name_with_an_euro_sign_a_dash_or_one_too_long_for_the_label_is_printed_on_a_sheet(
    app: Flask, handheld: Handheld, supervisor: Person
) -> None:
    handheld.scan("receive", UNIT, location=BIN_A)
    handheld.push()
    for name in ("Lamp — 5 €", "A lamp with a very long name " * 8):
        state_document("products", f"P-{len(name)}", [{"subject": PHONE, "attributes": {"name": name}}], now_ms=NOW)
        with writing() as c:
            publish(c, SITE, "item", PHONE, {"sku": "P12", "name": name, "mode": "serial"}, stamp(c))
        assert keys_in(pages(ask(supervisor, what="named", names=[UNIT], medium="a4-5x13"))[0], DEFAULT) == [UNIT]


def test_badges_are_not_printed_by_their_number_or_again_by_who_may_not_give_them(
    app: Flask, supervisor: Person, admin: Person
) -> None:
    made = admin.post("/api/v1/people", json={"name": "Ravi", "role": "picker", "badge": "K-17", "pin": "7391"})
    assert made.status_code == 201, made.text
    assert admin.post("/api/v1/labels/badges", json={"people": ["Ravi"]}).status_code == 200
    for path, wanted in (
        ("/api/v1/labels", {"what": "named", "names": ["BADGE:K-17"]}),
        ("/api/v1/labels", {"what": "named", "names": [badge_key(DEFAULT.domain, "K-17")]}),
        ("/api/v1/labels/LABELS-1/again", {}),
    ):
        refused = supervisor.post(path, json=wanted)
        assert refused.status_code == 422, wanted
        assert "Badges are printed by who gives them" in refused.get_json()["message"]


def test_a_first_free_label_that_is_no_number_is_met_with_one_sentence(app: Flask, supervisor: Person) -> None:
    ask(supervisor, what="plates")
    answer = supervisor.client.post(
        "/labels/again",
        data={"number": "LABELS-1", "start": "the third"},
        headers={"X-CSRFToken": supervisor.token},
        follow_redirects=True,
    )
    assert answer.status_code == 200
    assert "is no number of labels" in answer.text
