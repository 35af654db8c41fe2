"""What was reported stolen and is before this handheld: by every name that is read on it or known of it here."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from scanner_client.handheld import Handheld
from scanner_client.parcel import contents
from sync.actions import ACTIONS
from sync.event import ScanEvent
from sync.identity import Kind, is_container
from sync.labels import Label, SiteCodes
from sync.stolen import Theft, names_read, theft_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Stolen:
    """The report, and the thing in the scanned carton that it is about; None where it is the scanned one itself."""

    theft: Theft
    inside: str | None = None


def stolen_here(handheld: Handheld, event: ScanEvent) -> Stolen | None:
    """The report that what is scanned stands under, or something that would be moved with it."""
    if not handheld.site_map.thefts():
        return None
    subject = event.subject or ""
    found = _theft(handheld, names_read(event))
    if found is not None:
        return Stolen(theft=found)
    if not (is_container(subject) and ACTIONS[event.action].stops_recalled):
        return None
    for thing in contents(handheld, subject):
        inside = _theft(handheld, [thing])
        if inside is not None:
            return Stolen(theft=inside, inside=thing)
    return None


def reported_alone(handheld: Handheld, labels: Iterable[Label]) -> str | None:
    """The name of a serial number that is reported, of whichever product: then nobody is asked which one it is."""
    names = (label.key for label in labels if label.kind is Kind.SERIAL)
    return next((name for name in names if _theft(handheld, [name])), None)


def is_stolen(handheld: Handheld, unit: str, events: Iterable[ScanEvent]) -> bool:
    """Whether a unit, or anything that was read on it in these scans, is reported stolen."""
    if not handheld.site_map.thefts():
        return False
    return _theft(handheld, [unit, *(name for event in events for name in names_read(event))]) is not None


def _theft(handheld: Handheld, names: Iterable[str]) -> Theft | None:
    site_map = handheld.site_map
    wider = [own for name in names for own in (name, *_own(handheld, name))]
    codes = site_map.entry("site", "codes") or {}
    return theft_of(wider, site_map.thefts(), codes.get("domain") or SiteCodes().domain)


def _own(handheld: Handheld, name: str) -> tuple[str, ...]:
    """A unit's own name, where this is a further one of it: the report may name the box."""
    found = handheld.site_map.find(name) if name else None
    return (found.key,) if found and found.key != name else ()
