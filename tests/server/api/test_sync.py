import base64
import gzip
import io
import json
import zlib
from typing import Any

import pytest
import sqlalchemy as sa
from cryptography.exceptions import InvalidSignature
from flask import Flask

from server.database import reading
from server.tables import cases, devices, events
from sync import protocol
from tests.handheld import BIN_A, BIN_B, DOCK, unit
from tests.server.running import NOW, Handheld, Person, refusal, verify_reply


def _rows(table: sa.Table) -> int:
    with reading() as c:
        return int(c.execute(sa.select(sa.func.count()).select_from(table)).scalar_one())


def test_scans_that_are_sent_are_acknowledged_and_kept(handheld: Handheld) -> None:
    handheld.scan("receive", unit("A1"), location=DOCK)
    handheld.scan("put_away", unit("A1"), location=BIN_A, minutes_ago=5)
    reply = handheld.push()
    assert (reply["acked_through"], reply["accepted"], reply["exceptions"]) == (2, 2, [])
    assert reply["head"] == handheld.chain.digests[2].hex()
    assert (reply["incarnation"], reply["server_ms"]) == ("inc1", NOW)
    assert reply["addresses"] == ["http://server.test"]
    assert _rows(events) == 2


def test_a_lost_reply_costs_nothing_when_the_push_is_sent_again(handheld: Handheld) -> None:
    handheld.scan("receive", unit("A1"), location=DOCK)
    handheld.push()
    again = handheld.push()
    assert (again["acked_through"], again["accepted"], again["duplicate"]) == (1, 0, 1)
    assert _rows(events) == 1


def test_a_unit_that_was_put_away_is_pulled_by_the_next_handheld(app: Flask, handheld: Handheld) -> None:
    handheld.scan("put_away", unit("A1"), location=BIN_A)
    handheld.push()
    other = Handheld(app).enrol(name="HH-2")
    changes = {(kind, key): row for kind, key, row in other.push()["changes"]}
    assert changes["unit", unit("A1")][:3] == ["stored", BIN_A, BIN_A]
    assert changes["location", BIN_A]["code"] == "A-01"


def test_a_pull_goes_on_from_its_cursor(app: Flask, handheld: Handheld) -> None:
    first = handheld.push()
    handheld.scan("put_away", unit("A1"), location=BIN_A)
    handheld.push(cursor=first["cursor"])
    later = handheld.push(cursor=first["cursor"])
    assert [(kind, key) for kind, key, _ in later["changes"]] == [("unit", unit("A1"))]


def test_who_holds_a_revoked_handheld_learns_of_nothing_that_happens_here_any_more(
    app: Flask, admin: Person, handheld: Handheld
) -> None:
    stolen = Handheld(app).enrol(name="HH-2")
    before = stolen.push()
    assert admin.post(f"/api/v1/devices/{stolen.chain.device_no}/revoke").status_code == 204
    handheld.scan("put_away", unit("A1"), location=BIN_A)
    handheld.push()
    for cursor in (before["cursor"], None, "nonsense"):
        told = stolen.push(cursor=cursor)
        assert (told["changes"], told["revoked"]) == ([], True)


def test_a_reply_is_signed_for_the_one_request_that_it_answers(handheld: Handheld) -> None:
    handheld.scan("receive", unit("A1"), location=DOCK)
    body = handheld.envelope()
    answer = handheld.send(body)
    verify_reply(answer, handheld.sign(body), answer.data)
    with pytest.raises(InvalidSignature):
        verify_reply(answer, handheld.sign(b"another request"), answer.data)


def test_the_signature_covers_the_reply_before_it_is_compressed(handheld: Handheld) -> None:
    body = handheld.envelope()
    answer = handheld.send(body, **{"Accept-Encoding": "gzip"})
    assert answer.headers["Content-Encoding"] == "gzip"
    verify_reply(answer, handheld.sign(body), gzip.decompress(answer.data))


def test_an_unknown_handheld_is_told_to_enrol_again(app: Flask) -> None:
    stranger = Handheld(app)
    answer = stranger.send(stranger.envelope())
    assert refusal(answer) == (401, "unknown_device")
    assert _rows(events) == 0


def test_a_body_that_was_changed_on_the_way_is_refused(handheld: Handheld) -> None:
    handheld.scan("receive", unit("A1"), location=DOCK)
    body = handheld.envelope()
    signature = base64.urlsafe_b64encode(handheld.sign(body)).decode()
    answer = handheld.app.test_client().post(
        protocol.SYNC_PATH,
        data=body[:-1] + bytes([body[-1] ^ 1]),
        content_type=protocol.MEDIA_TYPE,
        headers={"Authorization": f"Ed25519 {handheld.chain.device_no} {signature}"},
    )
    assert refusal(answer) == (401, "bad_signature")
    assert _rows(events) == 0


@pytest.mark.parametrize(
    "authorization", ["", "Basic abc", "Ed25519 x y", "Ed25519 1 !", "Ed25519 ² AAAA", "Ed25519 1 " + "A" * 5_000]
)
def test_a_push_without_a_proper_signature_is_refused(app: Flask, authorization: str) -> None:
    answer = app.test_client().post(
        protocol.SYNC_PATH,
        data=b"x",
        content_type=protocol.MEDIA_TYPE,
        headers={"Authorization": authorization.encode().decode("latin-1")},
    )
    assert refusal(answer) == (401, "bad_signature")


def test_a_handheld_cannot_speak_for_another(app: Flask, handheld: Handheld) -> None:
    other = Handheld(app).enrol(name="HH-2")
    other.scan("receive", unit("A1"), location=DOCK)
    answer = handheld.send(other.envelope())
    assert refusal(answer) == (400, "bad_request")
    assert _rows(events) == 0


def test_what_a_revoked_handheld_still_sends_is_acknowledged_and_quarantined(app: Flask) -> None:
    gone = Handheld(app).enrol(revoked_ms=NOW - 1_000)
    gone.scan("receive", unit("A1"), location=DOCK)
    reply = gone.push()
    assert (reply["acked_through"], reply["accepted"]) == (1, 0)
    assert [e["outcome"] for e in reply["exceptions"]] == ["quarantined"]


def test_a_bad_scan_delays_none_of_its_neighbours(handheld: Handheld) -> None:
    handheld.scan("receive", unit("A1"), location=DOCK)
    handheld.chain.commit(b'{"schema":1,"seq":3.7}')
    handheld.scan("receive", unit("A2"), location=DOCK)
    reply = handheld.push()
    assert (reply["acked_through"], reply["accepted"]) == (3, 2)
    assert [(e["seq"], e["outcome"]) for e in reply["exceptions"]] == [(2, "quarantined")]


def test_a_push_whose_digests_are_not_its_own_takes_nothing(handheld: Handheld) -> None:
    handheld.scan("receive", unit("A1"), location=DOCK)
    head, lines = handheld.chain.push(1, 1, now_ms=NOW)
    body = protocol.pack(head, [lines[0].replace(b"receive", b"inspect")])
    answer = handheld.send(body)
    assert refusal(answer) == (400, "bad_request")
    assert _rows(events) == 0


def test_an_envelope_over_the_limit_is_refused(handheld: Handheld) -> None:
    answer = handheld.send(b"x" * (protocol.BODY_BYTES_MAX + 1))
    assert refusal(answer) == (413, "too_large")


def test_a_compression_bomb_is_refused(handheld: Handheld) -> None:
    packer = zlib.compressobj(level=9, wbits=-15, zdict=protocol.DICTIONARY)
    bomb = packer.compress(bytes(protocol.INFLATED_BYTES_MAX * 20)) + packer.flush()
    assert len(bomb) < protocol.BODY_BYTES_MAX
    answer = handheld.send(bomb)
    assert refusal(answer) == (413, "too_large")


def test_a_body_of_unknown_length_is_refused(handheld: Handheld) -> None:
    body = io.BytesIO(handheld.envelope())
    answer = handheld.app.test_client().post(
        protocol.SYNC_PATH,
        content_type=protocol.MEDIA_TYPE,
        headers={"Transfer-Encoding": "chunked", "Authorization": "Ed25519 1 AAAA"},
        environ_overrides={"wsgi.input": body, "wsgi.input_terminated": True},
    )
    assert refusal(answer) == (413, "too_large")
    assert body.tell() == 0


@pytest.mark.parametrize("encoding", ["gzip", "br", "deflate"])
def test_a_content_encoding_is_refused(handheld: Handheld, encoding: str) -> None:
    answer = handheld.send(handheld.envelope(), **{"Content-Encoding": encoding})
    assert refusal(answer) == (415, "media_type")


def test_json_is_not_an_envelope(app: Flask) -> None:
    answer = app.test_client().post(protocol.SYNC_PATH, json={})
    assert refusal(answer) == (415, "media_type")


def test_a_handheld_is_seen_with_what_it_has_still_to_send(handheld: Handheld) -> None:
    handheld.scan("receive", unit("A1"), location=DOCK)
    handheld.push()
    with reading() as c:
        row = c.execute(sa.select(devices.c.last_seen_ms, devices.c.waiting, devices.c.client)).one()
    assert tuple(row) == (NOW, 0, "1.0.0")


def _standing() -> tuple[Any, ...]:
    with reading() as c:
        return tuple(c.execute(sa.select(devices.c.last_seen_ms, devices.c.waiting, devices.c.pulled)).one())


def test_a_push_that_somebody_repeats_says_nothing_of_where_its_handheld_stands(app: Flask, handheld: Handheld) -> None:
    now_ms, sent = NOW, []

    def push(first: int, **header: Any) -> None:
        head, lines = handheld.chain.push(first, len(handheld.chain.lines), now_ms=now_ms, **header)
        sent.append(protocol.pack(head, lines))
        assert handheld.send(sent[-1]).status_code == 200

    app.config["NOW_MS"] = lambda: now_ms
    for serial in ("A1", "A2", "A3"):
        handheld.scan("receive", unit(serial), location=DOCK)
    push(1, heard_ms=None)
    now_ms += 60_000
    push(4, heard_ms=NOW, cursor="c-1")
    now_ms += 60_000
    push(4, heard_ms=NOW, cursor="c-1")  # the reply before was lost
    handheld.chain.boot = "boot-2"
    now_ms += 60_000
    push(4, heard_ms=NOW + 120_000, cursor="c-2")
    before = _standing()
    assert before == (now_ms, 0, "c-2")
    now_ms += 8 * 3_600_000
    for old in sent:
        assert handheld.send(old).status_code == 200
    assert _standing() == before
    push(4, heard_ms=NOW + 180_000, cursor="c-3")
    assert _standing() == (now_ms, 0, "c-3")


def test_a_handheld_is_believed_again_at_once_where_the_servers_clock_was_years_ahead(
    app: Flask, handheld: Handheld
) -> None:
    def push(now_ms: int, heard_ms: int) -> None:
        app.config["NOW_MS"] = lambda: now_ms
        head, lines = handheld.chain.push(1, 0, now_ms=now_ms, heard_ms=heard_ms)
        assert handheld.send(protocol.pack(head, lines)).status_code == 200

    push(NOW, NOW + 10**11)  # what it had heard of that clock
    push(NOW + 1_000, NOW)
    assert _standing()[0] == NOW + 1_000


def test_a_unit_counted_in_another_bin_opens_a_case(handheld: Handheld) -> None:
    handheld.scan("put_away", unit("A1"), location=BIN_A, minutes_ago=30)
    handheld.scan("inspect", unit("A1"), location=BIN_B)
    handheld.push()
    with reading() as c:
        found = c.execute(sa.select(cases.c.rule, cases.c.expected, cases.c.seen)).all()
    assert [tuple(row) for row in found] == [("misplaced", BIN_A, BIN_B)]


def test_the_reply_is_read_by_the_handhelds_own_reader(handheld: Handheld) -> None:
    body = json.dumps(handheld.push()).encode()
    assert protocol.read_reply(body).acked_through == 0
