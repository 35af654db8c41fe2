"""One HTTP request to one server, with a limit on everything. The client's only HTTP."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import urllib3
from urllib3.exceptions import HTTPError

CONNECT_SECONDS_MAX: Final = 5.0
READ_SECONDS_MAX: Final = 30.0
ANSWER_BYTES_MAX: Final = 16 << 20
RETRY_AFTER_SECONDS_MAX: Final = 3_600


class TransportError(Exception):
    """No answer came, or none that can be used. What was sent may have arrived or not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An HTTP response."""

    status: int
    headers: Mapping[str, str]
    """Names in any case."""
    body: bytes

    def retry_after_ms(self) -> int | None:
        """How long the server asks to be left alone (RFC 9110, 10.2.3, in seconds), bounded; None without a word."""
        text = self.headers.get("Retry-After", "")
        if not (text.isascii() and text.isdigit() and len(text) < 10):
            return None
        return min(int(text), RETRY_AFTER_SECONDS_MAX) * 1000

    def error(self) -> tuple[str, str]:
        """Code and sentence of an error's JSON; the status where the body is something else."""
        row = self.json()
        plain = f"the server answered {self.status}"
        return str(row.get("code") or self.status), str(row.get("message") or plain)

    def json(self) -> dict[str, Any]:
        """The body as a JSON object; empty where it is none."""
        try:
            row = json.loads(self.body)
        except (ValueError, RecursionError):
            return {}
        return row if isinstance(row, dict) else {}


class Transport:
    """A pool of connections to the few addresses that one server has."""

    def __init__(self, *, connect_s: float = CONNECT_SECONDS_MAX, read_s: float = READ_SECONDS_MAX) -> None:
        self._pool = urllib3.PoolManager(
            num_pools=8, timeout=urllib3.Timeout(connect=connect_s, read=read_s), retries=False
        )

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
            raise TransportError(f"{url} is no address on the web.")
        try:
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
            host = url.partition("://")[2].partition("/")[0]
            raise TransportError(f"{host} does not answer: {_why(error)}.") from error
        if not whole:
            raise TransportError(f"The answer of {url} has more than {ANSWER_BYTES_MAX} bytes.")
        return Answer(status=response.status, headers=response.headers, body=content)


def _why(error: Exception) -> str:
    """The innermost reason, without the names of our library's parts."""
    reason = getattr(error, "reason", None) or error
    return str(reason).rpartition(": ")[2].strip(". ") or type(reason).__name__
