"""A server that moved is heard by a handheld that asks the network; on the loopback interface alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from scanner_client.discovery import find_servers
from server.discovery import announce, service

LOOPBACK = ["127.0.0.1"]

pytestmark = pytest.mark.xdist_group("network")  # two at once would hear each other
PATIENCE = 10


def heard(address: str) -> bool:
    """Whether the address is heard, asking again for a while: a busy machine drops datagrams."""
    return any(address in find_servers(2.0, interfaces=LOOPBACK) for _ in range(PATIENCE))


def test_a_handheld_hears_a_server_at_its_new_address_until_it_goes(tmp_path: Path) -> None:
    info = service("inc-of-this-test", "main", ["http://127.0.0.1:8765"])
    stop = announce(info, tmp_path / "lock", interfaces=LOOPBACK)
    try:
        assert heard("http://127.0.0.1:8765")
    finally:
        stop()
    assert "http://127.0.0.1:8765" not in find_servers(1.0, interfaces=LOOPBACK)


def test_only_one_process_of_a_server_announces_it(tmp_path: Path) -> None:
    info = service("inc-of-another", "main", ["http://127.0.0.1:8766"])
    stop = announce(info, tmp_path / "lock", interfaces=LOOPBACK)
    second = announce(info, tmp_path / "lock", interfaces=LOOPBACK)
    try:
        second()
        assert heard("http://127.0.0.1:8766")
    finally:
        stop()
