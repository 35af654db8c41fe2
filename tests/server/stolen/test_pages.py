"""A theft at the console, through the API and at the command line: one shop's story on one server."""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path

from flask import Flask
from flask.testing import FlaskClient

from server.database import reading, writing
from server.tables import people
from server.unit_rows import states_of
from sync.unit import Status
from tests.handheld import BIN_A, BIN_B, DAY, Chain, unit
from tests.server.counting import Counting, begin, close
from tests.server.running import HASH, PASSWORD, SITE, Handheld, Person, running_server, sign_in
from tests.server.site import enrol, push, state_document
from tests.server.test_sites import open_north

IMEI = "490154203237518"


def _text(page: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", page)).split())


def _console(client: FlaskClient, name: str = "supervisor") -> tuple[FlaskClient, str]:
    token = re.search(r'name="csrf_token" value="([^"]+)"', client.get("/sign-in").text)
    assert token is not None
    client.post("/sign-in", data={"csrf_token": token[1], "name": name, "password": PASSWORD})
    fresh = re.search(r'name="csrf_token" value="([^"]+)"', client.get("/stolen").text)
    assert fresh is not None
    return client, fresh[1]


def _a_count_misses_one() -> None:
    enrol(1)
    rows = [{"subject": unit(serial), "location": BIN_A} for serial in ("A1", "A2")]
    state_document("stock", "S-1", rows, now_ms=DAY - 5_000_000)
    chain = Chain(1)
    chain.scan(DAY - 80_000, "inspect", unit("A1"), location=BIN_A)
    begin()
    count = Counting(chain)
    count(BIN_A, unit("A2"))
    count(BIN_B)
    push(chain, now_ms=count.now_ms)
    close(now_ms=count.now_ms + 60_000)


def test_a_missing_unit_is_reported_with_one_step_and_its_way_is_followed_until_it_is_found(tmp_path: Path) -> None:
    with running_server(f"sqlite:///{tmp_path / 'site.sqlite3'}", tmp_path) as app:
        _a_count_misses_one()
        client, token = _console(app.test_client())
        page = client.get("/shrinkage").text
        form = dict(re.findall(r'<input type="hidden" name="(serials|since|reason)" value="([^"]+)"', page))
        assert (form["serials"], form["reason"]) == (unit("A1"), "Missing since CC-1.")
        answer = client.post("/stolen", data=form | {"csrf_token": token}, follow_redirects=True)
        assert "ST-1 is reported." in _text(answer.text)
        assert "Stolen, ST-1" in _text(client.get("/shrinkage").text)
        assert "Reported as stolen: ST-1" in _text(client.get("/units/01/09506000134352/21/A1").text)
        with reading() as c:
            assert states_of(c, SITE, [unit("A1")])[unit("A1")].status is Status.MISSING, "no stock any more"
        chain = Chain(1, epoch=2)
        chain.scan(DAY + 3_500_000, "inspect", unit("A1"), location=BIN_B, operator="Rosa")
        push(chain, now_ms=DAY + 3_600_000)
        quality = sign_in(app, "quality")
        seen = quality.get("/api/v1/stolen/ST-1").get_json()["sightings"]
        assert [(one["unit"], one["location"], one["operator"]) for one in seen] == [(unit("A1"), BIN_B, "Rosa")]
        check = quality.get("/api/v1/check", query_string={"scan": "]d2010950600013435221A1", "action": "inspect"})
        assert check.get_json()["verdict"] == "stolen"
        run = app.test_cli_runner().invoke
        assert "Rosa" in run(args=["stolen", "ST-1"]).output
        assert "ST-2: 2 things reported." in run(args=["report-stolen", IMEI, "Z9", "--reason", "x"]).output
        twice = quality.post("/api/v1/stolen", json={"reason": "again", "serials": ["Z9"]})
        assert (twice.status_code, "Z9 is reported already, by ST-2." in twice.get_json()["message"]) == (409, True)
        form = {"number": "ST-1", "subject": unit("A1"), "reason": "In the back room.", "csrf_token": token}
        assert "ST-1: 1 found." in _text(client.post("/stolen/found", data=form, follow_redirects=True).text)
        assert quality.post("/api/v1/stolen/ST-9/found", json={"reason": "x"}).status_code == 404
        assert "ST-2: 2 things found." in run(args=["found", "ST-2", "--reason", "a mistake"]).output
        rows = client.get("/exports/stolen.csv").text
        assert "In the back room." in rows


def test_who_may_only_look_is_offered_no_report(tmp_path: Path) -> None:
    with running_server(f"sqlite:///{tmp_path / 'site.sqlite3'}", tmp_path) as app:
        picker: Person = sign_in(app, "picker")
        assert "Report as stolen" not in picker.get("/stolen").text
        assert picker.post("/api/v1/stolen", json={"reason": "x", "serials": ["A1"]}).status_code == 403


def test_only_the_site_that_reported_a_theft_ends_it_and_another_sees_where_and_when_it_was_scanned(
    app: Flask, admin: Person, supervisor: Person, handheld: Handheld
) -> None:
    open_north(admin)
    with writing() as c:
        c.execute(people.insert().values(site="north", name="Nora", role="supervisor", password_hash=HASH, active=True))
    supervisor.post("/api/v1/stolen", json={"serials": ["X1"], "reason": "taken", "since": "2026-05-28"})
    handheld.scan("inspect", unit("X1"), location=BIN_A)
    handheld.push()
    nora = sign_in(app, "Nora")
    refused = nora.post("/api/v1/stolen/ST-1/found", json={"reason": "it lay here"})
    assert refused.status_code == 403
    assert refused.get_json()["message"] == (
        f"ST-1 was reported at the site {SITE}, which you are not let into: tell somebody there. Nothing is changed."
    )
    client, token = _console(app.test_client(), "Nora")
    page = client.get("/stolen").text
    assert "It was found" not in page
    assert f"for {SITE} to say" in page
    form = {"number": "ST-1", "subject": "X1", "reason": "it lay here", "csrf_token": token}
    assert "tell somebody there" in _text(client.post("/stolen/found", data=form, follow_redirects=True).text)
    report = nora.get("/api/v1/stolen/ST-1").get_json()
    assert [thing["found_ms"] for thing in report["things"]] == [None]
    told = {"site": SITE, "unit": unit("X1")}
    (seen,) = report["sightings"]
    assert seen == told | {"event_ms": seen["event_ms"]}
    (row,) = nora.get("/api/v1/lists/stolen_sightings.json").get_json()
    assert (row["site"], row["action"], row["operator"], row["device"], row["place"]) == (SITE, None, None, None, None)
    (whole,) = supervisor.get("/api/v1/stolen/ST-1").get_json()["sightings"]
    assert (whole["action"], whole["location"]) == ("inspect", BIN_A)
    with writing() as c:
        c.execute(people.update().where(people.c.name == "Nora").values(also=[SITE]))
    assert "It was found" in client.get("/stolen").text, "she is let in at both"
    assert nora.post("/api/v1/stolen/ST-1/found", json={"reason": "it lay here"}).status_code == 200
