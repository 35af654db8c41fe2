"""The kinds of label that warehouses print and the decoder reads, and what a scanner must say of each."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from math import inf


class Kind(StrEnum):
    CODE128 = "code128"
    GS1_128 = "gs1_128"
    CODE39 = "code39"
    CODE93 = "code93"
    CODABAR = "codabar"
    ITF14 = "itf14"
    EAN13 = "ean13"
    EAN8 = "ean8"
    UPCA = "upca"
    UPCE = "upce"
    DATABAR = "databar"
    DATABAR_LIMITED = "databar_limited"
    DATABAR_STACKED = "databar_stacked"
    DATABAR_STACKED_OMNI = "databar_stacked_omni"
    DATABAR_EXPANDED = "databar_expanded"
    DATABAR_EXPANDED_STACKED = "databar_expanded_stacked"
    PDF417 = "pdf417"
    QR = "qr"
    GS1_QR = "gs1_qr"
    DATAMATRIX = "datamatrix"
    GS1_DATAMATRIX = "gs1_datamatrix"
    AZTEC = "aztec"

    @property
    def traits(self) -> Traits:
        return TRAITS[self]

    @property
    def is_gs1(self) -> bool:
        """Whether the content is written bracketed."""
        return self in GS1

    @property
    def is_matrix(self) -> bool:
        return self.traits.row_modules == 1

    @property
    def is_stacked(self) -> bool:
        return 1 < self.traits.row_modules < inf


@dataclass(frozen=True, slots=True, kw_only=True)
class Traits:
    """What is the same for every label of one kind."""

    format: str
    """zxing-cpp's name of it."""

    aim: str
    """The AIM identifier that it must read back with (ISO/IEC 15424)."""

    row_modules: float = inf
    """How high the lowest row of modules is: 1 in a matrix symbol, infinite where one line of bars is all."""

    quiet_modules: int = 10
    """White that is printed beside the symbol, at least what its standard asks for."""

    module_px: float = 2.0
    """As large as it is drawn where nothing else is asked for."""


def _stacked(format_name: str, row_modules: float) -> Traits:
    return Traits(format=format_name, aim="]e0", row_modules=row_modules, quiet_modules=4, module_px=3.0)


def _matrix(format_name: str, aim: str, quiet_modules: int) -> Traits:
    return Traits(format=format_name, aim=aim, row_modules=1, quiet_modules=quiet_modules, module_px=4.0)


TRAITS = {
    Kind.CODE128: Traits(format="Code128", aim="]C0"),
    Kind.GS1_128: Traits(format="Code128", aim="]C1"),
    Kind.CODE39: Traits(format="Code39", aim="]A0"),
    Kind.CODE93: Traits(format="Code93", aim="]G0"),
    Kind.CODABAR: Traits(format="Codabar", aim="]F0"),
    Kind.ITF14: Traits(format="ITF", aim="]I1"),
    Kind.EAN13: Traits(format="EAN13", aim="]E0", quiet_modules=11),
    Kind.EAN8: Traits(format="EAN8", aim="]E4", quiet_modules=7),
    Kind.UPCA: Traits(format="UPCA", aim="]E0", quiet_modules=9),
    Kind.UPCE: Traits(format="UPCE", aim="]E0", quiet_modules=9),
    Kind.DATABAR: Traits(format="DataBarOmni", aim="]e0", quiet_modules=4),
    Kind.DATABAR_LIMITED: Traits(format="DataBarLtd", aim="]e0", quiet_modules=5),
    Kind.DATABAR_STACKED: _stacked("DataBarStk", 5),
    Kind.DATABAR_STACKED_OMNI: _stacked("DataBarStkOmni", 33),
    Kind.DATABAR_EXPANDED: Traits(format="DataBarExp", aim="]e0", quiet_modules=4),
    Kind.DATABAR_EXPANDED_STACKED: _stacked("DataBarExpStk", 34),
    Kind.PDF417: Traits(format="PDF417", aim="]L2", row_modules=3, quiet_modules=3, module_px=3.0),
    Kind.QR: _matrix("QRCode", "]Q1", 4),
    Kind.GS1_QR: _matrix("QRCode", "]Q3", 4),
    Kind.DATAMATRIX: _matrix("DataMatrix", "]d1", 3),
    Kind.GS1_DATAMATRIX: _matrix("DataMatrix", "]d2", 3),
    Kind.AZTEC: _matrix("Aztec", "]z0", 3),
}

GS1 = frozenset(
    {
        Kind.GS1_128, Kind.GS1_QR, Kind.GS1_DATAMATRIX, Kind.DATABAR, Kind.DATABAR_LIMITED, Kind.DATABAR_STACKED,
        Kind.DATABAR_STACKED_OMNI, Kind.DATABAR_EXPANDED, Kind.DATABAR_EXPANDED_STACKED,
    }
)  # fmt: skip
TOLD_TO_BE_GS1 = frozenset({Kind.GS1_128, Kind.GS1_QR, Kind.GS1_DATAMATRIX})
"""The others of `GS1` cannot be anything else."""
