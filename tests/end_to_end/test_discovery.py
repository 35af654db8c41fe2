"""A server that moved is heard by a handheld that asks the network; on the loopback interface alone."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from scanner_client.discovery import find_servers
from server.discovery import announce, service

LOOPBACK = ["127.0.0.1"]
PATIENCE = 10

pytestmark = pytest.mark.xdist_group("network")  # two at once would hear each other


@pytest.fixture
def thread() -> Iterator[ThreadPoolExecutor]:
    """A thread with no event loop: the browser of other tests runs one in the main thread, and DNS-SD would join it."""
    with ThreadPoolExecutor(1) as pool:
        yield pool


def heard(address: str) -> bool:
    """Whether the address is heard, asking again for a while: a busy machine drops datagrams."""
    return any(address in find_servers(2.0, interfaces=LOOPBACK) for _ in range(PATIENCE))


def test_a_machine_with_no_network_interface_finds_no_server_and_no_error() -> None:
    assert find_servers(0, interfaces=[]) == []


def test_a_handheld_hears_a_server_at_its_new_address_until_it_goes(tmp_path: Path, thread: ThreadPoolExecutor) -> None:
    def story() -> tuple[bool, list[str]]:
        info = service("inc-of-this-test", "main", ["http://127.0.0.1:8765"])
        stop = announce(info, tmp_path / "lock", interfaces=LOOPBACK)
        while_there = heard("http://127.0.0.1:8765")
        stop()
        return while_there, find_servers(1.0, interfaces=LOOPBACK)

    while_there, afterwards = thread.submit(story).result()
    assert while_there
    assert "http://127.0.0.1:8765" not in afterwards


def test_only_one_process_of_a_server_announces_it(tmp_path: Path, thread: ThreadPoolExecutor) -> None:
    def story() -> bool:
        info = service("inc-of-another", "main", ["http://127.0.0.1:8766"])
        stop = announce(info, tmp_path / "lock", interfaces=LOOPBACK)
        second = announce(info, tmp_path / "lock", interfaces=LOOPBACK)
        second()  # the second has nothing to take back
        still_there = heard("http://127.0.0.1:8766")
        stop()
        return still_there

    assert thread.submit(story).result()
