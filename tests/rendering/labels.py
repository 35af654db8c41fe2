"""Labels as a printer makes them: real symbols by zxing-cpp, with the text that people read beside them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from math import ceil

import cv2
import numpy as np
import zxingcpp
from numpy.typing import NDArray

from tests.rendering.kinds import TOLD_TO_BE_GS1, Kind

__all__ = ["Drawn", "Kind", "LabelSpec", "Picture", "Rect", "draw", "element_string", "label", "modules", "symbol"]

Picture = NDArray[np.uint8]
Rect = tuple[int, int, int, int]

INK = (34, 30, 28)
LINEAR_HEIGHT_PX = 66
LINE_PX = 22
MODULE_PX_MIN, MODULE_PX_MAX = 1.0, 32.0

PREDEFINED_LENGTH = re.compile(r"0[0-4]|1[1-9]|20|3[1-6]|41")
"""The AIs that no separator follows (GS1 General Specifications, figure 7.8.5-2)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelSpec:
    """What one label says. GS1 content is written bracketed: "(01)09506000134352(21)A1"."""

    kind: Kind
    content: str
    human_text: str | None = None
    """The text under the symbol; None stands for the content."""

    module_px: float | None = None
    """The width of the narrowest bar in pixels of the surface; None stands for the kind's own."""

    @property
    def symbology(self) -> str:
        return self.kind.traits.aim

    @property
    def data(self) -> bytes:
        """The bytes that a scanner must give for it, FNC1 as 0x1D."""
        if self.kind.is_gs1:
            return element_string(self.content)
        if self.kind is Kind.UPCE:
            return b"0" + upca_of(self.content).encode()
        return b"0" * (self.kind is Kind.UPCA) + self.content.encode()

    @property
    def text(self) -> str:
        return self.content if self.human_text is None else self.human_text

    @property
    def pitch_px(self) -> float:
        """The width of one module on the surface, in pixels."""
        return self.kind.traits.module_px if self.module_px is None else self.module_px


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Drawn:
    """One label on paper, BGR."""

    picture: Picture
    ink: Rect
    """The symbol: x, y, width, height."""

    quiet: Rect
    """The symbol with the white that it needs around it."""


def element_string(bracketed: str) -> bytes:
    """Bracketed GS1 text as a symbol's bytes: FNC1 after each field of no predefined length but the last."""
    fields = re.findall(r"\((\d{2,4})\)([^(]+)", bracketed)
    parts = [ai + value + ("" if PREDEFINED_LENGTH.match(ai) else "\x1d") for ai, value in fields]
    return "".join(parts).removesuffix("\x1d").encode()


def upca_of(upce: str) -> str:
    """The 12 digits that 8 digits of a UPC-E stand for (GS1 General Specifications, section 5.2.2.4.2)."""
    system, d, check = upce[0], upce[1:7], upce[7]
    last = int(d[5])
    if last <= 2:
        body = d[:2] + d[5] + "0000" + d[2:5]
    elif last == 3:
        body = d[:3] + "00000" + d[3:5]
    elif last == 4:
        body = d[:4] + "00000" + d[4]
    else:
        body = d[:5] + "0000" + d[5]
    return system + body + check


def modules(spec: LabelSpec) -> Picture:
    """The bare symbol, a pixel a module, without a quiet zone; one row where one line of bars is all."""
    options: dict[str, object] = {"gs1": True} if spec.kind in TOLD_TO_BE_GS1 else {}
    if spec.kind in (Kind.GS1_DATAMATRIX, Kind.DATAMATRIX):
        options["force_square"] = True
    barcode_format = getattr(zxingcpp.BarcodeFormat, spec.kind.traits.format)
    barcode = zxingcpp.create_barcode(spec.content, barcode_format, **options)
    drawn = np.array(barcode.to_image(scale=1, add_quiet_zones=False), dtype=np.uint8)
    dark_rows, dark_columns = np.flatnonzero((drawn == 0).any(axis=1)), np.flatnonzero((drawn == 0).any(axis=0))
    ink = drawn[dark_rows[0] : dark_rows[-1] + 1, dark_columns[0] : dark_columns[-1] + 1]
    return ink if spec.kind.is_matrix or spec.kind.is_stacked else ink[:1]


def symbol(spec: LabelSpec) -> Picture:
    """The bare symbol with its quiet zone, grey."""
    paper, _, _ = _on_paper(spec)
    return paper


def label(spec: LabelSpec) -> tuple[Picture, Rect]:
    """The symbol and its text on white, and where the symbol with its quiet zone is: (x, y, width, height)."""
    drawn = draw(spec)
    return drawn.picture, drawn.quiet


def draw(spec: LabelSpec) -> Drawn:
    """The symbol and its text on white."""
    paper, (x, y, w, h), (quiet_x, quiet_y, quiet_w, quiet_h) = _on_paper(spec)
    picture, left = _text_beside(paper, spec) if spec.kind.is_matrix else _text_below(paper, spec)
    return Drawn(picture=picture, ink=(x + left, y, w, h), quiet=(quiet_x + left, quiet_y, quiet_w, quiet_h))


def _on_paper(spec: LabelSpec) -> tuple[Picture, Rect, Rect]:
    """The symbol on its white, grey, with where its ink is and where its quiet zone ends."""
    pitch, quiet = spec.pitch_px, spec.kind.traits.quiet_modules
    if not MODULE_PX_MIN <= pitch <= MODULE_PX_MAX:
        raise ValueError(f"A module of {pitch} px cannot be drawn; {MODULE_PX_MIN} to {MODULE_PX_MAX} can.")
    ink = modules(spec)
    rows = ink.shape[0] if ink.shape[0] > 1 else LINEAR_HEIGHT_PX / pitch
    # Bars are as high as the label, so that only a symbol of rows needs white above and below.
    above = quiet if ink.shape[0] > 1 else 2
    size = ceil((ink.shape[1] + 2 * quiet) * pitch), ceil((rows + 2 * above) * pitch)
    place = np.array([[pitch, 0, quiet * pitch], [0, pitch * rows / ink.shape[0], above * pitch]])
    paper = _printed(ink, place, size)
    inside = (round(quiet * pitch), round(above * pitch), round(ink.shape[1] * pitch), round(rows * pitch))
    return paper, inside, (0, 0, *size)


def _printed(ink: Picture, place: NDArray[np.float64], size: tuple[int, int]) -> Picture:
    """Modules of any width on a grid of pixels: a pixel that an edge crosses takes both its shares of grey."""
    fine = 8  # An edge is placed to an eighth of a pixel.
    x = (np.arange(size[0] * fine) + 0.5) / fine
    y = (np.arange(size[1] * fine) + 0.5) / fine
    column = np.floor((x - place[0, 2]) / place[0, 0]).astype(int)
    row = np.floor((y - place[1, 2]) / place[1, 1]).astype(int)
    padded = np.pad(ink, 1, constant_values=255)
    column, row = (
        np.clip(column + 1, 0, padded.shape[1] - 1),
        np.clip(row + 1, 0, padded.shape[0] - 1),
    )
    across = padded[:, column].reshape(padded.shape[0], size[0], fine).mean(axis=2)
    return np.asarray(across[row].reshape(size[1], fine, size[0]).mean(axis=1).round(), np.uint8)


def _text_below(bars: Picture, spec: LabelSpec) -> tuple[Picture, int]:
    height, width = bars.shape
    text_width = width_of(spec.text, 17)
    canvas = blank(height + LINE_PX + 4, max(width, text_width + 8))
    left = (canvas.shape[1] - width) // 2
    canvas[:height, left : left + width] = bars[..., None]
    write(canvas, spec.text, ((canvas.shape[1] - text_width) // 2, height + 18), 17)
    return canvas, left


def _text_beside(bars: Picture, spec: LabelSpec) -> tuple[Picture, int]:
    """A matrix symbol's text stands beside it, a line for each field, as GS1 advises (section 4.14)."""
    height, width = bars.shape
    lines = re.sub(r"(?<=.)\(", "\n(", spec.text).splitlines() or [""]
    canvas = blank(max(height, LINE_PX * len(lines) + 16), width + 12 + max(width_of(line, 16) for line in lines))
    canvas[:height, :width] = bars[..., None]
    top = (canvas.shape[0] - LINE_PX * len(lines)) // 2
    for number, line in enumerate(lines, start=1):
        write(canvas, line, (width + 4, top + LINE_PX * number - 6), 16)
    return canvas, 0


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
