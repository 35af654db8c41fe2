"""What a person hears and sees at once: a pattern of beeps and a colour for each tone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TextIO

from scanner_client.sighting import Tone

BELL: Final = "\a"
PAUSE_S: Final = 0.12
"""Between the beeps of one pattern: short enough to be one sound, long enough to be counted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal:
    """How one tone sounds and looks; a sign says it too, for who cannot tell the colours apart."""

    beeps: int
    colour: str
    """ANSI colours (ECMA-48, 8.3.117): foreground and background."""
    sign: str


SIGNALS: Final = {
    Tone.GOOD: Signal(beeps=1, colour="30;42", sign="✓"),
    Tone.LOOK: Signal(beeps=2, colour="30;43", sign="!"),
    Tone.STOP: Signal(beeps=4, colour="97;41", sign="✗"),
    Tone.ASK: Signal(beeps=3, colour="30;46", sign="?"),
    Tone.INFO: Signal(beeps=0, colour="97;44", sign="·"),
}


def beep(tone: Tone, stream: TextIO, pause: Callable[[float], object]) -> None:
    """Sound the pattern of a tone on a terminal; `pause` waits that many seconds."""
    for number in range(SIGNALS[tone].beeps):
        if number:
            pause(PAUSE_S)
        stream.write(BELL)
        stream.flush()
