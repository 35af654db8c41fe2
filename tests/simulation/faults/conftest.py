"""One server for all seeds and planted bugs of this folder; each lays its database out anew."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.simulation.faults.seeds import Simulator


@pytest.fixture(scope="package")
def simulator() -> Iterator[Simulator]:
    with ExitStack() as stack:
        yield Simulator(stack)
