import numpy as np
import pytest
import zxingcpp

from tests.rendering.labels import Kind, LabelSpec, element_string, label, symbol

SPECS = {
    Kind.GS1_DATAMATRIX: "(01)09506000134352(21)D-1001(10)L24A",
    Kind.GS1_128: "(00)340123450000000017",
    Kind.EAN13: "9506000134352",
    Kind.CODE128: "LOC:A-01-02",
    Kind.QR: "https://id.gs1.org/01/09506000134352/21/W77",
    Kind.DATAMATRIX: "LPN0001234",
    Kind.ITF14: "19506000134359",
}


@pytest.mark.parametrize("kind", Kind)
def test_printed_label_reads_back_as_what_it_says(kind: Kind) -> None:
    spec = LabelSpec(kind=kind, content=SPECS[kind])
    picture, _ = label(spec)

    (read,) = zxingcpp.read_barcodes(np.ascontiguousarray(picture[:, :, 0]))

    assert (read.symbology_identifier, bytes(read.bytes)) == (spec.symbology, spec.data)


def test_datamatrix_of_a_carton_is_square() -> None:
    short = symbol(LabelSpec(kind=Kind.GS1_DATAMATRIX, content="(01)09506000134352(21)ABC12345"))

    assert short.shape[0] == short.shape[1]


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
