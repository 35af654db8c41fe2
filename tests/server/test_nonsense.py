"""Nonsense in an address: whatever stands in any argument of any page or list, the answer is a sentence and no failure.

The arguments are not listed here: a request notes which ones its view looks at, so a new one is asked too.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from flask import Flask, Request
from werkzeug.datastructures import ImmutableMultiDict
from werkzeug.routing import AnyConverter, IntegerConverter, Rule

from server.exports import listings
from tests.handheld import BIN_A, CARTON_1, DOCK, unit
from tests.server.running import Handheld, Person, running_server, sign_in

NONSENSE: Final = (
    "-99999999999999999999999",
    "PH\N{SMILING FACE WITH SUNGLASSES}\x00",
    "0109506000134352211ZZ",
)
IN_NUMBERS: Final = (1, 10**23)
NAMES: Final = ("01/09506000134352/21/A1", "PH\N{SMILING FACE WITH SUNGLASSES}")
"""What stands within addresses."""
LEFT_OUT: Final = {"lists.take_out"}
"""The same function answers the exports of the pages."""


class _Noted(ImmutableMultiDict[str, str]):
    """Arguments that note which of them are looked at."""

    asked: set[str] = set()  # noqa: RUF012  # shared by all on purpose, and emptied before each request

    def get(self, key: str, *args: Any, **options: Any) -> Any:
        self.asked.add(key)
        return super().get(key, *args, **options)

    def getlist(self, key: str, *args: Any, **options: Any) -> Any:
        self.asked.add(key)
        return super().getlist(key, *args, **options)

    def __contains__(self, key: object) -> bool:
        self.asked.add(str(key))
        return super().__contains__(key)


class _NotingRequest(Request):
    parameter_storage_class = _Noted


@pytest.fixture
def admin(tmp_path: Path) -> Iterator[Person]:
    """Who may see every page, of a shop where something of most kinds has happened.

    On SQLite alone: what PostgreSQL cannot hold is answered in one place, whatever the page (`server/errors.py`).
    """
    with running_server(f"sqlite:///{tmp_path / 'shop.sqlite3'}", tmp_path) as app:
        app.request_class = _NotingRequest
        app.testing = False  # a failure is answered, as in earnest
        admin = sign_in(app, "admin")
        handheld = Handheld(app, Ed25519PrivateKey.from_private_bytes(bytes(32))).enrol()
        for serial in ("A1", "A2"):
            handheld.scan("receive", unit(serial), location=DOCK, document="ASN-1")
        handheld.scan("put_away", unit("A1"), location=BIN_A, minutes_ago=5)
        handheld.scan("pack", unit("A2"), container=CARTON_1, document="SO-1", minutes_ago=4)
        handheld.push()
        for kind, content in {
            "asn": "number,supplier,gtin,serial\nASN-1,Acme,09506000134352,A1\nASN-1,Acme,09506000134352,A9\n",
            "order": "number,gtin,quantity,customer\nSO-1,09506000134352,2,Mia\n",
        }.items():
            answer = admin.post(f"/api/v1/documents?kind={kind}", data=content)
            assert answer.status_code == 200, answer.text
        yield admin


def test_whatever_an_address_asks_the_answer_is_a_sentence(admin: Person) -> None:
    app = admin.client.application
    failed, asked = [], 0
    for rule in sorted(app.url_map.iter_rules(), key=str):
        if "GET" not in (rule.methods or ()) or rule.endpoint in LEFT_OUT:
            continue
        for address in _addresses(app, rule):
            names = _looked_at(admin, address)
            for name, value in ((name, value) for name in sorted(names) for value in NONSENSE):
                answer = admin.get(address, query_string={name: value})
                answer.close()
                asked += 1
                if answer.status_code >= 500:
                    failed.append(f"{address}?{name}={value:.40}: {answer.status_code}")
    assert failed == []
    assert asked > 500


def _addresses(app: Flask, rule: Rule) -> list[str]:
    """The rule's address, with things in it that are there and things that are not."""
    if "form" in rule.arguments:
        return [rule.rule.partition("<")[0] + f"{name}.json" for name in listings()]
    if not rule.arguments:
        return [rule.rule]
    adapter = app.url_map.bind("server.test")
    fillings = ({name: _filling(rule, name, turn) for name in rule.arguments} for turn in range(len(NAMES)))
    return list(dict.fromkeys(adapter.build(rule.endpoint, filling) for filling in fillings))


def _filling(rule: Rule, name: str, turn: int) -> Any:
    """What stands in one place of an address, at the first, second, ... try."""
    converter = rule._converters[name]
    if isinstance(converter, AnyConverter):
        return min(converter.items)
    choice = IN_NUMBERS if isinstance(converter, IntegerConverter) else NAMES
    return choice[turn % len(choice)]


def _looked_at(admin: Person, address: str) -> set[str]:
    _Noted.asked.clear()
    answer = admin.get(address)
    answer.close()
    names = set(_Noted.asked)
    listing = listings().get(address.rpartition("/")[2].removesuffix(".json"))
    return names | set(listing.filters if listing else ())
