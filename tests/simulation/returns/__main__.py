"""`make returns`: a thousand returns, online and offline, over fresh seeds; the exit code is 1 where one went wrong."""

from __future__ import annotations

import argparse
import secrets
import sys
from collections.abc import Sequence

from tests.simulation.returns.desk import Outcomes, run
from tests.simulation.returns.things import Kind

REASONS_SHOWN = 4
OUTCOMES = ("restock", "inspect", "quarantine", "reject", "cannot_tell_here", "parcel back")


def table(found: Outcomes) -> str:
    """A line for each kind: how often it came to what."""
    lines = [f"{'what came back':36}" + "".join(f"{name.replace('_', ' '):>17}" for name in OUTCOMES)]
    for kind in Kind:
        counts = found.table[kind]
        other = sum(count for name, count in counts.items() if name not in OUTCOMES)
        cells = "".join(f"{counts[name] or '-':>17}" for name in OUTCOMES)
        lines.append(f"{kind.value:36}{cells}" + (f"   other: {other}" if other else ""))
        reasons = ", ".join(f"{name} {count}" for name, count in found.why[kind].most_common(REASONS_SHOWN))
        lines += [f"    {reasons}"] if reasons else []
    return "\n".join(lines)


def main(argv: Sequence[str] | None = None) -> int:
    """Each seed once online and once offline."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation.returns", description=__doc__)
    parser.add_argument("--seed", action="append", help="repeat this very run; may be given more than once")
    parser.add_argument("--seeds", type=int, default=1, help="how many fresh seeds, where none is given")
    parser.add_argument("--returns", type=int, default=1000)
    asked = parser.parse_args(argv)
    faults = 0
    for seed in asked.seed or [secrets.token_hex(4) for _ in range(asked.seeds)]:
        for online in (True, False):
            ran = run(seed, asked.returns, online=online)
            print(f"\nSeed {seed}, {'online' if online else 'three days offline'}: the verdict at the desk")
            print(table(ran.at_the_desk))
            print("\nand at the office, with everything known:")
            print(table(ran.at_the_office))
            for fault in (*ran.at_the_desk.faults, *ran.at_the_office.faults):
                print(f"  WRONG {fault}")
            faults += len(ran.at_the_desk.faults) + len(ran.at_the_office.faults)
            print(f"{faults} wrong so far.", flush=True)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
