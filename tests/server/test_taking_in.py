"""A scan on which the server itself fails is set aside, alone; trouble that passes sets nothing aside."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator

import pytest
import sqlalchemy as sa
from flask import Flask

from server import set_aside, upkeep
from server.database import reading, writing
from server.rules import Finding, Step, rules
from server.tables import events, unit_states
from tests.handheld import BIN_A, unit
from tests.server.running import NOW, Handheld
from tests.server.site import SITE

Plant = Callable[[Callable[[], Exception] | None], None]


@pytest.fixture
def plant() -> Iterator[Plant]:
    """Plants a fault in one rule, which every scan of units S3 and S6 meets; None mends it."""
    rule = rules()["misplaced"]
    true = rule.check

    def plant(fault: Callable[[], Exception] | None) -> None:
        def check(step: Step) -> Finding | None:
            if fault is not None and step.unit in (unit("S3"), unit("S6")):
                raise fault()
            return true(step)

        object.__setattr__(rule, "check", check)

    yield plant
    object.__setattr__(rule, "check", true)


def places() -> dict[str, str]:
    with reading() as c:
        rows = c.execute(sa.select(unit_states.c.unit, unit_states.c.place)).all()
    return {row.unit.rpartition("/")[2]: row.place for row in rows}


def shift(handheld: Handheld) -> None:
    for n in range(1, 8):
        handheld.scan("put_away", unit(f"S{n}"), location=BIN_A, minutes_ago=20 - n)


def test_a_scan_on_which_the_server_fails_is_set_aside_and_delays_no_other(
    app: Flask, handheld: Handheld, plant: Plant, caplog: pytest.LogCaptureFixture
) -> None:
    app.config["FAILS_ON"] = 2
    shift(handheld)
    plant(lambda: ZeroDivisionError("planted"))
    reply = handheld.push()
    said = "The server could not take this in: ZeroDivisionError. It is kept, and can be read again."
    assert reply["exceptions"] == [{"seq": seq, "outcome": "quarantined", "reason": said} for seq in (3, 6)]
    assert (reply["acked_through"], reply["accepted"], reply["head"]) == (7, 5, handheld.chain.digests[7].hex())
    assert places() == dict.fromkeys(("S1", "S2", "S4", "S5", "S7"), BIN_A)
    assert [r.exc_info is not None for r in caplog.records if r.levelno == logging.ERROR] == [True, True]
    assert "scan_events_failed_total 2.0" in app.test_client().get("/metrics").text.splitlines()
    assert handheld.push()["duplicate"] == 7
    plant(None)  # mended
    with writing() as c:
        set_aside.repair(
            c, site=SITE, name=f"{handheld.chain.device_no}.1.3", corrections={}, operator="Sam", now_ms=NOW
        )
    assert places()["S3"] == BIN_A
    assert set_aside.release_held(SITE, now_ms=NOW) == set_aside.Released(read=1, quarantined=0, held=0)
    assert places()["S6"] == BIN_A
    assert list(upkeep.verify(SITE, lambda _: None)) == []


def test_while_the_database_is_away_no_scan_is_set_aside(handheld: Handheld, plant: Plant) -> None:
    shift(handheld)
    plant(lambda: sa.exc.OperationalError("SELECT", {}, Exception("the disk is full")))
    assert handheld.send(handheld.envelope()).status_code == 503
    with reading() as c:
        assert c.execute(sa.select(sa.func.count()).select_from(events)).scalar() == 0


def test_two_that_write_the_same_at_once_cost_no_scan(handheld: Handheld, plant: Plant) -> None:
    shift(handheld)

    def once() -> Exception:
        plant(None)
        return sa.exc.IntegrityError("INSERT", {}, Exception("there already"))

    plant(once)
    assert handheld.push()["accepted"] == 7
