"""Who steals from the simulated shop, and what is merely mislaid."""

from __future__ import annotations

from functools import partial
from typing import Final

from sync.identity import item_of
from tests.simulation.shop.catalogue import PRODUCTS
from tests.simulation.shop.scene import Scene
from tests.simulation.shop.staff import THIEF, Shift
from tests.simulation.shop.stockroom import zone
from tests.simulation.shop.truth import Loss

BY_THE_THIEF: Final = 0.55
"""Units on each late shift on which he has charge of the dear things."""
FROM_OUTSIDE: Final = 0.10
"""Units a day, in the afternoon, from the clothes' bins: 0.5 % of sales a year between them. Shrink averages 1 to 2 %
of sales, theft two thirds of it (National Retail Security Survey 2018)."""
PIECES: Final = 0.25
"""A day, some pieces of cosmetics."""
MISLAID: Final = 0.08
"""Units a day laid where nobody looks for some months."""


def in_the_afternoon(scene: Scene) -> None:
    """People from outside."""
    for _ in range(scene.poisson(FROM_OUTSIDE * scene.scale)):
        _takes(scene, "stolen", ("B",), None, scene.at(14.5), "early")
    for _ in range(scene.poisson(PIECES * scene.scale)):
        _takes_pieces(scene)
    for _ in range(scene.poisson(MISLAID * scene.scale)):
        loss = _takes(scene, "mislaid", ("A", "B", "V"), None, scene.at(14.6), "early")
        if loss is not None:
            scene.later(scene.rng.randint(45, 110), partial(_turns_up, scene, loss))


def at_night(scene: Scene, late: Shift) -> None:
    """The thief among the staff, at the end of his shift."""
    if late.pickers[0] == THIEF:
        for _ in range(scene.poisson(BY_THE_THIEF * scene.scale)):
            _takes(scene, "stolen", ("V", "V", "A"), THIEF, scene.at(20.4), "late")


def _takes(scene: Scene, how: str, zones: tuple[str, ...], by: str | None, at_ms: int, shift: str) -> Loss | None:
    wanted = scene.rng.choice(zones)
    there = [unit for unit, where in scene.stock.real.items() if zone(where) == wanted]
    there = [unit for unit in there if scene.stock.booked.get(unit) == scene.stock.real[unit]]
    there = [unit for unit in there if unit in scene.stock.free[str(item_of(unit))]]
    if not there:
        return None
    unit = scene.rng.choice(there)
    where = scene.stock.real.pop(unit)
    loss = Loss(
        how=how,
        subject=unit,
        item=str(item_of(unit)),
        place=where,
        zone=wanted,
        at_ms=at_ms,
        by=by,
        shift=shift,
        cost=scene.truth.units[unit].cost,
    )
    scene.truth.losses.append(loss)
    return loss


def _takes_pieces(scene: Scene) -> None:
    products = [product for product in PRODUCTS if product.kind.name == "cosmetics"]
    there = scene.stock.pieces_of(scene.rng.choice(products))
    if not there:
        return
    subject, where, quantity = scene.rng.choice(there)
    taken = min(quantity, scene.rng.randint(1, 4))
    scene.stock.real_pieces[subject, where] -= taken
    scene.truth.losses.append(
        Loss(
            how="stolen",
            subject=subject,
            item=str(item_of(subject)),
            place=where,
            zone=zone(where),
            at_ms=scene.at(14.5),
            by=None,
            shift="early",
            quantity=taken,
            cost=taken * scene.stock.costs[subject],
        )
    )


def _turns_up(scene: Scene, loss: Loss) -> None:
    """Somebody finds it behind a shelf and lays it into a bin without a word."""
    loss.found_ms = scene.at(9.0)
    scene.stock.real[loss.subject] = scene.stock.home(loss.item, scene.day)
