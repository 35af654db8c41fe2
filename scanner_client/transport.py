"""One HTTP request to one server, with a limit on everything. The client's only HTTP.

Whatever answers may be a stranger: only what is signed is believed, elsewhere, and nothing else that an answer says or
does may hold the handheld up for long.
"""

from __future__ import annotations

import errno
import json
import socket
import ssl
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from http.client import BadStatusLine, IncompleteRead
from threading import Timer, local
from typing import Any, Final

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError, LocationParseError

from scanner_client.device import is_signed
from scanner_client.sighting import printable
from scanner_client.wording import say
from sync.enrolment import reply_message
from sync.protocol import ProtocolError, read_signature

CONNECT_SECONDS_MAX: Final = 5.0
READ_SECONDS_MAX: Final = 30.0
"""Without a single byte."""
WHOLE_SECONDS_MAX: Final = 300.0
"""For everything together: whoever drips their answer would else hold up every sync for as long as they like. The
largest picture takes 240 seconds at 50 kbit/s."""
ANSWER_BYTES_MAX: Final = 16 << 20
RETRY_AFTER_SECONDS_MAX: Final = 60
"""An error bears no signature. So it may keep a handheld waiting no longer than silence does (`BACKOFF_MS_MAX`), which
is as long as our server ever asks for (`server/pace.py`)."""

_TLS_ALERT: Final = "\x15\x03"
"""How a server that speaks TLS answers who does not: content type and version of a record (RFC 8446, 5.1)."""
_WRONG_TIME: Final = (9, 10)
"""X509_V_ERR_CERT_NOT_YET_VALID and X509_V_ERR_CERT_HAS_EXPIRED (openssl/x509_vfy.h)."""
_WRONG_NAME: Final = (62, 64)
"""X509_V_ERR_HOSTNAME_MISMATCH and X509_V_ERR_IP_ADDRESS_MISMATCH (the same)."""


class TransportError(Exception):
    """No answer came, or none that can be used. What was sent may have arrived or not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An HTTP response."""

    status: int
    headers: Mapping[str, str]
    """Names in any case."""
    body: bytes

    def is_signed_by(self, server_key: bytes | None, request_signature: bytes) -> bool:
        """Whether the server with this key said this, and in answer to the request with this signature."""
        try:
            signature = read_signature(self.headers.get("Server-Signature", ""))
        except ProtocolError:
            return False
        return is_signed(server_key or b"", signature, reply_message(request_signature, self.body))

    def retry_after_ms(self) -> int | None:
        """How long the server asks to be left alone (RFC 9110, 10.2.3, in seconds), bounded; None without a word."""
        text = self.headers.get("Retry-After", "")
        if not (text.isascii() and text.isdigit() and len(text) < 10):
            return None
        return min(int(text), RETRY_AFTER_SECONDS_MAX) * 1000

    def error(self) -> tuple[str, str]:
        """Code and sentence of an error's JSON, fit to be shown; the status where the body is something else."""
        row = self.json()
        plain = f"the server answered {self.status}"
        return printable(str(row.get("code") or self.status)), printable(str(row.get("message") or plain))

    def json(self) -> dict[str, Any]:
        """The body as a JSON object; empty where it is none."""
        try:
            row = json.loads(self.body)
        except (ValueError, RecursionError):
            return {}
        return row if isinstance(row, dict) else {}


class _Deadline:
    """When a request has to be over, whatever comes of it."""

    def __init__(self, seconds: float) -> None:
        self._connection: _Cuttable | None = None
        self.is_over = False
        self._timer = Timer(seconds, self._cut)
        self._timer.daemon = True

    def __enter__(self) -> None:
        _mine.deadline = self
        self._timer.start()

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()
        _mine.deadline = None

    def concerns(self, connection: _Cuttable) -> None:
        """The request goes by this connection."""
        if self.is_over:  # before it could begin
            raise TimeoutError
        self._connection = connection

    def _cut(self) -> None:
        self.is_over = True
        if self._connection is not None:
            self._connection.cut()


class _Mine(local):
    deadline: _Deadline | None = None
    """Of what this thread asks just now."""


_mine = _Mine()


class _Cuttable(HTTPConnection):
    """A connection that another thread can cut; a handshake is bounded as a whole by itself."""

    def request(self, *args: Any, **named: Any) -> None:
        """Ask by this connection, which an earlier request may have opened."""
        if _mine.deadline is not None:
            _mine.deadline.concerns(self)
        super().request(*args, **named)

    def cut(self) -> None:
        """End it now; whoever waits for something from it hears so."""
        opened = self.sock
        if opened is not None:
            with suppress(OSError):  # it has ended by itself
                socket.socket.shutdown(opened, socket.SHUT_RDWR)  # TLS's own would take its state from who reads


class _CuttableTls(_Cuttable, HTTPSConnection):
    """The same with TLS."""


class _PlainPool(urllib3.HTTPConnectionPool):
    ConnectionCls = _Cuttable


class _TlsPool(urllib3.HTTPSConnectionPool):
    ConnectionCls = _CuttableTls


class Transport:
    """A pool of connections to the few addresses that one server has."""

    def __init__(
        self,
        *,
        connect_s: float = CONNECT_SECONDS_MAX,
        read_s: float = READ_SECONDS_MAX,
        whole_s: float = WHOLE_SECONDS_MAX,
    ) -> None:
        self._whole_s = whole_s
        self._answered: set[str] = set()
        """What has answered in the same way before: an address that worked has the right beginning."""
        self._pool = urllib3.PoolManager(
            num_pools=8, timeout=urllib3.Timeout(connect=connect_s, read=read_s), retries=False
        )
        self._pool.pool_classes_by_scheme = {"http": _PlainPool, "https": _TlsPool}

    def post(self, address: str, path: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        """Send a body to the server at this address.

        Raises:
            TransportError: nothing usable came back in time.
        """
        return self._request("POST", address.rstrip("/") + path, body, headers)

    def get(self, address: str, path: str) -> Answer:
        """Ask the server at this address.

        Raises:
            TransportError: nothing usable came back in time.
        """
        return self._request("GET", address.rstrip("/") + path, None, {})

    def close(self) -> None:
        """Let go of all connections."""
        self._pool.clear()

    def _request(self, method: str, url: str, body: bytes | None, headers: Mapping[str, str]) -> Answer:
        if not url.startswith(("http://", "https://")):
            raise TransportError(say("unreached.no_address", address=printable(url)))
        deadline = _Deadline(self._whole_s)
        try:
            with deadline:
                response = self._pool.request(
                    method, url, body=body, headers=dict(headers), redirect=False, preload_content=False
                )
                try:
                    content = response.read(ANSWER_BYTES_MAX + 1)
                    whole = len(content) <= ANSWER_BYTES_MAX
                    if whole:
                        response.drain_conn()
                    else:
                        response.close()  # the connection still holds the rest of it
                finally:
                    response.release_conn()
        except (HTTPError, OSError, ValueError) as error:  # ValueError: an address that is no URL
            if deadline.is_over:
                late = say("unreached.late", host=_host(url), seconds=f"{self._whole_s:.0f}")
                raise TransportError(late) from error
            raise TransportError(_why(url, error, worked=_origin(url) in self._answered)) from error
        if not whole:
            raise TransportError(f"The answer of {url} has more than {ANSWER_BYTES_MAX} bytes.")
        self._answered.add(_origin(url))
        return Answer(status=response.status, headers=response.headers, body=content)


def _host(url: str) -> str:
    return printable(url.partition("://")[2].partition("/")[0])


def _origin(url: str) -> str:
    return "/".join(url.split("/", 3)[:3])


def _why(url: str, error: Exception, *, worked: bool) -> str:
    """What is so and what to do about it, without the names of our library's parts; `worked`: it did before."""
    scheme, host, cause = url.partition("://")[0], _host(url), _cause(error)
    match cause:
        case LocationParseError():
            text = say("unreached.no_address", address=f"{scheme}://{host}")
        case ssl.SSLError():
            text = _why_no_tls(host, cause)
        case socket.gaierror():
            text = say("unreached.no_name", name=host.rpartition(":")[0] or host)
        case ConnectionRefusedError():
            text = say("unreached.refused", host=host)
        case OSError(errno=errno.ENETUNREACH | errno.EHOSTUNREACH):
            text = say("unreached.no_way", host=host)
        case TimeoutError():
            text = say("unreached.silent", host=host)
        case ConnectionError() | IncompleteRead():
            plain = scheme == "http" and not worked
            text = say("unreached.broken_plain", host=host) if plain else say("unreached.broken", host=host)
        case BadStatusLine():
            alert = str(cause).startswith(_TLS_ALERT)
            text = say("unreached.with_tls", host=host) if alert else say("unreached.no_http", host=host)
        case _:
            reason = printable(getattr(cause, "strerror", None) or str(cause))
            text = say("unreached.other", host=host, reason=reason or type(cause).__name__)
    return text


def _why_no_tls(host: str, error: ssl.SSLError) -> str:
    if error.reason == "WRONG_VERSION_NUMBER":
        return say("unreached.without_tls", host=host)
    if not isinstance(error, ssl.SSLCertVerificationError):
        return say("unreached.other", host=host, reason=error.reason or "TLS")
    if error.verify_code in _WRONG_TIME:
        return say("unreached.wrong_time", host=host)
    if error.verify_code in _WRONG_NAME:
        return say("unreached.wrong_name", host=host)
    return say("unreached.untrusted", host=host, reason=error.verify_message)


def _cause(error: BaseException) -> BaseException:
    """The innermost reason: our library wraps what the system said as its last argument, or as what it came from."""
    last = error.args[-1] if error.args else None
    inner = last if isinstance(last, Exception) else error.__cause__
    return _cause(inner) if isinstance(error, HTTPError) and inner else error
