"""A line between handheld and server that delays, cuts and corrupts what goes over it, in either direction."""

from __future__ import annotations

import random
import socket
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from typing import Final

PIECE: Final = 1 << 16
"""Bytes that go over the line at once, at most: mostly a whole push, so that a long queue fares as one scan does."""
FATES: Final = {"pass": 73, "delay": 9, "hold": 6, "cut": 6, "corrupt": 6}
"""What becomes of a piece, in parts of a hundred; one that is held goes on when whoever waited has given up."""
DELAY_SECONDS_MAX: Final = 0.1


@dataclass
class Line:
    """A TCP proxy on which each connection fares as chance has it, in either direction."""

    target: int
    trouble: random.Random | None = None
    """Where chance comes from; None while the line is well."""
    happened: dict[str, int] = field(default_factory=lambda: dict.fromkeys(FATES, 0))
    listener: socket.socket = field(default_factory=lambda: socket.create_server(("127.0.0.1", 0)))

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.listener.getsockname()[1]}"

    def serve(self) -> None:
        """Take connections until the listener is closed."""
        while True:
            try:
                near, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._carry, args=(near,), daemon=True).start()

    def _carry(self, near: socket.socket) -> None:
        with closing(near), suppress(OSError), socket.create_connection(("127.0.0.1", self.target)) as far:
            back = threading.Thread(target=self._pump, args=(far, near), daemon=True)
            back.start()
            self._pump(near, far)
            back.join()

    def _pump(self, source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):
            while piece := source.recv(PIECE):
                chance = self.trouble
                if chance is None:
                    sink.sendall(piece)
                    continue
                (fate,) = chance.choices(list(FATES), list(FATES.values()))
                self.happened[fate] += 1
                if fate == "cut":
                    sink.sendall(piece[: chance.randrange(len(piece))])
                    break
                if fate == "delay":
                    threading.Event().wait(chance.uniform(0, DELAY_SECONDS_MAX))
                if fate == "hold":
                    while more := source.recv(PIECE):
                        piece += more
                if fate == "corrupt":
                    at = chance.randrange(len(piece))
                    piece = piece[:at] + bytes([piece[at] ^ (1 << chance.randrange(8))]) + piece[at + 1 :]
                sink.sendall(piece)
        for end in (source, sink):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)


@contextmanager
def bad_line(target: int) -> Iterator[Line]:
    """A line to a port of this machine, well at first, until the block ends."""
    line = Line(target)
    thread = threading.Thread(target=line.serve, daemon=True)
    thread.start()
    try:
        yield line
    finally:
        line.listener.shutdown(socket.SHUT_RDWR)
        line.listener.close()
        thread.join()
