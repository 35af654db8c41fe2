"""A server of protocol 1 in a thread, small enough to be seen through: the uploader's peer in tests.

It keeps what it is sent in memory, signs its replies, and can be told to misbehave for the next requests.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from scanner_client.device import is_signed
from sync.enrolment import (
    ENROL_HEADER,
    ENROL_PREFIX,
    HANDHELD_HEADER,
    Invitation,
    code_seed,
    device_no,
    reply_message,
    server_message,
)
from sync.event import GENESIS, digest
from sync.protocol import (
    ENROL_PATH,
    SERVER_PATH,
    SIGNED_PREFIX,
    SYNC_PATH,
    Reply,
    read_signature,
    unpack,
    write_reply,
    write_signature,
)
from sync.unread import BODY_BYTES_MAX, UNREAD_PATH, message

Answer = tuple[int, dict[str, str], bytes]
Misbehaviour = Callable[["Peer", Answer], Answer | None]
"""What happens to a true answer; None: the connection breaks instead."""


@dataclass
class Peer:
    """What the server knows, and how it behaves."""

    key: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)
    incarnation: str = "first"
    address: str = ""
    devices: dict[int, bytes] = field(default_factory=dict)
    ledger: dict[tuple[int, int], dict[int, bytes]] = field(default_factory=dict)
    altered: dict[tuple[int, int, int], bytes] = field(default_factory=dict)
    """Digests of the events that came altered, as they were committed."""
    forks: dict[tuple[int, int], dict[int, bytes]] = field(default_factory=dict)
    changes: list[list[Any]] = field(default_factory=list)
    changes_per_reply: int = 2_000
    unread: list[list[str]] = field(default_factory=list)
    """What handhelds said that they cannot read, each time."""
    is_old: bool = False
    """Whether it is of a release that does not listen to that."""
    untold: str | None = None
    """Why it cannot say what changed."""
    safe: bool = False
    revoked: bool = False
    now_ms: int = 1_700_000_000_000
    site: dict[str, str] = field(default_factory=lambda: {"code": "HH", "name": "Harbour"})
    codes: set[str] = field(default_factory=lambda: {"once"})
    misbehave: list[Misbehaviour] = field(default_factory=list)
    requests: list[tuple[str, int]] = field(default_factory=list)
    """Path and number of events of every request that arrived."""

    @property
    def public_key(self) -> bytes:
        return self.key.public_key().public_bytes_raw()

    def invitation(self, *, code: str | None = "once") -> str:
        return Invitation(addresses=(self.address,), server_key=self.public_key, code=code).text()

    def lines(self, device: int) -> list[bytes]:
        """Every line of a device, by epoch and seq."""
        return [
            line for (no, _), lines in sorted(self.ledger.items()) if no == device for _, line in sorted(lines.items())
        ]

    def sync(self, authorization: str, body: bytes) -> Answer:
        scheme, number, text = authorization.split(" ")
        signature = read_signature(text)
        key = self.devices.get(int(number))
        if scheme != "Ed25519" or key is None:
            return _error(401, "unknown_device", "This handheld is not known here.")
        if not is_signed(key, signature, SIGNED_PREFIX + body):
            return _error(401, "bad_signature", "The signature is wrong.")
        header, lines = unpack(body)
        held = self.ledger.setdefault((header.device_no, header.epoch), {})
        if header.altered:
            self.altered[header.device_no, header.epoch, header.first] = bytes.fromhex(header.after)
        for seq, line in enumerate(lines, header.first):
            if held.setdefault(seq, line) != line:
                self.forks.setdefault((header.device_no, header.epoch), {})[seq] = line
        through = self._through(held)
        head = GENESIS
        for seq in range(1, through + 1):
            name = (header.device_no, header.epoch, seq)
            head = self.altered.get(name) or digest(head, held[seq])
        answer = write_reply(self._reply(held, through, head, header.cursor, header.incarnation))
        signed = write_signature(self.key.sign(reply_message(signature, answer)))
        return 200, {"Server-Signature": signed}, answer

    def bent(self, answer: Callable[[], Answer]) -> Answer | None:
        """The answer, or what the next misbehaviour makes of it."""
        bend = self.misbehave.pop(0) if self.misbehave else None
        if bend is None:
            return answer()
        if bend is breaks_off:
            answer()  # the server has committed; only the reply is lost
        return bend(self, (200, {}, b""))

    def enrol(self, text: str, owner: str, body: bytes) -> Answer:
        row, signature = json.loads(body), read_signature(text)
        offered = bytes.fromhex(row["offer_key"])
        if offered not in {_code_key(code) for code in self.codes}:
            return _error(403, "bad_code", "That code was used already, or is too old.")
        if not is_signed(offered, signature, ENROL_PREFIX + body):
            return _error(401, "bad_signature", "The signature is wrong.")
        key = bytes.fromhex(row["public_key"])
        if not is_signed(key, read_signature(owner), ENROL_PREFIX + body):
            return _error(401, "bad_signature", "The signature is not that of this handheld.")
        self.devices[device_no(key)] = key
        told = {
            "device_no": device_no(key),
            "incarnation": self.incarnation,
            "server_key": self.public_key.hex(),
            "addresses": [self.address],
            "site": self.site,
        }
        answer = json.dumps(told).encode()
        signed = write_signature(self.key.sign(reply_message(signature, answer)))
        return 201, {"Content-Type": "application/json", "Server-Signature": signed}, answer

    def hear_unread(self, authorization: str, body: bytes) -> Answer:
        _, number, text = authorization.split(" ")
        signature = read_signature(text)
        if self.is_old or not is_signed(self.devices[int(number)], signature, message(body)):
            return _error(404, "not_found", "There is no such page.")
        if len(body) > BODY_BYTES_MAX:
            return _error(413, "too_large", "The body is too long.")
        self.unread.append([row["name"] for row in json.loads(body)["rows"]])
        answer = b'{"noted": 0}'
        signed = write_signature(self.key.sign(reply_message(signature, answer)))
        return 200, {"Content-Type": "application/json", "Server-Signature": signed}, answer

    def who(self, nonce: str) -> Answer:
        message = server_message(bytes.fromhex(nonce), self.incarnation, [self.address])
        signature = write_signature(self.key.sign(message))
        return _json(200, {"incarnation": self.incarnation, "addresses": [self.address], "signature": signature})

    @staticmethod
    def _through(held: dict[int, bytes]) -> int:
        through = 0
        while through + 1 in held:
            through += 1
        return through

    def _reply(
        self, held: dict[int, bytes], through: int, head: bytes, cursor: str | None, incarnation: str | None
    ) -> Reply:
        start = int(cursor or 0) if incarnation == self.incarnation else 0
        page = [] if self.untold else self.changes[start : start + self.changes_per_reply]
        beyond = sorted(seq for seq in held if seq > through)
        return Reply(
            incarnation=self.incarnation,
            acked_through=through,
            head=head.hex(),
            last_seq=max(held, default=0),
            missing=[[through + 1, beyond[0] - 1]] if beyond else [],
            accepted=0,
            duplicate=0,
            exceptions=[],
            safe_through=through if self.safe else 0,
            server_ms=self.now_ms,
            addresses=[self.address],
            changes=page,
            cursor=str(start + len(page)),
            more=self.untold is not None or self.revoked or start + len(page) < len(self.changes),
            untold=self.untold,
            revoked=self.revoked,
        )


def breaks_off(_: Peer, __: Answer) -> None:
    """The request arrives and is dealt with; the answer is lost."""


def answers(status: int, headers: dict[str, str] | None = None) -> Misbehaviour:
    """Something before the server answers with a status of its own."""
    return lambda _, __: (status, headers or {}, b"<h1>no</h1>")


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_POST(self) -> None:
        peer = self.server.peer
        body = self.rfile.read(int(self.headers["Content-Length"]))
        peer.requests.append((self.path, len(unpack(body)[1]) if self.path == SYNC_PATH else 0))
        if self.path == ENROL_PATH:
            self._send(peer.enrol(self.headers[ENROL_HEADER], self.headers[HANDHELD_HEADER], body))
        elif self.path == SYNC_PATH:
            self._send(peer.bent(lambda: peer.sync(self.headers["Authorization"], body)))
        elif self.path == UNREAD_PATH:
            self._send(peer.hear_unread(self.headers["Authorization"], body))

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        if url.path == SERVER_PATH:
            self._send(self.server.peer.who(parse_qs(url.query)["nonce"][0]))

    def log_message(self, *_: object) -> None:
        """Tests read what the peer keeps, not a log."""

    def _send(self, answer: Answer | None) -> None:
        if answer is None:
            self.close_connection = True
            self.connection.close()
            return
        status, headers, body = answer
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, port: int, peer: Peer) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.peer = peer

    def handle_error(self, *_: object) -> None:
        """A connection that breaks on purpose is no news."""


@contextmanager
def running_peer(port: int = 0, peer: Peer | None = None) -> Iterator[Peer]:
    """The peer on a free port of this machine, or on the one that is given."""
    running = peer or Peer()
    server = _Server(port, running)
    running.address = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield running
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _code_key(code: str) -> bytes:
    return Ed25519PrivateKey.from_private_bytes(code_seed(code)).public_key().public_bytes_raw()


def _error(status: int, code: str, message: str) -> Answer:
    return _json(status, {"code": code, "message": message})


def _json(status: int, row: dict[str, Any]) -> Answer:
    return status, {"Content-Type": "application/json"}, json.dumps(row).encode()
