"""What a view asks of the app that it runs in: its settings, the time, and who the server is."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import sqlalchemy as sa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from flask import current_app

from server import config
from server.errors import Refusal
from server.tables import server_state

Clock = Callable[[], int]


def wall_clock() -> int:
    """Unix milliseconds."""
    return time.time_ns() // 1_000_000


def settings() -> config.Settings:
    """The settings of the running app."""
    found: config.Settings = current_app.config["SETTINGS"]
    return found


def now_ms() -> int:
    """The time, Unix milliseconds, by the clock that `create_app` was given."""
    clock: Clock = current_app.config["NOW_MS"]
    return clock()


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Who this server is, as its handhelds know it."""

    site: str
    incarnation: str
    key: Ed25519PrivateKey

    @property
    def public_key(self) -> bytes:
        """The 32 bytes that invitations carry."""
        return self.key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)


_IDENTITY: Final = sa.select(server_state.c.site, server_state.c.incarnation, server_state.c.private_key)


def identity(connection: sa.Connection) -> Identity:
    """The server's identity.

    Raises:
        Refusal: 503, the database has not been set up.
    """
    row = connection.execute(_IDENTITY).one_or_none()
    if row is None:
        raise Refusal(503, "not_set_up", "This server is not set up yet: run `flask --app server init`.")
    return Identity(
        site=row.site,
        incarnation=row.incarnation,
        key=Ed25519PrivateKey.from_private_bytes(row.private_key),
    )
