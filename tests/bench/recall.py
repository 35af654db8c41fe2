"""How long a recall takes to reach whoever is online, and until all of 2,000 units are accounted for.

`make bench-recall`: a server in processes of its own, six handhelds as they are, three of them offline at the start.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from statistics import median
from typing import Final

from tests.end_to_end.recalling import recall_a_lot

ROUNDS: Final = 5


def main() -> None:
    heard: list[int] = []
    for _ in range(ROUNDS):
        with tempfile.TemporaryDirectory() as folder:
            report = recall_a_lot(Path(folder), f"sqlite:///{Path(folder) / 'warehouse.sqlite3'}")
        heard += report.heard_ms
        print(
            f"{report.reached} units reached; {report.refused - len(report.let_through)} of {report.refused} movements "
            f"stopped; {report.held} of 3 parcels held by who had no network; units handed over after it began: "
            f"{report.handed_over}; open: {report.open}; full account after {(report.took_ms or 0) / 1000:.1f} s"
        )
    print(f"online handhelds held it after: median {median(heard) / 1000:.1f} s, at most {max(heard) / 1000:.1f} s")


if __name__ == "__main__":
    main()
