"""Receipts, the sampling rule and claims through the API and the command line."""

from __future__ import annotations

import sqlalchemy as sa
from flask import Flask

from server import latest_first
from server.database import reading
from server.receipts.listing import list_receipts
from server.tables import reference
from tests.handheld import BIN_A, CABLE, CARTON_1, DOCK, unit
from tests.server.running import NOW, Handheld, Person, refusal
from tests.server.site import state_document


def announce(handheld: Handheld) -> None:
    rows = [{"subject": unit(s), "container": CARTON_1} for s in ("S1", "S2")]
    state_document("asn", "ASN-1", [*rows, {"subject": CARTON_1}], now_ms=NOW - 8_000_000)
    handheld.scan("receive", unit("S1"), document="ASN-1", container=CARTON_1, location=DOCK)
    handheld.push()


def test_a_claim_is_drafted_from_a_closed_receipt_and_followed(handheld: Handheld, supervisor: Person) -> None:
    announce(handheld)
    state_document("asn", "ASN-0", [{"subject": unit("S0")}], now_ms=NOW - 9_000_000)
    page = supervisor.get("/api/v1/receipts?limit=1").get_json()
    assert [row["number"] for row in page["receipts"]] == ["ASN-1"]
    following = supervisor.get("/api/v1/receipts", query_string={"limit": 1, "after": page["next"]}).get_json()
    assert ([row["number"] for row in following["receipts"]], following["next"]) == (["ASN-0"], None)
    (row,) = supervisor.get("/api/v1/receipts?state=partly").get_json()["receipts"]
    assert (row["number"], row["kind"], row["scans"]) == ("ASN-1", "asn", 1)
    assert refusal(supervisor.post("/api/v1/receipts/ASN-1/claim")) == (409, "conflict")
    assert supervisor.post("/api/v1/receipts/ASN-1/close").status_code == 200
    claim = supervisor.post("/api/v1/receipts/ASN-1/claim").get_json()
    (line,) = claim["lines"]
    assert (claim["number"], claim["status"], line["subject"], line["wrong"]) == (
        "CLAIM-1",
        "drafted",
        unit("S2"),
        "short",
    )
    credit = {"fate": "credited", "credited": {"EUR": 500}}
    assert refusal(supervisor.post("/api/v1/claims/CLAIM-1/fate", json=credit))[0] == 409
    for fate in ("sent", "rejected", "sent", "accepted"):
        assert supervisor.post("/api/v1/claims/CLAIM-1/fate", json={"fate": fate}).status_code == 200
    done = supervisor.post("/api/v1/claims/CLAIM-1/fate", json=credit).get_json()
    assert [fate["word"] for fate in done["fates"]][-2:] == ["accepted", "credited"]
    assert supervisor.get("/api/v1/claims").get_json()["claims"][0]["status"] == "credited"
    assert refusal(supervisor.get("/api/v1/claims/CLAIM-9")) == (404, "not_found")


def test_every_receipt_is_reached_page_by_page_and_taken_out(handheld: Handheld, supervisor: Person) -> None:
    announce(handheld)
    for number in range(3):
        rows = [{"subject": CABLE, "quantity": 3, "attributes": {"supplier": "Acme"}}]
        state_document("purchase_order", f"PO-{number}", rows, now_ms=NOW - 7_000_000)
    told: list[str] = []
    with reading() as c:
        found, more = list_receipts(c, "main", limit=2)
        told += [row.number for row in found]
        found, more = list_receipts(c, "main", limit=2, after=latest_first.read_after(more))
        assert more is None
        assert [row.number for row in list_receipts(c, "main", state="partly", limit=1)[0]] == ["ASN-1"]
    assert told + [row.number for row in found] == ["PO-0", "PO-1", "PO-2", "ASN-1"]
    rows = supervisor.get("/exports/receipts.json").get_json()
    assert [(row["number"], row["state"], row["supplier"], row["scans"]) for row in rows][-2:] == [
        ("PO-2", "open", "Acme", 0),
        ("ASN-1", "partly", None, 1),
    ]
    assert refusal(supervisor.get("/api/v1/receipts?after=7")) == (422, "not_valid")
    assert supervisor.get("/receipts?after=7").status_code == 400


def test_a_claim_rests_on_the_version_that_it_names_and_what_no_longer_fits_it_asks_for_a_new_one(
    handheld: Handheld, supervisor: Person
) -> None:
    def claim_again() -> list[str]:
        """What is claimed after closing again; before that a claim is refused."""
        said = supervisor.post("/api/v1/receipts/ASN-1/claim")
        assert (refusal(said)[0], "close it again first" in said.get_json()["message"]) == (409, True)
        assert supervisor.post("/api/v1/receipts/ASN-1/close").status_code == 200
        claim = supervisor.post("/api/v1/receipts/ASN-1/claim").get_json()
        return [f"{line['subject']} {line['wrong']}" for line in claim["lines"]] + [claim["version"]]

    announce(handheld)
    assert supervisor.post("/api/v1/receipts/ASN-1/close").status_code == 200
    assert supervisor.post("/api/v1/receipts/ASN-1/claim").get_json()["is_outdated"] is False
    name = f"{handheld.chain.device_no}.{handheld.chain.epoch}.1"
    handheld.scan("void", unit("S1"), document="ASN-1", voids=name, reason="wrong label", minutes_ago=5)
    handheld.push(first=2)
    assert supervisor.get("/api/v1/claims/CLAIM-1").get_json()["is_outdated"] is True
    assert claim_again() == [f"{unit('S1')} short", f"{unit('S2')} short", 2]
    handheld.scan("put_away", unit("S2"), location=BIN_A, minutes_ago=4)  # it came, under no number at all
    handheld.push(first=3)
    assert claim_again() == [f"{unit('S1')} short", 3]


def test_a_sampling_rule_and_a_blind_receipt_travel_to_handhelds(handheld: Handheld, supervisor: Person) -> None:
    announce(handheld)
    rule = {"supplier": "Acme", "mode": "share", "value": 20}
    assert supervisor.post("/api/v1/sampling", json=rule).status_code == 200
    assert refusal(supervisor.post("/api/v1/sampling", json={"mode": "share", "value": 200}))[0] == 409
    assert refusal(supervisor.post("/api/v1/receipts/ASN-9/blind", json={"blind": True}))[0] == 409
    assert supervisor.post("/api/v1/receipts/ASN-1/blind", json={"blind": True}).status_code == 200
    with reading() as c:
        row = c.execute(sa.select(reference.c.row).where(reference.c.kind == "sampling")).scalar_one()
    assert row == {"mode": "share", "value": 20}


def test_the_command_line_drafts_and_shows_a_claim(app: Flask, handheld: Handheld) -> None:
    announce(handheld)
    run = app.test_cli_runner().invoke
    assert "ASN-1" in run(args=["receipts"]).output
    assert "2 of each carton read one by one" in run(args=["sampling", "count", "2"]).output
    assert "blind" in run(args=["receive-blind", "ASN-1"]).output
    assert run(args=["receipt", "close", "ASN-1"]).exit_code == 0
    said = run(args=["claim", "draft", "ASN-1"]).output
    assert "CLAIM-1: drafted, ASN-1 version 1" in said
    assert "announced, and did not come" in said
    assert "sent by" in run(args=["claim", "sent", "CLAIM-1", "--note", "by post"]).output
