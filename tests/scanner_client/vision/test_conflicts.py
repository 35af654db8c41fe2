import pytest

from scanner_client.vision.conflicts import without_conflicts
from scanner_client.vision.reading import Quad, Reading


def wide(x: float, y: float, width: float = 200, height: float = 50) -> Quad:
    return (x, y), (x + width, y), (x + width, y + height), (x, y + height)


def reading(data: bytes, quad: Quad, symbology: str = "]E0") -> Reading:
    return Reading(format="any", symbology=symbology, data=data, quad=quad)


FULL = reading(b"9506000134352", wide(0, 0))


@pytest.mark.parametrize(
    ("readings", "expected"),
    [
        pytest.param([], [], id="nothing"),
        pytest.param([FULL, reading(b"12345670", wide(0, 200))], [b"9506000134352", b"12345670"], id="two places"),
        pytest.param(
            [FULL, reading(b"9506000134369", wide(0, 51))], [b"9506000134352", b"9506000134369"], id="stacked"
        ),
        pytest.param([FULL, FULL], [b"9506000134352"], id="the same twice"),
        pytest.param([reading(b"12345670", wide(20, 10, 90)), FULL], [b"9506000134352"], id="short inside long"),
        pytest.param([reading(b"2693441402601", wide(0, 20, 200, 8)), FULL], [b"9506000134352"], id="few lines lose"),
        pytest.param([reading(b"2693441402601", wide(0, 5)), FULL], [], id="of two equals neither"),
        pytest.param(
            [FULL, reading(b"2693441402601", wide(0, 5)), reading(b"6863457202601", wide(0, 9))], [], id="of three none"
        ),
        pytest.param([reading(b"A1", wide(0, 0, 60, 60), "]d2"), FULL], [b"A1"], id="matrix before bars"),
    ],
)
def test_two_texts_at_one_place_are_never_both_returned(readings: list[Reading], expected: list[bytes]) -> None:
    assert [r.data for r in without_conflicts(readings)] == expected
    assert {r.data for r in without_conflicts(readings[::-1])} == set(expected)


def test_interleaved_two_of_five_cut_short_is_left_out_beside_the_whole_of_it() -> None:
    whole = reading(b"19506000134359", wide(0, 0, 400, 4), "]I0")
    cut = reading(b"195060001343", wide(0, 40, 340, 6), "]I0")
    elsewhere = reading(b"195060001343", wide(0, 900, 340, 6), "]I0")

    assert [r.data for r in without_conflicts([cut, whole])] == [whole.data]
    assert len(without_conflicts([elsewhere, whole])) == 2


def databar(x: float, y: float, width: float = 200, *, stacked: bool = False) -> Reading:
    data = b"010950600013435210L1"
    name = "DataBarExpStk" if stacked else "DataBarExp"
    return Reading(format=name, symbology="]e0", data=data, quad=wide(x, y, width, 0))


def test_lines_of_one_databar_are_one_label_and_two_boxes_side_by_side_are_two() -> None:
    assert len(without_conflicts([databar(0, 0), databar(2, 60)])) == 1
    assert len(without_conflicts([databar(0, 0), databar(240, 4)])) == 2
    assert len(without_conflicts([databar(0, 0), databar(0, 150)])) == 2
    assert len(without_conflicts([databar(0, 0, stacked=True), databar(4, 150, stacked=True)])) == 1
