"""The server as it runs at a site: real processes, real sockets."""

import http.client
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from sync import protocol
from tests.server.running import running_server

pytestmark = pytest.mark.slow

START_SECONDS_MAX = 60.0
ROOT = Path(__file__).parents[2]


@pytest.fixture
def port(database_url: str, tmp_path: Path) -> Iterator[int]:
    """gunicorn with the server's own settings, on a database that is set up."""
    with running_server(database_url, tmp_path):
        pass
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    environment = {"SCAN_DATABASE_URL": database_url, "SCAN_INSTANCE": str(tmp_path), "SCAN_PORT": str(port)}
    command = ["-m", "gunicorn", "--config", "python:server.gunicorn_conf", "--bind", f"127.0.0.1:{port}"]
    with subprocess.Popen(
        [sys.executable, *command, "server:create_app()"],
        cwd=ROOT,
        env=os.environ | environment,
        stderr=subprocess.PIPE,
    ) as process:
        try:
            _wait(port, process)
            yield port
        finally:
            process.terminate()


def _wait(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_SECONDS_MAX
    while time.monotonic() < deadline:
        assert process.poll() is None, process.stderr and process.stderr.read().decode()
        try:
            if _ask(port, "GET", "/readyz", None) == 200:
                return
        except OSError:
            time.sleep(0.05)  # nothing says when another process listens
    pytest.fail("gunicorn did not start in time.")


def _ask(port: int, method: str, path: str, body: bytes | Iterator[bytes] | None) -> int:
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=20)) as connection:
        headers = {"Content-Type": protocol.MEDIA_TYPE} if body is not None else {}
        connection.request(method, path, body=body, headers=headers, encode_chunked=not isinstance(body, bytes))
        return connection.getresponse().status


def test_bodies_without_a_length_or_over_the_limit_are_refused_and_the_server_goes_on(port: int) -> None:
    assert _ask(port, "POST", "/api/v1/sync", iter([b"x" * 1_000] * 3)) == 413
    assert _ask(port, "POST", "/api/v1/sync", b"x" * (protocol.BODY_BYTES_MAX + 1)) == 413
    assert _ask(port, "POST", "/api/v1/sync", b"x") == 401
    assert _ask(port, "GET", "/readyz", None) == 200
