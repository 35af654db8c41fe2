"""The owner's month and shrinkage, on the page, by API and as a workbook, against what truly happened in the shop."""

from __future__ import annotations

import io
import re
import time
from collections import Counter
from datetime import UTC, datetime

import openpyxl
import pytest

from server.database import reading
from server.month import report
from server.month.report import MonthError
from server.month.value import AGE_WORDS, Stock, read_stock
from server.shrinkage import access, losses
from tests.server.running import sign_in
from tests.server.site import SITE
from tests.simulation.shop.fixture import Shop
from tests.simulation.shop.staff import THIEF
from tests.simulation.shop.stockroom import zone
from tests.simulation.shop.truth import Truth

CLOCKS_MS = 10_000
"""A count's end is widened by what the handheld's clock is good for."""


def told(stock: Stock) -> dict[str, tuple[int, int]]:
    return {item: (worth.pieces, worth.value["INR"]) for item, worth in stock.by(lambda item, _: item).items()}


def gone_and_missed(truth: Truth, at_ms: int) -> set[str]:
    """Units that a count had missed by then and that nobody ever found again."""
    return {
        loss.subject
        for loss in truth.losses
        if loss.subject in truth.units and loss.missed_ms and loss.missed_ms <= at_ms and not loss.found_ms
    }


def test_the_month_is_the_same_on_the_page_by_api_and_in_the_workbook(simulated_shop: Shop) -> None:
    truth = simulated_shop.truth
    end, day = truth.months[-1], report.day_of(truth.months[-1].at_ms - 1)
    since_ms, _ = report.span(day, truth.end_ms)
    with simulated_shop.open() as app:
        owner = sign_in(app, "Omar")
        month = owner.get(f"/api/v1/month?day={day}").get_json()
        page = owner.get(f"/month?day={day}").text
        book = openpyxl.load_workbook(io.BytesIO(owner.get(f"/exports/month.xlsx?day={day}").data))
        refused = owner.get("/api/v1/month?day=2027-01-01")
        picker = sign_in(app, "Omar").get("/month?day=tomorrow")
    value = sum(minor for _, minor in end.booked.values())
    assert month["total"] == {
        "pieces": sum(pieces for pieces, _ in end.booked.values()),
        "value": {"INR": value},
        "uncosted": 0,
    }
    assert f"{value / 100:,.2f} INR" in page
    lain = [word for word in AGE_WORDS if month["ages"][word]["pieces"]]
    assert re.findall(r'<td data-label="In stock"[^>]*>(.*?)</td>', page) == lain, "what has nothing fills no screen"
    assert not re.findall(r"<time (?![^>]*data-keep)", page), "all of it is in UTC, as the page says"
    assert book.sheetnames == [
        "Stock value", "By zone", "By kind of goods", "Ageing", "Shrinkage of the month", "Claims", "Returns",
    ]  # fmt: skip
    amounts = [row[4] for row in book["Stock value"].iter_rows(min_row=2, values_only=True)]
    assert round(sum(amounts), 2) == value / 100  # type: ignore[arg-type]
    assert (refused.status_code, picker.status_code) == (400, 400)
    back = Counter(r.unit.rpartition("/21/")[0] for r in truth.returns if since_ms <= r.at_ms < end.at_ms)
    assert back == Counter({item: one["back"] for item, one in month["returns"].items() if one["back"]})
    lost = {loss["subject"] for loss in month["losses"] if "/21/" in loss["subject"] and loss["state"] != "found"}
    turned_up = {loss.subject for loss in truth.losses if loss.found_ms}  # whether a scan has seen it again or not
    assert lost - turned_up == gone_and_missed(truth, end.at_ms) - gone_and_missed(truth, since_ms)
    standing = {c.number for c in truth.claims if c.at_ms < end.at_ms and (c.ended_ms or end.at_ms) >= end.at_ms}
    credited = {c.number for c in truth.claims if c.credited and since_ms <= (c.ended_ms or 0) < end.at_ms}
    assert {each["number"] for each in month["claims"]} == standing | credited


def test_a_day_that_has_not_begun_is_refused_and_the_last_whole_month_is_shown_where_none_is_named() -> None:
    now = int(datetime(2026, 3, 15, 12, tzinfo=UTC).timestamp() * 1000)
    day = [report.day_of(ms) for ms in report.span(None, now)]
    assert day == ["2026-02-01", "2026-02-28"]
    assert report.span("2026-03-15", now)[1] == now
    with pytest.raises(MonthError, match="has not begun"):
        report.span("2026-03-16", now)


def test_the_stock_of_each_month_end_is_worth_what_a_perfect_clerk_says(shop_year: Shop) -> None:
    truth = shop_year.truth
    seconds = []
    assert truth.months
    with shop_year.open(), reading() as c:
        for end in truth.months[::3] + truth.months[-1:]:
            began = time.process_time()
            stock = read_stock(c, SITE, end.at_ms - 1)
            seconds.append(round(time.process_time() - began, 1))
            assert told(stock) == end.booked
            assert stock.total.uncosted == 0
    print("seconds of one core for each moment:", seconds)


def test_what_was_stolen_is_missed_and_the_thief_was_near_more_often_than_chance(shop_year: Shop) -> None:
    truth = shop_year.truth
    with shop_year.open(), reading() as c:
        found = losses.read(c, SITE, truth.end_ms)
        presence = access.read_presence(c, SITE, truth.end_ms)
    units = {loss.subject: loss for loss in found if loss.subject in truth.units}
    missed = [loss for loss in truth.losses if loss.subject in truth.units and loss.missed_ms]
    assert {loss.subject for loss in missed} == units.keys()
    for loss in missed:
        window = units[loss.subject]
        assert (window.last_ms or 0) <= loss.at_ms <= window.missed_ms
        assert 0 <= window.missed_ms - (loss.missed_ms or 0) < CLOCKS_MS
        assert window.zone == zone(loss.place)
        assert window.cost is not None
        assert window.cost.minor == loss.cost
        assert (window.state == "found") == (loss.found_ms is not None and window.found_ms is not None)
    stolen = {loss.subject for loss in missed if loss.by == THIEF}
    assert all(THIEF in presence.near(units[unit]) for unit in stolen)
    dear = [loss for loss in units.values() if loss.zone in ("A", "V") and loss.state != "found"]
    people = access.by_person(dear, presence)
    assert people[0].name == THIEF, people
    pieces = sum(loss.pieces for loss in found if loss.subject in truth.lots)
    assert pieces == sum(loss.quantity for loss in truth.losses if loss.subject in truth.lots and loss.missed_ms)
