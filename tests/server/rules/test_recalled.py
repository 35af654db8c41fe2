import pytest

from tests.handheld import BIN_A, BIN_B
from tests.server.rules.story import Quiet, fact, said


@pytest.mark.parametrize("action", ["inspect", "count", "link"])
def test_it_says_nothing_of_who_only_looks(action: str) -> None:
    assert said("recalled", [fact(1, action, location=BIN_A)], Quiet(recall=True)) == []


@pytest.mark.parametrize("action", ["receive", "put_away", "pick", "ship"])
def test_it_says_nothing_without_a_recall_and_this_under_one(action: str) -> None:
    story = [fact(1, action, location=BIN_B)]
    assert said("recalled", story) == []
    assert said("recalled", story, Quiet(recall=True)) == [("open", None, BIN_B)]
