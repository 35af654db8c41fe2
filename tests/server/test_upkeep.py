"""The ledger proves itself, and events that were set aside come back."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa

from server import refolding, set_aside, upkeep
from server.database import writing
from server.ledger import KEYS_PER_QUERY
from server.set_aside import RepairError
from server.tables import chains, devices, document_rows, events, stock_levels, unit_states
from sync import identity
from tests.handheld import Chain
from tests.server.office import LAMP, NOW, SITE, office, rows, stock_up
from tests.server.site import enrol, push

S1 = identity.unit_key(LAMP, "S1")
BIN_2 = identity.own_location_key("warehouse.example", SITE, "A-02")


def differences() -> list[str]:
    return list(upkeep.verify(SITE, lambda _: None))


def change(table: sa.Table, where: sa.ColumnElement[bool], **values: object) -> None:
    with writing() as c:
        assert c.execute(table.update().where(where).values(**values)).rowcount


def shift() -> Chain:
    """A handheld that scanned three units and sent them."""
    stock_up()
    chain = Chain(7, boot_at_ms=NOW)
    enrol(7, enrolled_ms=NOW)
    for n in (1, 2, 3):
        chain.scan(NOW + n * 1_000, "inspect", identity.unit_key(LAMP, f"S{n}"), location=BIN_2)
    push(chain, 1, 3, now_ms=NOW + 10_000)
    return chain


def test_a_ledger_that_nobody_touched_fits(database_url: str, tmp_path: Path) -> None:
    with office(database_url, tmp_path):
        shift()
        assert differences() == []


def test_a_changed_byte_a_missing_event_and_a_changed_column_are_found(database_url: str, tmp_path: Path) -> None:
    with office(database_url, tmp_path):
        chain = shift()
        second = (events.c.device_no == 7) & (events.c.seq == 2)
        change(events, second, line=chain.lines[1].replace(b"A-02", b"A-03"))
        assert differences()[:2] == [
            "Event 7.1.2 does not fit the one before it: its bytes or its digest were changed.",
            "The columns of event 7.1.2 say something else than its line.",
        ]
        change(events, second, line=chain.lines[1], operator="Eve")
        assert differences() == ["The columns of event 7.1.2 say something else than its line."]
        with writing() as c:
            c.execute(events.delete().where(second))
        assert "Chain 7.1 is acknowledged through 3, and event 2 is not here." in differences()
        change(chains, chains.c.device_no == 7, acked_through=1)
        (said, *_) = differences()
        assert said.startswith("Chain 7.1 is said to end in ")


def test_a_row_that_the_ledger_does_not_bear_out_is_found_and_folding_again_mends_it(
    database_url: str, tmp_path: Path
) -> None:
    with office(database_url, tmp_path):
        shift()
        change(unit_states, unit_states.c.unit == S1, place=None)
        change(stock_levels, stock_levels.c.quantity == 1200, quantity=1199)
        found = differences()
        assert f"unit_states {S1}: place is None, and the ledger says {BIN_2!r}." in found
        assert len(found) == 2
        before = rows(unit_states, "unit", "place")
        assert refolding.rebuild_all(SITE, lambda _: None) == 5
        assert rows(unit_states, "unit", "place") != before
        assert differences() == []


def test_a_documents_row_that_was_changed_is_found(database_url: str, tmp_path: Path) -> None:
    with office(database_url, tmp_path):
        stock_up()
        change(document_rows, document_rows.c.quantity == 1200, lot="other")
        assert [d for d in differences() if "are not those that its event named" in d]


def test_an_event_that_was_too_new_is_read_after_the_upgrade(database_url: str, tmp_path: Path) -> None:
    with office(database_url, tmp_path):
        chain = shift()
        chain.commit(chain.lines[0].replace(b'"schema":1', b'"schema":2').replace(b'"seq":1', b'"seq":4'))
        chain.scan(NOW + 9_000, "inspect", S1, location=BIN_2)
        push(chain, 4, 5, now_ms=NOW + 11_000)
        assert set_aside.release_held(SITE, now_ms=NOW + 12_000) == set_aside.Released(read=0, quarantined=0, held=1)
        # what an older release kept for us: today's schema, held
        change(events, (events.c.device_no == 7) & (events.c.seq == 5), outcome="held", subject=None)
        assert set_aside.release_held(SITE, now_ms=NOW + 12_000) == set_aside.Released(read=1, quarantined=0, held=1)
        assert ("accepted", S1) in rows(events, "outcome", "subject")


def test_an_event_that_was_too_new_happened_when_its_own_clock_says(database_url: str, tmp_path: Path) -> None:
    with office(database_url, tmp_path):
        chain = shift()
        for seq in (4, 5):
            clocks = {"seq": seq, "boot_ms": seq * 1_500, "wall_ms": NOW + seq * 1_500}
            newer = json.loads(chain.lines[0]) | clocks | {"schema": 2}
            chain.commit(json.dumps(newer, separators=(",", ":")).encode())
        push(chain, 4, 5, now_ms=NOW + 11_000)
        told = {seq: ms - NOW for device_no, seq, ms in rows(events, "device_no", "seq", "event_ms") if device_no == 7}
        assert (told[4], told[5]) == (6_000, 7_500)


def test_a_copied_queues_event_that_was_too_new_is_still_its_own(database_url: str, tmp_path: Path) -> None:
    with office(database_url, tmp_path):
        chain = shift()
        copy = replace(chain, lines=list(chain.lines), digests=list(chain.digests))
        chain.scan(NOW + 4_000, "inspect", S1, location=BIN_2)
        copy.scan(NOW + 5_000, "move", S1, location=BIN_2)
        for one in (chain, copy):
            push(one, 4, 4, now_ms=NOW + 11_000)
        change(events, (events.c.seq == 4) & (events.c.action == "move"), outcome="held", subject=None)
        set_aside.release_held(SITE, now_ms=NOW + 12_000)
        found = [row for row in rows(events, "device_no", "seq", "action", "outcome") if row[:2] == (7, 4)]
        assert sorted(found) == [(7, 4, "inspect", "accepted"), (7, 4, "move", "forked")]
        assert differences() == []


def test_the_first_event_after_a_copy_that_was_too_new_still_says_so(database_url: str, tmp_path: Path) -> None:
    with office(database_url, tmp_path):
        before = shift()
        later = replace(before, epoch=before.epoch + 1, lines=[], digests=before.digests[:1])
        later.scan(NOW + 4_000, "inspect", S1, location=BIN_2)
        push(later, now_ms=NOW + 11_000, predecessor=before.epoch, predecessor_last=2)
        change(events, events.c.epoch == later.epoch, outcome="held", subject=None)
        set_aside.release_held(SITE, now_ms=NOW + 12_000)
        assert (7, later.epoch, "forked") in rows(events, "device_no", "epoch", "outcome")
        assert differences() == []


@pytest.mark.parametrize(
    ("change_to_it", "outcome"),
    [((b'"schema":1', b'"schema":2'), "held"), ((b'"inspect"', b'"mislay"'), "quarantined"), (None, "quarantined")],
    ids=["too new", "unreadable", "revoked"],
)
def test_a_copied_queues_first_line_is_no_damage_whatever_became_of_it(
    change_to_it: tuple[bytes, bytes] | None, outcome: str, database_url: str, tmp_path: Path
) -> None:
    """What it follows was scanned with the copy, and never came here: its chain cannot be computed from what is."""
    with office(database_url, tmp_path):
        chain = shift()
        copy = replace(chain, lines=list(chain.lines), digests=list(chain.digests))
        chain.scan(NOW + 4_000, "inspect", S1, location=BIN_2)
        push(chain, 4, 4, now_ms=NOW + 11_000)
        copy.scan(NOW + 5_000, "move", S1, location=BIN_2)
        line = chain.lines[0].replace(b'"seq":1', b'"seq":5')
        copy.commit(line.replace(*change_to_it) if change_to_it else line)
        if change_to_it is None:
            change(devices, devices.c.device_no == 7, revoked_ms=NOW)
        push(copy, 5, 5, now_ms=NOW + 12_000)
        assert (7, 5, outcome) in rows(events, "device_no", "seq", "outcome")
        assert differences() == []
        set_aside.release_held(SITE, now_ms=NOW + 13_000)
        assert differences() == []


def quarantined() -> str:
    """The name of a scan whose action does not exist."""
    chain = shift()
    line = json.loads(chain.lines[0]) | {"seq": 4, "action": "mislay"}
    chain.commit(json.dumps(line, separators=(",", ":")).encode())
    push(chain, 4, 4, now_ms=NOW + 11_000)
    return "7.1.4"


def test_a_quarantined_scan_is_repaired_by_a_new_fact_at_its_own_time(database_url: str, tmp_path: Path) -> None:
    with office(database_url, tmp_path):
        name = quarantined()
        with writing() as c:
            done = set_aside.repair(
                c, site=SITE, name=name, corrections={"action": "move"}, operator="Rosa", now_ms=NOW
            )
        assert done.startswith("0.")
        (fact,) = [r for r in rows(events, "device_no", "action", "subject", "operator", "reason") if r[1] == "move"]
        assert fact == (0, "move", S1, "Rosa", "repairs 7.1.4")
        times = dict(rows(events, "action", "event_ms"))
        assert times["move"] == dict(rows(events, "seq", "event_ms"))[4]
        assert dict(rows(unit_states, "unit", "expected"))[S1] == BIN_2
        with writing() as c, pytest.raises(RepairError, match="Repaired as 0"):
            set_aside.repair(c, site=SITE, name=name, corrections={"action": "move"}, operator="Rosa", now_ms=NOW)


def test_the_repair_of_a_scan_that_its_handheld_had_undone_is_undone_with_it(database_url: str, tmp_path: Path) -> None:
    with office(database_url, tmp_path):
        chain = shift()
        line = json.loads(chain.lines[0]) | {"seq": 4, "action": "mislay"}
        chain.commit(json.dumps(line, separators=(",", ":")).encode())
        chain.scan(NOW + 4_000, "void", S1, voids="7.1.4", reason="wrong unit")
        push(chain, 4, 5, now_ms=NOW + 11_000)
        before = dict(rows(unit_states, "unit", "expected"))
        with writing() as c:
            set_aside.repair(c, site=SITE, name="7.1.4", corrections={"action": "move"}, operator="Rosa", now_ms=NOW)
        assert dict(rows(unit_states, "unit", "expected")) == before
        assert differences() == []
        chain.scan(NOW + 5_000, "void", S1, voids="7.1.5", reason="it was right")
        push(chain, 6, 6, now_ms=NOW + 12_000)
        assert dict(rows(unit_states, "unit", "expected"))[S1] == BIN_2 != before[S1]
        assert differences() == []


@pytest.mark.parametrize(
    ("corrections", "sentence"),
    [
        ({}, "7.1.4 is still not right. There is no action 'mislay' in this version."),
        (
            {"action": "import"},
            "7.1.4 is still not right. A handheld may not say 'import': only the server makes such a fact.",
        ),
        ({"epoch": "3"}, "'epoch' is no field that can be repaired."),
        ({"quantity": "many"}, "quantity takes a whole number, not 'many'."),
        (
            {"action": "move", "location": ""},
            "7.1.4 is still not right. 'move' takes subject, location; it lacks location.",
        ),
    ],
)
def test_a_repair_that_leaves_the_scan_wrong_is_refused(
    corrections: dict[str, str], sentence: str, database_url: str, tmp_path: Path
) -> None:
    with office(database_url, tmp_path):
        name = quarantined()
        with writing() as c, pytest.raises(RepairError) as refused:
            set_aside.repair(c, site=SITE, name=name, corrections=corrections, operator="Rosa", now_ms=NOW)
        assert str(refused.value) == sentence


def test_a_line_that_waited_under_anothers_name_is_not_believed_after_the_upgrade(
    database_url: str, tmp_path: Path
) -> None:
    with office(database_url, tmp_path):
        chain = shift()
        chain.commit(chain.lines[0].replace(b'"device_no":7', b'"device_no":77').replace(b'"seq":1', b'"seq":4'))
        push(chain, 4, 4, now_ms=NOW + 11_000)
        change(events, (events.c.device_no == 7) & (events.c.seq == 4), outcome="held")
        done = set_aside.release_held(SITE, now_ms=NOW + 12_000)
        assert done == set_aside.Released(read=0, quarantined=1, held=0)
        assert differences() == []


def test_more_lines_than_one_transaction_takes_are_read_after_the_upgrade(database_url: str, tmp_path: Path) -> None:
    with office(database_url, tmp_path):
        enrol(7, enrolled_ms=NOW)
        chain = Chain(7, boot_at_ms=NOW)
        for n in range(KEYS_PER_QUERY + 1):
            chain.scan(NOW + n, "inspect", identity.unit_key(LAMP, f"S{n % 3}"), location=BIN_2)
        push(chain, now_ms=NOW + 10_000)
        change(events, (events.c.device_no == 7), outcome="held")
        assert set_aside.release_held(SITE, now_ms=NOW + 12_000).read == len(chain.lines)
        assert differences() == []


def test_repairs_stand_at_the_moments_of_their_scans_in_whatever_order_they_are_made(
    database_url: str, tmp_path: Path
) -> None:
    """A handheld was revoked, and what it still sent was believed after all, the latest first."""
    with office(database_url, tmp_path):
        enrol(7, enrolled_ms=NOW)
        chain = Chain(7, boot_at_ms=NOW)
        places = [identity.own_location_key("warehouse.example", SITE, bin_no) for bin_no in ("A-01", "A-02", "A-03")]
        for minutes, place in zip((1, 2, 2), places, strict=True):
            chain.scan(NOW + minutes * 60_000, "put_away", S1, location=place)
        change(devices, devices.c.device_no == 7, revoked_ms=NOW)
        push(chain, now_ms=NOW + 600_000)
        for seq in (3, 2, 1):
            with writing() as c:
                set_aside.repair(c, site=SITE, name=f"7.1.{seq}", corrections={}, operator="Sam", now_ms=NOW)
        repairs = [row for row in rows(events, "device_no", "action", "event_ms", "uncertainty_ms") if row[0] == 0]
        assert [at - NOW for _, action, at, _ in repairs if action == "put_away"] == [60_000, 120_000, 120_000]
        assert all(unsure > 0 for _, action, _, unsure in repairs if action == "put_away")
        assert dict(rows(unit_states, "unit", "place"))[S1] == places[-1]
        assert differences() == []
