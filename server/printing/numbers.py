"""Numbers for new plates and cartons: each given once, ever. An event says which were taken.

A plate is `LPN` and eight digits. A carton is an SSCC of the site's GS1 company prefix, or `CTN` and eight digits where
the site has none. Sites of one database share each series, for their labels meet.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

import sqlalchemy as sa

from server import site_codes
from server.database import lock
from server.ledger import in_chunks, record
from server.printing.content import PrintError, content_of
from server.tables import document_rows, events, identifier_claims, sites, unit_states
from sync.check_digits import mod10_digit
from sync.identity import container_key, own_container_key, plate_key

AT_ONCE_MAX: Final = 1_000
PLATES_MAX: Final = 99_999_999
PREFIX_DIGITS: Final = range(4, 13)
"""Lengths of a GS1 company prefix (GS1 General Specifications, 1.4.4)."""
_SSCC_DIGITS: Final = 17
"""Without the check digit: extension digit, company prefix, serial reference."""
SKIPPED_BY_RESTORE: Final = 10_000
"""More than a site prints between two backups."""


def new_plates(connection: sa.Connection, site: str, count: int, *, operator: str | None, now_ms: int) -> list[str]:
    """Names of so many plates that were never given.

    Raises:
        PrintError: so many cannot be given, or the site's plates look otherwise.
    """
    codes = site_codes.load(connection, site)

    def name(number: int) -> str:
        if number > PLATES_MAX:
            raise PrintError("All plates with eight digits have been given.")
        return plate_key(codes.domain, f"LPN{number:08}")

    content_of(name(1), codes)  # before a number is spent
    return _allot(connection, site, "LPN", name, count, operator=operator, now_ms=now_ms)


def new_cartons(connection: sa.Connection, site: str, count: int, *, operator: str | None, now_ms: int) -> list[str]:
    """Names of so many cartons that were never given: SSCCs where the site has a company prefix.

    Raises:
        PrintError: so many cannot be given, or the site's cartons look otherwise.
    """
    codes = site_codes.load(connection, site)
    prefix = connection.execute(sa.select(sites.c.company_prefix).where(sites.c.site == site)).scalar_one()
    if prefix is not None:
        return _allot(
            connection, site, f"SSCC-{prefix}", lambda n: sscc_key(prefix, n), count, operator=operator, now_ms=now_ms
        )

    def name(number: int) -> str:
        if number > PLATES_MAX:
            raise PrintError("All carton plates with eight digits have been given: set the site's GS1 company prefix.")
        return own_container_key(codes.domain, f"CTN{number:08}")

    content_of(name(1), codes)
    return _allot(connection, site, "CTN", name, count, operator=operator, now_ms=now_ms)


def sscc_key(prefix: str, number: int) -> str:
    """The carton with this serial reference; once they run out, the extension digit goes up.

    >>> sscc_key("0614141", 12)
    'https://id.gs1.org/00/006141410000000129'
    """
    digits = _SSCC_DIGITS - 1 - len(prefix)
    extension, reference = divmod(number, 10**digits)
    if extension > 9:
        raise PrintError(f"Every SSCC of the company prefix {prefix} has been given.")
    body = f"{extension}{prefix}{reference:0{digits}}"
    return container_key(f"{body}{mod10_digit(body)}")


def check_prefix(prefix: str) -> str:
    """A GS1 company prefix as it was typed.

    Raises:
        PrintError: it can be none.
    """
    plain = prefix.strip().replace(" ", "")
    if not (plain.isascii() and plain.isdigit() and len(plain) in PREFIX_DIGITS):
        raise PrintError(f"{prefix!r:.40} is no GS1 company prefix: it has 4 to 12 digits.")
    return plain


def skip_after_restore(connection: sa.Connection, site: str, now_ms: int) -> None:
    """Leave numbers out of every series: some that the backup does not know may be on labels by now."""
    query = sa.select(events.c.document).where(_allotted(connection)).distinct()
    for series in sorted(connection.execute(query).scalars()):
        _record(connection, site, series, SKIPPED_BY_RESTORE, None, now_ms, "left out after a restore")


def _allot(
    connection: sa.Connection,
    site: str,
    series: str,
    name: Callable[[int], str],
    count: int,
    *,
    operator: str | None,
    now_ms: int,
) -> list[str]:
    if not 1 <= count <= AT_ONCE_MAX:
        raise PrintError(f"{count} labels cannot be made at once: 1 to {AT_ONCE_MAX} can.")
    lock(connection, "", [f"series {series}"])
    query = sa.select(sa.func.coalesce(sa.func.sum(events.c.quantity), 0))
    first = int(connection.execute(query.where(_allotted(connection, series))).scalar_one()) + 1
    found: list[str] = []
    following = first
    while len(found) < count:
        batch = [name(number) for number in range(following, following + count - len(found))]
        following += len(batch)
        taken = _known(connection, batch)  # an earlier system printed it, or a supplier
        found += [key for key in batch if key not in taken]
    reason = f"{first} to {following - 1}" if following - first > 1 else str(first)
    _record(connection, site, series, following - first, operator, now_ms, reason)
    return found


def allot_number(
    connection: sa.Connection, site: str, series: str, *, above: int, operator: str | None, now_ms: int
) -> int:
    """One number of a series that was never given, above those that are known to be used."""
    lock(connection, "", [f"series {series}"])
    query = sa.select(sa.func.coalesce(sa.func.sum(events.c.quantity), 0))
    given = int(connection.execute(query.where(_allotted(connection, series))).scalar_one())
    number = max(given, above) + 1
    _record(connection, site, series, number - given, operator, now_ms, str(number))
    return number


def _allotted(connection: sa.Connection, series: str | None = None) -> sa.ColumnElement[bool]:
    """The events that took numbers, at whichever site."""
    everywhere = list(connection.execute(sa.select(sites.c.site)).scalars())
    found = events.c.site.in_(everywhere) & (events.c.device_no == 0) & (events.c.action == "allot_numbers")
    return found if series is None else found & (events.c.document == series)


def _record(
    connection: sa.Connection, site: str, series: str, count: int, operator: str | None, now_ms: int, reason: str
) -> None:
    record(
        connection,
        site=site,
        action="allot_numbers",
        operator=operator,
        now_ms=now_ms,
        document=series,
        quantity=count,
        reason=reason,
    )


def _known(connection: sa.Connection, keys: Iterable[str]) -> set[str]:
    found: set[str] = set()
    everywhere = list(connection.execute(sa.select(sites.c.site)).scalars())
    for column in (unit_states.c.unit, identifier_claims.c.name, document_rows.c.subject, document_rows.c.container):
        for chunk in in_chunks(keys):
            query = sa.select(column).where(column.table.c.site.in_(everywhere), column.in_(chunk))
            found.update(connection.execute(query).scalars())
    return found
