"""Poison events: lines that no right handheld writes. They must delay nothing else, and nothing of them is lost."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

from scanner_client.database import DatabaseError
from sync.event import SCHEMA, ScanEvent, encode
from tests.simulation.clockwork import Process
from tests.simulation.faults.disk import Killed
from tests.simulation.faults.server import LAYOUT

if TYPE_CHECKING:
    from tests.simulation.faults.world import Hand, World


def befall(world: World, hand: Hand, chance: Random) -> Process:
    """A handheld commits such a line."""
    if hand.device.handheld is None:
        return
    event = _event(hand)
    line, fate = _spoiled(event, chance)
    try:
        name = hand.device.commit_line(line)
    except Killed:
        world.witness.perhaps_poison[event.name, line] = fate  # it may be on the disk already
        world.die(hand)
        return
    except DatabaseError as error:  # its disk is full
        world.note(f"{hand.device.name} does not beep: {type(error).__name__}")
        return
    world.witness.poison[name] = fate
    world.witness.committed.add((name, line))
    hand.beeped.add((name, line))
    yield from ()


def _event(hand: Hand) -> ScanEvent:
    """What the handheld would commit next, were it a right one."""
    at = hand.device.running.outbox.state(hand.device.running.outbox.epoch)
    return ScanEvent(
        device_no=at.device_no, epoch=at.epoch, seq=at.last_seq + 1, action="inspect",
        subject="https://id.gs1.org/01/09506000134352/21/X", location=LAYOUT.key("DOCK"),
        barcode=b"poison", **hand.device.clocks(),
    )  # fmt: skip


def _spoiled(event: ScanEvent, chance: Random) -> tuple[bytes, str]:
    """A line that no right handheld writes, and what has to become of it."""
    line = encode(event)
    return chance.choice(
        (
            (line.replace(f'"schema":{SCHEMA}'.encode(), f'"schema":{SCHEMA + 1}'.encode()), "held"),
            (line.replace(b'"inspect"', b'"abolish"'), "quarantined"),
            (line.replace(b'"inspect"', b'"settle"'), "quarantined"),
            (line.replace(b'"barcode":"poison"', b'"barcode":"\\ud800"'), "quarantined"),
            (line.replace(b"}", b',"quantity":3.7}'), "quarantined"),
            (line.replace(b"}", b',"quantity":9223372036854775808}'), "quarantined"),
            (line.replace(b'"epoch":', b'"epoch": '), "quarantined"),
            (b"\xff\xfe not JSON at all", "quarantined"),
            (b"{" * 3_000, "quarantined"),
            (b"", "quarantined"),
        )
    )
