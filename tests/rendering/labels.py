"""Labels as a printer makes them: real symbols by zxing-cpp, with the text that people read beside them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import cv2
import numpy as np
import zxingcpp
from numpy.typing import NDArray

Picture = NDArray[np.uint8]
Rect = tuple[int, int, int, int]

INK = (34, 30, 28)
LINEAR_MODULE_PX = 2
LINEAR_HEIGHT_PX = 66
MATRIX_MODULE_PX = 4
LINE_PX = 22

PREDEFINED_LENGTH = re.compile(r"0[0-4]|1[1-9]|20|3[1-6]|41")
"""The AIs that no separator follows (GS1 General Specifications, figure 7.8.5-2)."""


class Kind(StrEnum):
    GS1_DATAMATRIX = "gs1_datamatrix"
    GS1_128 = "gs1_128"
    EAN13 = "ean13"
    CODE128 = "code128"
    QR = "qr"
    DATAMATRIX = "datamatrix"
    ITF14 = "itf14"

    @property
    def is_gs1(self) -> bool:
        return self in (Kind.GS1_DATAMATRIX, Kind.GS1_128)

    @property
    def is_matrix(self) -> bool:
        return self in (Kind.GS1_DATAMATRIX, Kind.DATAMATRIX, Kind.QR)


_FORMAT: dict[Kind, Any] = {
    Kind.GS1_DATAMATRIX: zxingcpp.BarcodeFormat.DataMatrix,
    Kind.GS1_128: zxingcpp.BarcodeFormat.Code128,
    Kind.EAN13: zxingcpp.BarcodeFormat.EAN13,
    Kind.CODE128: zxingcpp.BarcodeFormat.Code128,
    Kind.QR: zxingcpp.BarcodeFormat.QRCode,
    Kind.DATAMATRIX: zxingcpp.BarcodeFormat.DataMatrix,
    Kind.ITF14: zxingcpp.BarcodeFormat.ITF,
}

AIM = {
    Kind.GS1_DATAMATRIX: "]d2",
    Kind.GS1_128: "]C1",
    Kind.EAN13: "]E0",
    Kind.CODE128: "]C0",
    Kind.QR: "]Q1",
    Kind.DATAMATRIX: "]d1",
    Kind.ITF14: "]I1",
}
"""The AIM identifier that each kind must read back with (ISO/IEC 15424)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelSpec:
    """What one label says. GS1 content is written bracketed: "(01)09506000134352(21)A1"."""

    kind: Kind
    content: str
    human_text: str | None = None
    """The text under the symbol; None stands for the content."""

    @property
    def symbology(self) -> str:
        return AIM[self.kind]

    @property
    def data(self) -> bytes:
        """The bytes that a scanner must give for it, FNC1 as 0x1D."""
        return element_string(self.content) if self.kind.is_gs1 else self.content.encode()

    @property
    def text(self) -> str:
        return self.content if self.human_text is None else self.human_text


def element_string(bracketed: str) -> bytes:
    """Bracketed GS1 text as a symbol's bytes: FNC1 after each field of no predefined length but the last."""
    fields = re.findall(r"\((\d{2,4})\)([^(]+)", bracketed)
    parts = [ai + value + ("" if PREDEFINED_LENGTH.match(ai) else "\x1d") for ai, value in fields]
    return "".join(parts).removesuffix("\x1d").encode()


def symbol(spec: LabelSpec) -> Picture:
    """The bare symbol with its quiet zone, grey."""
    options: dict[str, object] = {"gs1": True} if spec.kind.is_gs1 else {}
    if spec.kind in (Kind.GS1_DATAMATRIX, Kind.DATAMATRIX):
        options["force_square"] = True
    barcode = zxingcpp.create_barcode(spec.content, _FORMAT[spec.kind], **options)
    modules = np.array(barcode.to_image(scale=1, add_quiet_zones=True), dtype=np.uint8)
    if spec.kind.is_matrix:
        quiet = np.pad(modules, 2, constant_values=255)
        return np.kron(quiet, np.ones((MATRIX_MODULE_PX, MATRIX_MODULE_PX), np.uint8))
    bars = np.repeat(modules[:1], LINEAR_HEIGHT_PX, axis=0)
    return np.repeat(bars, LINEAR_MODULE_PX, axis=1)


def label(spec: LabelSpec) -> tuple[Picture, Rect]:
    """The symbol and its text on white, and where the symbol is in it: (x, y, width, height)."""
    bars = symbol(spec)
    return _text_beside(bars, spec) if spec.kind.is_matrix else _text_below(bars, spec)


def _text_below(bars: Picture, spec: LabelSpec) -> tuple[Picture, Rect]:
    height, width = bars.shape
    text_width = width_of(spec.text, 17)
    canvas = blank(height + LINE_PX + 4, max(width, text_width + 8))
    left = (canvas.shape[1] - width) // 2
    canvas[:height, left : left + width] = bars[..., None]
    write(canvas, spec.text, ((canvas.shape[1] - text_width) // 2, height + 18), 17)
    return canvas, (left, 0, width, height)


def _text_beside(bars: Picture, spec: LabelSpec) -> tuple[Picture, Rect]:
    """A matrix symbol's text stands beside it, a line for each field, as GS1 advises (section 4.14)."""
    height, width = bars.shape
    lines = re.sub(r"(?<=.)\(", "\n(", spec.text).splitlines() or [""]
    canvas = blank(max(height, LINE_PX * len(lines) + 16), width + 12 + max(width_of(line, 16) for line in lines))
    canvas[:height, :width] = bars[..., None]
    top = (canvas.shape[0] - LINE_PX * len(lines)) // 2
    for number, line in enumerate(lines, start=1):
        write(canvas, line, (width + 4, top + LINE_PX * number - 6), 16)
    return canvas, (0, 0, width, height)


def blank(height: int, width: int, colour: tuple[int, int, int] = (255, 255, 255)) -> Picture:
    return np.full((height, width, 3), colour, np.uint8)


def write(
    canvas: Picture,
    text: str,
    at: tuple[int, int],
    size: int,
    *,
    weight: int = 400,
    colour: tuple[int, int, int] = INK,
) -> None:
    """Put text on a picture with OpenCV's own font, so that a machine without fonts draws the same."""
    cv2.putText(canvas, text, at, colour, cv2.FontFace("sans"), size, weight)


def width_of(text: str, size: int, weight: int = 400) -> int:
    _, _, width, _ = cv2.getTextSize((4000, 200), text, (0, 0), cv2.FontFace("sans"), size, weight)
    return int(width)
