"""Where the parts of one label stand: the symbol with its white, the text beneath it, what people call it. Millimetres.

The human-readable interpretation stands beneath the symbol, or beside it where a small label has no room beneath
(GS1 General Specifications, 4.14). Nothing but the label's own margin comes into the quiet zone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from math import floor
from typing import Final

from server.printing.content import Content, PrintError
from server.printing.media import MARGIN
from server.printing.symbol import Symbol

GAP: Final = 0.8
BESIDE_GAP: Final = 1.5
READABLE_EM: Final = 2.3
"""About 6.5 points."""
READABLE_EM_MIN: Final = 1.6
BIG_EM: Final = 7.0
"""For what fits in one line: a bin is read from afar."""
HEADING_EM: Final = 4.2
_TYPES: Final = (BIG_EM, HEADING_EM, READABLE_EM)
LINE: Final = 1.15
"""Of the type size, from one line to the next."""
BESIDE_MIN: Final = 10.0
"""Millimetres that text beside a symbol needs."""
BARS_MAX: Final = 25.0
LENGTH_MAX: Final = 165.1
"""Of bars with their quiet zones (GS1 General Specifications, 5.4.4.3)."""
STEP: Final = 0.01
"""From one size of module to the next that is tried, where there are no dots."""
_NARROW: Final = frozenset("ijltfI.,:;'|!()[] -/")
_BROAD: Final = frozenset("mwMW@%")


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """One line of text."""

    x: float
    y: float
    """Of its upper edge."""
    em: float
    text: str
    bold: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """One label with everything in its place."""

    symbol: Symbol
    x: float
    """Of the first dark module, without the white around it."""
    y: float
    module: float
    row_height: float
    """Of a row of modules; of the bars where it is linear."""
    texts: tuple[Text, ...]


def place(
    content: Content,
    symbol: Symbol,
    heading: str,
    width: float,
    height: float,
    *,
    dot: float | None = None,
    margin: float = MARGIN,
) -> Placed:
    """Arrange one label: the largest modules with which everything fits.

    Args:
        heading: what people call it.
        dot: size of a printer's dot; modules are then whole dots.
        margin: white at the label's edge.

    Raises:
        PrintError: it does not fit; the message says how large a label it takes.
    """
    spot = _Spot(content=content, symbol=symbol, heading=heading, width=width, height=height, margin=margin)
    modules = list(_modules(symbol, dot))
    nameless = replace(spot, heading="")  # what people call it is left out last
    ways: list[Callable[[float], Placed | None]]
    if symbol.is_linear:
        ways = [spot.linear, nameless.linear]
    else:
        ways = [partial(spot.matrix, beneath=b, shorten=s) for s in (False, True) for b in (True, False)]
        ways += [partial(nameless.matrix, beneath=b, shorten=False) for b in (True, False)]
    for way in ways:
        for module in modules:
            if (placed := way(module)) is not None:
                return placed
    size = symbol.size
    rows = size.height if symbol.is_linear else len(symbol.rows) * size.module_min
    needs = (
        symbol.columns * size.module_min + 2 * _white(symbol, size.module_min, margin),
        rows + 2 * margin + 2 * READABLE_EM,
    )
    raise PrintError(
        f"It does not fit: this symbol with its text needs a label of about {needs[0]:.0f} x {needs[1]:.0f} mm, and "
        f"these have {width:g} x {height:g}. Take larger labels, or Data Matrix, which is the smallest."
    )


def _modules(symbol: Symbol, dot: float | None) -> Iterator[float]:
    """The sizes that a module may have, the largest first: whole dots where there are dots."""
    step, size = dot or STEP, symbol.size
    for steps in range(floor(size.module_max / step + 0.1), 0, -1):  # a tenth of a dot more or less is none
        module = steps * step if dot else min(steps * step, size.module_max)
        if module < size.module_min - 1e-6:
            break
        yield module


def _white(symbol: Symbol, module: float, margin: float) -> float:
    """What has to stay free beside the symbol: its quiet zone, which may reach into the label's margin."""
    return max(margin, symbol.size.quiet * module)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Spot:
    """One label that is to be arranged."""

    content: Content
    symbol: Symbol
    heading: str
    width: float
    height: float
    margin: float

    def _white(self, module: float) -> float:
        return _white(self.symbol, module, self.margin)

    def matrix(self, module: float, *, beneath: bool, shorten: bool) -> Placed | None:
        """The symbol at the left, the heading beside it, the interpretation beneath both or beside it."""
        white, side = self._white(module), self.symbol.columns * module
        quiet = max(GAP, self.symbol.size.quiet * module)
        readable = _wrapped(self.content.readable, self.width - 2 * self.margin, READABLE_EM) if beneath else []
        lines = len(readable) * READABLE_EM * LINE
        used = white + side + (quiet + lines + self.margin / 2 if readable else white)
        left = white + side + max(quiet, BESIDE_GAP)
        if used > self.height + 1e-6 or left > self.width - self.margin:
            return None
        said = () if beneath else self.content.readable
        room = (self.width - self.margin - left, side if beneath else self.height - white - self.margin)
        beside = _beside(self.heading, said, left, white, *room, shorten=shorten)
        if beside is None:
            return None
        texts = (*_column(readable, self.margin, white + side + quiet, READABLE_EM), *beside)
        return Placed(symbol=self.symbol, x=white, y=white, module=module, row_height=module, texts=texts)

    def linear(self, module: float) -> Placed | None:
        """The heading, the bars across the label, the interpretation."""
        wide = self.symbol.columns * module
        too_long = wide + 2 * self.symbol.size.quiet * module > LENGTH_MAX
        if too_long or wide + 2 * self._white(module) > self.width + 1e-6:
            return None
        readable = _wrapped(["  ".join(self.content.readable)], self.width - 2 * self.margin, READABLE_EM)
        below = GAP + len(readable) * READABLE_EM * LINE
        for em, lines in self._headings():
            above = len(lines) * em * LINE + (GAP if lines else 0)
            bars = min(self.height - 2 * self.margin - above - below, max(self.symbol.size.height, BARS_MAX))
            if bars >= self.symbol.size.height - 1e-6:
                x, y = (self.width - wide) / 2, self.margin + above
                texts = [
                    *_column(lines, self.margin, self.margin, em, bold=True),
                    *_column(readable, x, y + bars + GAP, READABLE_EM),
                ]
                return Placed(symbol=self.symbol, x=x, y=y, module=module, row_height=bars, texts=tuple(texts))
        return None

    def _headings(self) -> Iterator[tuple[float, list[str]]]:
        """What people call it, the largest type first: in one line, in two of the smallest, and then cut off."""
        if not self.heading:
            yield 0.0, []
            return
        broken = {em: _wrapped([self.heading], self.width - 2 * self.margin, em) for em in _TYPES}
        yield from ((em, lines) for em, lines in broken.items() if len(lines) == 1)
        yield READABLE_EM, _shortened(broken[READABLE_EM], 2)
        yield READABLE_EM, _shortened(broken[READABLE_EM], 1)


def _beside(
    heading: str, readable: Sequence[str], x: float, y: float, width: float, height: float, *, shorten: bool
) -> list[Text] | None:
    """The heading, and beneath it the interpretation where it stands here; None where they do not fit."""
    for em in (*_TYPES, READABLE_EM_MIN):
        small = min(em, READABLE_EM)
        said = _wrapped(readable, width, small)
        left = height - len(said) * small * LINE
        lines = _wrapped([heading], width, em)
        if em == BIG_EM and len(lines) > 1:
            continue
        shown = _shortened(lines, int(left / (em * LINE) + 1e-6)) if shorten else lines
        if width >= BESIDE_MIN and left >= len(shown) * em * LINE - 1e-6 and (shown or not heading):
            return _column(shown, x, y, em, bold=True) + _column(said, x, y + len(shown) * em * LINE, small)
    return None if heading or readable else []


def _column(lines: list[str], x: float, y: float, em: float, *, bold: bool = False) -> list[Text]:
    return [Text(x=x, y=y + n * em * LINE, em=em, text=line, bold=bold) for n, line in enumerate(lines)]


def _shortened(lines: list[str], rows: int) -> list[str]:
    if len(lines) <= rows or rows < 1:
        return lines[: max(rows, 0)]
    return [*lines[: rows - 1], lines[rows - 1][:-1].rstrip() + "…"]


def _wrapped(lines: Sequence[str], width: float, em: float) -> list[str]:
    """The lines broken so that none is wider than this: at blanks where it can be, else within a number."""
    found: list[str] = []
    for line in lines:
        rest = line
        while rest:
            taken = _as_much(rest, width, em)
            found.append(rest[:taken].rstrip())
            rest = rest[taken:].lstrip()
    return found


def _as_much(text: str, width: float, em: float) -> int:
    """How many characters fit, whole words where there are any; at least one."""
    used = 0.0
    for number, character in enumerate(text):
        used += _width(character) * em
        if used > width:
            blank = text.rfind(" ", 1, number + 1)
            return blank if blank > 0 else max(number, 1)
    return len(text)


def _width(character: str) -> float:
    """Of Helvetica bold, in ems, on the safe side; a thermal printer's own type is narrower."""
    if character in _BROAD:
        return 0.95
    if character in _NARROW:
        return 0.34
    return 0.75 if character.isupper() else 0.61
