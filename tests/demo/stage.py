"""The demo's stage: its folder, its processes, and what they say on the terminal."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
FOLDER: Final = ROOT / "var" / "demo"
PATIENCE_S: Final = 60
PASSWORD: Final = "demo-warehouse"


class DemoError(Exception):
    """A step of the demo failed; the message says which, and what the program said."""


@dataclass
class Stage:
    """One run of the demo."""

    folder: Path
    port: int
    started: float = field(default_factory=time.monotonic)
    server: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def say(self, text: str) -> None:
        """One step, with the seconds since the beginning."""
        print(f"\n[{time.monotonic() - self.started:5.1f} s] {text}", flush=True)

    def environment(self) -> dict[str, str]:
        return os.environ | {
            "SCAN_INSTANCE": str(self.folder / "server"),
            "SCAN_ADDRESSES": self.address,
            "SCAN_PORT": str(self.port),
            "SCAN_DATABASE_URL": "",
            "PYTHONUNBUFFERED": "1",
        }

    def run(self, *words: str, typed: str | None = None) -> str:
        """Run `python -m ...` to its end and return what it printed.

        Raises:
            DemoError: it failed.
        """
        done = subprocess.run(
            [sys.executable, "-m", *words],
            cwd=ROOT,
            env=self.environment(),
            input=typed,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise DemoError(f"{' '.join(words)} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
        return done.stdout

    def flask(self, *words: str, typed: str | None = None) -> str:
        return self.run("flask", "--app", "server", *words, typed=typed)

    def handheld(self, home: str, command: str, *words: str) -> str:
        return self.run("scanner_client", command, "--home", str(self.folder / home), *words)

    def scanning(self, home: str, *words: str) -> subprocess.Popen[str]:
        """A handheld at work; its lines can be read from its standard output."""
        return subprocess.Popen(
            [sys.executable, "-m", "scanner_client", "scan", "--home", str(self.folder / home), *words],
            cwd=ROOT,
            env=self.environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def start_server(self) -> None:
        """Start the server and wait until it answers.

        Raises:
            DemoError: it does not.
        """
        log = (self.folder / "server.log").open("ab")
        self.server = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "flask",
                "--app",
                "server",
                "serve",
                "--host",
                "127.0.0.1",
                "--port",
                str(self.port),
                "--no-announce",
            ],
            cwd=ROOT,
            env=self.environment(),
            stdout=log,
            stderr=log,
        )
        log.close()
        self._wait(self._answers, "The server does not answer; its log is in server.log")

    def stop_server(self) -> None:
        if self.server is not None:
            self.server.send_signal(signal.SIGTERM)
            self.server.wait(PATIENCE_S)
            self.server = None

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.address}/readyz", timeout=2) as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            return False

    def _wait(self, done: Callable[[], bool], otherwise: str) -> None:
        deadline = time.monotonic() + PATIENCE_S
        while not done():
            if time.monotonic() > deadline:
                raise DemoError(f"{otherwise} ({self.folder}).")
            time.sleep(0.1)


def set_stage() -> Stage:
    """An empty folder and a free port."""
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    return Stage(folder=FOLDER, port=port)
