"""Nonsense in an address: whatever stands in any argument of any page or list, the answer is a sentence and no failure.

The arguments are not listed here: a request notes which ones its view looks at, so a new one is asked too.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from flask import Flask, Request
from werkzeug.datastructures import ImmutableMultiDict
from werkzeug.routing import AnyConverter, IntegerConverter, Rule

from server.exports import listings
from tests.server.furnished import furnished
from tests.server.running import Person

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
    with furnished(tmp_path) as shop:
        shop.app.request_class = _NotingRequest
        shop.app.testing = False  # a failure is answered, as in earnest
        yield shop.admin


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
