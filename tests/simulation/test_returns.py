"""A simulated returns desk in small: nothing false is restocked, nobody honest is rejected, online or days offline."""

from __future__ import annotations

import pytest

from sync import returning
from tests.simulation.returns.desk import Ran, run
from tests.simulation.returns.things import HONEST, Kind

FEW = 30
"""One or two of most kinds."""


def restocked(ran: Ran) -> int:
    return sum(ran.at_the_desk.table[kind]["restock"] for kind in HONEST)


@pytest.mark.slow
@pytest.mark.parametrize("network", ["online", "offline"])
def test_what_is_false_is_never_restocked_and_what_is_honest_never_rejected(network: str) -> None:
    ran = run("small", FEW, online=network == "online")
    assert ran.at_the_desk.faults == []
    assert ran.at_the_office.faults == []
    assert sum(map(len, (ran.at_the_desk.table[kind] for kind in Kind))) >= len(Kind)
    assert restocked(ran) >= 3, "a desk that restocks nothing shows nothing"


# A check is trusted only where it fails on purpose.


@pytest.mark.slow
def test_it_fails_where_a_matching_label_is_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(returning, "_itself", lambda _: ())
    assert run("small", FEW, online=True).at_the_desk.wrongly_restocked != []
