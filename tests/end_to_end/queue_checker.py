"""What was typed, what beeped, what the handhelds committed and what the server has: do they agree?

Pure, after the total-queue checker of Jepsen (https://jepsen.io): what came out of a queue, compared with everything
that went in.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from sync.event import GENESIS, EventName, decode, digest, format_name

UNDO: Final = b"/undo"
FINDINGS_MAX: Final = 20
"""Findings of one kind; a queue that is wrong throughout says no more with the rest."""

ChainName = tuple[int, int]
"""``(device_no, epoch)``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """One row of the server's ledger."""

    line: bytes
    digest: bytes
    outcome: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What both ends hold after everything has drained."""

    typed: Mapping[bytes, int]
    """How often each barcode was typed; an undo stands under `UNDO`."""
    beeped: Mapping[EventName, str | None]
    """Each event that was told, with the subject it was told with."""
    committed: Mapping[EventName, bytes]
    """The lines in the handhelds' own queues."""
    released: Mapping[ChainName, int]
    """Up to where each handheld believes that the server has its events."""
    stored: Mapping[EventName, Sequence[Stored]]
    marks: Mapping[ChainName, tuple[int, bytes]]
    """The server's `acked_through` of each chain, and the digest there."""


def findings(evidence: Evidence) -> list[str]:
    """Everything that is lost, twice, invented or altered, a sentence each."""
    found: list[str] = []
    for check in (_idle, _beeped, _delivered, _invented, _typed, _marks):
        sentences = list(check(evidence))
        found += sentences[:FINDINGS_MAX]
        if len(sentences) > FINDINGS_MAX:
            found.append(f"... and {len(sentences) - FINDINGS_MAX} more like the last.")
    return found


def _idle(evidence: Evidence) -> Iterator[str]:
    if not evidence.typed or not evidence.beeped:
        typed = sum(evidence.typed.values())
        yield f"{typed} labels were typed and {len(evidence.beeped)} beeped: such a run shows nothing."


def _beeped(evidence: Evidence) -> Iterator[str]:
    for name, subject in evidence.beeped.items():
        line = evidence.committed.get(name)
        if line is None:
            yield f"Event {format_name(name)} beeped and is not in the queue."
        elif decode(line).subject != subject:
            yield f"Event {format_name(name)} beeped for {subject}, and the queue says {decode(line).subject}."


def _delivered(evidence: Evidence) -> Iterator[str]:
    for name, line in evidence.committed.items():
        rows = evidence.stored.get(name, ())
        if len(rows) != 1:
            yield f"Event {format_name(name)} was committed once and is {len(rows)} times on the server."
        elif rows[0].line != line:
            yield f"Event {format_name(name)} has other bytes on the server than in the queue."
        elif rows[0].outcome != "accepted":
            yield f"Event {format_name(name)} is {rows[0].outcome} on the server."


def _invented(evidence: Evidence) -> Iterator[str]:
    for name in evidence.stored.keys() - evidence.committed.keys():
        yield f"Event {format_name(name)} is on the server, and no handheld committed it."


def _typed(evidence: Evidence) -> Iterator[str]:
    """A label that nobody typed was invented; one that was kept more often than typed is there twice."""
    events = (decode(line) for line in evidence.committed.values())
    kept = Counter(event.barcode or UNDO for event in events)
    for barcode, times in kept.items():
        if times > evidence.typed.get(barcode, 0):
            yield f"{barcode!r} was typed {evidence.typed.get(barcode, 0)} times and kept {times} times."


def _marks(evidence: Evidence) -> Iterator[str]:
    """Each chain, computed anew over the server's rows, is contiguous from 1 up to the mark and ends in its head."""
    chains: dict[ChainName, dict[int, Stored]] = defaultdict(dict)
    for (device_no, epoch, seq), rows in evidence.stored.items():
        chains[device_no, epoch][seq] = rows[0]
    for chain in evidence.marks.keys() | chains.keys() | evidence.released.keys():
        reached, head = _reached(chains[chain])
        mark, mark_head = evidence.marks.get(chain, (0, GENESIS))
        name = ".".join(map(str, chain))
        if (mark, mark_head) != (reached, head):
            yield f"Chain {name} is acknowledged through {mark}, and it is whole through {reached}."
        if evidence.released.get(chain, 0) > reached:
            yield f"Chain {name} was released through {evidence.released[chain]}, and it is whole through {reached}."


def _reached(rows: Mapping[int, Stored]) -> tuple[int, bytes]:
    """How far the rows continue each other from the first, and the digest there."""
    seq, head = 0, GENESIS
    while seq + 1 in rows and digest(head, rows[seq + 1].line) == rows[seq + 1].digest:
        seq, head = seq + 1, rows[seq + 1].digest
    return seq, head
