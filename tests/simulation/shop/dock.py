"""The dock: deliveries are received unit by unit, put away, and closed; what is short is claimed."""

from __future__ import annotations

from server.claims import book
from server.claims import delivery as of_delivery
from server.database import writing
from server.receipts.receipt import close_receipt
from tests.simulation.shop.catalogue import CURRENCY
from tests.simulation.shop.inbound import Delivery, Line
from tests.simulation.shop.scene import Scene, Walk
from tests.simulation.shop.staff import SUPERVISOR
from tests.simulation.shop.stockroom import SITE, place
from tests.simulation.shop.truth import Claim

DOCK = place("DOCK")
ANNEX_SHARE = 0.15
"""Of the clothes, kept in the other building."""
REJECTED = 0.2
"""Of the claims. Assumed."""


def receives(scene: Scene, deliveries: list[Delivery]) -> None:
    """Everything that comes today."""
    if not deliveries:
        return
    now_ms = scene.at(4.0)
    scene.papers.imports("purchase_order", [row for d in deliveries for row in d.order_rows], now_ms)
    scene.papers.imports("asn", [row for d in deliveries for row in d.rows], now_ms)
    walk = Walk(scene.hands["dock"], "Asha" if scene.day % 2 else "Joao", scene.at(4.5))
    for delivery in deliveries:
        _receives(scene, walk, delivery)
    for delivery in deliveries:
        _puts_away(scene, walk, delivery)
    scene.to_close += deliveries


def _receives(scene: Scene, walk: Walk, delivery: Delivery) -> None:
    carton = None
    for line in delivery.lines:
        if line.missing:
            continue
        if line.carton != carton:
            carton = line.carton
            walk.scan("receive", carton, location=DOCK, document=delivery.number)
        unit = scene.truth.units.get(line.subject)
        if unit is None:
            lot = scene.truth.lots.get(line.subject)
            said = {"lot": lot.lot, "expiry": lot.expiry} if lot else {}
            at = {"location": DOCK, "container": carton, "document": delivery.number}
            walk.scan("receive", line.subject, quantity=line.quantity, **at, **said)
            scene.stock.adds(line.subject, DOCK, line.quantity)
        else:
            names = {"identifiers": (unit.imei,)} if unit.imei else {}
            at = {"location": DOCK, "container": carton, "document": delivery.number}
            walk.scan("receive", line.subject, lot=unit.lot, **at, **names)
            unit.received_ms, unit.received_by = walk.now_ms, walk.operator


def _puts_away(scene: Scene, walk: Walk, delivery: Delivery) -> None:
    for turn, line in enumerate(line for line in delivery.lines if not line.missing):
        where = _bin(scene, line, turn)
        if line.subject in scene.truth.units:
            walk.scan("put_away", line.subject, location=where)
            scene.stock.puts(line.subject, where, free=line.made_for is None)
        else:
            walk.scan("put_away", line.subject, location=where, origin=line.carton, quantity=line.quantity)
            scene.stock.adds(line.subject, DOCK, -line.quantity)
            scene.stock.adds(line.subject, where, line.quantity)


def _bin(scene: Scene, line: Line, turn: int) -> str:
    if line.product.kind.name == "clothes" and scene.rng.random() < ANNEX_SHARE:
        return scene.stock.annex(turn)
    return scene.stock.home(line.product.item, turn // 10)


def closes_receipts(scene: Scene) -> None:
    """What came since the last time and has been synced."""
    for delivery in scene.to_close:
        _closes(scene, delivery)
    scene.to_close.clear()


def _closes(scene: Scene, delivery: Delivery) -> None:
    now_ms = scene.at(23.8)
    with writing() as c:
        close_receipt(c, site=SITE, number=delivery.number, operator=SUPERVISOR, now_ms=now_ms)
        if not delivery.short:
            return
        number = of_delivery.draft(c, site=SITE, receipt=delivery.number, operator=SUPERVISOR, now_ms=now_ms)
    units = [line.subject for line in delivery.short]
    made = Claim(
        number=number,
        notice=delivery.number,
        supplier=delivery.supplier,
        at_ms=now_ms,
        units=units,
        fate="drafted",
    )
    scene.truth.claims.append(made)
    scene.later(2, lambda: _follows(scene, made, "sent"))
    if scene.rng.random() < REJECTED:
        scene.later(15, lambda: _follows(scene, made, "rejected"))
    else:
        scene.later(12, lambda: _follows(scene, made, "accepted"))
        scene.later(40, lambda: _follows(scene, made, "credited"))


def _follows(scene: Scene, claim: Claim, fate: str) -> None:
    amount = sum(scene.truth.units[unit].cost for unit in claim.units) if fate == "credited" else 0
    credited = {CURRENCY: amount} if fate == "credited" else None
    with writing() as c:
        now_ms = scene.at(8.5)
        book.follow(c, site=SITE, number=claim.number, fate=fate, operator=SUPERVISOR, now_ms=now_ms, credited=credited)
    claim.fate, claim.credited = fate, amount
    claim.ended_ms = now_ms if fate in ("rejected", "credited") else None


def moves_between_buildings(scene: Scene) -> None:
    """Once a week some clothes are brought from the other building."""
    walk = scene.walk("dock", "Joao", 9.7)
    there = scene.stock.all_bins()["Y"]
    for item in sorted(scene.stock.free):
        unit = scene.stock.takes(item, at=there)
        if unit is not None:
            where = scene.stock.home(item, scene.day)
            walk.scan("move", unit, location=where, reason="to the main building")
            scene.stock.puts(unit, where)
            scene.truth.moved_between_buildings.append((unit, walk.now_ms))
