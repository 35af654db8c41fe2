"""Counts: the lines of a version, exactly as it was frozen."""

from __future__ import annotations

from dataclasses import asdict
from typing import Final

import sqlalchemy as sa

from server.counts import versions
from server.counts.plan import CountError
from server.exports import Column, Filters, Listing, Rows
from server.lists.naming_rows import with_names


def _frozen_lines(connection: sa.Connection, site: str, filters: Filters) -> Rows:
    number, _, version = filters["version"].rpartition("/")
    if not (version.isascii() and version.isdigit() and len(version) <= 9):
        raise LookupError(f"There is no version {filters['version']!r:.80}: it takes a count and a number, COUNT-1/2.")
    try:
        found = versions.read_version(connection, site, number, int(version))
    except CountError as error:
        raise LookupError(str(error)) from None
    rows = (asdict(line) | {"seen": " ".join(place for place in line.seen if place)} for line in found.each_line())
    return with_names(connection, site, rows, {"subject": "name", "expected": "belongs"})


LISTS: Final = (
    Listing(
        name="count_version_lines",
        title="Lines of a closed count",
        rows=_frozen_lines,
        filters={"version": "the count and its version: COUNT-1/2"},
        needs="version",
        columns=(
            Column("kind", "Result"),
            Column("name", "Unit, product or lot"),
            Column("belongs", "Belongs"),
            Column("expected_quantity", "Expected"),
            Column("quantity", "Counted"),
            Column("provisional", "Provisional"),
            Column("found_under", "Found by"),
            Column("subject", "Canonical name"),
            Column("expected", "Canonical place where it belongs"),
            Column("seen", "Canonical places where it was seen"),
        ),
    ),
)
