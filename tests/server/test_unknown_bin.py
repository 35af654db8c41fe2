"""Something is put into a bin whose label nobody here has printed."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from flask import Flask

from server import set_aside
from server.database import reading, stamp, writing
from server.rebuild import rebuild
from server.refolding import rebuild_all
from server.reparse import reparse
from server.tables import cases, devices
from server.upkeep import verify
from sync.event import format_name
from tests.handheld import DAY, Chain, unit
from tests.server.office import LAMP, LOCATIONS, take
from tests.server.plans import plans_of
from tests.server.site import SITE, enrol, push

ITEM = f"https://id.gs1.org/01/{LAMP}"
STRANGE = "https://warehouse.example/414/main/254/Z-99"
LAMPS = [unit(f"L{number}", ITEM) for number in range(3)]


@pytest.fixture
def chain(app: Flask) -> Chain:
    take("locations", LOCATIONS, now_ms=DAY - 900_000)
    enrol(1)
    return Chain(1)


def put(chain: Chain, *second: int) -> list[str]:
    first = len(chain.lines) + 1
    names = [
        format_name(chain.scan(DAY + 1_000 * s, "put_away", lamp, location=STRANGE).name)
        for s, lamp in zip(second, LAMPS, strict=False)
    ]
    push(chain, first, now_ms=DAY + 600_000)
    return names


def told() -> list[tuple[str, str, str]]:
    with reading() as c:
        t = cases.c
        query = sa.select(t.unit, t.episode, t.status).where(t.rule == "unknown_bin").order_by(t.episode)
        return [(row.unit, row.episode, row.status) for row in c.execute(query)]


def test_what_is_put_into_a_bin_that_nobody_knows_is_one_case_of_that_bin(chain: Chain) -> None:
    first, *_ = put(chain, 1, 2)
    put(chain, 3, 4)
    assert told() == [(STRANGE, first, "open")]
    with writing() as c:
        c.execute(cases.delete())
    rebuild_all(SITE, lambda _: None)
    assert told() == [(STRANGE, first, "open")]
    assert list(verify(SITE, lambda _: None)) == []


def test_the_case_closes_when_the_bin_is_imported_and_does_not_come_again(chain: Chain) -> None:
    [first] = put(chain, 1)
    take("locations", "code,name,zone\nZ-99,New shelf,picking\n", now_ms=DAY + 700_000)
    assert told() == [(STRANGE, first, "explained")]
    chain.scan(DAY + 900_000, "put_away", LAMPS[1], location=STRANGE)
    push(chain, 2, now_ms=DAY + 950_000)
    assert told() == [(STRANGE, first, "explained")]


def test_the_case_goes_with_the_scan_that_was_undone(chain: Chain) -> None:
    [first] = put(chain, 1)
    chain.scan(DAY + 5_000, "void", LAMPS[0], location=STRANGE, voids=first, reason="wrong label")
    push(chain, 2, now_ms=DAY + 650_000)
    assert told() == []


def test_a_scan_in_such_a_bin_tells_of_it_also_where_its_line_was_repaired_or_its_label_read_anew(chain: Chain) -> None:
    with writing() as c:
        c.execute(devices.update().values(revoked_ms=DAY))
    [scanned] = put(chain, 2)
    assert told() == []
    with writing() as c:
        repaired = set_aside.repair(c, site=SITE, name=scanned, corrections={}, operator="Sam", now_ms=DAY + 700_000)
    assert told() == [(STRANGE, repaired, "open")]
    with writing() as c:
        c.execute(devices.update().values(revoked_ms=None))
    earlier = chain.scan(DAY + 1_000, "put_away", LAMPS[1], location=STRANGE, barcode=b"010950600013435221L9")
    push(chain, 2, now_ms=DAY + 800_000)
    assert told() == [(STRANGE, format_name(earlier.name), "open")]
    reparse(SITE, apply=True, operator="Sam", now_ms=DAY + 900_000)
    [(place, episode, status)] = told()
    assert (place, episode.partition(".")[0], status) == (STRANGE, "0", "open")
    assert episode != repaired
    with writing() as c:
        c.execute(cases.delete())
    rebuild_all(SITE, lambda _: None)
    assert told() == [(STRANGE, episode, "open")]
    assert list(verify(SITE, lambda _: None)) == []


def test_a_site_without_any_bins_on_record_is_told_nothing(app: Flask) -> None:
    enrol(1)
    put(Chain(1), 1)
    assert told() == []
    with writing() as c:
        rebuild(c, SITE, [STRANGE], stamp(c))
    assert told() == []


def test_what_was_scanned_in_such_a_bin_is_looked_up_by_the_bin_however_much_the_site_has_scanned(
    chain: Chain,
) -> None:
    with plans_of("events.location = ") as plans:
        put(chain, 1)
    assert plans
    assert all("ix_events_location" in plan for plan in plans), plans
