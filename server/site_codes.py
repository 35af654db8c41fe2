"""The site's own codes (label patterns, domain, GLN, serial patterns): kept in one row, offered to its handhelds."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, Final

import sqlalchemy as sa

from server import changes
from server.tables import server_state
from sync.labels import SerialPattern, SiteCodes

REFERENCE_KEY: Final = "codes"


def load(connection: sa.Connection) -> SiteCodes:
    """The codes of this server's site."""
    return from_row(connection.execute(sa.select(server_state.c.codes)).scalar_one())


def from_row(row: Mapping[str, Any]) -> SiteCodes:
    """The codes in their stored form; fields of another version are left at their defaults.

    Raises:
        ValueError: a pattern is no regular expression.
    """
    known = {f.name for f in dataclasses.fields(SiteCodes)}
    values = {name: value for name, value in row.items() if name in known and value is not None}
    values["serial_patterns"] = tuple(SerialPattern(**p) for p in values.get("serial_patterns", ()))
    return SiteCodes(**values)


def learn(connection: sa.Connection, patterns: Mapping[str, str | None]) -> None:
    """Take over products' serial patterns: item -> regular expression, or None where it has none."""
    row = dict(connection.execute(sa.select(server_state.c.codes).with_for_update()).scalar_one())
    before = {p["item"]: p["pattern"] for p in row.get("serial_patterns", ())}
    after = {item: pattern for item, pattern in (before | dict(patterns)).items() if pattern is not None}
    if after != before:
        row["serial_patterns"] = [{"item": item, "pattern": pattern} for item, pattern in sorted(after.items())]
        connection.execute(server_state.update().values(codes=row))


def publish(connection: sa.Connection, site: str, at: int) -> None:
    """Offer the codes to the site's handhelds, if they changed."""
    row = dataclasses.asdict(load(connection)) | {"code": site, "name": site}
    changes.publish(connection, site, "site", REFERENCE_KEY, row, at)
