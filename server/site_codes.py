"""The site's own codes (label patterns, domain, GLN, serial patterns): kept with the site, offered to its handhelds."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, Final

import sqlalchemy as sa

from server import changes
from server.tables import sites
from sync.labels import SerialPattern, SiteCodes

REFERENCE_KEY: Final = "codes"
_FIELDS: Final = frozenset(f.name for f in dataclasses.fields(SiteCodes))
_CODES: Final = sa.select(sites.c.codes).where(sites.c.site == sa.bindparam("site"))


def load(connection: sa.Connection, site: str) -> SiteCodes:
    """The codes of a site."""
    return from_row(connection.execute(_CODES, {"site": site}).scalar_one())


def from_row(row: Mapping[str, Any]) -> SiteCodes:
    """The codes in their stored form; fields of another version are left at their defaults.

    Raises:
        ValueError: a pattern is no regular expression.
    """
    values = {name: value for name, value in row.items() if name in _FIELDS and value is not None}
    values["serial_patterns"] = tuple(SerialPattern(**p) for p in values.get("serial_patterns", ()))
    return SiteCodes(**values)


def learn(connection: sa.Connection, site: str, patterns: Mapping[str, str | None]) -> None:
    """Take over products' serial patterns: item -> regular expression, or None where it has none."""
    where = sites.c.site == site
    row = dict(connection.execute(sa.select(sites.c.codes).where(where).with_for_update()).scalar_one())
    before = {p["item"]: p["pattern"] for p in row.get("serial_patterns", ())}
    after = {item: pattern for item, pattern in (before | dict(patterns)).items() if pattern is not None}
    if after != before:
        row["serial_patterns"] = [{"item": item, "pattern": pattern} for item, pattern in sorted(after.items())]
        connection.execute(sites.update().where(where).values(codes=row))


def publish(connection: sa.Connection, site: str, at: int) -> None:
    """Offer the codes to the site's handhelds, if they changed."""
    row = dataclasses.asdict(load(connection, site)) | {"code": site, "name": site}
    changes.publish(connection, site, "site", REFERENCE_KEY, row, at)
