"""TLS with a certificate of the site's own authority, ended by a proxy that buffers: handhelds that know it, or not."""

from __future__ import annotations

import json
import os
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final

import pytest

from tests.certificates import Authority
from tests.end_to_end import forked
from tests.end_to_end.site import Site, free_port

pytestmark = pytest.mark.slow

AUTHORITY_VARIABLE: Final = "SSL_CERT_FILE"
BEHIND_A_PROXY: Final = {"SCAN_TRUSTED_PROXIES": "1", "SCAN_SECURE_COOKIES": "1"}
LABELS: Final = "]d2010950600013435221S1\n]d2010950600013435221S2\n"


class Passing(BaseHTTPRequestHandler):
    """One connection: each request and each answer is taken whole before it goes on."""

    protocol_version = "HTTP/1.1"
    server: Proxy

    def do_GET(self) -> None:
        self._pass()

    def do_POST(self) -> None:
        self._pass()

    def _pass(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        told = {"X-Forwarded-For": self.client_address[0], "X-Forwarded-Proto": "https"}
        with closing(HTTPConnection("127.0.0.1", self.server.behind)) as onward:
            onward.request(self.command, self.path, body, {**self.headers, **told, "Connection": "close"})
            answer = onward.getresponse()
            content = answer.read()
        self.send_response_only(answer.status)
        for name, value in answer.getheaders():
            if name not in ("Connection", "Content-Length"):
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


class Proxy(ThreadingHTTPServer):
    """Ends TLS for a server at another port of this machine."""

    def __init__(self, file: Path, behind: int) -> None:
        super().__init__(("127.0.0.1", free_port()), Passing)
        self.behind = behind
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(file)
        # A handshake belongs to its own thread: one that is refused or slow keeps nobody waiting.
        self.socket = context.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)

    def handle_error(self, *_: Any) -> None:
        """A handheld that does not trust the certificate hangs up; it says so itself."""


@contextmanager
def passing(file: Path, behind: int) -> Iterator[str]:
    """A proxy with this certificate, at the name that it is for."""
    with Proxy(file, behind) as proxy:
        thread = threading.Thread(target=proxy.serve_forever)
        thread.start()
        yield f"https://localhost:{proxy.server_port}"
        proxy.shutdown()
        thread.join()


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


@pytest.fixture
def site(tmp_path: Path, authority: Authority) -> Iterator[Site]:
    """A server that handhelds reach through its proxy alone."""
    port = free_port()
    with passing(authority.certificate(), port) as front:
        behind = Site(
            folder=tmp_path,
            database_url=f"sqlite:///{tmp_path / 'warehouse.sqlite3'}",
            port=port,
            front=front,
            settings=BEHIND_A_PROXY,
        )
        with behind.running() as site:
            yield site


def handheld(
    home: Path, command: str, *words: str, authority: Authority | None, typed: str = ""
) -> subprocess.CompletedProcess[str]:
    """The handheld's program, run to its end; None: nobody gave it the authority's certificate."""
    environment = {name: value for name, value in os.environ.items() if name != AUTHORITY_VARIABLE}
    if authority is not None:
        environment[AUTHORITY_VARIABLE] = str(authority.file)
    return forked.run("scanner_client", [command, "--home", str(home), *words], environment, typed=typed)


def scan(home: Path, authority: Authority | None, typed: str = "") -> tuple[list[str], str]:
    """Scan what is typed, if anything; the subjects that beeped, and what it said at last."""
    words = ("--action", "move", "--location", "LOC:A-01", "--json")
    done = handheld(home, "scan", *words, authority=authority, typed=typed)
    assert done.returncode == 0, done.stderr
    return [json.loads(line)["subject"].rpartition("/")[2] for line in done.stdout.splitlines()], done.stderr


def on_the_server(site: Site) -> list[str]:
    rows = [json.loads(stored.line) for kept in site.ledger().values() for stored in kept]
    return sorted(row["subject"].rpartition("/")[2] for row in rows)


def waiting(home: Path) -> int:
    return int(json.loads(handheld(home, "status", "--json", authority=None).stdout)["waiting"])


def untrusted(site: Site) -> str:
    return (
        f"{site.front.removeprefix('https://')} answers, but its certificate is not one that this handheld trusts "
        "(unable to get local issuer certificate). If it is of your own authority, give this handheld that "
        "authority's certificate: name its file in SSL_CERT_FILE."
    )


def test_a_handheld_that_has_the_sites_authority_enrols_scans_and_owes_nothing(
    site: Site, authority: Authority, tmp_path: Path
) -> None:
    home, (invitation,) = tmp_path / "dock", site.invitations(1)
    enrolled = handheld(home, "enrol", "--code", invitation, authority=authority)
    assert (enrolled.returncode, enrolled.stderr) == (0, "")
    beeped, _ = scan(home, authority, LABELS)
    assert (beeped, waiting(home), on_the_server(site)) == (["S1", "S2"], 0, ["S1", "S2"])


def test_a_handheld_without_the_sites_authority_says_so_and_sends_its_scans_once_it_has_it(
    site: Site, authority: Authority, tmp_path: Path
) -> None:
    home, (invitation,) = tmp_path / "dock", site.invitations(1)
    refused = handheld(home, "enrol", "--code", invitation, authority=None)
    assert (refused.returncode, refused.stderr) == (1, untrusted(site) + "\n")
    assert handheld(home, "enrol", "--code", invitation, authority=authority).returncode == 0

    beeped, said = scan(home, None, LABELS)
    assert (beeped, waiting(home), on_the_server(site)) == (["S1", "S2"], 2, [])
    assert untrusted(site) in said

    again, _ = scan(home, authority)
    assert (again, waiting(home), on_the_server(site)) == ([], 0, ["S1", "S2"])
