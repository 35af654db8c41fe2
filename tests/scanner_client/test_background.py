from __future__ import annotations

import errno
import threading
from collections.abc import Callable, Iterator

import pytest

from scanner_client.background import BACKOFF_MS_MAX, Background, backoff_ms
from scanner_client.enrol_command import enrol
from scanner_client.handheld import Handheld
from scanner_client.pictures import FOLDER
from scanner_client.transport import Transport
from scanner_client.uploader import Uploader
from tests.scanner_client.peer import Peer, running_peer
from tests.scanner_client.scans import scan_of

WAIT_S = 10.0


@pytest.fixture
def transport() -> Iterator[Transport]:
    opened = Transport(connect_s=1, read_s=5)
    yield opened
    opened.close()


def arrival(peer: Peer, handheld: Handheld, count: int) -> Callable[[], bool]:
    """Waits until so many scans have arrived; says whether they did."""
    arrived = threading.Event()
    whole = peer.sync

    def watch(authorization: str, body: bytes) -> tuple[int, dict[str, str], bytes]:
        answer = whole(authorization, body)
        if len(peer.lines(handheld.device.device_no)) >= count:
            arrived.set()
        return answer

    peer.sync = watch  # type: ignore[method-assign]
    return lambda: arrived.wait(WAIT_S)


@pytest.mark.parametrize(
    ("failures", "chance", "ms"), [(1, 0.0, 500), (1, 1.0, 1_000), (2, 1.0, 2_000), (4, 0.0, 4_000), (99, 1.0, 60_000)]
)
def test_pause_doubles_up_to_a_minute_and_is_spread(failures: int, chance: float, ms: int) -> None:
    assert backoff_ms(failures, lambda: chance) == ms <= BACKOFF_MS_MAX


def test_queue_drains_by_itself_after_an_outage(handheld: Handheld, transport: Transport) -> None:
    with running_peer() as peer:
        enrol(handheld, peer.invitation(), transport)
    transport.close()  # a connection that is still open would be answered by a thread of the server that is gone
    handheld.commit([scan_of(n) for n in range(3)])
    background = Background(
        Uploader(handheld, transport), wall_ms=lambda: 1, chance=lambda: 0.0, idle_ms=60_000, backoff_ms_min=50
    )
    failed = threading.Event()
    background.start(failed.set)
    assert failed.wait(WAIT_S)
    assert background.state.code == "unreachable"
    port = int(peer.address.rpartition(":")[2])
    has_arrived = arrival(peer, handheld, 3)
    with running_peer(port, peer):
        assert has_arrived(), "no new scan, no call: the timer alone brings it there"
        background.close(WAIT_S)
    assert handheld.outbox.waiting() == 0


def test_new_scan_is_sent_at_once(handheld: Handheld, peer: Peer, transport: Transport) -> None:
    enrol(handheld, peer.invitation(), transport)
    has_arrived = arrival(peer, handheld, 1)
    background = Background(Uploader(handheld, transport), wall_ms=lambda: 1, idle_ms=60_000)
    background.start()
    background.sync_now(WAIT_S)
    handheld.commit([scan_of(1)])
    background.wake()
    assert has_arrived()
    background.close(WAIT_S)


def test_person_who_asks_for_a_sync_is_told_how_it_went(handheld: Handheld, transport: Transport) -> None:
    with running_peer() as peer:
        enrol(handheld, peer.invitation(), transport)
        handheld.commit([scan_of(1)])
        background = Background(Uploader(handheld, transport), wall_ms=lambda: 42, idle_ms=60_000)
        background.start()
        assert background.sync_now(WAIT_S).last_ms == 42
        assert handheld.outbox.waiting() == 0
    transport.close()
    state = background.sync_now(WAIT_S)
    assert state.code == "unreachable"
    assert state.last_ms == 42, "when the server last answered is still told"
    background.close(WAIT_S)


def test_terminal_that_is_gone_hinders_no_sync_and_is_told_once(
    handheld: Handheld, peer: Peer, transport: Transport, capsys: pytest.CaptureFixture[str]
) -> None:
    def draw() -> None:
        raise OSError(errno.EIO, "Input/output error")

    enrol(handheld, peer.invitation(), transport)
    background = Background(Uploader(handheld, transport), wall_ms=lambda: 1, idle_ms=60_000)
    background.start(draw)
    background.sync_now(WAIT_S)
    handheld.commit([scan_of(1)])
    assert background.sync_now(WAIT_S).trouble is None
    background.close(WAIT_S)
    assert handheld.outbox.waiting() == 0
    told = capsys.readouterr().err
    assert told.count("The screen cannot be drawn anew: [Errno 5] Input/output error.") == 1


def test_what_nobody_foresaw_is_told_and_the_next_sync_is_tried_all_the_same(
    handheld: Handheld, peer: Peer, transport: Transport
) -> None:
    enrol(handheld, peer.invitation(), transport)
    blocked = handheld.home / FOLDER
    blocked.write_bytes(b"")  # where the folder of pictures should be
    background = Background(Uploader(handheld, transport), wall_ms=lambda: 1, idle_ms=60_000)
    background.start()
    state = background.sync_now(WAIT_S)
    assert state.code == "local"
    assert "Not a directory" in str(state.trouble)
    blocked.unlink()
    handheld.commit([scan_of(1)])
    assert background.sync_now(WAIT_S).trouble is None
    background.close(WAIT_S)
    assert handheld.outbox.waiting() == 0
