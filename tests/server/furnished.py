"""A shop where something of most kinds has happened, for tests that ask for whatever can be asked for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from flask import Flask

from tests.handheld import BIN_A, CARTON_1, DOCK, unit
from tests.server.running import Handheld, Person, running_server, sign_in

FILES: Final = {
    "asn": "number,supplier,gtin,serial\nASN-1,Acme,09506000134352,A1\nASN-1,Acme,09506000134352,A9\n",
    "order": "number,gtin,quantity,customer\nSO-1,09506000134352,2,Mia\n",
    "purchase_order": "number,supplier,gtin,quantity\nPO-1,Acme,09506000134352,3\n",
}


@dataclass(frozen=True, slots=True)
class Shop:
    """A running server, and somebody who may do everything there."""

    app: Flask
    admin: Person
    handheld: Handheld


@contextmanager
def furnished(folder: Path) -> Iterator[Shop]:
    """The shop, the same each time, on SQLite."""
    with running_server(f"sqlite:///{folder / 'shop.sqlite3'}", folder) as app:
        shop = Shop(app, sign_in(app, "admin"), Handheld(app, Ed25519PrivateKey.from_private_bytes(bytes(32))).enrol())
        for serial in ("A1", "A2", "A3"):
            shop.handheld.scan("receive", unit(serial), location=DOCK, document="ASN-1")
        shop.handheld.scan("put_away", unit("A1"), location=BIN_A, minutes_ago=5)
        shop.handheld.scan("pack", unit("A2"), container=CARTON_1, document="SO-1", minutes_ago=4)
        shop.handheld.push()
        for kind, content in FILES.items():
            answer = shop.admin.post(f"/api/v1/documents?kind={kind}", data=content)
            assert answer.status_code == 200, answer.text
        yield shop
