from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from scanner_client import carried, map_rows
from scanner_client.database import open_database
from scanner_client.handheld import Handheld
from scanner_client.outbox import APPEND_MAX, MARK_EVERY_MS, SCHEMA, Outbox, OutboxError, Run
from sync.event import GENESIS, EventError, chain, decode
from sync.protocol import MISSING_RANGES_MAX, RETENTION_MS, Reply
from tests.scanner_client.scans import scan_of

EPOCH = 77
NOW = 1_700_000_000_000
Opened = Callable[[], Outbox]


@pytest.fixture
def outbox(tmp_path: Path) -> Outbox:
    opened = Outbox(open_database(tmp_path / "q", (*SCHEMA, *carried.SCHEMA, *map_rows.SCHEMA)))
    opened.begin_epoch(EPOCH, device_no=5, predecessor=None)
    return opened


def reply(through: int, outbox: Outbox | None = None, **values: object) -> Reply:
    head = "ab" * 32
    if outbox:
        lines = [row[0] for row in outbox._database.rows("SELECT line FROM events WHERE epoch=? ORDER BY seq", EPOCH)]
        head = [GENESIS, *chain(GENESIS, lines)][through].hex()
    given: dict[str, object] = {
        "incarnation": "i", "acked_through": through, "head": head, "last_seq": through, "missing": [],
        "accepted": 0, "duplicate": 0,
        "exceptions": [], "safe_through": 0, "server_ms": NOW, "addresses": [], "changes": [], "cursor": "",
        "more": False,
    }  # fmt: skip
    return Reply(**(given | values))  # type: ignore[arg-type]


def seqs(run: Run) -> list[int]:
    return [decode(line).seq for line in run.lines]


def test_scans_are_numbered_without_a_gap_and_chained(outbox: Outbox) -> None:
    named = outbox.append([scan_of(1), scan_of(2)]) + outbox.append([scan_of(3)])
    assert [event.name for event in named] == [(5, EPOCH, 1), (5, EPOCH, 2), (5, EPOCH, 3)]
    run = outbox.next_run()
    assert [decode(line) for line in run.lines] == named
    assert (run.before, run.after) == (GENESIS, chain(GENESIS, run.lines)[-1])


def test_scan_that_the_server_could_not_read_is_found_before_the_beep(outbox: Outbox) -> None:
    with pytest.raises(EventError, match="subject has 501 characters"):
        outbox.append([scan_of(1), scan_of(2, subject="x" * 501)])
    assert outbox.waiting() == 0
    assert outbox.append([scan_of(3)])[0].seq == 1


@pytest.mark.parametrize("count", [0, APPEND_MAX + 1])
def test_only_a_bounded_number_is_committed_at_once(outbox: Outbox, count: int) -> None:
    with pytest.raises(OutboxError, match=f"^{count} events cannot be committed at once"):
        outbox.append([scan_of(1)] * count)


def test_acknowledged_scans_are_not_sent_again_and_are_kept(outbox: Outbox) -> None:
    outbox.append([scan_of(n) for n in range(5)])
    assert outbox.acknowledge(outbox.next_run(), reply(3, outbox)) is False
    assert outbox.waiting() == 2
    assert seqs(outbox.next_run()) == [4, 5]
    assert outbox._database.row("SELECT count(*) FROM events") == (5,)


def test_run_after_an_acknowledgement_continues_its_chain(outbox: Outbox) -> None:
    outbox.append([scan_of(n) for n in range(5)])
    outbox.acknowledge(outbox.next_run(), reply(3, outbox))
    run, whole = outbox.next_run(), outbox._database.rows("SELECT digest FROM events ORDER BY seq")
    assert (run.first, run.before, run.after) == (4, whole[2][0], whole[4][0])


def test_server_that_was_restored_is_sent_what_it_lost(outbox: Outbox) -> None:
    outbox.append([scan_of(n) for n in range(5)])
    outbox.acknowledge(outbox.next_run(), reply(5, outbox))
    outbox.acknowledge(outbox.next_run(), reply(2, outbox))
    assert seqs(outbox.next_run()) == [3, 4, 5]


def test_safe_scans_are_let_go_after_seven_days_and_not_before(outbox: Outbox) -> None:
    outbox.append([scan_of(n) for n in range(4)])
    outbox.acknowledge(outbox.next_run(), reply(4, outbox, safe_through=3))
    almost = NOW + RETENTION_MS - 1
    outbox.acknowledge(outbox.next_run(), reply(4, outbox, safe_through=3, server_ms=almost))
    assert outbox.state(EPOCH).base_seq == 0
    later = NOW + RETENTION_MS + MARK_EVERY_MS
    outbox.acknowledge(outbox.next_run(), reply(4, outbox, safe_through=3, server_ms=later))
    assert outbox.state(EPOCH).base_seq == 3
    assert [event.seq for event in outbox.append([scan_of(9)])] == [5]
    assert seqs(outbox.next_run()) == [5]


def test_damaged_digest_keeps_nobody_from_syncing_when_its_scan_may_be_let_go(outbox: Outbox) -> None:
    outbox.append([scan_of(n) for n in range(4)])
    outbox.acknowledge(outbox.next_run(), reply(4, outbox, safe_through=3))
    outbox._database.run("UPDATE events SET digest=x'00' WHERE seq=3")
    head, later = outbox.state(EPOCH).head.hex(), NOW + RETENTION_MS + MARK_EVERY_MS
    outbox.acknowledge(outbox.next_run(), reply(4, head=head, safe_through=3, server_ms=later))
    assert outbox.state(EPOCH).base_seq == 2, "what follows continues a digest that can be told"
    outbox.append([scan_of(4)])
    assert seqs(outbox.next_run()) == [5]


def test_scan_that_is_in_no_backup_is_never_let_go(outbox: Outbox) -> None:
    outbox.append([scan_of(1)])
    for days in range(0, 40, 10):
        outbox.acknowledge(outbox.next_run(), reply(1, outbox, server_ms=NOW + days * RETENTION_MS))
    assert outbox._database.row("SELECT count(*) FROM events") == (1,)


def test_server_that_holds_other_scans_under_our_names_is_noticed(outbox: Outbox) -> None:
    outbox.append([scan_of(n) for n in range(3)])
    assert outbox.acknowledge(outbox.next_run(), reply(3)) is True


def test_server_that_knows_more_than_the_queue_is_noticed(outbox: Outbox) -> None:
    outbox.append([scan_of(1)])
    assert outbox.acknowledge(outbox.next_run(), reply(9)) is True


def test_after_a_fork_every_scan_of_the_queue_is_still_sent_once(outbox: Outbox) -> None:
    outbox.append([scan_of(n) for n in range(1, 6)])
    outbox.acknowledge(outbox.next_run(2), reply(9))
    assert seqs(outbox.next_run(2)) == [3, 4]
    outbox.acknowledge(outbox.next_run(2), reply(9))
    outbox.acknowledge(outbox.next_run(2), reply(9))
    assert outbox.waiting() == 0


def test_new_incarnation_is_asked_for_its_mark_in_every_epoch(outbox: Outbox) -> None:
    outbox.append([scan_of(1)])
    outbox.acknowledge(outbox.next_run(), reply(1, outbox))
    outbox.begin_epoch(88, device_no=5, predecessor=EPOCH)
    outbox.doubt()
    run = outbox.next_run()
    assert (run.epoch.epoch, run.lines) == (EPOCH, ())


def test_old_epochs_are_drained_before_the_new_one(outbox: Outbox) -> None:
    outbox.append([scan_of(1)])
    outbox.begin_epoch(88, device_no=5, predecessor=EPOCH)
    outbox.append([scan_of(2)])
    assert outbox.next_run().epoch.epoch == EPOCH


@pytest.fixture
def old(outbox: Outbox) -> Outbox:
    """Three of these eight were let go, and the others are acknowledged."""
    outbox.append([scan_of(n) for n in range(8)])
    outbox.acknowledge(outbox.next_run(), reply(8, outbox, safe_through=3))
    later = NOW + RETENTION_MS + MARK_EVERY_MS
    head = outbox.state(EPOCH).head.hex()
    outbox.acknowledge(outbox.next_run(), reply(8, head=head, safe_through=3, server_ms=later))
    assert (outbox.state(EPOCH).base_seq, outbox.waiting()) == (3, 0)
    return outbox


@pytest.mark.parametrize(
    ("last_seq", "missing"),
    [
        pytest.param(1, [], id="it has nothing beyond"),
        pytest.param(8, [[2, 3]], id="a copy has sent as much as this queue"),
        pytest.param(20, [[2, 3], [5, 6]], id="and more, but for some"),
        pytest.param(900, [[2 * n, 2 * n] for n in range(1, MISSING_RANGES_MAX + 1)], id="the list is cut off"),
    ],
)
def test_server_from_before_what_was_let_go_is_sent_all_that_is_left_whatever_it_has_beyond_by_number(
    old: Outbox, last_seq: int, missing: list[list[int]]
) -> None:
    """Its mark stays before what nobody has any more, and says nothing of this queue's scans."""
    old.doubt()
    old.acknowledge(old.next_run(), reply(1, last_seq=last_seq, missing=missing))
    assert seqs(old.next_run()) == [4, 5, 6, 7, 8]
    old.acknowledge(old.next_run(2), reply(1, last_seq=max(5, last_seq), missing=[[2, 3]]))
    assert seqs(old.next_run()) == [6, 7, 8]
    old.acknowledge(old.next_run(), reply(1, last_seq=max(8, last_seq), missing=[[2, 3]]))
    assert old.waiting() == 0
    old.acknowledge(old.next_run(), reply(1, last_seq=max(8, last_seq), missing=[[2, 3]]))
    assert old.waiting() == 0, "it was answered for by this incarnation"


@pytest.mark.parametrize(("last_seq", "missing"), [(6, [[2, 3]]), (8, [[2, 3], [7, 7]])])
def test_server_that_lacks_what_it_had_answered_for_is_sent_it_again(
    old: Outbox, last_seq: int, missing: list[list[int]]
) -> None:
    """As when its disk was put back to a picture of itself, with no word about it."""
    old.acknowledge(old.next_run(), reply(1, last_seq=last_seq, missing=missing))
    assert seqs(old.next_run()) == [4, 5, 6, 7, 8]


def test_queue_that_holds_more_than_it_says_is_not_continued(outbox: Outbox) -> None:
    outbox.append([scan_of(1), scan_of(2)])
    outbox._database.run("UPDATE epochs SET last_seq=1")
    with pytest.raises(OutboxError, match="last event should be 1, but 2 is the last"):
        Outbox(outbox._database)


def test_scan_that_the_server_would_quarantine_is_not_taken_into_the_queue(handheld: Handheld) -> None:
    with pytest.raises(OutboxError, match="'put_away' takes subject, location; it lacks location"):
        handheld.commit([scan_of(1), scan_of(2, location=None)])
    assert handheld.outbox.waiting() == 0
