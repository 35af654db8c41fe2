"""The one place that makes canonical names.

Every unit, lot, product, carton and place has one name: an uncompressed GS1 Digital Link URI
(GS1 Digital Link Standard: URI Syntax, sections 4 and 5) at https://id.gs1.org, or in the same shapes under
the site's own domain for what has no GS1 key:

    product      /01/{gtin-14 or own product code}
    unit         /01/{gtin-14 or own product code}/21/{serial}
    lot          /01/{gtin-14 or own product code}/10/{lot}
    container    /00/{sscc or own container code}
    place        /414/{gln or site}/254/{bin}
    unit plate   /21/{licence plate}          (own domain only: the plate is the serial, its product is in the books)
    bare serial  /250/{serial}                (own domain only: a maker's serial whose product is not known yet)
    document     /253/{document number}       (own domain only)
    badge        /8018/{badge}                (own domain only)

A unit's name never holds its lot or its consumer product variant: both can be corrected, a name cannot.
An IMEI is a URN (RFC 7254).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from urllib.parse import quote, unquote

from sync.check_digits import are_digits, luhn_digit, mod10_fault

GS1: Final = "id.gs1.org"
"""The domain of names that rest on a GS1 key."""

_IMEI_URN: Final = re.compile(r"urn:gsma:imei:([0-9]{8})-([0-9]{6})-0")
_DOMAIN: Final = re.compile(r"[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?")
_GTIN_LENGTHS: Final = (8, 12, 13, 14)


class Kind(StrEnum):
    """What a label, or a canonical name, stands for."""

    UNIT = "unit"
    """One article, by product and serial number."""
    ITEM = "item"
    """A product: a GTIN or the site's own product code."""
    LOT = "lot"
    """A batch of a product."""
    CONTAINER = "container"
    """A pallet, carton or tote: an SSCC or the site's own container code."""
    LOCATION = "location"
    """A bin, a dock, a packing station, a site."""
    IDENTIFIER = "identifier"
    """A further name of a unit, such as an IMEI."""
    SERIAL = "serial"
    """A serial number that stands alone, so its product is still to be found out."""
    PLATE = "plate"
    """The warehouse's own licence plate on one unit."""
    DOCUMENT = "document"
    """An ASN, an order, a count sheet, a return."""
    BADGE = "badge"
    """A person's badge."""
    OTHER = "other"
    """Valid, and none of ours: a returnable asset, a coupon, an internal field."""


_KIND_OF_SHAPE: Final[dict[tuple[str, ...], Kind]] = {
    ("01",): Kind.ITEM,
    ("01", "21"): Kind.UNIT,
    ("01", "10"): Kind.LOT,
    ("00",): Kind.CONTAINER,
    ("414",): Kind.LOCATION,
    ("414", "254"): Kind.LOCATION,
}
_KIND_OF_OWN_SHAPE: Final[dict[tuple[str, ...], Kind]] = {
    ("21",): Kind.PLATE,
    ("250",): Kind.SERIAL,
    ("253",): Kind.DOCUMENT,
    ("8018",): Kind.BADGE,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyParts:
    """A canonical name taken apart."""

    kind: Kind
    domain: str
    """`id.gs1.org`, the site's own domain, or `urn:gsma:imei`."""
    elements: tuple[tuple[str, str], ...]
    """Application Identifier and decoded value, in the order of the name; AI 8040 for an IMEI's 14 digits."""

    def value(self, ai: str) -> str | None:
        """The value that stands under this Application Identifier, if there is one."""
        return dict(self.elements).get(ai)


def key_of(*elements: tuple[str, str], domain: str = GS1) -> str:
    """The canonical name of (AI, value) pairs: what is not unreserved in RFC 3986 is percent-encoded, upper case.

    >>> key_of(("01", "09506000134352"), ("21", "A/1"))
    'https://id.gs1.org/01/09506000134352/21/A%2F1'
    """
    return f"https://{domain}" + "".join([f"/{ai}/{quote(value, safe='')}" for ai, value in elements])


def gtin14(digits: str) -> str:
    """A GTIN-8, -12, -13 or -14 as the one GTIN-14 (GS1 General Specifications, section 3.3.2).

    Raises ValueError for another length, a character that is no digit, or a wrong check digit.

    >>> gtin14("614141000036") == gtin14("0614141000036")
    True
    """
    if len(digits) not in _GTIN_LENGTHS or not are_digits(digits):
        raise ValueError(f"{digits!r} is no GTIN: a GTIN is 8, 12, 13 or 14 digits.")
    if fault := mod10_fault(digits):
        raise ValueError(fault)
    return digits.zfill(14)


def item_key(gtin: str) -> str:
    """A product by its GTIN of any length. Raises ValueError if it is none.

    >>> item_key("614141000036")
    'https://id.gs1.org/01/00614141000036'
    """
    return f"https://{GS1}/01/{gtin14(gtin)}"


def own_item_key(domain: str, code: str) -> str:
    """A product that has no GTIN, by the site's own product code.

    >>> own_item_key("warehouse.example", "CABLE 2M")
    'https://warehouse.example/01/CABLE%202M'
    """
    return key_of(("01", code), domain=domain)


def unit_key(item: str, serial: str) -> str:
    """One unit: its product (an item's key, or a GTIN) and its serial number. Raises ValueError for neither.

    >>> unit_key("9506000134352", "ABC")
    'https://id.gs1.org/01/09506000134352/21/ABC'
    """
    return f"{_item(item)}/21/{quote(serial, safe='')}"


def lot_key(item: str, lot: str) -> str:
    """A batch: its product (an item's key, or a GTIN) and its number. Raises ValueError for neither."""
    return f"{_item(item)}/10/{quote(lot, safe='')}"


def container_key(sscc: str) -> str:
    """A logistic unit by its SSCC. Raises ValueError unless it is 18 digits with the right check digit."""
    if len(sscc) != 18 or not are_digits(sscc):
        raise ValueError(f"{sscc!r} is no SSCC: an SSCC is 18 digits.")
    if fault := mod10_fault(sscc):
        raise ValueError(fault)
    return f"https://{GS1}/00/{sscc}"


def own_container_key(domain: str, code: str) -> str:
    """A carton, tote or pallet that carries the site's own code instead of an SSCC."""
    return key_of(("00", code), domain=domain)


def location_key(gln: str, extension: str | None = None) -> str:
    """A place: a GLN, and within it a bin. Raises ValueError unless the GLN is 13 digits that check.

    >>> location_key("9506000134352", "A-01-1")
    'https://id.gs1.org/414/9506000134352/254/A-01-1'
    """
    if len(gln) != 13 or not are_digits(gln):
        raise ValueError(f"{gln!r} is no GLN: a GLN is 13 digits.")
    if fault := mod10_fault(gln):
        raise ValueError(fault)
    return key_of(("414", gln), *([("254", extension)] if extension else []))


def own_location_key(domain: str, site: str, code: str) -> str:
    """A bin of a site that has no GLN."""
    return key_of(("414", site), ("254", code), domain=domain)


def plate_key(domain: str, code: str) -> str:
    """A unit by the warehouse's own licence plate."""
    return key_of(("21", code), domain=domain)


def serial_key(domain: str, serial: str) -> str:
    """A maker's serial number whose product is not known. AI 250 is GS1's secondary serial number."""
    return key_of(("250", serial), domain=domain)


def document_key(domain: str, number: str) -> str:
    """A document of the site's own, such as ASN-1001. AI 253 is GS1's document type identifier."""
    return key_of(("253", number), domain=domain)


def badge_key(domain: str, code: str) -> str:
    """A person's badge. AI 8018 is GS1's service relation number of the recipient."""
    return key_of(("8018", code), domain=domain)


IMEI_AIS: Final = frozenset({"8040", "8041"})
"""Application Identifiers of a phone's IMEIs."""


def imei_key(imei: str) -> str:
    """A phone's IMEI of 15 digits. Raises ValueError for another length or a wrong Luhn digit.

    RFC 7254, section 4, writes TAC, serial number and the spare digit, which is 0: the check digit is not part
    of the number (3GPP TS 23.003, section 6.2.1), so a label and the phone's own signalling name it alike.

    >>> imei_key("490154203237518")
    'urn:gsma:imei:49015420-323751-0'
    """
    if len(imei) != 15 or not are_digits(imei):
        raise ValueError(f"{imei!r} is no IMEI: an IMEI is 15 digits.")
    if (expected := luhn_digit(imei[:14])) != int(imei[14]):
        raise ValueError(f"The check digit of IMEI {imei!r} is {imei[14]}, and {expected} was expected.")
    return f"urn:gsma:imei:{imei[:8]}-{imei[8:14]}-0"


def imei_of(key: str) -> str | None:
    """The 15 digits of an IMEI as they stand on the phone, its check digit too; None where the name is of another kind.

    >>> imei_of("urn:gsma:imei:49015420-323751-0")
    '490154203237518'
    """
    match = _IMEI_URN.fullmatch(key)
    return f"{match[1]}{match[2]}{luhn_digit(match[1] + match[2])}" if match else None


def split_key(key: str) -> KeyParts:
    """A canonical name taken apart. Raises ValueError if it is not one.

    >>> split_key("https://id.gs1.org/01/09506000134352/21/A%2F1").value("21")
    'A/1'
    """
    if match := _IMEI_URN.fullmatch(key):
        return KeyParts(kind=Kind.IDENTIFIER, domain="urn:gsma:imei", elements=(("8040", match[1] + match[2]),))
    domain, _, path = key.removeprefix("https://").partition("/")
    steps = path.split("/")
    if not (key.startswith("https://") and is_domain(domain)) or len(steps) % 2 or not all(steps):
        raise ValueError(f"{key!r} is no canonical name.")
    elements = tuple(zip(steps[::2], map(unquote, steps[1::2]), strict=True))
    if key != key_of(*elements, domain=domain):
        raise ValueError(f"{key!r} is no canonical name: its canonical form is {key_of(*elements, domain=domain)!r}.")
    shape = tuple(ai for ai, _ in elements)
    own = None if domain == GS1 else _KIND_OF_OWN_SHAPE.get(shape)
    return KeyParts(kind=_KIND_OF_SHAPE.get(shape) or own or Kind.OTHER, domain=domain, elements=elements)


def is_domain(text: str) -> bool:
    """Whether this can be the domain of canonical names: lower case, at most 253 characters."""
    return _DOMAIN.fullmatch(text) is not None


def item_of(key: str) -> str | None:
    """The product's name within the name of a unit, a lot or the product itself; None for anything else.

    >>> item_of("https://id.gs1.org/01/09506000134352/21/ABC")
    'https://id.gs1.org/01/09506000134352'
    """
    start = _path_at(key)
    if not key.startswith("/01/", start):
        return None
    end = key.find("/", start + 4)
    return key if end < 0 else key[:end]


def lot_in(key: str) -> str | None:
    """The batch number within a lot's name, as its label says it; None for anything else.

    >>> lot_in("https://id.gs1.org/01/09506000134352/10/B%2F7")
    'B/7'
    """
    item = item_of(key)
    if item is None or not key.startswith("/10/", len(item)):
        return None
    return unquote(key[len(item) + 4 :])


def is_container(key: str) -> bool:
    """Whether the name is a container's: an SSCC or the site's own container code."""
    return key.startswith("/00/", _path_at(key))


def is_location(key: str) -> bool:
    """Whether the name is a place's."""
    return key.startswith("/414/", _path_at(key))


def is_stock(key: str) -> bool:
    """Whether the name is a product's or a lot's: what is counted, and has no units of its own."""
    start = _path_at(key)
    if not key.startswith("/01/", start):
        return False
    end = key.find("/", start + 4)
    return end < 0 or key.startswith("/10/", end)


def _path_at(key: str) -> int:
    """Where the path of an https name starts; the end of the text for any other."""
    start = key.find("/", 8)
    return len(key) if start < 0 else start


def _item(item: str) -> str:
    """An item's key, from itself or from a GTIN."""
    if not item.startswith("https://"):
        return item_key(item)
    if split_key(item).kind is not Kind.ITEM:
        raise ValueError(f"{item!r} is no product.")
    return item
