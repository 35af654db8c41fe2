"""Files that were sent to be imported: checked first, kept until somebody takes them in or for an hour, then taken.

They lie in a spool in the instance folder, readable by its owner alone, with a bound on their number and on their age
(an order's file holds addresses). What was found out about a file stands in a JSON file beside it, so that the page
that shows it needs no second look into a large file. Several servers that share no instance folder do not share the
spool: the file is then asked for again.
"""

from __future__ import annotations

import csv
import io
import json
import logging
import re
import secrets
import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa
from flask import Flask

from server import document_names, documents
from server.database import reading
from server.document_file import Draft, draft, unscannable_text
from server.document_kinds import KINDS
from server.documents import DocumentError
from server.exports import defused
from server.held_file import hold
from server.tables import document_rows
from server.tables import documents as documents_table
from server.tabular import TableError

log = logging.getLogger(__name__)

KEPT_MS: Final = 3_600_000
FILES_MAX: Final = 20
"""In the spool; the oldest goes for a new one."""
ERRORS_SHOWN_MAX: Final = 200
"""On the page; the report as a file has them all."""
DOCUMENTS_SHOWN_MAX: Final = 50
AT_ONCE_ROWS_MAX: Final = 2_000
"""A file with more rows is taken in while the page shows how far it is."""
SUFFIXES: Final = ("json", "file", "problems.csv", "lock")
BROKEN_OFF: Final = "It was broken off: the server stopped meanwhile. Take it in again; what was begun is gone on with."
_TOKEN: Final = re.compile(r"[0-9a-f]{32}")


class UploadError(ValueError):
    """The file cannot be used; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """One file in the spool, and what is known of it."""

    token: str
    site: str
    kind: str
    filename: str
    number: str | None
    operator: str
    at_ms: int
    rows: int = 0
    """Rows without a fault."""
    faults: int = 0
    """Rows with one."""
    errors: list[list[Any]] = field(default_factory=list)
    """The first ones: row, column, what is wrong, the cell."""
    documents: list[list[Any]] = field(default_factory=list)
    """The first ones: number, rows, digest."""
    documents_number: int = 0
    ignored: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    """Sentences on what is taken all the same."""
    note: str | None = None
    state: str = "checked"
    """checked, taking, taken or failed."""
    message: str = ""
    taken: list[list[Any]] = field(default_factory=list)
    """The first ones: kind, number, rows, whether exactly this was here before."""


@dataclass(frozen=True, slots=True)
class Spool:
    """The folder of one server's uploads."""

    folder: Path

    def check(self, content: bytes, *, now_ms: int, **about: Any) -> Upload:
        """Keep a file and say what is wrong with it; nothing is taken in.

        Raises:
            UploadError: it is no table of this kind.
        """
        self.drop_old(now_ms)
        upload = Upload(token=secrets.token_hex(16), at_ms=now_ms, **about)
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        upload = self._judge(upload, content)
        self._write(upload.token, "file", content)
        self._save(upload)
        return upload

    def find(self, token: str, site: str, now_ms: int) -> Upload | None:
        """What is known of a file; None where it is gone or was never here."""
        self.drop_old(now_ms)
        if not _TOKEN.fullmatch(token):
            return None
        found = self._read(token)
        if found is not None and found.state == "taking" and not self._is_held(token):
            found = self._read(token)  # it may have ended just now
            if found is not None and found.state == "taking":
                found = replace(found, state="failed", message=BROKEN_OFF)
        return found if found is not None and found.site == site else None

    def problems(self, token: str) -> bytes:
        """The whole report as a CSV file."""
        return self._path(token, "problems.csv").read_bytes()

    def take(self, app: Flask, upload: Upload, *, operator: str, now_ms: int, skip_bad: bool) -> Upload:
        """Take the file in: at once, or a large one in a thread of its own while `find` tells how far it is.

        Raises:
            UploadError: it has been taken or is being taken already, or it cannot be.
        """
        held = hold(self._path(upload.token, "lock"))  # one click of two gets it
        now = self._read(upload.token)
        if held is None or now is None or now.state == "taken":
            if held is not None:
                held.close()
            raise UploadError(f"{upload.filename} has been sent in already.")
        upload = replace(now, state="taking", message="")
        self._save(upload)
        if upload.rows <= AT_ONCE_ROWS_MAX:
            with held:
                return self._take(upload, operator=operator, now_ms=now_ms, skip_bad=skip_bad)

        def run() -> None:
            with app.app_context(), held:
                self._take(upload, operator=operator, now_ms=now_ms, skip_bad=skip_bad)

        threading.Thread(target=run, name=f"import {upload.token}").start()
        return upload

    def drop_old(self, now_ms: int) -> None:
        """Forget what is older than an hour, and the oldest where there are too many."""
        kept: list[Upload] = []
        for path in self.folder.glob("*.json"):
            try:
                kept.append(Upload(**json.loads(path.read_text())))
            except (FileNotFoundError, ValueError, TypeError):  # another process drops it, or is writing it
                continue
        kept.sort(key=lambda upload: -upload.at_ms)
        for number, upload in enumerate(kept):
            old = upload.at_ms < now_ms - KEPT_MS or number >= FILES_MAX
            if old and not self._is_held(upload.token):
                for suffix in SUFFIXES:
                    self._path(upload.token, suffix).unlink(missing_ok=True)

    def _read(self, token: str) -> Upload | None:
        try:
            return Upload(**json.loads(self._path(token, "json").read_text()))
        except FileNotFoundError:
            return None

    def _is_held(self, token: str) -> bool:
        """Whether somebody takes the file in just now; a process that was killed holds nothing."""
        if not self._path(token, "lock").exists():
            return False
        held = hold(self._path(token, "lock"))
        if held is not None:
            held.close()
        return held is None

    def _judge(self, upload: Upload, content: bytes) -> Upload:
        found = _draft(upload, content)
        with closing(found.spool):
            self._write(upload.token, "problems.csv", _report(found))
            return replace(
                upload,
                rows=found.rows,
                faults=len(found.bad),
                errors=[list(line) for line, _ in zip(_lines(found), range(ERRORS_SHOWN_MAX), strict=False)],
                documents=[
                    [document.number, len(document.offsets), document.digest]
                    for document in list(found.documents.values())[:DOCUMENTS_SHOWN_MAX]
                ],
                documents_number=len(found.documents),
                ignored=list(found.ignored),
                notes=[unscannable_text(found.unscannable)] if found.unscannable else [],
                note=found.table.note,
            )

    def _take(self, upload: Upload, *, operator: str, now_ms: int, skip_bad: bool) -> Upload:
        """Check it again, for products may have come or gone since, and take it."""
        content = self._path(upload.token, "file").read_bytes()
        try:
            upload = replace(self._judge(upload, content), state="taking")
            _refuse(upload, skip_bad=skip_bad)
            found = _draft(upload, content)
            with closing(found.spool):
                taken = documents.take(found, operator=operator, now_ms=now_ms)
        except (UploadError, DocumentError) as error:
            upload = replace(upload, state="failed", message=str(error))
        except Exception:  # a thread has nobody to tell: the page does
            log.exception("The import of %s failed", upload.filename)
            message = "Something went wrong; it has been written to the log. What was begun can be gone on with."
            upload = replace(upload, state="failed", message=message)
        else:
            first = taken[:DOCUMENTS_SHOWN_MAX]
            upload = replace(upload, state="taken", taken=[[t.kind, t.number, t.rows, t.known] for t in first])
            self._path(upload.token, "file").unlink(missing_ok=True)
        self._save(upload)
        return upload

    def _path(self, token: str, suffix: str) -> Path:
        return self.folder / f"{token}.{suffix}"

    def _save(self, upload: Upload) -> None:
        self._write(upload.token, "json", json.dumps(asdict(upload)).encode("ascii"))

    def _write(self, token: str, suffix: str, content: bytes) -> None:
        """Whole or not at all: another request may be reading it."""
        fresh = self.folder / f"{token}.{suffix}.{secrets.token_hex(4)}"
        fresh.touch(mode=0o600)
        fresh.write_bytes(content)
        fresh.replace(self._path(token, suffix))


def _draft(upload: Upload, content: bytes) -> Draft:
    with reading() as connection:
        names = document_names.read(connection, upload.site)
    try:
        return draft(io.BytesIO(content), KINDS[upload.kind], site=upload.site, names=names, number=upload.number)
    except TableError as error:
        raise UploadError(str(error)) from None


def _refuse(upload: Upload, *, skip_bad: bool) -> None:
    if upload.faults and not skip_bad:
        raise UploadError(f"Nothing was taken: {upload.faults} of its rows are wrong.")
    if not upload.rows:
        raise UploadError("Nothing was taken: no row is good.")


def _lines(found: Draft) -> Iterator[tuple[int, str | None, str, str]]:
    """Row, column, what is wrong and what stands in the cell, for each fault."""
    cells = {row.number: row.cells for row in found.bad}
    for error in found.errors:
        cell = cells.get(error.row, {}).get(error.column or "", "")
        yield error.row, error.column, error.problem, str(cell)


def _report(found: Draft) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(["row", "column", "problem", "cell"])
    writer.writerows([row, column or "", problem, defused(cell)] for row, column, problem, cell in _lines(found))
    return text.getvalue().encode("utf-8-sig")


def progress(connection: sa.Connection, upload: Upload) -> tuple[int, int]:
    """How many of a file's rows are through, and how many there are: each is loaded, then worked in."""
    d, r = documents_table.c, document_rows.c
    done = 0
    for _, _, digest in upload.documents:
        loaded = connection.execute(sa.select(sa.func.max(r.row)).where(r.document == digest)).scalar() or 0
        folded = connection.execute(sa.select(d.folded_rows).where(d.digest == digest)).scalar() or 0
        done += (loaded + folded) // 2
    return done, sum(rows for _, rows, _ in upload.documents)
