"""What each trouble does, as a process of its own: it may wait, and make good again what it broke."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from random import Random
from typing import TYPE_CHECKING, Any, Final

from scanner_client.transport import READ_SECONDS_MAX
from server import enrolment
from server.database import transact
from server.recalls import book
from server.recalls.asked import Asked
from server.recalls.release import release
from server.refolding import rebuild_all
from tests.simulation.clockwork import DAY_MS, Process
from tests.simulation.faults import audit, poison, released
from tests.simulation.faults.device import MACHINE
from tests.simulation.faults.disk import MARK, QUEUE
from tests.simulation.faults.network import FAST_S, ONE_SHOT, SPELLS
from tests.simulation.faults.plan import Fault
from tests.simulation.faults.server import LAYOUT, STOCK
from tests.simulation.layout import SITE
from tests.simulation.station import furnish

if TYPE_CHECKING:
    from tests.simulation.faults.world import Hand, World

SPELL_S_MAX: Final = 120.0
STATEMENTS_MAX: Final = 120
SERVER_STATEMENTS_MAX: Final = 150
RIVAL_STATEMENTS_MAX: Final = 30
HOUR_MS: Final = 3_600_000
Befall = Callable[["World", "Hand", Random], Process]


def _one_shot(fault: Fault) -> Befall:
    def befall(_world: World, hand: Hand, chance: Random) -> Process:
        hand.device.link.arm(fault, chance)
        yield from ()

    return befall


def _spell(fault: Fault) -> Befall:
    def befall(_world: World, hand: Hand, chance: Random) -> Process:
        spells = hand.device.link.spells
        spells.add(fault)
        yield chance.random() * SPELL_S_MAX
        spells.discard(fault)

    return befall


def _kill(_world: World, hand: Hand, chance: Random) -> Process:
    hand.device.disk.dies_after = chance.randrange(STATEMENTS_MAX)
    yield from ()


def _power_cut(world: World, hand: Hand, chance: Random) -> Process:
    """The mark is not synced: it may be as it was earlier, or torn."""
    mark = hand.device.disk.home / MARK
    earlier = mark.read_bytes()
    yield chance.random() * world.plan.idle_s
    if hand.device.handheld is not None:
        hand.device.kill()
        mark.write_bytes(earlier if chance.random() < 0.7 else earlier[: chance.randrange(20)])
        hand.mark_is_old = True
        hand.device.reboot()
        yield 5.0
        world.start(hand)


def _battery(world: World, hand: Hand, chance: Random) -> Process:
    if hand.device.handheld is not None:
        hand.device.kill()
        hand.device.reboot()
        yield chance.random() * 30
        world.start(hand)


def _clock_jump(_world: World, hand: Hand, chance: Random) -> Process:
    hours = chance.choice((-400_000, -48, -1, 0.2, 30, 200_000))  # 1980, and a year beyond 2048
    hand.device.set_clock(jump_ms=hours * HOUR_MS)
    yield from ()


def _clock_backwards(_world: World, hand: Hand, chance: Random) -> Process:
    hand.device.set_clock(rate=-chance.random() * 3)
    yield from ()


def _disk_full(_world: World, hand: Hand, chance: Random) -> Process:
    hand.device.disk.fill(full=True)
    yield chance.random() * SPELL_S_MAX
    hand.device.disk.fill(full=False)


def _old_copy(names: frozenset[str] | None) -> Befall:
    """Files are put back as they were a while ago: only those of the queue, or the whole folder (None)."""

    def befall(world: World, hand: Hand, chance: Random) -> Process:
        copy, beeped = hand.device.copied(), set(hand.beeped)
        while hand.device.handheld is None and not hand.is_broken:
            yield 1.0
        if hand.is_broken:
            return
        _tangle(world, hand)
        yield 10 + chance.random() * world.plan.length_s / 3
        if world.settling or hand.device.handheld is None:
            return
        epoch = hand.device.running.outbox.epoch
        reached = _last(hand, epoch)
        hand.device.kill()
        kept = hand.device.copied() if names is not None else {}
        hand.device.disk.lay(
            {name: content for name, content in kept.items() if name not in (names or ())}
            | {name: content for name, content in copy.items() if names is None or name in names}
        )
        world.note(f"{hand.device.name} is put back")
        hand.beeped.clear()
        hand.beeped.update(beeped)
        hand.recalls.clear()  # an older copy may lack one, and so may a server that was restored meanwhile
        world.start(hand)
        if names is not None and hand.device.handheld is not None:
            # its mark holds a number: of another queue that reaches as far it cannot tell, and the server does
            behind = _last(hand, epoch) < reached and not hand.mark_is_old
            world.witness.check(
                14, holds=not behind or hand.device.running.renewed is not None,
                else_say=f"{hand.device.name} goes on with an older queue under the same epoch",
            )  # fmt: skip

    return befall


def _last(hand: Hand, epoch: int) -> int:
    """The highest number that it holds of an epoch."""
    return max((seq for _, of, seq in hand.device.lines() if of == epoch), default=0)


def _clone(*, same_machine: bool) -> Befall:
    def befall(world: World, hand: Hand, chance: Random) -> Process:
        while hand.device.handheld is None and not hand.is_broken:
            yield 1.0
        if hand.is_broken:
            return
        if world.settling:
            return
        _tangle(world, hand)
        name = f"{hand.device.name}-{'twin' if same_machine else 'clone'}-{len(world.hands)}"
        home = world.folder / name
        home.mkdir()
        for file, content in hand.device.copied().items():
            (home / file).write_bytes(content)
        if not same_machine:
            (home / MACHINE).write_text(name)
        clone = world.hire(name, home, world.plan.scans // 4)
        clone.beeped.update(hand.beeped)
        renewed = clone.device.handheld is not None and clone.device.running.renewed is not None
        world.witness.check(14, holds=same_machine or renewed, else_say=f"{name} does not notice that it is a copy")
        yield chance.random()

    return befall


def _tangle(world: World, hand: Hand) -> None:
    """There is a copy of its queue now, so that two events may come to bear one name."""
    world.witness.tangled.update((e.device_no, e.epoch) for e in hand.device.running.outbox.epochs())


def _server_kill(world: World, _hand: Hand, chance: Random) -> Process:
    if world.server.is_up:
        world.server.dies_after = chance.randrange(SERVER_STATEMENTS_MAX)
    yield from ()


def _rival(world: World, _hand: Hand, chance: Random) -> Process:
    world.server.rival_after = chance.randrange(RIVAL_STATEMENTS_MAX)
    yield from ()


def _server_away(world: World, _hand: Hand, chance: Random) -> Process:
    world.server.kill()
    yield chance.random() * SPELL_S_MAX
    world.server.start()


def _server_disk_full(world: World, _hand: Hand, chance: Random) -> Process:
    world.server.is_full = world.server.was_full = True
    yield chance.random() * SPELL_S_MAX
    world.server.is_full = False


def _backup(world: World, _hand: Hand, _chance: Random) -> Process:
    target = world.folder / f"backup-{len(world.backups)}"
    if world.office(lambda: world.server.back_up(target)):
        world.backups.append(target)
        audit.backed_up(world)
    yield from ()


def _restore(world: World, hand: Hand, chance: Random) -> Process:
    if not world.backups:
        yield from _backup(world, hand, chance)
        yield world.plan.length_s / 4
    if world.backups and not world.settling and not world.server.is_full:
        audit.restored(world, chance.choice(world.backups))


def _rebuild(world: World, _hand: Hand, _chance: Random) -> Process:
    world.office(lambda: rebuild_all(SITE, lambda _: None))
    yield from ()


def _revoke(world: World, hand: Hand, _chance: Random) -> Process:
    number, now_ms = hand.device.number, world.time.now_ms()
    if world.office(lambda: transact(lambda c: enrolment.revoke(c, number=number, operator="Sam", now_ms=now_ms))):
        world.witness.revoked_ms.setdefault(number, now_ms)
    yield from ()


def _newcomer(world: World, _hand: Hand, chance: Random) -> Process:
    home = world.folder / "newcomer"
    furnish(home, "newcomer", chance)
    (home / MACHINE).write_text("newcomer")
    world.hire("newcomer", home, world.plan.scans // 4)
    yield from ()


def _count(world: World, hand: Hand, chance: Random) -> Process:
    number = f"CC-{len(world.counts) + 1}"
    bins = chance.sample(LAYOUT.bins, 2)
    if not world.office(lambda: world.server.office.opens_count(number, bins)):
        return
    world.counts.append(number)
    for one in {hand.device.name: hand, world.hands[0].device.name: world.hands[0]}.values():
        one.worker.count, one.worker.bins = number, tuple(map(LAYOUT.key, bins))
    for _ in range(4):
        yield world.plan.length_s / 6
        world.office(lambda: world.server.office.closes_count(number))
        audit.counts(world, [number])


def _recall(world: World, _hand: Hand, chance: Random) -> Process:
    gtin, serial, _ = chance.choice(STOCK)
    asked = Asked(reason="battery", product=gtin, serials=(serial,) if chance.random() < 0.5 else ())
    begun: list[book.Standing] = []
    now_ms = world.time.now_ms()
    world.office(
        lambda: begun.append(transact(lambda c: book.begin(c, site=SITE, asked=asked, operator="Sam", now_ms=now_ms)))
    )
    if begun and chance.random() < 0.4:
        yield world.plan.length_s / 3
        number = begun[0].number
        world.witness.released.add(number)

        def end() -> None:
            ended: dict[str, Any] = {"reason": "ok", "leaving": 10**6, "operator": "Sam", "now_ms": world.time.now_ms()}
            with suppress(LookupError):  # the server was restored meanwhile, and knows of no such recall
                transact(lambda c: release(c, site=SITE, number=number, **ended))

        world.office(end)


def _settle(world: World, _hand: Hand, chance: Random) -> Process:
    office = world.server.office

    def settle() -> None:
        found = office.cases("open")
        if found:
            office.settles(chance.choice(found), "stays")

    world.office(settle)
    yield from ()


def _behind(world: World, _hand: Hand, _chance: Random) -> Process:
    """What comes meanwhile is held; the upgrade reads it."""
    world.server.is_behind = True
    yield world.plan.length_s / 4
    world.server.upgrade()


def _holiday(world: World, _hand: Hand, _chance: Random) -> Process:
    """It begins when nothing is under way: no network holds a request for eight days."""
    until_ms = world.time.now + READ_SECONDS_MAX * 1000
    while any(hand.device.link.under_way for hand in world.hands) and world.time.now < until_ms:
        yield FAST_S
    world.time.skip(8 * DAY_MS)


BEFALL: Final[Mapping[Fault, Befall]] = {
    **{fault: _one_shot(fault) for fault in ONE_SHOT},
    **{fault: _spell(fault) for fault in SPELLS},
    Fault.KILL: _kill,
    Fault.POWER_CUT: _power_cut,
    Fault.BATTERY: _battery,
    Fault.CLOCK_JUMP: _clock_jump,
    Fault.CLOCK_BACKWARDS: _clock_backwards,
    Fault.DISK_FULL: _disk_full,
    Fault.POISON: poison.befall,
    Fault.OLD_QUEUE: _old_copy(QUEUE),
    Fault.OLD_FOLDER: _old_copy(None),
    Fault.CLONE: _clone(same_machine=False),
    Fault.TWIN: _clone(same_machine=True),
    Fault.SERVER_KILL: _server_kill,
    Fault.RIVAL: _rival,
    Fault.SERVER_AWAY: _server_away,
    Fault.SERVER_DISK_FULL: _server_disk_full,
    Fault.BACKUP: _backup,
    Fault.RESTORE: _restore,
    Fault.REVOKE: _revoke,
    Fault.NEWCOMER: _newcomer,
    Fault.COUNT: _count,
    Fault.RECALL: _recall,
    Fault.SETTLE: _settle,
    Fault.REBUILD: _rebuild,
    Fault.HOLIDAY: _holiday,
    Fault.RELEASED: released.befall,
    Fault.BEHIND: _behind,
}
