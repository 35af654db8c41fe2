import numpy as np
import pytest
import zxingcpp

from tests.rendering.contents import different_labels, random_label
from tests.rendering.kinds import TRAITS, Kind
from tests.rendering.labels import LabelSpec, draw, element_string, symbol, upca_of

SPECS = {
    Kind.GS1_DATAMATRIX: "(01)09506000134352(21)D-1001(10)L24A",
    Kind.GS1_128: "(00)340123450000000017",
    Kind.EAN13: "9506000134352",
    Kind.CODE128: "LOC:A-01-02",
    Kind.QR: "https://id.gs1.org/01/09506000134352/21/W77",
    Kind.DATAMATRIX: "LPN0001234",
    Kind.ITF14: "19506000134359",
    Kind.UPCA: "036000291452",
    Kind.UPCE: "04252614",
    Kind.EAN8: "95060002",
}
"""Labels as DESIGN.md's warehouses print them; the others are drawn by chance."""


def read(spec: LabelSpec) -> list[tuple[str, bytes]]:
    paper = np.pad(draw(spec).picture[:, :, 0], 30, constant_values=255)
    return [(one.symbology_identifier, bytes(one.bytes)) for one in zxingcpp.read_barcodes(paper)]


@pytest.mark.parametrize("kind", SPECS)
def test_printed_label_reads_back_as_what_it_says(kind: Kind) -> None:
    spec = LabelSpec(kind=kind, content=SPECS[kind])

    assert read(spec) == [(spec.symbology, spec.data)]


@pytest.mark.parametrize("kind", Kind)
def test_label_drawn_by_chance_reads_back_as_what_it_says(kind: Kind) -> None:
    for seed in range(8):
        spec = random_label(kind, np.random.default_rng(seed))

        assert read(spec) == [(spec.symbology, spec.data)]


def test_code_39_drawn_by_chance_never_looks_as_if_it_had_a_check_character() -> None:
    specs = [random_label(Kind.CODE39, np.random.default_rng(seed)) for seed in range(120)]

    assert {symbology for spec in specs for symbology, _ in read(spec)} == {"]A0"}


def test_every_kind_has_its_traits() -> None:
    assert set(TRAITS) == set(Kind)


def test_labels_of_one_pallet_all_say_something_else() -> None:
    labels = different_labels([Kind.EAN8] * 200, np.random.default_rng(1))

    assert len({label.data for label in labels}) == 200


@pytest.mark.parametrize("kind", Kind)
def test_paper_around_a_symbol_is_white_as_its_standard_asks(kind: Kind) -> None:
    drawn = draw(random_label(kind, np.random.default_rng(2)))
    (x, y, width, height), (quiet_x, quiet_y, quiet_width, quiet_height) = drawn.ink, drawn.quiet
    around = drawn.picture[quiet_y : quiet_y + quiet_height, quiet_x : quiet_x + quiet_width].copy()
    around[y - quiet_y : y - quiet_y + height, x - quiet_x : x - quiet_x + width] = 255

    assert (around == 255).all()


def test_ink_reaches_all_four_sides_of_its_rectangle() -> None:
    drawn = draw(random_label(Kind.GS1_QR, np.random.default_rng(2)))
    x, y, width, height = drawn.ink
    ink = drawn.picture[y : y + height, x : x + width, 0]

    assert all(side.min() == 0 for side in (ink[0], ink[-1], ink[:, 0], ink[:, -1]))


def test_module_of_a_width_between_pixels_keeps_the_ink_that_it_has() -> None:
    whole, between = (symbol(LabelSpec(kind=Kind.CODE128, content="LOC:A-01", module_px=width)) for width in (2.0, 2.3))

    assert set(np.unique(whole[40])) == {0, 255}
    assert set(np.unique(between[40])) > {0, 255}
    assert (255 - between[40].astype(int)).sum() / 2.3 == pytest.approx(
        (255 - whole[40].astype(int)).sum() / 2, rel=0.01
    )


def test_module_too_fine_to_draw_is_refused() -> None:
    with pytest.raises(ValueError, match=r"A module of 0\.4 px cannot be drawn"):
        draw(LabelSpec(kind=Kind.EAN13, content="9506000134352", module_px=0.4))


def test_datamatrix_of_a_carton_is_square() -> None:
    short = symbol(LabelSpec(kind=Kind.GS1_DATAMATRIX, content="(01)09506000134352(21)ABC12345"))

    assert short.shape[0] == short.shape[1]


@pytest.mark.parametrize(
    ("upce", "upca"),
    [
        ("04252614", "042100005264"),  # GS1 General Specifications, section 5.2.2.4.2, and the rows of its table
        ("01234565", "012345000065"),
        ("01234531", "012300000451"),
        ("01234541", "012340000051"),
    ],
)
def test_zero_suppressed_number_is_given_in_full(upce: str, upca: str) -> None:
    assert upca_of(upce)[:11] == upca[:11]


@pytest.mark.parametrize(
    ("bracketed", "expected"),
    [
        ("(01)09506000134352", b"0109506000134352"),
        ("(01)09506000134352(21)A1", b"010950600013435221A1"),
        ("(21)A1(01)09506000134352", b"21A1\x1d0109506000134352"),
        ("(01)09506000134352(10)L1(21)A1", b"010950600013435210L1\x1d21A1"),
        ("(02)09506000134352(37)6(10)L1", b"020950600013435237" + b"6\x1d10L1"),
    ],
)
def test_a_separator_follows_only_fields_of_variable_length(bracketed: str, expected: bytes) -> None:
    assert element_string(bracketed) == expected
