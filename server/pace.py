"""How many requests one address may send in a minute: a bound that no site's handhelds come near, and a flood does."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from ipaddress import IPv6Address, ip_address
from typing import Final

from flask import Flask, current_app, request

from server import context
from server.errors import Refusal

MINUTE_MS: Final = 60_000
ADDRESSES_MAX: Final = 10_000
"""Of which counts are kept; the one that was begun first goes first."""
BEHIND_PROXY: Final = "werkzeug.proxy_fix.orig"
"""Where Werkzeug keeps what it replaced by what a proxy's headers say (`SCAN_TRUSTED_PROXIES`)."""


@dataclass(slots=True)
class Pace:
    """Counts requests in this process, minute by minute; several workers each allow as many."""

    counts: OrderedDict[str, tuple[int, int]] = field(default_factory=OrderedDict)
    """Address -> when its minute began, and how many requests came in it."""
    lock: threading.Lock = field(default_factory=threading.Lock)

    def wait_ms(self, address: str, now_ms: int, most: int) -> int:
        """Count one request; 0, or how long this address has to wait."""
        with self.lock:
            began, count = self.counts.get(address, (now_ms, 0))
            if not 0 <= now_ms - began < MINUTE_MS:
                began, count = now_ms, 0
                self.counts.pop(address, None)
            self.counts[address] = began, count + 1
            while len(self.counts) > ADDRESSES_MAX:
                self.counts.popitem(last=False)
        return began + MINUTE_MS - now_ms if count >= most else 0


def register(app: Flask) -> None:
    """Let this app ask it before anything else."""
    app.extensions["pace"] = Pace()
    app.before_request(_keep)


def _keep() -> None:
    most, address = context.settings().requests_per_minute, asking_address()
    if not most or address is None:
        return
    pace: Pace = current_app.extensions["pace"]
    if wait_ms := pace.wait_ms(address, context.now_ms(), most):
        seconds = str(-(-wait_ms // 1_000))
        message = f"More than {most} requests came from your address within a minute. Wait, and go on."
        raise Refusal(429, "too_many", message, headers={"Retry-After": seconds})


def asking_address() -> str | None:
    """Whose address it is that asks; None where that is not known. Of IPv6 it is the network of 64 bits.

    From this machine a proxy asks for all of the site, unless `SCAN_TRUSTED_PROXIES` has it say for whom: to count what
    comes from there would make everybody wait for one. An address that only a header says is never this machine's: who
    reaches the port past the proxy writes what they like. Any host has all addresses of a /64 (RFC 4291, 2.5.4).
    """
    said = request.remote_addr
    peer: str | None = request.environ.get(BEHIND_PROXY, request.environ).get("REMOTE_ADDR")
    if said is None:
        return None
    try:
        address = ip_address(said)
    except ValueError:
        return peer
    if isinstance(address, IPv6Address):
        address = address.ipv4_mapped or address
    if address.is_loopback and said == peer:
        return None
    return f"{IPv6Address(int(address) >> 64 << 64)}/64" if isinstance(address, IPv6Address) else str(address)
