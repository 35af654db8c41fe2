"""What was reported stolen, and under which names a scanned thing is looked for among it.

A report names a unit, an IMEI or another further name, a plate, or a serial number whose product nobody said. A thing
is looked for under every name that is read on it or known of it, so that it is found wherever it is scanned, whether
or not it is ours.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sync.event import ScanEvent
from sync.identity import Kind, serial_key, split_key


@dataclass(frozen=True, slots=True, kw_only=True)
class Theft:
    """One thing as it was reported, from when to when."""

    report: str
    """Number of the report."""
    reason: str
    since_ms: int
    until_ms: int | None = None
    """When it was withdrawn: it was found."""
    of: str | None = None
    """The unit that was reported, where this is the serial number on it alone: for who reads no more than that."""


Thefts = Mapping[str, tuple[Theft, ...]]
"""Name -> what was reported of it, the oldest first."""


def thefts_in(row: Mapping[str, Any]) -> tuple[Theft, ...]:
    """What a row of reference data says of its name."""
    return tuple(Theft(**said) for said in row["thefts"])


def names_read(event: ScanEvent) -> tuple[str, ...]:
    """Every name that a scan read on the thing."""
    return tuple(dict.fromkeys((event.subject or "", *(event.identifiers or ()), *(event.numbers or ()))))


def names_asked(names: Iterable[str], domain: str) -> list[str]:
    """The names to look up for a thing of these names: themselves, and each unit's serial number by itself."""
    own = [name for name in names if name]
    return list(dict.fromkeys([*own, *(alone for name in own if (alone := serial_alone(name, domain)))]))


def theft_of(names: Iterable[str], thefts: Thefts, domain: str, at_ms: int | None = None) -> Theft | None:
    """The report that a thing of these names stands under; None where it stands under none.

    Args:
        at_ms: the moment that is asked about, Unix milliseconds; None: now.
    """
    for name in (name for name in names if name):
        for key in (name, serial_alone(name, domain)):
            for theft in reversed(thefts.get(key or "", ())):
                meant = key == name or theft.of is None  # another product's unit may bear that serial number
                if meant and _stands(theft, at_ms):
                    return theft
    return None


def _stands(theft: Theft, at_ms: int | None) -> bool:
    if at_ms is None:
        return theft.until_ms is None
    return theft.since_ms <= at_ms and (theft.until_ms is None or at_ms < theft.until_ms)


def serial_alone(name: str, domain: str) -> str | None:
    """The name of a unit's serial number by itself; None where it is no unit of a product, or no name at all."""
    try:
        parts = split_key(name)
    except ValueError:  # somebody asks about what they typed
        return None
    serial = parts.value("21") if parts.kind is Kind.UNIT else None
    return serial_key(domain, serial) if serial else None
