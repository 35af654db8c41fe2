"""The monthly cycle counts: each zone on one evening, closed the same night, decided two days later."""

from __future__ import annotations

import sqlalchemy as sa

from server.counts.closing import close_count
from server.counts.opening import open_count
from server.database import reading, writing
from server.many_decisions import Choice, settle_all
from server.tables import cases
from tests.simulation.shop.scene import Scene, Walk, syncs
from tests.simulation.shop.staff import COUNTER, SUPERVISOR
from tests.simulation.shop.stockroom import SITE

WRITES_OFF = ("missing",)
MONTHLY = frozenset("VA")
"""The dear zones are counted each month, the others every other one."""


def counts(scene: Scene) -> None:
    """Everything that lies in bins is counted."""
    walk = Walk(scene.hands["count"], COUNTER, scene.at(21.0))
    opened: dict[str, list[tuple[str, int, set[str]]]] = {}
    month = scene.counted + 1
    for letter, bins in scene.stock.all_bins().items():
        if letter not in MONTHLY and (month + ord(letter)) % 2 and month > 1:
            continue
        number = f"COUNT-{month:02d}{letter}"
        with writing() as c:
            open_count(c, site=SITE, number=number, bins=bins, operator=SUPERVISOR, now_ms=scene.at(20.9))
        opened[number] = [(where, *_counts(scene, walk, where, number)) for where in bins]
    syncs(scene, max(scene.at(23.5), walk.now_ms + 60_000))
    for number, counted in opened.items():
        at_ms = max(scene.at(23.6), walk.now_ms + 120_000)
        with writing() as c:
            close_count(c, site=SITE, number=number, operator=SUPERVISOR, now_ms=at_ms)
        scene.truth.counts[number] = at_ms
        for where, seen_ms, seen in counted:
            _was_missed(scene, where, seen_ms, seen)
    scene.counted += 1
    scene.later(2, lambda: _decides(scene))


def _counts(scene: Scene, walk: Walk, where: str, number: str) -> tuple[int, set[str]]:
    """One bin; when it was finished, and what was seen."""
    stock = scene.stock
    said = {"location": where, "document": number}
    opening = walk.scan("open_bin", None, **said)
    seen = {unit for unit, stands in stock.real.items() if stands == where}
    for unit in sorted(seen):
        walk.scan("count", unit, opening=opening, **said)
    for (subject, stands), quantity in sorted(stock.real_pieces.items()):
        if stands == where and (quantity or stock.booked_pieces[subject, where]):
            walk.scan("count", subject, opening=opening, quantity=quantity, **said)
            stock.booked_pieces[subject, where] = quantity
            seen.add(subject)
    walk.scan("finish_bin", None, **said)
    return walk.now_ms, seen


def _was_missed(scene: Scene, where: str, at_ms: int, seen: set[str]) -> None:
    for loss in scene.truth.losses:
        gone = loss.subject not in seen or loss.subject not in scene.truth.units
        if loss.missed_ms is None and loss.place == where and loss.at_ms < at_ms and gone:
            loss.missed_ms = at_ms


def _decides(scene: Scene) -> None:
    """What was missed is written off; what was found belongs where it was found."""
    query = sa.select(cases).where(cases.c.site == SITE, cases.c.status == "open")
    with reading() as c:
        opened = [dict(row) for row in c.execute(query.order_by(cases.c.opened_ms, cases.c.unit)).mappings()]
    stays = [row for row in opened if row["rule"] in ("misplaced", "not_in_stock")]
    gone = [row for row in opened if row["rule"] in WRITES_OFF]
    for resolution, rows in (("stays", stays), ("write_off", gone)):
        choices = [Choice(**{name: row[name] for name in Choice.__slots__}) for row in rows]
        at_ms = scene.at(3.0)
        done, skipped = settle_all(choices, site=SITE, resolution=resolution, operator=SUPERVISOR, now_ms=at_ms)
        if skipped and resolution == "write_off":
            raise AssertionError(skipped)
        for choice in done:
            if resolution == "write_off":
                scene.stock.writes_off(choice.unit)
            else:
                scene.stock.puts(choice.unit, scene.stock.real[choice.unit])
