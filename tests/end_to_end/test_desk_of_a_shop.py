"""The returns desk and the warranty desk of a shop at the end of its year: honest customers and others."""

from __future__ import annotations

from calendar import monthrange
from collections import Counter
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from server.database import reading
from server.tables import cases, unit_states
from sync.identity import imei_key
from tests.server.running import Person, sign_in
from tests.simulation.shop.fixture import Shop
from tests.simulation.shop.scene import DAY_MS, Walk
from tests.simulation.shop.stockroom import place
from tests.simulation.shop.truth import Sale, Truth

CLOCKS_MS = 10_000
RETURNS = place("RETURNS")
NEW_IMEI = imei_key("490154203237518")


def every(things: list[str], number: int) -> list[str]:
    """So many of them, evenly spread."""
    return things[:: max(1, len(things) // number)][:number]


def asked(clerk: Person, unit: str) -> dict[str, Any]:
    answer = clerk.get("/api/v1/returns/verdict", query_string={"unit": unit})
    assert answer.status_code == 200, answer.text
    found = answer.get_json()
    assert isinstance(found, dict)
    return found


def brings(walk: Walk, truth: Truth, unit: str, order: str, *, own: str | None = None, reason: str = "fit") -> None:
    """A customer brings a box; the clerk reads the number on the device itself."""
    walk.scan("take_back", unit, location=RETURNS, document=order, reason=reason)
    known = truth.units.get(unit)
    number = own or (known.imei if known and known.imei else unit)
    looked = {"condition": "opened", "seal": "intact", "evidence": "picture"}
    walk.scan("examine", unit, location=RETURNS, numbers=(number,), **looked)


def open_rules(unit: str) -> set[str]:
    with reading() as c:
        t = cases.c
        return set(c.execute(sa.select(t.rule).where(t.unit == unit, t.status == "open")).scalars())


def test_of_each_unit_sold_the_desk_knows_the_order_the_day_and_how_often_it_came_back(shop_year: Shop) -> None:
    truth = shop_year.truth
    sold = truth.with_customers()
    times = Counter(one.unit for one in truth.returns)
    with shop_year.open() as app:
        clerk = sign_in(app, "Meera")
        went_round = [unit for unit in sold if times[unit]]
        assert went_round
        for unit in every(sorted(sold), 40) + every(sorted(went_round), 15):
            found = asked(clerk, unit)
            assert found["returns"] == times[unit]
            assert found["returned_for"] == [r.reason for r in truth.returns if r.unit == unit]
            trail = clerk.get("/api/v1/warranty/" + unit.removeprefix("https://id.gs1.org/")).get_json()
            assert trail["owner"] == sold[unit].order
            assert trail["sold"] == _day(sold[unit].at_ms)


def _day(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).date().isoformat()


def test_an_honest_return_may_be_restocked_and_no_clone_no_fake_and_nobody_elses_unit(shop_year: Shop) -> None:
    truth = shop_year.truth
    sold = truth.with_customers()
    defective = _lots_that_failed(truth)
    phones = [
        u for u in sorted(sold) if truth.units[u].imei and (truth.units[u].item, truth.units[u].lot) not in defective
    ]
    honest, fakes, others = phones[0::3][:8], phones[1::3][:8], phones[2::3][:8]
    with shop_year.open(now_ms=truth.end_ms + DAY_MS) as app:
        with reading() as c:
            u = unit_states.c
            stored = sa.select(u.unit).where(u.status == "stored", u.held.is_(None))
            shelf = [unit for unit in c.execute(stored.order_by(u.unit)).scalars() if unit in truth.units]
        clones, strangers = every(shelf, 8), [f"{truth.units[unit].item}/21/FAKE{n}" for n, unit in enumerate(honest)]
        walk = shop_year.visitor("Meera")
        for unit in honest:
            brings(walk, truth, unit, sold[unit].order)
        for unit in fakes:
            brings(walk, truth, unit, sold[unit].order, own=truth.units[honest[0]].imei)
        for unit in others:
            brings(walk, truth, unit, _order_of_another(truth, sold[unit]))
        for unit in clones:
            brings(walk, truth, unit, sold[honest[0]].order)
        for unit in strangers:
            brings(walk, truth, unit, sold[honest[0]].order)
        walk.hand.send(walk.now_ms + 60_000)
        clerk = sign_in(app, "Meera")
        told = {unit: asked(clerk, unit) for unit in [*honest, *fakes, *others, *clones, *strangers]}
        decided = {unit: _restock(clerk, unit) for unit in told}
        assert {told[unit]["outcome"] for unit in honest} == {"restock"}, [told[unit]["because"] for unit in honest]
        assert {told[unit]["outcome"] for unit in fakes} == {"quarantine"}
        assert all("numbers_disagree" in told[unit]["because"] for unit in fakes)
        assert {told[unit]["outcome"] for unit in others} == {"reject"}
        assert all("other_customer" in told[unit]["because"] for unit in others)
        assert all("twin_in_stock" in told[unit]["because"] for unit in clones)
        assert all("not_ours" in told[unit]["because"] for unit in strangers)
        assert {unit for unit, status in decided.items() if status == 200} == set(honest)
        assert all("clone_returned" in open_rules(unit) for unit in clones)
        assert all("wrong_customer" in open_rules(unit) for unit in others)
        _nothing_else_is_for_sale(set(honest), set(told))


def _lots_that_failed(truth: Truth) -> set[tuple[str, str | None]]:
    units = [truth.units[one.unit] for one in truth.returns if one.reason == "defect"]
    return {(unit.item, unit.lot) for unit in units}


def _order_of_another(truth: Truth, sale: Sale) -> str:
    return next(o.number for o in truth.orders.values() if o.customer != sale.customer and o.shipped_ms)


def _restock(clerk: Person, unit: str) -> int:
    wish = {"unit": unit, "decision": "restock", "reason": "looks fine"}
    return clerk.post("/api/v1/returns/decide", json=wish).status_code


def _nothing_else_is_for_sale(honest: set[str], told: set[str]) -> None:
    with reading() as c:
        u = unit_states.c
        free = sa.select(u.unit).where(u.unit.in_(told), u.status.in_(("received", "stored")), u.held.is_(None))
        assert set(c.execute(free).scalars()) == honest


def test_a_parcel_that_never_reached_its_customer_is_no_return(shop_year: Shop) -> None:
    truth = shop_year.truth
    parcels = [order.carton for order in truth.orders.values() if order.undelivered and order.carton]
    back = {one.unit for one in truth.returns}
    with shop_year.open() as app, reading() as c:
        u = unit_states.c
        counted = set(c.execute(sa.select(u.unit).where(u.returns > 0)).scalars())
        names = c.execute(sa.select(u.unit, u.returns).where(u.unit.in_(parcels)))
        assert all(returns == 0 for _, returns in names)
        assert sign_in(app, "Meera").get("/returns").status_code == 200
    assert parcels
    assert counted == back


def test_who_may_claim_under_the_warranty_is_who_bought_it_within_the_term(shop_year: Shop) -> None:
    truth = shop_year.truth
    sold = truth.with_customers()
    phones = [unit for unit in sorted(truth.units) if truth.units[unit].imei and truth.units[unit].received_ms]
    gtins = sorted({truth.units[unit].item.rpartition("/")[2] for unit in phones})
    months = 6
    terms = "gtin,months,starts\n" + "".join(f"{gtin},{months},sale\n" for gtin in gtins)
    with shop_year.open() as app:
        owner = sign_in(app, "Omar")
        assert owner.post("/api/v1/documents?kind=warranty", data=terms).status_code == 200
        for unit in every(phones, 80):
            _is_told_rightly(owner, truth, unit, sold.get(unit), months)
        unit = max((one for one in phones if one in sold), key=lambda one: sold[one].at_ms)
        _keeps_its_warranty_with_a_new_board(owner, truth, unit, sold[unit])


def _is_told_rightly(owner: Person, truth: Truth, unit: str, sale: Sale | None, months: int) -> None:
    told = _may_claim(owner, unit, sale.order if sale else None)
    if sale is None:
        assert told["claim"] == "not_sold", unit
        return
    until = _months_later(_day(sale.at_ms), months)
    assert (told["owner"], told["sold"]) == (sale.order, _day(sale.at_ms))
    assert told["claim"] == ("covered" if told["until"] >= _day(truth.end_ms) else "expired")
    assert abs((datetime.fromisoformat(told["until"]) - datetime.fromisoformat(until)).days) <= 1
    assert _may_claim(owner, unit, _order_of_another(truth, sale))["claim"] == "another_owner"


def _months_later(day: str, months: int) -> str:
    year, month, date = (int(part) for part in day.split("-"))
    year, month = year + (month - 1 + months) // 12, (month - 1 + months) % 12 + 1
    return f"{year}-{month:02d}-{min(date, monthrange(year, month)[1]):02d}"


def _may_claim(person: Person, unit: str, order: str | None) -> dict[str, Any]:
    path = "/api/v1/warranty/" + unit.removeprefix("https://id.gs1.org/")
    found = person.get(path, query_string={"claimant": order} if order else {}).get_json()
    assert isinstance(found, dict)
    return found


def _keeps_its_warranty_with_a_new_board(owner: Person, truth: Truth, unit: str, sale: Sale) -> None:
    before, old = _may_claim(owner, unit, sale.order), truth.units[unit].imei
    opened = owner.post("/api/v1/repairs", json={"unit": unit, "location": RETURNS, "fault": "dead"})
    number = opened.get_json()["number"]
    swap = {"done": "new board", "gone": [old], "new": [NEW_IMEI]}
    assert owner.post(f"/api/v1/repairs/{number}/close", json=swap).status_code == 200
    after = _may_claim(owner, unit, sale.order)
    assert (after["claim"], after["until"], after["owner"]) == (before["claim"], before["until"], sale.order)
