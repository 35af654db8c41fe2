"""A whole server on an empty database, people who sign in, and a handheld with a real key."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from html import unescape
from pathlib import Path
from typing import Any

from argon2 import PasswordHasher
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from server import staff
from server.changes import publish
from server.database import db, stamp, writing
from server.roles import PERSONAL
from server.tables import devices, people, server_state, sites
from sync import enrolment, protocol
from tests.handheld import BIN_A, BIN_B, BIN_C, CABLE, DAY, DOCK, PHONE, Chain
from tests.server import audited, ready_made, ready_tables

SITE = "main"
PASSWORD = "correct horse battery"
NOW = DAY + 3_600_000
# As weak as argon2 allows, so that a test that signs in does not wait for a hash that guards nothing.
HASH = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
SERVER_KEY = Ed25519PrivateKey.from_private_bytes(hashlib.sha256(b"the server's key").digest())


class Client(FlaskClient):
    """A client each of whose requests has an app context of its own, as behind a real server.

    A test has one open for its look into the database, and requests would share what they remember in it.
    """

    def open(self, *args: Any, **kwargs: Any) -> TestResponse:
        with self.application.app_context():
            return super().open(*args, **kwargs)


@contextmanager
def running_server(
    database_url: str,
    folder: Path,
    *,
    make: Callable[..., Flask] = ready_made.create_app,
    watch: Callable[[Flask], AbstractContextManager[object]] = audited.watched,
    **settings: Any,
) -> Iterator[Flask]:
    """A server with its tables made, one person of each role, some products and some bins.

    Args:
        watch: looks at every request.
    """
    overrides = {"DATABASE_URL": database_url, "INSTANCE": folder / "instance", "SITE": SITE, "SECRET_KEY": "test"}
    overrides |= {"ADDRESSES": ("http://server.test",), "TESTING": True}
    app = make({**overrides, **settings}, now_ms=lambda: NOW)
    app.test_client_class = Client
    with app.app_context():
        ready_tables.lay(db.engine)
        with writing() as c:
            c.execute(
                server_state.insert().values(
                    id=1,
                    incarnation="inc1",
                    private_key=SERVER_KEY.private_bytes_raw(),
                    site=SITE,
                    stamp=0,
                    fold_version="1",
                )
            )
            c.execute(sites.insert().values(site=SITE, name=SITE, codes={}))
            for role in PERSONAL:
                c.execute(people.insert().values(site=SITE, name=role, role=role, password_hash=HASH, active=True))
            at = stamp(c)
            publish(c, SITE, "item", PHONE, {"name": "Phone 12", "sku": "P12", "mode": "serial"}, at)
            publish(c, SITE, "item", CABLE, {"name": "Cable 2 m", "sku": "C2", "mode": "quantity"}, at)
            for key, name in ((DOCK, "Dock 1"), (BIN_A, None), (BIN_B, None), (BIN_C, None)):
                row = {"code": key.rpartition("/")[2], "name": name, "zone": "G"}
                publish(c, SITE, "location", key, row, at)
        with watch(app):
            yield app
        failed = app.extensions["figures"].registry.get_sample_value("scan_events_failed_total")
        assert failed == app.config.get("FAILS_ON", 0), "the server failed on a scan, and only set it aside"
        db.engine.dispose()


@dataclass
class Person:
    """Someone signed in at the API, with the token for changes."""

    client: FlaskClient
    token: str

    def get(self, path: str, **options: Any) -> TestResponse:
        return self.client.get(path, **options)

    def post(self, path: str, **options: Any) -> TestResponse:
        return self.client.post(path, headers={"X-CSRFToken": self.token}, **options)


def refusal(answer: TestResponse) -> tuple[int, str]:
    """Status and word of a refused request."""
    return answer.status_code, answer.get_json()["code"]


def text_of(page: TestResponse) -> str:
    """What a person reads of a page, blanks made one."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", page.text)).split())


def employ(*names: str, role: str = "picker") -> None:
    """People who may be given work."""
    with writing() as c:
        for name in names:
            staff.add_person(c, site=SITE, name=name, role=role, by="admin", now_ms=NOW - 10_000_000)


def sign_in(app: Flask, name: str) -> Person:
    client = app.test_client()
    answer = client.post("/api/v1/session", json={"name": name, "password": PASSWORD})
    assert answer.status_code == 201, answer.text
    return Person(client, answer.get_json()["csrf_token"])


@dataclass
class Handheld:
    """A handheld as the server sees it: a key pair, a chain of events, and signed pushes."""

    app: Flask
    key: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)
    chain: Chain = field(init=False)

    def __post_init__(self) -> None:
        self.chain = Chain(enrolment.device_no(self.public_key), boot_at_ms=NOW - 3_000_000)

    @property
    def public_key(self) -> bytes:
        return self.key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)

    def enrol(self, *, name: str = "HH-1", revoked_ms: int | None = None, at: str = SITE) -> Handheld:
        with writing() as c:
            c.execute(
                devices.insert().values(
                    device_no=self.chain.device_no,
                    site=at,
                    name=name,
                    role="receiver",
                    public_key=self.public_key,
                    enrolled_ms=NOW - 10_000_000,
                    revoked_ms=revoked_ms,
                )
            )
        return self

    def scan(self, action: str, subject: str, *, minutes_ago: int = 10, **fields: Any) -> None:
        self.chain.scan(NOW - minutes_ago * 60_000, action, subject, operator="Rosa", **fields)

    def envelope(self, first: int = 1, **header: Any) -> bytes:
        head, lines = self.chain.push(first, len(self.chain.lines), now_ms=NOW, **header)
        return protocol.pack(head, lines)

    def sign(self, body: bytes) -> bytes:
        return self.key.sign(protocol.SIGNED_PREFIX + body)

    def send(self, body: bytes, **headers: str) -> TestResponse:
        """One signed push, as it goes over the wire."""
        signature = base64.urlsafe_b64encode(self.sign(body)).decode().rstrip("=")
        return self.app.test_client().post(
            protocol.SYNC_PATH,
            data=body,
            content_type=protocol.MEDIA_TYPE,
            headers={"Authorization": f"Ed25519 {self.chain.device_no} {signature}", **headers},
        )

    def push(self, first: int = 1, **header: Any) -> dict[str, Any]:
        """Push everything from `first` on; the reply, whose signature is checked."""
        body = self.envelope(first, **header)
        answer = self.send(body)
        assert answer.status_code == 200, answer.text
        verify_reply(answer, self.sign(body), answer.data)
        found = json.loads(answer.data)
        assert isinstance(found, dict)
        return found


def verify_reply(answer: TestResponse, request_signature: bytes, body: bytes) -> None:
    """Check the server's signature as a handheld does.

    Raises InvalidSignature if it is anyone else's.
    """
    signature = base64.urlsafe_b64decode(answer.headers["Server-Signature"] + "==")
    public: Ed25519PublicKey = SERVER_KEY.public_key()
    public.verify(signature, enrolment.reply_message(request_signature, body))
