"""`make power-cuts`: more than a test has time for, and beside them a queue that does not wait for the disk."""

from __future__ import annotations

import sys
from argparse import ArgumentParser

from tests.power_cut.cuts import Report, cut, work


def main() -> int:
    parser = ArgumentParser(description=__doc__)
    parser.add_argument(
        "--cuts", type=int, default=10_000, help="moments at which the power goes; default: %(default)s"
    )
    parser.add_argument("--seed", type=int, default=1, help="of chance: ten from this one on")
    asked = parser.parse_args()
    report = Report()
    for seed in range(asked.seed, asked.seed + 10):
        some = cut(work(seed), asked.cuts // 10, seed)
        report.cuts, report.newer = report.cuts + some.cuts, report.newer + some.newer
        report.let_go, report.pulled = report.let_go + some.let_go, report.pulled + some.pulled
        report.lost += some.lost
    control = cut(work(asked.seed, weakened=True), 300, asked.seed)
    print(
        f"{report.cuts:,} cuts: {len(report.lost)} lost something that had beeped; {report.newer:,} kept one scan more."
    )
    print(f"{report.let_go:,} came after scans were let go, {report.pulled:,} after a page of the map was pulled.")
    print(f"With synchronous=NORMAL: {len(control.lost)} of {control.cuts} lost what had beeped.")
    print(*report.lost[:10], sep="\n", end="")
    return 1 if report.lost or not control.lost else 0


if __name__ == "__main__":
    sys.exit(main())
