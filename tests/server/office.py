"""A server set up as its administrator sets it up, and the files that people send it."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import openpyxl
import sqlalchemy as sa
from flask import Flask

from server import document_names, documents, migrations, staff
from server.context import settings
from server.database import db, reading, writing
from server.document_file import Draft, draft
from server.document_kinds import KINDS
from server.documents import Imported
from server.setup import FIRST_ADMIN, set_up
from server.tables import people
from tests.server import audited, ready_made, ready_tables
from tests.server.running import HASH

SITE = "main"
NOW = 1_767_225_600_000
LAMP, TEA, PEN = "09506000134352", "09506000134369", "09506000134376"
CARTON_1, CARTON_2, PALLET = "106141412345678908", "106141412345678915", "106141412345678922"
PRODUCTS = f"gtin,sku,name,mode\n{LAMP},LAMP,Lamp,serial\n{TEA},TEA,Tea,lot\n{PEN},PEN,Pen,quantity\n"
LOCATIONS = "code,name,zone\nA-01,Bin A1,picking\nA-02,Bin A2,picking\nDOCK,Dock,inbound\n"
STOCK = f"gtin,serial,lot,quantity,location\n{LAMP},S1,,,A-01\n{LAMP},S2,,,A-02\n{TEA},,L1,10,A-02\n{PEN},,,1200,A-02\n"
ASN = (
    f"number,sscc,parent,gtin,serial,quantity,lot\nASN-1,{CARTON_1},{PALLET},{LAMP},S10,,\n"
    f"ASN-1,{CARTON_1},,{LAMP},S11,,\nASN-1,{CARTON_2},{PALLET},{TEA},,24,L2\nASN-1,{CARTON_2},,{PEN},,100,\n"
)


@contextmanager
def office(
    database_url: str, folder: Path, *, now_ms: Callable[[], int] = lambda: NOW, **overrides: Any
) -> Iterator[Flask]:
    """A server that `init` made ready, inside an app context."""
    with bare(database_url, folder, now_ms=now_ms, **overrides) as app:
        ready_tables.lay(db.engine)
        with writing() as c:  # the first administrator, without the tenth of a second that a strong hash takes
            migrations.upgrade(c)  # the file may hold something else already
            staff.add_person(c, site=SITE, name=FIRST_ADMIN, role="admin", by=None, now_ms=NOW)
            c.execute(people.update().values(password_hash=HASH))
        set_up(settings(), now_ms=NOW)
        yield app


@contextmanager
def bare(
    database_url: str, folder: Path, *, now_ms: Callable[[], int] = lambda: NOW, **overrides: Any
) -> Iterator[Flask]:
    """A server on an empty database, inside an app context."""
    given = {"DATABASE_URL": database_url, "INSTANCE": folder / "instance", "SITE": SITE, "SECRET_KEY": "test"}
    (folder / "instance").mkdir(exist_ok=True)
    app = ready_made.create_app({**given, "ADDRESSES": ("http://server.test",), **overrides}, now_ms=now_ms)
    with app.app_context():
        try:
            with audited.watched(app):
                yield app
        finally:
            db.engine.dispose()


@contextmanager
def read(kind: str, content: str | bytes, *, number: str | None = None) -> Iterator[Draft]:
    """A file, checked."""
    with reading() as c:
        names = document_names.read(c, SITE)
    file = io.BytesIO(content.encode() if isinstance(content, str) else content)
    found = draft(file, KINDS[kind], site=SITE, names=names, number=number)
    with found.spool:
        yield found


def problems(kind: str, content: str | bytes) -> list[str]:
    """What is wrong with a file's rows."""
    with read(kind, content) as found:
        return [str(e) for e in found.errors]


def take(kind: str, content: str | bytes, *, number: str | None = None, now_ms: int = NOW) -> Imported:
    """Import a file that holds one document."""
    with read(kind, content, number=number) as found:
        assert [str(e) for e in found.errors] == []
        (taken,) = documents.take(found, operator="Rosa", now_ms=now_ms, pause=lambda _: None)
    return taken


def stock_up() -> None:
    """Products, places and stock."""
    for kind, content in (("products", PRODUCTS), ("locations", LOCATIONS), ("stock", STOCK)):
        take(kind, content)


def workbook(rows: list[list[Any]]) -> bytes:
    """An XLSX file with these rows."""
    book = openpyxl.Workbook()
    assert book.active is not None
    for row in rows:
        book.active.append(row)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def rows(table: sa.Table, *columns: str) -> list[tuple[Any, ...]]:
    """Rows of a table in the order of the given columns."""
    picked = [table.c[name] for name in columns]
    with reading() as c:
        return [tuple(row) for row in c.execute(sa.select(*picked).order_by(*picked))]
