"""Serves the page on 127.0.0.1 to the browser of this machine, and to nobody else.

Other programs of the machine, and pages of other sites in the same browser, can reach the port as well. So the first
address carries a random key, which becomes a cookie of a folder with a random name; the Host header must name this
server, or a site could rebind its name to 127.0.0.1 (https://datatracker.ietf.org/doc/html/rfc9110#section-17.1 speaks
of such authority confusion); and a request that changes something must name our own origin.
"""

from __future__ import annotations

import hmac
import json
import secrets
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from http.cookies import CookieError, SimpleCookie
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import BoundedSemaphore, Thread
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

from scanner_client import VERSION
from scanner_client.page.board import Board
from scanner_client.page.protocol import ended, full, hello, message_of
from scanner_client.page.register import Register
from scanner_client.page.requests import Asked, RequestError, asked_of, photographed
from scanner_client.wording import say
from sync.picture import BYTES_MAX as PICTURE_BYTES_MAX

HOST: Final = "127.0.0.1"
NAMES: Final = (HOST, "localhost")
BODY_BYTES_MAX: Final = 16_384
"""A begun task has eight fields; a scan has one of `BARCODE_BYTES_MAX` bytes, in JSON escapes at the most; and each
has its number."""
FIELDS_MAX: Final = 4
"""Of an address's query; the page itself sends one."""
CONNECTIONS_MAX: Final = 32
STREAMS_MAX: Final = 4
"""Pages open at the same time: the screen, a second one, and some that were closed a moment ago."""
REPEAT_S: Final = 5.0
"""How often a state is sent where nothing changes: its ages stay true, and a closed page is noticed."""
PICTURE_WAIT_S: Final = 10.0
SOCKET_S: Final = 30.0

FOLDER: Final = Path(__file__).with_name("static")
TYPES: Final = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}

Take = Callable[[Asked], bool]
"""Hands a request to the work; False where the work is so far behind that it takes no more."""
NewestPicture = Callable[[int, float], tuple[int, bytes] | None]
"""The newest picture (its number, JPEG) numbered above the first argument; None after so many seconds without."""


class PageError(Exception):
    """The page cannot be served; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Behind:
    """What stands behind the page."""

    board: Board
    take: Take
    picture: NewestPicture


@contextmanager
def serving(behind: Behind, port: int) -> Iterator[str]:
    """Serve while the block runs; the address to open, with its key. Port 0 is any that is free.

    Raises:
        PageError: the port cannot be had.
    """
    try:
        server = _Server(port, behind)
    except (OSError, OverflowError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise PageError(say("page.no_port", port=port, reason=reason)) from error
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True, name="page")
    thread.start()
    try:
        yield f"http://{HOST}:{server.server_port}{server.folder}?key={server.key}"
    finally:
        behind.board.close()
        server.shutdown()
        server.server_close()
        thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, port: int, behind: Behind) -> None:
        super().__init__((HOST, port), _Handler)
        self.behind = behind
        self.key = secrets.token_urlsafe(24)
        self.folder = f"/{secrets.token_urlsafe(9)}/"
        self.files = {path.name: path.read_bytes() for path in FOLDER.iterdir() if path.suffix in TYPES}
        self.register = Register(behind.take)
        self.streams = BoundedSemaphore(STREAMS_MAX)
        self._connections = BoundedSemaphore(CONNECTIONS_MAX)

    def process_request(self, request: Any, client_address: Any) -> None:
        """One more thread for a connection, while there are not too many."""
        if self._connections.acquire(blocking=False):
            super().process_request(request, client_address)
        else:
            self.shutdown_request(request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """A connection to its end."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._connections.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A browser that went away is no event; anything else is a mistake of ours and is printed."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"
    timeout = SOCKET_S

    def do_GET(self) -> None:
        try:
            url = urlsplit(self.path)
            fields = dict(parse_qsl(url.query, max_num_fields=FIELDS_MAX))
        except ValueError:
            self._answer(HTTPStatus.BAD_REQUEST)
            return
        key = fields.get("key", "") if url.path == self.server.folder else ""
        if not self._is_ours(key):
            return
        name = self._name(url.path)
        if name == "messages":
            self._stream()
        elif name == "picture":
            self._picture(fields.get("after", ""))
        else:
            self._file("index.html" if name == "" else name, key)

    def do_POST(self) -> None:
        body = self._body()
        if body is None or not self._is_ours(""):
            return
        if (
            self._name(self.path) not in ("requests", "photograph")
            or self.headers.get("Origin") != f"http://{self.headers.get('Host')}"
        ):
            self._answer(HTTPStatus.FORBIDDEN)
            return
        try:
            taken = self.server.register.take(self._asked(body))
        except (ValueError, RecursionError) as error:
            words = str(error) if isinstance(error, RequestError) else "That is no JSON."
            self._answer(HTTPStatus.BAD_REQUEST, words)
            return
        self._answer(HTTPStatus.NO_CONTENT if taken else HTTPStatus.SERVICE_UNAVAILABLE)

    def _asked(self, body: bytes) -> Asked:
        if self._name(self.path) == "photograph":
            return photographed(self.headers.get("Request-Number", ""), body)
        return asked_of(json.loads(body))

    def _is_ours(self, key: str) -> bool:
        """Whether the browser asks for this server and was given its key; it is told where not."""
        host = self.headers.get("Host")
        if host not in [f"{name}:{self.server.server_port}" for name in NAMES]:
            self._answer(HTTPStatus.MISDIRECTED_REQUEST)
            return False
        given = key or self._cookie()
        if not hmac.compare_digest(given.encode(), self.server.key.encode()):
            self._answer(HTTPStatus.FORBIDDEN, say("page.no_key"))
            return False
        return True

    def _name(self, path: str) -> str | None:
        """What is asked for in our folder; None for what lies elsewhere."""
        return path.removeprefix(self.server.folder) if path.startswith(self.server.folder) else None

    def _cookie_name(self) -> str:
        # Cookies of one host are shared by its ports (RFC 6265, 8.5): so the name has the port, and the path, which no
        # program at another port can guess, keeps the browser from handing the key to it.
        return f"scanner-{self.server.server_port}"

    def _cookie(self) -> str:
        try:
            cookies = SimpleCookie(self.headers.get("Cookie", ""))
        except CookieError:
            return ""
        ours = cookies.get(self._cookie_name())
        return ours.value if ours else ""

    def _body(self) -> bytes | None:
        length = self.headers.get("Content-Length", "")
        if not length.isdecimal() or len(length) > 9 or self.headers.get("Transfer-Encoding"):
            self.close_connection = True
            self._answer(HTTPStatus.LENGTH_REQUIRED)
            return None
        most = PICTURE_BYTES_MAX if self._name(self.path) == "photograph" else BODY_BYTES_MAX
        if int(length) > most:
            self.close_connection = True
            self._answer(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
            return None
        return self.rfile.read(int(length))

    def _file(self, name: str | None, key: str) -> None:
        content = self.server.files.get(name or "")
        if name is None or content is None:
            self._answer(HTTPStatus.NOT_FOUND)
            return
        self.send_response(HTTPStatus.OK)
        if key:
            named = f"{self._cookie_name()}={key}"
            self.send_header("Set-Cookie", f"{named}; HttpOnly; SameSite=Strict; Path={self.server.folder}")
        self._send(TYPES[Path(name).suffix], content)

    def _picture(self, after: str) -> None:
        number = int(after) if after.isdecimal() and len(after) < 16 else 0
        newest = self.server.behind.picture(number, PICTURE_WAIT_S)
        if newest is None:
            self._answer(HTTPStatus.NO_CONTENT)
            return
        self.send_response(HTTPStatus.OK)
        self.send_header("Picture-Number", str(newest[0]))
        self._send("image/jpeg", newest[1])

    def _stream(self) -> None:
        self.close_connection = True
        self.send_response(HTTPStatus.OK)
        self.send_header("Connection", "close")
        self._headers("text/event-stream; charset=utf-8")
        if not self.server.streams.acquire(blocking=False):
            self._event(hello())
            self._event(full(STREAMS_MAX))
            return
        try:
            self._event(hello())
            seen = 0
            while (newest := self.server.behind.board.next(seen, REPEAT_S)) is not None:
                seen = newest[0]
                self._event(message_of(newest[1]))
            self._event(ended())
        finally:
            self.server.streams.release()

    def _event(self, message: str) -> None:
        # The message is JSON in one line, so that it needs no further framing
        # (https://html.spec.whatwg.org/multipage/server-sent-events.html).
        self.wfile.write(f"data: {message}\n\n".encode())

    def _answer(self, status: HTTPStatus, words: str = "") -> None:
        self.send_response(status)
        self._send("text/plain; charset=utf-8", words.encode())

    def _send(self, content_type: str, content: bytes) -> None:
        self.send_header("Content-Length", str(len(content)))
        self._headers(content_type)
        self.wfile.write(content)

    def _headers(self, content_type: str) -> None:
        self.send_header("Content-Type", content_type)
        for name, value in HEADERS.items():
            self.send_header(name, value)
        self.end_headers()

    def version_string(self) -> str:
        """What the Server header says."""
        return f"scanner/{VERSION}"

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Nothing: the terminal belongs to the scans."""
