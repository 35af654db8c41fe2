"""Sheets of labels as PDF, to be printed at their actual size."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil
from typing import Final

from fpdf import FPDF
from fpdf.enums import PathPaintRule

from server.printing.content import CHARACTERS, PrintError
from server.printing.layout import Placed
from server.printing.media import Sheet

POINTS_PER_MM: Final = 72 / 25.4
_ASCENT: Final = 0.8
"""Of Helvetica: from a line's upper edge to its base, in ems."""


def sheets(placed: Sequence[Placed], sheet: Sheet, *, start: int = 1) -> bytes:
    """The labels on as many sheets as they take.

    Args:
        start: the first free label of the first sheet, counted from 1: what is left of a sheet is used up.

    Raises:
        PrintError: the sheet has no such label.
    """
    if not 1 <= start <= sheet.labels:
        raise PrintError(f"A sheet has labels 1 to {sheet.labels}; there is no label {start} to begin with.")
    pdf = FPDF(unit="mm", format=sheet.page)
    pdf.core_fonts_encoding = CHARACTERS  # as the type in the file has them; fpdf2's default knows neither € nor …
    pdf.set_auto_page_break(False)
    pdf.set_title("Labels")
    pdf.set_margin(0)
    first = start - 1
    for page in range(ceil((first + len(placed)) / sheet.labels)):
        pdf.add_page()
        on_it = range(max(first, page * sheet.labels), min(first + len(placed), (page + 1) * sheet.labels))
        for place in on_it:
            _draw(pdf, placed[place - first], *sheet.corner(place % sheet.labels))
    return bytes(pdf.output())


def _draw(pdf: FPDF, label: Placed, left: float, top: float) -> None:
    # One path for the whole symbol: painted one by one, neighbouring modules would show a hair of paper between them.
    with pdf.new_path() as path:
        path.style.fill_color = "#000000"
        path.style.stroke_color = None
        path.style.paint_rule = PathPaintRule.FILL_NONZERO
        path.style.auto_close = True
        for row, column, length in label.symbol.runs():
            path.rectangle(
                left + label.x + column * label.module,
                top + label.y + row * label.row_height,
                length * label.module,
                label.row_height,
            )
    for text in label.texts:
        pdf.set_font("helvetica", style="B" if text.bold else "", size=text.em * POINTS_PER_MM)
        pdf.text(left + text.x, top + text.y + _ASCENT * text.em, text.text)
