"""How `status`, `sync` and `export` speak with the process that holds the queue: one line of JSON each way.

It listens on the loopback address; the port and a random token stand in a file that only the owner can read.
"""

from __future__ import annotations

import contextlib
import hmac
import json
import os
import secrets
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from typing import Any, Final

from scanner_client.device import replace_file

RUNNING_FILE: Final = "running.json"
LINE_BYTES_MAX: Final = 65_536
CALLER_SECONDS_MAX: Final = 2.0
ANSWER_SECONDS_MAX: Final = 120.0
"""A sync of a long queue over a slow network answers when it is through."""

Answer = Callable[[dict[str, Any]], dict[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """The process that holds the queue."""

    pid: int
    command: str
    port: int
    token: str


@contextlib.contextmanager
def listening(home: Path, command: str, answer: Answer) -> Iterator[None]:
    """Answer requests of other processes while the block runs."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        running = Running(pid=os.getpid(), command=command, port=server.getsockname()[1], token=secrets.token_hex(16))
        row = {name: getattr(running, name) for name in Running.__dataclass_fields__}
        replace_file(home / RUNNING_FILE, json.dumps(row).encode())
        Thread(target=_serve, args=(server, running.token, answer), daemon=True, name="control").start()
        try:
            yield
        finally:
            with contextlib.suppress(OSError):  # of a failing disk something else is to be said
                (home / RUNNING_FILE).unlink()
            with contextlib.suppress(OSError):
                server.shutdown(socket.SHUT_RDWR)  # wakes the thread that waits for callers


def who_runs(home: Path) -> Running | None:
    """The process that says it holds the queue of this folder; it may have been killed since."""
    try:
        with (home / RUNNING_FILE).open("rb") as file:
            return Running(**json.loads(file.read(LINE_BYTES_MAX)))
    except (OSError, ValueError, TypeError):
        return None


def ask(home: Path, request: dict[str, Any]) -> dict[str, Any] | None:
    """What the running process answers; None where none is running."""
    running = who_runs(home)
    if running is None:
        return None
    try:
        with socket.create_connection(("127.0.0.1", running.port), timeout=ANSWER_SECONDS_MAX) as caller:
            _send(caller, {**request, "token": running.token})
            answer = _receive(caller)
    except OSError:
        return None
    return answer


def _serve(server: socket.socket, token: str, answer: Answer) -> None:
    while True:
        try:
            caller, _ = server.accept()
        except OSError:
            return  # the block above has ended
        with caller, contextlib.suppress(OSError):
            caller.settimeout(CALLER_SECONDS_MAX)
            request = _receive(caller)
            if request and hmac.compare_digest(str(request.get("token")).encode(), token.encode()):
                _send(caller, answer(request))


def _send(peer: socket.socket, row: dict[str, Any]) -> None:
    peer.sendall(json.dumps(row).encode() + b"\n")


def _receive(peer: socket.socket) -> dict[str, Any] | None:
    with peer.makefile("rb") as lines:
        line = lines.readline(LINE_BYTES_MAX)
    try:
        row = json.loads(line)
    except ValueError:
        return None
    return row if isinstance(row, dict) else None
