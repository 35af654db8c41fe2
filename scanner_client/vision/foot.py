"""What stands at a saved picture's foot: what its signs mean, and lines of text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, TypeAlias

import numpy as np

from scanner_client.vision.mark import MarkTone
from scanner_client.vision.pen import STYLES, Picture, shortened, sign, text_height, text_width, write

LINES_MAX: Final = 40
LINE_CHARACTERS_MAX: Final = 2_000
LEGEND_GAP: Final = 1.2
"""Between two entries of the legend, in text heights."""

PAPER: Final = (250, 250, 250)
INK: Final = (28, 24, 20)

Legend: TypeAlias = Sequence[tuple[MarkTone, str]]


def foot(width_px: int, legend: Legend, lines: Sequence[str]) -> Picture:
    """A strip of paper as wide as the picture; of height 0 where there is nothing to say.

    Lines that are too long are broken; at most `LINES_MAX` are shown then, and the last of them ends in "…".
    """
    text_px = text_height(width_px)
    line_px, margin = round(1.6 * text_px), round(0.8 * text_px)
    within = width_px - 2 * margin
    broken = [part for line in lines for part in _broken(shortened(line, LINE_CHARACTERS_MAX), within, text_px)]
    shown = broken if len(broken) <= LINES_MAX else [*broken[: LINES_MAX - 1], broken[LINES_MAX - 1] + " …"]
    rows = _legend_rows(legend, within, text_px)
    if not rows and not shown:
        return np.zeros((0, width_px, 3), np.uint8)
    sheet = np.full((margin * 2 + line_px * (len(rows) + len(shown)), width_px, 3), PAPER, np.uint8)
    for number, row in enumerate(rows):
        _write_legend(sheet, row, (margin, margin + line_px * number), text_px)
    for number, line in enumerate(shown, start=len(rows)):
        write(sheet, line, (margin, margin + line_px * number + round(1.15 * text_px)), text_px, INK)
    return sheet


def _write_legend(sheet: Picture, row: Legend, at: tuple[int, int], text_px: int) -> None:
    left, top = at
    side = round(1.3 * text_px)
    for tone, words in row:
        sign(sheet, STYLES[tone], (left, top), side)
        write(sheet, words, (left + side + text_px // 2, top + round(1.05 * text_px)), text_px, INK)
        left += _legend_width(words, text_px)


def _legend_rows(legend: Legend, width_px: int, text_px: int) -> list[list[tuple[MarkTone, str]]]:
    rows: list[list[tuple[MarkTone, str]]] = []
    left = width_px
    for tone, words in legend:
        needed = _legend_width(words, text_px)
        if left + needed > width_px:
            rows.append([])
            left = 0
        rows[-1].append((tone, words))
        left += needed
    return rows


def _legend_width(words: str, text_px: int) -> int:
    return round((1.3 + 0.5 + LEGEND_GAP) * text_px) + text_width(words, text_px)


def _broken(line: str, width_px: int, text_px: int) -> list[str]:
    """A line as lines that are not wider; a word that is too wide by itself is cut at the edge."""
    lines: list[str] = []
    for word in line.split():
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and text_width(longer, text_px) <= width_px:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines
