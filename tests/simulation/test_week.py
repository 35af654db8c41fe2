"""A simulated warehouse in small: every fault that a scan exposes is a case of the right kind, and nothing else is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace as changed
from typing import Any

import pytest

from server import effects, rebuild, replay, timing
from server.counts import due
from server.counts.scans import Interval
from server.rules import Rule
from sync.actions.resolutions import RESOLUTIONS
from tests.simulation.office import OfficeError
from tests.simulation.rates import Rates
from tests.simulation.result import Result, Size
from tests.simulation.scoring import Score, table
from tests.simulation.truth import Kind
from tests.simulation.week import run

SMALL = Size(units=320, handhelds=4, days=2, deliveries_a_day=2, orders_a_day=8, counts_a_day=1, sync_minutes=30)
ROUGH = Rates(
    pressure=40,
    clones=0.004,
    strangers=0.003,
    came_back=0.03,
    inbound_errors=0.15,
    unread_inbound=0.03,
    unscanned=0.03,
    wrong_bin=0.05,
    mispick=0.08,
    pieces_stolen=1.0,
    miscounted=0.3,
    carried=1.0,
    unread=0.02,
    keyed=0.03,
    miskeyed=0.3,
    outages=0.8,
    reboots=0.6,
    clock_faults=0.6,
)
"""So small a warehouse would see hardly any of most faults in two days."""


def shown(result: Result) -> str:
    found = result.score
    lines = [*map(str, found.missed), *found.false, *map(str, found.unexplained), *found.differing]
    return "\n".join([f"seed {result.seed!r}", table(found), *lines])


@pytest.mark.slow
@pytest.mark.parametrize("seed", ["a", "b"])
def test_every_fault_that_a_scan_exposes_is_found_rightly_named_and_nothing_else_is(seed: str) -> None:
    result = run(seed, SMALL, ROUGH)
    print(shown(result))
    assert result.score.is_faultless, shown(result)
    assert result.outcomes == {"accepted": result.events}
    exposed = sum(line.exposed for line in result.score.kinds.values())
    assert exposed > 20, "hardly anything went wrong: that shows nothing"
    assert result.recounts, "no bin was counted again by somebody else"
    assert any(result.score.kinds[kind].exposed for kind in (Kind.PIECES_STOLEN, Kind.MISCOUNTED))


@pytest.mark.slow
def test_the_same_seed_is_the_same_week() -> None:
    tiny = changed(SMALL, days=1)
    one, other = (changed(run("again", tiny, ROUGH), seconds=0.0) for _ in range(2))
    assert shown(one) == shown(other)
    assert [c.after for c in one.counted] == [c.after for c in other.counted]


# A check is trusted only where it fails on purpose: each of these is a bug that somebody might write.


def without_a_rule(patch: pytest.MonkeyPatch) -> None:
    true = replay.Replay._open

    def without_misplaced(self: replay.Replay, rule: Rule, fact: Any, finding: Any) -> None:
        if rule.name != "misplaced":
            true(self, rule, fact, finding)

    patch.setattr(replay.Replay, "_open", without_misplaced)


def clocks_believed_to_the_millisecond(patch: pytest.MonkeyPatch) -> None:
    """Of two claims on one unit the later wins, without a word."""
    patch.setattr(timing, "TRANSIT_MS", 0)


def arrival_for_time(patch: pytest.MonkeyPatch) -> None:
    """What comes last is folded last, whenever it happened."""
    patch.setattr(rebuild, "_on_top", lambda *_: True)


def wall_clock_for_time(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(timing, "_raw", lambda reading, *_: (reading.wall_ms, True, timing.TRANSIT_MS))


def intervals_ignored(patch: pytest.MonkeyPatch) -> None:
    """Each bin is compared as of the closing: what was put into it after its sweep is missing."""
    true = due.units_of
    closing = 10**14

    def as_of_closing(
        c: Any, site: str, family: Any, intervals: Mapping[str, Interval], scans: Any, **more: Any
    ) -> Any:
        late = {place: changed(i, opened_ms=closing, finished_ms=closing) for place, i in intervals.items()}
        return true(c, site, family, late, scans, **more)

    patch.setattr(due, "units_of", as_of_closing)


def decisions_lost(patch: pytest.MonkeyPatch) -> None:
    """They stand in the ledger, and nothing comes of them."""
    patch.setitem(RESOLUTIONS, "stays", lambda state, _: state)


def first_scans_not_folded(patch: pytest.MonkeyPatch) -> None:
    """The first scan of every push is kept, and nothing comes of it."""
    true = rebuild.advance
    patch.setattr(effects, "advance", lambda c, site, facts, at: true(c, site, list(facts)[1:], at))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("plant", "seen_in"),
    [
        pytest.param(without_a_rule, lambda score: score.missed, marks=pytest.mark.control),
        pytest.param(clocks_believed_to_the_millisecond, lambda score: score.missed, marks=pytest.mark.control),
        (arrival_for_time, lambda score: score.missed or score.false or score.differing),
        pytest.param(
            wall_clock_for_time, lambda score: score.missed or score.false or score.differing, marks=pytest.mark.control
        ),
        pytest.param(intervals_ignored, lambda score: score.false, marks=pytest.mark.control),
        (decisions_lost, lambda score: score.differing),
        pytest.param(first_scans_not_folded, lambda score: score.missed or score.differing, marks=pytest.mark.control),
    ],
)
def test_it_fails_where_the_server_has_a_bug(
    monkeypatch: pytest.MonkeyPatch, plant: Callable[[pytest.MonkeyPatch], None], seen_in: Callable[[Score], list[Any]]
) -> None:
    plant(monkeypatch)
    try:
        result = run("teeth", SMALL, changed(ROUGH, outages=1.0, clock_faults=1.0))
    except OfficeError:
        return  # it came to light before the week was over: what the office was shown was no longer so
    assert seen_in(result.score), shown(result)
