"""What becomes of a push: every line is stored with an outcome, and none delays another."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st

from server import queries, set_aside, upkeep
from server.database import reading, stamp, writing
from server.decisions import settle
from server.ingest import Ingested
from server.rebuild import rebuild
from server.tables import cases, chains, devices, events, unit_states
from sync.event import encode
from sync.protocol import MISSING_RANGES_MAX, ProtocolError
from tests.handheld import BIN_A, BIN_B, CARTON_1, DAY, DOCK, Chain, unit
from tests.server.site import SITE, differences, enrol, folded, push, rows, site, state_document
from tests.server.test_statements import counting

NOW = DAY + 3_600_000


def handheld(device_no: int = 1, **options: Any) -> Chain:
    enrol(device_no)
    return Chain(device_no, **options)


def outcomes(taken: Ingested) -> list[tuple[int, str]]:
    return [(e["seq"], e["outcome"]) for e in taken.exceptions]


def stored(*columns: sa.Column[Any]) -> list[tuple[Any, ...]]:
    with reading() as c:
        return [tuple(r) for r in c.execute(sa.select(*columns).order_by(events.c.device_no, events.c.seq))]


def open_rules(subject: str) -> list[str]:
    with reading() as c:
        query = sa.select(cases.c.rule).where(cases.c.unit == subject, cases.c.status == "open").order_by(cases.c.rule)
        return list(c.execute(query).scalars())


def place_of(subject: str) -> tuple[str | None, str | None, bool]:
    u = unit_states.c
    with reading() as c:
        return tuple(c.execute(sa.select(u.place, u.expected, u.observed).where(u.unit == subject)).one())


def assert_a_rebuild_changes_nothing(*subjects: str) -> None:
    before = folded()
    with writing() as c:
        rebuild(c, SITE, subjects, stamp(c))
    assert differences(before, folded()) == []


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


def test_a_restored_handheld_is_noticed_and_both_of_its_histories_are_kept(warehouse: str) -> None:
    device, copy = handheld(), Chain(1)
    for chain in (device, copy):
        chain.scan(DAY, "receive", unit("S1"), location=DOCK)
    device.scan(DAY + 1000, "put_away", unit("S1"), location=BIN_A)
    copy.scan(DAY + 2000, "put_away", unit("S2"), location=BIN_B)
    copy.scan(DAY + 3000, "inspect", unit("S2"), location=BIN_B)
    push(device, now_ms=NOW)
    taken = push(copy, now_ms=NOW)
    assert (taken.duplicate, taken.accepted, outcomes(taken)) == (1, 1, [(2, "forked")])
    assert taken.acked_through == 3
    assert taken.head not in {*device.digests, *copy.digests}, "each hears that it is not alone"
    assert len(stored(events.c.seq)) == 4
    assert (place_of(unit("S1"))[0], place_of(unit("S2"))[0]) == (BIN_A, BIN_B)
    assert "forked" in open_rules(unit("S2"))
    assert push(copy, now_ms=NOW).duplicate == 3
    assert_a_rebuild_changes_nothing(unit("S1"), unit("S2"))


# How a queue goes on under a new epoch, and what the office hears of it.


def begun(device: Chain, epoch: int, *serials: str) -> Chain:
    """The handheld's next epoch, with these units put away in it."""
    chain = Chain(device.device_no, epoch=epoch)
    for n, serial in enumerate(serials, 1):
        chain.scan(DAY + n * 60_000, "put_away", unit(serial), location=BIN_B)
    return chain


def follows(chain: Chain, before: Chain, last: int, *, first: int = 1) -> Ingested:
    """Push an epoch that was begun when the one before it had come so far."""
    return push(chain, first, now_ms=NOW, predecessor=before.epoch, predecessor_last=last)


def known_as_copied() -> list[int]:
    with reading() as c:
        return [row["device_no"] for row in queries.list_devices(c, SITE) if row["copied_ms"] is not None]


def received(*serials: str) -> Chain:
    device = handheld()
    for n, serial in enumerate(serials):
        device.scan(DAY + n * 1000, "receive", unit(serial), location=DOCK)
    return device


def test_who_goes_on_in_a_new_epoch_after_all_of_the_old_one_raises_no_alarm(warehouse: str) -> None:
    device = received("S0", "S1")
    later = begun(device, 8, "S1")
    push(device, now_ms=NOW)
    assert outcomes(follows(begun(device, 8), device, 2)) == outcomes(follows(later, device, 2)) == []
    assert outcomes(follows(later, device, 2)) == outcomes(push(device, now_ms=NOW)) == []  # told again
    assert outcomes(follows(begun(device, 9, "S0"), later, 1)) == []
    assert known_as_copied() == []


def test_what_the_old_epoch_still_owed_may_come_after_the_new_ones_first_scan(warehouse: str) -> None:
    device = received("S0", "S1")
    push(device, 1, 1, now_ms=NOW)
    assert outcomes(follows(begun(device, 8, "S1"), device, 2)) == []
    assert outcomes(push(device, 2, now_ms=NOW)) == []
    assert known_as_copied() == []


def test_a_copy_that_had_gone_on_before_the_original_noticed_is_a_case(warehouse: str) -> None:
    copy = received("S0", "S1", "S2")
    push(copy, now_ms=NOW)
    original = begun(copy, 8, "S0", "S3")
    assert outcomes(follows(begun(copy, 8), copy, 2)) == []
    assert known_as_copied() == [1], "also before it has scanned anything"
    assert outcomes(follows(original, copy, 2)) == [(1, "forked")]
    assert open_rules(unit("S0")) == ["forked"]
    assert outcomes(follows(original, copy, 2)) == []
    copy.scan(DAY + 9000, "receive", unit("S4"), location=DOCK)
    assert outcomes(push(copy, 4, now_ms=NOW)) == [], "it was said once"
    assert known_as_copied() == [1]
    assert_a_rebuild_changes_nothing(unit("S0"), unit("S3"))
    assert list(upkeep.verify(SITE, lambda _: None)) == []


def test_an_original_that_goes_on_after_its_copy_began_anew_is_a_case(warehouse: str) -> None:
    original = received("S0", "S1")
    push(original, now_ms=NOW)
    assert outcomes(follows(begun(original, 8, "S0"), original, 2)) == []
    original.scan(DAY + 9000, "put_away", unit("S1"), location=BIN_A)
    original.scan(DAY + 9500, "put_away", unit("S0"), location=BIN_A)
    assert outcomes(push(original, 3, now_ms=NOW)) == [(3, "forked")]
    assert (open_rules(unit("S1")), known_as_copied()) == (["forked"], [1])
    with writing() as c:
        case = c.execute(sa.select(cases.c.unit, cases.c.rule, cases.c.episode, cases.c.evidence)).mappings().one()
        settle(c, site=SITE, **case, resolution="dismiss", operator="Sam", now_ms=NOW + 1000)
    assert (open_rules(unit("S1")), known_as_copied()) == ([], [])
    assert list(upkeep.verify(SITE, lambda _: None)) == []


def test_two_copies_that_both_began_anew_are_a_case(warehouse: str) -> None:
    original = received("S0", "S1")
    push(original, now_ms=NOW)
    assert outcomes(follows(begun(original, 8, "S0"), original, 2)) == []
    assert outcomes(follows(begun(original, 9, "S1"), original, 2)) == [(1, "forked")]
    assert known_as_copied() == [1]


def test_a_copy_is_a_case_also_where_nothing_of_the_queue_before_it_has_come(warehouse: str) -> None:
    original = received("S0", "S1")
    assert outcomes(follows(begun(original, 8, "S2"), original, 1)) == []
    assert outcomes(push(original, now_ms=NOW)) == [(2, "forked")]


@pytest.mark.parametrize("order", [(1, 2, 3, 4, 5), (5, 4, 3, 2, 1), (1, 3, 2, 5, 4)])
def test_a_scan_that_was_altered_in_its_queue_is_set_aside_alone_and_everything_around_it_counts(
    warehouse: str, order: tuple[int, ...]
) -> None:
    device = received("S1", "S2", "S3", "S4", "S5")
    device.lines[2] = device.lines[2].replace(b"S3", b"S9")
    for seq in order:
        taken = push(device, seq, seq, now_ms=NOW, altered=seq == 3)
        assert taken.head == device.digests[taken.acked_through]
    taken = push(device, 3, 3, now_ms=NOW, altered=True)  # once more, as after a lost reply
    assert (taken.duplicate, taken.acked_through, taken.missing) == (1, 5, [])
    apart = [row for row in stored(events.c.seq, events.c.line, events.c.outcome) if row[2] != "accepted"]
    assert apart == [(3, device.lines[2], "quarantined")]
    assert list(upkeep.verify(SITE, lambda _: None)) == []
    with writing() as c:  # a person who knows what it was says so
        set_aside.repair(c, site=SITE, name="1.1.3", corrections={"subject": unit("S3")}, operator="Sam", now_ms=NOW)
    assert place_of(unit("S3")) == (DOCK, DOCK, True)
    assert list(upkeep.verify(SITE, lambda _: None)) == []


def test_only_one_scan_at_once_comes_as_altered(warehouse: str) -> None:
    device = received("S1", "S2")
    with pytest.raises(ProtocolError, match="comes by itself, and here are 2 events"):
        push(device, now_ms=NOW, altered=True)


@pytest.mark.parametrize("queue", ["put back", "lost"])
def test_scans_that_only_a_queue_held_which_was_put_back_or_lost_are_a_case(warehouse: str, queue: str) -> None:
    device = received("S0", "S1", "S2", "S3")
    push(device, 1, 2, now_ms=NOW)
    after, last = begun(device, 8, "S0"), 1 if queue == "put back" else None
    said: dict[str, Any] = {
        "predecessor": device.epoch,
        "predecessor_last": last,
        "lost_epoch": device.epoch,
        "lost_through": 4,
    }
    push(begun(device, 8), now_ms=NOW, **said)
    assert known_as_copied() == [1], "also before it has scanned anything"
    assert outcomes(push(after, now_ms=NOW, **said)) == [(1, "forked")]
    with reading() as c:
        assert [(row["device_no"], row["lacks"]) for row in queries.list_devices(c, SITE)] == [(1, 2)]
    assert open_rules(unit("S0")) == ["forked"]
    assert_a_rebuild_changes_nothing(unit("S0"))
    push(device, 3, now_ms=NOW)  # the newest folder was found
    with reading() as c:
        assert [row["lacks"] for row in queries.list_devices(c, SITE)] == [0]
    assert list(upkeep.verify(SITE, lambda _: None)) == []


def test_a_queue_that_was_lost_when_all_of_it_was_here_raises_nothing(warehouse: str) -> None:
    device = received("S0", "S1")
    push(device, now_ms=NOW)
    said: dict[str, Any] = {"predecessor": device.epoch, "lost_epoch": device.epoch, "lost_through": 2}
    assert outcomes(push(begun(device, 8, "S0"), now_ms=NOW, **said)) == []
    assert known_as_copied() == []


def test_a_first_release_that_does_not_say_where_it_left_its_epoch_is_taken_as_it_is(warehouse: str) -> None:
    device = received("S0", "S1")
    push(device, now_ms=NOW)
    assert outcomes(push(begun(device, 8, "S0"), now_ms=NOW, predecessor=device.epoch)) == []
    assert known_as_copied() == []


def test_a_run_that_does_not_continue_the_chain_is_forked(warehouse: str) -> None:
    device, copy = handheld(), Chain(1)
    device.scan(DAY, "receive", unit("S1"), location=DOCK)
    copy.scan(DAY, "receive", unit("S9"), location=DOCK)
    copy.scan(DAY + 1, "receive", unit("S2"), location=DOCK)
    push(device, now_ms=NOW)
    taken = push(copy, 2, now_ms=NOW)
    assert outcomes(taken) == [(2, "forked")]
    assert "forked" in open_rules(unit("S2"))


def chains_fit() -> bool:
    with reading() as c:
        return not list(upkeep._chains(c, SITE))


@pytest.mark.parametrize("more", [0, 1], ids=["alone", "after what both have"])
def test_a_copied_queues_later_scan_that_came_first_is_not_taken_for_the_originals(warehouse: str, more: int) -> None:
    """Its own predecessor is on its way; the original's fills the gap before it."""
    device, copy = handheld(), Chain(1)
    for chain in (device, copy):
        for n in range(1 + more):
            chain.scan(DAY + n, "receive", unit(f"S{n}"), location=DOCK)
    push(device, 1, 1, now_ms=NOW)
    gap = 2 + more
    device.scan(DAY + 1000, "put_away", unit("S0"), location=BIN_A)
    copy.scan(DAY + 2000, "receive", unit("S8"), location=DOCK)
    copy.scan(DAY + 3000, "put_away", unit("S8"), location=BIN_B)
    assert push(copy, gap + 1, now_ms=NOW).missing == [[2, gap]]
    taken = push(device, 2, now_ms=NOW)
    assert (taken.accepted, outcomes(taken)) == (more, [(gap, "forked")])
    assert taken.acked_through == gap + 1
    assert taken.head not in {*device.digests, *copy.digests}, "nobody may take it for a word about its own scans"
    assert "forked" in open_rules(unit("S0"))
    assert chains_fit()
    taken = push(copy, gap, now_ms=NOW)
    assert (taken.duplicate, outcomes(taken)) == (1, [(gap, "forked")])
    assert len(stored(events.c.seq)) == gap + 2
    assert (place_of(unit("S0"))[0], place_of(unit("S8"))[0]) == (BIN_A, BIN_B)
    assert chains_fit()
    assert_a_rebuild_changes_nothing(unit("S0"), unit("S8"))


def test_a_copied_queues_run_over_a_scan_that_the_original_sent_alone_makes_no_chain_look_changed(
    warehouse: str,
) -> None:
    device, copy = handheld(), Chain(1)
    for n in range(1, 5):
        device.scan(DAY + n, "receive", unit(f"S{n}"), location=DOCK)
        copy.scan(DAY + n, "receive", unit(f"S{n}" if n == 1 else f"T{n}"), location=DOCK)
    push(device, 1, 1, now_ms=NOW)
    push(device, 3, 3, now_ms=NOW)
    taken = push(copy, 2, now_ms=NOW)
    assert outcomes(taken) == [(2, "forked"), (3, "forked")]
    assert chains_fit()
    assert outcomes(push(device, 2, now_ms=NOW)) == [(2, "forked"), (4, "forked")]
    assert chains_fit()
    assert_a_rebuild_changes_nothing(*map(unit, ("S2", "S3", "S4", "T2", "T3", "T4")))


@pytest.mark.parametrize("first", [4, 5], ids=["under a number that is here", "behind all that is here"])
def test_a_copied_queue_is_not_told_that_all_is_here_by_a_restored_server_which_lost_its_first_scans(
    warehouse: str, first: int
) -> None:
    device, copy = handheld(), Chain(1)
    for n in range(1, 5):
        device.scan(DAY + n, "receive", unit(f"S{n}"), location=DOCK)
        copy.scan(DAY + n, "receive", unit(f"T{n}"), location=DOCK)
    copy.scan(DAY + 5, "receive", unit("T5"), location=DOCK)
    push(device, now_ms=NOW)
    taken = push(copy, first, now_ms=NOW)
    assert taken.acked_through == 5
    assert taken.head not in {*device.digests, *copy.digests}
    assert chains_fit()
    copy.scan(DAY + 6, "receive", unit("T6"), location=DOCK)
    assert push(copy, 6, now_ms=NOW).head not in copy.digests, "nor later"
    assert push(copy, now_ms=NOW).head not in copy.digests
    assert chains_fit()


def test_two_handhelds_that_went_on_with_one_queue_are_verified_in_moments(warehouse: str) -> None:
    device, copy = handheld(), Chain(1)
    for n in range(40):
        device.scan(DAY + n, "receive", unit(f"S{n}"), location=DOCK)
        copy.scan(DAY + n, "receive", unit(f"T{n}"), location=DOCK)
    for chain in (device, copy):
        push(chain, now_ms=NOW)
    assert len(stored(events.c.seq)) == 80
    assert chains_fit()


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


def test_a_gap_that_is_filled_is_held_between_the_scans_around_it(warehouse: str) -> None:
    device = handheld()
    for n in range(5):
        device.scan(DAY + n * 10, "inspect", unit(f"S{n}"), location=BIN_A)
    push(device, 3, 3, now_ms=NOW)
    device.boot_at_ms += 70  # this link is slower, which makes the scans look 70 ms later
    push(device, 1, 5, now_ms=NOW + 90_000)
    times = [t for (t,) in stored(events.c.event_ms)]
    assert times == sorted(times)


def test_what_a_revoked_handheld_still_sends_is_kept_and_believed_no_more(warehouse: str) -> None:
    device = handheld()
    device.scan(DAY, "receive", unit("S1"), location=DOCK)
    with writing() as c:
        c.execute(devices.update().values(revoked_ms=DAY))
    taken = push(device, now_ms=NOW)
    assert (taken.acked_through, outcomes(taken)) == (1, [(1, "quarantined")])
    assert rows(unit_states) == []
    assert push(device, now_ms=NOW).duplicate == 1


def test_a_clock_that_jumps_and_a_reboot_never_reverse_two_scans(warehouse: str) -> None:
    device = handheld()
    for n, error in enumerate((0, 10**11, -(10**9), -(DAY - 5_000))):  # right, forward, backward, 1970
        device.wall_error_ms = error
        device.boot, device.boot_at_ms = f"boot-{n}", DAY + n * 60_000 - 500
        device.scan(DAY + n * 60_000, "inspect", unit(f"S{n}"), location=BIN_A)
    device.wall_error_ms = 0
    taken = push(device, now_ms=NOW)
    assert taken.accepted == 4
    times = [t for (t,) in stored(events.c.event_ms)]
    assert times == sorted(times)
    assert times[0] == DAY
    assert DAY <= times[-1] <= NOW


def test_scans_before_a_change_of_battery_keep_their_time_though_they_come_after_it_in_two_pushes(
    warehouse: str,
) -> None:
    device = handheld()
    device.scan(DAY, "inspect", unit("S1"), location=BIN_A)
    push(device, now_ms=DAY + 1_000)
    for n in (2, 3):
        device.scan(DAY + n * 60_000, "inspect", unit(f"S{n}"), location=BIN_A)
    device.boot, device.boot_at_ms, device.wall_error_ms = "boot-2", NOW - 60_000, -(DAY - 5_000)
    device.scan(NOW - 30_000, "inspect", unit("S4"), location=BIN_A)
    push(device, 2, 2, now_ms=NOW)
    push(device, 3, now_ms=NOW + 1_000)
    assert [t for (t,) in stored(events.c.event_ms)] == [DAY, DAY + 120_000, DAY + 180_000, NOW - 30_000]


def test_a_scan_that_a_restored_server_gets_late_may_be_anywhere_between_its_neighbours_if_the_clock_was_set(
    warehouse: str,
) -> None:
    """Its boot was known to the server that was lost, and its wall clock is what is left."""
    device, days = handheld(), 86_400_000
    device.scan(DAY, "inspect", unit("S1"), location=BIN_A)
    push(device, now_ms=DAY + 1_000)
    device.boot, device.boot_at_ms = "boot-2", DAY + 5 * days
    device.scan(DAY + 6 * days, "inspect", unit("S2"), location=BIN_A)  # acknowledged by the server that was lost
    device.boot, device.boot_at_ms, device.wall_error_ms = "boot-3", DAY + 7 * days, 2 * days
    device.scan(DAY + 8 * days, "inspect", unit("S3"), location=BIN_A)
    assert push(device, 3, now_ms=DAY + 8 * days + 1_000).missing == [[2, 2]]
    push(device, 2, 2, now_ms=DAY + 8 * days + 2_000)
    ((below, _), (moment, doubt), (above, _)) = stored(events.c.event_ms, events.c.uncertainty_ms)
    assert abs(moment - (DAY + 6 * days)) <= doubt
    assert below < moment < above
    assert doubt <= max(moment - below, above - moment) + 2_000, "no further than its neighbours and their own doubt"


def test_scans_of_a_queue_that_was_begun_anew_are_timed_by_what_the_queue_before_it_told_of_that_boot(
    warehouse: str,
) -> None:
    device = handheld(wall_error_ms=-(DAY - 5_000))
    device.scan(DAY, "inspect", unit("S1"), location=BIN_A)
    push(device, now_ms=DAY + 1_000)
    renewed = Chain(1, epoch=2, boot=device.boot, boot_at_ms=device.boot_at_ms, wall_error_ms=device.wall_error_ms)
    renewed.scan(DAY + 60_000, "inspect", unit("S2"), location=BIN_A)
    renewed.boot, renewed.boot_at_ms, renewed.wall_error_ms = "boot-2", NOW - 60_000, 0
    push(renewed, now_ms=NOW, predecessor=device.epoch)
    assert [t for (t,) in stored(events.c.event_ms)] == [DAY, DAY + 60_000]


def test_scans_made_before_the_handheld_was_enrolled_keep_their_time(warehouse: str) -> None:
    """Or before it was enrolled again, with a server that was restored from an older backup and had forgotten it."""
    enrol(1, enrolled_ms=NOW - 1_000)
    chain = Chain(1)
    chain.scan(DAY, "move", unit("S1"), location=BIN_A)
    chain.scan(DAY + 60_000, "move", unit("S1"), location=BIN_B)
    push(chain, now_ms=NOW)
    assert stored(events.c.event_ms) == [(DAY,), (DAY + 60_000,)]


def test_a_queue_that_is_carried_as_a_file_uses_the_clocks_of_its_last_own_sending(warehouse: str) -> None:
    device = handheld(wall_error_ms=7_200_000)
    device.scan(DAY, "inspect", unit("S1"), location=BIN_A)
    push(device, now_ms=NOW)
    device.scan(NOW + 1_000, "inspect", unit("S2"), location=BIN_A)
    week_later = NOW + 7 * 86_400_000
    push(device, 2, now_ms=week_later, carried=True)
    assert [t for (t,) in stored(events.c.event_ms)] == [DAY, NOW + 1_000]


wrong_clocks = st.lists(st.integers(-(DAY - 10**7), 10**12), min_size=6, max_size=6)


@settings(max_examples=15, deadline=None)
@given(wrong_clocks)
def test_a_wrong_clock_never_changes_which_scans_are_accepted(errors: list[int]) -> None:
    found = []
    for wrong in ([0] * 6, errors):
        with site("sqlite://"):
            device = handheld()
            for n, error in enumerate(wrong):
                device.wall_error_ms = error
                device.scan(DAY + n * 60_000, "move", unit("S1"), location=[BIN_A, BIN_B][n % 2])
            taken = push(device, now_ms=NOW)
            found.append((taken.accepted, taken.acked_through, outcomes(taken), place_of(unit("S1"))))
    assert found[0] == found[1]


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
