"""Which bins a count takes, and who gets which of them."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa

from server.catalogue import publish_locations
from server.counts.choosing import Ask, By, choose, next_number
from server.counts.holdings import Holding, holdings, lying
from server.counts.plan import CountError
from server.counts.selection import DAY_MS, NEVER_DAYS, by_zone, deal, draw, value_classes, weights
from server.database import reading, stamp, writing
from server.tables import document_rows
from tests.handheld import BIN_A, BIN_B, BIN_C, CABLE, CARTON_1, DAY, PHONE, Chain, unit
from tests.server.counting import NOW, Counting, begin, close
from tests.server.site import SITE, enrol, push, state_document


def bin_(code: str, worth: int = 0, *, zone: str = "G", units: int = 1, currency: str = "EUR") -> Holding:
    value = {currency: worth} if worth else {}
    return Holding(place=code, code=code, zone=zone, pieces={PHONE: units}, value=value)


@pytest.mark.parametrize(
    ("worth", "classes"),
    [
        ([], ""),
        ([0, 0], "CC"),
        ([100], "A"),
        ([80, 15, 5], "ABC"),
        ([50, 30, 10, 5, 5, 0], "AABBCC"),
        ([5, 80, 15], "CAB"),
    ],
)
def test_bins_are_ranked_by_value_and_split_at_80_and_95_percent(worth: list[int], classes: str) -> None:
    found = value_classes([bin_(f"{n}", value) for n, value in enumerate(worth)])
    assert "".join(found[f"{n}"] for n in range(len(worth))) == classes


def test_prices_in_two_currencies_rank_nothing() -> None:
    with pytest.raises(CountError, match="Prices are in EUR and USD"):
        value_classes([bin_("A", 1), bin_("B", 1, currency="USD")])


def test_a_draw_is_the_same_for_the_same_seed_whatever_the_order_of_the_bins() -> None:
    weighted = {f"A-{n:03}": 1 + n % 7 for n in range(100)}
    drawn = draw(weighted, 10, "seed")
    assert draw(dict(reversed(weighted.items())), 10, "seed") == drawn
    assert draw(weighted, 10, "other") != drawn
    assert len(set(drawn)) == 10


def test_a_bin_that_was_long_not_counted_is_drawn_about_as_much_more_often_as_it_weighs() -> None:
    weighted = {"old": 30, **{f"new-{n}": 1 for n in range(30)}}
    hits = sum("old" in draw(weighted, 1, str(seed)) for seed in range(1_000))
    assert 430 < hits < 570, "30 of 60"


def test_a_bin_weighs_the_days_since_it_was_counted_and_a_year_if_never() -> None:
    counted = Holding(place="A", code="A", counted_ms=DAY - 3 * DAY_MS)
    assert weights([counted, bin_("B")], DAY) == {"A": 3, "B": NEVER_DAYS}


def test_each_counter_has_a_stretch_of_the_way_with_as_much_to_scan() -> None:
    found = [bin_(f"A-{n}", units=units) for n, units in ((10, 4), (1, 8), (2, 1), (9, 1))]
    assert deal(found, ["Rosa", "Ravi"]) == {"A-1": "Rosa", "A-2": "Ravi", "A-9": "Ravi", "A-10": "Ravi"}
    assert by_zone([bin_("A", zone="")], [""]) == [], "no zone is no zone"


@pytest.fixture
def stocked(warehouse: str) -> None:
    """Phones in A and in a carton that stands in B, cables in C; the locations are imported."""
    places = [
        {"subject": place, "attributes": {"code": place[-4:], "zone": zone}}
        for place, zone in ((BIN_A, "G"), (BIN_B, "G"), (BIN_C, "H"))
    ]
    state_document("locations", "LOCATIONS", places, now_ms=DAY - 200_000)
    with writing() as c:
        rows = c.execute(sa.select(document_rows).where(document_rows.c.subject.in_([BIN_A, BIN_B, BIN_C]))).all()
        publish_locations(c, SITE, rows, stamp(c))
    stock: list[dict[str, Any]] = [
        {"subject": unit("A1"), "location": BIN_A},
        {"subject": unit("A2"), "location": BIN_A},
        {"subject": unit("B1"), "container": CARTON_1},
        {"subject": CABLE, "location": BIN_C, "quantity": 40},
    ]
    state_document("stock", "STOCK", stock, now_ms=DAY - 100_000)
    prices = [
        {"subject": PHONE, "attributes": {"price": 30_000, "currency": "EUR"}},
        {"subject": CABLE, "attributes": {"price": 100, "currency": "EUR"}},
    ]
    state_document("products", "PRODUCTS", prices, now_ms=DAY - 100_000)
    enrol(1)
    chain = Chain(1)
    chain.scan(DAY - 60_000, "move", CARTON_1, location=BIN_B)
    push(chain, now_ms=NOW)


def chosen(**ask: object) -> list[str]:
    with reading() as c:
        return [h.place for h in choose(c, SITE, Ask(**ask), NOW).bins]  # type: ignore[arg-type]


def test_bins_are_chosen_by_code_zone_product_and_class(stocked: None) -> None:
    with reading() as c:
        found = {h.place: (h.units, h.without_number, h.value) for h in holdings(c, SITE)}
    assert found == {BIN_A: (2, 0, {"EUR": 60_000}), BIN_B: (1, 0, {"EUR": 30_000}), BIN_C: (0, 40, {"EUR": 4_000})}
    assert chosen(bins=["B-01", BIN_A, "B-01"]) == [BIN_A, BIN_B]
    assert chosen(by=By.ZONE, zones=["G"]) == [BIN_A, BIN_B]
    assert chosen(by=By.PRODUCT, product="09506000134352") == [BIN_A, BIN_B]
    assert chosen(by=By.CLASS, classes=["A"]) == [BIN_A, BIN_B]
    assert chosen(by=By.CLASS, classes=["C"]) == [BIN_C]


def test_pieces_are_told_from_units_and_weigh_one_scan_a_product() -> None:
    pens = Holding(place="A", code="A", pieces={PHONE: 2, CABLE: 1_200}, loose={CABLE: 1_200})
    assert (lying([pens]), lying([pens, bin_("B")]), lying([])) == (
        "2 units and 1,200 pieces",
        "3 units and 1,200 pieces",
        "0 units",
    )
    assert lying([Holding(place="A", code="A", pieces={CABLE: 1}, loose={CABLE: 1})]) == "1 piece"
    dealt = deal([pens, bin_("B", units=3), bin_("C", units=3), bin_("D", units=3)], ["Ravi", "Rosa"])
    assert dealt == {"A": "Ravi", "B": "Ravi", "C": "Rosa", "D": "Rosa"}, "1,200 pens are one label and a number"


@pytest.mark.parametrize(
    ("ask", "problem"),
    [
        ({}, "Name at least one bin"),
        ({"bins": ["Z-9"]}, "There is no location 'Z-9' here"),
        ({"by": By.ZONE, "zones": ["Q"]}, "No bin is in that zone"),
        ({"by": By.PRODUCT, "product": "P99"}, "There is no product 'P99' here"),
        ({"by": By.PRODUCT, "product": "04006381333931"}, "hold that product in no bin"),
        ({"by": By.SPOT, "zones": ["Q"]}, "no bin to draw"),
    ],
)
def test_a_count_of_nothing_says_why(stocked: None, ask: dict[str, object], problem: str) -> None:
    with pytest.raises(CountError, match=problem):
        chosen(**ask)


def test_the_next_number_follows_the_highest_whatever_people_called_other_counts(stocked: None) -> None:
    def following() -> str:
        with reading() as c:
            return next_number(c, SITE)

    assert following() == "COUNT-1"
    for number in ("COUNT-7", "COUNT-²", "COUNT-99999999999999999999", "COUNT-X"):
        begin(number, BIN_A)
    assert following() == "COUNT-8"
    begin("COUNT-999999", BIN_A)
    assert following() == "COUNT-1", "the highest there may be is taken: the first that is free"


@pytest.mark.parametrize("number", ["", " ", "A\nB", "C-1 ", "9" * 101])
def test_what_is_no_number_opens_no_count(stocked: None, number: str) -> None:
    with pytest.raises(CountError, match="is no number: 1 to 100 characters"):
        begin(number, BIN_A)


def test_a_spot_count_can_be_drawn_again_from_what_its_document_keeps(stocked: None) -> None:
    enrol(2)
    begin("CC-1", BIN_A)
    chain = Chain(2)
    Counting(chain)(BIN_A, unit("A1"), unit("A2"))
    push(chain, now_ms=NOW)
    close()
    with reading() as c:
        choice = choose(c, SITE, Ask(by=By.SPOT, spots=2), NOW)
    kept = choice.chosen
    assert kept["days"] == {BIN_A: 1, BIN_B: NEVER_DAYS, BIN_C: NEVER_DAYS}
    assert sorted(draw(kept["days"], kept["spots"], kept["seed"])) == [h.place for h in choice.bins]
