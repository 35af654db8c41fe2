"""A carton in itself."""

from tests.handheld import BIN_A, CARTON_1, CARTON_2
from tests.server.rules.story import UNIT, Quiet, fact, said

HERE = fact(1, "put_away", location=BIN_A)


def test_it_says_nothing_of_a_carton_that_goes_into_another_one() -> None:
    assert said("in_itself", [HERE, fact(2, "pack", container=CARTON_1)]) == []


def test_a_carton_in_itself_or_in_its_contents_is_a_case_until_it_is_scanned_somewhere() -> None:
    for name in (UNIT, CARTON_2):
        story = [HERE, fact(2, "pack", container=name)]
        assert said("in_itself", story, Quiet(standing={CARTON_2: UNIT})) == [("open", BIN_A, name)]
        seen = [*story, fact(3, "inspect", location=BIN_A)]
        assert said("in_itself", seen, Quiet(standing={CARTON_2: UNIT})) == [("explained", BIN_A, name)]
