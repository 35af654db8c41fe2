"""One unit in two cartons."""

from tests.handheld import BIN_A, CARTON_1, CARTON_2
from tests.server.rules.story import fact, said

PACKED = [fact(1, "put_away", location=BIN_A), fact(2, "pack", container=CARTON_1)]


def test_it_says_nothing_of_the_same_carton_nor_of_a_unit_that_was_taken_out_first() -> None:
    assert said("packed_twice", [*PACKED, fact(3, "pack", container=CARTON_1)]) == []
    assert said("packed_twice", [*PACKED, fact(3, "unpack", location=BIN_A), fact(4, "pack", container=CARTON_2)]) == []


def test_the_second_carton_is_a_case_until_the_unit_is_taken_out() -> None:
    story = [*PACKED, fact(3, "pack", container=CARTON_2)]
    assert said("packed_twice", story) == [("open", CARTON_1, CARTON_2)]
    assert said("packed_twice", [*story, fact(4, "unpack", location=BIN_A)]) == [("explained", CARTON_1, CARTON_2)]
