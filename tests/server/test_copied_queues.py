"""A handheld's queue that was copied, put back, lost or begun anew: what is forked, and what the office hears of it."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa

from server import queries, set_aside, upkeep
from server.database import reading, writing
from server.decisions import settle
from server.ingest import Ingested
from server.tables import cases, events
from sync.protocol import ProtocolError
from tests.handheld import BIN_A, BIN_B, DAY, DOCK, Chain, unit
from tests.server.pushes import (
    NOW,
    chains_fit,
    handheld,
    open_rules,
    outcomes,
    place_of,
    stored,
)
from tests.server.site import SITE, assert_a_rebuild_changes_nothing, push


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


def test_a_restored_server_hears_again_of_lost_scans_though_the_first_push_that_said_so_was_in_no_backup(
    warehouse: str,
) -> None:
    device = received("S0", "S1", "S2", "S3")
    push(device, 1, 2, now_ms=NOW)
    said: dict[str, Any] = {"predecessor": device.epoch, "lost_epoch": device.epoch, "lost_through": 4}
    push(begun(device, 8, "S0", "S1"), 2, now_ms=NOW, **said)  # it keeps no more what was safe
    assert known_as_copied() == [1]
    with reading() as c:
        assert [row["lacks"] for row in queries.list_devices(c, SITE)] == [2]


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
