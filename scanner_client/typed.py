"""What a wedge scanner or a person types, one line each, and what it means for the session.

A wedge types a label's characters and Enter. A person can type as well: ``key:TEXT``, twice, for a label that cannot
be scanned; ``*12`` before a product that lies there twelve times; ``/undo``, ``/unreadable`` and ``/finish``;
``/scans`` lists the last scans by number, and ``/undo 3 WHY`` undoes the third of them. ``/list`` says what is still to
be picked, ``/short WHY`` that what it names next cannot be found, and ``/close`` closes the carton in hand.
``/condition damaged`` says it of the last scan, ``/condition damaged next`` of the next one. Of a return ``/seal
broken`` and ``/reason fit`` say the rest, ``/restock`` releases it and ``/next`` leaves it as it is; ``/undelivered``
says that the parcel whose label was read never reached anybody.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import BinaryIO, Final

from scanner_client.past import PastScan, last_scans, reasons
from scanner_client.session import Session
from scanner_client.sighting import Sighting, Symbol, Told, Tone, printable
from scanner_client.wording import say
from sync.event import BARCODE_BYTES_MAX

SCANS: Final = b"/scans"
UNDO: Final = b"/undo "
SHORT: Final = b"/short "
CONDITION: Final = b"/condition "
FROM: Final = b"/from "
SEAL: Final = b"/seal "
REASON: Final = b"/reason "
PICTURE: Final = b"/picture"
SIGN_OUT: Final = b"/sign-out"
WITH_WORDS: Final = tuple(word.strip() for word in (SHORT, CONDITION, SEAL, REASON))
SCANS_LISTED: Final = 15
KEYED_PREFIX: Final = b"key:"
AIM_FLAG: Final = b"]"
_MULTIPLIER: Final = re.compile(rb"\*\s*[-+]?[0-9]+\s*")
SHOWN_MAX: Final = 20
"""Characters of a mistyped line that its sentence repeats."""

_COMMANDS: Final[dict[bytes, Callable[[Session], list[Told]]]] = {
    b"/undo": lambda session: [session.undo()],
    b"/unreadable": Session.unreadable,
    b"/finish": Session.finish,
    b"/close": Session.close_carton,
    b"/undelivered": lambda session: session.desk.undelivered(),
    b"/restock": lambda session: session.desk.release(),
    b"/next": lambda session: session.desk.next(),
    b"/list": Session.listed,
}


def lines(stream: BinaryIO) -> Iterator[bytes]:
    """Lines of a bounded length, without their ends; the rest of a longer one is dropped."""
    while line := stream.readline(BARCODE_BYTES_MAX + 2):
        text = line.rstrip(b"\r\n")
        while line and not line.endswith(b"\n"):
            line = stream.readline(BARCODE_BYTES_MAX)
        if text:
            yield text[:BARCODE_BYTES_MAX]


def is_command(line: bytes) -> bool:
    """Whether a person means something else by this line than a label."""
    said = line.strip()
    return said.startswith((b"/", KEYED_PREFIX)) or _MULTIPLIER.fullmatch(said) is not None


class Typing:
    """Turns typed lines into sightings; it remembers what was keyed in once, and which scans were listed."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._keyed: bytes | None = None
        self._listed: list[PastScan] = []
        self._warned_of: tuple[str, str] | None = None
        """The scan of which it was told last what hangs on it, and why it is to be undone where that was said."""
        self._with_words: dict[bytes, Callable[[str], list[Told]]] = {
            UNDO: lambda words: [self._undo(words)],
            SHORT: session.short,
            CONDITION: lambda words: [self._grade(words)],
            FROM: session.comes_from,
            SEAL: lambda words: session.desk.seal(words.strip()),
            REASON: lambda words: session.desk.reason(words.strip()),
        }

    def enter(self, line: bytes) -> list[Told]:
        """Deal with one line."""
        command = _COMMANDS.get(line.strip())
        if command:
            return command(self._session)
        if line.strip() == SCANS:
            return self._list()
        for begin, told in self._with_words.items():
            if line.startswith(begin) or line.strip() == begin.strip():  # without words it says which it needs
                return told(line[len(begin) :].decode("utf-8", "replace"))
        if line.startswith(b"/"):
            said = printable(line[:SHOWN_MAX].decode("latin-1"))
            named = dict.fromkeys((*_COMMANDS, SCANS, *map(bytes.strip, self._with_words), PICTURE, SIGN_OUT))
            commands = ", ".join(name.decode() for name in named)
            return [Told(tone=Tone.ASK, text=say("scan.no_command", text=said, commands=commands))]
        if _MULTIPLIER.fullmatch(line):
            return [self._session.counts(int(line[1:].strip()[:SHOWN_MAX]))]  # what is cut off was too many before
        if line.startswith(KEYED_PREFIX):
            return self._enter_keyed(line[len(KEYED_PREFIX) :].strip())
        return self._session.scan(Sighting(symbols=(symbol(line),), entry="wedge"))

    def _list(self) -> list[Told]:
        """The last scans, the newest last, so that it stands nearest to where is typed on."""
        self._listed = last_scans(self._session.handheld, SCANS_LISTED)
        if not self._listed:
            return [Told(tone=Tone.ASK, text=say("scan.nothing_to_undo"))]
        lines = [Told(tone=Tone.INFO, text=_line(number, past)) for number, past in enumerate(self._listed, 1)]
        return [*reversed(lines), Told(tone=Tone.INFO, text=say("past.how"))]

    def _undo(self, typed: str) -> Told:
        """One of the list by its number: what hangs on it is told first, and undone it is once there is a reason."""
        number, _, reason = typed.strip().partition(" ")
        if not (number.isascii() and number.isdigit() and 0 < int(number[:4]) <= len(self._listed)):
            return Told(tone=Tone.ASK, text=say("past.list_first"))
        past = self._listed[int(number) - 1]
        offered = reasons()
        if reason.strip().isdigit() and 0 < int(reason.strip()[:4]) <= len(offered):
            reason = offered[int(reason) - 1]
        warned_of, why = self._warned_of or ("", "")
        warned = warned_of == past.name
        reason = reason.strip() or (why if warned else "")
        hangs = past.depends and not past.undone and not past.event.voids
        if not reason or (hangs and not warned):
            self._warned_of = past.name, reason
            choices = ", ".join(f"{n} {text}" for n, text in enumerate(offered, 1))
            depends = " ".join(past.depends) or say("past.nothing")
            text = say("past.why_typed", depends=depends, number=number, choices=choices)
            if reason:
                text = say("past.all_the_same", depends=depends, number=number, reason=reason)
            return Told(tone=Tone.ASK, text=text, thing=f"{past.title} {past.thing}".strip())
        self._listed = []  # the numbers say something else from here on
        return self._session.take_back(past, reason)

    def _grade(self, typed: str) -> Told:
        word, _, when = typed.strip().partition(" ")
        return self._session.grade(word, last=when.strip() != "next")

    def _enter_keyed(self, text: bytes) -> list[Told]:
        first, self._keyed = self._keyed, None
        if first is None and text:
            self._keyed = text
            return [Told(tone=Tone.ASK, text=say("scan.key_again"))]
        if first != text or not text:
            return [Told(tone=Tone.ASK, text=say("scan.keyed_differently"))]
        return self._session.scan(Sighting(symbols=(symbol(text),), entry="keyed"))


def _line(number: int, past: PastScan) -> str:
    state = say("past.is_undone") if past.undone else "" if past.sent else say("past.not_sent")
    return " ".join(part for part in (f"{number:>2}", past.time, past.title, past.thing, past.where, state) if part)


def symbol(line: bytes) -> Symbol:
    """A typed label; many wedges can be set up to type the AIM identifier (``]d2``) before it."""
    if line.startswith(AIM_FLAG) and len(line) > 3 and line[1:3].isalnum():
        return Symbol(data=line[3:], symbology=line[:3].decode("ascii"))
    return Symbol(data=line)
