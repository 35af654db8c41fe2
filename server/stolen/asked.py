"""What a person reports as stolen, checked: every thing by one canonical name, each fault in a sentence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Final

import sqlalchemy as sa

from server import named, search
from server.cells import CellError, slashed
from server.stolen import known
from sync.check_digits import CSET_82
from sync.identity import is_container, is_location, is_stock, item_of, serial_key, split_key, unit_key

REASON_MAX: Final = 200
REFERENCE_MAX: Final = 60
THINGS_MAX: Final = 1_000
"""Things that one report may name."""
SERIAL_MAX: Final = 20
_NO_THING: Final = ("252", "253", "8018")


class StolenError(ValueError):
    """It cannot be reported so, or not be withdrawn; the message says why."""


class ElsewhereError(StolenError):
    """It was reported at a site that whoever would withdraw it is not let into."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A theft as a person reports it."""

    reason: str = ""
    """What happened: handhelds show it."""
    reference: str = ""
    """The police's number, or another's; may be empty."""
    serials: Sequence[str] = ()
    """Serial numbers, IMEIs or labels; of this product where one is given."""
    product: str = ""
    """GTIN, SKU or canonical name."""
    since: str = ""
    """The day from which sightings count, ISO 8601, or a moment, UTC; empty: now."""


def words(asked: Asked) -> tuple[str, str | None]:
    """What happened, and the police's number.

    Raises:
        StolenError: nothing is said, or too much.
    """
    reason, reference = " ".join(asked.reason.split()), " ".join(asked.reference.split())
    if not reason:
        raise StolenError("Say what happened: whoever scans one of them reads it.")
    if len(reason) > REASON_MAX:
        raise StolenError(f"What happened has {len(reason)} characters; {REASON_MAX} fit on a handheld.")
    if len(reference) > REFERENCE_MAX or not reference.isprintable():
        raise StolenError(f"The police's number takes at most {REFERENCE_MAX} printable characters.")
    return reason, reference or None


def since_ms(asked: Asked, now_ms: int) -> int:
    """From when on sightings count, Unix milliseconds.

    Raises:
        StolenError: that is no day and no moment, or one to come.
    """
    text = asked.since.strip()
    if not text:
        return now_ms
    try:
        found = datetime.fromisoformat(slashed(text) or text)
    except CellError as error:
        raise StolenError(str(error)) from None
    except ValueError:
        raise StolenError(f"{text!r:.40} is no day and no moment: write it as {date(2026, 11, 29)}.") from None
    at_ms = int((found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp() * 1000)
    if at_ms > now_ms:
        raise StolenError(f"{text:.40} is still to come: give a moment up to now.")
    return at_ms


def things(connection: sa.Connection, site: str, asked: Asked) -> list[str]:
    """The canonical name of each thing, known here or not; all that are wrong are told at once.

    Raises:
        StolenError: nothing is named, or too much, or something that is no single thing.
    """
    said = list(dict.fromkeys(text.strip() for text in asked.serials if text.strip()))
    if not said:
        raise StolenError("Name at least one by its serial number, IMEI or label.")
    if len(said) > THINGS_MAX:
        raise StolenError(f"{len(said):,} things are named; one report takes {THINGS_MAX:,}. Make several.")
    item = _item(connection, site, asked)
    found, wrong = [], []
    for text in said:
        try:
            found.append(_thing(connection, site, item, text))
        except StolenError as error:
            wrong.append(str(error))
    if wrong:
        more = f" And {len(wrong) - 3} more like these." if len(wrong) > 3 else ""
        raise StolenError(" ".join(wrong[:3]) + more + " Nothing was reported.")
    return list(dict.fromkeys(found))


def _item(connection: sa.Connection, site: str, asked: Asked) -> str | None:
    try:
        return named.product_asked(connection, site, asked.product)
    except ValueError as error:
        raise StolenError(str(error)) from None


def _thing(connection: sa.Connection, site: str, item: str | None, text: str) -> str:
    found = search.find(connection, site, text)
    keys = [key for key in found.keys if item is None or item_of(key) == item]
    if len(keys) > 1:
        raise StolenError(f"{len(keys)} units bear {text!r:.60}: name the product too.")
    if item is not None and not keys:
        _check_serial(text)
        return unit_key(item, text)
    if keys and _is_thing(keys[0]):
        return keys[0]
    if keys or found.document:
        raise StolenError(
            f"{text!r:.60} is no single thing that could be stolen: give a serial number, an IMEI or a label."
        )
    _check_serial(text)
    return serial_key(known.domain(connection, site), text)


def _is_thing(key: str) -> bool:
    if is_stock(key) or is_container(key) or is_location(key):
        return False
    return split_key(key).elements[0][0] not in _NO_THING


def _check_serial(text: str) -> None:
    strange = next((c for c in text if c not in CSET_82), None)
    if strange is not None or len(text) > SERIAL_MAX:
        why = f"{strange!r} cannot stand in one" if strange else f"it has more than {SERIAL_MAX} characters"
        raise StolenError(f"{text!r:.60} is no serial number: {why}.")
