"""The promises, looked at while it happens: at each reply, round and opening of a queue, each backup and restore.

Numbers are those of DESIGN.md's promises.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from scanner_client.transport import Answer, TransportError
from server.chain_mark import NOBODYS
from server.timing import DRIFT_PPM, TRANSIT_MS
from sync.event import chain, decode
from sync.protocol import SYNC_PATH, ProtocolError, PushHeader, unpack
from tests.server.closed_counts import frozen, misplaced_exceptions
from tests.simulation.faults.network import Request

if TYPE_CHECKING:
    from tests.simulation.faults.world import Hand, World

_ROWS: Final = """SELECT seq, digest, line, outcome, event_ms FROM events
    WHERE device_no=? AND epoch=? AND seq BETWEEN ? AND ? ORDER BY seq"""
_REACHED: Final = "SELECT count(DISTINCT seq) FROM events WHERE device_no=? AND epoch=? AND seq<=?"
_AT: Final = "SELECT digest FROM events WHERE device_no=? AND epoch=? AND seq=?"


def arriving(world: World, request: Request, *, late: bool = False) -> None:
    """What a quick sending told of a boot's clock the server can know, for a while and while both clocks run alike.

    A chain begins with what was known on the one before it.
    """
    if request.path != SYNC_PATH:
        return
    with suppress(ProtocolError):
        header, _ = unpack(request.body)
        muddled, of_chain = world.witness.muddled, (header.device_no, header.epoch)
        if header.predecessor is not None and (header.device_no, header.predecessor) in muddled:
            muddled.add(of_chain)
        if not (late or request.sent_s * 1000 > TRANSIT_MS):
            return
        boot_ms, wall_ms = world.witness.sampled[of_chain].get(header.boot, (0, 0))
        since_ms = header.boot_ms - boot_ms
        is_steady = abs(since_ms - (header.wall_ms - wall_ms)) <= TRANSIT_MS
        if not is_steady or since_ms * DRIFT_PPM // 1_000_000 >= TRANSIT_MS:
            muddled.add(of_chain)


def replied(world: World, request: Request, answer: Answer) -> None:
    """The server has answered, whether or not the handheld will hear of it."""
    if request.path != SYNC_PATH:
        return
    if answer.status != 200:
        world.note(f"the server answers {answer.status}")
        expected = answer.status < 500 or world.server.is_full
        world.witness.check(5, holds=expected, else_say=f"the server answered {answer.status}: {answer.body!r:.300}")
        return
    header, lines = unpack(request.body)
    reply = json.loads(answer.body)
    world.note(
        f"{header.device_no}.{header.epoch} sends {header.first}+{header.count}, acknowledged {reply['acked_through']}"
    )
    boots = world.witness.sampled[header.device_no, header.epoch]
    boots.pop(header.boot, None)
    boots[header.boot] = header.boot_ms, header.wall_ms
    if len(boots) > 2:
        del boots[next(iter(boots))]
    _acknowledged(world, header, reply["acked_through"], reply["head"])
    _stored(world, header, lines, reply)


def _acknowledged(world: World, header: PushHeader, acked: int, head: str) -> None:
    """The mark covers what is durable without a gap, all of it, and nothing else."""
    key, witness = (header.device_no, header.epoch), world.witness
    (here,) = world.look.execute(_REACHED, (*key, acked)).fetchone()
    witness.check(3, holds=here == acked, else_say=f"{key} is acknowledged through {acked}, and {here} are there")
    beyond = world.look.execute(_AT, (*key, acked + 1)).fetchone()
    witness.check(
        3, holds=beyond is None, else_say=f"{key} is acknowledged through {acked} only, and the next is there"
    )
    heads = {row[0].hex() for row in world.look.execute(_AT, (*key, acked))} if acked else {head}
    heads |= {NOBODYS.hex()} if key in witness.tangled else set()
    witness.check(3, holds=head in heads, else_say=f"{key} is acknowledged with a digest that it does not have")


def _stored(world: World, header: PushHeader, lines: list[bytes], reply: dict[str, object]) -> None:
    """Each line of the run is there as it came, whatever its neighbours are, and its time stays what it was."""
    witness = world.witness
    key = (header.device_no, header.epoch)
    digests = chain(bytes.fromhex(header.before), lines)
    rows = world.look.execute(_ROWS, (*key, header.first, header.first + len(lines) - 1)).fetchall()
    here = {(seq, digest): (line, event_ms) for seq, digest, line, _, event_ms in rows}
    for seq, (line, digest) in enumerate(zip(lines, digests, strict=True), header.first):
        found = here.get((seq, digest))
        if found is None or found[0] != line:
            witness.check(5, holds=False, else_say=f"{key}.{seq} was answered for, and is not stored as it came")
            continue
        told = witness.estimates.setdefault(((*key, seq), digest), found[1])
        witness.check(7, holds=told == found[1], else_say=f"the time of {key}.{seq} moved by {found[1] - told} ms")
    witness.tried[5] += len(lines)


def late_arrival(world: World, request: Request) -> None:
    """A request that nobody waits for any more arrives at last."""
    arriving(world, request, late=True)
    with suppress(TransportError):
        replied(world, request, world.server.handle(request))


def after_round(world: World, hand: Hand) -> None:
    """A handheld has heard from the server, or not; what it may let go, and which recalls it must keep."""
    if hand.device.trouble is not None and not hand.device.is_revoked:
        world.note(f"{hand.device.name} could not sync: {hand.device.trouble}")
        foreseen = hand.device.trouble != "local" or hand.device.disk.was_full
        world.witness.check(6, holds=foreseen, else_say=f"{hand.device.name} could not sync: {hand.device.why}")
        return
    witness, handheld = world.witness, hand.device.running
    now = {recall.number for recall in handheld.site_map.recalls()}
    gone = hand.recalls - now - witness.released
    witness.check(13, holds=not gone, else_say=f"{hand.device.name} forgot recall {', '.join(sorted(gone))}")
    hand.recalls = now
    for epoch in handheld.outbox.epochs():
        safe = witness.backed_up.get((epoch.device_no, epoch.epoch), 0)
        witness.check(
            13, holds=epoch.base_seq <= safe,
            else_say=f"{hand.device.name} let go {epoch.base_seq} of {epoch.epoch}, and {safe} are in a backup",
        )  # fmt: skip


def reopened(world: World, hand: Hand) -> None:
    """A queue was opened: what beeped is in it, and what did not beep was scanned at least."""
    witness, lines = world.witness, hand.device.lines()
    let_go = {(e.device_no, e.epoch): e.base_seq for e in hand.device.running.outbox.epochs()}
    for name, line in hand.beeped:
        there = lines.get(name) == line or name[2] <= let_go.get(name[:2], 0)
        witness.check(1, holds=there, else_say=f"{name} beeped, and is not in the queue of {hand.device.name}")
    for name, line in lines.items():
        if (name, line) not in witness.committed:
            if (name, line) in witness.perhaps_poison:
                witness.poison[name] = witness.perhaps_poison[name, line]
                known = True
            elif (name, line) in witness.perhaps_of_a_release:
                witness.of_a_release.add(name)
                known = True
            else:
                known = decode(line).barcode in witness.typed
            witness.check(
                2, holds=known, else_say=f"{name} is in the queue of {hand.device.name}, and nobody scanned it"
            )
            witness.committed.add((name, line))
        hand.beeped.add((name, line))
    world.note(f"{hand.device.name} opens with {len(lines)} events; {hand.device.running.renewed}")


def backed_up(world: World) -> None:
    """What is in a backup may be let go after the retention."""
    for device_no, epoch, acked in world.look.execute("SELECT device_no, epoch, acked_through FROM chains"):
        key = (device_no, epoch)
        world.witness.backed_up[key] = max(acked, world.witness.backed_up.get(key, 0))


def restored(world: World, source: Path) -> None:
    """An older backup is put in the place of the database; what only the server had made since is named."""
    before, witness = _said_by_the_server(world), world.witness
    world.note(f"the server is restored from {source.name}")
    done = world.server.restore(source)
    lost = before - _said_by_the_server(world)
    witness.check(
        13, holds=len(done.lost) == len(lost), else_say=f"{len(lost)} facts are gone, {len(done.lost)} were named"
    )
    here = {
        ((device_no, epoch, seq), digest)
        for device_no, epoch, seq, digest in world.look.execute("SELECT device_no, epoch, seq, digest FROM events")
    }
    witness.estimates = {kept: told for kept, told in witness.estimates.items() if kept in here}
    witness.frozen = {number: rows for number, rows in witness.frozen.items() if number in frozen()}
    witness.sampled.clear()


def _said_by_the_server(world: World) -> set[tuple[int, int]]:
    return set(world.look.execute("SELECT epoch, seq FROM events WHERE device_no=0"))


def counts(world: World, numbers: Iterable[str]) -> None:
    """No closed version has changed, and each late scan of these counts is in exactly one exception."""
    with world.server.unharmed():
        now = frozen()
        wrong = {number: misplaced_exceptions(number) for number in numbers}
    for number, rows in world.witness.frozen.items():
        world.witness.check(9, holds=now.get(number) == rows, else_say=f"version {number} is not what it was")
    world.witness.frozen = now
    for number, said in wrong.items():
        world.witness.check(9, holds=not said, else_say=f"count {number}: {said}")
