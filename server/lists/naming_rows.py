"""Rows with the names that people use beside the canonical ones, some at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any

import sqlalchemy as sa

from server import naming
from server.exports import ROWS_AT_ONCE, Rows


def batches(rows: Iterable[Mapping[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    """The rows, so many at a time as are given their names with one query."""
    waiting = iter(rows)
    while batch := [dict(row) for row in islice(waiting, ROWS_AT_ONCE)]:
        yield batch


def with_names(
    connection: sa.Connection, site: str, rows: Iterable[Mapping[str, Any]], names: Mapping[str, str]
) -> Rows:
    """The rows with further columns: `names` says which column of canonical names is told in words in which other."""
    for batch in batches(rows):
        known = naming.read(connection, site, (row[key] for row in batch for key in names))
        for row in batch:
            yield row | {told: row[key] and known(row[key]).text for key, told in names.items()}
