"""What is for sale and until when, as recalls and undone scans have it."""

from __future__ import annotations

from typing import Any

import pytest

from server.database import reading
from server.life_cycle.stock import read_expiries, read_pieces, read_units
from sync.event import format_name
from sync.identity import lot_key
from tests.handheld import BIN_A, CABLE, PHONE, unit
from tests.server.recalls.scene import begin
from tests.server.running import SITE, Handheld

LOT = lot_key(CABLE, "C1")


def _gtin(item: str) -> str:
    return item.rpartition("/")[2]


@pytest.mark.parametrize(("said", "for_sale"), [({"drill": True}, [True]), ({}, [False])])
def test_a_recall_takes_units_and_pieces_off_sale_and_a_drill_takes_none(
    handheld: Handheld, said: dict[str, Any], for_sale: list[bool]
) -> None:
    handheld.scan("receive", unit("U1"), location=BIN_A, minutes_ago=30)
    handheld.scan("receive", LOT, location=BIN_A, quantity=3, minutes_ago=29)
    handheld.push()
    begin(product=_gtin(PHONE), **said)
    begin("RC-2", product=_gtin(CABLE), **said)
    with reading() as c:
        assert [one.for_sale for one in read_units(c, SITE)] == for_sale
        assert [one.for_sale for one in read_pieces(c, SITE)] == for_sale


def test_a_lot_expires_on_the_day_that_its_label_says_and_not_on_one_that_was_misread(handheld: Handheld) -> None:
    handheld.scan("receive", LOT, location=BIN_A, quantity=3, expiry="2027-12-31", minutes_ago=30)
    handheld.scan("receive", LOT, location=BIN_A, quantity=2, expiry="2026-12-31", minutes_ago=29)
    misread = format_name((handheld.chain.device_no, handheld.chain.epoch, 2))
    handheld.push()
    with reading() as c:
        assert read_expiries(c, SITE, [LOT]) == {LOT: "2026-12-31"}
    handheld.scan("void", LOT, voids=misread, reason="misread", minutes_ago=28)
    handheld.push(3)
    with reading() as c:
        assert read_expiries(c, SITE, [LOT]) == {LOT: "2027-12-31"}
