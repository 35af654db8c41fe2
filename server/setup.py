"""Make a database ready for use: its schema, who the server is, and the first person who may sign in.

Every step looks first at what is there, so that running it again changes nothing.
"""

from __future__ import annotations

import secrets
from dataclasses import asdict, dataclass
from typing import Final

import sqlalchemy as sa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from server import migrations, site_codes
from server.config import Settings
from server.database import reading, stamp, writing
from server.staff import add_person
from server.tables import people, server_state, sites
from sync.labels import SiteCodes

INCARNATION_BYTES: Final = 8
PASSWORD_BYTES: Final = 15
FOLD_VERSION: Final = "1"
FIRST_ADMIN: Final = "admin"


class SetUpError(ValueError):
    """The database cannot be used with these settings; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SetUp:
    """What was found and what was made."""

    schema_before: str | None
    schema: str
    site: str
    made: bool
    """Whether this server came to be just now."""
    admin: str | None = None
    """The administrator who was added, if any."""
    password: str | None = None
    """Their password, where it was made up: to be shown once, for it is kept nowhere."""
    people: int = 0


def is_ready() -> bool:
    """Whether the database has this release's schema, a server and somebody who may sign in."""
    with reading() as connection:
        if migrations.current(connection) != migrations.head():
            return False
        return all(connection.execute(sa.select(t.c.site).limit(1)).first() for t in (server_state, people))


def set_up(settings: Settings, *, now_ms: int, admin: str = FIRST_ADMIN, password: str | None = None) -> SetUp:
    """Bring the schema up to date, and make what is missing.

    Args:
        admin: name of the first administrator, added only where nobody may sign in yet.
        password: theirs; None makes one up.

    Raises:
        SetUpError: the database belongs to another site.
        NewerDatabase: a newer release made it.
        ValueError: the name or the password will not do.
    """
    with writing() as connection:
        before, after = migrations.upgrade(connection)
    with writing() as connection:
        made = _server(connection, settings.site)
        known = connection.execute(sa.select(sa.func.count()).select_from(people)).scalar_one()
        found = SetUp(schema_before=before, schema=after, site=settings.site, made=made, people=known)
        if known:
            return found
        word = password or secrets.token_urlsafe(PASSWORD_BYTES)
        add_person(connection, site=settings.site, name=admin, role="admin", password=word, by=None, now_ms=now_ms)
        return SetUp(
            schema_before=before,
            schema=after,
            site=settings.site,
            made=made,
            admin=admin,
            password=None if password else word,
            people=1,
        )


def _server(connection: sa.Connection, site: str) -> bool:
    """The one row that says who this server is; True where it was made just now."""
    row = connection.execute(sa.select(server_state.c.site).with_for_update()).one_or_none()
    if row is not None:
        if row.site != site and not connection.execute(sa.select(sites.c.site).where(sites.c.site == site)).first():
            raise SetUpError(f"This database keeps the stock of site {row.site!r}, and SCAN_SITE is {site!r}.")
        return False
    connection.execute(
        server_state.insert().values(
            id=1,
            incarnation=new_incarnation(),
            private_key=Ed25519PrivateKey.generate().private_bytes_raw(),
            site=site,
            stamp=0,
            fold_version=FOLD_VERSION,
        )
    )
    connection.execute(sites.insert().values(site=site, name=site, codes=asdict(SiteCodes(site=site))))
    site_codes.publish(connection, site, stamp(connection))
    return True


def new_incarnation() -> str:
    """A name for a database from the moment when it was made or restored."""
    return secrets.token_hex(INCARNATION_BYTES)
