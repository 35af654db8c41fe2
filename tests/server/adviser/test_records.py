"""What the shop's own records say, and what is said where they say too little."""

from __future__ import annotations

from server.adviser import advice_list, records, settings
from server.adviser.regulations import Mode
from server.database import reading, transact
from tests.handheld import CABLE, DOCK, PHONE, unit
from tests.server.long_ago import DAY, in_use_since
from tests.server.running import NOW, SITE, Handheld
from tests.server.site import state_document

PRICES = [
    {"subject": PHONE, "attributes": {"name": "Phone 12", "price": 1_500_000, "cost": 1_200_000, "currency": "INR"}},
    {"subject": CABLE, "attributes": {"name": "Cable", "price": 900, "currency": "CHF"}},
]


def _sell(handheld: Handheld, number: int, days_ago: int = 100) -> None:
    in_use_since(handheld, 200)
    for n in range(number):
        handheld.scan("ship", unit(f"S{n}"), document=f"SO-{n // 2}", minutes_ago=days_ago * 1440 - n)


def _told(item: str) -> advice_list.Told:
    with reading() as c:
        return advice_list.read_one(c, SITE, NOW, item)


def test_a_product_is_advised_by_its_own_sales_returns_and_losses_where_they_are_many(handheld: Handheld) -> None:
    state_document("products", "P-1", PRICES, now_ms=NOW - 200 * DAY)
    _sell(handheld, 120)
    for n in range(30):
        why = "defect" if n < 6 else "fit"
        handheld.scan("take_back", unit(f"S{n}"), location=DOCK, reason=why, minutes_ago=60)
    for n in range(5):
        handheld.scan("put_away", unit(f"H{n}"), location=DOCK, minutes_ago=50)
    handheld.push()
    advice = _told(PHONE).advice
    assert advice is not None
    assert advice.figures["return_rate"].value == 25
    assert advice.figures["return_rate"].source == "records: 30 of 120 sold came back"
    assert advice.figures["defect_rate"].value == 5
    assert advice.figures["shrink_rate"].source.startswith("NRF")
    assert advice.product.cost is not None
    assert advice.product.cost.value == 12_000
    assert advice.product.units_order.value == 2
    assert round(advice.product.units_month.value, 1) == round(120 / 100 * 365 / 12, 1)
    assert advice.product.on_hand == 35


def test_a_product_whose_lots_are_in_the_records_is_not_said_to_bear_none(handheld: Handheld) -> None:
    priced = {"name": "Cable", "price": 900, "cost": 300, "currency": "INR"}
    state_document("products", "P-1", [{"subject": CABLE, "attributes": priced}], now_ms=NOW - 2 * DAY)
    before = _told(CABLE).advice
    for lot in ("L1", "L2"):
        handheld.scan("receive", f"{CABLE}/10/{lot}", location=DOCK, quantity=10)
    handheld.push()
    after = _told(CABLE).advice
    assert before is not None
    assert after is not None
    assert not before.figures["has_lot"].own
    assert (after.figures["has_lot"].value, after.figures["has_lot"].source) == (1, "records: 2 of its lots are known")


def test_a_few_sales_prove_no_rate_and_the_kind_of_goods_speaks(handheld: Handheld) -> None:
    state_document("products", "P-1", PRICES, now_ms=NOW - 200 * DAY)
    _sell(handheld, 20, days_ago=5)
    handheld.scan("take_back", unit("S1"), location=DOCK, minutes_ago=60)
    handheld.push()
    advice = _told(PHONE).advice
    assert advice is not None
    assert advice.figures["return_rate"].value == 17.6
    assert not advice.figures["return_rate"].own
    assert advice.product.units_month.source == "records: 20 sold in 30 days"


def test_a_price_in_a_currency_whose_wages_nobody_said_gets_no_advice_until_they_are_said(handheld: Handheld) -> None:
    assert _told(CABLE).why_not == "Its price is not known: import the product list with prices."
    state_document("products", "P-1", PRICES, now_ms=NOW - 200 * DAY)
    assert _told(CABLE).why_not == "What labels and an hour's work cost in CHF is not known: say so first."
    for name, value in (("label", 0.05), ("wage", 30.0)):
        transact(
            lambda c, name=name, value=value: settings.set_figure(  # type: ignore[misc]
                c, site=SITE, scope="currency", of="CHF", name=name, value=value, operator="admin", now_ms=NOW
            )
        )
    advice = _told(CABLE).advice
    assert advice is not None
    assert advice.recommended is Mode.QUANTITY
    assert advice.figures["wage"].source == "set by admin"


def test_missing_units_count_as_shrinkage_of_all_that_was_handled() -> None:
    found = records.Records()
    found.sold[PHONE], found.missing[PHONE], found.here[PHONE] = 150, 6, 44
    assert found.rates(PHONE)["shrink_rate"].value == 3
    assert found.rates(PHONE)["shrink_rate"].source == "records: 6 of 200 were written off as missing"
