"""A theft is reported, bites wherever its thing is scanned, and is withdrawn when it was found."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa

from server.changes import publish, pull
from server.database import db, reading, stamp, transact, writing
from server.rebuild import rebuild
from server.returns.facts import judge
from server.stolen import read as stolen
from server.stolen.asked import Asked, StolenError
from server.stolen.report import find, report, tell_anew
from server.tables import cases
from server.unit_rows import states_of
from server.upkeep import verify
from sync.because import Because
from sync.identity import imei_key
from sync.unit import Status
from tests.handheld import BIN_A, BIN_B, CABLE, DOCK, PHONE, Chain, unit
from tests.server.running import NOW, SITE, Person
from tests.server.site import enrol, folded, push, state_document

MINUTE = 60_000
IMEI = "490154203237518"


def steal(*named: str, minutes_ago: int = 40, **said: Any) -> str:
    asked = Asked(**{"reason": "Taken from the window.", "serials": named} | said)
    now_ms = NOW - minutes_ago * MINUTE
    return transact(lambda c: report(c, site=SITE, asked=asked, operator="Sam", now_ms=now_ms))


def turn_up(number: str, *names: str, now_ms: int = NOW) -> list[str]:
    said: dict[str, Any] = {"reason": "Under the counter.", "operator": "Sam", "let_into": None, "now_ms": now_ms}
    return transact(lambda c: find(c, number=number, names=names, **said))


def told(site: str = SITE) -> dict[str, Any]:
    """What handhelds of a site are told of thefts, by name."""
    with reading() as c:
        changes, _, _ = pull(c, site, None)
    return {key: row for kind, key, row in changes if kind == "stolen"}


def found_cases(status: str = "open") -> list[tuple[str, str | None]]:
    with reading() as c:
        query = sa.select(cases.c.unit, cases.c.seen).where(cases.c.rule == "stolen", cases.c.status == status)
        return sorted(map(tuple, c.execute(query)), key=repr)


class Dock:
    """A handheld there, and the two products of the site."""

    def __init__(self) -> None:
        enrol(7)
        self._chain = Chain(7, boot_at_ms=NOW - 60 * MINUTE)
        with writing() as c:
            for item in (PHONE, CABLE):
                publish(c, SITE, "item", item, {"mode": "serial"}, stamp(c))

    def scan(self, action: str, subject: str, *, minutes_ago: int, **fields: Any) -> None:
        self._chain.scan(NOW - minutes_ago * MINUTE, action, subject, **fields)

    def push(self) -> None:
        push(self._chain, now_ms=NOW)


@pytest.fixture
def dock(warehouse: str) -> Dock:
    return Dock()


def test_one_that_is_not_ours_is_flagged_wherever_it_is_scanned_until_it_was_found(dock: Dock) -> None:
    number = steal("X1", product=PHONE.rpartition("/")[2])
    assert number == "ST-1"
    dock.scan("receive", unit("X1"), location=DOCK, minutes_ago=30)
    dock.scan("inspect", unit("X1"), location=BIN_A, minutes_ago=20)
    dock.scan("inspect", unit("X2"), location=BIN_A, minutes_ago=19)
    dock.push()
    assert found_cases() == [(unit("X1"), BIN_A), (unit("X1"), DOCK)]
    assert set(told()) == {unit("X1"), "https://warehouse.example/250/X1"}
    with reading() as c:
        seen = stolen.sightings(c, [SITE], number, let_into=None)
    assert [(one.event.action, one.event.location) for one in seen if one.event] == [
        ("inspect", BIN_A),
        ("receive", DOCK),
    ]
    assert turn_up(number) == [unit("X1")]
    assert (found_cases(), len(found_cases("explained")), list(told().values())) == ([], 2, [None, None])
    with reading() as c:
        assert stolen.read(c, number).missing == ()
    before = folded()
    with writing() as c:
        rebuild(c, SITE, [unit("X1"), unit("X2")], stamp(c))
    assert folded() == before, "what was a theft then is one for ever"


def test_a_scan_of_when_it_was_missing_that_comes_after_it_was_found_leaves_no_case_open(dock: Dock) -> None:
    number = steal("X1")  # nobody says of which product
    turn_up(number, now_ms=NOW - 10 * MINUTE)
    dock.scan("inspect", unit("X1"), location=BIN_A, minutes_ago=20)
    dock.push()
    assert (found_cases(), found_cases("explained")) == ([], [(unit("X1"), BIN_A)])
    assert [said for said in verify(SITE, lambda _: None) if said.startswith("cases")] == []


def test_two_scans_of_when_it_was_missing_that_come_after_it_was_found_are_one_case(dock: Dock) -> None:
    number = steal("X1")
    turn_up(number, now_ms=NOW - 10 * MINUTE)
    for minutes_ago in (20, 15):
        dock.scan("inspect", unit("X1"), location=BIN_A, minutes_ago=minutes_ago)
        dock.push()
    assert found_cases("explained") == [(unit("X1"), BIN_A)]
    assert [said for said in verify(SITE, lambda _: None) if said.startswith("cases")] == []


def test_an_imei_is_flagged_though_its_phone_was_scanned_by_another_name(dock: Dock) -> None:
    steal(IMEI)
    dock.scan("receive", unit("P1"), location=DOCK, identifiers=(imei_key(IMEI),), minutes_ago=30)
    dock.scan("move", unit("P1"), location=BIN_B, minutes_ago=20)
    dock.push()
    assert found_cases() == [(unit("P1"), BIN_B), (unit("P1"), DOCK)]


def test_a_number_that_is_read_on_a_return_is_enough_for_the_returns_desk(dock: Dock) -> None:
    steal(IMEI)
    dock.scan("take_back", unit("P1"), location=DOCK, minutes_ago=30)
    dock.scan("examine", unit("P1"), numbers=(imei_key(IMEI),), minutes_ago=29)
    dock.push()
    with reading() as c:
        assert Because.STOLEN in judge(c, SITE, [unit("P1")], NOW)[unit("P1")].verdict.because


def test_a_serial_number_whose_product_nobody_said_is_flagged_on_whatever_bears_it(dock: Dock) -> None:
    number = steal("S77")
    dock.scan("inspect", unit("S77"), location=BIN_A, minutes_ago=30)
    dock.scan("inspect", unit("S77", CABLE), location=BIN_B, minutes_ago=29)
    dock.push()
    assert found_cases() == [(unit("S77", CABLE), BIN_B), (unit("S77"), BIN_A)]
    turn_up(number)
    assert len(found_cases("explained")) == 2


def test_two_thefts_under_one_serial_number_stand_side_by_side_until_each_is_found(dock: Dock) -> None:
    whoever = steal("S77")
    phone = steal("S77", product=PHONE.rpartition("/")[2], minutes_ago=39)
    dock.scan("inspect", unit("S77", CABLE), location=BIN_B, minutes_ago=30)
    dock.push()
    assert found_cases() == [(unit("S77", CABLE), BIN_B)]
    turn_up(phone)
    alone = "https://warehouse.example/250/S77"
    assert [(one["report"], one["until_ms"] is None) for one in told()[alone]["thefts"]] == [
        (whoever, True),
        (phone, False),
    ]
    with writing() as c:
        tell_anew(c, SITE, stamp(c))
    assert told()[alone] is not None, "handhelds are told of the first still"
    turn_up(whoever)
    assert found_cases() == []
    assert told()[alone] is None


@pytest.mark.parametrize("product", ["", PHONE.rpartition("/")[2]])
def test_a_serial_number_that_was_read_alone_is_among_the_scans_of_its_report(dock: Dock, product: str) -> None:
    number = steal("ZZZ-1", product=product)
    alone = "https://warehouse.example/250/ZZZ-1"
    dock.scan("inspect", alone, location=BIN_A, minutes_ago=30)
    dock.scan("reject", alone, location=DOCK, reason="stolen", minutes_ago=29)
    dock.push()
    assert found_cases() == [(alone, BIN_A), (alone, DOCK)]
    with reading() as c:
        seen = stolen.sightings(c, [SITE], number, let_into=None)
        assert [one.event and one.event.location for one in seen] == [DOCK, BIN_A]
    turn_up(number)
    assert found_cases() == []


def test_a_report_that_looks_back_finds_a_unit_of_a_product_that_is_in_no_list(dock: Dock) -> None:
    strange = unit("Z9", "https://id.gs1.org/01/09506000134376")
    dock.scan("inspect", strange, location=BIN_B, minutes_ago=48)
    dock.push()
    steal("Z9", since="2026-05-28T20:00")
    assert found_cases() == [(strange, BIN_B)]
    assert list(verify(SITE, lambda _: None)) == []


def test_a_report_that_looks_back_finds_what_bore_the_number_then_and_was_parted_from_it_since(dock: Dock) -> None:
    dock.scan("receive", unit("P1"), location=BIN_A, identifiers=(imei_key(IMEI),), minutes_ago=48)
    dock.scan("inspect", unit("P1"), location=BIN_B, minutes_ago=47)
    dock.scan("unlink", unit("P1"), identifiers=(imei_key(IMEI),), reason="misread", minutes_ago=46)
    dock.push()
    steal(IMEI, since="2026-05-28T20:00")
    assert (unit("P1"), BIN_A) in found_cases()
    assert list(verify(SITE, lambda _: None)) == []


@pytest.mark.parametrize("parted", [False, True])
def test_a_serial_number_that_is_a_further_name_of_a_unit_is_flagged_on_it_when_a_report_looks_back(
    dock: Dock, *, parted: bool
) -> None:
    dock.scan("receive", unit("P1"), location=BIN_A, minutes_ago=50)
    dock.scan("link", unit("P1"), identifiers=(unit("S9"),), minutes_ago=48)
    dock.scan("inspect", unit("P1"), location=BIN_B, minutes_ago=47)
    if parted:
        dock.scan("unlink", unit("P1"), identifiers=(unit("S9"),), reason="misread", minutes_ago=46)
    dock.push()
    steal("S9", since="2026-05-28T20:00")
    assert list(verify(SITE, lambda _: None)) == []
    assert (unit("P1"), BIN_B) in found_cases()


def test_what_turns_up_is_looked_up_among_its_cases_and_the_units_are_gone_through_once(dock: Dock) -> None:
    number = steal("S77")
    dock.scan("inspect", unit("S77"), location=BIN_A, minutes_ago=30)
    dock.push()
    asked: list[str] = []

    def note(_c: object, _cursor: object, statement: str, *_: object) -> None:
        asked.append(statement)

    sa.event.listen(db.engine, "before_cursor_execute", note)
    turn_up(number)
    sa.event.remove(db.engine, "before_cursor_execute", note)
    assert [words for words in asked if "events.event_ms >=" in words] == []
    assert len([words for words in asked if "unit_states.item IS NOT NULL" in words]) == 1
    assert found_cases() == []


def test_what_stood_here_is_stock_no_longer_and_a_report_that_looks_back_finds_the_scans_since(dock: Dock) -> None:
    state_document("stock", "S-1", [{"subject": unit("A1"), "location": BIN_A}], now_ms=NOW - 200 * MINUTE)
    dock.scan("inspect", unit("A1"), location=BIN_B, minutes_ago=48)
    dock.push()
    steal("A1", since="2026-05-28T20:00")
    assert found_cases() == [(unit("A1"), BIN_B)], "scanned before it was reported, and after it was taken"
    with reading() as c:
        assert states_of(c, SITE, [unit("A1")])[unit("A1")].status is Status.MISSING


def test_every_site_of_the_database_knows_it_and_one_that_is_opened_later_too(admin: Person) -> None:
    def opens(code: str) -> None:
        admin.post("/api/v1/sites", json={"code": code, "name": code})

    opens("north")
    number = steal("X1", product=PHONE.rpartition("/")[2])
    opens("south")
    assert set(told("north")) == set(told("south")) == set(told())
    turn_up(number)
    assert all(row is None for site in (SITE, "north", "south") for row in told(site).values())
    said = [problem for problem in verify("north", lambda _: None) if "folded by version" not in problem]
    assert said == []


REFUSED: tuple[tuple[dict[str, Any], str], ...] = (
    ({"serials": ["A\U0001f600"]}, "'A\U0001f600' is no serial number: '\U0001f600' cannot stand in one."),
    ({"serials": [" "]}, "Name at least one by its serial number, IMEI or label."),
    ({"serials": ["A1"], "reason": " "}, "Say what happened: whoever scans one of them reads it."),
    ({"serials": ["A1"], "since": "soon"}, "'soon' is no day and no moment: write it as 2026-11-29."),
    ({"serials": ["A1"], "since": "2027-01-01"}, "2027-01-01 is still to come: give a moment up to now."),
    (
        {"serials": ["09506000134352"]},
        "'09506000134352' is no single thing that could be stolen: give a serial number, an IMEI or a label.",
    ),
    ({"serials": ["X9"]}, "X9 is reported already, by ST-1. Nothing was reported."),
)


def test_what_cannot_be_reported_is_said_in_a_sentence_and_nothing_is_written(warehouse: str) -> None:
    steal("X9")
    for said, sentence in REFUSED:
        with pytest.raises(StolenError) as refused:
            steal(**said)
        assert str(refused.value).startswith(sentence)
    with reading() as c:
        assert [one.number for one in stolen.listed(c)] == ["ST-1"]


def test_it_can_be_stolen_again_after_it_was_found(dock: Dock) -> None:
    first = steal("X1", minutes_ago=60)
    turn_up(first, now_ms=NOW - 50 * MINUTE)
    dock.scan("inspect", unit("X1"), location=BIN_A, minutes_ago=45)
    second = steal("X1", minutes_ago=40)
    dock.scan("inspect", unit("X1"), location=BIN_B, minutes_ago=30)
    dock.push()
    assert found_cases() == [(unit("X1"), BIN_B)]
    with pytest.raises(StolenError, match="no longer, missing by report ST-1"):
        turn_up(first)
    assert (first, second) == ("ST-1", "ST-2")
