"""Where a server might be now: asks the local network by DNS-SD (RFC 6763). The client's only zeroconf.

Anyone on the network can answer, so that an address from here is believed only after the server there has signed.
"""

from __future__ import annotations

import time
from typing import Final

from zeroconf import Error, EventLoopBlocked, InterfaceChoice, ServiceBrowser, ServiceListener, Zeroconf

from sync.enrolment import ADDRESSES_MAX, SERVICE_TYPE

SEARCH_SECONDS: Final = 2.0
SERVICES_MAX: Final = 16


class _Heard(ServiceListener):
    def __init__(self) -> None:
        self.names: list[str] = []

    def add_service(self, zc: Zeroconf, type_: str, name: str) -> None:
        if len(self.names) < SERVICES_MAX:
            self.names.append(name)

    def update_service(self, zc: Zeroconf, type_: str, name: str) -> None:
        """Its address is asked for at the end anyway."""

    def remove_service(self, zc: Zeroconf, type_: str, name: str) -> None:
        """It will not answer, which says as much."""


def find_servers(
    seconds: float = SEARCH_SECONDS, *, interfaces: list[str] | InterfaceChoice = InterfaceChoice.All
) -> list[str]:
    """Addresses of every server that answers within this time; none where there is no network.

    Args:
        interfaces: IP addresses of the network interfaces to ask on.
    """
    try:
        network = Zeroconf(interfaces=interfaces)
    except (OSError, Error, RuntimeError):  # the last where the machine has no interface at all
        return []
    try:
        heard = _Heard()
        browser = ServiceBrowser(network, SERVICE_TYPE, heard)
        time.sleep(seconds)
        browser.cancel()
        found = [address for name in heard.names for address in _addresses(network, name)]
    except EventLoopBlocked:  # the machine is too busy to hear anything
        found = []
    finally:
        network.close()
    return list(dict.fromkeys(found))[:ADDRESSES_MAX]


def _addresses(network: Zeroconf, name: str) -> list[str]:
    info = network.get_service_info(SERVICE_TYPE, name, timeout=1000)
    if info is None or not info.port:
        return []
    scheme = "https" if (info.properties or {}).get(b"scheme") == b"https" else "http"
    hosts = [f"[{host}]" if ":" in host else host for host in info.parsed_addresses()]
    return [f"{scheme}://{host}:{info.port}" for host in hosts]
