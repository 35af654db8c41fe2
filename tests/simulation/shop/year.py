"""A year of a shop: twenty-eight products, seven suppliers, three channels, two buildings, a thief, a bad lot."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Final

import sqlalchemy as sa

from server import create_app, setup, staff
from server.context import settings
from server.database import db, reading, writing
from server.receipts import sampling
from server.staff import Change, add_person
from server.tables import events
from sync.pin import SALT_BYTES, hash_pin
from tests.simulation.shop import counting, desk, dock, mischief, outbound, rounds
from tests.simulation.shop.catalogue import CURRENCY, PRODUCTS
from tests.simulation.shop.hand import Hand
from tests.simulation.shop.inbound import Purchasing
from tests.simulation.shop.papers import Papers
from tests.simulation.shop.scene import DAY_MS, START_MS, Scene, syncs
from tests.simulation.shop.staff import HANDHELDS, ROLES, SUPERVISOR, shifts
from tests.simulation.shop.stockroom import SITE, Stockroom, locations
from tests.simulation.shop.truth import Truth

COUNT_ON: Final = 26
"""Day of the month on which everything is counted, or the next open one."""


SYNCS_ON: Final = 6
"""Day of the week on whose evening the handhelds send: the rest of it they are offline, so that late facts abound."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """How long, and how busy."""

    days: int = 365
    scale: float = 1.3


YEAR: Final = Size()
MONTH: Final = Size(days=30, scale=0.55)


def build(database: Path, *, seed: str, size: Size, told: Callable[[str], None] = lambda _: None) -> Truth:
    """Fill a new SQLite file with the shop's ledger, through the server's own code; returns what truly happened."""
    truth = Truth(start_ms=START_MS, end_ms=START_MS + size.days * DAY_MS)
    overrides = {"DATABASE_URL": f"sqlite:///{database}", "INSTANCE": database.parent, "SITE": SITE}
    app = create_app({**overrides, "SECRET_KEY": "simulation"}, now_ms=lambda: START_MS)
    with app.app_context():
        try:
            setup.set_up(settings(), now_ms=START_MS, admin="Ada", password="correct horse battery")
            scene = _scene(truth, seed, size)
            _opens(scene)
            for day in range(1, size.days):
                began = time.perf_counter()
                scene.day = day
                _day(scene)
                told(f"day {day}: {time.perf_counter() - began:.2f} s")
            syncs(scene, truth.end_ms)
            truth.heads = {name: hand.head for name, hand in scene.hands.items()}
            with reading() as c:
                truth.events = c.execute(sa.select(sa.func.count()).select_from(events)).scalar_one()
            with db.engine.connect() as raw:
                raw.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        finally:
            db.engine.dispose()
    return truth


def _scene(truth: Truth, seed: str, size: Size) -> Scene:
    stock = Stockroom(truth)
    return Scene(
        truth=truth,
        stock=stock,
        hands={name: Hand(name, SITE, Random(f"{seed}/{name}"), START_MS) for name in HANDHELDS},
        papers=Papers(SITE, SUPERVISOR),
        purchasing=Purchasing(truth, stock, Random(f"{seed}/purchasing"), size.scale),
        rng=Random(f"{seed}/scene"),
        scale=size.scale,
    )


def _opens(scene: Scene) -> None:
    """People, places and products, before the first day."""
    pin = hash_pin("7394", bytes(SALT_BYTES))  # one hash for all of them: it is made to be slow
    with writing() as c:
        sampling.set_rule(c, site=SITE, supplier=None, mode="all", value=0, operator="Ada", now_ms=START_MS)
        for number, (name, role) in enumerate(ROLES.items()):
            person = add_person(c, site=SITE, name=name, role=role, by="Ada", now_ms=START_MS)
            change = Change(site=SITE, by="Ada", now_ms=START_MS)
            staff._write(c, staff._hold(c, person, change), change, badge=f"K-{number}", pin_hash=pin)
    scene.papers.imports(
        "products",
        [
            {"gtin": p.gtin, "name": p.name, "mode": p.kind.mode, "supplier": p.kind.supplier, "zone": p.kind.zone}
            | {"price": f"{p.price / 100:.2f}", "cost": f"{p.cost / 100:.2f}", "currency": CURRENCY}
            for p in PRODUCTS
        ],
        START_MS,
    )
    scene.papers.imports("locations", list(locations()), START_MS)


def _day(scene: Scene) -> None:
    if scene.day % 7:
        _open_day(scene)
    today = datetime.fromtimestamp(scene.at(0) / 1000, UTC)
    tomorrow = datetime.fromtimestamp(scene.at(24) / 1000, UTC)
    if today.month != tomorrow.month:
        scene.truth.months.append(scene.stock.month_end(scene.at(24)))


def _open_day(scene: Scene) -> None:
    early, late = shifts(scene.rng)
    for task in scene.mornings.pop(scene.day, []):
        task()
    deliveries = scene.purchasing.deliveries(scene.day)
    dock.receives(scene, deliveries)
    if scene.day % 7 == 3:
        dock.moves_between_buildings(scene)
    rounds.looks_over(scene, early)
    morning, evening = outbound.places_orders(scene) if scene.day > 1 else ([], [])
    outbound.ships(scene, early, "early", morning + outbound.arrived_bespoke(scene, deliveries), 10.0)
    for task in scene.noons.pop(scene.day, []):
        task()
    if scene.day % 7 == 1:
        desk.throws_away(scene)
    mischief.in_the_afternoon(scene)
    outbound.ships(scene, late, "late", evening, 15.0)
    mischief.at_night(scene, late)
    if _is_counted(scene):
        counting.counts(scene)
    elif scene.day % 7 == SYNCS_ON:
        syncs(scene, scene.at(23.5))
    if scene.day % 7 == SYNCS_ON:
        dock.closes_receipts(scene)


def _is_counted(scene: Scene) -> bool:
    """Whether the month's count is due, and was not made on a day before."""
    date = datetime.fromtimestamp(scene.at(0) / 1000, UTC)
    months = (date.year - 2025) * 12 + date.month - 6
    return date.day >= COUNT_ON and scene.counted <= months
