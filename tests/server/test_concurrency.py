"""Workers of one PostgreSQL that take in scans of the same units at once."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from server.database import ATTEMPTS_MAX, db, lock, reading, stamp, transact, writing
from server.ingest import ingest
from server.ledger import record
from server.rebuild import rebuild
from server.returns.disposing import DispositionError, dispose
from server.tables import chains, devices, events, reference
from tests.handheld import BIN_A, BIN_B, CARTON_1, CARTON_2, DAY, DOCK, Chain, unit
from tests.server.site import SITE, differences, enrol, folded, rows, site

pytestmark = pytest.mark.postgres

NOW = DAY + 3_600_000
IMEI = "urn:gsma:imei:49015420-323751-0"
PALLET = "https://id.gs1.org/00/395060001343520032"
UNITS = [unit(f"S{n}") for n in range(6)]


def at_once(app: Flask, *work: Callable[[], None]) -> None:
    """Do all of it in threads that start together, and raise what any of them raised."""
    start = threading.Barrier(len(work))

    def run(task: Callable[[], None]) -> None:
        start.wait(30)
        with app.app_context():
            task()

    with ThreadPoolExecutor(len(work)) as pool:
        for done in [pool.submit(run, task) for task in work]:
            done.result(timeout=60)


def send(chain: Chain, first: int, last: int) -> None:
    header, lines = chain.push(first, last, now_ms=NOW)

    def take_in(connection: sa.Connection) -> None:
        device = connection.execute(sa.select(devices).where(devices.c.device_no == chain.device_no)).mappings().one()
        ingest(connection, device, header, lines, now_ms=NOW)

    transact(take_in)


def shift(device_no: int) -> Chain:
    """A handheld's shift with the same units, cartons and names as everybody's, each in another order."""
    chain = Chain(device_no)
    for n in range(36):
        subject = UNITS[(n * device_no) % 6]
        at_ms = DAY + n * 7_000 + device_no * 1_000
        match (n + device_no) % 6:
            case 0:
                chain.scan(at_ms, "pack", subject, container=[CARTON_1, CARTON_2][n % 2])
            case 1:
                chain.scan(at_ms, "move", [CARTON_1, CARTON_2, PALLET][n % 3], location=[BIN_A, BIN_B][n % 2])
            case 2:
                chain.scan(at_ms, "inspect", [subject, IMEI][n % 2], location=[BIN_A, BIN_B][n % 2])
            case 3:
                chain.scan(at_ms, "link", subject, identifiers=[IMEI])
            case 4:
                chain.scan(at_ms, "pack", [CARTON_1, CARTON_2][n % 2], container=PALLET)
            case _:
                chain.scan(at_ms, "put_away", subject, location=DOCK)
    return chain


def test_scans_of_the_same_units_taken_in_at_once_give_the_rows_of_a_rebuild(postgres_url: str) -> None:
    with site(postgres_url) as app:
        shifts = [shift(n) for n in (1, 2, 3)]
        for chain in shifts:
            enrol(chain.device_no)

        def drain(chain: Chain) -> Callable[[], None]:
            def run() -> None:
                for first in range(1, 37, 4):
                    send(chain, first, first + 3)

            return run

        at_once(app, *map(drain, shifts))
        assert len(rows(events)) == 108
        piecemeal = folded()
        with writing() as c:
            rebuild(c, SITE, [*UNITS, CARTON_1, CARTON_2, PALLET, IMEI], stamp(c))
        assert differences(piecemeal, folded()) == []


def test_a_first_push_that_is_sent_twice_at_once_is_taken_once(postgres_url: str) -> None:
    with site(postgres_url) as app:
        enrol(1)
        chain = Chain(1)
        chain.scan(DAY, "receive", unit("S1"), location=DOCK)
        at_once(app, *[lambda: send(chain, 1, 1)] * 4)
        assert len(rows(events)) == len(rows(chains)) == 1


def test_two_people_who_decide_at_once_make_one_unbroken_chain(postgres_url: str) -> None:
    with site(postgres_url) as app:

        def say() -> None:
            with writing() as c:
                record(c, site=SITE, action="administer", operator="Sam", now_ms=NOW, reason="a setting changed")

        at_once(app, *[say] * 4)
        with reading() as c:
            assert list(c.execute(sa.select(events.c.seq).order_by(events.c.seq)).scalars()) == [1, 2, 3, 4]


def test_a_deadlock_is_tried_again_until_both_are_done(postgres_url: str) -> None:
    with site(postgres_url) as app:
        both_hold_one = threading.Barrier(2)
        done: list[str] = []

        def cross(first: str, second: str) -> Callable[[], None]:
            tries: list[int] = []

            def write(connection: sa.Connection) -> None:
                lock(connection, SITE, [first])
                if not tries:
                    tries.append(1)
                    both_hold_one.wait(30)
                lock(connection, SITE, [second])

            def run() -> None:
                transact(write)
                done.append(first)

            return run

        at_once(app, cross("a", "b"), cross("b", "a"))
        assert sorted(done) == ["a", "b"]


def test_what_fails_for_another_reason_is_not_tried_again(postgres_url: str) -> None:
    with site(postgres_url):
        tries: list[int] = []

        def write(connection: sa.Connection) -> None:
            tries.append(1)
            connection.execute(sa.text("SELECT pg_terminate_backend(pg_backend_pid())"))

        with pytest.raises(sa.exc.OperationalError):
            transact(write)
        assert len(tries) == 1 < ATTEMPTS_MAX
        db.engine.dispose()


SOLD = [unit(f"R{n}") for n in range(3)]


def sold_and_back(n: int) -> Chain:
    """One phone of a lot of its own that was sold, and comes back defective, to a desk of its own."""
    chain = Chain(n + 1)
    chain.scan(DAY, "receive", SOLD[n], location=DOCK, lot=f"L{n}")
    chain.scan(DAY + 1_000, "ship", SOLD[n], document=f"SO-{n}")
    desk = (DOCK, BIN_A, BIN_B)[n]
    chain.scan(DAY + 2_000, "take_back", SOLD[n], location=desk, document=f"SO-{n}", reason="defect")
    return chain


def test_first_failures_of_several_lots_at_once_are_all_told_to_handhelds(postgres_url: str) -> None:
    with site(postgres_url) as app:
        chains_ = [sold_and_back(n) for n in range(3)]
        for chain in chains_:
            enrol(chain.device_no)
            send(chain, 1, 2)
        at_once(app, *[partial(send, chain, 3, 3) for chain in chains_])
        with reading() as c:
            row = c.execute(sa.select(reference.c.row).where(reference.c.kind == "returns")).scalar_one()
        assert {lot for lot, _ in row["failed_lots"]} == {"L0", "L1", "L2"}


def test_of_two_people_who_decide_one_return_by_two_of_its_names_the_second_is_told(postgres_url: str) -> None:
    with site(postgres_url) as app:
        chain = sold_and_back(0)
        chain.scan(DAY + 3_000, "link", SOLD[0], identifiers=[IMEI])
        enrol(chain.device_no)
        send(chain, 1, 4)
        refused: list[str] = []

        def decide(name: str, action: str) -> None:
            said: dict[str, Any] = {"reason": "looked at", "operator": "Quinn", "role": "quality", "now_ms": NOW}
            try:
                transact(lambda c: dispose(c, site=SITE, unit=name, action=action, **said))
            except DispositionError as error:
                refused.append(str(error))

        at_once(app, partial(decide, SOLD[0], "scrap"), partial(decide, IMEI, "return_to_vendor"))
        with reading() as c:
            said = sa.select(sa.func.count()).where(events.c.action.in_(("scrap", "return_to_vendor")))
            assert c.execute(said).scalar_one() == 1
        assert refused == ["It is not among the returns."]
