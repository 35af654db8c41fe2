"""Customers' names: found and erased however they are written, in whichever database."""

from __future__ import annotations

import unicodedata

import pytest

from server import parties
from server.database import reading, transact
from tests.server.running import NOW
from tests.server.site import SITE


@pytest.mark.parametrize(
    "asked", ["Özil Émile", "özil émile", "ÖZIL  ÉMILE ", unicodedata.normalize("NFD", "Özil Émile")]
)
def test_a_customer_whose_name_has_accents_is_found_and_erased(warehouse: str, asked: str) -> None:
    transact(lambda c: parties.remember(c, SITE, "SO-1", "Özil Émile", "1 Way"))
    transact(lambda c: parties.remember(c, SITE, "SO-2", "Ozil Emile", None))
    with reading() as c:
        assert [party.document for party in parties.find(c, SITE, asked)] == ["SO-1"]
    assert transact(lambda c: parties.erase(c, SITE, asked, operator="Ada", now_ms=NOW)) == 1
    with reading() as c:
        assert parties.name_of(c, SITE, "SO-1") is None
        assert parties.name_of(c, SITE, "SO-2") == "Ozil Emile"
