"""What a label of something says: the inverse of `sync.labels.parse`, and held to be so before anything is printed.

What has a GS1 key is labelled with GS1 element strings; what is the site's own with the site's own codes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sync.identity import GS1, KeyParts, Kind, split_key
from sync.labels import Label, SiteCodes, canonical_link, parse

Elements = tuple[tuple[str, str], ...]
"""(AI, value) in the order in which they stand."""
_OWN: Final = {
    Kind.PLATE: ("21", "{}", "a unit's plate"),
    Kind.CONTAINER: ("00", "{}", "a carton's plate"),
    Kind.LOCATION: ("254", "LOC:{}", "a bin's label"),
    Kind.BADGE: ("8018", "BADGE:{}", "a badge"),
}
"""Where the code of the site's own things stands in their names, how their labels write it, and what that is."""
_FIRST: Final = ("01", "00", "414", "17", "10")
"""AIs of fixed length go first, so that fewer separators are needed (GS1 General Specifications, 7.8)."""
CHARACTERS: Final = "cp1252"
"""What the types of a PDF and of most thermal printers hold."""


class PrintError(ValueError):
    """It cannot be printed so; the message says why and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """What one label says: GS1 elements, or plain text of the site's own."""

    key: str
    """The canonical name that a scan of it must give."""
    elements: Elements = ()
    plain: str = ""

    @property
    def link(self) -> str:
        """Its GS1 Digital Link, or its plain text where it has no GS1 key."""
        return canonical_link(self.elements) or self.plain if self.elements else self.plain

    @property
    def readable(self) -> tuple[str, ...]:
        """The human-readable interpretation, a line for each element (GS1 General Specifications, 4.14)."""
        return tuple(f"({ai}) {value}" for ai, value in self.elements) or (self.plain,)

    def check(self, data: bytes, symbology: str, codes: SiteCodes) -> None:
        """Hold that a scan of the finished symbol gives the name that was meant.

        Raises:
            PrintError: it gives another one, or none.
        """
        read = parse(data, symbology, codes)
        if not isinstance(read, Label) or read.key != self.key:
            said = f"{read.key}" if isinstance(read, Label) else read.reason
            raise PrintError(f"A label that says {data.decode('latin-1')!r} would not be read as {self.key}: {said}")


def content_of(key: str, codes: SiteCodes, *, lot: str | None = None, expiry: str | None = None) -> Content:
    """What the label of a unit, plate, carton, bin or badge says.

    Args:
        lot: of a unit, to stand beside its serial number; `expiry` likewise, an ISO date.

    Raises:
        PrintError: no label can say this name.
    """
    try:
        parts = split_key(key)
    except ValueError as error:
        raise PrintError(str(error)) from None
    if parts.domain == GS1:
        return Content(key=key, elements=_elements(parts, lot, expiry))
    if parts.domain == codes.domain and parts.kind in _OWN:
        return _own(key, parts, codes)
    if parts.kind is Kind.UNIT:
        raise PrintError(
            f"{parts.value('01')} has no GTIN, so that no label says product and serial number in one. "
            "Print a plate, stick it on, and link it to the unit."
        )
    raise PrintError(f"There is no label for {key}: units, plates, cartons, bins and badges have one.")


def _elements(parts: KeyParts, lot: str | None, expiry: str | None) -> Elements:
    if parts.kind not in (Kind.UNIT, Kind.CONTAINER, Kind.LOCATION):
        raise PrintError("Units, plates, cartons, bins and badges have a label; a product or a lot has not.")
    more = []
    if parts.kind is Kind.UNIT and expiry:
        more.append(("17", expiry.replace("-", "")[2:]))
    if parts.kind is Kind.UNIT and lot:
        more.append(("10", lot))
    return tuple(sorted([*parts.elements, *more], key=lambda pair: _FIRST.index(pair[0]) if pair[0] in _FIRST else 9))


def _own(key: str, parts: KeyParts, codes: SiteCodes) -> Content:
    ai, form, what = _OWN[parts.kind]
    plain = form.format(parts.value(ai))
    read = parse(plain.encode(errors="replace"), None, codes)
    if not isinstance(read, Label) or read.key != key:
        raise PrintError(f"{plain!r} is not how {what} looks at this site: a handheld would not know it. Rename it.")
    return Content(key=key, plain=plain)
