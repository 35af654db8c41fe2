"""What a label says, what a site's own codes look like, and the sentence of a refusal."""

from __future__ import annotations

import re
from dataclasses import dataclass, fields
from typing import Final

from sync.identity import Kind, is_domain, location_key, split_key
from sync.labels import _patterns
from sync.labels._dates import iso_date

_SITE: Final = re.compile(r"[A-Za-z0-9._~-]{1,20}")


@dataclass(frozen=True, slots=True, kw_only=True)
class SerialPattern:
    """How the serial numbers of one product look, so that one that stands alone in a barcode finds its product."""

    item: str
    """The product's canonical name, such as https://id.gs1.org/01/09506000134352."""
    pattern: str
    """Regular expression of the whole barcode; a group named `serial`, if there is one, is the serial in it."""

    def __post_init__(self) -> None:
        """Raises ValueError for an item that is no product and for a pattern that is no regular expression."""
        if split_key(self.item).kind is not Kind.ITEM:
            raise ValueError(f"{self.item!r} is no product.")
        _patterns.compiled(self.pattern)


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteCodes:
    """What is the site's own. Raises ValueError for a setting that could not be used.

    Every pattern is a regular expression of the whole barcode with a group named `code`. They are tried before
    every other format, on barcodes that do not say of themselves that they are GS1's.
    """

    domain: str = "warehouse.example"
    """Names for what has no GS1 key live under https://{domain}/. Change it once, before the first scan, to a domain
    that is yours: two companies that share a domain share names."""
    site: str = "main"
    """Names this site's bins where the site has no GLN. Change it where several sites share a domain."""
    gln: str | None = None
    """The site's GLN. Give it, and bin codes without a GLN of their own are bins of this GLN."""
    location_pattern: str = r"LOC:(?P<code>[A-Z0-9][A-Z0-9-]{0,19})"
    """Change it to read the bin labels that already hang on the shelves."""
    unit_plate_pattern: str = r"(?P<code>LPN[0-9A-Z-]{1,17})"
    """Change it to read plates printed by an earlier system. The code is the plate's serial, so it must tell plates
    of different print runs apart: keep the prefix in it."""
    container_plate_pattern: str = r"(?P<code>CTN[0-9A-Z-]{1,17})"
    """Change it to read totes and cartons that carry no SSCC."""
    item_pattern: str = r"SKU:(?P<code>[0-9A-Za-z._/-]{1,40})"
    """Change it to read your own product labels, for products that have no GTIN."""
    document_pattern: str = r"(?P<code>(?:ASN|PO|SO|RMA|COUNT|RELABEL|TRANSFER)-[0-9A-Z-]{1,24})"
    """Change it to the numbers of your advance ship notices, orders, returns and count sheets."""
    badge_pattern: str = r"BADGE:(?P<code>[0-9A-Z-]{1,20})"
    """Change it to read the badges that people already wear."""
    serial_patterns: tuple[SerialPattern, ...] = ()
    """Give one for each product whose serial number stands in a barcode of its own."""

    def __post_init__(self) -> None:
        """Check each setting once, here, so that no scan meets a setting that cannot be used."""
        if not is_domain(self.domain):
            raise ValueError(f"{self.domain!r} is no domain in lower case, such as warehouse.example.")
        if not _SITE.fullmatch(self.site):
            raise ValueError(f"{self.site!r} is no name for a site: 1 to 20 letters, digits, '.', '_', '~' or '-'.")
        if self.gln is not None:
            location_key(self.gln)
        for setting in fields(self):
            pattern = getattr(self, setting.name)
            if setting.name.endswith("_pattern") and "code" not in _patterns.compiled(pattern).groupindex:
                raise ValueError(f"{setting.name} {pattern!r} has no group named 'code'.")


DEFAULT: Final = SiteCodes()
"""The codes of a site that has settled none of its own yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """What one barcode says. The bytes as read are the caller's to keep: a label is only an opinion about them."""

    kind: Kind
    key: str
    """The canonical name, made by `sync.identity`."""
    format: str
    """The file in `sync/labels/` that read it."""
    elements: tuple[tuple[str, str], ...] = ()
    """Application Identifier and value in the order read; empty for what is no GS1 element string or Digital Link."""
    item: str | None = None
    """The product's canonical name."""
    serial: str | None = None
    lot: str | None = None
    expiry: str | None = None
    """ISO date of AI 17 or 7003. A best-before date (15) is no expiry and stays in the elements."""
    quantity: int | None = None
    """Pieces, of AI 37 or 30."""
    note: str | None = None
    """A sentence that a person may want to know, such as that the symbol listed several units."""

    @property
    def made(self) -> str | None:
        """ISO date of production, AI 11; None where the label does not say it."""
        said = dict(self.elements).get("11")
        return None if said is None else iso_date(said)


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Why a barcode is not taken for a label."""

    reason: str
    """A sentence with the value in it."""
    format: str | None = None
    """The format that refused it; None where no format knows such a barcode."""


def own_code(pattern: str, text: str) -> str | None:
    """The code in a text that this pattern of the site matches as a whole."""
    match = _patterns.match(pattern, text)
    return match["code"] if match else None


def serials_by_pattern(codes: SiteCodes, text: str) -> dict[str, str]:
    """Product -> serial for every product whose serial pattern matches the whole text."""
    found: dict[str, str] = {}
    for known in codes.serial_patterns:
        if match := _patterns.match(known.pattern, text):
            serial = match["serial"] if "serial" in match.re.groupindex else text
            found.setdefault(known.item, serial)
    return found
