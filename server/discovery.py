"""Say on the local network where this server is (DNS-SD, RFC 6763), so that handhelds find it at a new address.

Whoever hears it believes nothing yet: a handheld asks the address to sign a nonce first. One process of a server
announces, whichever holds the lock file; when it goes, its announcement runs out by itself.
"""

from __future__ import annotations

import logging
import socket
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from zeroconf import EventLoopBlocked, InterfaceChoice, NonUniqueNameException, ServiceInfo, Zeroconf

from server.held_file import hold
from sync.enrolment import SERVICE_TYPE

log = logging.getLogger(__name__)
_PORTS: Final = {"http": 80, "https": 443}


def service(incarnation: str, site: str, addresses: Sequence[str]) -> ServiceInfo:
    """The announcement of a server: its addresses as IPs where they are known, and as URLs in its properties.

    Raises:
        OSError: none of the addresses has an IP.
    """
    parts = [urlsplit(a) for a in addresses]
    ips = {socket.inet_aton(socket.gethostbyname(p.hostname or "")) for p in parts}
    return ServiceInfo(
        SERVICE_TYPE,
        f"scan-{incarnation}.{SERVICE_TYPE}",
        addresses=sorted(ips),
        port=parts[0].port or _PORTS[parts[0].scheme],
        properties={"site": site, "url": addresses[0]},
        server=f"scan-{incarnation}.local.",
    )


def announce(
    info: ServiceInfo, lock: Path, *, interfaces: list[str] | InterfaceChoice = InterfaceChoice.All
) -> Callable[[], None]:
    """Announce until the returned function is called. Without a network that takes it, say so and do without.

    Args:
        interfaces: IP addresses of the network interfaces to announce on.
    """
    held = hold(lock)
    if held is None:
        return lambda: None
    try:
        zeroconf = Zeroconf(interfaces=interfaces)
        zeroconf.register_service(info, allow_name_change=True)
    except (OSError, NonUniqueNameException, EventLoopBlocked) as error:
        log.warning("Handhelds cannot find this server by themselves: %s", error)
        held.close()
        return lambda: None

    def stop() -> None:
        zeroconf.unregister_all_services()
        zeroconf.close()
        held.close()

    return stop
