"""`make race`: a million changes; nobody who pulls by the cursor may miss one, and who pulls naively must."""

from __future__ import annotations

import sys
import time
from argparse import ArgumentParser

from tests.postgres import running_postgres
from tests.race.pulling import WRITERS, race
from tests.server.site import site


def main() -> int:
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--changes", type=int, default=1_000_000, help="rows written meanwhile; default: %(default)s")
    parser.add_argument("--seed", type=int, default=1, help="of the writers' transactions; how they meet differs")
    asked = parser.parse_args()
    with running_postgres(durable=False) as postgres, site(postgres.new_database("race")) as app:
        began = time.perf_counter()
        report = race(app, asked.changes, asked.seed)
        took_s = time.perf_counter() - began
    print(
        f"{report.changes:,} changes by {WRITERS} writers, {report.pulls:,} pulls, {took_s:.0f} s: "
        f"{report.skipped:,} skipped by the cursor, {report.naively_skipped:,} by a naive one."
    )
    return 1 if report.skipped or not report.naively_skipped else 0


if __name__ == "__main__":
    sys.exit(main())
