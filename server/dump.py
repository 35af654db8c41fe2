"""The portable dump of a database: a line that says what follows, then a line for each row, gzipped.

Either database can be made from it, whichever it was made of.
"""

from __future__ import annotations

import base64
import gzip
import json
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import groupby, islice
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa

from server import migrations
from server.database import db

FORMAT: Final = "scan-backup 1"
MAGIC: Final = b"\x1f\x8b"
ROWS_AT_ONCE: Final = 1_000
LINE_BYTES_MAX: Final = 64 << 20
UNFIT: Final = (
    EOFError, OSError, ValueError, KeyError, TypeError, AttributeError, zlib.error,
    sa.exc.NoSuchTableError, sa.exc.NoResultFound, sa.exc.IntegrityError, sa.exc.DataError,
)  # fmt: skip
"""What reading and loading raise where a dump is damaged, or its rows are not what its tables can hold."""


def write(connection: sa.Connection, path: Path, now_ms: int) -> None:
    """Write every row; the connection's transaction has to be of one moment."""
    tables = list(db.metadata.sorted_tables)
    head = {
        "format": FORMAT,
        "made_ms": now_ms,
        "schema": migrations.current(connection),
        "tables": {t.name: {c.name: _form(c) for c in t.c} for t in tables},
    }
    with gzip.open(path, "wb", compresslevel=6) as file:
        file.write(_json(head))
        for table in tables:
            rows = connection.execution_options(yield_per=ROWS_AT_ONCE).execute(sa.select(table))
            for row in rows:
                file.write(_json([table.name, *(_plain(value) for value in row)]))
        file.write(_json(["end"]))


@contextmanager
def reading(path: Path) -> Iterator[tuple[Mapping[str, Any], Iterator[bytes]]]:
    """What the dump's first line says, and its other lines."""
    with gzip.open(path, "rb") as file:
        lines = iter(lambda: file.readline(LINE_BYTES_MAX), b"")
        yield json.loads(next(lines, b"{}")), lines


def load(connection: sa.Connection, forms: Mapping[str, Mapping[str, str]], lines: Iterable[bytes]) -> None:
    """Insert the rows of a dump, which come table by table in an order that its references allow."""
    ended = False
    for name, group in groupby(map(json.loads, lines), key=lambda row: row[0]):
        if name == "end":
            ended = True
            continue
        table = sa.Table(name, sa.MetaData(), autoload_with=connection)
        for column in table.c:
            if isinstance(column.type, sa.JSON):
                column.type = sa.JSON(none_as_null=True)
        rows = (_row(forms[name], row[1:]) for row in group)
        while chunk := list(islice(rows, ROWS_AT_ONCE)):
            connection.execute(table.insert(), chunk)
    if not ended:
        raise EOFError("it is cut off")


def _row(forms: Mapping[str, str], values: Sequence[Any]) -> dict[str, Any]:
    return {
        column: base64.b64decode(value) if form == "base64" and value is not None else value
        for (column, form), value in zip(forms.items(), values, strict=True)
    }


def _form(column: sa.Column[Any]) -> str:
    """How a dump writes the column's values."""
    if isinstance(column.type, sa.LargeBinary):
        return "base64"
    return "json" if isinstance(column.type, sa.JSON) else "plain"


def _plain(value: Any) -> Any:
    return base64.b64encode(value).decode() if isinstance(value, bytes | memoryview) else value


def _json(row: Any) -> bytes:
    return json.dumps(row, separators=(",", ":")).encode("ascii") + b"\n"
