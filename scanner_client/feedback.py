"""What a person hears, feels and sees at once: a pattern of beeps and a colour for each tone."""

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

    pitches_hz: tuple[int, ...]
    """One beep each. A terminal has one pitch only, so that their number has to tell the tones apart as well."""
    beep_ms: int
    harsh: bool = False
    """Whether it sounds as a square wave, which a noisy hall does not swallow."""
    colour: str
    """ANSI colours (ECMA-48, 8.3.117): foreground and background."""
    sign: str

    @property
    def beeps(self) -> int:
        """How many beeps the pattern has."""
        return len(self.pitches_hz)

    @property
    def pause_ms(self) -> int:
        """Between two beeps."""
        return round(1000 * PAUSE_S)

    @property
    def shakes_ms(self) -> list[int]:
        """The pattern as `navigator.vibrate` takes it: on, off, on (https://www.w3.org/TR/vibration/)."""
        return [self.beep_ms, *[self.pause_ms, self.beep_ms] * (self.beeps - 1)] if self.beeps else []


SIGNALS: Final = {
    Tone.GOOD: Signal(pitches_hz=(2000,), beep_ms=100, colour="30;42", sign="✓"),
    Tone.LOOK: Signal(pitches_hz=(1000, 750), beep_ms=160, colour="30;43", sign="!"),
    Tone.ALARM: Signal(pitches_hz=(1800, 900) * 4, beep_ms=260, harsh=True, colour="97;45", sign="✗✗"),
    Tone.STOP: Signal(pitches_hz=(330, 330, 330, 330), beep_ms=220, harsh=True, colour="97;41", sign="✗"),
    Tone.ASK: Signal(pitches_hz=(700, 950, 1250), beep_ms=110, colour="30;46", sign="?"),
    Tone.INFO: Signal(pitches_hz=(), beep_ms=0, colour="97;44", sign="·"),
}


def beep(tone: Tone, stream: TextIO, pause: Callable[[float], object]) -> None:
    """Sound the pattern of a tone on a terminal; `pause` waits that many seconds."""
    for number in range(SIGNALS[tone].beeps):
        if number:
            pause(PAUSE_S)
        stream.write(BELL)
        stream.flush()
