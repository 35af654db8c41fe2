"""What becomes of a push: every line is stored with an outcome, and none delays another."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa

from server.database import reading, writing
from server.tables import cases, chains, devices, events, unit_states
from sync.event import encode
from sync.protocol import MISSING_RANGES_MAX, ProtocolError
from tests.handheld import BIN_A, BIN_B, CARTON_1, DAY, DOCK, Chain, unit
from tests.server.pushes import (
    NOW,
    chains_fit,
    handheld,
    open_rules,
    outcomes,
    place_of,
    stored,
)
from tests.server.site import assert_a_rebuild_changes_nothing, folded, push, rows, state_document
from tests.server.test_statements import counting


def test_a_push_whose_reply_was_lost_is_sent_again_and_counted_once(warehouse: str) -> None:
    device = handheld()
    device.scan(DAY, "receive", unit("S1"), location=DOCK)
    device.scan(DAY + 1, "put_away", unit("S1"), location=BIN_A)
    first = push(device, now_ms=NOW)
    before = (rows(events), folded())
    again = push(device, now_ms=NOW + 60_000)
    assert (first.accepted, again.accepted, again.duplicate, again.acked_through) == (2, 0, 2, 2)
    assert (rows(events), folded()) == before  # the times that were estimated first stay as well
    assert again.head == device.digests[2]


POISON = [
    b"",
    b"{",
    b'{"schema":1,"seq":3.7}',
    b'{"schema":1,"wall_ms":%d}' % 2**63,
    b'{"schema":1,"operator":"\\ud800"}',
    b'{"schema":1,"operator":"a\\u0000b"}',
    b'{"schema":1,"seq":1,"seq":1}',
    b'{"schema":1,"wall_ms":NaN}',
    b"[" * 20_000,
    b"\x00\xff\xfe",
]


@pytest.mark.parametrize("line", POISON, ids=range(len(POISON)))
def test_a_poison_event_among_499_good_ones_costs_them_nothing(warehouse: str, line: bytes) -> None:
    device = handheld()
    for n in range(250):
        device.scan(DAY + n, "receive", unit(f"S{n}"), location=DOCK)
    device.commit(line)
    for n in range(250, 499):
        device.scan(DAY + n, "receive", unit(f"S{n}"), location=DOCK)
    taken = push(device, now_ms=NOW)
    assert (taken.accepted, taken.acked_through, outcomes(taken)) == (499, 500, [(251, "quarantined")])
    assert taken.exceptions[0]["reason"].endswith(".")
    assert (line,) in stored(events.c.line)
    assert len(rows(unit_states)) == 499


@pytest.mark.parametrize(
    "change",
    [
        {"quantity": 2**53 - 1},
        {"identifiers": ("\x00",)},
        {"container": CARTON_1, "subject": CARTON_1},
        {"about": "yesterday"},
        {"about": "1.2"},
        {"action": "settle"},
        {"device_no": 2},
        {"seq": 9},
    ],
)
def test_an_event_that_may_not_be_said_is_quarantined_and_moves_nothing(warehouse: str, change: dict[str, Any]) -> None:
    device = handheld()
    event = Chain(1).scan(DAY, "receive", unit("S1"), location=DOCK)
    device.commit(encode(replace(event, **change)))
    taken = push(device, now_ms=NOW)
    assert outcomes(taken) == [(1, "quarantined")]
    assert taken.acked_through == 1
    assert rows(unit_states) == []


def test_an_event_of_a_newer_version_is_held_with_its_bytes(warehouse: str) -> None:
    device = handheld()
    device.commit(b'{"schema":2,"mood":"good"}')
    assert outcomes(push(device, now_ms=NOW)) == [(1, "held")]
    assert stored(events.c.line, events.c.outcome) == [(b'{"schema":2,"mood":"good"}', "held")]


def test_a_push_whose_bytes_changed_on_the_way_takes_nothing(warehouse: str) -> None:
    device = handheld()
    device.scan(DAY, "receive", unit("S1"), location=DOCK)
    device.lines[0] = device.lines[0].replace(b"receive", b"inspect")
    with pytest.raises(ProtocolError, match="changed on the way"):
        push(device, now_ms=NOW)
    assert rows(events) == rows(chains) == []


def test_a_gap_that_its_own_chain_fills_is_no_fork(warehouse: str) -> None:
    device = handheld()
    for n in range(4):
        device.scan(DAY + n, "receive", unit(f"S{n}"), location=DOCK)
    push(device, 3, 4, now_ms=NOW)
    taken = push(device, 1, 2, now_ms=NOW)
    assert (taken.accepted, taken.acked_through, taken.head) == (2, 4, device.digests[4])
    assert chains_fit()


def test_a_chain_that_does_not_begin_at_nought_is_forked(warehouse: str) -> None:
    device = handheld()
    device.digests[0] = hashlib.sha256(b"something before").digest()
    device.scan(DAY, "receive", unit("S1"), location=DOCK)
    assert outcomes(push(device, now_ms=NOW)) == [(1, "forked")]


def test_only_what_is_here_without_a_gap_is_acknowledged(warehouse: str) -> None:
    device = handheld()
    for n in range(9):
        device.scan(DAY + n * 1000, "inspect", unit(f"S{n}"), location=BIN_A)
    taken = push(device, 3, 4, now_ms=NOW)
    assert (taken.acked_through, taken.missing) == (0, [[1, 2]])
    taken = push(device, 8, 9, now_ms=NOW)
    assert (taken.acked_through, taken.missing) == (0, [[1, 2], [5, 7]])
    taken = push(device, 1, 2, now_ms=NOW)
    assert (taken.acked_through, taken.head, taken.missing) == (4, device.digests[4], [[5, 7]])
    taken = push(device, 5, 7, now_ms=NOW)
    assert (taken.acked_through, taken.head, taken.missing) == (9, device.digests[9], [])


def test_a_handheld_behind_a_gap_that_nobody_fills_asks_nothing_of_what_lies_beyond_it(warehouse: str) -> None:
    device = handheld()
    for n in range(5):
        device.scan(DAY + n * 1000, "inspect", unit(f"S{n}"), location=BIN_A)
    push(device, 2, 5, now_ms=NOW)
    with counting() as sent:
        taken = push(device, 6, 5, now_ms=NOW + 5_000)
    assert (taken.acked_through, taken.missing) == (0, [[1, 1]])
    assert [statement for statement in sent if "FROM events" in statement] == []


def test_every_gap_is_asked_for_in_the_end_however_many_there_are(warehouse: str) -> None:
    device = handheld()
    count = 2 * MISSING_RANGES_MAX + 6
    for n in range(count):
        device.scan(DAY + n * 1000, "inspect", unit("S1"), location=BIN_A)
    gaps = [[n, n] for n in range(1, count, 2)]
    for n in range(2, count, 2):
        push(device, n, n, now_ms=NOW)
    assert push(device, count, count, now_ms=NOW).missing == gaps[:MISSING_RANGES_MAX]
    assert push(device, 11, 11, now_ms=NOW).missing == [gap for gap in gaps if gap != [11, 11]][:MISSING_RANGES_MAX]
    assert push(device, 1, 7, now_ms=NOW).acked_through == 8
    assert push(device, 9, 9, now_ms=NOW).missing == [gap for gap in gaps if gap[0] > 11][:MISSING_RANGES_MAX]
    taken = push(device, 12, count, now_ms=NOW)
    assert (taken.acked_through, taken.head, taken.missing) == (count, device.digests[count], [])
    assert chains_fit()


def test_runs_that_arrive_in_any_order_lead_to_the_same_rows(warehouse: str) -> None:
    device = handheld()
    for n in range(6):
        device.scan(DAY + n * 60_000, "move", unit("S1"), location=[BIN_A, BIN_B][n % 2])
    for first, last in ((5, 6), (1, 2), (1, 6)):
        push(device, first, last, now_ms=NOW)
    assert place_of(unit("S1"))[0] == BIN_B
    times = [t for (t,) in stored(events.c.event_ms)]
    assert times == [DAY + n * 60_000 for n in range(6)]
    assert_a_rebuild_changes_nothing(unit("S1"))


def test_what_a_revoked_handheld_still_sends_is_kept_and_believed_no_more(warehouse: str) -> None:
    device = handheld()
    device.scan(DAY, "receive", unit("S1"), location=DOCK)
    with writing() as c:
        c.execute(devices.update().values(revoked_ms=DAY))
    taken = push(device, now_ms=NOW)
    assert (taken.acked_through, outcomes(taken)) == (1, [(1, "quarantined")])
    assert rows(unit_states) == []
    assert push(device, now_ms=NOW).duplicate == 1


@pytest.mark.parametrize("carton_first", [True, False])
def test_a_carton_moved_while_its_child_was_scanned_elsewhere_goes_without_it(
    warehouse: str, *, carton_first: bool
) -> None:
    state_document("asn", "ASN-1", [{"subject": unit(s), "container": CARTON_1} for s in ("S1", "S2")], now_ms=DAY - 9)
    mover, picker = handheld(1), handheld(2)
    mover.scan(DAY, "receive", CARTON_1, location=DOCK)
    mover.scan(DAY + 60_000, "move", CARTON_1, location=BIN_B)
    picker.scan(DAY + 30_000, "put_away", unit("S1"), location=BIN_A)
    picker.scan(DAY + 90_000, "inspect", unit("S1"), location=BIN_A)
    for chain in (mover, picker) if carton_first else (picker, mover):
        push(chain, now_ms=NOW)
    assert place_of(unit("S1")) == (BIN_A, BIN_A, True)
    assert place_of(unit("S2")) == (CARTON_1, None, False)  # inferred: it is where its carton is
    assert place_of(CARTON_1)[0] == BIN_B
    assert_a_rebuild_changes_nothing(unit("S1"), unit("S2"), CARTON_1)


PALLET = "https://id.gs1.org/00/395060001343520032"


@pytest.mark.parametrize("pallet_first", [True, False])
def test_a_pallet_moves_all_that_stands_on_it_however_late_that_is_heard_of(
    warehouse: str, *, pallet_first: bool
) -> None:
    packer, mover = handheld(1), handheld(2)
    packer.scan(DAY, "receive", unit("S1"), location=DOCK)
    packer.scan(DAY + 1_000, "pack", unit("S1"), container=CARTON_1)
    packer.scan(DAY + 2_000, "pack", CARTON_1, container=PALLET)
    packer.scan(DAY + 90_000, "count", unit("S1"), location=BIN_A, document="CC-1")
    mover.scan(DAY, "receive", PALLET, location=DOCK)
    mover.scan(DAY + 60_000, "move", PALLET, location=BIN_A)
    for chain in (mover, packer) if pallet_first else (packer, mover):
        push(chain, now_ms=NOW)
    assert "misplaced" not in open_rules(unit("S1"))
    assert_a_rebuild_changes_nothing(unit("S1"), CARTON_1, PALLET)


def claims_at(first: tuple[int, str], second: tuple[int, str]) -> list[str]:
    one, two = handheld(1), handheld(2)
    one.scan(DAY + first[0], "put_away", unit("S1"), location=first[1])
    two.scan(DAY + second[0], "put_away", unit("S1"), location=second[1])
    push(one, now_ms=NOW)
    push(two, now_ms=NOW)
    assert_a_rebuild_changes_nothing(unit("S1"))
    return open_rules(unit("S1"))


def test_two_handhelds_that_see_a_unit_in_one_place_agree(warehouse: str) -> None:
    assert "conflicting_claims" not in claims_at((0, BIN_A), (400, BIN_A))


def test_of_two_places_at_different_times_the_later_is_right(warehouse: str) -> None:
    assert "conflicting_claims" not in claims_at((600_000, BIN_B), (0, BIN_A))
    assert place_of(unit("S1"))[0] == BIN_B


def test_two_places_at_once_are_for_a_person_to_decide(warehouse: str) -> None:
    assert "conflicting_claims" in claims_at((0, BIN_A), (400, BIN_B))
    with reading() as c:
        query = sa.select(cases.c.expected, cases.c.seen).where(cases.c.rule == "conflicting_claims")
        assert tuple(c.execute(query).one()) == (BIN_A, BIN_B)
