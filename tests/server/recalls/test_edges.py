"""A recall at the console, through the API and at the command line."""

from __future__ import annotations

import json
import re

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from server.database import reading, stamp, writing
from server.recalls import book
from server.recalls.heard import unaware
from server.recalls.notices import refresh
from server.tables import devices
from tests.handheld import unit
from tests.server.recalls.scene import GTIN, begin, fill
from tests.server.running import NOW, PASSWORD, SITE, Handheld, Person, refusal, sign_in, text_of
from tests.server.site import state_document

FORM = {"reason": "battery", "product": GTIN, "lots": "L1, L3"}


@pytest.fixture
def console(app: Flask) -> FlaskClient:
    client = app.test_client()
    token = re.search(r'name="csrf_token" value="([^"]+)"', client.get("/sign-in").text)
    assert token is not None
    client.post("/sign-in", data={"csrf_token": token[1], "name": "quality", "password": PASSWORD})
    return client


@pytest.fixture
def quality(app: Flask) -> Person:
    return sign_in(app, "quality")


def post(console: FlaskClient, path: str, **form: str) -> TestResponse:
    token = re.search(r'name="csrf_token" value="([^"]+)"', console.get("/recalls/new").text)
    assert token is not None
    return console.post(path, data={"csrf_token": token[1], **form}, follow_redirects=True)


def test_quality_sees_what_a_recall_reaches_begins_it_writes_to_customers_and_releases_it(
    handheld: Handheld, console: FlaskClient
) -> None:
    fill(handheld)
    assert "Nothing was ever recalled here." in text_of(console.get("/recalls"))
    previewed = text_of(post(console, "/recalls/new", **FORM, do="preview"))
    assert "It reaches 8" in previewed
    assert "At a customer 1 0 1" in previewed
    assert "In all 7 1 8" in previewed
    assert "Nothing was ever recalled here." in text_of(console.get("/recalls")), "a preview recalls nothing"
    page = text_of(post(console, "/recalls/new", **FORM, do="begin"))
    assert "Recall RC-1 has begun." in page
    assert "8 of 8 open" in page
    assert "Ada Lovelace" in page
    letter = text_of(console.get("/recalls/letters?number=RC-1"))
    assert "Ada Lovelace" in letter
    assert "1 Main Street" in letter
    assert "With order SO-3 you received from us" in letter
    page = text_of(post(console, "/recalls/answer", number="RC-1", order="SO-3", answer="keeps", note="by phone"))
    assert "SO-3: keeps it, knowing the risk, 1 in all." in page
    assert "Every customer has answered." in text_of(console.get("/recalls/letters?number=RC-1"))
    page = text_of(post(console, "/recalls/settle", number="RC-1", subject=unit("BIN1"), answer="destroyed"))
    assert "1 written down as destroyed." in page
    page = text_of(post(console, "/recalls/release", number="RC-1", reason="checked"))
    assert "6 of 8 are not accounted for, so RC-1 goes on." in page
    assert "Leave 6 unaccounted for" in page
    page = text_of(post(console, "/recalls/release", number="RC-1", reason="checked", leaving="6"))
    assert "RC-1 is released." in page
    page = text_of(post(console, "/recalls/release", number="RC-1", reason="checked"))
    assert "Recall RC-1 was released already; nothing is changed." in page


def test_what_cannot_be_recalled_keeps_what_was_typed(console: FlaskClient) -> None:
    page = post(console, "/recalls/new", reason="battery", serials="S\U0001f600", product=GTIN, do="begin")
    assert "is no serial number" in text_of(page)
    assert "S\U0001f600" in page.text
    assert 'value="battery"' in page.text


def test_the_api_previews_begins_answers_and_releases(handheld: Handheld, quality: Person) -> None:
    fill(handheld)
    asked = {"number": "RC-7", "reason": "battery", "product": GTIN, "lots": ["L1"]}
    found = quality.post("/api/v1/recalls/preview", json=asked).get_json()
    assert (found["pieces"], found["totals"]["customer"]) == (8, [1, 0])
    assert found["unheard"] == []
    mistyped = asked | {"lots": ["L1", "NOPE"], "serials": ["PX99999"]}
    assert quality.post("/api/v1/recalls/preview", json=mistyped).get_json()["unheard"] == [
        "Nobody here has ever heard of lot NOPE: look whether it is right.",
        "Nobody here has ever heard of serial number PX99999: look whether it is right.",
    ]
    strange = quality.post("/api/v1/recalls", json=asked | {"lots": ["\U0001f600"]})
    assert strange.get_json()["message"] == "'\U0001f600' is no lot number: '\U0001f600' cannot stand in one."
    begun = quality.post("/api/v1/recalls", json=asked | {"lots": ["L1", "NOPE"]})
    assert (begun.status_code, begun.get_json()["unheard"]) == (
        201,
        ["Nobody here has ever heard of lot NOPE: look whether it is right."],
    )
    assert refusal(quality.post("/api/v1/recalls", json=asked)) == (409, "conflict")
    assert refusal(quality.post("/api/v1/recalls", json={"reason": "x"})) == (409, "conflict")
    assert quality.get("/api/v1/recalls/RC-7").get_json()["open"] == 8
    (customer,) = quality.get("/api/v1/recalls/RC-7/customers").get_json()["customers"]
    assert (customer["order"], customer["name"], customer["answer"]) == ("SO-3", "Ada Lovelace", None)
    answered = quality.post("/api/v1/recalls/RC-7/answers", json={"order": "SO-3", "answer": "destroyed"})
    assert answered.get_json()["open"] == 7
    assert refusal(quality.post("/api/v1/recalls/RC-9/release", json={"reason": "x"})) == (404, "not_found")
    assert refusal(quality.post("/api/v1/recalls/RC-7/release", json={"reason": "checked"})) == (409, "conflict")
    end = {"reason": "checked", "leaving": 7}
    assert quality.post("/api/v1/recalls/RC-7/release", json=end).get_json()["open"] == 7
    assert refusal(quality.post("/api/v1/recalls/RC-7/release", json={"reason": "again"})) == (409, "conflict")
    late = quality.post("/api/v1/recalls/RC-7/answers", json={"order": "SO-3", "answer": "keeps"})
    assert (late.status_code, late.get_json()["open"]) == (200, 7), "customers answer late as well"


def test_the_command_line_previews_recalls_tells_and_releases(app: Flask, handheld: Handheld) -> None:
    fill(handheld)
    run = app.test_cli_runner().invoke
    asked = ["recall", "RC-3", "--product", GTIN, "--lot", "L1", "--reason", "battery"]
    assert "8 pieces in all. Nothing was recalled." in run(args=[*asked, "--preview"]).output
    mistyped = [*asked[:1], "RC-2", *asked[2:], "--lot", "NOPE"]
    unheard = "Nobody here has ever heard of lot NOPE: look whether it is right."
    assert unheard in run(args=[*mistyped, "--preview"]).output
    assert unheard in run(args=[*mistyped, "--drill"]).output
    assert "Recall RC-3 is in force." in run(args=asked).output
    assert "8 of 8 pieces are open." in run(args=["recalls", "RC-3"]).output
    assert "2 recalls." in run(args=["recalls"]).output
    assert "8 of 8 are not accounted for" in run(args=["release", "RC-3", "--reason", "ok"]).output
    ended = run(args=["release", "RC-3", "--reason", "ok", "--leave", "8"])
    assert "with 8 of 8 pieces unaccounted for" in ended.output
    assert "was released already" in run(args=["release", "RC-3", "--reason", "ok"]).output


def test_a_handheld_is_told_apart_until_it_has_asked_for_news_since(app: Flask, handheld: Handheld) -> None:
    begun = begin(product=GTIN)

    def names() -> list[str]:
        with reading() as c:
            return [one.name for one in unaware(c, SITE, book.read(c, SITE, begun.number))]

    assert names() == ["HH-1"]
    with writing() as c:
        at = stamp(c)
        c.execute(devices.update().values(pulled=f"inc1.{at}"))
    assert names() == []
    assert json.dumps(dict(begun.row)), "what travels is JSON"


def test_a_handheld_is_told_apart_again_when_a_recall_came_to_mean_another_delivery(
    app: Flask, handheld: Handheld
) -> None:
    fill(handheld)
    begin(supplier="Acme")
    with writing() as c:
        c.execute(devices.update().values(pulled=f"inc1.{stamp(c)}"))
    later = [{"subject": unit("NEXT"), "attributes": {"supplier": "Acme"}}]
    heard = []
    for brought in (None, later):
        if brought:
            state_document("asn", "ASN-7", brought, now_ms=NOW)
        with writing() as c:
            refresh(c, SITE, stamp(c))
        with reading() as c:
            heard.append([one.name for one in unaware(c, SITE, book.read(c, SITE, "RC-1"))])
    assert heard == [[], ["HH-1"]]
