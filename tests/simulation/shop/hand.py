"""One handheld of the simulated shop: a signed chain of scans, taken in by the server's own `ingest`."""

from __future__ import annotations

from random import Random
from typing import Any, Final

import sqlalchemy as sa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from server.database import writing
from server.ingest import ingest
from server.tables import devices
from sync import enrolment, protocol
from sync.event import format_name
from tests.handheld import Chain

PUSH: Final = 500


class Hand:
    """What one handheld scans, and sends when it is near the network: `send` is `POST /api/v1/sync` less its HTTP."""

    def __init__(self, name: str, site: str, rng: Random, start_ms: int) -> None:
        self.name = name
        self._site = site
        self._key = Ed25519PrivateKey.from_private_bytes(rng.randbytes(32))
        public = self._key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        epoch = rng.randrange(1, 2**50)
        self.chain = Chain(enrolment.device_no(public), epoch=epoch, boot=f"{name}-1", boot_at_ms=start_ms)
        self._sent = 0
        self.busy_until_ms = start_ms
        with writing() as c:
            row = {"device_no": self.chain.device_no, "site": site, "name": name, "role": "supervisor"}
            c.execute(devices.insert().values(**row, public_key=public, enrolled_ms=start_ms))

    def scan(self, at_ms: int, action: str, subject: str | None, operator: str, **fields: Any) -> str:
        """Commit one scan; returns its name."""
        barcode, symbology = (None, None) if subject is None else (subject.encode(), "]d2")
        self.busy_until_ms = at_ms
        event = self.chain.scan(
            at_ms, action, subject, operator=operator, barcode=barcode, symbology=symbology, **fields
        )
        return format_name(event.name)

    def send(self, now_ms: int) -> None:
        """Push what waits, and say that it is here where nothing does."""
        lines = self.chain.lines
        while True:
            last = min(self._sent + PUSH, len(lines))
            header, run = self.chain.push(self._sent + 1, last, now_ms=now_ms)
            body = protocol.SIGNED_PREFIX + protocol.pack(header, run)
            self._key.public_key().verify(self._key.sign(body), body)
            with writing() as c:
                row = c.execute(sa.select(devices).where(devices.c.device_no == self.chain.device_no)).mappings().one()
                taken = ingest(c, row, header, run, now_ms=now_ms)
            if taken.exceptions or taken.duplicate:
                raise AssertionError(f"{self.name}: {taken.exceptions[:3]}, {taken.duplicate} twice")
            self._sent = last
            if last == len(lines):
                return

    @property
    def head(self) -> str:
        """Digest of its last event, hex."""
        return self.chain.digests[-1].hex()
