import pytest

from sync.recall import Reach
from tests.handheld import BIN_A, BIN_B
from tests.server.rules.story import Quiet, fact, said


@pytest.mark.parametrize("action", ["inspect", "count", "link", "take_back", "quarantine", "unpack"])
def test_it_says_nothing_of_who_only_looks_takes_back_or_sets_apart(action: str) -> None:
    story = [fact(1, action, location=BIN_A, reason="recalled")]
    assert said("recalled", story, Quiet(recall=Reach.YES)) == []


@pytest.mark.parametrize("action", ["receive", "put_away", "move", "pick", "ship"])
@pytest.mark.parametrize("reach", [Reach.YES, Reach.POSSIBLE])
def test_it_says_nothing_without_a_recall_and_this_under_one(action: str, reach: Reach) -> None:
    story = [fact(1, action, location=BIN_B)]
    assert said("recalled", story) == []
    assert said("recalled", story, Quiet(recall=reach)) == [("open", None, BIN_B)]
