"""Whatever is changed in the database behind the server's back, `verify` finds it and says what it is."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from server import documents as documents_
from server import handheld_roles, proven, refolding, site_codes, staff, told_anew, upkeep
from server.counts.blind import blind_bins
from server.counts.opening import open_count
from server.database import db, reading, stamp, writing
from server.life_cycle import price_list
from server.life_cycle.markdown import Rule, Suggestion, When
from server.receipts.sampling import set_rule
from server.returns.limits import Limits, set_limits
from server.tables import (
    cases,
    chains,
    devices,
    document_rows,
    documents,
    events,
    identifier_claims,
    people,
    reference,
    stock_levels,
    unit_states,
)
from server.undo import undo
from tests.handheld import BIN_A, BIN_B, CABLE, DOCK, PHONE, unit
from tests.server.office import read
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
TOLD_OF = {
    "order": "number,gtin,quantity\nSO-1,09506000134352,1\n",
    "rma": "number,order,gtin,serial,reason\nRMA-1,SO-1,09506000134352,A1,fit\n",
    "warranty": "gtin,months,starts\n09506000134352,24,sale\n",
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
        tell(handheld)
        found_again = {"subjects": [unit("A8")], "reason": "under the counter"}
        assert admin.post("/api/v1/stolen/ST-1/found", json=found_again).status_code == 200
        db.engine.dispose()
        shutil.copy(folder / "live.sqlite3", folder / "whole.sqlite3")
        yield folder


def tell(handheld: Handheld) -> None:
    """Something of each other kind that handhelds are told of."""
    for kind, content in TOLD_OF.items():
        with read(kind, content) as checked:
            documents_.take(checked, operator="admin", now_ms=NOW)
    handheld.scan("inspect", unit("A2"), location=BIN_B, minutes_ago=1)
    handheld.push(first=len(handheld.chain.lines))
    name = f"{handheld.chain.device_no}.{handheld.chain.epoch}.{len(handheld.chain.lines)}"
    by: dict[str, Any] = {"site": SITE, "operator": "admin", "now_ms": NOW}
    rule = Rule(name="old", when=When.AGE, days=90, percent=50)
    cheaper = Suggestion(subject=unit("A2"), item=PHONE, quantity=1, rule=rule, was=200, price=100, floored=False)
    with writing() as c:
        undo(c, name=name, reason="wrong bin or carton", **by)
        set_rule(c, supplier="Acme", mode="count", value=5, **by)
        set_limits(c, item=None, limits=Limits(unit_max=2), **by)
        price_list.accept(c, suggestions=[cheaper], currencies={PHONE: "EUR"}, days=3, **by)
        open_count(c, number="COUNT-1", bins=[BIN_A, BIN_B], blind=True, **by)
        site_codes.publish(c, SITE, stamp(c))
        handheld_roles.tell(c, handheld.chain.device_no, SITE, "receiver", NOW)
        rosa = staff.add_person(c, site=SITE, name="Rosa", role="picker", by="admin", now_ms=NOW)
        staff.set_badge(c, rosa, "K-17", "7391", staff.Change(site=SITE, by="admin", now_ms=NOW))


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
    "a badge that opens for somebody else": (
        lambda c: c.execute(people.update().where(people.c.name == "Rosa").values(badge=None)),
        "Badge K-17 opens handhelds for Rosa, who has it no longer",
    ),
    "a badge whose PIN was changed": (
        lambda c: c.execute(people.update().where(people.c.name == "Rosa").values(pin_hash="x")),
        "Badge K-17 is told to handhelds with another name, PIN or role than Rosa has",
    ),
    "a badge that was taken from the handhelds": (
        lambda c: c.execute(reference.delete().where(reference.c.kind == "person")),
        "Badge K-17 of Rosa opens no handheld, and it should",
    ),
    "a handheld that is told another role": (
        lambda c: c.execute(devices.update().values(role="picker")),
        "is told that it is for another role than picker",
    ),
    "a bin that a blind count does not hide": (
        lambda c: c.execute(blind_bins.delete().where(blind_bins.c.place == BIN_A)),
        f"What lies in {BIN_A} is not hidden as count COUNT-1 says",
    ),
    "a chain that is said to reach further": (
        lambda c: c.execute(chains.update().where(chains.c.device_no != 0).values(last_seq=99)),
        "is said to reach to 99",
    ),
    "a gap that is none": (
        lambda c: c.execute(chains.update().where(chains.c.device_no != 0).values(missing=[[2, 3]])),
        "is said to lack other events than those which are not here",
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
@pytest.mark.parametrize("kind", [told.kind for told in told_anew.TOLD])
def test_what_handhelds_are_told_is_held_against_the_ledger_and_told_again_by_a_rebuild(kind: str) -> None:
    r = reference.c
    with writing() as c:
        query = sa.select(reference).where(r.kind == kind, r.row.isnot(None)).order_by(r.key).limit(1)
        row = dict(c.execute(query).mappings().one())
        c.execute(reference.update().where(r.kind == kind, r.key == row["key"]).values(row=row["row"] | {"spoilt": 1}))
        c.execute(reference.insert().values(row | {"key": "GHOST"}))
    assert found() == [
        f"{kind} {key}{said}"
        for key, said in sorted(
            {
                "GHOST": " is stored, and the ledger does not bear it out.",
                row["key"]: ": spoilt is 1, and the ledger says None.",
            }.items()
        )
    ]
    refolding.rebuild_all(SITE, lambda _: None)
    assert found() == []


@pytest.mark.usefixtures("warehouse")
def test_what_handhelds_are_not_told_any_more_is_missed_whatever_it_is() -> None:
    kinds = [told.kind for told in told_anew.TOLD if told.kind != "site"]
    with writing() as c:
        c.execute(reference.delete().where(reference.c.kind.in_(kinds)))
    missed = [said.partition(" ")[0] for said in found() if "is not stored, and the ledger says" in said]
    assert set(missed) == set(kinds)
    assert missed.count("document") == 4, "notice, order, return and count"


@pytest.mark.usefixtures("warehouse")
def test_every_table_and_every_kind_that_handhelds_are_told_is_recomputed_or_has_a_reason() -> None:
    assert proven.RECOMPUTED.keys() | proven.NOT_RECOMPUTED.keys() == set(db.metadata.tables)
    assert not proven.RECOMPUTED.keys() & proven.NOT_RECOMPUTED.keys()
    with reading() as c:
        kinds = set(c.execute(sa.select(reference.c.kind).distinct()).scalars())
    assert kinds <= proven.TOLD | proven.NOT_TOLD_ANEW.keys()
    assert {told.kind for told in told_anew.TOLD} <= proven.TOLD


@pytest.mark.usefixtures("warehouse")
def test_thefts_are_told_again_by_a_rebuild() -> None:
    with writing() as c:
        c.execute(reference.update().where(THEFT, reference.c.key == unit("A9")).values(key=unit("B1")))
    refolding.rebuild_all(SITE, lambda _: None)
    assert found() == []


@pytest.mark.usefixtures("warehouse")
@pytest.mark.parametrize("what", DAMAGE)
def test_damage_is_found(what: str) -> None:
    damage, sentence = DAMAGE[what]
    with writing() as c:
        assert damage(c).rowcount
    assert [said for said in found() if sentence in said] != []
