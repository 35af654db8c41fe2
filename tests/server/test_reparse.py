"""Labels are read again when the rules have been mended: seen before it is done, and done as facts."""

from __future__ import annotations

import json

import pytest
import sqlalchemy as sa
from flask import Flask

from server import queries, site_codes, staff, upkeep
from server.database import reading, stamp, transact, writing
from server.rebuild import rebuild
from server.reparse import Survey, reparse, replayable
from server.setup import FOLD_VERSION
from server.tables import cases, events, server_state, unit_states
from server.undo import UndoError, undo
from sync.event import encode
from sync.identity import serial_key
from tests.handheld import BIN_A, BIN_B, DAY, DOCK, PHONE, Chain, unit
from tests.server.counting import Counting, begin, close
from tests.server.office import LOCATIONS, PRODUCTS, office, take
from tests.server.site import SITE, differences, enrol, folded, push

NOW = DAY + 3_600_000
BARE = serial_key("warehouse.example", "C39XK12QQZ")
PHONE_UNIT = unit("C39XK12QQZ")
WHY = "serial read as unit"


@pytest.fixture
def device(warehouse: str) -> Chain:
    """A handheld that scanned a phone's serial number when no pattern said whose it is."""
    enrol(1)
    chain = Chain(1)
    chain.scan(DAY, "put_away", BARE, location=BIN_A, barcode=b"C39XK12QQZ", symbology="]C0", operator="Rosa")
    chain.scan(DAY + 60_000, "inspect", BARE, location=BIN_B, barcode=b"C39XK12QQZ", symbology="]C0", operator="Rosa")
    chain.scan(DAY + 60_000, "inspect", unit("A1"), location=BIN_B, barcode=b"010950600013435221A1")
    push(chain, now_ms=NOW - 60_000)
    return chain


def mend_the_pattern() -> None:
    with writing() as c:
        c.execute(server_state.update().values(fold_version=FOLD_VERSION))
        site_codes.learn(c, SITE, {PHONE: "C39[A-Z0-9]{7}"})


def read_again(*, apply: bool = True, now_ms: int = NOW) -> Survey:
    return reparse(SITE, apply=apply, operator="office", now_ms=now_ms)


def trail(name: str) -> list[tuple[str, str | None, bool]]:
    with reading() as c:
        lines = queries.trail(c, SITE, name)
    return [(line.fact.event.action, line.fact.event.location, line.undone) for line in lines]


def known() -> list[tuple[str, str | None]]:
    u = unit_states.c
    with reading() as c:
        return [tuple(row) for row in c.execute(sa.select(u.unit, u.place).order_by(u.unit))]


def assert_everything_fits() -> None:
    before = folded()
    with writing() as c:
        rebuild(c, SITE, [BARE, PHONE_UNIT, unit("A1")], stamp(c))
    assert differences(before, folded()) == []
    assert list(upkeep.verify(SITE, lambda _: None)) == []


def test_what_was_counted_by_its_old_name_is_a_late_scan_of_the_closed_count_by_both(warehouse: str) -> None:
    begin("CC-1", BIN_A)
    enrol(1)
    chain = Chain(1)
    Counting(chain)(BIN_A, BARE, barcode=b"C39XK12QQZ", symbology="]C0")
    push(chain, now_ms=NOW - 60_000)
    close()
    mend_the_pattern()
    assert read_again(now_ms=NOW + 60_000).applied == 1
    with reading() as c:
        late = c.execute(sa.select(cases.c.unit).where(cases.c.rule == "late_scan", cases.c.status == "open"))
        assert {str(subject) for subject in late.scalars()} == {BARE, PHONE_UNIT}
    assert_everything_fits()


def test_what_would_change_is_shown_and_nothing_is_written(device: Chain) -> None:
    before = folded()
    assert read_again(apply=False).changed == {}
    mend_the_pattern()
    found = read_again(apply=False)
    assert (found.read, found.changed, found.applied) == (3, {WHY: 2}, 0)
    assert [(x.event, x.before, x.after) for x in found.examples[WHY]] == [
        ("1.1.1", BARE, PHONE_UNIT),
        ("1.1.2", BARE, PHONE_UNIT),
    ]
    assert differences(before, folded()) == []


def test_a_mended_pattern_moves_the_history_to_the_right_unit(device: Chain) -> None:
    mend_the_pattern()
    assert read_again().applied == 2
    assert known() == [(unit("A1"), BIN_B), (PHONE_UNIT, BIN_B)]
    assert trail(PHONE_UNIT) == [("put_away", BIN_A, False), ("inspect", BIN_B, False)]
    assert [line for line in trail(BARE) if line[0] != "void"] == [
        ("put_away", BIN_A, True),
        ("inspect", BIN_B, True),
    ]
    with reading() as c:
        first = queries.trail(c, SITE, PHONE_UNIT)[0].fact
    assert (first.event.about, first.event.operator, first.event_ms) == ("1.1.1", "Rosa", DAY)
    assert_everything_fits()


def test_what_was_read_again_reads_the_same_from_then_on(device: Chain) -> None:
    mend_the_pattern()
    read_again()
    again = read_again(now_ms=NOW + 1_000)
    assert (again.changed, again.applied, again.read) == ({}, 0, 3)


def test_a_scan_that_a_handheld_undoes_later_takes_its_new_reading_with_it(device: Chain) -> None:
    mend_the_pattern()
    read_again()
    device.scan(DAY + 90_000, "void", BARE, voids="1.1.2", reason="wrong shelf", barcode=None)
    push(device, 4, now_ms=NOW + 2_000)
    assert trail(PHONE_UNIT)[:2] == [("put_away", BIN_A, False), ("inspect", BIN_B, True)]
    assert (PHONE_UNIT, BIN_A) in known()
    assert_everything_fits()
    device.scan(DAY + 95_000, "void", BARE, voids="1.1.4", reason="it was right", barcode=None)
    push(device, 5, now_ms=NOW + 3_000)
    assert (PHONE_UNIT, BIN_B) in known()
    assert_everything_fits()
    device.scan(DAY + 96_000, "void", BARE, voids="1.1.2", reason="wrong shelf after all", barcode=None)
    push(device, 6, now_ms=NOW + 4_000)
    assert (PHONE_UNIT, BIN_A) in known()
    assert_everything_fits()


def test_the_undo_that_makes_room_for_a_new_reading_is_not_undone_by_itself(device: Chain) -> None:
    mend_the_pattern()
    read_again()
    with reading() as c:
        void = next(x.fact for x in queries.trail(c, SITE, BARE) if x.fact.event.action == "void")
    name = ".".join(map(str, void.name))
    with pytest.raises(UndoError, match="undo the scan as it reads now"):
        transact(lambda c: undo(c, site=SITE, name=name, reason="no", operator="Sam", now_ms=NOW + 1_000))


def test_a_reading_that_says_less_today_leaves_what_was_kept(device: Chain) -> None:
    device.scan(DAY + 70_000, "inspect", unit("S77"), location=DOCK, barcode=b"S77-X", symbology="]C0", operator="Rosa")
    device.scan(DAY + 71_000, "inspect", unit("S78"), location=DOCK, barcode=b"0109506000134353", operator="Rosa")
    push(device, 4, now_ms=NOW)
    found = read_again()
    assert (found.applied, found.stands) == (1, {"refused": 1, "unclear": 2})
    assert [x.why for x in found.examples["refused"]] != [""]
    assert (unit("S78"), DOCK) in known()


def test_a_label_that_could_not_be_read_then_is_a_sighting_once_it_can(device: Chain) -> None:
    device.scan(
        DAY + 70_000, "unreadable", None, location=DOCK, barcode=b"C39XK12QQB", symbology="]C0", reason="Which?"
    )
    device.scan(DAY + 71_000, "unreadable", None, barcode=b"C39XK12QQC", symbology="]C0", reason="Which?")
    push(device, 4, now_ms=NOW)
    mend_the_pattern()
    found = read_again()
    assert found.changed == {WHY: 2, "a label that could not be read then": 2}
    assert (found.applied, [p.partition(" stays")[0] for p in found.problems]) == (3, ["1.1.5"])
    assert trail(unit("C39XK12QQB")) == [("inspect", DOCK, False)]
    assert_everything_fits()


def test_a_bins_label_that_could_not_be_read_then_is_shown_and_stated_once_it_can(device: Chain) -> None:
    device.scan(DAY + 70_000, "unreadable", None, barcode=b"4149506000134352254A-01", symbology="]C1", reason="Which?")
    push(device, 4, now_ms=NOW)
    shown = read_again(apply=False)
    assert shown.changed == {"a label that could not be read then": 1}
    [example] = shown.examples["a label that could not be read then"]
    assert (example.event, example.before, example.after) == ("1.1.4", "", BIN_A)
    found = read_again()
    assert (found.applied, found.problems) == (1, [])
    with reading() as c:
        again = c.execute(sa.select(events).where(events.c.about == "1.1.4", events.c.voids.is_(None))).one()
    assert (again.action, again.subject, again.location, again.event_ms) == ("inspect", BIN_A, BIN_A, DAY + 70_000)
    assert BIN_A not in [name for name, _ in known()], "a bin is no unit"
    assert read_again().changed == {}
    assert_everything_fits()


def test_a_line_that_was_set_aside_is_offered_once_its_label_can_be_read(device: Chain) -> None:
    event = json.loads(device.lines[0]) | {"seq": 4, "subject": "C39", "barcode": "C39XK12QQA"}
    device.commit(json.dumps(event, separators=(",", ":")).encode())
    device.commit(encode(Chain(1).scan(DAY, "inspect", unit("A9"), location=BIN_A))[:-2])
    push(device, 4, now_ms=NOW)
    mend_the_pattern()
    with reading() as c:
        assert [(x.event, x.subject) for x in replayable(c, SITE)] == [("1.1.4", unit("C39XK12QQA"))]


def test_the_command_shows_first_and_then_does_it(database_url: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("office")
    with office(database_url, folder) as app:
        take("products", PRODUCTS)
        take("locations", LOCATIONS)
        shown = _run(app, "reparse")
        assert shown == "0 labels read again: 0 say the same."
        assert _run(app, "reparse", "--replay").endswith("--replay goes with --apply.")
        assert "0 scans stated again" in _run(app, "reparse", "--apply", "--replay")


def _run(app: Flask, *arguments: str) -> str:
    return app.test_cli_runner().invoke(args=list(arguments)).output.strip()


def test_who_might_not_scan_it_might_not_either_when_its_label_is_read_again(warehouse: str) -> None:
    with writing() as c:
        ravi = staff.add_person(c, site=SITE, name="Ravi", role="returns", by=None, now_ms=DAY - 900_000)
        staff.set_badge(c, ravi, "K-17", "7391", staff.Change(site=SITE, by=None, now_ms=DAY - 900_000))
    enrol(1)
    chain = Chain(1)
    chain.scan(DAY, "put_away", BARE, location=BIN_A, barcode=b"C39XK12QQZ", symbology="]C0", operator="Ravi")
    push(chain, now_ms=NOW - 60_000)
    mend_the_pattern()
    assert read_again().applied == 1
    with reading() as c:
        found = c.execute(sa.select(cases.c.unit).where(cases.c.rule == "not_permitted", cases.c.status == "open"))
        assert found.scalars().all() == [PHONE_UNIT]
    assert_everything_fits()
