"""The returns desk: what customers send back, why, and what becomes of it."""

from __future__ import annotations

from typing import Final

from tests.simulation.shop.catalogue import PRODUCTS
from tests.simulation.shop.scene import Scene
from tests.simulation.shop.staff import CLERK, PORTER
from tests.simulation.shop.stockroom import place
from tests.simulation.shop.truth import Return, Sale

RETURNS, QUARANTINE = place("RETURNS"), place("QUAR")
OF_CHANNEL: Final = {"shop": 0.5, "web": 1.1, "marketplace": 1.7}
"""How much more often a channel's customers send something back. Assumed."""
NOTICED: Final = 0.85
"""Of what is broken, so much comes back."""
_PRODUCT = {product.item: product for product in PRODUCTS}
_LOOPED: Final = 0.9


def may_come_back(scene: Scene, sale: Sale) -> None:
    """Decide whether the customer will send it back, when and why."""
    unit, kind, rng = scene.truth.units[sale.subject], _PRODUCT[sale.item].kind, scene.rng
    reason = None
    if unit.defective and rng.random() < NOTICED:
        reason = "defect"
    elif (unit.loops and rng.random() < _LOOPED) or rng.random() < kind.returned * OF_CHANNEL[sale.channel]:
        (reason,) = rng.choices(list(kind.reasons), list(kind.reasons.values())) if kind.reasons else (None,)
    if reason is not None:
        why = reason
        scene.later(rng.randint(4, 24), lambda: _takes_back(scene, sale, why), noon=True)


def _takes_back(scene: Scene, sale: Sale, reason: str) -> None:
    walk = scene.walk("desk", CLERK, 12.0)
    number = f"RMA-{len(scene.truth.returns) + 1:04d}"
    broken = reason == "defect"
    condition = "damaged" if broken else "opened"
    said = {"location": RETURNS, "document": sale.order, "reason": reason}
    walk.scan("take_back", sale.subject, **said)
    at_ms = walk.now_ms
    own = (scene.truth.units[sale.subject].imei or sale.subject,)
    looked = {"condition": condition, "seal": "broken", "evidence": f"picture of {number}"}
    walk.scan("examine", sale.subject, location=RETURNS, numbers=own, **looked)
    if broken:
        walk.scan("quarantine", sale.subject, location=QUARANTINE, reason="the customer says that it is defective")
        scene.stock.puts(sale.subject, QUARANTINE, free=False)
    else:
        walk.scan("restock", sale.subject, location=RETURNS)
        where = scene.stock.home(sale.item, scene.day)
        walk.operator = PORTER
        walk.scan("put_away", sale.subject, location=where)
        scene.stock.puts(sale.subject, where)
    scene.truth.returns.append(
        Return(
            number=number,
            unit=sale.subject,
            order=sale.order,
            customer=sale.customer,
            channel=sale.channel,
            reason=reason,
            at_ms=at_ms,
            to="quarantined" if broken else "restocked",
        )
    )


def throws_away(scene: Scene) -> None:
    """Once a week what has expired goes to the waste bin."""
    today = scene.today
    walk = scene.walk("desk", PORTER, 13.0)
    waste = place("WASTE")
    for product in PRODUCTS:
        for subject, where, quantity in scene.stock.pieces_of(product):
            lot = scene.truth.lots.get(subject)
            if lot is not None and lot.expiry is not None and lot.expiry < today:
                said = {"location": waste, "origin": where, "quantity": quantity, "reason": "expired"}
                walk.scan("move", subject, **said)
                scene.stock.adds(subject, where, -quantity)
                scene.stock.adds(subject, waste, quantity)
                lot.spoilt += quantity
