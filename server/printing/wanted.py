"""What somebody wants labels of, in their own words: new plates, new cartons, bins, what was scanned, badges."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

import sqlalchemy as sa

from server import named, naming, search, site_codes
from server.named import NamedError
from server.printing import jobs, numbers
from server.printing.content import PrintError, content_of
from server.printing.jobs import Printed
from server.printing.symbol import Carrier
from server.tables import people, reference
from sync import identity
from sync.identity import badge_key, split_key
from sync.labels import Label

SHEET: Final = "a4-3x8"
"""What the page offers first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """One wish. Which of its fields count depends on `what`, a key of `KINDS`."""

    what: str
    count: int = 1
    """New plates or cartons."""
    item: str | None = None
    """The product that new plates are for, by canonical name, GTIN or SKU: it is written beside the symbol."""
    zone: str | None = None
    """All bins of this zone; every bin where it is empty."""
    text: str = ""
    """What is to be labelled, a line for each: a label's text, a serial number, a canonical name; of badges, people."""
    carrier: Carrier | None = None
    medium: str = SHEET
    start: int = 1


def zones(connection: sa.Connection, site: str) -> list[str]:
    """Zones of which there are bins."""
    t = reference.c
    rows = connection.execute(sa.select(t.row).where(t.site == site, t.kind == "location", t.row.isnot(None))).scalars()
    return sorted({row["zone"] for row in rows if row.get("zone")})


def print_wanted(connection: sa.Connection, wanted: Wanted, *, site: str, operator: str | None, now_ms: int) -> Printed:
    """Make the labels that somebody wants, and record it.

    Raises:
        PrintError: something of it cannot be printed; nothing was allotted or recorded.
    """
    kind = KINDS.get(wanted.what)
    if kind is None:
        raise PrintError(f"There are no labels of {wanted.what!r:.40}: it is one of {', '.join(KINDS)}.")
    keys, headings = kind.keys(connection, site, wanted, operator, now_ms)
    return jobs.print_labels(
        connection,
        site=site,
        keys=keys,
        carrier=wanted.carrier or kind.carrier,
        medium=wanted.medium,
        start=wanted.start,
        headings=headings,
        operator=operator,
        now_ms=now_ms,
    )


def print_again(
    connection: sa.Connection, number: str, *, site: str, operator: str | None, now_ms: int, start: int = 1
) -> Printed:
    """Print a job's labels once more.

    Raises:
        PrintError: there is no such job.
    """
    job = next(iter(jobs.jobs(connection, site, number=number)), None)
    if job is None:
        raise PrintError(f"There is no print job {number!r:.40}.")
    _no_badges(job.keys)
    return jobs.print_labels(
        connection,
        site=site,
        keys=job.keys,
        carrier=Carrier(job.carrier),
        medium=job.medium,
        start=start,
        headings=jobs.headings_of(connection, site, number),
        operator=operator,
        now_ms=now_ms,
    )


_Keys = tuple[list[str], dict[str, str]]


def _plates(connection: sa.Connection, site: str, wanted: Wanted, operator: str | None, now_ms: int) -> _Keys:
    heading = ""
    if wanted.item:
        item = _product(connection, site, wanted.item)
        heading = jobs.writable(naming.read(connection, site, [item]).product(item), "")
    keys = numbers.new_plates(connection, site, wanted.count, operator=operator, now_ms=now_ms)
    return keys, dict.fromkeys(keys, heading)


def _cartons(connection: sa.Connection, site: str, wanted: Wanted, operator: str | None, now_ms: int) -> _Keys:
    return numbers.new_cartons(connection, site, wanted.count, operator=operator, now_ms=now_ms), {}


def _bins(connection: sa.Connection, site: str, wanted: Wanted, _operator: str | None, _now_ms: int) -> _Keys:
    t = reference.c
    query = sa.select(t.key, t.row).where(t.site == site, t.kind == "location", t.row.isnot(None))
    rows = {row.key: row.row for row in connection.execute(query)}
    asked = {line.strip() for line in wanted.text.splitlines() if line.strip()}
    absent = asked - {row["code"] for row in rows.values()}
    if absent:
        raise PrintError(f"There is no bin {min(absent)!r:.40} here.")
    chosen = {
        key: row["code"]
        for key, row in rows.items()
        if (row["code"] in asked if asked else not wanted.zone or row.get("zone") == wanted.zone)
    }
    if not chosen:
        raise PrintError("There is no such bin: import the locations first, or name another zone.")
    return sorted(chosen, key=lambda key: chosen[key]), {}


def _named(connection: sa.Connection, site: str, wanted: Wanted, _operator: str | None, _now_ms: int) -> _Keys:
    lines = [line.strip() for line in wanted.text.splitlines() if line.strip()]
    if not lines:
        raise PrintError("Say what is to be labelled: scan it, or type its number.")
    keys = [_key(connection, site, line) for line in lines]
    _no_badges(keys)
    return keys, {}


def _no_badges(keys: Iterable[str]) -> None:
    """Who may print labels may not make themselves somebody else's badge.

    Raises:
        PrintError: there is one among these.
    """
    if any(split_key(key).kind is identity.Kind.BADGE for key in keys):
        raise PrintError("Badges are printed by who gives them, under “Badges”: they are not printed by their number.")


def _badges(connection: sa.Connection, site: str, wanted: Wanted, _operator: str | None, _now_ms: int) -> _Keys:
    domain = site_codes.load(connection, site).domain
    query = sa.select(people.c.name, people.c.badge).where(people.c.site == site, people.c.active)
    badges = {row.name: row.badge for row in connection.execute(query)}
    asked = [line.strip() for line in wanted.text.splitlines() if line.strip()]
    if strange := [name for name in asked if not badges.get(name)]:
        raise PrintError(f"Nobody named {strange[0]!r:.60} has a badge here: give them one first.")
    worn = [badges[name] for name in asked or sorted(badges) if badges[name]]
    if not worn:
        raise PrintError("Nobody has a badge yet.")
    return [badge_key(domain, badge) for badge in worn], {}


def _key(connection: sa.Connection, site: str, text: str) -> str:
    """The name of what was typed or scanned: under its own label first, then whatever it can mean here."""
    codes = site_codes.load(connection, site)
    label = search.read_typed(text, codes)
    tried = [label.key] if isinstance(label, Label) else []
    found = search.find(connection, site, text)
    for key in [*tried, *(found.keys if len(found.keys) == 1 else ())]:
        try:
            content_of(key, codes)
        except PrintError:
            continue
        return str(key)
    if len(found.keys) > 1:
        raise PrintError(f"{text!r:.60} can be one of {len(found.keys)} units: give the product too.")
    if found.keys and split_key(found.keys[0]).kind is identity.Kind.UNIT:
        content_of(found.keys[0], codes)  # says why
    raise PrintError(f"{text!r:.60} names nothing that has a label: units known here, plates, cartons and bins have.")


def _product(connection: sa.Connection, site: str, text: str) -> str:
    try:
        return named.product(connection, site, text)
    except NamedError as error:
        raise PrintError(str(error)) from None


@dataclass(frozen=True, slots=True)
class Kind:
    """What there are labels of."""

    text: str
    carrier: Carrier
    keys: Callable[[sa.Connection, str, Wanted, str | None, int], _Keys]


KINDS: Final = {
    "plates": Kind("New plates", Carrier.DATAMATRIX, _plates),
    "cartons": Kind("New carton labels", Carrier.LINEAR, _cartons),
    "bins": Kind("Bins", Carrier.DATAMATRIX, _bins),
    "named": Kind("What is here already", Carrier.DATAMATRIX, _named),
    "badges": Kind("Badges", Carrier.QR, _badges),
}
"""Each with the symbol that it takes where nothing is said."""
