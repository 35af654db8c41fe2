"""Units that failed go back to their maker, with the proof of the delivery that they came with."""

from __future__ import annotations

import hashlib
import io
import re
import zlib

import pytest
from flask import Flask
from flask.testing import FlaskClient

from server.claims import defect
from server.claims.claim import ClaimError
from server.database import reading, transact, writing
from server.defects.origin import Origin, origin
from server.tables import events
from sync.event import GENESIS
from tests.handheld import BIN_A, CARTON_1, CARTON_2, DOCK, PHONE, unit
from tests.server.running import NOW, PASSWORD, SITE, Handheld, Person, refusal, text_of
from tests.server.site import state_document

PRICED = {"subject": PHONE, "attributes": {"name": "Phone 12", "price": 19900, "cost": 12000, "currency": "EUR"}}


@pytest.fixture
def dock(app: Flask, handheld: Handheld) -> Handheld:
    """S1 to S3 came from Acme under ASN-1 for PO-1, two of them in one carton; S4 with ASN-2; S5 is only listed."""
    state_document("products", "PRODUCTS-1", [PRICED], now_ms=NOW - 9_000_000)
    sent = {"supplier": "Acme", "fulfils": "PO-1"}
    rows = [{"subject": unit(s), "container": CARTON_1, "lot": "L1"} for s in ("S1", "S2")]
    rows += [{"subject": unit("S3"), "lot": "L2"}, {"subject": CARTON_1}]
    state_document("asn", "ASN-1", [row | {"attributes": sent} for row in rows], now_ms=NOW - 8_000_000)
    other = {"subject": unit("S4"), "lot": "L1", "attributes": {"supplier": "Bolt"}}
    state_document("asn", "ASN-2", [other], now_ms=NOW - 7_900_000)
    state_document("stock", "S-1", [{"subject": unit("S5"), "location": BIN_A}], now_ms=NOW - 7_000_000)
    handheld.scan("receive", CARTON_1, document="ASN-1", location=DOCK, minutes_ago=30)
    handheld.scan("receive", unit("S1"), document="ASN-1", container=CARTON_1, minutes_ago=29)
    handheld.scan("put_away", unit("S1"), location=BIN_A, minutes_ago=28)
    handheld.scan("receive", unit("S4"), document="ASN-2", location=DOCK, minutes_ago=27)
    handheld.push()
    return handheld


def test_who_handed_over_its_carton_handled_it_too(dock: Handheld) -> None:
    first = len(dock.chain.lines) + 1
    dock.scan("pack", unit("S1"), container=CARTON_2, document="SO-1", minutes_ago=20)
    dock.chain.scan(NOW - 15 * 60_000, "ship", CARTON_2, operator="Priya", document="SO-1")
    dock.push(first=first)
    assert [(one.operator, one.actions) for one in came("S1").handled] == [
        ("Rosa", ("receive", "put_away", "pack")),
        ("Priya", ("ship",)),
    ]


def came(serial: str) -> Origin:
    with reading() as c:
        return origin(c, SITE, unit(serial), NOW)


def claim(*serials: str, reason: str = "dead on arrival") -> list[str]:
    def write(c: object) -> list[str]:
        units = defect.all_named(c, SITE, serials)  # type: ignore[arg-type]
        return defect.draft(c, site=SITE, units=units, reason=reason, operator="Rosa", now_ms=NOW)  # type: ignore[arg-type]

    return transact(write)


def test_a_unit_tells_where_it_came_from_who_had_it_and_where_its_siblings_are(dock: Handheld) -> None:
    found = came("S1")
    assert (found.supplier, found.notice, found.purchase_order, found.carton) == ("Acme", "ASN-1", "PO-1", CARTON_1)
    assert (found.state.lot, found.received_ms) == ("L1", NOW - 29 * 60_000)
    (rosa,) = found.handled
    assert (rosa.operator, rosa.actions) == ("Rosa", ("receive", "put_away"))
    assert {one.unit.rpartition("/")[2]: one.shares for one in found.siblings} == {
        "S2": ("lot", "carton", "delivery"),
        "S3": ("delivery",),
        "S4": ("lot",),
    }
    inferred = next(one for one in found.siblings if one.unit == unit("S2"))
    assert inferred.status == "received", "it came with its carton"
    assert came("S5").notice is None


def test_the_facts_that_prove_it_can_be_checked_by_hand_and_a_changed_line_shows(dock: Handheld) -> None:
    found = came("S1")
    assert [one.action for one in found.proof] == ["import", "receive", "receive"]
    assert found.is_proved
    for one in found.proof:
        by_hand = hashlib.sha256(bytes.fromhex(one.before) + one.line.encode("latin-1")).hexdigest()
        assert by_hand == one.digest
    assert found.proof[1].before == GENESIS.hex(), "the handheld's first scan"
    with writing() as c:
        line = found.proof[2].line.replace("ASN-1", "ASN-9").encode("latin-1")
        c.execute(events.update().where(events.c.subject == unit("S1"), events.c.seq == 2).values(line=line))
    assert not came("S1").is_proved


def test_units_of_two_deliveries_are_two_claims_and_none_is_claimed_twice(dock: Handheld, supervisor: Person) -> None:
    assert claim("S1", "S3", "S4") == ["CLAIM-1", "CLAIM-2"]
    first = supervisor.get("/api/v1/claims/CLAIM-1").get_json()
    assert (first["supplier"], first["receipt"], first["version"]) == ("Acme", "ASN-1", 0)
    assert [(line["wrong"], line["value"]) for line in first["lines"]] == [("defective", 12000)] * 2
    assert supervisor.get("/api/v1/claims/CLAIM-2").get_json()["supplier"] == "Bolt"
    with pytest.raises(ClaimError, match="is claimed in CLAIM-1 already"):
        claim("S1")
    for fate in ("sent", "accepted"):
        assert supervisor.post("/api/v1/claims/CLAIM-1/fate", json={"fate": fate}).status_code == 200
    credit = {"fate": "credited", "credited": {"EUR": 24001}}
    doubted = supervisor.post("/api/v1/claims/CLAIM-1/fate", json=credit)
    assert refusal(doubted) == (409, "conflict")
    assert "claims 240.00 EUR, and 240.01 EUR is more" in doubted.get_json()["message"]
    done = supervisor.post("/api/v1/claims/CLAIM-1/fate", json=credit | {"more_than_claimed": True}).get_json()
    assert done["status"] == "credited", "one life for both kinds of claim"
    assert supervisor.post("/api/v1/claims/CLAIM-2/fate", json={"fate": "sent"}).status_code == 200
    assert supervisor.post("/api/v1/claims/CLAIM-2/fate", json={"fate": "rejected"}).status_code == 200
    assert claim("S4", reason="and again") == ["CLAIM-3"], "what was rejected may be claimed anew"


@pytest.mark.parametrize(
    ("serials", "reason", "sentence"),
    [
        (("S5",), "dead", "Nobody knows with which delivery"),
        (("S\U0001f600",), "dead", "names nothing that is known here. Write a unit's serial number"),
        ((), "dead", "Name at least one unit"),
        (("S1",), " ", "Say what is wrong with them"),
    ],
)
def test_what_cannot_be_claimed_is_told_in_a_sentence_and_nothing_is_claimed(
    dock: Handheld, supervisor: Person, serials: tuple[str, ...], reason: str, sentence: str
) -> None:
    with pytest.raises(ClaimError) as refused:
        claim(*serials, reason=reason)
    assert sentence in str(refused.value)
    assert supervisor.get("/api/v1/claims").get_json()["claims"] == []


def test_the_api_tells_the_origin_claims_it_and_gives_the_proof(dock: Handheld, supervisor: Person) -> None:
    told = supervisor.get("/api/v1/origins?unit=S1").get_json()
    assert (told["supplier"], told["lot"], told["is_proved"]) == ("Acme", "L1", True)
    assert refusal(supervisor.get("/api/v1/origins?unit=S77")) == (404, "not_found")
    made = supervisor.post("/api/v1/claims/defects", json={"units": ["S1"], "reason": "dead"})
    assert made.status_code == 201
    assert made.get_json()["claims"][0]["number"] == "CLAIM-1"
    document = supervisor.get("/api/v1/claims/CLAIM-1/document").get_json()
    assert (document["delivery"], document["origins"][0]["proved"]) == ("ASN-1", True)
    assert document["origins"][0]["proof"][2]["digest"] == told["proof"][2]["digest"]
    assert refusal(supervisor.get("/api/v1/claims/CLAIM-9/document")) == (404, "not_found")


@pytest.fixture
def console(app: Flask) -> FlaskClient:
    client = app.test_client()
    token = re.search(r'name="csrf_token" value="([^"]+)"', client.get("/sign-in").text)
    assert token is not None
    client.post("/sign-in", data={"csrf_token": token[1], "name": "supervisor", "password": PASSWORD})
    return client


def test_the_console_shows_the_origin_and_gives_the_claim_as_pdf_and_json(dock: Handheld, console: FlaskClient) -> None:
    page = console.get("/defects?units=S1")
    said = text_of(page)
    assert "Supplier Acme" in said
    assert "3 facts prove it, and each stands in its chain as it was read." in said
    assert "3 that came with it" in said
    token = re.search(r'name="csrf_token" value="([^"]+)"', page.text)
    assert token is not None
    form = {"csrf_token": token[1], "units": "S1", "reason": "dead on arrival \u2013 \u092c\u0948\u091f\u0930\u0940"}
    page = console.post("/defects/claim", data=form, follow_redirects=True)
    assert "Made: CLAIM-1." in text_of(page)
    pdf = console.get("/claims/claim.pdf?number=CLAIM-1")
    assert pdf.data.startswith(b"%PDF-")
    drawn = b"".join(
        zlib.decompress(part) for part in re.findall(rb"stream\r?\n(.*?)\r?\nendstream", pdf.data, re.DOTALL)
    )
    assert came("S1").proof[2].digest[:20].encode() in drawn
    document = console.get("/claims/claim.json?number=CLAIM-1").get_json()
    assert document["reason"] == form["reason"]
    assert io.BytesIO(pdf.data).getbuffer().nbytes < 60_000
