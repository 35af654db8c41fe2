import numpy as np
import pytest
import zxingcpp

from scanner_client.vision.decoder import FORMATS, STILL, VIDEO, decode, without_conflicts
from scanner_client.vision.reading import Quad, Reading
from tests.rendering.labels import Kind, LabelSpec, label


def wide(x: float, y: float, width: float = 200, height: float = 50) -> Quad:
    return (x, y), (x + width, y), (x + width, y + height), (x, y + height)


def reading(data: bytes, quad: Quad, symbology: str = "]E0") -> Reading:
    return Reading(format="any", symbology=symbology, data=data, quad=quad)


def page(*specs: LabelSpec) -> np.ndarray[tuple[int, int], np.dtype[np.uint8]]:
    """Labels one below the other on a white page."""
    canvas = np.full((160 * len(specs) + 60, 900), 255, np.uint8)
    for row, spec in enumerate(specs):
        picture, _ = label(spec)
        top = 40 + 160 * row
        canvas[top : top + picture.shape[0], 60 : 60 + picture.shape[1]] = picture[:, :, 0]
    return canvas


UNIT = LabelSpec(kind=Kind.GS1_DATAMATRIX, content="(01)09506000134352(10)L1(21)A1")
LINK = LabelSpec(kind=Kind.QR, content="https://id.gs1.org/01/09506000134352/21/W77")
CARTON = LabelSpec(kind=Kind.GS1_128, content="(00)340123450000000017")
PRODUCT = LabelSpec(kind=Kind.EAN13, content="9506000134352")


@pytest.mark.parametrize("effort", [STILL, VIDEO])
def test_every_label_on_a_page_is_read_once_with_its_bytes(effort: object) -> None:
    assert effort in (STILL, VIDEO)
    read = decode(page(UNIT, LINK, CARTON, PRODUCT), effort=STILL if effort is STILL else VIDEO)

    assert [(r.symbology, r.data) for r in read] == [(s.symbology, s.data) for s in (UNIT, LINK, CARTON, PRODUCT)]


def test_separator_after_a_lot_is_kept_as_0x1d() -> None:
    (read,) = decode(page(UNIT))

    assert read.data == b"010950600013435210L1\x1d21A1"


def test_lot_that_looks_like_a_serial_is_not_rewritten() -> None:
    (read,) = decode(page(LabelSpec(kind=Kind.CODE128, content="10A(21)X")))

    assert (read.symbology, read.data) == ("]C0", b"10A(21)X")


def test_bytes_that_are_no_text_come_through_unchanged() -> None:
    raw = bytes([0xFF, 0x00, 0x80, 0x1D, 0xE9])
    symbol = zxingcpp.create_barcode(raw, zxingcpp.BarcodeFormat.DataMatrix).to_image(scale=5)

    (read,) = decode(np.array(symbol, dtype=np.uint8))

    assert read.data == raw


def test_label_on_its_side_is_read() -> None:
    (read,) = decode(np.ascontiguousarray(np.rot90(page(CARTON))), effort=VIDEO)

    assert read.data == CARTON.data


def test_corners_lie_around_the_symbol() -> None:
    (read,) = decode(page(UNIT))
    xs, ys = zip(*read.quad, strict=True)

    assert (min(xs), min(ys)) == pytest.approx((72, 52), abs=4)
    assert max(xs) - min(xs) == pytest.approx(max(ys) - min(ys), abs=3)


def test_only_the_formats_of_the_task_are_read() -> None:
    read = decode(page(UNIT, PRODUCT), formats=("EAN13",))

    assert [r.format for r in read] == ["EAN13"]


def test_format_that_does_not_exist_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="reads no format 'EAN-13'"):
        decode(page(PRODUCT), formats=("EAN-13",))


def test_empty_picture_holds_no_label() -> None:
    assert decode(np.full((720, 1280), 128, np.uint8)) == ()


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_on_offer_is_known_to_the_engine(name: str) -> None:
    assert decode(np.full((40, 40), 255, np.uint8), formats=(name,)) == ()


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
