import base64
import json
import secrets

import pytest
import sqlalchemy as sa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from flask import Flask
from werkzeug.test import TestResponse

from server.database import reading
from server.failed_tries import OF_ONE_MAX
from server.tables import devices
from sync.enrolment import ENROL_HEADER, ENROL_PREFIX, HANDHELD_HEADER, Invitation, code_seed, device_no, server_message
from sync.protocol import write_signature
from tests.handheld import DOCK, unit
from tests.server.running import NOW, SERVER_KEY, Handheld, Person, refusal, verify_reply


def _code(admin: Person) -> str:
    return str(admin.post("/api/v1/devices/codes", json={"role": "receiver"}).get_json()["code"])


def _request(code: str, public_key: str) -> tuple[bytes, bytes]:
    key = Ed25519PrivateKey.from_private_bytes(code_seed(code))
    offer = key.public_key().public_bytes_raw().hex()
    asked = {"offer_key": offer, "public_key": public_key, "name": "HH-9", "epoch": 1, "client": "1.0.0"}
    body = json.dumps(asked).encode()
    return body, key.sign(ENROL_PREFIX + body)


def _send(app: Flask, body: bytes, signature: bytes, owner: Handheld) -> TestResponse:
    headers = {
        "Content-Type": "application/json",
        ENROL_HEADER: write_signature(signature),
        HANDHELD_HEADER: write_signature(owner.key.sign(ENROL_PREFIX + body)),
    }
    return app.test_client().post("/api/v1/enrol", data=body, headers=headers)


def _enrol(app: Flask, code: str, handheld: Handheld) -> tuple[int, dict[str, object]]:
    answer = _send(app, *_request(code, handheld.public_key.hex()), handheld)
    return answer.status_code, answer.get_json()


def test_a_handheld_enrols_with_a_code_and_can_sync(app: Flask, admin: Person) -> None:
    handheld = Handheld(app)
    status, enrolled = _enrol(app, _code(admin), handheld)
    assert status == 201
    assert enrolled["device_no"] == device_no(handheld.public_key)
    assert enrolled["server_key"] == SERVER_KEY.public_key().public_bytes_raw().hex()
    assert enrolled["addresses"] == ["http://server.test"]
    assert enrolled["site"] == {"code": "main", "name": "main"}
    handheld.scan("receive", unit("A1"), location=DOCK)
    assert handheld.push()["acked_through"] == 1


def test_a_code_is_good_for_one_handheld_only(app: Flask, admin: Person) -> None:
    code = _code(admin)
    assert _enrol(app, code, Handheld(app))[0] == 201
    status, answer = _enrol(app, code, Handheld(app))
    assert (status, answer["code"]) == (403, "code_refused")


def test_a_wrong_code_has_to_wait_after_some_tries_and_a_right_one_has_not(app: Flask, admin: Person) -> None:
    tries = [_enrol(app, "WRONG", Handheld(app))[0] for _ in range(OF_ONE_MAX + 1)]
    assert tries == [403] * OF_ONE_MAX + [429]
    assert _enrol(app, _code(admin), Handheld(app))[0] == 201


def test_who_hears_an_enrolment_on_the_wifi_enrols_no_handheld_of_their_own(app: Flask, admin: Person) -> None:
    code, mine, theirs = _code(admin), Handheld(app), Handheld(app)
    body, signature = _request(code, mine.public_key.hex())
    assert code.encode() not in body
    forged = body.replace(mine.public_key.hex().encode(), theirs.public_key.hex().encode())
    for sent in ((forged, signature), (forged, theirs.key.sign(ENROL_PREFIX + forged)), (body, b"")):
        assert refusal(_send(app, *sent, theirs)) == (401, "bad_signature")
    answer = _send(app, body, signature, mine)
    assert answer.status_code == 201
    verify_reply(answer, signature, answer.data)


def test_who_has_only_seen_a_handhelds_public_key_cannot_enrol_it_elsewhere(app: Flask, admin: Person) -> None:
    theirs, mine = Handheld(app).enrol(revoked_ms=NOW), Handheld(app)
    body, signature = _request(_code(admin), theirs.public_key.hex())
    assert refusal(_send(app, body, signature, mine)) == (401, "bad_signature")
    with reading() as c:
        assert c.execute(sa.select(devices.c.name, devices.c.revoked_ms)).all() == [("HH-1", NOW)]
    assert _send(app, body, signature, theirs).status_code == 201, "the code is not used up by who may not"


def test_the_invitation_names_this_server_and_its_key(admin: Person) -> None:
    offer = admin.post("/api/v1/devices/codes", json={"role": "receiver"}).get_json()
    invitation = Invitation.parse(offer["invitation"])
    assert invitation.addresses == ("http://server.test",)
    assert invitation.server_key == SERVER_KEY.public_key().public_bytes_raw()
    assert invitation.code == offer["code"]


@pytest.mark.parametrize("key", ["00" * 31, "zz" * 32, "00" * 33])
def test_a_key_that_is_none_is_refused(app: Flask, admin: Person, key: str) -> None:
    assert refusal(_send(app, *_request(_code(admin), key), Handheld(app))) == (422, "not_valid")


def test_a_revoked_handheld_is_listed_as_such(admin: Person, handheld: Handheld) -> None:
    assert admin.post(f"/api/v1/devices/{handheld.chain.device_no}/revoke").status_code == 204
    (listed,) = admin.get("/api/v1/devices").get_json()["devices"]
    assert listed["revoked_ms"] is not None
    assert "public_key" not in listed
    handheld.scan("receive", unit("A1"), location=DOCK)
    assert handheld.push()["exceptions"][0]["outcome"] == "quarantined"


def test_a_handheld_of_another_site_cannot_be_revoked_from_here(app: Flask, admin: Person, handheld: Handheld) -> None:
    with app.app_context(), reading() as c:
        assert c.execute(sa.select(devices.c.revoked_ms)).scalar_one() is None
    assert refusal(admin.post(f"/api/v1/devices/{handheld.chain.device_no + 1}/revoke")) == (404, "not_found")


def test_a_server_proves_who_it_is(app: Flask) -> None:
    nonce = secrets.token_bytes(16)
    answer = app.test_client().get("/api/v1/server", query_string={"nonce": nonce.hex()}).get_json()
    signature = base64.urlsafe_b64decode(answer["signature"] + "==")
    SERVER_KEY.public_key().verify(signature, server_message(nonce, "inc1", ["http://server.test"]))
    assert answer["incarnation"] == "inc1"


@pytest.mark.parametrize("nonce", ["", "zz" * 16, "00"])
def test_a_server_signs_no_odd_nonce(app: Flask, nonce: str) -> None:
    answer = app.test_client().get("/api/v1/server", query_string={"nonce": nonce})
    assert refusal(answer) == (422, "not_valid")
