"""How a container parts from what is in it, again and again: `UnitState.turns`."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from sync.history import fold
from sync.unit import LEFT_EMPTY, UnitState, last_of_each_run
from tests.handheld import BIN_A, CARTON_1, DOCK
from tests.sync.test_actions import fact

MOMENT = st.integers(min_value=1, max_value=60)


@given(left=st.dictionaries(MOMENT, st.sampled_from((1, -1))), at_ms=MOMENT)
def test_what_lies_in_a_tote_goes_by_how_that_left_next_however_often_it_left(left: dict[int, int], at_ms: int) -> None:
    every = tuple(ms * left[ms] for ms in sorted(left))
    told = last_of_each_run(every)
    assert all(one * after < 0 for one, after in pairwise(told))
    for turns in (every, tuple(told)):
        tote = UnitState(turns=turns)
        turn = tote.turn_after(at_ms)
        assert (turn > 0) - (turn < 0) == next((left[ms] for ms in sorted(left) if ms > at_ms), 0)
        assert tote.emptied_ms == max((ms for ms, sign in left.items() if sign > 0), default=0)


def test_a_tote_that_was_scanned_out_by_mistake_and_left_empty_later_left_empty_alone() -> None:
    told = [
        fact(10, "receive", subject=CARTON_1, location=DOCK),
        fact(20, "ship", subject=CARTON_1),
        fact(30, "move", subject=CARTON_1, location=BIN_A),
        fact(40, "announce", subject=CARTON_1, document="TRANSFER-1-2", reason=LEFT_EMPTY),
        fact(50, "announce", subject=CARTON_1, document="TRANSFER-1-3"),
    ]
    state = fold(told)
    assert state is not None
    assert state.turns == (-40_000,)
