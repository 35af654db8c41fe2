"""Every setting, from the environment (`SCAN_*`) or from whoever calls `create_app`, each with its default."""

from __future__ import annotations

import os
import secrets
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Final, get_type_hints
from urllib.parse import urlsplit

import sqlalchemy as sa

PREFIX: Final = "SCAN_"
PORT: Final = 8000
SECRET_BYTES: Final = 32
DRIVERS: Final = ("sqlite", "postgresql+psycopg")
"""What a database's URL may begin with."""
EVERYWHERE: Final = ("0.0.0.0", "::", "")  # noqa: S104  # compared with, not listened at
"""What `SCAN_HOST` says for every address of the machine."""


class SettingError(ValueError):
    """A setting cannot be what it is set to; the message names it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What one server is told from outside. `SCAN_DATABASE_URL` sets `database_url`, and so on."""

    instance: Path = Path(__file__).parents[1] / "var"
    """Folder of what this server keeps beside the database: the SQLite file, the session secret."""
    database_url: str = ""
    """SQLAlchemy's URL: `postgresql+psycopg://user:password@host/name`. Empty: a SQLite file in the folder above."""
    site: str = "main"
    """Code of the site whose stock this server keeps. Set it before the first start; it stands in every row."""
    secret_key: str = ""
    """Signs the session cookies. Empty: made once and kept in the folder above, readable by its owner alone."""
    addresses: tuple[str, ...] = ()
    """URLs at which handhelds reach this server, best first, with commas between. Empty: this machine's own."""
    host: str = "0.0.0.0"  # noqa: S104  # see below
    """Address that the server listens at. All of this machine's, for handhelds have to reach it; 127.0.0.1 where only a
    proxy on this machine may."""
    port: int = PORT
    """Port that the server listens at, and that stands in the guessed address."""
    session_hours: int = 12
    """How long a person stays signed in at the console without doing anything: a shift. After seven times as long they
    sign in anew whatever they do (`ended_sessions.LIFETIMES_MAX`)."""
    secure_cookies: bool = False
    """Send the session cookie over HTTPS only. Turn it on wherever a proxy gives the console a certificate."""
    webhook_origins: tuple[str, ...] = ()
    """Origins (`http://erp.internal:8080`, commas between) that webhooks may reach although they are on this network
    or without TLS. All others have to be https:// at a public address."""
    requests_per_minute: int = 6_000
    """What one address (of IPv6: a /64) may send in a minute to each worker; 0 sets no bound. A handheld sends about
    twelve."""
    trusted_proxies: int = 0
    """How many proxies stand in front and set `X-Forwarded-For`; with 0 that header is believed from nobody."""


NAMES: Final = frozenset(f.name.upper() for f in fields(Settings))


def load(overrides: Mapping[str, Any] | None = None, environ: Mapping[str, str] | None = None) -> Settings:
    """The settings: defaults, over them the environment, over it `overrides` (by name without the prefix).

    Raises:
        SettingError: a value does not fit its setting.
    """
    environ = os.environ if environ is None else environ
    hints = get_type_hints(Settings)
    values: dict[str, Any] = {}
    for name in (f.name for f in fields(Settings)):
        given = (overrides or {}).get(name.upper(), environ.get(PREFIX + name.upper()))
        if given is not None:
            values[name] = _read(name, given, hints[name])
    return Settings(**values)


def _whole(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 9):
        raise ValueError("It takes a whole number.")
    return int(text)


def _yes_or_no(text: str) -> bool:
    try:
        return {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False, "": False}[text.lower()]
    except KeyError:
        raise ValueError("It takes yes or no.") from None


def _list(text: str) -> tuple[str, ...]:
    parts = tuple(p.strip().rstrip("/") for p in text.split(",") if p.strip())
    if not all(p.startswith(("http://", "https://")) for p in parts):
        raise ValueError("It takes addresses that start with http:// or https://.")
    return parts


def _database(text: str) -> str:
    try:
        driver = sa.make_url(text).drivername if text else "sqlite"
    except (sa.exc.ArgumentError, ValueError):
        driver = ""
    if driver not in DRIVERS:
        raise ValueError(
            "It takes postgresql+psycopg://user:password@host/name or sqlite:////folder/file.sqlite3, or nothing for a "
            "SQLite file in SCAN_INSTANCE."
        )
    return text


_READERS: Final[dict[Any, Callable[[str], Any]]] = {
    int: _whole,
    str: str,
    bool: _yes_or_no,
    Path: lambda text: Path(text).expanduser().absolute(),
    tuple[str, ...]: _list,
}


def _read(name: str, given: Any, kind: Any) -> Any:
    if not isinstance(given, str):
        return given
    try:
        return _database(given) if name == "database_url" else _READERS[kind](given)
    except ValueError as error:
        shown = _without_password(given) if name == "database_url" else given
        raise SettingError(f"{PREFIX}{name.upper()} is {shown!r}. {error}") from None


def _without_password(url: str) -> str:
    """A URL as it may be shown: what stands before the last @ and after the colon may be a password."""
    before, at, host = url.rpartition("@")
    scheme, sep, who = before.partition("://")
    return f"{scheme}{sep}{who.partition(':')[0]}{':***' if ':' in who else ''}{at}{host}" if at else url


def database_url(settings: Settings) -> str:
    """The database's URL; the default one lies in the instance folder."""
    return settings.database_url or f"sqlite:///{settings.instance / 'warehouse.sqlite3'}"


def addresses(settings: Settings) -> tuple[str, ...]:
    """Where handhelds reach this server, best first: as set, else where it listens, or this machine's own address."""
    if settings.addresses:
        return settings.addresses
    host = _own_address() if settings.host in EVERYWHERE else settings.host
    return (f"http://{place(host, settings.port)}",)


def place(host: str, port: int) -> str:
    """Host and port as an address has them: an IPv6 host in brackets (RFC 3986, 3.2.2)."""
    return f"{f'[{host}]' if ':' in host else host}:{port}"


def unreachable(settings: Settings) -> str:
    """Why no handheld on the network can reach this server, in a sentence; empty where one may."""
    found = addresses(settings)
    if not all(_is_loopback(urlsplit(address).hostname or "") for address in found):
        return ""
    everywhere = settings.host in EVERYWHERE
    what = (
        "this machine's own address in the network"
        if everywhere
        else "the address of the proxy before it, or SCAN_HOST to 0.0.0.0 without a proxy"
    )
    return (
        f"Handhelds on other machines cannot reach this server: it says that it is at {found[0]}, which is only this "
        f"machine. Set SCAN_ADDRESSES to {what}, and start it again."
    )


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _own_address() -> str:
    """The address that packets to the network leave from; nothing is sent to find it out."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # TEST-NET-1 (RFC 5737): routed like any other, owned by nobody
        except OSError:
            return "127.0.0.1"
        return str(probe.getsockname()[0])


def secret_key(settings: Settings) -> str:
    """The session secret: as set, else the one in the instance folder, made now where there is none."""
    if settings.secret_key:
        return settings.secret_key
    try:
        return _kept_secret(settings.instance)
    except OSError as error:
        raise SettingError(
            f"{PREFIX}INSTANCE is '{settings.instance}', and this server cannot keep its files there: {error.strerror}."
        ) from None


def _kept_secret(folder: Path) -> str:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "secret_key"
    made = folder / f"secret_key.{os.getpid()}"
    if not path.exists():
        made.touch(mode=0o600)
        made.write_text(secrets.token_urlsafe(SECRET_BYTES))
        try:
            os.link(made, path)  # of several workers that start together, one wins and the others read its secret
        except FileExistsError:
            pass
        finally:
            made.unlink()
    return path.read_text()
