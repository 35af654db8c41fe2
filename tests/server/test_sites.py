"""Several sites in one database: opened, named on each page, and seen by whom they are let into."""

from __future__ import annotations

import pytest
from flask import Flask

from server.changes import pull
from server.counts.scans import scans_of
from server.database import reading, writing
from server.permissions import read_crew
from server.recalls import listing
from server.staff import add_person
from server.tables import devices
from server.transfers.book import next_number
from sync.event import format_name
from tests.handheld import BIN_A, PHONE, unit
from tests.server.running import NOW, PASSWORD, SITE, Handheld, Person, sign_in


def open_north(admin: Person, **more: object) -> None:
    answer = admin.post("/api/v1/sites", json={"code": "north", "name": "North", **more})
    assert answer.status_code == 201, answer.text


def test_another_site_has_books_of_its_own_and_each_page_says_where_one_is(app: Flask, admin: Person) -> None:
    open_north(admin, company_prefix="0614141")
    numbers = {one["name"]: one["id"] for one in admin.get("/api/v1/people").get_json()["people"]}
    supervisor = sign_in(app, "supervisor")
    stranger = supervisor.post("/api/v1/session/site", json={"site": "north"})
    assert (stranger.status_code, stranger.get_json()["code"]) == (404, "not_found")
    let_in = admin.client.patch(
        f"/api/v1/people/{numbers['supervisor']}", json={"also": ["north"]}, headers={"X-CSRFToken": admin.token}
    )
    assert let_in.status_code == 200, let_in.text
    assert "Phone 12" in supervisor.get("/stock").text
    assert supervisor.post("/api/v1/session/site", json={"site": "north"}).status_code == 204
    page = supervisor.get("/stock").text
    assert "Phone 12" not in page
    assert ">North</a>" in page
    assert supervisor.get("/api/v1/session").get_json()["site"] == "north"
    assert sign_in(app, "supervisor").get("/api/v1/session").get_json()["site"] == SITE, "each session has its own"
    admin.client.patch(
        f"/api/v1/people/{numbers['supervisor']}", json={"also": []}, headers={"X-CSRFToken": admin.token}
    )
    assert supervisor.get("/api/v1/session").get_json()["site"] == SITE, "who is let in no longer is out at once"


def test_somebodys_badge_is_known_where_they_are_let_into_and_forgotten_where_they_are_not_any_more(
    app: Flask, admin: Person
) -> None:
    open_north(admin)
    made = admin.post("/api/v1/people", json={"name": "Ravi", "role": "picker", "badge": "K-17", "pin": "7391"})
    number = made.get_json()["id"]

    def change(**what: object) -> int:
        path, headers = f"/api/v1/people/{number}", {"X-CSRFToken": admin.token}
        return admin.client.patch(path, json=what, headers=headers).status_code

    assert change(also=["north"]) == 200
    with reading() as c:
        assert read_crew(c, "north").spells["Ravi"][-1][1] == "picker"
    assert change(role="receiver") == 200
    with reading() as c:
        assert [read_crew(c, site).spells["Ravi"][-1][1] for site in (SITE, "north")] == ["receiver", "receiver"]
    assert change(also=[]) == 200
    with reading() as c:
        assert read_crew(c, "north").spells["Ravi"][-1][1] is None
        assert read_crew(c, SITE).spells["Ravi"][-1][1] == "receiver"


def test_an_admin_lets_nobody_into_a_site_where_they_are_not_let_in_themselves(app: Flask, admin: Person) -> None:
    app.test_cli_runner().invoke(args=["sites", "add", "north"])
    numbers = {one["name"]: one["id"] for one in admin.get("/api/v1/people").get_json()["people"]}

    def change(name: str, **what: object) -> tuple[int, str]:
        path, headers = f"/api/v1/people/{numbers[name]}", {"X-CSRFToken": admin.token}
        answer = admin.client.patch(path, json=what, headers=headers)
        return answer.status_code, answer.get_json().get("message", "")

    for name in ("admin", "supervisor"):
        status, said = change(name, also=["north"])
        assert (status, said.partition(":")[0]) == (
            409,
            f"You are not let into north yourself, so you cannot let {name} into it",
        )
    told = {"name": "Mallory", "role": "admin", "password": "correct horse battery", "also": ["north"]}
    assert admin.post("/api/v1/people", json=told).status_code == 409
    assert "Mallory" not in admin.get("/api/v1/people").text
    assert admin.post("/api/v1/session/site", json={"site": "north"}).status_code == 404

    app.test_cli_runner().invoke(args=["people", "sites", "supervisor", "north"])
    for what in ({"role": "admin"}, {"password": "correct horse battery"}, {"badge": "K-17", "pin": "7391"}):
        status, said = change("supervisor", **what)
        assert (status, said.partition(",")[0]) == (409, "supervisor is let into north too"), what
    assert change("supervisor", also=[], role="admin")[0] == 200

    app.test_cli_runner().invoke(args=["people", "sites", "admin", "north"])
    assert change("supervisor", also=["north"])[0] == 200
    assert change("supervisor", role="picker")[0] == 200
    assert admin.post("/api/v1/session/site", json={"site": "north"}).status_code == 204
    assert "supervisor is let into main, north" in admin.get("/audit").text, "the other site hears of it"


@pytest.mark.parametrize("by", ["the API", "the console"])
def test_an_admin_puts_a_guest_out_of_their_own_site_without_anyone_elses_word(
    app: Flask, admin: Person, by: str
) -> None:
    run = app.test_cli_runner().invoke
    run(args=["sites", "add", "north"])
    run(args=["people", "sites", "supervisor", "north"])
    run(args=["people", "badge", "supervisor", "K-17"], input="7391\n7391\n")
    with writing() as c:
        add_person(c, site="north", name="Nora", role="admin", password=PASSWORD, by="Olaf", now_ms=NOW)
    nora, guest = sign_in(app, "Nora"), sign_in(app, "supervisor")
    assert guest.post("/api/v1/session/site", json={"site": "north"}).status_code == 204
    numbers = {one["name"]: one["id"] for one in nora.get("/api/v1/people").get_json()["people"]}
    assert "Put out…" in nora.get("/people").text
    at = "/api/v1/people/{}/put-out" if by == "the API" else "/people/{}/put-out"
    data = {} if by == "the API" else {"data": {"csrf_token": nora.token}}
    done = nora.post(at.format(numbers["supervisor"]), **data)
    assert done.status_code == (204 if by == "the API" else 302)
    assert guest.get("/api/v1/session").get_json()["site"] == SITE
    with reading() as c:
        spells = [read_crew(c, site).spells["supervisor"][-1][1] for site in ("north", SITE)]
    assert spells == [None, "supervisor"]
    assert nora.post(at.format(numbers["supervisor"]), **data).status_code == 404
    assert nora.post(f"/api/v1/people/{numbers['Nora']}/put-out").status_code == 404
    assert "supervisor is let into north no more" in admin.get("/audit").text, "their own site hears of it"


def test_a_site_that_cannot_be_is_met_with_one_sentence(app: Flask, admin: Person) -> None:
    open_north(admin)
    for said, sentence in (
        ({"code": "north"}, "There is a site 'north' already: choose another code."),
        ({"code": "Nord Süd"}, "is no code of a site"),
        ({"code": "south", "company_prefix": "61A"}, "is no GS1 company prefix: it has 4 to 12 digits"),
    ):
        answer = admin.post("/api/v1/sites", json={"name": "North", **said})
        assert answer.status_code == 422
        assert sentence in answer.get_json()["message"]
    page = admin.client.post(
        "/sites/change",
        data={"name": "Main hall", "company_prefix": "0614141"},
        headers={"X-CSRFToken": admin.token},
        follow_redirects=True,
    )
    assert "Main hall is changed." in page.text


def test_a_site_that_gets_another_name_keeps_its_company_prefix_until_somebody_takes_it_away(app: Flask) -> None:
    run = app.test_cli_runner().invoke
    run(args=["sites", "add", "north", "--company-prefix", "0614141"])
    told = [
        run(args=["sites", "change", "north", *said]).output.strip().splitlines()[-1]
        for said in (["--name", "North hall"], ["--company-prefix", "4012345"], ["--company-prefix", ""], [])
    ]
    assert told == [
        "north is called North hall; GS1 company prefix 0614141.",
        "north is called North hall; GS1 company prefix 4012345.",
        "north is called North hall; GS1 company prefix none.",
        "Error: Say what is to change: --name, --company-prefix, or both.",
    ]


def test_a_recall_begins_at_every_site_and_says_where_it_could_not(app: Flask, admin: Person) -> None:
    open_north(admin)
    quality = sign_in(app, "quality")
    numbers = {one["name"]: one["id"] for one in admin.get("/api/v1/people").get_json()["people"]}
    path, headers = f"/api/v1/people/{numbers['quality']}", {"X-CSRFToken": admin.token}
    assert admin.client.patch(path, json={"also": ["north"]}, headers=headers).status_code == 200
    asked = {"reason": "battery", "product": PHONE.rpartition("/")[2], "everywhere": True}
    both = quality.post("/api/v1/recalls", json=asked).get_json()
    assert (both["number"], both["at"], both["not_at"]) == ("RC-1", [SITE, "north"], {})
    here = quality.post("/api/v1/recalls", json={"reason": "fire", "product": "C2", "everywhere": True}).get_json()
    assert (here["number"], here["at"]) == ("RC-2", [SITE])
    assert here["not_at"] == {"north": "There is no product 'C2' here: give its GTIN, its SKU or its canonical name."}
    with reading() as c:
        assert [one.number for one in listing.every(c, "north")] == ["RC-1"]
        changes, _, _ = pull(c, "north", None)
    assert [key for kind, key, _ in changes if kind == "recall"] == ["RC-1"], "its handhelds obey"
    assert "At every site that you are let into" in quality.get("/recalls/new").text


def test_who_sends_more_than_is_here_is_told_how_many_are(app: Flask, admin: Person, handheld: Handheld) -> None:
    open_north(admin)
    for serial, action in (("S1", "put_away"), ("S2", "put_away"), ("S1", "pick")):
        handheld.scan(action, unit(serial), location=BIN_A)
    handheld.push()
    lines = [{"product": "P12", "quantity": quantity} for quantity in (1, 99_998)]
    made = admin.post("/api/v1/transfers", json={"to": "north", "lines": lines}).get_json()
    assert made["lacking"] == [{"product": PHONE, "asked": 99_999, "here": 1}]
    enough = admin.post("/api/v1/transfers", json={"to": "north", "lines": lines[:1]}).get_json()
    assert (enough["number"], enough["state"], enough["lacking"]) == ("TRANSFER-2", "to be picked", [])
    again = admin.post("/api/v1/transfers", json={"to": "north", "lines": lines, "number": "TRANSFER-2"})
    assert (again.status_code, "There is order TRANSFER-2 already" in again.get_json()["message"]) == (422, True)


def test_two_transfers_that_are_made_at_one_moment_get_a_number_each(app: Flask) -> None:
    with writing() as c:
        first = next_number(c, SITE, "Sam", NOW)
    with writing() as c:
        assert (first, next_number(c, SITE, "Ann", NOW)) == ("TRANSFER-1", "TRANSFER-2")


def test_a_transfer_is_made_on_the_page_and_picked_like_an_order(app: Flask, admin: Person) -> None:
    nowhere = admin.get("/transfers").text
    assert "There is no other site yet." in nowhere
    open_north(admin)
    made = admin.client.post(
        "/transfers",
        data={"to": "north", "lines": "P12 2\nC2; 10\n"},
        headers={"X-CSRFToken": admin.token},
        follow_redirects=True,
    )
    assert "TRANSFER-1 can be picked" in made.text
    assert "It asks for more than is here: 0 of 10 Cable 2 m; 0 of 2 Phone 12." in made.text
    assert "to be picked" in admin.get("/transfers").text
    told = admin.get("/api/v1/transfers").get_json()
    assert [(one["number"], one["asked"], one["state"]) for one in told["transfers"]] == [
        ("TRANSFER-1", 12, "to be picked")
    ]
    wrong = admin.client.post(
        "/transfers", data={"to": "north", "lines": "P12"}, headers={"X-CSRFToken": admin.token}, follow_redirects=True
    )
    assert "is no line of a transfer" in wrong.text
    refused = admin.post("/api/v1/transfers", json={"to": "moon", "lines": [{"product": "P12", "quantity": 1}]})
    assert (refused.status_code, refused.get_json()["code"]) == (422, "transfer")
    strange = {"to": "north", "number": "MOVE-1", "lines": [{"product": "P12", "quantity": 1}]}
    unlisted = admin.post("/api/v1/transfers", json=strange)
    assert unlisted.status_code == 422
    assert "cannot be a transfer's number: it begins with TRANSFER-." in unlisted.get_json()["message"]


def test_a_handheld_of_another_site_undoes_no_scan_of_a_count_here(
    app: Flask, admin: Person, handheld: Handheld
) -> None:
    open_north(admin)
    handheld.scan("count", unit("A1"), location=BIN_A, document="COUNT-1", minutes_ago=9)
    handheld.push()
    stranger = Handheld(app).enrol(name="HH-N")
    with writing() as c:
        c.execute(devices.update().where(devices.c.name == "HH-N").values(site="north"))
    stranger.scan(
        "void", unit("A1"), voids=format_name((handheld.chain.device_no, handheld.chain.epoch, 1)), reason="x"
    )
    assert stranger.push()["accepted"] == 1
    with reading() as c:
        assert [fact.event.subject for fact in scans_of(c, SITE, "COUNT-1")] == [unit("A1")]


def test_a_handheld_of_another_site_takes_nothing_back_that_was_scanned_here(
    app: Flask, admin: Person, handheld: Handheld
) -> None:
    open_north(admin)
    order = b"number,gtin,quantity\nSO-7,09506000134352,1\n"
    assert admin.post("/api/v1/documents?kind=order", data=order).status_code == 200
    handheld.scan("put_away", unit("A1"), location=BIN_A, minutes_ago=9)
    handheld.scan("pick", unit("A1"), document="SO-7", minutes_ago=8)
    handheld.push()
    before = admin.get("/api/v1/orders/SO-7").get_json()
    stranger = Handheld(app).enrol(name="HH-N")
    with writing() as c:
        c.execute(devices.update().where(devices.c.name == "HH-N").values(site="north"))
    stranger.scan(
        "void", unit("A1"), voids=format_name((handheld.chain.device_no, handheld.chain.epoch, 2)), reason="x"
    )
    assert stranger.push()["accepted"] == 1
    assert admin.get("/api/v1/orders/SO-7").get_json() == before
