"""A count of so many units, 0.5 % of them wrong, closed into stored cases, beside the five classes in SQL alone.

`python -m tests.bench.counting [--units N] [sqlite] [postgres]`.
"""

from __future__ import annotations

import tempfile
import time
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Final

import sqlalchemy as sa

from server.counts.closing import close_count
from server.counts.compare import Line
from server.counts.opening import open_count
from server.database import reading, writing
from server.tables import cases
from sync.protocol import EVENTS_PER_PUSH_MAX
from tests.bench._databases import KINDS, database
from tests.bench._watch import Took, Watch
from tests.handheld import DAY, LOC, Chain, unit
from tests.server.site import SITE, enrol, push, site, state_document

PER_BIN: Final = 20
COUNT: Final = "CC-1"
CLASSES: Final = """
INSERT INTO raw_cases
SELECT 'missing', e.unit, e.place, NULL FROM raw_expected e
 WHERE NOT EXISTS (SELECT 1 FROM raw_seen s WHERE s.unit = e.unit)
UNION ALL SELECT 'misplaced', e.unit, e.place, s.place FROM raw_expected e JOIN raw_seen s ON s.unit = e.unit
 WHERE s.place <> e.place
UNION ALL SELECT 'unknown', s.unit, NULL, s.place FROM raw_seen s LEFT JOIN raw_expected e ON e.unit = s.unit
 WHERE e.unit IS NULL
UNION ALL SELECT 'duplicate', unit, MIN(place), MAX(place) FROM raw_seen GROUP BY unit HAVING COUNT(*) > 1
UNION ALL SELECT 'matched', CAST(COUNT(*) AS TEXT), NULL, NULL FROM raw_expected e
 JOIN raw_seen s ON s.unit = e.unit AND s.place = e.place
"""


def bins(units: int) -> list[str]:
    return [f"{LOC}B-{number:05d}" for number in range(units // PER_BIN)]


def expected(units: int) -> Iterator[tuple[str, str]]:
    """Each unit and its bin."""
    places = bins(units)
    for number in range(units):
        yield unit(f"S{number:07d}"), places[number // PER_BIN]


def seen(units: int) -> Iterator[tuple[str, str]]:
    """What is scanned, bin by bin: of every 800 units one is missing, one misplaced, one seen twice, one a stranger."""
    places = bins(units)
    for number, (key, place) in enumerate(expected(units)):
        match number % 800:
            case 100:
                continue
            case 300:
                yield key, places[(number // PER_BIN + 1) % len(places)]
            case 500:
                yield key, place
                yield key, places[(number // PER_BIN + 1) % len(places)]
            case 700:
                yield key, place
                yield unit(f"X{number:07d}"), place
            case _:
                yield key, place


def count(units: int) -> int:
    """Expect, open, scan and push; the moment after it, Unix milliseconds."""
    chain, now = Chain(7), DAY
    enrol(7)
    rows = [{"subject": key, "location": place} for key, place in expected(units)]
    state_document("stock", "STOCK-1", rows, now_ms=DAY - 100_000)
    with writing() as c:
        open_count(c, site=SITE, number=COUNT, bins=bins(units), operator="Sam", now_ms=DAY - 50_000)
    by_bin: dict[str, list[str]] = {place: [] for place in bins(units)}
    for key, place in seen(units):
        by_bin[place].append(key)
    for place, keys in by_bin.items():
        said = {"location": place, "document": COUNT, "operator": "Rosa"}
        opening = ".".join(map(str, chain.scan(now, "open_bin", None, **said).name))
        for key in keys:
            now += 500
            chain.scan(now, "count", key, opening=opening, **said)
        now += 500
        chain.scan(now, "finish_bin", None, **said)
    for first in range(1, len(chain.lines) + 1, EVENTS_PER_PUSH_MAX):
        push(chain, first, min(first + EVENTS_PER_PUSH_MAX - 1, len(chain.lines)), now_ms=now + 1_000)
    return now + 60_000


def in_sql(units: int) -> Took:
    """What the five classes take, into a table, both sides indexed by unit."""
    with writing() as c:
        for name, rows in (("raw_expected", expected(units)), ("raw_seen", seen(units))):
            c.exec_driver_sql(f"CREATE TABLE {name} (unit TEXT, place TEXT)")
            c.execute(
                sa.text(f"INSERT INTO {name} VALUES (:unit, :place)"),
                [{"unit": key, "place": place} for key, place in rows],
            )
            c.exec_driver_sql(f"CREATE INDEX ix_{name} ON {name} (unit, place)")
        c.exec_driver_sql("CREATE TABLE raw_cases (rule TEXT, unit TEXT, expected TEXT, seen TEXT)")
    with Watch() as watch, writing() as c:
        c.exec_driver_sql(CLASSES)
    return watch.took


def measure(kind: str, units: int) -> None:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        stack.enter_context(site(stack.enter_context(database(kind, folder))))
        begun = time.perf_counter()
        after_ms = count(units)
        scanned = time.perf_counter() - begun
        sql = in_sql(units)
        with Watch() as watch, writing() as c:
            found = close_count(c, site=SITE, number=COUNT, operator="Sam", now_ms=after_ms)
        closed = watch.took
        with reading() as c:
            stored = c.execute(sa.select(sa.func.count()).select_from(cases)).scalar_one()
    totals = {kind: found.totals[kind] for kind in (Line.MATCHED, Line.MISSING, Line.MISPLACED, Line.UNKNOWN)}
    print(
        f"{kind}: {units:,} units, {stored} cases stored ({', '.join(f'{n:,} {k}' for k, n in totals.items())}); "
        f"closed in {closed.clock:.1f} s, {closed.core:.1f} s of a core ({units / closed.core:,.0f} units/s); in SQL "
        f"alone {sql.clock:.2f} s, {sql.core:.3f} s of a core: {closed.clock / sql.clock:.0f} times by the clock; "
        f"expecting, scanning and folding them took {scanned:.0f} s"
    )


def main() -> None:
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("databases", nargs="*", default=KINDS)
    parser.add_argument("--units", type=int, default=10_000)
    args = parser.parse_args()
    for kind in args.databases:
        measure(kind, args.units)


if __name__ == "__main__":
    main()
