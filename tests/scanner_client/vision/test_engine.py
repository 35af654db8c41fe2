import numpy as np
import pytest
import zxingcpp

from scanner_client.vision.engine import AS_IT_STANDS, FORMATS, MATRIX_FORMATS, read
from scanner_client.vision.reading import centre
from tests.rendering.labels import Kind, LabelSpec, label
from tests.scanner_client.vision.pages import LINK, PRODUCT, UNIT, page


def test_separator_after_a_lot_is_kept_as_0x1d() -> None:
    (reading,) = read(page(UNIT)).readings

    assert reading.data == b"010950600013435210L1\x1d21A1"


def test_lot_that_looks_like_a_serial_is_not_rewritten() -> None:
    (reading,) = read(page(LabelSpec(kind=Kind.CODE128, content="10A(21)X"))).readings

    assert (reading.symbology, reading.data) == ("]C0", b"10A(21)X")


def test_bytes_that_are_no_text_come_through_unchanged() -> None:
    raw = bytes([0xFF, 0x00, 0x80, 0x1D, 0xE9])
    symbol = zxingcpp.create_barcode(raw, zxingcpp.BarcodeFormat.DataMatrix).to_image(scale=5)

    (reading,) = read(np.array(symbol, dtype=np.uint8)).readings

    assert reading.data == raw


def test_corners_lie_around_the_symbol() -> None:
    (reading,) = read(page(UNIT)).readings
    xs, ys = zip(*reading.quad, strict=True)

    assert (min(xs), min(ys)) == pytest.approx((72, 52), abs=4)
    assert max(xs) - min(xs) == pytest.approx(max(ys) - min(ys), abs=3)


def test_only_the_formats_of_the_task_are_read() -> None:
    assert [r.format for r in read(page(UNIT, PRODUCT), formats=("EAN13",)).readings] == ["EAN13"]


@pytest.mark.parametrize(
    ("small", "asked"), [("MicroQRCode", "QRCode"), ("RMQRCode", "QRCode"), ("MicroPDF417", "PDF417")]
)
def test_a_symbol_s_small_relation_is_read_only_where_it_is_asked_for_itself(small: str, asked: str) -> None:
    drawn = zxingcpp.create_barcode("HELLO", getattr(zxingcpp.BarcodeFormat, small)).to_image(scale=5)
    grey = np.pad(np.array(drawn, dtype=np.uint8), 40, constant_values=255)

    assert read(grey, formats=(asked,)).readings == ()
    assert [reading.format for reading in read(grey, formats=(small,)).readings] == [small]
    assert [reading.format for reading in read(grey).readings] == [small]


@pytest.mark.parametrize(("asked", "name"), [(FORMATS, "EAN13"), (("EAN13",), "EAN13"), (("UPCA",), "UPCA")])
def test_a_upc_a_is_an_ean_13_unless_it_alone_is_asked_for(asked: tuple[str, ...], name: str) -> None:
    (reading,) = read(page(LabelSpec(kind=Kind.UPCA, content="036000291452")), formats=asked).readings

    assert (reading.format, reading.symbology, reading.data) == (name, "]E0", b"0036000291452")


def test_a_task_that_needs_no_format_reads_nothing() -> None:
    assert read(page(UNIT, PRODUCT), formats=()).readings == ()


def test_format_that_does_not_exist_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="reads no format 'EAN-13'"):
        read(page(PRODUCT), formats=("EAN-13",))


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_on_offer_is_known_to_the_engine(name: str) -> None:
    assert read(np.full((40, 40), 255, np.uint8), formats=(name,)).readings == ()


def test_matrix_symbol_that_is_scratched_beyond_repair_is_said_to_stand_there() -> None:
    scratched = page(LINK)
    scratched[100:145, 110:155] = 90

    found = read(scratched, formats=MATRIX_FORMATS, effort=AS_IT_STANDS)

    assert found.readings == ()
    (failed,) = found.failed
    assert failed.format == "QRCode"
    assert np.array(failed.quad) == pytest.approx(np.array([(76, 56), (192, 56), (192, 172), (76, 172)]), abs=4)


def test_a_blank_page_holds_nothing_that_failed() -> None:
    assert read(np.full((720, 1280), 128, np.uint8), formats=MATRIX_FORMATS).failed == ()


@pytest.mark.parametrize("turns", [0, 2])
@pytest.mark.parametrize("kind", [Kind.DATABAR_EXPANDED, Kind.DATABAR_EXPANDED_STACKED])
def test_row_that_runs_from_right_to_left_is_said_to_stand_where_it_does(kind: Kind, turns: int) -> None:
    """Not at the place that it has in a mirror."""
    picture, _ = label(LabelSpec(kind=kind, content="(01)09506000134352(10)L1(17)270101"))
    beside = np.pad(picture[:, :, 0], ((40, 40), (40, 900)), constant_values=255)
    grey = np.ascontiguousarray(np.rot90(beside, turns))
    inked = np.flatnonzero((grey < 128).any(axis=0))

    (found,) = read(grey, formats=("DataBarExp", "DataBarExpStk"), effort=AS_IT_STANDS).readings

    x, _ = centre(found.quad)
    assert inked.min() < x < inked.max()
