"""The owner at the end of a shop's year: what to serialise, what fades, spoils and is marked down; truth beside it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa

from server.adviser import advice_list, records, settings
from server.adviser.regulations import Mode
from server.database import reading, transact
from server.ledger import history
from server.life_cycle import picture
from server.life_cycle.spoil import Lot, outlook
from server.life_cycle.stage import Stage
from server.life_cycle.stock import DAY_MS, read_expiries
from server.sales import Sale, read_sales
from server.tables import unit_states
from sync.identity import item_of
from tests.server.running import sign_in
from tests.simulation.shop.catalogue import PRODUCTS, Product
from tests.simulation.shop.fixture import Shop
from tests.simulation.shop.stockroom import SITE
from tests.simulation.shop.truth import Truth

KIND_OF = {
    "phone": "electronics", "jewellery": "jewellery", "clothes": "luxury", "medicine": "medicines", "food": "food",
    "cosmetics": "cosmetics", "home goods": "home", "bespoke": "jewellery",
}  # fmt: skip
TRADE = {
    "phone": {Mode.SERIAL}, "jewellery": {Mode.SERIAL}, "clothes": {Mode.SERIAL}, "medicine": {Mode.SERIAL},
    "food": {Mode.LOT}, "cosmetics": {Mode.LOT}, "home goods": {Mode.QUANTITY, Mode.IMPLICIT},
}  # fmt: skip
"""What such a shop should do: the law asks for the serial of medicines and hallmarked gold, the rest is money."""
STAGE_OF = {
    "mature": {Stage.MATURITY},
    "introduced": {Stage.GROWTH, Stage.INTRODUCTION},
    "growing": {Stage.GROWTH, Stage.MATURITY},
    "declining": {Stage.DECLINE},
    "seasonal": {Stage.DECLINE, Stage.MATURITY},
}
"""What the demand that made the sales says at the end of the year: who grew has nearly come to his height, and the
season of the seasonal ones is over, which nobody who has sold them for one year can tell from a decline."""
BY_KEY: dict[str, Product] = {product.item: product for product in PRODUCTS}


def test_the_adviser_counts_what_truly_was_sold_and_came_back_and_advises_each_trade_rightly(shop_year: Shop) -> None:
    truth = shop_year.truth
    with shop_year.open() as app:
        for kind, preset in KIND_OF.items():
            items = [product.item for product in PRODUCTS if product.kind.name == kind]
            transact(
                lambda c, items=items, preset=preset: settings.set_kind(  # type: ignore[misc]
                    c, site=SITE, items=items, preset=preset, operator="Ada", now_ms=truth.end_ms
                )
            )
        with reading() as c:
            found = records.read(c, SITE, truth.end_ms)
            told = {one.key: one for one in advice_list.read_all(c, SITE, truth.end_ms)}
        page = sign_in(app, "Ada").get("/adviser")
    delivered = Counter[str]()
    for sale in truth.sales:
        delivered[sale.item] += sale.quantity if not truth.orders[sale.order].undelivered else 0
    assert {item: found.sold[item] for item in delivered} == dict(delivered)
    back = Counter(truth.units[one.unit].item for one in truth.returns)
    assert found.back == back
    for item, told_of in told.items():
        kind = BY_KEY[item].kind.name
        if kind == "bespoke":
            assert told_of.advice is None
            continue
        assert told_of.advice is not None, (told_of.name, told_of.why_not)
        assert told_of.advice.recommended in TRADE[kind], told_of.name
        if delivered[item] >= records.UNITS_MIN:
            rate = told_of.advice.figures["return_rate"].value
            assert rate == pytest.approx(100 * back[item] / delivered[item], abs=0.01)
    assert page.status_code == 200


def test_each_products_stage_is_the_one_that_its_demand_made(shop_year: Shop) -> None:
    truth = shop_year.truth
    with shop_year.open(), reading() as c:
        found = picture.read(c, SITE, truth.end_ms)
    known = {item: one for item, one in found.products.items() if one.finding.stage is not Stage.UNKNOWN}
    assert len(known) >= 20
    wrong = [
        (one.name, BY_KEY[item].stage, one.finding.stage.value, one.finding.why)
        for item, one in known.items()
        if one.finding.stage not in STAGE_OF[BY_KEY[item].stage]
    ]
    assert len(wrong) <= len(known) // 10, wrong
    opposite = {("declining", "growth"), ("growing", "decline"), ("introduced", "decline")}
    assert [one for one in wrong if one[1:3] in opposite] == []
    falling = [one for item, one in known.items() if BY_KEY[item].stage == "seasonal"]
    assert all(one.finding.season for one in falling if one.finding.stage is Stage.DECLINE)


@dataclass
class Larder:
    """The perishables of the year, by the server's own ledger: what came, what was sold, what expires when."""

    came: dict[str, list[tuple[int, int]]]
    expiries: dict[str, str]
    sales: list[Sale]

    @classmethod
    def read(cls, truth: Truth, lots: list[str]) -> Larder:
        with reading() as c:
            came = {
                subject: [(f.event_ms, f.event.quantity or 1) for f in facts if f.event.action == "receive"]
                for subject, facts in history(c, SITE, lots).items()
            }
            expiries = read_expiries(c, SITE, lots)
            return cls(came, expiries, read_sales(c, SITE, since_ms=truth.start_ms, until_ms=truth.end_ms))

    def lots(self, item: str, now_ms: int) -> list[Lot]:
        """What there was of a product at a moment, and had not expired."""
        sold = Counter[str]()
        for sale in self.sales:
            sold[sale.subject] += sale.quantity if sale.at_ms < now_ms else 0
        found = []
        for subject, deliveries in self.came.items():
            pieces = sum(number for at_ms, number in deliveries if at_ms < now_ms) - sold[subject]
            left = (_day(self.expiries[subject]) - now_ms) // DAY_MS + 1
            if item_of(subject) == item and pieces > 0 and left > 0:
                found.append(
                    Lot(
                        subject=subject, lot=None, expiry=self.expiries[subject], days_left=left, quantity=pieces
                    )
                )  # fmt: skip
        return found

    def pace(self, item: str, now_ms: int) -> float:
        since_ms = now_ms - picture.PACE_DAYS * DAY_MS
        lately = (sale.quantity for sale in self.sales if sale.item == item and since_ms <= sale.at_ms < now_ms)
        return sum(lately) / picture.PACE_DAYS


def _day(expiry: str) -> int:
    """The beginning of a day, Unix milliseconds."""
    return int(datetime.fromisoformat(expiry).replace(tzinfo=UTC).timestamp() * 1000)


def test_what_was_foretold_to_spoil_is_what_was_thrown_away(shop_year: Shop) -> None:
    """On each fourth Monday of the year: the food that was here, against what went to the bin of it later."""
    truth = shop_year.truth
    food = [product.item for product in PRODUCTS if product.kind.name == "food"]
    with shop_year.open():
        larder = Larder.read(truth, [subject for subject, lot in truth.lots.items() if lot.item in food])
    here, thrown, off = 0, 0, 0.0
    for week in range(8, 48, 4):
        now_ms = truth.start_ms + week * 7 * DAY_MS
        for item in food:
            for one in outlook(larder.lots(item, now_ms), larder.pace(item, now_ms)):
                spoilt = truth.lots[one.lot.subject].spoilt
                here, thrown, off = here + one.lot.quantity, thrown + spoilt, off + abs(one.spoils - spoilt)
    assert thrown > 0
    assert off <= 0.05 * here  # little spoils in this shop; `test_spoil.py` has one in which much does


def test_old_units_are_marked_down_by_the_owners_rule_and_the_shop_takes_their_prices(shop_year: Shop) -> None:
    truth = shop_year.truth
    with shop_year.open() as app:
        owner = sign_in(app, "Ada")
        rule = {"name": "three weeks", "when": "age", "days": 21, "percent": 8}
        assert owner.post("/api/v1/prices/rules", json=rule).status_code == 200
        suggested = owner.get("/api/v1/prices/suggestions").get_json()["suggestions"]
        units = [one for one in suggested if one["subject"] in truth.units]
        answer = owner.post("/api/v1/prices", json={"subjects": [one["subject"] for one in units], "days": 14})
        assert answer.status_code == 201, answer.text
        taken = {row["subject"]: row["price"] for row in owner.get("/exports/prices.json").get_json()}
        with reading() as c:
            u = unit_states.c
            stored = set(c.execute(sa.select(u.unit).where(u.status == "stored", u.held.is_(None))).scalars())
    assert len(units) >= 10
    assert taken == {one["subject"]: one["price"] for one in units}
    assert set(taken) <= stored
    assert not [one for one in truth.losses if one.subject in taken and one.missed_ms]
    for one in units:
        unit = truth.units[one["subject"]]
        assert truth.end_ms - (unit.received_ms or truth.end_ms) >= 21 * DAY_MS
        assert BY_KEY[unit.item].cost <= one["price"] < one["was"] == BY_KEY[unit.item].price
