"""`make teeth`: plants each bug and prints which promise found it, and how soon.

`python -m tests.simulation.faults.teeth BUG...` plants some of them.
"""

from __future__ import annotations

import sys
import time
from argparse import ArgumentParser, ArgumentTypeError
from contextlib import ExitStack
from typing import Final

import pytest

from tests.simulation.faults import (  # noqa: F401  they enter their bugs
    bugs_of_handhelds,
    bugs_of_syncing,
    bugs_of_the_server,
)
from tests.simulation.faults.planted import PLANTED, Planted, scene
from tests.simulation.faults.seeds import Simulator

SEEDS_MAX: Final = 3


def broken_by(simulator: Simulator, bug: Planted) -> set[int]:
    """The promises that are found broken with this bug, up to the first one that has to find it."""
    broken: set[int] = set()
    with pytest.MonkeyPatch.context() as patch:
        bug.plant(patch)
        for seed in range(1, SEEDS_MAX + 1):
            broken |= {finding.promise for finding in simulator.run(scene(bug, seed)).findings}
            if broken & bug.promises:
                break
    return broken


def named(text: str) -> Planted:
    """The bug of this name, with spaces or underscores."""
    found = {bug.name: bug for bug in PLANTED}.get(text.replace(" ", "_"))
    if found is None:
        names = ", ".join(bug.name for bug in PLANTED)
        raise ArgumentTypeError(f"there is no bug {text!r}; these are: {names}")
    return found


def main() -> int:
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("bugs", nargs="*", type=named, metavar="BUG", help="plant only these; without any, all")
    asked = parser.parse_args()
    missed = 0
    print("bug | found by promise | seconds of a core")
    with ExitStack() as stack:
        simulator = Simulator(stack)
        for bug in asked.bugs or PLANTED:
            began = time.process_time()
            found = broken_by(simulator, bug) & bug.promises
            missed += not found
            by = ", ".join(map(str, sorted(found))) or "none"
            print(f"{bug.name.replace('_', ' ')} | {by} | {time.process_time() - began:.1f}", flush=True)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
