"""The promises, looked at when the troubles are over and every queue has drained."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

from scanner_client import map_rows
from scanner_client.database import Database
from scanner_client.site_map import Cursor, SiteMap
from server import changes, copied_queues, upkeep
from server.database import reading, writing
from server.pushed_lines import APART, OVERTAKEN
from server.tables import events
from server.timing import DRIFT_PPM
from tests.simulation.clockwork import Process
from tests.simulation.faults import audit
from tests.simulation.faults.witness import Chain
from tests.simulation.layout import SITE

if TYPE_CHECKING:
    from tests.simulation.faults.world import Hand, World

_EVENTS: Final = """SELECT device_no, epoch, seq, digest, line, outcome, received_ms, event_ms, uncertainty_ms, barcode,
    note FROM events WHERE device_no<>0 ORDER BY device_no, epoch, seq, received_ms"""
_CHAIN: Final = "SELECT acked_through, head FROM chains WHERE device_no=? AND epoch=?"
_PREDECESSORS: Final = "SELECT device_no, epoch, predecessor FROM chains WHERE predecessor IS NOT NULL"
_RECALLS: Final = """SELECT document FROM events WHERE device_no=0 AND action='recall' AND document NOT IN
    (SELECT document FROM events WHERE device_no=0 AND action='release')"""
_MAP: Final = (
    """SELECT 'unit', family.name || tail, status, e.name, p.name, n.name, i.name, l.name, d.name, c.name, stocked,
        expiry, marks, place_ms, status_ms, received, container
        FROM units JOIN names AS family ON family.no = units.family
        LEFT JOIN names AS e ON e.no = expected LEFT JOIN names AS p ON p.no = place
        LEFT JOIN names AS n ON n.no = announced_by LEFT JOIN names AS i ON i.no = announced_in
        LEFT JOIN names AS l ON l.no = lot LEFT JOIN names AS d ON d.no = document
        LEFT JOIN names AS c ON c.no = came_under""",
    "SELECT 'alias', hash, checked, unit, unit_checked FROM aliases",
    """SELECT 'pieces', s.name, p.name, quantity, since, expiry, last_ms, announced, n.name, unshelved FROM pieces
        JOIN names AS s ON s.no = subject JOIN names AS p ON p.no = place LEFT JOIN names AS n ON n.no = announced_by
        WHERE quantity <> 0 OR announced IS NOT NULL""",
    "SELECT 'entry', kind, key, row FROM entries WHERE kind <> 'recall'",
)


def last_round(world: World) -> None:
    """Everybody hears what the others had sent last."""
    for hand in world.hands:
        world.time.start(_pull(world, hand))
    world.time.run()


def _pull(world: World, hand: Hand) -> Process:
    if hand.device.handheld is not None:
        yield from hand.device.syncs_once()
        audit.after_round(world, hand)


def check(world: World) -> None:
    """Everything that can only be said at the end."""
    for hand in world.hands:
        _drained(world, hand)
        _goes_on_alone(world, hand)
    rows = world.look.execute(_EVENTS).fetchall()
    _copies_are_seen(world, rows)
    _delivered(world, rows)
    _outcomes(world, rows)
    _times(world, rows)
    audit.counts(world, world.counts)
    for sentence in upkeep.verify(SITE, lambda _: None):
        world.witness.check(7, holds=False, else_say=sentence)
    world.witness.tried[7] += 1
    for hand in world.hands:
        _map(world, hand)
    _flipped(world, rows)
    world.note(f"{len(rows)} events")
    for row in rows:
        world.note(" ".join(map(str, (*row[:3], *row[5:9]))))


def _drained(world: World, hand: Hand) -> None:
    running = hand.device.handheld is not None
    world.witness.check(6, holds=running and not hand.device.owes, else_say=f"{hand.device.name} still owes something")


def _goes_on_alone(world: World, hand: Hand) -> None:
    """What it scans next continues what the server has: where a copy has sent other events, it has a new epoch."""
    if hand.device.handheld is None:
        return
    box, number = hand.device.running.outbox, hand.device.number
    at = box.state(box.epoch)
    row = world.look.execute(_CHAIN, (number, at.epoch)).fetchone()
    if row is None:
        return
    acked, head = row
    ours = box._digest_at(at, acked)
    world.witness.check(
        14, holds=acked <= at.last_seq and ours in (None, head),
        else_say=f"{hand.device.name} goes on in {at.epoch}, where the server has another's events",
    )  # fmt: skip


def _copies_are_seen(world: World, rows: list[Any]) -> None:
    """Where two queues went on from one, the office is told which handheld it was, by a case or on its page."""
    reached: dict[Chain, int] = {}
    for device_no, epoch, seq, *_ in rows:
        reached[device_no, epoch] = max(seq, reached.get((device_no, epoch), 0))
    told = {row[0] for row in rows if row[5] == "forked"}
    with reading() as connection:
        told |= copied_queues.known_since(connection, SITE).keys()
    for hand in world.hands:
        for epoch in hand.device.running.outbox.epochs() if hand.device.handheld is not None else ():
            if epoch.lost_epoch is not None and epoch.device_no not in world.witness.revoked_ms:
                row = world.look.execute(_CHAIN, (epoch.device_no, epoch.lost_epoch)).fetchone()
                world.witness.check(
                    14, holds=row[0] >= (epoch.lost_through or 0) or epoch.device_no in told,
                    else_say=f"{hand.device.name} lost scans of {epoch.lost_epoch}, and nobody is told",
                )  # fmt: skip
    for number, before, branches in _partings(world, reached):
        if number not in world.witness.revoked_ms:
            world.witness.check(
                14, holds=len(branches) < 2 or number in told,
                else_say=f"{number} was copied in {before}, {len(branches)} queues went on, and nobody is told",
            )  # fmt: skip


def _partings(world: World, reached: dict[Chain, int]) -> Iterator[tuple[int, int, set[int]]]:
    """For each epoch that a queue left: which handheld, the epoch, and the epochs that went on from there here."""
    left: dict[Chain, dict[int, int]] = defaultdict(dict)
    for hand in world.hands:
        for epoch in hand.device.running.outbox.epochs() if hand.device.handheld is not None else ():
            last = hand.device.running.outbox.last_of(epoch.predecessor)
            if epoch.predecessor is not None and last is not None:
                left[epoch.device_no, epoch.predecessor][epoch.epoch] = last
    for (number, before), later in left.items():
        branches = {epoch for epoch in later if (number, epoch) in reached}
        if branches and reached.get((number, before), 0) > min(later[epoch] for epoch in branches):
            branches.add(before)
        yield number, before, branches


def _delivered(world: World, rows: list[Any]) -> None:
    """What is in the queues, and whatever the server ever had, is here once; nothing else is."""
    witness = world.witness
    here: dict[Any, int] = defaultdict(int)
    for row in rows:
        here[tuple(row[:3]), row[4]] += 1
    owed = {kept for hand in world.hands if hand.device.handheld is not None for kept in hand.device.lines().items()}
    for name, line in owed:
        times = here.get((name, line), 0)
        promise = 4 if name[:2] in witness.tangled else 2
        witness.check(promise, holds=times == 1, else_say=f"{name} is in a queue once, and {times} times at the server")
    for name, line in here.keys() - witness.committed:
        witness.check(2, holds=False, else_say=f"{name} is at the server, and nobody committed it: {line!r:.200}")
    had = {(tuple(row[:3]), row[3]) for row in rows}
    for name, digest in witness.estimates.keys() - had:
        witness.check(2, holds=False, else_say=f"{name} {digest.hex()[:8]} was at the server, and is not any more")
    witness.tried[2] += len(here)


def _outcomes(world: World, rows: list[Any]) -> None:
    """What became of each event hangs on what it is and who sent it, and on no clock and no neighbour."""
    witness = world.witness
    lines: dict[Any, set[str]] = defaultdict(set)
    torn = {
        (device_no, epoch, 1)
        for device_no, epoch, before in world.look.execute(_PREDECESSORS)
        if (device_no, before) in witness.tangled
    }
    for device_no, epoch, seq, _, _, outcome, received_ms, *_ in rows:
        name, revoked_ms = (device_no, epoch, seq), witness.revoked_ms.get(device_no)
        lines[name].add(outcome)
        is_of_a_copy = name[:2] in witness.tangled or name in torn
        if revoked_ms is not None and received_ms >= revoked_ms:
            fine = outcome == "quarantined" or received_ms == revoked_ms
        elif name in witness.of_a_release:
            taken = outcome == "accepted" or (outcome == "forked" and is_of_a_copy)
            witness.check(12, holds=taken, else_say=f"{name}, as release 1.0.0 wrote it, is {outcome}")
            continue
        elif name in witness.poison:
            fine = outcome == witness.poison[name] or is_of_a_copy
        else:
            fine = outcome == "accepted" or (outcome == "forked" and is_of_a_copy)
        witness.check(12 if outcome == "held" else 10, holds=fine, else_say=f"{name} is {outcome}")
    twice = [name for name, n in _counted(rows).items() if n > 1]
    for name in twice:
        witness.check(14, holds=bool(lines[name] - {"accepted"}), else_say=f"two events bear the name {name} unnoticed")
    witness.tried[4] += len(twice)


def _counted(rows: list[Any]) -> dict[Any, int]:
    found: dict[Any, int] = defaultdict(int)
    for row in rows:
        found[tuple(row[:3])] += 1
    return found


def _times(world: World, rows: list[Any]) -> None:
    """Estimated times never reverse two scans of a chain, lie before their arrival, and are as near as they say."""
    witness, before = world.witness, dict[Chain, int]()
    for device_no, epoch, seq, digest, _, outcome, received_ms, event_ms, uncertainty_ms, barcode, _ in rows:
        chain = (device_no, epoch)
        told = witness.estimates.get(((*chain, seq), digest), event_ms)
        witness.check(7, holds=told == event_ms, else_say=f"the time of {chain}.{seq} moved by {event_ms - told} ms")
        witness.check(10, holds=event_ms <= received_ms, else_say=f"{chain}.{seq} happened after it arrived")
        if outcome != "accepted" or chain in witness.tangled:
            continue
        late = event_ms >= before.get(chain, 0)
        witness.check(10, holds=late, else_say=f"{chain}.{seq} happened before the scan before it")
        before[chain] = event_ms
        true = witness.happened_ms.get(barcode)
        if true is not None and chain not in witness.muddled:
            off = abs(event_ms - true)
            fine = off <= uncertainty_ms + (received_ms - true) * DRIFT_PPM // 1_000_000
            witness.check(10, holds=fine, else_say=f"{chain}.{seq} is {off} ms off, by its word {uncertainty_ms}")


def _map(world: World, hand: Hand) -> None:
    """What a handheld pulled bit by bit is what it would have pulled at once; recalls in force are in it."""
    if hand.device.handheld is None or hand.device.is_revoked:
        return
    number = hand.device.number
    with reading() as connection:
        rows, cursor, _ = changes.pull(connection, SITE, None, 10**6, device_no=number)
    whole = Database(sqlite3.connect(":memory:", isolation_level=None), world.folder)
    for statement in map_rows.SCHEMA:
        whole.run(statement)
    fresh = SiteMap(whole)
    clock = hand.device.running.clock
    fresh.apply(rows, Cursor(cursor=cursor, incarnation="whole"), more=False, clock=clock)
    should, has = set(_content(whole)), set(_content(hand.device.running.database))
    differing = sorted(map(repr, should ^ has))
    world.witness.check(
        8, holds=not differing, else_say=f"{hand.device.name}'s map differs: {' | '.join(differing[:6])}"
    )
    wanted = {number for (number,) in world.look.execute(_RECALLS)}
    known = {recall.number for recall in hand.device.running.site_map.recalls()}
    world.witness.check(8, holds=wanted <= known, else_say=f"{hand.device.name} lacks recall {wanted - known}")
    whole.close()


def _content(database: Database) -> Iterator[tuple[Any, ...]]:
    for query in _MAP:
        yield from database.rows(query)


def _flipped(world: World, rows: list[Any]) -> None:
    """A byte that is changed behind the server's back shows by the chain alone.

    Not so of a copy's first event, whose predecessor may never have come, nor of one that stands after another copy's:
    there only its columns tell.
    """
    continued = {tuple(row[:3]) for row in rows if OVERTAKEN not in (row[10] or "")}
    alone = [row for row in rows if row[4] and row[5] != "forked" and APART not in (row[10] or "")]
    linked = [row for row in alone if row[2] == 1 or (*row[:2], row[2] - 1) in continued]
    if not linked:
        return
    device_no, epoch, seq, digest, line, *_ = linked[len(linked) // 2]
    changed = bytes([line[0] ^ 1]) + line[1:]
    one = (events.c.device_no == device_no, events.c.epoch == epoch, events.c.seq == seq, events.c.digest == digest)
    with writing() as connection:
        connection.execute(events.update().where(*one).values(line=changed))
    with reading() as connection:
        noticed = any(f"{device_no}.{epoch}.{seq} " in sentence for sentence in upkeep._chains(connection, SITE))
    world.witness.check(11, holds=noticed, else_say=f"a changed byte of {(device_no, epoch, seq)} is not noticed")
