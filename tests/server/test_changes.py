"""A handheld that pulls page by page ends with exactly the server's rows, whatever commits when."""

from __future__ import annotations

import random
from typing import Any

import pytest
import sqlalchemy as sa

from server.changes import publish, pull
from server.database import db, reading, stamp, writing
from server.tables import reference, server_state
from server.undo import undo
from tests.handheld import BIN_A, CABLE, DAY, DOCK, Chain, unit
from tests.postgres import Server
from tests.server.site import SITE, enrol, push, site

Known = dict[tuple[str, str], Any]


def offer(number: int, row: Any = "there", kind: str = "document") -> None:
    with writing() as c:
        publish(c, SITE, kind, f"D-{number:03}", {"v": row} if row is not None else None, stamp(c))


def page(known: Known, cursor: str | None, limit: int = 2_000) -> tuple[str, bool]:
    with reading() as c:
        changes, cursor, more = pull(c, SITE, cursor, limit)
    known.update({(kind, key): row for kind, key, row in changes})
    return cursor, more


def everything(known: Known, cursor: str | None, limit: int) -> str:
    for _ in range(1_000):
        cursor, more = page(known, cursor, limit)
        if not more:
            return cursor
    raise AssertionError("The pages never end.")


def offered() -> Known:
    with reading() as c:
        return {(kind, key): row for kind, key, row in c.execute(sa.select(*reference.c["kind", "key", "row"]))}


def test_pages_within_one_transaction_skip_nothing_and_repeat_nothing(warehouse: str) -> None:
    with writing() as c:
        at = stamp(c)
        for n in range(7):
            publish(c, SITE, "document", f"D {n}", {"v": n}, at)
            publish(c, SITE, "item", f"I.{n}", {"v": n}, at)
    known: Known = {}
    cursor: str | None = None
    seen, more = 0, True
    for _ in range(5):
        with reading() as c:
            changes, cursor, more = pull(c, SITE, cursor, 3)
        seen += len(changes)
        known.update({(kind, key): row for kind, key, row in changes})
    assert (seen, more) == (14, False)
    assert known == offered()


def test_units_and_reference_rows_come_by_the_same_cursor(warehouse: str) -> None:
    enrol(1)
    device = Chain(1)
    for n in range(5):
        device.scan(DAY + n, "put_away", unit(f"S{n}"), location=BIN_A)
    push(device, now_ms=DAY + 60_000)
    offer(1)
    known: Known = {}
    everything(known, None, 2)
    assert {key for kind, key in known if kind == "unit"} == {unit(f"S{n}") for n in range(5)}
    assert known["unit", unit("S1")][:3] == ["stored", BIN_A, BIN_A]
    assert ("document", "D-001") in known


def test_handhelds_are_told_to_the_minute_since_when_something_is_in_stock(warehouse: str) -> None:
    enrol(1)
    device = Chain(1)
    device.scan(DAY, "receive", unit("S9"), location=BIN_A)
    device.scan(DAY + 3_600_000, "receive", unit("S1"), location=BIN_A)
    device.scan(DAY + 7_200_000, "receive", CABLE, location=BIN_A, quantity=3)
    device.scan(DAY + 7_200_000, "put_away", unit("S1"), location=BIN_A)
    push(device, now_ms=DAY + 7_260_000)
    known: Known = {}
    everything(known, None, 50)
    minute = DAY // 60_000
    assert [known["unit", unit(serial)][9] for serial in ("S9", "S1")] == [minute, minute + 60]
    assert known["unit", unit("S1")][10:] == [], "the day on which it came in is the same"
    assert known["stock", f"{CABLE} {BIN_A}"][1] == minute + 120


def test_a_row_that_has_gone_is_pulled_as_gone(warehouse: str) -> None:
    offer(1)
    known: Known = {}
    cursor = everything(known, None, 10)
    offer(1, None)
    everything(known, cursor, 10)
    assert known == {("document", "D-001"): None}


def test_a_recall_that_was_released_is_gone_for_handhelds(warehouse: str) -> None:
    row = {"number": "R-1", "reason": "battery", "since_ms": 1, "until_ms": None}
    with writing() as c:
        publish(c, SITE, "recall", "R-1", row, stamp(c))
    known: Known = {}
    cursor = everything(known, None, 10)
    assert known["recall", "R-1"] == row
    with writing() as c:
        publish(c, SITE, "recall", "R-1", row | {"until_ms": 2}, stamp(c))
    everything(known, cursor, 10)
    assert known["recall", "R-1"] is None


@pytest.mark.parametrize("cursor", ["other.5", "inc1", "inc1.x", "inc1.5.0", "inc1.²", "", "...", "inc1.-1"])
def test_a_cursor_of_another_server_or_of_none_starts_from_the_beginning(warehouse: str, cursor: str) -> None:
    offer(1)
    known: Known = {}
    everything(known, cursor, 10)
    assert known == offered()


def test_after_a_restore_everything_is_pulled_again(warehouse: str) -> None:
    offer(1)
    cursor = everything({}, None, 10)
    with writing() as c:
        c.execute(server_state.update().values(incarnation="inc2"))
    known: Known = {}
    everything(known, cursor, 10)
    assert known == offered()


def test_a_name_too_long_for_a_cursor_costs_a_repetition_and_no_row(warehouse: str) -> None:
    with writing() as c:
        at = stamp(c)
        for n in range(4):
            publish(c, SITE, "document", f"{n}" + "x" * 495, {"v": n}, at)
    with reading() as c:
        _, cursor, _ = pull(c, SITE, None, 1)
    assert len(cursor) <= 500
    known: Known = {}
    everything(known, None, 2)
    assert known == offered()


def test_a_handheld_that_pulls_while_others_write_ends_with_the_servers_rows(warehouse: str) -> None:
    dice = random.Random(7)
    known: Known = {}
    cursor: str | None = None
    for _ in range(60):
        offer(dice.randrange(12), dice.choice([dice.randrange(99), None]))
        if dice.random() < 0.5:
            cursor, _ = page(known, cursor, 2)
    everything(known, cursor, 2)
    assert {k: v for k, v in known.items() if v is not None} == {k: v for k, v in offered().items() if v is not None}


def naive(connection: sa.Connection, after: int) -> tuple[set[str], int]:
    """The control: a cursor that remembers the highest stamp it has seen."""
    query = sa.select(reference.c.key, reference.c.stamp).where(reference.c.stamp > after)
    found = connection.execute(query).all()
    return {key for key, _ in found}, max([after, *(at for _, at in found)])


@pytest.mark.postgres
def test_a_row_that_commits_late_is_pulled_and_a_naive_cursor_misses_it(postgres_url: str) -> None:
    with site(postgres_url):
        known: Known = {}
        with db.engine.connect() as slow, slow.begin():
            publish(slow, SITE, "document", "slow", {"v": 1}, stamp(slow))
            with writing() as quick:
                publish(quick, SITE, "document", "quick", {"v": 2}, stamp(quick))
            cursor = everything(known, None, 10)
            with reading() as c:
                control, highest = naive(c, 0)
            assert control == {"quick"}
            assert known == {}  # nothing is read above a transaction that is still running
        everything(known, cursor, 10)
        with reading() as c:
            more, _ = naive(c, highest)
        assert control | more == {"quick"}, "the control found the late row, so this test proves nothing"
        assert set(known) == {("document", "slow"), ("document", "quick")}


@pytest.mark.postgres
def test_a_database_that_sorts_by_a_language_skips_no_row_either(postgres: Server) -> None:
    name = "sorted_by_language"
    with sa.create_engine(postgres.url, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool).connect() as c:
        try:
            c.exec_driver_sql(f"CREATE DATABASE {name} TEMPLATE template0 LOCALE_PROVIDER icu ICU_LOCALE 'en-US'")
        except sa.exc.NotSupportedError:
            pytest.skip("This build of PostgreSQL sorts by no language.")
    with site(postgres.database_url(name)):
        with writing() as c:
            at = stamp(c)
            for key in ("a", "B", "c", "D", "-e", "Z", "é", "_x"):
                publish(c, SITE, "document", key, {"v": 1}, at)
                publish(c, SITE, "Item", key, {"v": 1}, at)
        known: Known = {}
        everything(known, None, 1)
        assert known == offered()
    postgres.drop_database(name)


def test_a_docked_unit_that_was_never_there_is_taken_off_the_map(warehouse: str) -> None:
    enrol(1)
    device = Chain(1)
    device.scan(DAY, "receive", unit("S1"), location=DOCK)
    push(device, now_ms=DAY + 60_000)
    known: Known = {}
    cursor = everything(known, None, 10)
    device.scan(DAY + 5, "link", unit("S2"), identifiers=[unit("S1")])
    push(device, 2, now_ms=DAY + 60_000)
    everything(known, cursor, 10)
    assert known["unit", unit("S1")] is None
    assert known["alias", unit("S1")] == unit("S2")


def test_an_undo_at_the_office_is_told_to_the_handheld_that_scanned_and_to_no_other(warehouse: str) -> None:
    enrol(1)
    chain = Chain(1)
    chain.scan(DAY, "put_away", unit("S1"), location=BIN_A)
    push(chain, now_ms=DAY + 1_000)
    with writing() as c:
        undo(c, site=SITE, name="1.1.1", reason="wrong bin", operator="Sam", now_ms=DAY + 2_000)
    with reading() as c:
        told = [[row for kind, _, row in pull(c, SITE, None, device_no=n)[0] if kind == "undone"] for n in (1, 11)]
    assert told == [[{"by": "Sam", "reason": "wrong bin", "action": "put_away", "subject": unit("S1")}], []]
