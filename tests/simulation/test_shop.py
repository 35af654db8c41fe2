"""The simulated shop itself: its ledger is real, repeatable, and holds what the truth says."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa

from server.database import reading, stamp, writing
from server.rebuild import rebuild
from server.tables import cases, document_rows, documents, events, stock_levels, unit_states
from sync.protocol import Outcome
from tests.server.running import sign_in
from tests.server.site import differences, folded
from tests.simulation.shop.fixture import Shop
from tests.simulation.shop.stockroom import SITE
from tests.simulation.shop.year import Size, build

DAYS = Size(days=9, scale=0.1)


@pytest.mark.slow
def test_the_same_seed_is_the_same_shop(tmp_path: Path) -> None:
    one, other, third = (
        build(tmp_path / f"{n}.sqlite3", seed=seed, size=DAYS) for n, seed in enumerate(["a", "a", "b"])
    )
    assert one == other
    assert one.heads != third.heads


def test_a_year_of_the_shop_is_a_ledger_of_more_than_a_hundred_thousand_events(shop_year: Shop) -> None:
    assert shop_year.truth.events >= 100_000
    assert len(shop_year.truth.months) == 12
    with shop_year.open(), reading() as c:
        assert c.execute(sa.select(events.c.outcome).distinct()).scalars().all() == [Outcome.ACCEPTED]


def test_what_the_server_folded_is_what_a_rebuild_finds(shop_month: Shop) -> None:
    with shop_month.open():
        before = folded()
        with writing() as c:
            names = sa.union(sa.select(unit_states.c.unit), sa.select(stock_levels.c.subject), sa.select(cases.c.unit))
            rebuild(c, SITE, c.execute(names).scalars().all(), stamp(c))
        assert differences(before, folded()) == []


def test_the_servers_stock_is_the_perfect_clerks(shop_month: Shop) -> None:
    truth = shop_month.truth
    with shop_month.open(), reading() as c:
        u = unit_states.c
        stored = set(c.execute(sa.select(u.unit).where(u.status == "stored", u.held.is_(None))).scalars())
        (cost,) = c.execute(
            sa.select(document_rows.c.attributes["cost"].as_integer())
            .join(documents)
            .where(documents.c.kind == "asn", document_rows.c.subject == next(iter(truth.units)))
        ).scalars()
    assert cost == next(iter(truth.units.values())).cost
    (end,) = truth.months
    clothes = {item: pieces for item, (pieces, _) in end.booked.items() if any(u.startswith(item) for u in stored)}
    assert clothes
    returned = {r.unit for r in truth.returns if r.to == "quarantined"}
    for item, pieces in clothes.items():
        mine = {unit for unit in stored if unit.startswith(f"{item}/")}
        assert len(mine) == pieces - sum(1 for unit in returned if unit.startswith(f"{item}/"))


def test_its_people_sign_in(shop_month: Shop) -> None:
    with shop_month.open() as app:
        assert sign_in(app, "Omar").get("/api/v1/cases").status_code == 200
