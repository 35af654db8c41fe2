"""One POST to an address that somebody else chose, so that it can reach nothing that it should not.

The address is HTTPS at a public host, unless a setting names its origin. The host is resolved once, every one of its
addresses has to be a public one, and the connection is made to one of these and not to what a second look-up would
say. Redirects are not followed, no proxy of the environment is used, and the whole exchange has a bound in time.
"""

from __future__ import annotations

import ipaddress
import re
import socket
import threading
from collections.abc import Collection, Mapping
from http.client import HTTPException
from typing import Final
from urllib.parse import SplitResult, urlsplit

from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError

CONNECT_S: Final = 5
ANSWER_S: Final = 10
WHOLE_S: Final = 20
"""For everything together: a receiver may not drip its answer for ever."""
_PORTS: Final = {"https": 443, "http": 80}
_TUNNELS: Final = tuple(map(ipaddress.ip_network, ("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32")))
"""Ranges of IPv6 that lead to an address of IPv4, which may be a private one."""
_NAME: Final = re.compile(r"(?=.{1,253}\.?$)(?:(?!-)[a-z0-9_-]{1,63}(?<!-)\.)*(?!-)[a-z0-9_-]{1,63}(?<!-)\.?")
"""What a look-up takes for a name (RFC 1123, 2.1), with the underscores that some have."""
_NUMBER: Final = re.compile(r"(?:^|\.)(?:[0-9]+|0x[0-9a-f]*)\.?$")
"""At the end of what should be an address: no name ends so (RFC 1123, 2.1)."""
Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class AddressError(ValueError):
    """The address will not do; the message says why."""


class PostError(Exception):
    """It was not taken; the message says what came instead."""

    def __init__(self, message: str, *, permanent: bool = False) -> None:
        super().__init__(message)
        self.permanent = permanent
        """Whether the receiver wants nothing more."""


def check_address(url: str, origins: Collection[str] = ()) -> SplitResult:
    """The parts of an address that may be posted to, as far as can be told without looking it up.

    Args:
        origins: `http://erp.internal:8080`: these may be without TLS, and on this network.

    Raises:
        AddressError: it may not.
    """
    if not url.isascii():
        raise AddressError(
            f"{url!r:.200} has letters that no address takes: write its host as xn--..., the rest with %."
        )
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise AddressError(f"{url!r:.200} is no address.") from None
    if parts.scheme not in _PORTS or not parts.hostname or not url.isprintable() or " " in url:
        raise AddressError(f"{url!r:.200} is no address that starts with https://.")
    if parts.username is not None or parts.password is not None or parts.fragment:
        raise AddressError("The address may hold no name, no password and no #.")
    if port == 0:
        raise AddressError("There is no port 0: leave it out for 443.")
    if _allowed(parts, origins):
        return parts
    if parts.scheme != "https":
        raise AddressError("The address has to start with https://, or its origin to stand in SCAN_WEBHOOK_ORIGINS.")
    meant = _meant(parts.hostname)
    if meant is not None:
        _check_public(meant, parts.hostname)
    elif not _NAME.fullmatch(parts.hostname) or _NUMBER.search(parts.hostname):
        raise AddressError(f"{parts.hostname:.200} can be neither the name of a host nor an address of one.")
    return parts


def _meant(host: str) -> Address | None:
    """The address that a host is without a look-up, in whatever way it is written; None where it is a name."""
    bare = host.removesuffix(".")
    if "%" in bare:
        return None  # an address within one network interface of this machine is none of a listener's
    if bare == "localhost" or bare.endswith(".localhost"):
        return ipaddress.IPv4Address("127.0.0.1")  # wherever it is asked (RFC 6761, 6.3)
    try:
        return ipaddress.ip_address(bare)
    except ValueError:
        pass
    try:
        return ipaddress.IPv4Address(socket.inet_aton(bare))  # 127.1, 0x7f.1, 2130706433: as the look-up reads them
    except OSError:
        return None


def _allowed(parts: SplitResult, origins: Collection[str]) -> bool:
    return _origin(parts) in {_origin(urlsplit(origin)) for origin in origins}


def _origin(parts: SplitResult) -> tuple[str, str | None, int | None]:
    return parts.scheme, parts.hostname, parts.port or _PORTS.get(parts.scheme)


def _check_public(address: Address, host: str) -> None:
    plain = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped else address
    tunnel = plain.version == 6 and any(plain in network for network in _TUNNELS)
    old = plain.version == 6 and plain.is_site_local  # private once (RFC 3879), and Python calls it public
    if tunnel or old or not plain.is_global or plain.is_multicast or plain.is_reserved:
        what = f"{host} is" if host == str(plain) else f"{host} is {plain}, which is"
        raise AddressError(f"{what} no public address. An administrator can allow it with SCAN_WEBHOOK_ORIGINS.")


def resolve(parts: SplitResult, origins: Collection[str]) -> str:
    """One IP address of the host, after every one of them was found to be public.

    Raises:
        AddressError: one is not.
        PostError: it has none.
    """
    host = parts.hostname or ""
    port = parts.port or _PORTS[parts.scheme]
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise PostError(f"{host} could not be found: look at the spelling of the address.") from None
    addresses = list(dict.fromkeys(str(entry[4][0]).partition("%")[0] for entry in found))
    if not _allowed(parts, origins):
        for address in addresses:
            _check_public(ipaddress.ip_address(address), host)
    if not addresses:
        raise PostError(f"{host} could not be found: look at the spelling of the address.")
    return addresses[0]


def send(url: str, body: bytes, headers: Mapping[str, str], origins: Collection[str] = ()) -> int:
    """Post the body; returns the status, a 2xx.

    Raises:
        PostError: it was not taken.
    """
    try:
        parts = check_address(url, origins)
        address = resolve(parts, origins)
    except AddressError as error:
        raise PostError(str(error)) from None
    connection = _connection(parts, address)
    whole = threading.Timer(WHOLE_S, lambda: _cut(connection))
    whole.start()
    try:
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        connection.connect()
        connection.timeout = ANSWER_S
        connection.request("POST", target, body=body, headers={"Host": parts.netloc, **headers}, preload_content=False)
        status = connection.getresponse().status
    except (HTTPError, HTTPException, OSError, ValueError) as error:
        raise PostError(_why(error)) from None
    finally:
        whole.cancel()
        connection.close()
    if 200 <= status < 300:
        return status
    if 300 <= status < 400:
        raise PostError(f"It answered {status}, which leads elsewhere; redirects are not followed.")
    raise PostError(f"It answered {status}.", permanent=status == 410)


def _connection(parts: SplitResult, address: str) -> HTTPConnection:
    port = parts.port or _PORTS[parts.scheme]
    if parts.scheme == "http":
        return HTTPConnection(address, port, timeout=CONNECT_S)
    return HTTPSConnection(
        address,
        port,
        timeout=CONNECT_S,
        cert_reqs="CERT_REQUIRED",
        server_hostname=parts.hostname,
        assert_hostname=parts.hostname,
    )


def _cut(connection: HTTPConnection) -> None:
    try:
        if connection.sock is not None:
            connection.sock.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass  # it has ended by itself


def _why(error: Exception) -> str:
    kind = type(error).__name__
    if isinstance(error, TimeoutError) or "Timeout" in kind:
        return "It did not answer in time."
    text = str(error)
    if "refused" in text:
        return "Nothing listens there: the connection was refused."
    if "certificate" in text.lower() or "SSL" in kind:
        return f"Its certificate is not in order: {text[:200]}"
    return f"The connection failed: {text[:200] or kind}"
