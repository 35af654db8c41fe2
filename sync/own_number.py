"""Whether the numbers read on what came back are those of the unit that its label names.

A fake in the buyer's own genuine box has the right label. Its own number, on its screen or its case, is what tells.

>>> unit = "https://id.gs1.org/01/09506000134352/21/A1"
>>> compare(unit, [], ["https://warehouse.example/250/A1"]), compare(unit, [], ["urn:gsma:imei:49015420-323751-0"])
(<Match.AGREE: 'agree'>, <Match.NOT_ON_RECORD: 'not_on_record'>)
>>> compare(unit, ["urn:gsma:imei:35209900-176148-0"], ["urn:gsma:imei:49015420-323751-0"])
<Match.DISAGREE: 'disagree'>
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from enum import StrEnum
from typing import Final

from sync.identity import KeyParts, Kind, item_of, split_key

SOME_IMEI: Final = "urn:gsma:imei:00000000-000000-0"
"""Stands for the IMEIs of a unit where only that it has some is known, as in a handheld's map; no phone's own."""


class Match(StrEnum):
    """How numbers that were read compare with what is known of a unit."""

    AGREE = "agree"
    NOT_ON_RECORD = "not_on_record"
    """Nothing was received with it that they could be compared with."""
    DISAGREE = "disagree"


def compare(unit: str, known: Collection[str], numbers: Iterable[str]) -> Match | None:
    """How these numbers compare; one that disagrees outweighs all others. None where there are none.

    Args:
        unit: canonical name that the label gives.
        known: its further identifiers, as they were received.
        numbers: canonical names, as they were read.
    """
    found = {_one(unit, known, number) for number in numbers}
    return next((match for match in (Match.DISAGREE, Match.AGREE, Match.NOT_ON_RECORD) if match in found), None)


def _one(unit: str, known: Collection[str], number: str) -> Match:
    if number == unit or number in known:
        return Match.AGREE
    parts = _parts(number)
    if parts.kind is Kind.SERIAL:
        return _serials(unit, known, parts.value("250"))
    if parts.kind is Kind.UNIT:
        return Match.DISAGREE if item_of(unit) else Match.NOT_ON_RECORD
    alike = [name for name in known if _parts(name).kind is parts.kind]
    return Match.DISAGREE if alike else Match.NOT_ON_RECORD


def _serials(unit: str, known: Collection[str], serial: str | None) -> Match:
    """A serial number whose product is not said, as on a screen."""
    of_unit = {_parts(unit).value("21")} | {_parts(name).value("250") for name in known} - {None}
    if serial in of_unit:
        return Match.AGREE
    return Match.DISAGREE if of_unit - {None} else Match.NOT_ON_RECORD


def _parts(key: str) -> KeyParts:
    try:
        return split_key(key)
    except ValueError:
        return KeyParts(kind=Kind.OTHER, domain="", elements=())
