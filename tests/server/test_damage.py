"""Whatever is changed in the database behind the server's back, `verify` finds it and says what it is."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from server import upkeep
from server.database import db, reading, writing
from server.tables import (
    cases,
    chains,
    document_rows,
    documents,
    events,
    identifier_claims,
    reference,
    stock_levels,
    unit_states,
)
from tests.handheld import BIN_A, BIN_B, CABLE, DOCK, unit
from tests.server.recalls.scene import GTIN, begin, release
from tests.server.running import NOW, SITE, Handheld, running_server, sign_in

FILES = {
    "asn": "number,supplier,gtin,serial,lot\nASN-1,Acme,09506000134352,A1,L1\nASN-1,Acme,09506000134352,A2,L2\n",
    "stock": "gtin,lot,quantity,location\n00614141000036,C1,40,DOCK\n",
}
LISTS = {
    "products": "gtin,name,mode\n00614141000036,Cable,quantity\n",
    "locations": "code,zone\nZ-09,Z\n",
}
IMEI = "urn:gsma:imei:49015420-323751-0"
RECALL, THEFT = reference.c.kind == "recall", reference.c.kind == "stolen"
BIN = reference.c.kind == "location"


def found() -> list[str]:
    return list(upkeep.verify(SITE, lambda _: None))


@pytest.fixture(scope="module")
def furnished(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Stock, a case, a further name, a recall in force and one that was released; a copy of the database's file."""
    folder: Path = tmp_path_factory.mktemp("damage")
    with running_server(f"sqlite:///{folder / 'live.sqlite3'}", folder) as app:
        admin, handheld = sign_in(app, "admin"), Handheld(app).enrol()
        for kind, content in FILES.items():
            answer = admin.post(f"/api/v1/documents?kind={kind}", data=content)
            assert answer.status_code == 200, answer.text
        for serial in ("A1", "A2"):
            handheld.scan("receive", unit(serial), location=DOCK, document="ASN-1", minutes_ago=20)
        handheld.scan("put_away", unit("A1"), location=BIN_A)
        handheld.scan("inspect", unit("A1"), location=BIN_B, identifiers=[IMEI], minutes_ago=9)
        handheld.push()
        begin("RC-1", product=GTIN, lots=["L1"], now_ms=NOW)
        begin("RC-2", product=GTIN, lots=["L2"], now_ms=NOW)
        release("RC-2", leaving=2)
        for kind, content in LISTS.items():
            assert admin.post(f"/api/v1/documents?kind={kind}", data=content).status_code == 200
        thieves = {"reason": "gone from the cage", "product": GTIN}
        for serials in (["A7", "A8"], ["A9"]):
            assert admin.post("/api/v1/stolen", json=thieves | {"serials": serials}).status_code == 201
        found_again = {"subjects": [unit("A8")], "reason": "under the counter"}
        assert admin.post("/api/v1/stolen/ST-1/found", json=found_again).status_code == 200
        db.engine.dispose()
        shutil.copy(folder / "live.sqlite3", folder / "whole.sqlite3")
        yield folder


@pytest.fixture
def warehouse(furnished: Path) -> None:
    """The same for each test: what the last one damaged is whole again."""
    db.engine.dispose()
    for rest in ("-wal", "-shm"):
        (furnished / f"live.sqlite3{rest}").unlink(missing_ok=True)
    shutil.copy(furnished / "whole.sqlite3", furnished / "live.sqlite3")


@pytest.mark.usefixtures("warehouse")
def test_a_warehouse_that_nobody_touched_fits() -> None:
    assert found() == []


def first(table: sa.Table) -> dict[str, Any]:
    with reading() as c:
        return dict(c.execute(sa.select(table).order_by(*table.primary_key).limit(1)).mappings().one())


def other(value: Any) -> Any:
    """Another value of the same type, that the column takes."""
    match value:
        case bool():
            return not value
        case int():
            return value + 1
        case str():
            return value + "x"
        case bytes():
            return bytes([value[0] ^ 1]) + value[1:]
        case _:
            return None


FOLDED = (unit_states, stock_levels, cases)


@pytest.mark.usefixtures("warehouse")
@pytest.mark.parametrize("table", FOLDED, ids=lambda t: t.name)
def test_each_column_of_a_folded_row_is_held_against_the_ledger(table: sa.Table) -> None:
    row = first(table)
    keys = [c == row[c.name] for c in table.primary_key]
    spoilt = {name: other(value) for name, value in row.items() if name not in table.primary_key.columns}
    spoilt = {name: value for name, value in spoilt.items() if value is not None and name != "stamp"}
    with writing() as c:
        c.execute(table.update().where(*keys).values(spoilt))
    told = [said for said in found() if said.startswith(table.name)]
    assert [name for name in spoilt if not any(f": {name} is " in said for said in told)] == []


@pytest.mark.usefixtures("warehouse")
@pytest.mark.parametrize("table", [*FOLDED, identifier_claims], ids=lambda t: t.name)
def test_a_folded_row_that_is_gone_or_was_invented_is_found(table: sa.Table) -> None:
    row = first(table)
    subject, ghost = ("subject", f"{CABLE}/10/GHOST") if table is stock_levels else ("unit", unit("GHOST"))
    with writing() as c:
        c.execute(table.delete().where(*[column == row[column.name] for column in table.primary_key]))
        c.execute(table.insert().values(row | {subject: ghost}))
    told = [said for said in found() if said.startswith(table.name)]
    assert any("is not stored, and the ledger says that it should be" in said for said in told)
    assert any(ghost in said and "does not bear it out" in said for said in told)


DAMAGE: dict[str, tuple[Callable[[sa.Connection], Any], str]] = {
    "an event's line": (
        lambda c: c.execute(events.update().where(events.c.seq == 3).values(line=b"{}")),
        "its bytes or its digest were changed",
    ),
    "a chain's head": (
        lambda c: c.execute(chains.update().values(head=bytes(32))),
        "is not the digest of its last event",
    ),
    "a document's row": (
        lambda c: c.execute(document_rows.update().where(document_rows.c.lot == "L2").values(lot="L9")),
        "are not those that its event named",
    ),
    "a document's event": (
        lambda c: c.execute(documents.update().where(documents.c.number == "ASN-1").values(event="0.1.999")),
        "does not name asn ASN-1",
    ),
    "a recall that handhelds are not told": (
        lambda c: c.execute(reference.delete().where(RECALL, reference.c.key == "RC-1")),
        "Recall RC-1 is offered to no handheld",
    ),
    "a recall that was let go on the quiet": (
        lambda c: c.execute(
            reference.update().where(RECALL, reference.c.key == "RC-1").values(row=_row(c, "RC-1") | {"until_ms": 1})
        ),
        "Recall RC-1 is offered as released; it is not",
    ),
    "a recall of fewer lots": (
        lambda c: c.execute(
            reference.update().where(RECALL, reference.c.key == "RC-1").values(row=_row(c, "RC-1") | {"lots": ["X"]})
        ),
        "Recall RC-1 is offered otherwise than it was decided",
    ),
    "a theft that handhelds are not told": (
        lambda c: c.execute(reference.delete().where(THEFT, reference.c.key == unit("A7"))),
        f"{unit('A7')} was reported stolen, and no handheld is told of it",
    ),
    "a theft that nobody reported": (
        lambda c: c.execute(reference.update().where(THEFT, reference.c.key == unit("A9")).values(key=unit("B1"))),
        f"{unit('B1')} is told of as stolen, and nobody reported it",
    ),
    "a theft that was let go on the quiet": (
        lambda c: c.execute(reference.update().where(THEFT, reference.c.key == unit("A7")).values(row=_found(c))),
        f"{unit('A7')} is told of as stolen otherwise than it was reported",
    ),
    "a bin that handhelds are not told of": (
        lambda c: c.execute(reference.delete().where(BIN, reference.c.key.endswith("Z-09"))),
        "Z-09 is offered to no handheld, and a list names it",
    ),
    "a product of another mode": (
        lambda c: c.execute(
            reference.update()
            .where(reference.c.kind == "item", reference.c.key == CABLE)
            .values(row={"name": "Cable", "sku": None, "mode": "serial", "serial_pattern": None})
        ),
        f"{CABLE} is offered otherwise than the last list that names it says",
    ),
    "a name that is offered as another unit's": (
        lambda c: c.execute(reference.update().where(reference.c.kind == "alias").values(row=BIN_A)),
        f"{IMEI} is offered as {BIN_A}",
    ),
}


def _row(connection: sa.Connection, number: str) -> dict[str, Any]:
    query = sa.select(reference.c.row).where(RECALL, reference.c.key == number)
    return dict(connection.execute(query).scalar_one())


def _found(connection: sa.Connection) -> dict[str, Any]:
    """What is told of the one that was found."""
    query = sa.select(reference.c.row).where(THEFT, reference.c.key == unit("A8"))
    return dict(connection.execute(query).scalar_one())


@pytest.mark.usefixtures("warehouse")
def test_thefts_are_told_again_by_a_rebuild() -> None:
    with writing() as c:
        c.execute(reference.update().where(THEFT, reference.c.key == unit("A9")).values(key=unit("B1")))
    upkeep.rebuild_all(SITE, lambda _: None)
    assert found() == []


@pytest.mark.usefixtures("warehouse")
@pytest.mark.parametrize("what", DAMAGE)
def test_damage_is_found(what: str) -> None:
    damage, sentence = DAMAGE[what]
    with writing() as c:
        assert damage(c).rowcount
    assert [said for said in found() if sentence in said] != []
