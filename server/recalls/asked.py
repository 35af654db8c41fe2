"""What a person asks to recall, checked and made a predicate of: each fault in a sentence, and all serials at once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Final

import sqlalchemy as sa

from server import named, papers, search
from server.cells import CellError, slashed
from server.named import NamedError
from server.recalls import notices
from server.tables import reference
from server.zones import quarantine_bins
from sync.check_digits import CSET_82
from sync.identity import is_container, is_location, is_stock, item_of, unit_key

REASON_MAX: Final = 200
NUMBER_MAX: Final = 40
UNITS_MAX: Final = 20_000
"""Serials that one recall may name: every handheld holds them all."""
SERIAL_MAX: Final = 20
LOT_MAX: Final = 20


class RecallError(ValueError):
    """The recall cannot be made, followed or released; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A recall as a person puts it. Every part that is given has to match; serials are reached beside the rest."""

    number: str = ""
    """Empty: the next free one."""
    reason: str = ""
    product: str = ""
    """GTIN, SKU or canonical name."""
    lots: Sequence[str] = ()
    serials: Sequence[str] = ()
    """Of the product, or any label or further name of a unit that is known."""
    supplier: str = ""
    receipts: Sequence[str] = ()
    """Numbers of ASNs and purchase orders."""
    since: str = ""
    """First day on which it came in, ISO 8601, or a moment; UTC."""
    until: str = ""
    """Last day, or the moment before which."""
    place: str = ""
    """Code of the bin where what is found is set apart; empty: the suggested one."""
    drill: bool = False


def row_of(connection: sa.Connection, site: str, asked: Asked) -> dict[str, Any]:
    """The predicate as it is published (`sync/recall.py` reads it), without the moments of its being in force.

    Raises:
        RecallError: it names nothing, or something that is none.
    """
    number, reason = asked.number.strip() or next_number(connection, [site]), asked.reason.strip()
    _check_words(connection, site, number, reason)
    item = _item(connection, site, asked)
    units = _units(connection, site, item, asked.serials)
    since_ms, until_ms = _window(asked.since, asked.until)
    narrowed = asked.lots or asked.receipts or asked.supplier or since_ms is not None or until_ms is not None
    item = item if narrowed or not units else None  # else the product only says whose serial numbers these are
    named, items = notices.resolve(connection, site, asked.supplier.strip(), _said(asked.receipts))
    lots = _lots(asked.lots)
    if lots and item is None and named is None:
        raise RecallError("A lot number alone may be any maker's: name its product, its supplier or its delivery too.")
    if not units and item is None and named is None and since_ms is None and until_ms is None:
        raise RecallError(
            f"Recall {number} names nothing: give a product, a supplier, a delivery, a time, or serial numbers."
        )
    return {
        "number": number,
        "reason": reason,
        "item": item,
        "lots": lots,
        "units": units,
        "notices": named,
        "items": items,
        "received_from_ms": since_ms,
        "received_until_ms": until_ms,
        "place": _place(connection, site, asked.place.strip()),
        "supplier": asked.supplier.strip() or None,
        "receipts": _said(asked.receipts),
        "drill": asked.drill,
        "site": site,
    }


def next_number(connection: sa.Connection, sites: Iterable[str]) -> str:
    """The first of RC-1, RC-2, ... that is free at each of these sites."""
    query = sa.select(reference.c.key).where(reference.c.site.in_(list(sites)), reference.c.kind == "recall")
    taken = set(connection.execute(query).scalars())
    return next(number for n in range(1, len(taken) + 2) if (number := f"RC-{n}") not in taken)


def _lots(texts: Sequence[str]) -> list[str]:
    """The lot numbers, each such as a label can bear."""
    for lot in (said := _said(texts)):
        strange = next((c for c in lot if c not in CSET_82), None)
        if strange is not None or len(lot) > LOT_MAX:
            why = f"{strange!r} cannot stand in one" if strange else f"it has more than {LOT_MAX} characters"
            raise RecallError(f"{lot!r:.60} is no lot number: {why}.")
    return said


def _said(texts: Sequence[str]) -> list[str]:
    return list(dict.fromkeys(text.strip() for text in texts if text.strip()))


def _check_words(connection: sa.Connection, site: str, number: str, reason: str) -> None:
    if not reason:
        raise RecallError("Say what is wrong with it: handhelds show that.")
    if len(reason) > REASON_MAX:
        raise RecallError(f"The reason has {len(reason)} characters; {REASON_MAX} fit on a handheld.")
    if len(number) > NUMBER_MAX or not number.isprintable() or "/" in number:
        raise RecallError(
            f"{number!r:.60} is no number for a recall: at most {NUMBER_MAX} printable characters without a stroke."
        )
    query = sa.select(reference.c.key).where(
        reference.c.site == site, reference.c.kind == "recall", reference.c.key == number
    )
    if connection.execute(query).first() is not None:
        raise RecallError(f"There is a recall {number} already: choose another number.")
    other = papers.taken_by(connection, site, number)
    if other is not None:
        raise RecallError(f"{number} is {other} already: choose another number.")


def _item(connection: sa.Connection, site: str, asked: Asked) -> str | None:
    try:
        return named.product_asked(connection, site, asked.product)
    except ValueError as error:
        raise RecallError(str(error)) from None


def _units(connection: sa.Connection, site: str, item: str | None, serials: Sequence[str]) -> list[str]:
    said = _said(serials)
    if len(said) > UNITS_MAX:
        raise RecallError(f"{len(said):,} serial numbers are named; one recall takes {UNITS_MAX:,}. Split it.")
    found, wrong = [], []
    for text in said:
        key, problem = _unit(connection, site, item, text)
        if key is None:
            wrong.append(problem)
        else:
            found.append(key)
    if wrong:
        more = f" And {len(wrong) - 3} more like these." if len(wrong) > 3 else ""
        raise RecallError(" ".join(wrong[:3]) + more + " Nothing was recalled.")
    return list(dict.fromkeys(found))


def _unit(connection: sa.Connection, site: str, item: str | None, text: str) -> tuple[str | None, str]:
    """The unit that is meant; or None, and why not."""
    if item is not None:
        strange = next((c for c in text if c not in CSET_82), None)
        if strange is None and len(text) <= SERIAL_MAX:
            return unit_key(item, text), ""
        known = search.find(connection, site, text).keys
        if len(known) == 1 and item_of(known[0]) == item:
            return known[0], ""
        why = f"{strange!r} cannot stand in one" if strange else f"it has more than {SERIAL_MAX} characters"
        return None, f"{text!r:.60} is no serial number: {why}."
    keys = [key for key in search.find(connection, site, text).keys if not is_stock(key) and not is_location(key)]
    if len(keys) > 1:
        return None, f"{len(keys)} units bear {text!r:.60}: name the product too."
    if not keys or is_container(keys[0]):
        return None, f"{text!r:.60} is no unit that is known here: name the product too."
    return keys[0], ""


def _window(since: str, until: str) -> tuple[int | None, int | None]:
    first, last = _moment(since, last=False), _moment(until, last=True)
    if first is not None and last is not None and last <= first:
        raise RecallError("The time in which it came in ends before it begins.")
    return first, last


def _moment(text: str, *, last: bool) -> int | None:
    """A moment, Unix milliseconds; of a day its beginning, or its end where it is the last one."""
    if not text.strip():
        return None
    try:
        said = slashed(text.strip()) or text.strip()
        found = datetime.fromisoformat(said)
    except CellError as error:
        raise RecallError(str(error)) from None
    except ValueError:
        raise RecallError(f"{text.strip()!r:.40} is no day and no moment: write it as 2026-11-29.") from None
    found = found if found.tzinfo else found.replace(tzinfo=UTC)
    return int(found.timestamp() * 1000) + (86_400_000 if last and _is_day(said) else 0)


def _is_day(text: str) -> bool:
    """Whether no time of day is said: 2026-11-29, 20261129 or 2026-W48-7."""
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _place(connection: sa.Connection, site: str, code: str) -> str | None:
    if not code:
        return suggested_place(connection, site)
    try:
        return named.place(connection, site, code)
    except NamedError as error:
        raise RecallError(str(error)) from None


def suggested_place(connection: sa.Connection, site: str) -> str | None:
    """The first bin where things are set apart, by its code; None where the site has none."""
    bins = [(code, key) for key, code in quarantine_bins(connection, site).items()]
    return min(bins)[1] if bins else None
