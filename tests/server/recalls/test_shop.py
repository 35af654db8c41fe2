"""Recalls and defects on a simulated shop: found is what truly came so, and nothing else."""

from __future__ import annotations

from server.claims import defect
from server.claims.book import read
from server.claims.dossier import dossier
from server.claims.letter import letter
from server.database import reading, transact
from server.defects.origin import origin
from server.recalls import book
from server.recalls.account import progress
from server.recalls.asked import Asked
from server.recalls.customers import customers
from server.recalls.reach import Where
from tests.simulation.shop.fixture import Shop
from tests.simulation.shop.stockroom import SITE


def test_a_recalled_delivery_is_every_unit_that_truly_came_with_it_and_each_customer_who_has_one(
    simulated_shop: Shop,
) -> None:
    truth = simulated_shop.truth
    by_notice: dict[str, set[str]] = {}
    for key, unit in truth.units.items():
        by_notice.setdefault(unit.notice, set()).add(key)
    sold = {sale.subject: sale for sale in truth.sales}
    back = {one.unit for one in truth.returns}
    notice = max(by_notice, key=lambda n: (len(by_notice[n] & (sold.keys() - back)), n))
    with simulated_shop.open():
        asked = Asked(number="RC-Y", reason="battery", receipts=[notice])
        begun = transact(lambda c: book.begin(c, site=SITE, asked=asked, operator="Quinn", now_ms=truth.end_ms))
        with reading() as c:
            found = progress(c, begun, site=SITE, now_ms=truth.end_ms)
            people = customers(c, SITE, found)
    assert {entry.thing.subject for entry in found.entries if entry.thing.sure} == by_notice[notice]
    assert sum(sum(pair) for pair in found.by_account.values()) == found.pieces
    kept = {key for key in by_notice[notice] & sold.keys() if key not in back}
    at_customers = {e.thing.subject: e.thing.order for e in found.entries if e.thing.where is Where.CUSTOMER}
    undelivered = {order.number for order in truth.orders.values() if order.undelivered}
    for key in kept:
        if sold[key].order not in undelivered:
            assert at_customers[key] == sold[key].order
    assert {one.order for one in people} == set(at_customers.values())


def test_a_recalled_supplier_is_all_that_came_from_him_and_nobody_elses(simulated_shop: Shop) -> None:
    truth = simulated_shop.truth
    supplier = next(iter(truth.units.values())).supplier
    theirs = {key for key, unit in truth.units.items() if unit.supplier == supplier}
    with simulated_shop.open():
        asked = Asked(number="RC-S", reason="battery", supplier=supplier, drill=True)
        begun = transact(lambda c: book.begin(c, site=SITE, asked=asked, operator="Quinn", now_ms=truth.end_ms))
        with reading() as c:
            found = progress(c, begun, site=SITE, now_ms=truth.end_ms)
    units = {e.thing.subject for e in found.entries if e.thing.sure and e.thing.state is not None}
    assert units == theirs


def test_the_origin_of_defective_units_is_the_true_one_and_their_claim_proves_it(simulated_shop: Shop) -> None:
    truth = simulated_shop.truth
    failed = [key for key in sorted({one.unit for one in truth.returns}) if truth.units[key].defective][:5]
    assert failed
    with simulated_shop.open(), reading() as c:
        for key in failed:
            found, true = origin(c, SITE, key, truth.end_ms), truth.units[key]
            assert (found.supplier, found.purchase_order, found.notice, found.carton, found.state.lot) == (
                true.supplier,
                true.order,
                true.notice,
                true.carton,
                true.lot,
            )
            assert true.received_by in {one.operator for one in found.handled}
            assert found.is_proved
            alike = {u for u, one in truth.units.items() if one.carton == true.carton and u != key}
            assert {one.unit for one in found.siblings if "carton" in one.shares} == alike
    with simulated_shop.open():
        made = transact(
            lambda c: defect.draft(
                c, site=SITE, units=failed, reason="dead on arrival", operator="Quinn", now_ms=truth.end_ms
            )
        )
        with reading() as c:
            told = [dossier(c, SITE, read(c, SITE, number), truth.end_ms) for number in made]
    assert {one["delivery"] for one in told} == {truth.units[key].notice for key in failed}
    assert sum(len(one["lines"]) for one in told) == len(failed)
    assert all(letter(one).startswith(b"%PDF-") for one in told)
