"""A count of so many units, 0.5 % of them wrong, closed into stored cases, beside the five classes in SQL alone.

One handheld counts a part of the warehouse through real pushes; copies of that part by SQL make the rest. The close is
the real one, and has to find what was planted. `python -m tests.bench.counting [sqlite] [postgres] [--units N ...]`.
"""

from __future__ import annotations

import tempfile
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import sqlalchemy as sa

from server.counts.choosing import BINS_MAX
from server.counts.closing import close_count
from server.counts.compare import Line
from server.counts.opening import open_count
from server.database import reading, writing
from server.tables import cases
from sync.protocol import EVENTS_PER_PUSH_MAX
from tests.bench._copied_count import copy_part
from tests.bench._databases import KINDS, analyze, database
from tests.bench._watch import Took, Watch
from tests.handheld import DAY, LOC, Chain, unit
from tests.server.site import SITE, enrol, push, site, state_document

PER_BIN: Final = 20
"""Units in a bin, as long as one count takes so many bins."""
PART: Final = 4_000
"""Units that are scanned and pushed; a larger warehouse is made of copies."""
WRONG_OF: Final = 800
"""Of so many one is missing, one misplaced, one seen in two bins, and one a stranger is seen beside them."""
COUNT: Final = "CC-1"
STOCK: Final = "STOCK-1"
DEVICE: Final = 7
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
BOTH_SIDES: Final = (
    "CREATE TABLE raw_expected (unit TEXT, place TEXT)",
    "CREATE TABLE raw_seen (unit TEXT, place TEXT)",
    f"""INSERT INTO raw_expected SELECT r.subject, r.location FROM document_rows r
     JOIN documents d ON d.digest = r.document WHERE d.number = '{STOCK}'""",
    f"INSERT INTO raw_seen SELECT subject, location FROM events WHERE document = '{COUNT}' AND action = 'count'",
    "CREATE INDEX ix_raw_expected ON raw_expected (unit, place)",
    "CREATE INDEX ix_raw_seen ON raw_seen (unit, place)",
    "CREATE TABLE raw_cases (rule TEXT, unit TEXT, expected TEXT, seen TEXT)",
)


@dataclass(frozen=True, slots=True)
class Warehouse:
    """How many units there are, and where they are."""

    units: int

    @property
    def per_bin(self) -> int:
        return max(PER_BIN, -(-self.units // BINS_MAX))

    @property
    def copies(self) -> int:
        """Of the part that is truly counted, itself among them."""
        return max(1, self.units // PART)

    @property
    def part(self) -> int:
        return min(self.units, PART)

    @property
    def bins(self) -> list[str]:
        """Those of the part."""
        return [f"{LOC}B-{number:05d}" for number in range(-(-self.part // self.per_bin))]

    def expected(self) -> Iterator[tuple[str, str]]:
        """Each unit of the part and its bin."""
        places = self.bins
        for number in range(self.part):
            yield unit(f"S{number:07d}"), places[number // self.per_bin]

    def seen(self) -> Iterator[tuple[str, str]]:
        """What is scanned in the part."""
        places = self.bins
        for number, (key, place) in enumerate(self.expected()):
            other = places[(number // self.per_bin + 1) % len(places)]
            match number % WRONG_OF:
                case 100:
                    continue
                case 300:
                    yield key, other
                case 500:
                    yield key, place
                    yield key, other
                case 700:
                    yield key, place
                    yield unit(f"X{number:07d}"), place
                case _:
                    yield key, place

    def planted(self) -> dict[Line, int]:
        """How many lines of each kind the close has to find; of units seen twice both scans are one."""
        wrong = sum(1 for number in range(self.part) if number % WRONG_OF == 100) * self.copies
        assert all(
            wrong == sum(1 for number in range(self.part) if number % WRONG_OF == nth) * self.copies
            for nth in (300, 500, 700)
        ), f"{self.units:,} units hold not as many of each kind: take a multiple of {WRONG_OF}."
        kinds = dict.fromkeys((Line.MISSING, Line.MISPLACED, Line.DUPLICATE, Line.UNKNOWN), wrong)
        return {Line.MATCHED: self.part * self.copies - 3 * wrong} | kinds


def count(warehouse: Warehouse) -> int:
    """Expect, open, scan and push, and copy; the moment after it, Unix milliseconds."""
    chain, now = Chain(DEVICE), DAY
    enrol(DEVICE)
    rows = [{"subject": key, "location": place} for key, place in warehouse.expected()]
    state_document("stock", STOCK, rows, now_ms=DAY - 100_000)
    with writing() as c:
        open_count(c, site=SITE, number=COUNT, bins=warehouse.bins, operator="Sam", now_ms=DAY - 50_000)
    by_bin: dict[str, list[str]] = {place: [] for place in warehouse.bins}
    for key, place in warehouse.seen():
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
    copy_part(device_no=DEVICE, stock=STOCK, count=COUNT, copies=warehouse.copies)
    return now + 60_000


def in_sql() -> Took:
    """What the five classes take, into a table, both sides indexed by unit."""
    with writing() as c:
        for statement in BOTH_SIDES:
            c.exec_driver_sql(statement)
        analyze(c)
    with Watch() as watch, writing() as c:
        c.exec_driver_sql(CLASSES)
    return watch.took


def peak_mb() -> float:
    """The most memory that this process has had since `forget_peak` (proc(5), VmHWM)."""
    (line,) = (row for row in Path("/proc/self/status").read_text().splitlines() if row.startswith("VmHWM"))
    return int(line.split()[1]) / 1024


def forget_peak() -> None:
    """What was needed to prepare is no part of what is measured (proc(5), clear_refs)."""
    Path("/proc/self/clear_refs").write_text("5")


def measure(kind: str, units: int) -> None:
    warehouse = Warehouse(units)
    planted = warehouse.planted()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        stack.enter_context(site(stack.enter_context(database(kind, folder))))
        with Watch() as prepared:
            after_ms = count(warehouse)
        sql = in_sql()
        forget_peak()
        before_mb = peak_mb()
        with Watch() as watch, writing() as c:
            found = close_count(c, site=SITE, number=COUNT, operator="Sam", now_ms=after_ms)
        closed, most_mb = watch.took, peak_mb()
        with reading() as c:
            by_rule = sa.select(cases.c.rule, sa.func.count()).group_by(cases.c.rule)
            stored: dict[str, int] = dict(c.execute(by_rule).all())
    assert {kind: found.totals[kind] for kind in planted} == planted, f"planted {planted}, found {found.totals}"
    print(
        f"{kind}: {sum(planted.values()) - planted[Line.UNKNOWN]:,} units in {len(found.plan.bins):,} bins, found as "
        f"planted ({', '.join(f'{n:,} {k}' for k, n in planted.items())}), cases stored: "
        f"{', '.join(f'{n:,} {rule}' for rule, n in sorted(stored.items()))}; closed in {closed.clock:.1f} s, "
        f"{closed.core:.1f} s of a core ({units / closed.clock:,.0f} units/s); in SQL alone {sql.clock:.2f} s, "
        f"{sql.core:.3f} s of a core: {closed.clock / sql.clock:.1f} times by the clock; memory {most_mb:.0f} MB at "
        f"most, {before_mb:.0f} before; prepared in {prepared.took.clock:.0f} s",
        flush=True,
    )


def main() -> None:
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("databases", nargs="*", default=KINDS)
    parser.add_argument("--units", type=int, nargs="+", default=[20_000])
    args = parser.parse_args()
    for kind in args.databases:
        for units in args.units:
            measure(kind, units)


if __name__ == "__main__":
    main()
