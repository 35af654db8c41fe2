"""What comes in from a camera or a person, and what is said back."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from sync.event import BARCODE_BYTES_MAX, LIST_MAX, ScanEvent
from sync.identity import Kind
from sync.returning import ReturnVerdict
from sync.verdict import Judgement

if TYPE_CHECKING:  # a wedge needs no NumPy
    from scanner_client.vision.frame import Grey

REASON_MAX: Final = 300
MAIN_FIRST: Final = (Kind.UNIT, Kind.SERIAL, Kind.PLATE, Kind.IDENTIFIER, Kind.LOT, Kind.ITEM)
"""Which symbol of a box names what was scanned; the others stand beside it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Symbol:
    """One barcode as read, or one line as typed."""

    data: bytes
    """The bytes, FNC1 as 0x1D."""
    symbology: str | None = None
    """AIM symbology identifier (ISO/IEC 15424); None where a wedge scanner does not say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """The symbols of one box, or of one label that stands alone."""

    symbols: tuple[Symbol, ...]
    entry: str | None = None
    """``wedge`` or ``keyed`` where no camera read it."""
    box: int | None = None
    """The tracker's number of the box: a second sighting of it has found a further label, and is no second box."""
    frame: int | None = None
    """The first frame that showed it."""
    crops: tuple[Grey, ...] = field(default=(), repr=False, compare=False)
    """The best picture of each symbol, in their order; none where no camera read it."""


class Tone(StrEnum):
    """How a person is told, before they read a word."""

    GOOD = "good"
    LOOK = "look"
    """Kept, and something is odd."""
    ALARM = "alarm"
    """Kept, and somebody has to come."""
    STOP = "stop"
    """Kept, and it must not go on."""
    ASK = "ask"
    """Not kept: something else is needed first."""
    INFO = "info"


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What one sighting led to. Where an event stands here, it is on the disk."""

    tone: Tone
    text: str
    thing: str = ""
    """What was read, for people."""
    event: ScanEvent | None = None
    judgement: Judgement | None = None
    """None where nothing was judged, or the verdict is kept from a blind counter."""
    returned: ReturnVerdict | None = None
    """Of something that came back: what is done with it, and why."""
    undone_box: int | None = None
    """The tracker's number of the box whose scan was undone: nothing is kept of it any more."""


def with_symbols(event: ScanEvent, sighting: Sighting, main: Symbol | None) -> ScanEvent:
    """The event with the symbols of a sighting as they were read: one is its barcode, the others stand beside it."""
    others = [s for s in sighting.symbols if s is not main][:LIST_MAX]
    return replace(
        event,
        barcode=main.data if main else None,
        symbology=main.symbology if main else None,
        beside=tuple(_beside(s) for s in others) or None,
        entry=sighting.entry,
    )


def rank(kind: Kind) -> int:
    """How late among the symbols of a box one of this kind is asked for the box's name."""
    return MAIN_FIRST.index(kind) if kind in MAIN_FIRST else len(MAIN_FIRST)


def printable(text: str) -> str:
    """A reason that an event can hold: in one line, bounded, nothing in it that cannot be printed."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)[:REASON_MAX]


def _beside(symbol: Symbol) -> str:
    return ((symbol.symbology or "") + symbol.data.decode("latin-1"))[:BARCODE_BYTES_MAX]
