"""How a container parts from what is in it, again and again: `UnitState.turns`."""

from __future__ import annotations

from functools import reduce
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from sync.unit import UnitState, with_turn

MOMENT = st.integers(min_value=1, max_value=60)


@given(left=st.dictionaries(MOMENT, st.sampled_from((1, -1))), at_ms=MOMENT)
def test_what_lies_in_a_tote_goes_by_how_that_left_next_however_often_it_left(left: dict[int, int], at_ms: int) -> None:
    tote = UnitState(turns=reduce(with_turn, (ms * left[ms] for ms in sorted(left)), ()))
    turn = tote.turn_after(at_ms)
    assert (turn > 0) - (turn < 0) == next((left[ms] for ms in sorted(left) if ms > at_ms), 0)
    assert all(one * after < 0 for one, after in pairwise(tote.turns)), "of one kind in a row the last is kept"
    assert tote.emptied_ms == max((ms for ms, sign in left.items() if sign > 0), default=0)
