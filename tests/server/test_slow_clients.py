"""Nobody who is slow, or stays on the line, holds up the others: the connections of gunicorn's threads."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from server.slow_clients import BYTES_PER_S_MIN, _Timed


@pytest.fixture
def line() -> Iterator[tuple[_Timed, socket.socket]]:
    """A connection as the server has it, and its client."""
    ours, client = socket.socketpair()
    with ExitStack() as opened:
        served = opened.enter_context(_Timed(fileno=ours.detach()))
        opened.enter_context(client)
        served.grace_s = 0.1
        served.begin()
        yield served, client


def test_a_client_who_sends_nothing_more_is_cut_off(line: tuple[_Timed, socket.socket]) -> None:
    served, client = line
    client.sendall(b"x")
    assert served.recv(100) == b"x"
    with pytest.raises(ConnectionResetError):
        served.recv(100)
    assert client.recv(100) == b""


def test_a_client_who_takes_nothing_is_cut_off(line: tuple[_Timed, socket.socket]) -> None:
    served, _ = line

    def answer() -> None:
        for _ in range(1_000_000):  # far more than lies on the way
            served.sendall(bytes(BYTES_PER_S_MIN // 100))

    with pytest.raises(ConnectionResetError):
        answer()


def test_a_client_who_does_not_hang_up_is_not_waited_for(line: tuple[_Timed, socket.socket]) -> None:
    served, client = line
    client.sendall(b"more")
    served.shutdown(socket.SHUT_WR)
    served.settimeout(60)  # as gunicorn does before it closes
    assert [served.recv(100), served.recv(100)] == [b"more", b""]
