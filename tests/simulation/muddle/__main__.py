"""`make muddle`: hundreds of muddled days; prints each after which something is stored that the ledger does not say."""

from __future__ import annotations

import sys
import tempfile
from argparse import ArgumentParser
from pathlib import Path

from tests.simulation.muddle.day import STEPS, Day


def main() -> int:
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=300)
    parser.add_argument("--first", type=int, default=1)
    parser.add_argument("--steps", type=int, default=STEPS)
    asked = parser.parse_args()
    wrong = 0
    for seed in range(asked.first, asked.first + asked.seeds):
        with tempfile.TemporaryDirectory() as folder:
            day = Day(seed, f"sqlite:///{folder}/warehouse.sqlite3", Path(folder))
            found = day.happen(asked.steps)
        if found:
            wrong += 1
            print(f"seed {seed}", *day.told, *found[:6], sep="\n  ")
    print(f"{asked.seeds} days, {wrong} of them wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
