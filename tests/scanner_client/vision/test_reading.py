import pytest

from scanner_client.vision.reading import Quad, Reading, area, gap, is_itf14, overlap, share_a_place


def square(x: float, y: float, size: float = 10) -> Quad:
    return (x, y), (x + size, y), (x + size, y + size), (x, y + size)


UPSIDE_DOWN: Quad = ((10.0, 10.0), (0.0, 10.0), (0.0, 0.0), (10.0, 0.0))
DIAMOND: Quad = ((5.0, 0.0), (10.0, 5.0), (5.0, 10.0), (0.0, 5.0))


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (square(0, 0), square(20, 0), 0.0),
        (square(0, 0), square(0, 0), 100.0),
        (square(0, 0), square(5, 5), 25.0),
        (square(0, 0), UPSIDE_DOWN, 100.0),
        (square(0, 0), DIAMOND, 50.0),
        (square(0, 0, 30), square(10, 10), 100.0),
    ],
)
def test_overlap_of_two_labels(one: Quad, other: Quad, expected: float) -> None:
    assert overlap(one, other) == pytest.approx(expected)
    assert overlap(other, one) == pytest.approx(expected)


def test_mirrored_label_has_its_area() -> None:
    mirrored: Quad = ((10.0, 0.0), (0.0, 0.0), (0.0, 10.0), (10.0, 10.0))

    assert area(mirrored) == pytest.approx(100.0)
    assert overlap(mirrored, square(0, 0)) == pytest.approx(100.0)
    assert overlap(square(0, 0), mirrored) == pytest.approx(100.0)


@pytest.mark.parametrize(("other", "expected"), [(square(15, 0), 5.0), (square(13, 14), 5.0), (square(5, 5), 0.0)])
def test_gap_between_two_labels_is_the_shortest_way(other: Quad, expected: float) -> None:
    assert gap(square(0, 0), other) == pytest.approx(expected)


def test_labels_that_only_touch_corners_are_two_places() -> None:
    assert not share_a_place(square(0, 0), square(7, 7))
    assert share_a_place(square(0, 0), square(4, 2))


@pytest.mark.parametrize(
    ("symbology", "linear", "weak"),
    [("]d2", False, False), ("]Q1", False, False), ("]C1", True, False), ("]E0", True, True), ("]I1", True, True)],
)
def test_symbology_says_how_far_a_reading_vouches_for_itself(symbology: str, *, linear: bool, weak: bool) -> None:
    reading = Reading(format="any", symbology=symbology, data=b"1", quad=square(0, 0))

    assert (reading.linear, reading.weakly_checked) == (linear, weak)


@pytest.mark.parametrize(
    ("data", "expected"),
    [(b"19506000134359", True), (b"19506000134358", False), (b"195060001343", False), (b"1950600013435X", False)],
)
def test_carton_number_has_fourteen_digits_and_the_right_check_digit(data: bytes, *, expected: bool) -> None:
    assert is_itf14(data) is expected
