"""People are let in, changed and let go; each change is a fact, and none of them a secret."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa

from server import case_file, decisions, set_aside, staff
from server.case_list import CaseFilter, list_cases
from server.database import reading, stamp, transact, writing
from server.ledger import record
from server.rebuild import rebuild
from server.refolding import rebuild_all
from server.staff import Change, StaffError
from server.tables import cases, devices, events, people, reference, sites, unit_states
from server.undo import undo
from server.upkeep import verify
from sync.event import format_name
from sync.pin import check_pin
from tests.handheld import BIN_A, DAY, Chain, unit
from tests.server.site import SITE, differences, enrol, folded, push, rows

NOW = 1_000_000
PIN = "7391"


def add(name: str, role: str = "picker", *, at: int = NOW) -> int:
    with writing() as c:
        return staff.add_person(c, site=SITE, name=name, role=role, by="admin", now_ms=at)


def change(at: int = NOW, *, self_id: int | None = None) -> Change:
    return Change(site=SITE, by="admin", now_ms=at, self_id=self_id)


def give(number: int, badge: str | None, pin: str | None = PIN, *, at: int = NOW) -> None:
    with writing() as c:
        staff.set_badge(c, number, badge, pin, change(at))


def travels() -> dict[str, Any]:
    """What handhelds are told of people, by badge."""
    with reading() as c:
        rows = c.execute(sa.select(reference.c.key, reference.c.row).where(reference.c.kind == "person"))
        return {row.key: row.row for row in rows}


def said() -> list[str]:
    with reading() as c:
        return list(c.execute(sa.select(events.c.reason).order_by(events.c.seq)).scalars())


def test_a_person_with_a_badge_travels_to_the_handhelds_with_a_hashed_pin(warehouse: str) -> None:
    give(add("Ravi"), "BADGE:K-17")
    row = travels()["K-17"]
    assert check_pin(PIN, row.pop("pin"))
    assert row == {"name": "Ravi", "roles": [[NOW, "picker"]], "active": True, "since_ms": NOW}


def test_who_has_no_badge_does_not_travel(warehouse: str) -> None:
    add("Ravi")
    assert travels() == {}


def test_every_change_names_who_made_it_and_no_secret(warehouse: str) -> None:
    number = add("Ravi")
    give(number, "K-17")
    with writing() as c:
        staff.change_role(c, number, "receiver", change(NOW + 1))
        staff.set_password(c, number, "correct horse battery", change(NOW + 2))
        staff.set_active(c, number, active=False, change=change(NOW + 3))
    give(number, "K-17", "8264", at=NOW + 4)
    assert said() == [
        "Ravi may sign in as picker",
        "Ravi has badge K-17",
        "Ravi is receiver from now on, and was picker",
        "Ravi has a new password",
        "Ravi may sign in no longer",
        "Ravi has a new PIN",
    ]
    with reading() as c:
        rows = c.execute(sa.select(events.c.operator, events.c.document).distinct()).all()
    assert [tuple(row) for row in rows] == [("admin", "person:Ravi")]


def test_the_roles_that_somebody_had_are_kept_with_their_times(warehouse: str) -> None:
    number = add("Ravi")
    give(number, "K-17")
    with writing() as c:
        staff.change_role(c, number, "receiver", change(NOW + 10))
        staff.set_active(c, number, active=False, change=change(NOW + 20))
        staff.change_role(c, number, "returns", change(NOW + 30))
        staff.set_active(c, number, active=True, change=change(NOW + 40))
    row = travels()["K-17"]
    spells = [
        [NOW, "picker"],
        [NOW + 10, "receiver"],
        [NOW + 20, None],
        [NOW + 40, "returns"],
    ]
    assert row["roles"] == spells
    assert row["active"]


def test_a_badge_that_was_given_back_opens_nothing_and_still_tells_of_the_past(warehouse: str) -> None:
    number = add("Ravi")
    give(number, "K-17")
    give(number, "K-18", at=NOW + 10)
    with writing() as c:
        staff.change_role(c, number, "receiver", change(NOW + 20))
    former, worn = travels()["K-17"], travels()["K-18"]
    assert (former["pin"], former["active"]) == (None, False)
    assert former["roles"] == worn["roles"] == [[NOW, "picker"], [NOW + 20, "receiver"]]
    give(number, None, None, at=NOW + 30)
    assert not travels()["K-18"]["active"]


def test_who_is_let_go_takes_no_pin_along(warehouse: str) -> None:
    number = add("Ravi")
    give(number, "K-17")
    with writing() as c:
        staff.set_active(c, number, active=False, change=change(NOW + 1))
    assert (travels()["K-17"]["pin"], travels()["K-17"]["active"]) == (None, False)


@pytest.mark.parametrize(
    ("badge", "pin", "problem"),
    [
        ("K-17", "1234", "This PIN is among the first"),
        ("K-17", "739", "A PIN has 4 to 8 digits"),
        ("K-17", None, "A new badge takes a new PIN."),
        ("k 17", PIN, "is no badge of this site"),
        (None, PIN, "A PIN belongs to a badge"),
    ],
)
def test_a_badge_or_pin_that_will_not_do_is_refused_with_a_sentence(
    warehouse: str, badge: str | None, pin: str | None, problem: str
) -> None:
    number = add("Ravi")
    with pytest.raises(StaffError, match=problem):
        give(number, badge, pin)
    assert travels() == {}


def test_no_two_people_have_one_badge_nor_one_after_the_other(warehouse: str) -> None:
    ravi, asha = add("Ravi"), add("Asha")
    give(ravi, "K-17")
    with pytest.raises(StaffError, match="Badge K-17 is Ravi's"):
        give(asha, "K-17")
    give(ravi, None, None)
    with pytest.raises(StaffError, match="Badge K-17 was Ravi's"):
        give(asha, "K-17")


def test_the_last_admin_cannot_be_lost(warehouse: str) -> None:
    rosa = add("Rosa", "admin")
    with pytest.raises(StaffError, match="Rosa is the last admin"), writing() as c:
        staff.change_role(c, rosa, "picker", change())
    with pytest.raises(StaffError, match="Rosa is the last admin"), writing() as c:
        staff.set_active(c, rosa, active=False, change=change())


def test_no_admin_takes_their_own_role_away(warehouse: str) -> None:
    rosa = add("Rosa", "admin")
    add("Ravi", "admin")
    with pytest.raises(StaffError, match="You cannot take your own role away"), writing() as c:
        staff.change_role(c, rosa, "picker", change(self_id=rosa))
    with writing() as c:
        staff.change_role(c, rosa, "picker", change(self_id=rosa + 1))
    with reading() as c:
        assert c.execute(sa.select(people.c.role).where(people.c.id == rosa)).scalar_one() == "picker"


@pytest.mark.parametrize(
    "name",
    [
        "Ravi",
        "RAVI",
        "Ra\u034fvi",
        "Ravi\ufe0f",
        "Ravi\u3164",
        "\uff32avi",
        "Ra\u200bvi",
        "\u202eivaR",
        "root (command line)",
    ],
)
def test_nobody_is_named_so_that_the_audit_shows_somebody_else(warehouse: str, name: str) -> None:
    add("Ravi", "picker")
    with pytest.raises(StaffError):
        add(name, "picker")


@pytest.mark.parametrize(
    ("name", "role"), [("", "picker"), (" Ravi", "picker"), ("Ravi", "director"), ("integration:shop", "picker")]
)
def test_a_name_or_role_that_will_not_do_adds_nobody(warehouse: str, name: str, role: str) -> None:
    with pytest.raises(StaffError):
        add(name, role)
    assert said() == []


def test_a_scan_is_judged_by_the_role_of_its_moment_also_in_a_rebuild(warehouse: str) -> None:
    number = add("Ravi", at=DAY - 900_000)
    give(number, "K-17", at=DAY - 900_000)
    with writing() as c:
        staff.change_role(c, number, "returns", change(DAY - 500_000))
    enrol(1)
    chain = Chain(1)
    for at_ms, serial in ((DAY - 600_000, "S1"), (DAY - 400_000, "S2")):
        chain.scan(at_ms, "put_away", unit(serial), location=BIN_A, operator="Ravi")
    push(chain, now_ms=DAY)
    found = [(row[1], row[2]) for row in rows(cases) if "not_permitted" in row[2]]
    assert found == [(repr(unit("S2")), "'not_permitted'")]
    incremental = folded()
    with writing() as c:
        rebuild(c, SITE, [unit("S1"), unit("S2")], stamp(c))
    assert differences(incremental, folded()) == []


def judged(*, at: int, by: str) -> list[tuple[str, str]]:
    """What a unit is a case for that somebody put away; it arrives 100 s later."""
    enrol(1)
    chain = Chain(1)
    chain.scan(at, "put_away", unit("S1"), location=BIN_A, operator=by)
    push(chain, now_ms=at + 100_000)
    return [(row[2], row[1]) for row in rows(cases)]


def rebuilt_alike() -> list[str]:
    incremental = folded()
    rebuild_all(SITE, lambda _: None)
    return differences(incremental, folded())


def test_a_scan_by_who_had_no_badge_stays_a_case_when_they_get_one(warehouse: str) -> None:
    ravi, mia = (add(name, at=DAY - 900_000) for name in ("Ravi", "Mia"))
    give(ravi, "K-17", at=DAY - 900_000)
    assert judged(at=DAY - 600_000, by="Mia") == [("'not_permitted'", repr(unit("S1")))]
    give(mia, "K-18", at=DAY - 300_000)
    assert rebuilt_alike() == []
    assert travels()["K-18"]["roles"] == [[DAY - 300_000, "picker"]]


def test_a_scan_by_who_was_not_let_into_the_site_stays_a_case_when_they_are_let_in_again(warehouse: str) -> None:
    def let_into(*wanted: str, at: int) -> None:
        with writing() as c:
            staff.let_into(c, mia, wanted, Change(site="north", by="admin", now_ms=at))

    with writing() as c:
        c.execute(sites.insert().values(site="north", name="North", codes={}))
        mia = staff.add_person(c, site="north", name="Mia", role="picker", by="admin", now_ms=DAY - 900_000)
        staff.set_badge(c, mia, "K-18", PIN, Change(site="north", by="admin", now_ms=DAY - 900_000))
    let_into(SITE, at=DAY - 800_000)
    let_into(at=DAY - 700_000)
    assert judged(at=DAY - 600_000, by="Mia") == [("'not_permitted'", repr(unit("S1")))]
    let_into(SITE, at=DAY - 300_000)
    with reading() as c:
        here = sa.select(reference.c.row).where(reference.c.site == SITE, reference.c.key == "K-18")
        spells = c.execute(here).scalar_one()["roles"]
    assert spells == [[DAY - 800_000, "picker"], [DAY - 700_000, None], [DAY - 300_000, "picker"]]
    assert rebuilt_alike() == []


def test_a_scan_of_very_uncertain_time_is_judged_by_no_role_that_its_maker_got_after_it_had_come(
    warehouse: str,
) -> None:
    ravi = add("Ravi", "returns", at=DAY - 900_000)
    give(ravi, "K-17", at=DAY - 900_000)
    enrol(1)
    chain = Chain(1)
    chain.scan(DAY - 600_000, "put_away", unit("S1"), location=BIN_A, operator="Ravi")
    chain.boot = "after a change of battery"  # of the boot in which it was scanned nothing was ever sent
    push(chain, now_ms=DAY - 500_000)
    with reading() as c:
        query = sa.select(events.c.event_ms, events.c.uncertainty_ms).where(events.c.device_no == 1)
        at_ms, unsure_ms = c.execute(query).one()
    assert at_ms + unsure_ms > DAY - 400_000
    assert [row[2] for row in rows(cases)] == ["'not_permitted'"]
    with writing() as c:
        staff.change_role(c, ravi, "receiver", change(DAY - 450_000))
    assert rebuilt_alike() == []


def test_a_clock_that_was_set_back_takes_away_nothing_of_what_somebody_was(warehouse: str) -> None:
    ravi = add("Ravi")
    give(ravi, "K-17")
    with writing() as c:
        staff.change_role(c, ravi, "receiver", change(NOW - 10))
    assert travels()["K-17"]["roles"] == [[NOW, "picker"], [NOW, "receiver"]]


@pytest.mark.parametrize("action", ["open_bin", "finish_bin", "unreadable"])
def test_who_may_not_and_opens_a_bin_all_the_same_is_a_case_of_that_bin(warehouse: str, action: str) -> None:
    number = add("Ravi", "returns", at=DAY - 900_000)
    give(number, "K-17", at=DAY - 900_000)
    enrol(1)
    chain = Chain(1)
    said = {"location": BIN_A, "document": "CC-1"}
    chain.scan(DAY - 600_000, action, None, operator=None if action == "unreadable" else "Ravi", **said)
    push(chain, now_ms=DAY)
    assert [row[1:3] for row in rows(cases)] == [(repr(BIN_A), "'not_permitted'")]
    assert rows(unit_states) == []


def test_a_bins_case_goes_with_the_scan_that_is_undone_and_comes_back_with_the_undo(warehouse: str) -> None:
    give(add("Ravi", "returns", at=DAY - 900_000), "K-17", at=DAY - 900_000)
    enrol(1)
    chain = Chain(1)
    opened = chain.scan(DAY - 600_000, "open_bin", None, location=BIN_A, document="CC-1", operator="Ravi")
    void = chain.scan(DAY - 500_000, "void", None, voids=format_name(opened.name), reason="mistake", operator="Ravi")
    push(chain, now_ms=DAY)
    assert rows(cases) == []
    chain.scan(DAY - 400_000, "void", None, voids=format_name(void.name), reason="no mistake", operator="Ravi")
    push(chain, first=3, now_ms=DAY)
    assert len(rows(cases)) == 1


def test_a_bins_case_goes_with_the_scan_that_the_office_takes_back(warehouse: str) -> None:
    give(add("Ravi", "returns", at=DAY - 900_000), "K-17", at=DAY - 900_000)
    enrol(1)
    chain = Chain(1)
    opened = chain.scan(DAY - 600_000, "open_bin", None, location=BIN_A, document="CC-1", operator="Ravi")
    push(chain, now_ms=DAY)
    assert len(rows(cases)) == 1
    name = format_name(opened.name)
    transact(lambda c: undo(c, site=SITE, name=name, reason="mistake", operator="Sam", now_ms=DAY + 1))
    assert rows(cases) == []
    assert list(verify(SITE, lambda _: None)) == []


def test_a_bins_case_is_decided_and_a_rebuild_leaves_it_as_it_is(warehouse: str) -> None:
    give(add("Ravi", "returns", at=DAY - 900_000), "K-17", at=DAY - 900_000)
    enrol(1)
    chain = Chain(1)
    chain.scan(DAY - 600_000, "open_bin", None, location=BIN_A, document="CC-1", operator="Ravi")
    push(chain, now_ms=DAY)
    with reading() as c:
        [case] = list_cases(c, SITE, CaseFilter())
        file = case_file.read(c, SITE, case.unit, case.rule, case.episode, DAY)
    assert file is not None
    assert [(o.resolution, len(o.effect.closes)) for o in file.options] == [("dismiss", 1)]
    with writing() as c:
        said = {"unit": BIN_A, "rule": case.rule, "episode": case.episode, "evidence": case.evidence}
        decisions.settle(c, site=SITE, resolution="dismiss", operator="Sam", now_ms=DAY + 1, **said)
    settled = folded()
    assert "'settled'" in settled["cases"][0]
    rebuild_all(SITE, lambda _: None)
    assert differences(settled, folded()) == []
    assert list(verify(SITE, lambda _: None)) == []


def test_somebody_who_is_let_into_dozens_of_sites_leaves_a_line_that_can_be_read(warehouse: str) -> None:
    names = [f"warehouse-north-{n:03}" for n in range(30)]
    mia = add("Mia")
    with writing() as c:
        c.execute(sites.insert(), [{"site": name, "name": name, "codes": {}} for name in names])
        staff.let_into(c, mia, names, change())
    assert list(verify(SITE, lambda _: None)) == []
    assert all(reason.endswith("…") for reason in said() if "is let into" in reason)


def test_a_fact_that_no_server_could_read_again_is_not_kept(warehouse: str) -> None:
    with writing() as c, pytest.raises(ValueError, match="501 characters"):
        record(c, site=SITE, action="administer", operator="Sam", now_ms=NOW, document="x", reason="x" * 501)
    assert said() == []


def test_a_scan_is_judged_by_who_made_it_also_when_somebody_repaired_it(warehouse: str) -> None:
    """A handheld was revoked, and what it still sent was believed after all."""
    number = add("Ravi", "returns", at=DAY - 900_000)
    give(number, "K-17", at=DAY - 900_000)
    sam = add("Sam", "supervisor", at=DAY - 900_000)
    give(sam, "K-18", at=DAY - 900_000)
    enrol(1)
    chain = Chain(1)
    for serial, who in (("S1", "Ravi"), ("S2", "Sam")):
        chain.scan(DAY - 400_000, "put_away", unit(serial), location=BIN_A, operator=who)
    with writing() as c:
        c.execute(devices.update().values(revoked_ms=DAY))
    push(chain, now_ms=DAY)
    for seq in (1, 2):
        with writing() as c:
            set_aside.repair(c, site=SITE, name=f"1.1.{seq}", corrections={}, operator="Sam", now_ms=DAY)
    assert [row[1] for row in rows(cases) if "not_permitted" in row[2]] == [repr(unit("S1"))]
    assert rebuilt_alike() == []


def test_who_opened_a_bin_without_signing_in_is_told_also_when_somebody_repaired_that_line(warehouse: str) -> None:
    sam = add("Sam", "supervisor", at=DAY - 900_000)
    give(sam, "K-18", at=DAY - 900_000)
    enrol(1)
    chain = Chain(1)
    chain.scan(DAY - 400_000, "open_bin", None, location=BIN_A, document="CC-1")
    with writing() as c:
        c.execute(devices.update().values(revoked_ms=DAY))
    push(chain, now_ms=DAY)
    with writing() as c:
        set_aside.repair(c, site=SITE, name="1.1.1", corrections={}, operator="Sam", now_ms=DAY)
    assert [row[1] for row in rows(cases) if "not_permitted" in row[2]] == [repr(BIN_A)]
    assert list(verify(SITE, lambda _: None)) == []
