"""A simulated returns desk in small: nothing false is restocked, nobody honest is rejected, online or days offline."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from sync import returning
from sync.because import Because
from sync.returning import ReturnFacts
from tests.simulation.returns.desk import Ran, run
from tests.simulation.returns.things import HONEST, Kind

FEW = 30
"""One or two of most kinds."""


def restocked(ran: Ran) -> int:
    return sum(ran.at_the_desk.table[kind]["restock"] for kind in HONEST)


@pytest.mark.slow
@pytest.mark.parametrize("online", [True, False])
def test_what_is_false_is_never_restocked_and_what_is_honest_never_rejected(online: bool) -> None:
    ran = run("small", FEW, online=online)
    assert ran.at_the_desk.faults == []
    assert ran.at_the_office.faults == []
    assert sum(map(len, (ran.at_the_desk.table[kind] for kind in Kind))) >= len(Kind)
    assert restocked(ran) >= 3, "a desk that restocks nothing shows nothing"


def label_is_believed(patch: pytest.MonkeyPatch) -> None:
    """A label that matches is enough."""
    patch.setattr(returning, "_itself", lambda _: ())


def anybody_is_believed(patch: pytest.MonkeyPatch) -> None:
    """Whoever sends it, it was sold to them."""
    true = returning._compared

    def believed(facts: ReturnFacts, claim: returning.Claim) -> list[Because]:
        return [why for why in true(facts, claim) if why not in (Because.OTHER_CUSTOMER, Because.OTHER_ORDER)]

    patch.setattr(returning, "_compared", believed)


@pytest.mark.slow
@pytest.mark.parametrize("plant", [label_is_believed, anybody_is_believed])
def test_it_fails_where_the_desk_has_a_bug(
    monkeypatch: pytest.MonkeyPatch, plant: Callable[[pytest.MonkeyPatch], None]
) -> None:
    plant(monkeypatch)
    assert run("small", FEW, online=True).at_the_desk.wrongly_restocked != []
