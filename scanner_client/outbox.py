"""The durable queue: every scan of this handheld under its own name, until the server has it and a backup too.

`seq` is assigned inside the durable insert, contiguous from 1 in its epoch, and each line is chained to the one
before. A line that is not the one which was committed goes to the server as it is now, marked as altered: a person
looks at it, and what follows it is sent as ever. A queue that was restored or cloned goes on in a new epoch; what the
old one still owes stays under its old names and is still sent. Acknowledged events are kept until they are in the
server's backup and seven days have passed, so that a server which loses its disk can have them again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, Final

from scanner_client.database import Database, Row
from scanner_client.wording import say
from sync.actions import refuse
from sync.event import GENESIS, LINE_BYTES_MAX, EventError, ScanEvent, decode, digest, encode
from sync.protocol import EVENTS_PER_PUSH_MAX, RETENTION_MS, Reply

SCHEMA: Final = (
    """CREATE TABLE epochs (
        place INTEGER PRIMARY KEY,  -- the order in which they were begun
        epoch INTEGER NOT NULL UNIQUE,
        device_no INTEGER NOT NULL,
        predecessor INTEGER,
        lost_epoch INTEGER,  -- where this queue lacks what was committed, when this epoch was begun
        lost_through INTEGER,  -- the last number that is known to have been given there
        last_seq INTEGER NOT NULL DEFAULT 0,
        head BLOB NOT NULL,
        acked_through INTEGER NOT NULL DEFAULT 0,
        safe_through INTEGER NOT NULL DEFAULT 0,
        mapped_through INTEGER NOT NULL DEFAULT 0,  -- up to here the map knows what they changed
        base_seq INTEGER NOT NULL DEFAULT 0,  -- up to here events were let go
        base_digest BLOB NOT NULL,
        confirmed INTEGER NOT NULL DEFAULT 0,  -- whether this server incarnation has told its mark
        diverged INTEGER NOT NULL DEFAULT 0)  -- the server holds other events under these names""",
    """CREATE TABLE events (
        epoch INTEGER NOT NULL, seq INTEGER NOT NULL, line BLOB NOT NULL, digest BLOB NOT NULL,
        PRIMARY KEY (epoch, seq)) WITHOUT ROWID""",
    """CREATE TABLE marks (
        epoch INTEGER NOT NULL, server_ms INTEGER NOT NULL, through INTEGER NOT NULL,
        PRIMARY KEY (epoch, server_ms)) WITHOUT ROWID""",
)

APPEND_MAX: Final = 1_000
"""More than anyone counts in one bin."""
SEARCHED_MAX: Final = 20_000
"""Newest events that are searched for a carton: more than a shift packs, read in some tens of milliseconds."""
LET_GO_MAX: Final = 5_000
"""Events let go at once, so that a scan never waits long behind the clearing up."""
MARK_EVERY_MS: Final = 600_000
"""How finely the time of an acknowledgement is remembered; rounded up, so never too early."""


class OutboxError(Exception):
    """The queue is not what it must be; the message says what is wrong. Nothing of it was changed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Epoch:
    """How one epoch of the queue stands."""

    epoch: int
    device_no: int
    predecessor: int | None
    lost_epoch: int | None
    lost_through: int | None
    last_seq: int
    head: bytes
    """Digest at `last_seq`."""
    acked_through: int
    """The server has everything up to here that is still in this queue."""
    safe_through: int
    mapped_through: int
    """The map has come as far as the server was when it had everything up to here."""
    base_seq: int
    base_digest: bytes
    confirmed: bool
    diverged: bool

    @property
    def waiting(self) -> int:
        """Events that the server is not known to have."""
        return self.last_seq - self.acked_through


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """Consecutive lines of one epoch that are ready to be sent; without lines it only asks for the server's mark."""

    epoch: Epoch
    first: int
    before: bytes
    after: bytes
    lines: tuple[bytes, ...]
    altered: bool = False
    """Its one line is not, or cannot be shown to be, the one that was committed: it goes by itself, as it is now."""

    @property
    def last(self) -> int:
        return self.first + len(self.lines) - 1


_COLUMNS: Final = ", ".join(Epoch.__dataclass_fields__)


class Outbox:
    """The queue of one handheld. Threads take turns; `append` returns after the disk has it."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.epoch = 0
        """The epoch that scans are committed to; 0 before the first."""
        self.version = 0
        """Counts up with whatever changes what waits here."""
        newest = database.row("SELECT epoch FROM epochs ORDER BY place DESC LIMIT 1")
        if newest:
            self.epoch = newest[0]
            self._check_end(self.epochs()[-1])

    def begin_epoch(
        self, epoch: int, *, device_no: int, predecessor: int | None, lost: tuple[int, int] | None = None
    ) -> None:
        """Commit scans under a new epoch from now on.

        Args:
            lost: an epoch of which this queue lacks what was committed, and the last number that was given there.
        """
        lost_epoch, lost_through = lost or (None, None)
        with self._database.transaction():
            self._database.run(
                "INSERT INTO epochs (epoch, device_no, predecessor, lost_epoch, lost_through, head, base_digest)"
                " VALUES (?, ?, ?, ?, ?, ?, ?)",
                epoch, device_no, predecessor, lost_epoch, lost_through, GENESIS, GENESIS,
            )  # fmt: skip
        self.epoch = epoch
        self.version += 1

    def epochs(self) -> list[Epoch]:
        """Every epoch, oldest first."""
        rows = self._database.rows(f"SELECT {_COLUMNS} FROM epochs ORDER BY place")  # noqa: S608 - our own names
        return [_epoch(row) for row in rows]

    def state(self, epoch: int) -> Epoch:
        """How this epoch stands."""
        return next(e for e in self.epochs() if e.epoch == epoch)

    def last_of(self, epoch: int | None) -> int | None:
        """The last number that this queue gave in an epoch; None where it does not hold that epoch."""
        row = None if epoch is None else self._database.row("SELECT last_seq FROM epochs WHERE epoch=?", epoch)
        return int(row[0]) if row else None

    def waiting(self) -> int:
        """Events of all epochs that the server is not known to have."""
        row = self._database.row("SELECT coalesce(sum(last_seq - acked_through), 0) FROM epochs")
        return int(row[0]) if row else 0

    def append(self, events: Sequence[ScanEvent]) -> list[ScanEvent]:
        """Commit events, all or none; they come back under the names that they now have.

        Whatever stands in their `device_no`, `epoch` and `seq` is replaced. When this returns, they are on the disk.
        """
        if not 1 <= len(events) <= APPEND_MAX:
            raise OutboxError(f"{len(events)} events cannot be committed at once; 1 to {APPEND_MAX} can.")
        with self._database.transaction():
            at = self.state(self.epoch)
            head, named, rows = at.head, [], []
            for seq, event in enumerate(events, at.last_seq + 1):
                named.append(replace(event, device_no=at.device_no, epoch=at.epoch, seq=seq))
                line = encode(named[-1])
                decode(line)  # the pair assertion: what the server would refuse is found before the beep
                if reason := refuse(named[-1]):
                    raise OutboxError(f"The queue does not take this scan: {reason}")
                head = digest(head, line)
                rows.append((at.epoch, seq, line, head))
            self._database.run_many("INSERT INTO events VALUES (?, ?, ?, ?)", rows)
            self._database.run("UPDATE epochs SET last_seq=?, head=? WHERE epoch=?", rows[-1][1], head, at.epoch)
        self.version += 1
        return named

    def next_run(self, limit: int = EVENTS_PER_PUSH_MAX) -> Run:
        """What to send now: of the oldest epoch that owes something or has not heard from this server yet.

        Where nothing is owed, an empty run of the current epoch.
        """
        with self._database.snapshot():
            epochs = self.epochs()
            owing = [e for e in epochs if e.waiting or not e.confirmed]
            return self._run((owing or epochs)[0 if owing else -1], max(1, min(limit, EVENTS_PER_PUSH_MAX)))

    def runs(self, epoch: int, limit: int = EVENTS_PER_PUSH_MAX) -> list[Run]:
        """Everything that this epoch still owes, in runs of at most `limit` events."""
        with self._database.snapshot():
            at, found = self.state(epoch), list[Run]()
            while at.waiting:
                found.append(self._run(at, limit, before=found[-1].after if found else None))
                at = replace(at, acked_through=found[-1].last)
            return found

    def naming(self, key: str) -> list[ScanEvent]:
        """What the newest events of this epoch say of a container, and every undo among them, oldest first."""
        rows = self._database.rows(
            "SELECT line, 0 FROM (SELECT seq, line FROM events WHERE epoch=? ORDER BY seq DESC LIMIT ?)"
            " WHERE instr(line, ?) OR instr(line, ?) ORDER BY seq",
            self.epoch, SEARCHED_MAX, f'"{key}"'.encode(), b'"voids":',
        )  # fmt: skip
        return [event for event, _ in _readable(rows)]

    def not_in_map(self, after: int) -> tuple[int, list[ScanEvent]]:
        """Up to where the map knows this epoch, and what was committed to it beyond that and after `after`."""
        at = self.state(self.epoch)
        rows = self._database.rows(
            "SELECT line, 0 FROM events WHERE epoch=? AND seq>? ORDER BY seq", at.epoch, max(after, at.mapped_through)
        )
        return at.mapped_through, [event for event, _ in _readable(rows)]

    def newest(self, limit: int) -> list[tuple[ScanEvent, bool]]:
        """The newest events of all epochs, the newest first, each with whether the server has it."""
        rows = self._database.rows(
            "SELECT line, seq <= acked_through FROM events JOIN epochs USING (epoch)"
            " ORDER BY place DESC, seq DESC LIMIT ?",
            limit,
        )
        return [(event, bool(sent)) for event, sent in _readable(rows)]

    def acknowledge(self, run: Run, reply: Reply) -> bool:
        """Take over the server's mark for the epoch of this run, in one transaction, and let go what is safe.

        Returns whether the server holds other events than this queue under the same names: then somebody else has
        sent them, and this queue must go on under a new epoch.
        """
        with self._database.transaction():
            if run.lines:
                self._keep_sent(run)
            at = self.state(run.epoch.epoch)
            diverged = at.diverged or self._differs(at, reply)
            is_proven = not diverged and self._digest_at(at, reply.acked_through) is not None
            through = min(reply.acked_through if is_proven else answered_through(at, run, reply), at.last_seq)
            safe = reply.safe_through if is_proven else at.safe_through  # else the backup may hold a copy's, by number
            self._database.run(
                "UPDATE epochs SET acked_through=?, safe_through=?, mapped_through=?, confirmed=1, diverged=?"
                " WHERE epoch=?",
                through, min(safe, through), min(at.mapped_through, through), diverged, at.epoch,
            )  # fmt: skip
            self._remember(at.epoch, through, reply.server_ms)
            self._let_go(self.state(at.epoch), reply.server_ms)
        self.version += 1
        return diverged

    def map_is_whole(self) -> None:
        """The last page of changes was taken over: what the server has by now, the map knows as well."""
        with self._database.transaction():
            self._database.run("UPDATE epochs SET mapped_through=acked_through WHERE mapped_through<>acked_through")
        self.version += 1

    def doubt(self) -> None:
        """The server is another incarnation: ask it for its mark in every epoch, and what is in its backups.

        Where it holds other events under the same names its mark says nothing of ours, so that these are sent again.
        """
        with self._database.transaction():
            self._database.run("UPDATE epochs SET confirmed=0, safe_through=base_seq")
            self._database.run(
                "UPDATE epochs SET acked_through=base_seq, mapped_through=min(mapped_through, base_seq) WHERE diverged"
            )
        self.version += 1

    def _run(self, at: Epoch, limit: int, *, before: bytes | None = None) -> Run:
        rows = self._database.rows(
            "SELECT seq, line, digest FROM events WHERE epoch=? AND seq>? ORDER BY seq LIMIT ?",
            at.epoch, at.acked_through, limit,
        )  # fmt: skip
        head = before = before or self._digest_at(at, at.acked_through) or GENESIS
        lines: list[bytes] = []
        for seq, line, stored in rows:
            committed = at.head if seq == at.last_seq else stored
            is_next = seq == at.acked_through + len(lines) + 1 and isinstance(line, bytes)
            if not is_next or digest(head, line) != committed:
                break
            head = committed
            lines.append(line)
        if at.waiting and not lines:
            return self._altered(at, before, rows[0] if rows else None)
        return Run(epoch=at, first=at.acked_through + 1, before=before, after=head, lines=tuple(lines))

    def _altered(self, at: Epoch, before: bytes, row: tuple[int, object, object] | None) -> Run:
        """The next event that waits, which is not as it was committed, as far as it is still there."""
        seq = at.acked_through + 1
        line, stored = row[1:] if row and row[0] == seq else (b"", None)
        text = line if isinstance(line, bytes) else str(line).encode("utf-8", "backslashreplace")
        text = text.replace(b"\n", b" ")[:LINE_BYTES_MAX]  # so that it fits into an envelope, whatever it is now
        committed = at.head if seq == at.last_seq else stored
        after = _digest(committed) or digest(before, text)
        return Run(epoch=at, first=seq, before=before, after=after, lines=(text,), altered=True)

    def _keep_sent(self, run: Run) -> None:
        """What comes next continues what was sent, whatever had been done to the last of it."""
        self._database.run(
            "INSERT INTO events VALUES (?, ?, ?, ?)"
            " ON CONFLICT DO UPDATE SET digest=excluded.digest WHERE digest<>excluded.digest",
            run.epoch.epoch, run.last, run.lines[-1], run.after,
        )  # fmt: skip

    def _digest_at(self, at: Epoch, seq: int) -> bytes | None:
        """The digest after this event, while the queue can still tell."""
        if seq in (at.base_seq, at.last_seq):
            return at.base_digest if seq == at.base_seq else at.head
        row = self._database.row("SELECT digest FROM events WHERE epoch=? AND seq=?", at.epoch, seq)
        return _digest(row[0]) if row else None

    def _differs(self, at: Epoch, reply: Reply) -> bool:
        if reply.acked_through > at.last_seq:
            return True
        ours = self._digest_at(at, reply.acked_through)
        return ours is not None and ours.hex() != reply.head

    def _remember(self, epoch: int, through: int, server_ms: int) -> None:
        rounded_up = (server_ms // MARK_EVERY_MS + 1) * MARK_EVERY_MS
        self._database.run("DELETE FROM marks WHERE epoch=? AND through>?", epoch, through)
        self._database.run("INSERT OR REPLACE INTO marks VALUES (?, ?, ?)", epoch, rounded_up, through)

    def _let_go(self, at: Epoch, server_ms: int) -> None:
        """Delete what has been acknowledged for long enough and is in a backup, a bounded number at once."""
        row = self._database.row(
            "SELECT max(through) FROM marks WHERE epoch=? AND server_ms<=?", at.epoch, server_ms - RETENTION_MS
        )
        old = row[0] if row and row[0] is not None else 0
        through = min(old, at.acked_through, at.safe_through, at.base_seq + LET_GO_MAX)
        # What follows continues a digest: up to the last one that can be told, for a disk may have damaged some.
        row = self._database.row(
            "SELECT seq, digest FROM events WHERE epoch=? AND seq<=? AND typeof(digest)='blob' AND length(digest)=?"
            " ORDER BY seq DESC LIMIT 1",
            at.epoch, through, len(GENESIS),
        )  # fmt: skip
        if row is None:
            return
        through, base = row
        self._database.run("DELETE FROM events WHERE epoch=? AND seq<=?", at.epoch, through)
        self._database.run("UPDATE epochs SET base_seq=?, base_digest=? WHERE epoch=?", through, base, at.epoch)
        self._database.run("DELETE FROM marks WHERE epoch=? AND through<=?", at.epoch, through)

    def _check_end(self, at: Epoch) -> None:
        """The pair assertion after reading: no event is there beyond the last number that was given."""
        row = self._database.row("SELECT max(seq) FROM events WHERE epoch=?", at.epoch)
        if row and (row[0] or 0) > at.last_seq:
            raise OutboxError(
                f"The queue's last event should be {at.last_seq}, but {row[0]} is the last: it is damaged."
            )


def damage(runs: Iterable[Run]) -> str:
    """What a person is told of altered events."""
    return say("status.damaged", scans=", ".join(str(run.first) for run in runs))


def _readable(rows: Iterable[Row]) -> Iterator[tuple[ScanEvent, Any]]:
    """The events in lines, each with what stands beside it; what was altered beyond reading is left out."""
    for line, beside in rows:
        if isinstance(line, bytes):
            with suppress(EventError):
                yield decode(line), beside


def _digest(found: object) -> bytes | None:
    """A digest as it was stored, where it is one still."""
    return found if isinstance(found, bytes) and len(found) == len(GENESIS) else None


def answered_through(at: Epoch, run: Run, reply: Reply) -> int:
    """Up to where the server has everything that this queue still holds, where its mark proves nothing of that.

    The mark then speaks of a copy's events, or stands before all that is still here: a server that was restored from
    before `base_seq` waits for events that nobody has any more. What it has beyond them may be a copy's as well, under
    the same numbers. So of ours this incarnation has what it answered for itself, run by run.
    """
    had = at.acked_through if at.confirmed and not _lacks(reply, at.base_seq + 1, at.acked_through) else at.base_seq
    is_next = run.first <= had + 1 and not _lacks(reply, run.first, run.last)
    return max(had, run.last) if is_next else had


def _lacks(reply: Reply, first: int, last: int) -> bool:
    """Whether the server says, by numbers, that it has not all of these."""
    return reply.last_seq < last or any(low <= last and high >= first for low, high in reply.missing)


def _epoch(row: tuple[object, ...]) -> Epoch:
    values = dict(zip(Epoch.__dataclass_fields__, row, strict=True))
    values["confirmed"], values["diverged"] = bool(values["confirmed"]), bool(values["diverged"])
    return Epoch(**values)  # type: ignore[arg-type] # the table's columns are named after the fields
