"""JSON: a list of objects, each a row."""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, BinaryIO, Final

from server.tabular import table
from server.tabular.table import Row, Table, TableError

JSON_BYTES_MAX: Final = 8 << 20  # held in memory whole, unlike the other formats: at worst 25 times as much


def read(file: BinaryIO) -> Table:
    """The table in a JSON file; rows are numbered from 1.

    Raises:
        TableError: it is not a list of objects, or out of bounds.
    """
    text = file.read(JSON_BYTES_MAX + 1)
    if len(text) > JSON_BYTES_MAX:
        raise TableError(f"The JSON file has more than {JSON_BYTES_MAX:,} bytes: send it as CSV.")
    try:
        found = json.loads(
            text.removeprefix(b"\xef\xbb\xbf"),
            parse_float=Decimal,
            parse_constant=_refuse_constant,
            object_pairs_hook=_once_each,
        )
    except TableError:
        raise
    except (ValueError, RecursionError, ArithmeticError):
        raise TableError("The file starts like JSON, but it cannot be read as JSON.") from None
    return of(found)


def of(found: Any) -> Table:
    """The table in a list of objects.

    Raises:
        TableError: it is something else.
    """
    if not isinstance(found, list) or not found or not all(isinstance(o, dict) for o in found):
        raise TableError("A list of objects is needed, one for each row.")
    names: dict[str, None] = {}
    for one in found:
        names.update(dict.fromkeys(table.headings(list(one))))
    return Table(headings=table.headings(list(names)), rows=table.bounded(_rows(found)))


def _rows(found: list[dict[str, Any]]) -> Iterator[Row]:
    for number, one in enumerate(found, start=1):
        yield table.row(number, table.headings(list(one)), list(one.values()))


def _once_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object; JSON itself would let the last of two with the same key win without a word."""
    found = dict(pairs)
    if len(found) < len(pairs):
        table.headings([key for key, _ in pairs])  # which names the key
    return found


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is no number.")
