"""What a handheld could not take over of what it was told: the office sees which handheld, and what."""

from __future__ import annotations

import json
import re
from random import Random
from typing import Any

from flask import Flask
from werkzeug.test import TestResponse

from server import unread
from server.database import reading, writing
from server.recalls import book, heard
from server.recalls.asked import Asked
from server.tables import untold
from server.untold import SHOWN_MAX, listed
from sync.protocol import write_signature
from sync.unread import FRESH_MS, NAME_MAX, REASON_MAX, ROWS_MAX, UNREAD_PATH, message
from tests.handheld import BIN_A, CABLE, unit
from tests.server.running import NOW, SITE, Handheld, Person, refusal, verify_reply

WHY = "ValueError: 'beamed_up' is no status"


def send(handheld: Handheld, *names: str, signed: bytes | None = None, heard_ms: int = NOW, **row: Any) -> TestResponse:
    rows = [{"name": name, "reason": WHY} | row for name in names]
    body = json.dumps({"heard_ms": heard_ms, "rows": rows}, ensure_ascii=False).encode()
    signature = handheld.key.sign(message(body if signed is None else signed))
    authorization = f"Ed25519 {handheld.chain.device_no} {write_signature(signature)}"
    answer = handheld.app.test_client().post(
        UNREAD_PATH, data=body, content_type="application/json", headers={"Authorization": authorization}
    )
    if answer.status_code == 200:
        verify_reply(answer, signature, answer.data)
    return answer


def test_the_office_sees_which_handheld_cannot_read_what_until_it_can(
    app: Flask, handheld: Handheld, admin: Person
) -> None:
    other = Handheld(app).enrol(name="HH-2")
    for one in (handheld, other):
        assert send(one, f"unit {unit('S1')}", f"stock {CABLE} {BIN_A}").get_json() == {"noted": 2}
    send(other, f"unit {unit('S1')}")
    page = admin.get("/set-aside").text
    assert [page.count(text) for text in (unit("S1"), CABLE, ">HH-1<", ">HH-2<")] == [2, 1, 2, 1]
    assert WHY.replace("'", "&#39;") in page
    assert "Not told" not in page, "nobody else is concerned"
    assert "that a handheld cannot read" in admin.get("/").text
    assert "scan_changes_unread 3.0" in app.test_client().get("/metrics").text.splitlines()
    for one in (handheld, other):
        send(one)
    assert "Not read" not in admin.get("/set-aside").text


def test_however_much_handhelds_cannot_read_the_office_sees_on_what_the_server_itself_fails(
    app: Flask, handheld: Handheld, admin: Person
) -> None:
    of_its_own = {"site": SITE, "of": "unit_states", "key": unit("S9"), "reason": "ours"}
    with writing() as c:
        c.execute(untold.insert().values(**of_its_own, since_ms=NOW - 1, last_ms=NOW - 1))
    for one in (handheld, *(Handheld(app).enrol(name=f"HH-{n}") for n in range(2, SHOWN_MAX // ROWS_MAX + 1))):
        send(one, *(f"unit {unit(f'S{n}')}" for n in range(100, 100 + ROWS_MAX)))
    assert unit("S9") in admin.get("/set-aside").text
    failed, strange = (admin.get(f"/exports/{name}.json").get_json() for name in ("untold", "unread"))
    assert [row["key"] for row in failed] == [unit("S9")]
    assert len(strange) == SHOWN_MAX
    assert {row["handheld"] for row in strange} == {"HH-1", "HH-2"}


def test_what_a_handheld_could_not_read_is_told_again_to_everybody_once_somebody_says_so(
    app: Flask, handheld: Handheld
) -> None:
    handheld.scan("put_away", unit("S1"), location=BIN_A)
    handheld.push()
    cursor = handheld.push(2)["cursor"]
    assert handheld.push(2, cursor=cursor)["changes"] == []
    send(handheld, f"unit {unit('S1')}", f"item {CABLE}", "stock nonsense", "nonsense")
    done = app.test_cli_runner().invoke(args=["release-held"])
    assert done.exit_code == 0, done.output
    told = handheld.push(2, cursor=cursor)["changes"]
    assert {(kind, key) for kind, key, _ in told} == {("unit", unit("S1")), ("item", CABLE)}


def test_a_recall_that_one_handheld_could_not_read_is_known_to_all_others(app: Flask, handheld: Handheld) -> None:
    other = Handheld(app).enrol(name="HH-2")
    with writing() as c:
        asked = Asked(number="R-1", reason="burns", product=CABLE)
        standing = book.begin(c, site=SITE, asked=asked, operator="Quinn", now_ms=NOW)
    for one in (handheld, other):
        one.push(cursor=one.push()["cursor"])
    send(other, "recall R-1")
    with reading() as c:
        assert [one.name for one in heard.unaware(c, SITE, standing)] == ["HH-2"]
        assert unread.by_handhelds(c, SITE, "recall", "R-1") == {other.chain.device_no}


def test_what_a_handheld_said_before_its_latest_sync_never_takes_the_place_of_what_it_says_now(
    handheld: Handheld, admin: Person
) -> None:
    assert send(handheld, "unit x", heard_ms=NOW - 1).get_json() == {"noted": 1}
    handheld.push()
    assert send(handheld).get_json() == {"noted": 0}
    assert refusal(send(handheld, "unit x", heard_ms=NOW - 1)) == (409, "stale"), "its request hung until now"
    assert "Not read" not in admin.get("/set-aside").text
    assert send(handheld, "recall R-1").get_json() == {"noted": 1}
    assert refusal(send(handheld, heard_ms=NOW - 1)) == (409, "stale")
    assert "Not read" in admin.get("/set-aside").text


def test_as_much_as_a_handheld_may_say_is_noted_in_any_script(handheld: Handheld) -> None:
    some = Random(1)  # what repeats itself would be packed, and fits anywhere
    rare = [chr(n) for n in range(0x20000, 0x2A6D6)]
    names = [f"unit {n:03}" + "".join(some.choices(rare, k=NAME_MAX - 8)) for n in range(ROWS_MAX)]
    for _ in range(2):
        assert send(handheld, *names, reason="\N{PACKAGE}" * REASON_MAX).get_json() == {"noted": ROWS_MAX}
    with reading() as c:
        assert len(listed(c, SITE, by_handhelds=True)) == ROWS_MAX


def test_who_does_not_sign_is_not_heard_and_who_says_too_much_is_refused(
    app: Flask, handheld: Handheld, admin: Person
) -> None:
    assert refusal(send(handheld, "unit x", signed=b"another")) == (401, "bad_signature")
    assert refusal(send(Handheld(app), "unit x")) == (401, "unknown_device")
    assert refusal(send(handheld, *(f"unit {n}" for n in range(ROWS_MAX + 1)))) == (422, "not_valid")
    assert refusal(send(handheld, "unit \x00")) == (400, "bad_request")
    assert refusal(send(handheld, "unit x", reason="a\nb")) == (422, "not_valid")
    for heard_ms in (NOW - FRESH_MS - 1, NOW + 1):
        assert refusal(send(handheld, "unit x", heard_ms=heard_ms)) == (409, "stale"), "somebody repeats it"
    gone = Handheld(app).enrol(name="HH-3", revoked_ms=NOW - 1)
    assert send(gone, "unit x").get_json() == {"noted": 0}
    assert "Not read" not in admin.get("/set-aside").text


def test_the_office_reads_names_of_units_and_bins_and_recalls_before_all_else(
    handheld: Handheld, admin: Person
) -> None:
    send(handheld, f"unit {unit('S1')}", f"stock {CABLE} {BIN_A}", "recall R-1", f"stolen {unit('S2')}", "nonsense")
    page = admin.get("/set-aside").text
    told = ["recall", "R-1", "stolen", "Phone 12 · S2", "nonsense", "Cable 2 m", "A-01", "Phone 12 · S1"]
    assert re.findall(rf">({'|'.join(told)})</(?:a|span)>", page) == told
