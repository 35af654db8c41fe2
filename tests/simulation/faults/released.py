"""A queue of the first release: its lines are in a handheld's queue, as that release wrote them."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from functools import cache
from random import Random
from typing import TYPE_CHECKING, Any

from scanner_client.database import DatabaseError
from scanner_client.handheld import QUEUE_FILE
from tests.golden.making import FOLDER, HANDHELD
from tests.simulation.clockwork import Process
from tests.simulation.faults.disk import Killed

if TYPE_CHECKING:
    from tests.simulation.faults.world import Hand, World


@cache
def _rows() -> tuple[dict[str, Any], ...]:
    file = FOLDER / HANDHELD / QUEUE_FILE
    with closing(sqlite3.connect(f"file:{file}?mode=ro&immutable=1", uri=True)) as queue:
        return tuple(json.loads(line) for (line,) in queue.execute("SELECT line FROM events ORDER BY seq"))


def befall(world: World, hand: Hand, chance: Random) -> Process:
    """A handheld commits three of them, before it is brought up to date; only names and clocks are its own."""
    for row in chance.sample(_rows(), 3):
        if hand.device.handheld is None:
            return
        at = hand.device.running.outbox.state(hand.device.running.outbox.epoch)
        name = {"device_no": at.device_no, "epoch": at.epoch, "seq": at.last_seq + 1}
        line = json.dumps(row | name | hand.device.clocks(), separators=(",", ":")).encode()
        try:
            kept = hand.device.commit_line(line)
        except Killed:
            kept = at.device_no, at.epoch, at.last_seq + 1
            world.witness.perhaps_of_a_release.add((kept, line))  # it may be on the disk already
            world.die(hand)
            return
        except DatabaseError as error:  # its disk is full
            world.note(f"{hand.device.name} does not beep: {type(error).__name__}")
            return
        world.witness.of_a_release.add(kept)
        world.witness.committed.add((kept, line))
        hand.beeped.add((kept, line))
    yield from ()
