r"""Labels: from the bytes of a barcode and its symbology identifier to what it says, or a sentence why not.

This is a gatekeeper. What it lets through is whole, checked and has one canonical name; what it refuses it refuses
with a sentence. It never alters the bytes: keep them, and parse them again when the rules have grown.

>>> parse(b"0109506000134352" b"21ABC", "]d2").key
'https://id.gs1.org/01/09506000134352/21/ABC'
>>> parse("01€".encode(), "]d2").reason
"'€' in '01€' cannot stand in a label: plain letters, digits and signs (ASCII) do."

Each format is one file of this folder, found by itself; `formats()` lists them in the order in which they are asked.
Labels of one box are put together by `sync.labels.box`.
"""

from __future__ import annotations

import re
from dataclasses import replace
from importlib import import_module
from pkgutil import iter_modules
from typing import Final

from sync.identity import Kind
from sync.labels._dates import READ_AGAINST, iso_date
from sync.labels._elements import InvalidLabelError, bracketed, canonical_link
from sync.labels._label import DEFAULT, Label, Refusal, SerialPattern, SiteCodes
from sync.labels._listing import pieces_of
from sync.labels._patterns import compiled
from sync.labels._registry import Scan, formats, is_identifier, readers

__all__ = [
    "BYTES_MAX",
    "DEFAULT",
    "LABELS_MAX",
    "READ_AGAINST",
    "Kind",
    "Label",
    "Refusal",
    "SerialPattern",
    "SiteCodes",
    "bracketed",
    "canonical_link",
    "compiled",
    "formats",
    "iso_date",
    "parse",
    "parse_all",
]

BYTES_MAX: Final = 8190
"""Longer than any symbol holds (QR Code 40-L: 7,089 digits), and the reference engine's bound."""

LABELS_MAX: Final = 1000
"""Labels in one symbol: more than a carton holds."""

SENTENCE_CHARS_MAX: Final = 600

_NOT_ASCII: Final = re.compile(rb"[\x80-\xff]")
_CONTROL: Final = re.compile(rb"[\x00-\x1c\x1e\x1f\x7f]")
_NAMES: Final = {0x09: "⟨TAB⟩", 0x0A: "⟨LF⟩", 0x0D: "⟨CR⟩", 0x1D: "⟨GS⟩", 0x1E: "⟨RS⟩", 0x04: "⟨EOT⟩"}
_SHOWN: Final = 40
"""Bytes of a faulty barcode that its sentence repeats."""

for _module in iter_modules(__path__):
    if not _module.name.startswith("_"):
        import_module(f"{__name__}.{_module.name}")


def parse(
    raw: bytes, symbology: str | None, codes: SiteCodes = DEFAULT, *, year: int = READ_AGAINST
) -> Label | Refusal:
    """What a barcode says, or why it is refused. Never raises for bad data.

    `raw` is the data as the decoder gives it, FNC1 as 0x1D; `symbology` the AIM identifier, such as ]d2, or None from
    a scanner that does not say (then the data may begin with it) and from a keyboard. `year` is what two-digit years
    are read against.
    """
    raw, symbology = _without_prefix(raw, symbology)
    if reason := _unreadable(raw, symbology):
        return Refusal(reason=reason)
    scan = Scan(text=raw.decode("ascii"), symbology=symbology, codes=codes, year=year)
    for name, read in readers(symbology):
        try:
            label = read(scan)
        except InvalidLabelError as fault:
            return Refusal(reason=_bounded(str(fault)), format=name)
        if label is not None:
            return label
    return Refusal(reason=f"No label format knows {_shown(raw)}.")


def parse_all(
    raw: bytes, symbology: str | None, codes: SiteCodes = DEFAULT, *, year: int = READ_AGAINST
) -> tuple[Label | Refusal, ...]:
    r"""Every label that one symbol lists, in its order; what `parse` says where it lists one.

    A carton's symbol may list its units as lines, as words, or as an element string with several serial numbers:

    >>> [label.serial for label in parse_all(b"010950600013435221A1\x1d21A2\x1d21A3", "]d2")]
    ['A1', 'A2', 'A3']
    >>> [label.serial for label in parse_all(b"SN-0001,SN-0002", "]Q1")]
    ['SN-0001', 'SN-0002']
    """
    raw, symbology = _without_prefix(raw, symbology)
    whole = parse(raw, symbology, codes, year=year)
    if isinstance(whole, Label) or len(pieces := pieces_of(raw, symbology)) < 2:
        return (whole,)
    if len(pieces) > LABELS_MAX:
        return (Refusal(reason=f"The symbol lists {len(pieces)} labels, and {LABELS_MAX} are the most."),)
    labels = [parse(piece, symbology, codes, year=year) for piece in pieces]
    return tuple(_numbered(label, index, len(labels)) for index, label in enumerate(labels, 1))


def _bounded(sentence: str) -> str:
    """The sentence, its middle left out where it repeats a value that no screen can hold."""
    if len(sentence) <= SENTENCE_CHARS_MAX:
        return sentence
    half = SENTENCE_CHARS_MAX // 2
    return f"{sentence[:half]} ... {sentence[-half:]}"


def _numbered(label: Label | Refusal, index: int, count: int) -> Label | Refusal:
    if isinstance(label, Refusal):
        return label
    note = f"It is number {index} of {count} in one symbol."
    return replace(label, note=f"{note} {label.note}" if label.note else note)


def _without_prefix(raw: bytes, symbology: str | None) -> tuple[bytes, str | None]:
    """Data and identifier; a scanner that gives no identifier beside the data may have put it in front of them."""
    if not symbology and raw[:1] == b"]" and is_identifier(raw[:3].decode("latin-1")):
        return raw[3:], raw[:3].decode("latin-1")
    return raw, symbology or None


def _unreadable(raw: bytes, symbology: str | None) -> str | None:
    """What is wrong with the bytes before any format looks at them; None when nothing is."""
    if symbology is not None and not is_identifier(symbology):
        return f"{symbology[:_SHOWN]!r} is no AIM symbology identifier, such as ]d2."
    if not raw:
        return "The barcode is empty."
    if len(raw) > BYTES_MAX:
        return f"The barcode has {len(raw)} bytes, and {BYTES_MAX} are the most: {_shown(raw)}."
    if byte := _NOT_ASCII.search(raw):
        strange = _shown(raw[byte.start() :].decode(errors="surrogateescape")[0].encode(errors="surrogateescape"))
        return f"{strange} in {_shown(raw)} cannot stand in a label: plain letters, digits and signs (ASCII) do."
    if byte := _CONTROL.search(raw):
        return f"The control character 0x{byte[0][0]:02X} in {_shown(raw)} may not stand in a label."
    return None


def _shown(raw: bytes) -> str:
    """A faulty barcode for people: its text, and by name what cannot be printed."""
    text = raw.decode(errors="surrogateescape")
    shown = "".join([c if c.isprintable() else _NAMES.get(ord(c), _byte_name(c)) for c in text[:_SHOWN]])
    return f"'{shown}'" if len(text) <= _SHOWN else f"'{shown}'..."


def _byte_name(character: str) -> str:
    return "".join(f"⟨0x{byte:02X}⟩" for byte in character.encode(errors="surrogateescape"))
