"""A handheld in a folder of its own, with clocks that a test can move."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from scanner_client.clock import Clock
from scanner_client.handheld import Handheld, open_handheld
from scanner_client.session import Session
from scanner_client.site_map import Cursor
from scanner_client.task import Task
from tests.scanner_client.labels import Begin, Learn
from tests.scanner_client.peer import Peer, running_peer


class Hands:
    """Clocks that stand still until a test moves them."""

    def __init__(self) -> None:
        self.wall = 1_700_000_000_000
        self.boot = 5_000
        self.clock = Clock(wall_ms=lambda: self.wall, boot_ms=lambda: self.boot, boot="boot-1")

    def pass_ms(self, ms: int) -> None:
        self.wall += ms
        self.boot += ms


@pytest.fixture
def hands() -> Hands:
    return Hands()


@pytest.fixture
def clock(hands: Hands) -> Clock:
    return hands.clock


@pytest.fixture
def handheld(tmp_path: Path, clock: Clock) -> Iterator[Handheld]:
    with open_handheld(tmp_path / "home", clock) as opened:
        yield opened


@pytest.fixture
def peer() -> Iterator[Peer]:
    with running_peer() as running:
        yield running


@pytest.fixture
def begin(handheld: Handheld) -> Begin:
    def make(action: str, **task: object) -> Session:
        given = Task(action=action, **task)  # type: ignore[arg-type]
        return Session(handheld, given)

    return make


@pytest.fixture
def learn(handheld: Handheld) -> Learn:
    def take(*changes: list[object]) -> None:
        handheld.site_map.apply(changes, Cursor(cursor="7", incarnation="i"), more=False, clock=handheld.clock)

    return take
