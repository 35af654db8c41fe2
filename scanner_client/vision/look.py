"""What one look at one frame gave."""

from __future__ import annotations

from dataclasses import dataclass

from scanner_client.vision.reading import Quad, Reading


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What was read in one frame, and where a label seems to stand that was not."""

    readings: tuple[Reading, ...]
    """No two of them contradict each other at one place."""

    unread: tuple[Quad, ...] = ()
    """Where bars or modules seem to stand that no reading covers, in pixels of the frame."""
