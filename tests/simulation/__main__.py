"""`make week`: one simulated week or several, what was found of what went wrong, and the picture of the accuracy."""

from __future__ import annotations

import argparse
import secrets
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.postgres import running_postgres
from tests.simulation.accuracy import Accuracy
from tests.simulation.picture import sparkline, svg
from tests.simulation.rates import Rates
from tests.simulation.result import Result, Size
from tests.simulation.scoring import table
from tests.simulation.week import run

SHOWN_MAX = 20


def main(argv: Sequence[str] | None = None) -> int:
    """The exit code is 1 where a fault was missed, or a case made up."""
    asked = _arguments(argv)
    size = Size(units=asked.units, handhelds=asked.handhelds, days=asked.days)
    seeds = asked.seed or [secrets.token_hex(4) for _ in range(asked.seeds)]
    faultless = True
    with _databases(asked.database) as url_of:
        for seed in seeds:
            result = run(seed, size, Rates(), url_of(seed))
            _show(result, size, asked.out)
            faultless &= result.score.is_faultless
    return 0 if faultless else 1


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--seed", action="append", help="repeat this very run; may be given more than once")
    parser.add_argument("--seeds", type=int, default=1, help="how many fresh seeds, where none is given")
    parser.add_argument("--units", type=int, default=Size.units)
    parser.add_argument("--handhelds", type=int, default=Size.handhelds)
    parser.add_argument("--days", type=int, default=Size.days)
    parser.add_argument("--database", choices=("sqlite", "postgres"), default="sqlite")
    parser.add_argument("--out", type=Path, default=Path("var/week"), help="folder of the pictures")
    return parser.parse_args(argv)


def _show(result: Result, size: Size, folder: Path) -> None:
    found = result.score
    print(f"\nSeed {result.seed}: {size.units} units, {size.handhelds} handhelds, {size.days} days")
    print(table(found))
    for name, rows in (("missed", list(map(str, found.missed))), ("false", found.false), ("books", found.differing)):
        for row in rows[:SHOWN_MAX]:
            print(f"  {name}: {row}")
    disturbed = ", ".join(f"{count} {name}" for name, count in sorted(result.disturbances.items()))
    print(f"\nDisturbed by {disturbed}; of {result.events} scans the server has {result.outcomes}.")
    print(f"Records of the server that differ from the perfect clerk's: {len(found.differing)} of {found.records}.")
    blind = len(result.counted) - sum(int(counted.number[-1]) % 2 for counted in result.counted)
    print(f"{len(result.counted)} counts, {blind} of them blind; of {result.recounts} bins were recounted, blind too.")
    before, after = result.wrong_records
    print(f"Records (product and bin) with a wrong quantity: {before:.1%} when it began, {after:.1%} when it ended.")
    counted = [(c.before.share, c.after.share) for c in result.counted if c.after is not None]
    shares = [share for pair in counted for share in pair]
    print(f"Accuracy before, after, before, after ...: {sparkline(shares)} ({min(shares):.1%} to {max(shares):.1%})")
    for name, (right, records) in {
        "before": _sum([c.before for c in result.counted]),
        "after": _sum([c.after for c in result.counted if c.after is not None]),
    }.items():
        print(f"  {name}: {right} of {records} records right, {right / records:.2%}")
    folder.mkdir(parents=True, exist_ok=True)
    picture = folder / f"accuracy-{result.seed}.svg"
    picture.write_text(svg(result))
    print(f"{picture}; {result.seconds:.0f} s, {result.events / result.seconds:.0f} scans a second.", flush=True)


def _sum(measured: Sequence[Accuracy]) -> tuple[int, int]:
    return sum(m.right for m in measured), sum(m.records for m in measured)


@contextmanager
def _databases(kind: str) -> Iterator[Callable[[str], str | None]]:
    if kind == "sqlite":
        yield lambda _: None
        return
    with running_postgres() as server:
        yield lambda seed: server.new_database(f"week_{seed}")


if __name__ == "__main__":
    sys.exit(main())
