"""What the labels of a kept scan say by today's rules. Pure: parsing is an opinion that can be made again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from sync.event import ScanEvent
from sync.identity import Kind, item_of, split_key
from sync.labels import Label, SiteCodes, parse, parse_all
from sync.labels.box import identify, plated

FIRMNESS: Final = (
    Kind.UNIT, Kind.PLATE, Kind.CONTAINER, Kind.LOT, Kind.ITEM, Kind.IDENTIFIER, Kind.SERIAL, Kind.LOCATION, Kind.OTHER,
)  # fmt: skip
"""What names a thing more firmly comes first: a reading is never replaced by one that says less."""
UNREADABLE: Final = "a label that could not be read then"
_AIM_LENGTH: Final = 3


class Finding(StrEnum):
    """How today's reading of a scan compares with the one that was kept."""

    SAME = "same"
    CHANGED = "changed"
    UNCLEAR = "unclear"
    """Today it would be asked, or says less than what is kept: that stands."""
    REFUSED = "refused"
    """No label rule of today takes it: what is kept stands."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One scan, read anew."""

    finding: Finding
    subject: str | None = None
    identifiers: tuple[str, ...] | None = None
    lot: str | None = None
    expiry: str | None = None
    why: str = ""
    """What is different, in a few words that recur; or why it is unclear or refused, in a sentence."""


def read_anew(event: ScanEvent, codes: SiteCodes) -> Reading:
    """The scan's labels by today's rules, held against what the scan says."""
    if event.barcode is None or (event.subject is None and event.action != "unreadable"):
        return Reading(finding=Finding.SAME)
    symbols = list(_symbols(event))
    if len(symbols) == 1:
        listed = parse_all(*symbols[0], codes)
        if len(listed) > 1 and event.subject is not None:
            keys = {label.key for label in listed if isinstance(label, Label)}
            found = Finding.SAME if event.subject in keys else Finding.UNCLEAR
            return Reading(finding=found, why="The symbol lists several units, and none is the one that was kept.")
    read = [parse(raw, symbology, codes) for raw, symbology in symbols]
    labels = [label for label in read if isinstance(label, Label)]
    if event.subject is None:
        return _readable_now(event, labels, codes)
    if not labels:
        return Reading(finding=Finding.REFUSED, why=next(r.reason for r in read if not isinstance(r, Label)))
    return _compared(event, _named(event, labels, codes))


def label_key(barcode: str, symbology: str | None, codes: SiteCodes) -> str | None:
    """The name in a label that stands alone, such as that of a line which could not be believed; None where none."""
    try:
        label = parse(barcode.encode("latin-1"), symbology, codes)
    except UnicodeEncodeError:
        return None
    return label.key if isinstance(label, Label) else None


def _symbols(event: ScanEvent) -> Iterator[tuple[bytes, str | None]]:
    yield event.barcode or b"", event.symbology
    for text in event.beside or ():
        raw = text.encode("latin-1", "replace")
        has_identifier = raw[:1] == b"]" and len(raw) > _AIM_LENGTH
        yield (raw[_AIM_LENGTH:], text[:_AIM_LENGTH]) if has_identifier else (raw, None)


def _named(event: ScanEvent, labels: list[Label], codes: SiteCodes) -> Reading:
    """As the handheld names what is on one box; what it had asked for then is in the name that it kept."""
    if len(labels) == 1 and labels[0].kind is Kind.CONTAINER:
        return Reading(finding=Finding.CHANGED, subject=labels[0].key)
    box = identify(labels, codes=codes, item_hint=item_of(event.subject or ""))
    of_a_plate = plated(box, item_of(event.subject or ""))
    box = of_a_plate if of_a_plate.key == event.subject else box
    names = list(box.identifiers)
    key = box.key or (names.pop(0) if names and not box.question else None)
    if key is None:
        return Reading(finding=Finding.UNCLEAR, why=str(box.question or "It names nothing that could be scanned."))
    return Reading(
        finding=Finding.CHANGED, subject=key, identifiers=tuple(names) or None, lot=box.lot, expiry=box.expiry
    )


def _readable_now(event: ScanEvent, labels: list[Label], codes: SiteCodes) -> Reading:
    """Of a label that could not be read then: whether it names one thing today."""
    if [label.kind for label in labels] == [Kind.LOCATION]:
        return _with(Reading(finding=Finding.CHANGED, subject=labels[0].key), UNREADABLE)
    found = _named(event, labels, codes) if labels else Reading(finding=Finding.SAME)
    if found.finding is not Finding.CHANGED or _kind(found.subject or "") not in (
        Kind.UNIT,
        Kind.PLATE,
        Kind.CONTAINER,
    ):
        return Reading(finding=Finding.SAME)
    return _with(found, UNREADABLE)


def _compared(event: ScanEvent, reading: Reading) -> Reading:
    if reading.finding is not Finding.CHANGED or reading.subject is None or event.subject is None:
        return reading
    if reading.subject != event.subject:
        before, after = _kind(event.subject), _kind(reading.subject)
        if FIRMNESS.index(after) > FIRMNESS.index(before):
            return Reading(finding=Finding.UNCLEAR, why=f"Today it says less: a {after.value}, not a {before.value}.")
        return _with(reading, f"{before.value} read as {after.value}" if before != after else f"another {after.value}")
    for name in ("lot", "expiry"):
        if getattr(reading, name) not in (None, getattr(event, name)):
            return _with(reading, f"its {name}")
    if set(reading.identifiers or ()) - set(event.identifiers or ()):
        return _with(reading, "a further name")
    return Reading(finding=Finding.SAME)


def _with(reading: Reading, why: str) -> Reading:
    return Reading(
        finding=Finding.CHANGED,
        subject=reading.subject,
        identifiers=reading.identifiers,
        lot=reading.lot,
        expiry=reading.expiry,
        why=why,
    )


def _kind(key: str) -> Kind:
    kind = split_key(key).kind
    return kind if kind in FIRMNESS else Kind.OTHER
