"""Whatever happens to a queue and its server, in any order, no scan is lost, renumbered or let go too early."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from scanner_client.database import Database, open_database
from scanner_client.outbox import MARK_EVERY_MS, SCHEMA, Outbox
from sync.event import GENESIS, chain, decode
from sync.protocol import RETENTION_MS, Reply
from tests.scanner_client.scans import scan_of

EPOCH = 77


class QueueAndServer(RuleBasedStateMachine):
    """A queue, a server that stores what it is sent, and a backup that the server may fall back to."""

    database: Database

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.committed: list[bytes] = []
        self.server: dict[int, bytes] = {}
        self.backup: dict[int, bytes] = {}
        self.acked_ms: dict[int, int] = {}
        self.now_ms = 1_700_000_000_000

    @initialize()
    def open(self) -> None:
        self.database = open_database(self.folder / "q", SCHEMA)
        self.outbox = Outbox(self.database)
        self.outbox.begin_epoch(EPOCH, device_no=5, predecessor=None)

    def teardown(self) -> None:
        self.database.close()
        shutil.rmtree(self.folder)

    @rule(count=st.integers(1, 4))
    def scan(self, count: int) -> None:
        named = self.outbox.append([scan_of(len(self.committed) + n) for n in range(count)])
        first = len(self.committed) + 1
        assert [event.seq for event in named] == list(range(first, first + count))
        rows = self.database.rows("SELECT line FROM events WHERE epoch=? AND seq>=? ORDER BY seq", EPOCH, first)
        self.committed += [row[0] for row in rows]

    @rule(limit=st.integers(1, 5), answered=st.booleans())
    def push(self, *, limit: int, answered: bool) -> None:
        run = self.outbox.next_run(limit)
        self.server |= dict(enumerate(run.lines, run.first))
        if answered:
            self.outbox.acknowledge(run, self._reply())

    @rule()
    def back_up(self) -> None:
        self.backup = dict(self.server)

    @rule()
    def restore_the_server(self) -> None:
        self.server = dict(self.backup)

    @rule(days=st.sampled_from([1, 6, 8]))
    def wait(self, days: int) -> None:
        self.now_ms += days * 24 * 3600 * 1000 + MARK_EVERY_MS

    @rule()
    def kill_and_reopen(self) -> None:
        """A copy of the files as they lie there is what a killed process leaves behind."""
        copy = self.folder / "copy"
        copy.mkdir()
        for file in self.folder.glob("q*"):
            shutil.copy(file, copy)
        self.database.close()
        for file in copy.iterdir():
            file.replace(self.folder / file.name)
        copy.rmdir()
        self.database = open_database(self.folder / "q", SCHEMA)
        self.outbox = Outbox(self.database)

    @invariant()
    def what_is_in_the_queue_is_what_was_committed(self) -> None:
        base = self.outbox.state(EPOCH).base_seq
        rows = self.database.rows("SELECT seq, line, digest FROM events WHERE epoch=? ORDER BY seq", EPOCH)
        assert [row[:2] for row in rows] == list(enumerate(self.committed, 1))[base:]
        assert [row[2] for row in rows] == chain(GENESIS, self.committed)[base:]

    @invariant()
    def nothing_is_let_go_that_is_in_no_backup_or_was_acknowledged_lately(self) -> None:
        base = self.outbox.state(EPOCH).base_seq
        for seq in range(1, base + 1):
            assert self.acked_ms[seq] <= self.now_ms - RETENTION_MS

    @invariant()
    def what_is_not_waiting_had_been_stored_by_the_server(self) -> None:
        state = self.outbox.state(EPOCH)
        assert all(seq in self.acked_ms for seq in range(1, state.acked_through + 1))

    @rule()
    def drain(self) -> None:
        for _ in range(3 * len(self.committed) + 3):
            run = self.outbox.next_run(3)
            self.server |= dict(enumerate(run.lines, run.first))
            self.outbox.acknowledge(run, self._reply())
        assert self.outbox.waiting() == 0
        kept = range(self.outbox.state(EPOCH).base_seq + 1, len(self.committed) + 1)
        assert all(decode(self.server[seq]).seq == seq for seq in kept)

    def _reply(self) -> Reply:
        through = 0
        while through + 1 in self.server:
            through += 1
        safe = 0
        while safe + 1 in self.backup and safe < through:
            safe += 1
        gaps, seq = [], through + 1
        while seq < max(self.server, default=0):
            first = seq
            while seq not in self.server:
                seq += 1
            if seq > first:
                gaps.append([first, seq - 1])
            seq += 1
        for stored in self.server:
            self.acked_ms[stored] = self.acked_ms.get(stored, self.now_ms)
        return Reply(
            incarnation="i",
            acked_through=through,
            head=[GENESIS, *chain(GENESIS, self.committed)][through].hex(),
            last_seq=max(self.server, default=0),
            missing=gaps,
            accepted=0,
            duplicate=0,
            exceptions=[],
            safe_through=safe,
            server_ms=self.now_ms,
            addresses=[],
            changes=[],
            cursor="",
            more=False,
        )


TestQueueAndServer = QueueAndServer.TestCase
TestQueueAndServer.settings = settings(max_examples=40, stateful_step_count=25, deadline=None)
