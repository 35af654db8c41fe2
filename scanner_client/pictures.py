"""Pictures that people take of what they scanned, until the server has them: a folder, a file for each.

A picture is on the disk for good before it is told, and goes only when the server has said that it has it. The folder
has a bound, and at the bound the next picture is refused in words: none that waits is dropped for it.
"""

from __future__ import annotations

import hashlib
import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from scanner_client.wording import say
from sync.event import parse_name
from sync.picture import BYTES_MAX, is_whole, media_type

WAITING_BYTES_MAX: Final = 500_000_000
"""A week of a site without radio: 2,500 pictures of 200 kB."""
FOLDER: Final = "waiting_pictures"
UNFINISHED: Final = ".part"
REFUSED: Final = ".refused"
"""It cannot be sent, or the server will never take it; it stays for a person to look at."""
REASON: Final = ".txt"
"""Beside one that was set aside: why, in a sentence."""
_SEPARATOR: Final = "~"
_DIGEST_CHARS: Final = 16


class PictureError(Exception):
    """The picture was not kept; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """One picture that the server does not have yet."""

    path: Path
    event: str
    """Name of the event that it belongs to."""


class Pictures:
    """The folder of one handheld; made when the first picture is kept."""

    def __init__(self, home: Path, bytes_max: int = WAITING_BYTES_MAX) -> None:
        self._folder = home / FOLDER
        self._bytes_max = bytes_max

    def keep(self, event: str, content: bytes) -> Path:
        """Put a picture of an event on the disk for good; the same one again changes nothing.

        Raises:
            PictureError: it is none, a part of one, it is too large, or there is no room for it.
            EventError: `event` is no name.
        """
        parse_name(event)
        if media_type(content) is None:
            raise PictureError(say("picture.none"))
        if len(content) > BYTES_MAX:
            raise PictureError(say("picture.too_large", most=BYTES_MAX // 1000))
        if not is_whole(content):
            raise PictureError(say("picture.cut_off"))
        path = self._folder / f"{event}{_SEPARATOR}{hashlib.sha256(content).hexdigest()[:_DIGEST_CHARS]}.jpg"
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            if path.exists():
                return path
            if self._bytes() + len(content) > self._bytes_max:
                raise PictureError(say("picture.full"))
            _write(path, content)
        except OSError as error:
            raise PictureError(say("picture.no_disk", reason=error.strerror or error)) from error
        return path

    def waiting(self) -> list[Waiting]:
        """What the server does not have yet, in the order of its events' names."""
        try:
            names = sorted(path for path in self._folder.iterdir() if path.suffix == ".jpg")
        except FileNotFoundError:
            return []
        return [Waiting(path=path, event=path.name.partition(_SEPARATOR)[0]) for path in names]

    @staticmethod
    def sent(picture: Waiting) -> None:
        """The server has it."""
        picture.path.unlink(missing_ok=True)

    @staticmethod
    def refused(picture: Waiting, reason: str) -> None:
        """Set it aside with the reason beside it: it is not sent again, and not thrown away either.

        Where the disk takes not even that, it stays where it is: the others must not wait for it.
        """
        aside = picture.path.with_suffix(picture.path.suffix + REFUSED)
        with suppress(OSError):
            picture.path.rename(aside)
            aside.with_suffix(REFUSED + REASON).write_text(f"{reason}\n", "utf-8")

    def _bytes(self) -> int:
        return sum(path.stat().st_size for path in self._folder.iterdir())


def _write(path: Path, content: bytes) -> None:
    """Whole or not at all, also after a power cut."""
    unfinished = path.with_suffix(path.suffix + UNFINISHED)
    with unfinished.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
