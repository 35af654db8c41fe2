"""Whoever stands there with a unit hears whether it is under warranty, with no network too."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta

import pytest

from scanner_client.handheld import Handheld
from scanner_client.sighting import Symbol
from sync.identity import lot_key
from sync.marks import pack
from sync.unit import UnitState
from tests.scanner_client.labels import A_01, ITEM, Begin, Learn, see, unit, unit_label

DAY_MS = 86_400_000


def sold(serial: str, at_ms: int, *, state: UnitState | None = None, lot: str | None = None) -> list[object]:
    row = ["shipped", None, None, None, None, lot, None, at_ms, None, 19_000, None, "SO-1"]
    return ["unit", unit(serial), [*row, pack(state)] if state else row]


def terms(subject: str, *words: Mapping[str, object]) -> list[object]:
    return ["warranty", subject, {"said": [{"at_ms": 1, "starts": "sale", **word} for word in words]}]


@pytest.fixture
def now_ms(handheld: Handheld) -> int:
    return handheld.site_map.now_ms(handheld.clock)


def ago(now_ms: int, days: int) -> int:
    return now_ms - days * DAY_MS


def asked(begin: Begin, label: Symbol, document: str | None = None) -> str:
    return see(begin("inspect", location=A_01, document=document), label)[-1].text


def test_it_is_covered_from_its_sale_by_the_product_and_its_lot_and_the_unit_come_first(
    begin: Begin, learn: Learn, now_ms: int
) -> None:
    learn(terms(ITEM, {"months": 24}), sold("S1", ago(now_ms, 30)), sold("S2", ago(now_ms, 800)))
    today = date(1970, 1, 1) + timedelta(days=now_ms // DAY_MS)
    assert f"Warranty: covered until {(today - timedelta(days=30)).year + 2}-" in asked(begin, unit_label("S1"))
    assert "Warranty: it ended on " in asked(begin, unit_label("S2"))
    learn(terms(lot_key(ITEM, "L1"), {"until": "2099-01-01"}), sold("S3", ago(now_ms, 800), lot="L1"))
    assert "covered until 2099-01-01." in asked(begin, unit_label("S3"))
    label = Symbol(data=b"010950600013435210L1\x1d21S1", symbology="]d2")
    assert "covered until 2099-01-01." in asked(begin, label), "by the lot on its label, which no list has told"
    learn(terms(unit("S3"), {"until": "2001-01-01"}))
    assert "it ended on 2001-01-01." in asked(begin, unit_label("S3"))


def test_what_was_promised_when_it_was_sold_holds_whatever_a_later_list_says(
    begin: Begin, learn: Learn, now_ms: int
) -> None:
    later = {"at_ms": ago(now_ms, 10), "months": 1}
    learn(terms(ITEM, {"months": 24}, later), sold("S1", ago(now_ms, 90)), sold("S2", ago(now_ms, 5)))
    assert "covered until" in asked(begin, unit_label("S1"))
    learn(terms(ITEM, {"months": 24}, later), sold("S3", ago(now_ms, 9)))
    assert "covered until" in asked(begin, unit_label("S3"))


def test_a_day_of_manufacture_is_read_off_the_label(begin: Begin, learn: Learn, now_ms: int) -> None:
    learn(terms(ITEM, {"months": 12, "starts": "manufacture"}), sold("S1", ago(now_ms, 5)))
    assert "cannot tell here, for the day that it runs from is not known." in asked(begin, unit_label("S1"))
    label = Symbol(data=b"01095060001343521118010121S1", symbology="]d2")
    assert "it ended on 2019-01-01." in asked(begin, label)


def test_what_only_the_office_knows_is_said_to_be_so(begin: Begin, learn: Learn, now_ms: int) -> None:
    learn(sold("S1", ago(now_ms, 5)))
    assert "no terms are known here." in asked(begin, unit_label("S1"))
    learn(terms(ITEM, {"months": 24}), sold("S2", ago(now_ms, 5), state=UnitState(serviced=True)))
    assert "cannot tell here, for it was repaired" in asked(begin, unit_label("S2"))
    learn(["document", "RMA-1", {"kind": "rma", "order": "SO-7"}], sold("S3", ago(now_ms, 5)))
    assert "it was sold on SO-1. Ask for that number." in asked(begin, unit_label("S3"), document="RMA-1")
    assert "Warranty" not in asked(begin, unit_label("S9")), "the verdict says that it is not known here"


def test_the_returns_desk_hears_it_with_the_box(begin: Begin, learn: Learn, now_ms: int) -> None:
    learn(terms(ITEM, {"months": 24}), sold("S1", ago(now_ms, 5)))
    [told] = see(begin("take_back", location=A_01), unit_label("S1"))
    assert "Warranty: covered until" in told.text
