"""A symbol as a drawing within a page, to be printed with it at any size."""

from __future__ import annotations

from typing import Final

from markupsafe import Markup

from server.printing.content import content_of
from server.printing.symbol import Carrier, Symbol, draw
from sync.labels import SiteCodes

BARS: Final = 65
"""Height of a linear symbol, in modules: 32 mm where a module is 0.495 mm."""


def symbol_of(key: str, carrier: Carrier, codes: SiteCodes) -> Markup:
    """The symbol of a unit, carton, bin or badge with its quiet zone, as SVG.

    Raises:
        PrintError: there is no label for it.
    """
    return _drawn(draw(content_of(key, codes), carrier, codes))


def _drawn(symbol: Symbol) -> Markup:
    quiet, height = symbol.size.quiet, BARS if symbol.is_linear else 1
    above = 0 if symbol.is_linear else quiet
    box = symbol.columns + 2 * quiet, len(symbol.rows) * height + 2 * above
    path = "".join(
        f"M{quiet + column} {above + row * height}h{length}v{height}h-{length}z"
        for row, column, length in symbol.runs()
    )
    return Markup(
        '<svg viewBox="0 0 {} {}" shape-rendering="crispEdges"><path fill="#fff" d="M0 0h{}v{}h-{}z"/>'
        '<path fill="#000" d="{}"/></svg>'
    ).format(*box, box[0], box[1], box[0], path)
