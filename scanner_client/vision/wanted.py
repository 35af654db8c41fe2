"""Which symbols a task can meet at all: fewer formats cost less time, and what is not asked for is not misread."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from scanner_client.vision.engine import FORMATS
from scanner_client.vision.reading import Reading

LENGTH_MAX = 7089
"""Digits in the largest symbol there is, a QR code (ISO/IEC 18004, table 1)."""

DEFAULT_LENGTHS: Mapping[str, tuple[int, int]] = MappingProxyType({"ITF": (6, LENGTH_MAX)})
"""Interleaved 2 of 5 has no check digit of its own, and a line that leaves its side reads a part of it."""

_LENGTH = re.compile(r"(?P<least>\d{1,4})(-(?P<most>\d{1,4}))?")


class FormatError(ValueError):
    """A format was asked for that is not read here; the message says which are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """The formats of a task, and how long what they say may be."""

    formats: tuple[str, ...] = FORMATS
    lengths: Mapping[str, tuple[int, int]] = field(default_factory=lambda: DEFAULT_LENGTHS)
    """By format: the least and the most characters, both included. A format that is not named may have any."""

    @classmethod
    def parse(cls, asked: Iterable[str]) -> Wanted:
        """From words such as ``EAN13``, ``ITF:14`` and ``Code128:8-20``; from none, everything.

        Raises:
            FormatError: a word is none of these, or its format is not read here.
        """
        by_name = {name.lower(): name for name in FORMATS}
        lengths = dict(DEFAULT_LENGTHS)
        formats: list[str] = []
        for word in asked:
            said, colon, length = word.partition(":")
            name = by_name.get(said.replace("-", "").lower())
            if name is None:
                raise FormatError(f"There is no format {said!r}: write {', '.join(FORMATS)}, or a length as in ITF:14.")
            formats.append(name)
            if colon:
                found = _LENGTH.fullmatch(length)
                least, most = (int(found["least"]), int(found["most"] or found["least"])) if found else (0, 0)
                if not 1 <= least <= most:
                    raise FormatError(
                        f"{word!r} allows no length: write one, as in ITF:14, or the shorter first, as in Code128:8-20."
                    )
                lengths[name] = least, most
        return cls(formats=tuple(dict.fromkeys(formats)) or FORMATS, lengths=lengths)

    def admits(self, reading: Reading) -> bool:
        """Whether a reading is as long as its format may be."""
        least, most = self.lengths.get(reading.format, (1, LENGTH_MAX))
        return least <= len(reading.data) <= most
