"""What is drawn around a label, before anything is drawn: pure, so that who judges a label needs no OpenCV."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from scanner_client.vision.reading import Quad

PICTURE_ENDINGS: Final = (".png", ".jpg", ".jpeg")
"""Of the files that a marked picture can be written to; `marking.encoded` writes what the ending says."""


class MarkTone(StrEnum):
    """What a person shall see at a glance; each has a colour, a sign and a line of its own."""

    RIGHT = "right"
    WRONG = "wrong"
    LOOK = "look"
    """Kept, and something is odd."""
    KEPT = "kept"
    """Kept, and nothing is said of it: a blind count, a bin's own label."""
    UNREAD = "unread"
    """A label seems to stand here that nothing has read."""
    PENDING = "pending"
    """Read, and not yet believed or judged."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """One label's outline and what is said beside it."""

    quad: Quad
    """Pixels of the picture that it is drawn on."""

    tone: MarkTone

    caption: str = ""
    """A few words; an outline with no caption has its sign alone."""

    signed: bool = True
    """Whether it has a sign and a caption at all: of a box's labels only one does."""
