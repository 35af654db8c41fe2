"""gunicorn's worker with threads, in which nobody who is slow holds a thread for long.

A thread reads a whole request before it works, so that eight handhelds at the edge of the Wi-Fi, or one stranger, would
hold all of them for as long as they liked. Who sends or takes less than `BYTES_PER_S_MIN`, after a grace, is cut off: a
handheld sends again. The two figures are those that Apache's mod_reqtimeout begins with
(https://httpd.apache.org/docs/2.4/mod/mod_reqtimeout.html).
"""

from __future__ import annotations

import errno
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, Final

from gunicorn.workers.gthread import ThreadWorker  # type: ignore[import-untyped]

GRACE_S: Final = 20.0
BYTES_PER_S_MIN: Final = 500


class _Timed(socket.socket):
    """A client's connection; what is waited for is the client's time, what the server works is not."""

    grace_s = GRACE_S
    _is_closing = False

    def begin(self) -> None:
        """Another request comes."""
        self._waited_s, self._bytes = 0.0, 0

    def recv(self, size: int, flags: int = 0) -> bytes:
        """What has come, or what comes in the time that is left; gunicorn's own bound counts where it has set one."""
        if self._is_closing:
            return self._left_over(size)
        if self.gettimeout() is not None:
            return super().recv(size, flags)
        began = time.monotonic()
        with self._within(self.grace_s + self._bytes / BYTES_PER_S_MIN - self._waited_s):
            received = super().recv(size, flags)
        self._waited_s += time.monotonic() - began
        self._bytes += len(received)
        return received

    def shutdown(self, how: int) -> None:
        """No more is said to the client."""
        self._is_closing = True
        super().shutdown(how)

    def _left_over(self, size: int) -> bytes:
        """What has come already.

        gunicorn takes it away before it closes, and would wait two seconds for more: in the one thread that takes new
        connections, so that twenty who did not hang up stopped the site for 40 seconds.
        """
        self.settimeout(0)
        try:
            return super().recv(size)
        except BlockingIOError:
            return b""

    def sendall(self, data: Any, flags: int = 0) -> None:
        """Send all of it, in a time that its length allows."""
        with self._within(self.grace_s + len(data) / BYTES_PER_S_MIN):
            super().sendall(data, flags)

    @contextmanager
    def _within(self, left_s: float) -> Iterator[None]:
        self.settimeout(max(left_s, 0.001))
        try:
            yield
        except TimeoutError:
            with suppress(OSError):
                self.shutdown(socket.SHUT_RDWR)  # nobody lingers for a last word of it
            raise ConnectionResetError(errno.ECONNRESET, "The client was too slow.") from None  # which gunicorn expects
        finally:
            self.settimeout(None)


class Worker(ThreadWorker):  # type: ignore[misc]  # gunicorn has no types
    """What `gunicorn_conf` names."""

    def enqueue_req(self, conn: Any) -> None:
        """Let a thread take a request that begins to come; with TLS of gunicorn's own it stays as it is."""
        if type(conn.sock) is socket.socket:
            conn.sock = _Timed(fileno=conn.sock.detach())
        if isinstance(conn.sock, _Timed):
            conn.sock.begin()
        super().enqueue_req(conn)
