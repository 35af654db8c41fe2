"""Symbols as rows of modules, drawn by zxing-cpp: the only file of the server that knows it.

It ignores options that it does not know, and takes an AI in brackets within a serial number for another element: so
each symbol says what it holds, and is held to be what was asked for.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import zxingcpp

from server.printing.content import Content, PrintError
from sync.labels import SiteCodes


class Carrier(StrEnum):
    """Which symbol a label bears."""

    DATAMATRIX = "datamatrix"
    """GS1 DataMatrix; Data Matrix for the site's own codes."""
    LINEAR = "128"
    """GS1-128; Code 128 for the site's own codes."""
    QR = "qr"
    """QR Code with a GS1 Digital Link, or with the site's own code."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Print:
    """How large a carrier is printed: millimetres, and white beside it in modules."""

    module_min: float
    module_max: float
    quiet: int
    height: float = 0.0
    """Of the bars of a linear symbol; 0 for a matrix, whose rows are modules."""


OWN: Final = {
    Carrier.DATAMATRIX: Print(module_min=0.375, module_max=0.99, quiet=1),
    Carrier.LINEAR: Print(module_min=0.25, module_max=0.495, quiet=10, height=12.7),
    Carrier.QR: Print(module_min=0.375, module_max=0.99, quiet=4),
}
"""Of the site's own codes, which GS1 says nothing of: as large as it will go, for bins are read from afar."""
KEYED: Final = {
    Carrier.DATAMATRIX: Print(module_min=0.375, module_max=0.495, quiet=1),
    Carrier.LINEAR: OWN[Carrier.LINEAR],
    Carrier.QR: Print(module_min=0.375, module_max=0.495, quiet=4),
}
"""GS1 General Specifications: X-dimensions and heights of 5.12.3, symbol specification tables 4 (trade items that are
not scanned at points of sale) and 9 (locations); 0.375 mm rather than 0.380 because that is three dots of a printer of
203 dpi. Quiet zones: 10 modules beside GS1-128 (5.4.4.2), 1 around Data Matrix (ISO/IEC 16022), 4 around QR Code
(ISO/IEC 18004)."""
LOGISTIC: Final = {
    Carrier.DATAMATRIX: Print(module_min=0.743, module_max=1.5, quiet=1),
    Carrier.LINEAR: Print(module_min=0.495, module_max=0.94, quiet=10, height=31.75),
    Carrier.QR: Print(module_min=0.743, module_max=1.5, quiet=4),
}
"""With an SSCC: symbol specification table 5 (logistic units)."""
LINEAR_MAX: Final = 48
"""Characters of a GS1-128, AIs and separators among them (GS1 General Specifications, 5.4.4.3)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Symbol:
    """One symbol, its white left out."""

    rows: tuple[tuple[bool, ...], ...]
    """Modules from top left; True is dark. A linear symbol has one row."""
    size: Print

    @property
    def columns(self) -> int:
        return len(self.rows[0])

    @property
    def is_linear(self) -> bool:
        return self.size.height > 0

    def runs(self) -> list[tuple[int, int, int]]:
        """The dark modules as stretches: row, first column, how many."""
        found = []
        for number, row in enumerate(self.rows):
            start = None
            for column, dark in enumerate((*row, False)):
                if dark and start is None:
                    start = column
                elif not dark and start is not None:
                    found.append((number, start, column - start))
                    start = None
        return found


def draw(content: Content, carrier: Carrier, codes: SiteCodes) -> Symbol:
    """The symbol that says this.

    Raises:
        PrintError: it holds too much for this carrier, or would be read as something else.
    """
    barcode = _create(content, carrier)
    content.check(barcode.bytes, barcode.symbology_identifier, codes)
    if carrier is Carrier.LINEAR and content.elements and len(barcode.bytes) > LINEAR_MAX:
        raise PrintError(
            f"{len(barcode.bytes)} characters are too many for GS1-128, which holds {LINEAR_MAX}: take Data Matrix."
        )
    image = memoryview(barcode.to_image(scale=1, add_quiet_zones=False))  # type: ignore[arg-type]  # its stub says less
    width = (image.shape or (0, 0))[1]
    pixels = image.tobytes()
    rows = [tuple(p == 0 for p in pixels[at : at + width]) for at in range(0, len(pixels), width)]
    is_sscc = any(ai == "00" for ai, _ in content.elements)
    sizes = LOGISTIC if is_sscc else KEYED if content.elements else OWN
    return Symbol(rows=(rows[0],) if carrier is Carrier.LINEAR else tuple(rows), size=sizes[carrier])


def _create(content: Content, carrier: Carrier) -> zxingcpp.Barcode:
    options: dict[str, object] = {}
    text = content.link
    if carrier is Carrier.DATAMATRIX:
        options["force_square"] = True  # else some lengths become rectangular (DMRE), which few scanners read
    if carrier is Carrier.QR:
        options["ec_level"] = "M"
    elif content.elements:
        options["gs1"] = True
        # Square brackets are not in character set 82, so that no value can be taken for an AI.
        text = "".join(f"[{ai}]{value}" for ai, value in content.elements)
    try:
        return zxingcpp.create_barcode(text, _FORMATS[carrier], **options)
    except ValueError as error:
        raise PrintError(f"{content.key} cannot be printed as {carrier}: {error}") from None


_FORMATS: Final = {
    Carrier.DATAMATRIX: zxingcpp.BarcodeFormat.DataMatrix,
    Carrier.LINEAR: zxingcpp.BarcodeFormat.Code128,
    Carrier.QR: zxingcpp.BarcodeFormat.QRCode,
}
