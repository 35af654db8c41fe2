"""Labels seen on one box are one unit.

A phone box carries its GTIN as an EAN-13, its serial number in a Code 128 and two IMEIs: four barcodes, one unit. What
they say together is worked out here; what stays ambiguous is asked, never guessed.

>>> from sync.labels import parse
>>> seen = [parse(b"9506000134352", "]E0"), parse(b"C39XK12QQZ", "]C0"), parse(b"490154203237518", "]C0")]
>>> box = identify([label for label in seen if isinstance(label, Label)])
>>> box.key, box.identifiers
('https://id.gs1.org/01/09506000134352/21/C39XK12QQZ', ('urn:gsma:imei:49015420-323751-0',))
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from typing import Final

from sync.identity import IMEI_AIS, Kind, imei_key, lot_key, split_key, unit_key
from sync.labels._label import DEFAULT, Label, SiteCodes, serials_by_pattern

_OF_A_PRODUCT: Final = frozenset({Kind.UNIT, Kind.LOT, Kind.ITEM})


class Unclear(Enum):
    """What a person must say before a box has a name, in English. Handhelds say it in other languages, by its name."""

    SERIALS = "Which is the serial number: {choices}?"
    PRODUCTS = "The box shows {count} products: {choices}. Which is it?"
    LOTS = "The box shows {count} lots: {choices}. Which is it?"
    EXPIRY_DATES = "The box shows {count} expiry dates: {choices}. Which is it?"
    PLATES = "The box shows {count} plates: {choices}. Which is it?"
    PRODUCT_OF = "'{serial}' is a serial number, but of which product? Scan the product's own barcode first, then this."
    PRODUCT_AMONG = (
        "'{serial}' is a serial number, but of which product: {choices}? "
        "Scan the product's own barcode first, then this."
    )
    OTHER_PRODUCT = "The box says {item}, and serial number '{serial}' looks like {choices}. Which?"
    """The serial patterns give the number to other products than the one that stands beside it."""
    UNLIKE = (
        "'{serial}' does not look like a serial number of {item}. "
        "If it is one, scan the product's own barcode first, then this."
    )
    """The document in hand alone says the product, and it has other numbers. Only a handheld asks this."""


OR: Final = " or "
"""Between the things among which a person is to choose."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is unclear about a box, and of what. As a text it is English, with canonical names."""

    unclear: Unclear
    serial: str | None = None
    item: str | None = None
    """The product's name."""
    things: tuple[str, ...] = ()
    """The names among which a person is to choose: of products, or of plates."""
    texts: tuple[str, ...] = ()
    """What else they are to choose among, as the labels say it: serial numbers, lots, ISO dates."""

    def __str__(self) -> str:
        choices = self.things or self.texts
        return self.unclear.value.format(
            serial=self.serial, item=self.item, count=len(choices), choices=OR.join(choices)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """What the labels of one box say together."""

    key: str | None
    """The unit's name; failing a serial number its plate's, its lot's or its product's. None while there is a
    question, and where nothing on the box names anything."""
    item: str | None = None
    """The product's name."""
    serial: str | None = None
    lot: str | None = None
    expiry: str | None = None
    """ISO date."""
    identifiers: tuple[str, ...] = ()
    """Further canonical names of the same unit, in the order seen: IMEIs, plates."""
    question: Question | None = None
    """What a person must say before the box has a name."""


@dataclass(frozen=True, slots=True)
class _Serial:
    """A serial number and the products that its barcode or a pattern gives it; none if it may be of any."""

    serial: str
    items: tuple[str, ...]
    stated: bool
    """Whether the product stands in the same barcode."""


def identify(
    labels: Sequence[Label],
    *,
    codes: SiteCodes = DEFAULT,
    item_hint: str | None = None,
    document_items: Sequence[str] = (),
) -> Box:
    """The one unit that these labels are on.

    A serial number without a product is resolved by the serial patterns, then by the product in the same box, then by
    `item_hint` (the product scanned before), then by `document_items` where only one of them fits. Items are
    canonical names. Labels of containers, places, documents and people say nothing here and are passed over.
    """
    items = _distinct(label.item for label in labels if label.kind in _OF_A_PRODUCT and _is_stated(label))
    plates = _distinct(label.key for label in labels if label.kind is Kind.PLATE)
    lots = _distinct(label.lot for label in labels if label.kind in _OF_A_PRODUCT)
    expiries = _distinct(label.expiry for label in labels if label.kind in _OF_A_PRODUCT)
    serials, question = _serials(labels, items, codes)
    item = items[0] if items else None
    if not question:
        question = _one_each(items, lots, expiries, plates)
    if serials and not question:
        item, question = _item_of(serials[0], item, item_hint, document_items)
    identifiers = _identifiers(labels)
    if question:
        return Box(key=None, identifiers=(*identifiers, *plates), question=question)
    serial = serials[0].serial if serials else None
    lot = lots[0] if lots else None
    key = _key(item, serial, lot, plates[0] if plates else None)
    return Box(
        key=key,
        item=item,
        serial=serial,
        lot=lot,
        expiry=expiries[0] if expiries else None,
        identifiers=(*identifiers, *[plate for plate in plates if plate != key]),
    )


def plated(box: Box, item: str | None) -> Box:
    """The box of a product whose units bear the warehouse's own plates: the plate is the serial number.

    Args:
        item: the product, where it is known from elsewhere.
    """
    item = box.item or item
    parts = split_key(box.key) if box.key else None
    if item is None or parts is None or parts.kind is not Kind.PLATE or box.key is None:
        return box
    code = parts.elements[-1][1]
    return replace(box, key=unit_key(item, code), item=item, serial=code, identifiers=(box.key, *box.identifiers))


def _key(item: str | None, serial: str | None, lot: str | None, plate: str | None) -> str | None:
    if item and serial:
        return unit_key(item, serial)
    if plate:
        return plate
    return lot_key(item, lot) if item and lot else item


def _is_stated(label: Label) -> bool:
    """Whether the label itself says its product; a serial pattern only concludes it."""
    return label.format != "serial_pattern"


def _serials(labels: Sequence[Label], items: Sequence[str], codes: SiteCodes) -> tuple[list[_Serial], Question | None]:
    """The serial number of the box, as a list of none or one, and a question where there are several.

    A box also carries part and model numbers in barcodes of their own. Where one text is a serial number by its own
    barcode or by a pattern, texts that nothing vouches for are not.
    """
    seen = [serial for label in labels if (serial := _serial(label, codes))]
    vouched = [one for one in seen if one.stated or (one.items and not items) or set(one.items) & set(items)]
    chosen = list({one.serial: one for one in sorted(vouched or seen, key=lambda one: one.stated)}.values())
    if len(_distinct(one.serial for one in chosen)) > 1:
        return chosen, Question(unclear=Unclear.SERIALS, texts=tuple(one.serial for one in chosen))
    return chosen, None


def _serial(label: Label, codes: SiteCodes) -> _Serial | None:
    if label.kind is Kind.UNIT and label.item and label.serial:
        return _Serial(label.serial, (label.item,), _is_stated(label))
    if label.kind is not Kind.SERIAL or not label.serial:
        return None
    by_pattern = serials_by_pattern(codes, label.serial)
    return _Serial(next(iter(by_pattern.values()), label.serial), tuple(by_pattern), stated=False)


def _item_of(
    serial: _Serial, item: str | None, item_hint: str | None, document_items: Sequence[str]
) -> tuple[str | None, Question | None]:
    """The product of a serial number, or the question that finds it out."""
    fits = serial.items
    if item:
        if fits and item not in fits:
            return None, Question(unclear=Unclear.OTHER_PRODUCT, serial=serial.serial, item=item, things=fits)
        return item, None
    if len(fits) == 1:
        return fits[0], None
    if item_hint and (not fits or item_hint in fits):
        return item_hint, None
    in_hand = [known for known in _distinct(document_items) if not fits or known in fits]
    if len(in_hand) == 1:
        return in_hand[0], None
    among = tuple(in_hand) or fits
    unclear = Unclear.PRODUCT_AMONG if among else Unclear.PRODUCT_OF
    return None, Question(unclear=unclear, serial=serial.serial, things=among)


def _identifiers(labels: Iterable[Label]) -> tuple[str, ...]:
    found: list[str] = []
    for label in labels:
        if label.kind is Kind.IDENTIFIER:
            found.append(label.key)
        found.extend(key for ai, value in label.elements if ai in IMEI_AIS and (key := _imei(value)))
    return tuple(_distinct(found))


def _imei(digits: str) -> str | None:
    """AI 8040 demands no check digit, so one that is wrong is no name, and no fault of the unit either."""
    try:
        return imei_key(digits)
    except ValueError:
        return None


def _one_each(
    items: Sequence[str], lots: Sequence[str], expiries: Sequence[str], plates: Sequence[str]
) -> Question | None:
    """A question for the first kind of which the box shows more than one."""
    if len(items) > 1:
        return Question(unclear=Unclear.PRODUCTS, things=tuple(items))
    for unclear, texts in ((Unclear.LOTS, lots), (Unclear.EXPIRY_DATES, expiries)):
        if len(texts) > 1:
            return Question(unclear=unclear, texts=tuple(texts))
    return Question(unclear=Unclear.PLATES, things=tuple(plates)) if len(plates) > 1 else None


def _distinct(values: Iterable[str | None]) -> list[str]:
    return list(dict.fromkeys(value for value in values if value))
