"""The office's files: taken in by the server's own reader."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence

from server import document_names, documents
from server.database import reading
from server.document_file import Draft, draft
from server.document_kinds import KINDS
from server.document_lines import Names

Rows = Sequence[Mapping[str, object]]


class Papers:
    """What the office takes in."""

    def __init__(self, site: str, operator: str) -> None:
        self._site, self._operator = site, operator
        self._names: Names | None = None

    def imports(self, kind: str, rows: Rows, now_ms: int) -> None:
        """Take in a file, as `flask --app server import` does."""
        with self._read(kind, rows) as found:
            documents.take(found, operator=self._operator, now_ms=now_ms, pause=lambda _: None)
        if kind in ("products", "locations"):
            self._names = None

    def _read(self, kind: str, rows: Rows) -> _Checked:
        if self._names is None:
            with reading() as c:
                self._names = document_names.read(c, self._site)
        file = io.StringIO()
        columns: Iterable[str] = dict.fromkeys(name for row in rows for name in row)
        writer = csv.DictWriter(file, list(columns))
        writer.writeheader()
        writer.writerows(rows)
        content = io.BytesIO(file.getvalue().encode())
        return _Checked(draft(content, KINDS[kind], site=self._site, names=self._names))


class _Checked:
    """A checked file, whose spool is closed at the end."""

    def __init__(self, found: Draft) -> None:
        self._found = found

    def __enter__(self) -> Draft:
        if self._found.errors:
            raise AssertionError([str(e) for e in self._found.errors[:5]])
        return self._found

    def __exit__(self, *_: object) -> None:
        self._found.spool.close()
