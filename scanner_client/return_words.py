"""The verdict on a return as a person hears it: what is done, why, and what is to be said next."""

from __future__ import annotations

from typing import Final

from scanner_client.sighting import Tone
from scanner_client.wording import say
from sync.because import STILL_NEEDED, Because, Outcome
from sync.returning import ReturnVerdict

_TONES: Final = {
    Outcome.RESTOCK: Tone.GOOD,
    Outcome.INSPECT: Tone.LOOK,
    Outcome.QUARANTINE: Tone.STOP,
    Outcome.REJECT: Tone.STOP,
    Outcome.CANNOT_TELL: Tone.LOOK,
}
REASONS_MAX: Final = 4
"""Of those that are said at once; the gravest come first."""


def tone(verdict: ReturnVerdict) -> Tone:
    """How a person is told of it, before they read a word."""
    return Tone.ALARM if Because.STOLEN in verdict.because else _TONES[verdict.outcome]


def words(verdict: ReturnVerdict) -> str:
    """The verdict in one text."""
    reasons = reasons_of(verdict)[:REASONS_MAX]
    waits = not reasons and verdict.needed
    parts = [] if waits else [say(f"outcome.{verdict.outcome.value}"), *reasons]
    parts += [next_step(verdict)] if verdict.needed else []
    return " ".join(parts)


def reasons_of(verdict: ReturnVerdict) -> list[str]:
    """Every reason in words, but for what can still be said."""
    return [say(f"because.{why.value}") for why in verdict.because if why not in STILL_NEEDED]


def next_step(verdict: ReturnVerdict) -> str:
    """What to read or say next; empty where nothing lacks."""
    return say(f"because.{verdict.needed[0].value}") if verdict.needed else ""
