"""What labels are printed on: sheets of a copy shop's sizes, and rolls of a thermal printer's. Millimetres."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from server.printing.content import PrintError

A4: Final = (210.0, 297.0)
LETTER: Final = (215.9, 279.4)
MARGIN: Final = 2.0
"""White that a printer's feed may eat into."""
EDGE: Final = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """A sheet of equal labels."""

    name: str
    text: str
    """What the box says: the maker's number as well, for those who buy by it."""
    page: tuple[float, float]
    columns: int
    rows: int
    width: float
    height: float
    left: float
    """From the page's edge to the first label, and below from its top."""
    top: float
    pitch: float
    """From one label's left edge to the next one's; downwards labels follow each other without a gap."""

    @property
    def margin(self) -> float:
        """White within each label: an office printer leaves 5 mm of the paper's edge white."""
        return max(MARGIN, EDGE - min(self.left, self.top))

    @property
    def labels(self) -> int:
        return self.columns * self.rows

    def corner(self, place: int) -> tuple[float, float]:
        """Where the label at this place begins, counted from 0 along the rows."""
        row, column = divmod(place, self.columns)
        return self.left + column * self.pitch, self.top + row * self.height


def _a4(columns: int, rows: int, width: float, height: float, gap: float, maker: str) -> Sheet:
    page_width, page_height = A4
    return Sheet(
        name=f"a4-{columns}x{rows}",
        text=f"A4, {columns} x {rows}, {width:g} x {height:g} mm ({maker})",
        page=A4,
        columns=columns,
        rows=rows,
        width=width,
        height=height,
        left=round((page_width - columns * width - (columns - 1) * gap) / 2, 3),
        top=round((page_height - rows * height) / 2, 3),
        pitch=width + gap,
    )


_SHEETS: Final = (
    _a4(3, 8, 70.0, 37.0, 0.0, "Avery 3474"),
    _a4(3, 7, 63.5, 38.1, 2.54, "Avery L7160"),
    _a4(4, 10, 48.5, 25.4, 0.0, "Avery 3657"),
    _a4(5, 13, 38.1, 21.2, 2.5, "Avery L7651"),
    _a4(2, 7, 99.1, 38.1, 2.5, "Avery L7163"),
    _a4(2, 4, 99.1, 67.7, 2.5, "Avery L7165"),
    _a4(1, 2, 199.6, 143.5, 0.0, "Avery L7168"),
    Sheet(
        name="letter-3x10",
        text="US Letter, 3 x 10, 2⅝ x 1 in (Avery 5160)",
        page=LETTER,
        columns=3,
        rows=10,
        width=66.675,
        height=25.4,
        left=4.763,
        top=12.7,
        pitch=69.85,
    ),
)
SHEETS: Final = {sheet.name: sheet for sheet in _SHEETS}


@dataclass(frozen=True, slots=True, kw_only=True)
class Roll:
    """One label of a roll."""

    name: str
    width: float
    height: float

    @property
    def text(self) -> str:
        return f"{self.width:g} x {self.height:g} mm"


ROLLS: Final = {
    f"{width}x{height}": Roll(name=f"{width}x{height}", width=float(width), height=float(height))
    for width, height in ((50, 25), (57, 32), (70, 37), (100, 50), (102, 152))
}
DOTS_PER_MM: Final = {203: 8.0, 300: 11.811}
"""By a printer's dpi. Printers of "203" have 8 dots a millimetre."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Printer:
    """A thermal printer with a roll in it."""

    roll: Roll
    dpi: int


def find(name: str) -> Sheet | Printer:
    """A sheet by its name, or a roll by its name and the printer's resolution: `50x25@203`.

    Raises:
        PrintError: there is neither.
    """
    if name in SHEETS:
        return SHEETS[name]
    roll, _, dpi = name.partition("@")
    if roll in ROLLS and dpi in map(str, DOTS_PER_MM):
        return Printer(roll=ROLLS[roll], dpi=int(dpi))
    raise PrintError(f"There is nothing called {name!r:.40} to print on: it is one of {', '.join(names())}.")


def names() -> dict[str, str]:
    """Everything that can be printed on: its name, and what to call it."""
    rolls = {f"{roll.name}@{dpi}": f"Roll, {roll.text}, {dpi} dpi" for roll in ROLLS.values() for dpi in DOTS_PER_MM}
    return {sheet.name: sheet.text for sheet in SHEETS.values()} | rolls
