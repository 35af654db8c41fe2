"""What a wedge scanner or a person types, one line each, and what it means for the session.

A wedge types a label's characters and Enter. A person can type as well: ``key:TEXT``, twice, for a label that cannot
be scanned; ``*12`` before a product that lies there twelve times; ``/undo``, ``/unreadable`` and ``/finish``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import BinaryIO, Final

from scanner_client.session import Session
from scanner_client.sighting import Sighting, Symbol, Told, Tone, printable
from scanner_client.wording import say
from sync.event import BARCODE_BYTES_MAX

KEYED_PREFIX: Final = b"key:"
AIM_FLAG: Final = b"]"
SHOWN_MAX: Final = 20
"""Characters of a mistyped line that its sentence repeats."""

_COMMANDS: Final[dict[bytes, Callable[[Session], list[Told]]]] = {
    b"/undo": lambda session: [session.undo()],
    b"/unreadable": Session.unreadable,
    b"/finish": Session.finish,
}


def lines(stream: BinaryIO) -> Iterator[bytes]:
    """Lines of a bounded length, without their ends; the rest of a longer one is dropped."""
    while line := stream.readline(BARCODE_BYTES_MAX + 2):
        text = line.rstrip(b"\r\n")
        while line and not line.endswith(b"\n"):
            line = stream.readline(BARCODE_BYTES_MAX)
        if text:
            yield text[:BARCODE_BYTES_MAX]


class Typing:
    """Turns typed lines into sightings; it remembers what was keyed in once."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._keyed: bytes | None = None

    def enter(self, line: bytes) -> list[Told]:
        """Deal with one line."""
        command = _COMMANDS.get(line.strip())
        if command:
            return command(self._session)
        if line.startswith(b"/"):
            said = printable(line[:SHOWN_MAX].decode("latin-1"))
            commands = ", ".join(name.decode() for name in _COMMANDS)
            return [Told(tone=Tone.ASK, text=say("scan.no_command", text=said, commands=commands))]
        if line.startswith(b"*") and line[1:].strip().isdigit():
            return [self._session.counts(int(line[1:].strip()[:SHOWN_MAX]))]  # what is cut off was too many before
        if line.startswith(KEYED_PREFIX):
            return self._enter_keyed(line[len(KEYED_PREFIX) :].strip())
        return self._session.scan(Sighting(symbols=(symbol(line),), entry="wedge"))

    def _enter_keyed(self, text: bytes) -> list[Told]:
        first, self._keyed = self._keyed, None
        if first is None and text:
            self._keyed = text
            return [Told(tone=Tone.ASK, text=say("scan.key_again"))]
        if first != text or not text:
            return [Told(tone=Tone.ASK, text=say("scan.keyed_differently"))]
        return self._session.scan(Sighting(symbols=(symbol(text),), entry="keyed"))


def symbol(line: bytes) -> Symbol:
    """A typed label; many wedges can be set up to type the AIM identifier (``]d2``) before it."""
    if line.startswith(AIM_FLAG) and len(line) > 3 and line[1:3].isalnum():
        return Symbol(data=line[3:], symbology=line[:3].decode("ascii"))
    return Symbol(data=line)
