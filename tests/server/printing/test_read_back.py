"""What is printed reads back as what was meant, through the handheld's own decoder."""

from __future__ import annotations

from contextlib import suppress
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from server.printing import media, pdf, zpl
from server.printing.content import Content, PrintError, content_of
from server.printing.layout import place
from server.printing.media import DOTS_PER_MM, ROLLS, SHEETS, Sheet
from server.printing.symbol import Carrier, draw
from sync.check_digits import CSET_82
from sync.identity import (
    badge_key,
    container_key,
    location_key,
    own_container_key,
    own_item_key,
    own_location_key,
    plate_key,
    unit_key,
)
from sync.labels import SiteCodes
from tests.server.printing.reading_back import cut, keys_in, pages, printed

CODES = SiteCodes()
DOMAIN = CODES.domain
GTIN = "09506000134352"
KINDS = {
    "unit": (unit_key(GTIN, "C39(21)X/1"), "Desk lamp, brushed steel", "L24", "2027-12-31"),
    "plate": (plate_key(DOMAIN, "LPN00000017"), "Phone 12 black", None, None),
    "carton": (container_key("106141412345678908"), "Carton", None, None),
    "own carton": (own_container_key(DOMAIN, "CTN00000012"), "Carton", None, None),
    "bin": (own_location_key(DOMAIN, "main", "A-01-02"), "A-01-02", None, None),
    "bin with a GLN": (location_key("9506000134352", "A-01-02"), "A-01-02", None, None),
    "badge": (badge_key(DOMAIN, "K-17"), "Ravi Kumar", None, None),
}


def said(kind: str) -> tuple[Content, str]:
    key, heading, lot, expiry = KINDS[kind]
    return content_of(key, CODES, lot=lot, expiry=expiry), heading


@pytest.mark.parametrize("sheet", SHEETS.values(), ids=list(SHEETS))
def test_every_kind_of_label_on_every_sheet_reads_back_wherever_it_fits(sheet: Sheet) -> None:
    wanted, placed = [], []
    for kind in KINDS:
        content, heading = said(kind)
        for carrier in Carrier:
            symbol = draw(content, carrier, CODES)
            size = (sheet.width, sheet.height)
            with suppress(PrintError):
                placed.append(place(content, symbol, heading, *size, margin=sheet.margin))
                wanted.append(content.key)
                continue
            assert carrier is Carrier.LINEAR or (carrier is Carrier.QR and sheet.height < 30), (kind, sheet.name)
    assert wanted
    start = 3 % sheet.labels or 1
    printed_pages = pages(pdf.sheets(placed, sheet, start=start))
    for number, key in enumerate(wanted, start - 1):
        page, at = divmod(number, sheet.labels)
        label = cut(printed_pages[page], sheet.corner(at), (sheet.width, sheet.height))
        assert keys_in(label, CODES) == [key]


@pytest.mark.parametrize("dpi", DOTS_PER_MM)
@pytest.mark.parametrize("roll", ["50x25", "102x152"])
def test_every_kind_of_label_of_a_thermal_printer_reads_back(roll: str, dpi: int) -> None:
    medium = ROLLS[roll]
    for kind in KINDS:
        content, heading = said(kind)
        symbol = draw(content, Carrier.DATAMATRIX, CODES)
        label = place(content, symbol, heading, medium.width, medium.height, dot=1 / DOTS_PER_MM[dpi])
        (picture,) = printed(zpl.labels([label], medium, dpi))
        assert keys_in(picture, CODES) == [content.key]


def test_a_logistic_label_of_a_thermal_printer_has_the_size_that_gs1_asks_for() -> None:
    content, heading = said("carton")
    for dpi, per_mm in DOTS_PER_MM.items():
        symbol = draw(content, Carrier.LINEAR, CODES)
        label = place(content, symbol, heading, 102, 152, dot=1 / per_mm)
        assert 0.495 <= label.module <= 0.945
        assert label.row_height >= 31.75
        assert label.x >= 10 * label.module
        (picture,) = printed(zpl.labels([label], ROLLS["102x152"], dpi))
        assert keys_in(picture, CODES) == [content.key]


LONG = "Wireless over-ear headphones that cancel noise, midnight blue, second generation, refurbished"


@pytest.mark.parametrize(
    ("key", "smallest", "largest"),
    [
        (unit_key(GTIN, "A1"), 0.375, 0.495),
        (location_key(GTIN[1:], "A-01-02"), 0.375, 0.495),
        (container_key("106141412345678908"), 0.743, 1.5),
    ],
)
@pytest.mark.parametrize("carrier", [Carrier.DATAMATRIX, Carrier.QR])
def test_a_square_symbol_has_the_size_that_gs1_asks_for(
    key: str, smallest: float, largest: float, carrier: Carrier
) -> None:
    symbol = draw(content_of(key, CODES), carrier, CODES)
    for width, height, dot in ((70, 37, None), (199.6, 143.5, None), (102, 152, 1 / 8)):
        module = place(content_of(key, CODES), symbol, "Lamp", width, height, dot=dot).module
        assert smallest <= module <= largest + (0.1 * dot if dot else 0)


def test_a_gs1_128_of_more_than_48_characters_is_refused() -> None:
    content = content_of(unit_key(GTIN, "7" * 20), CODES, lot="L" * 20)
    with pytest.raises(PrintError, match="61 characters are too many for GS1-128, which holds 48: take Data Matrix"):
        draw(content, Carrier.LINEAR, CODES)


def test_bars_are_no_longer_than_gs1_allows_on_a_label_however_wide() -> None:
    content = content_of(unit_key(GTIN, "Serial-is-20-letters"), CODES)
    label = place(content, draw(content, Carrier.LINEAR, CODES), LONG, 199.6, 143.5)
    assert (label.symbol.columns + 2 * 10) * label.module <= 165.1


@pytest.mark.parametrize("sheet", SHEETS.values(), ids=list(SHEETS))
@pytest.mark.parametrize("carrier", Carrier)
def test_a_long_name_beside_long_numbers_is_cut_and_nothing_lies_on_anything_else(
    sheet: Sheet, carrier: Carrier
) -> None:
    content = content_of(unit_key(GTIN, "Serial-is-20-letters"), CODES, lot="Lot-20-letters-long-" * (carrier != "128"))
    with suppress(PrintError):
        label = place(content, draw(content, carrier, CODES), LONG, sheet.width, sheet.height, margin=sheet.margin)
        (page,) = pages(pdf.sheets([label], sheet))
        symbol_right = label.x + label.symbol.columns * label.module
        symbol_bottom = label.y + len(label.symbol.rows) * label.row_height
        lines = sorted(label.texts, key=lambda text: text.y)
        assert any(text.bold and text.text.startswith("Wirele") for text in lines)
        for text in lines:
            beside = text.x >= symbol_right or text.y + text.em <= label.y + 0.01
            assert beside or text.y >= symbol_bottom, text
            assert text.y + text.em <= sheet.height
        for upper, lower in pairwise(lines):
            assert lower.y >= upper.y + upper.em - 0.01 or lower.x > upper.x or upper.x > lower.x
        assert keys_in(cut(page, sheet.corner(0), (sheet.width, sheet.height)), CODES) == [content.key]


text_82 = st.text(alphabet=CSET_82, min_size=1, max_size=20)


@settings(max_examples=40, deadline=None)
@given(serial=text_82, lot=st.none() | text_82, carrier=st.sampled_from([Carrier.DATAMATRIX, Carrier.QR]))
def test_whatever_gs1_allows_in_a_serial_and_a_lot_reads_back(serial: str, lot: str | None, carrier: Carrier) -> None:
    content = content_of(unit_key(GTIN, serial), CODES, lot=lot)
    label = place(content, draw(content, carrier, CODES), "", 57, 45, dot=1 / 8)
    roll = media.Roll(name="57x45", width=57, height=45)
    (picture,) = printed(zpl.labels([label], roll, 203))
    assert keys_in(picture, CODES) == [content.key]


@settings(max_examples=20, deadline=None)
@given(serial=text_82)
def test_whatever_gs1_allows_in_a_serial_reads_back_from_bars(serial: str) -> None:
    content = content_of(unit_key(GTIN, serial), CODES)
    roll = media.Roll(name="150x40", width=150, height=40)
    label = place(content, draw(content, Carrier.LINEAR, CODES), "", roll.width, roll.height, dot=1 / 11.811)
    (picture,) = printed(zpl.labels([label], roll, 300))
    assert keys_in(picture, CODES) == [content.key]


def test_an_application_identifier_within_a_serial_stays_a_part_of_it() -> None:
    content, _ = said("unit")
    assert content.readable == ("(01) 09506000134352", "(17) 271231", "(10) L24", "(21) C39(21)X/1")
    assert draw(content, Carrier.DATAMATRIX, CODES).rows


def test_no_data_matrix_is_rectangular() -> None:
    for length in range(1, 21):
        symbol = draw(content_of(unit_key(GTIN, "7" * length), CODES), Carrier.DATAMATRIX, CODES)
        assert len(symbol.rows) == symbol.columns


@pytest.mark.parametrize(
    ("key", "sentence"),
    [
        (f"{own_item_key(DOMAIN, 'LAMP')}/21/A", "LAMP has no GTIN"),
        (f"https://id.gs1.org/01/{GTIN}", "a product or a lot has not"),
        (own_container_key(DOMAIN, "PALLET 7"), "is not how a carton's plate looks at this site"),
        ("urn:gsma:imei:49015420-323751-0", "There is no label for"),
        ("nonsense", "no canonical name"),
    ],
)
def test_what_no_label_can_say_is_refused_with_a_sentence(key: str, sentence: str) -> None:
    with pytest.raises(PrintError, match=sentence):
        content_of(key, CODES)


def test_a_label_that_is_too_small_is_told_how_large_it_has_to_be() -> None:
    content, heading = said("carton")
    with pytest.raises(PrintError, match="needs a label of about 87 x 40 mm, and these have 70 x 37"):
        place(content, draw(content, Carrier.LINEAR, CODES), heading, 70, 37)


def test_nothing_in_a_text_is_taken_for_a_command_of_the_printer() -> None:
    assert zpl.escaped("A^XZ~JR_5E\\&\u0007é") == "A_5EXZ_7EJR_5F5E_5C&_07é"
    assert zpl.escaped("5\u00a0m") == "5_C2_A0m", "its bytes in UTF-8, which ^CI28 announces"


def test_a_sheet_that_was_begun_is_used_up_and_one_past_its_end_is_refused() -> None:
    content, heading = said("plate")
    sheet = SHEETS["a4-3x8"]
    label = place(content, draw(content, Carrier.DATAMATRIX, CODES), heading, sheet.width, sheet.height)
    first, second = pages(pdf.sheets([label, label], sheet, start=24))
    assert keys_in(cut(first, sheet.corner(23), (70, 37)), CODES) == [content.key]
    assert keys_in(cut(second, sheet.corner(0), (70, 37)), CODES) == [content.key]
    with pytest.raises(PrintError, match="there is no label 25 to begin with"):
        pdf.sheets([label], sheet, start=25)
