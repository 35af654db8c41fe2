"""A line between handheld and server that delays, cuts and corrupts what goes over it, in either direction."""

from __future__ import annotations

import random
import socket
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from typing import Final

PIECE: Final = 700
"""Bytes that go over the line at once."""
FAULTS: Final = ("pass", "delay", "cut", "corrupt")


@dataclass
class Line:
    """A TCP proxy on which each connection fares as chance has it, in either direction."""

    target: int
    rng: random.Random
    happened: dict[str, int] = field(default_factory=lambda: dict.fromkeys(FAULTS, 0))
    listener: socket.socket = field(default_factory=lambda: socket.create_server(("127.0.0.1", 0)))

    @property
    def port(self) -> int:
        return int(self.listener.getsockname()[1])

    def serve(self) -> None:
        """Take connections until the listener is closed."""
        while True:
            try:
                near, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._carry, args=(near,), daemon=True).start()

    def _carry(self, near: socket.socket) -> None:
        with closing(near), socket.create_connection(("127.0.0.1", self.target)) as far:
            back = threading.Thread(target=self._pump, args=(far, near), daemon=True)
            back.start()
            self._pump(near, far)
            back.join()

    def _pump(self, source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):
            while piece := source.recv(PIECE):
                fate = self.rng.choices(FAULTS, (80, 10, 5, 5))[0]
                self.happened[fate] += 1
                if fate == "cut":
                    sink.sendall(piece[: len(piece) // 2])
                    break
                if fate == "delay":
                    threading.Event().wait(0.02)
                if fate == "corrupt":
                    at = self.rng.randrange(len(piece))
                    piece = piece[:at] + bytes([piece[at] ^ (1 << self.rng.randrange(8))]) + piece[at + 1 :]
                sink.sendall(piece)
        for end in (source, sink):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)


@contextmanager
def bad_line(target: int, rng: random.Random) -> Iterator[Line]:
    """A line to a port of this machine, until the block ends."""
    line = Line(target, rng)
    thread = threading.Thread(target=line.serve, daemon=True)
    thread.start()
    try:
        yield line
    finally:
        line.listener.shutdown(socket.SHUT_RDWR)
        line.listener.close()
        thread.join()
