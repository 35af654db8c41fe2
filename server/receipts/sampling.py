"""How many units of a carton have to be read one by one before the rest is believed on the carton's label.

A rule holds for one supplier, or for the whole site. It is a document that the server writes, so that it is known who
set it and when, and it is offered to handhelds, which then say "3 of 5 to read one by one" with no network.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from server import papers
from server.changes import publish, publish_all
from server.counts.plan import CountError
from server.database import lock, stamp
from server.tables import document_rows, documents, reference
from sync.sampling import NO_SAMPLE, SITE_WIDE, Mode, Sampling


def set_rule(
    connection: sa.Connection,
    *,
    site: str,
    supplier: str | None,
    mode: str,
    value: int,
    operator: str | None,
    now_ms: int,
) -> Sampling:
    """Set the rule of a supplier, or of the whole site where none is named.

    Args:
        mode: a `Mode`.
        value: units for `count`, percent for `share`; 0 for the others.

    Raises:
        CountError: there is no such mode, or the value does not belong to it.
    """
    rule = _checked(mode, value)
    key = supplier or SITE_WIDE
    lock(connection, site, [f"sampling {key}"])
    version = papers.versions(connection, site, "sampling", key) + 1
    papers.write(
        connection,
        site=site,
        kind="sampling",
        number=f"{key}/{version}",
        action="administer",
        reason=f"sampling rule of {supplier or 'the site'}: {rule.text}",
        rows=[{"subject": key, "attributes": rule.row()}],
        operator=operator,
        now_ms=now_ms,
    )
    publish(connection, site, "sampling", key, rule.row(), stamp(connection))
    return rule


def told_of(connection: sa.Connection, site: str) -> set[str]:
    """Suppliers that have a rule, and the site where it has one."""
    return set(_set(connection, site))


def tell(connection: sa.Connection, site: str, keys: Collection[str], at: int) -> None:
    """Offer the rules of these suppliers, or of the site, as they were set last."""
    said = _set(connection, site)
    publish_all(connection, site, "sampling", {key: said[key] for key in keys if key in said}, at)


def _set(connection: sa.Connection, site: str) -> dict[str, Mapping[str, Any]]:
    query = (
        sa.select(document_rows.c.subject, document_rows.c.attributes, documents.c.event_ms, documents.c.number)
        .join(documents, documents.c.digest == document_rows.c.document)
        .where(documents.c.site == site, documents.c.kind == "sampling", documents.c.event.isnot(None))
    )
    rows = sorted(connection.execute(query), key=lambda row: (row.event_ms, int(row.number.rpartition("/")[2])))
    return {row.subject: row.attributes for row in rows}


def _checked(mode: str, value: int) -> Sampling:
    if mode not in tuple(Mode):
        raise CountError(f"There is no sampling rule {mode!r}: it is one of {', '.join(Mode)}.")
    most = {Mode.COUNT: 10_000, Mode.SHARE: 100}.get(Mode(mode), 0)
    least = 1 if most else 0
    if not least <= value <= most:
        raise CountError(f"A rule of {mode!r} takes a number from {least} to {most}, and not {value}.")
    return Sampling(mode=Mode(mode), value=value)


@dataclass(frozen=True, slots=True)
class Rules:
    """The rules of a site."""

    rows: Mapping[str, Mapping[str, Any]]

    def of(self, supplier: str | None) -> Sampling:
        """The supplier's own rule, else the site's, else none is asked."""
        row = self.rows.get(supplier or SITE_WIDE) or self.rows.get(SITE_WIDE)
        return Sampling.from_row(row) if row else NO_SAMPLE


def rules(connection: sa.Connection, site: str) -> Rules:
    """Every rule that was set."""
    query = sa.select(reference.c.key, reference.c.row).where(
        reference.c.site == site, reference.c.kind == "sampling", reference.c.row.isnot(None)
    )
    return Rules({row.key: row.row for row in connection.execute(query)})
