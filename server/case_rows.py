"""Cases as rows of `cases`: read, compared and written."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any, Final

import sqlalchemy as sa

from server import removal
from server.case import Case
from server.database import KEYS, SITE
from server.ledger import in_chunks
from server.rules import Finding, rules
from server.tables import cases
from server.upsert import upsert
from sync.identity import item_of

Cases = dict[tuple[str, str], Case]
"""By rule and episode."""


_CASES: Final = sa.select(cases).where(cases.c.site == SITE, cases.c.unit.in_(KEYS))
_OPEN: Final = _CASES.where((cases.c.status == "open") | (cases.c.rule == "stolen"))
"""A theft's case was open until its thing was found, which may be later than a scan that is heard of after that."""
_LOST: Final = cases.delete().where(
    cases.c.site == SITE, *(cases.c[name] == sa.bindparam(f"of_{name}") for name in ("unit", "rule", "episode"))
)


def cases_of(
    connection: sa.Connection, site: str, units: Iterable[str], *, only_open: bool = False
) -> dict[str, Cases]:
    """The stored cases of each subject, by its name, without those that are found apart from its history.

    Args:
        only_open: those alone that may be open at the moment of a fact which follows all that are known.
    """
    apart = {rule.name for rule in rules().values() if rule.apart}
    found: dict[str, Cases] = defaultdict(dict)
    for keys in in_chunks(units):
        for row in connection.execute(_OPEN if only_open else _CASES, {"site": site, "keys": keys}).mappings():
            if row["rule"] not in apart:
                found[row["unit"]][row["rule"], row["episode"]] = case_of(row)
    return found


def case_of(row: sa.RowMapping) -> Case:
    """The case that stands in a row of `cases`."""
    return Case(
        rule=row["rule"],
        episode=row["episode"],
        opened_ms=row["opened_ms"],
        document=row["document"],
        finding=Finding(detail=row["detail"], expected=row["expected"], seen=row["seen"], against=row["against"]),
        evidence=row["evidence"],
        status=row["status"],
        closed_by=row["closed_by"],
        closed_ms=row["closed_ms"],
        resolution=row["resolution"],
        operator=row["operator"],
        device_no=row["device_no"],
        assigned=row["assigned"],
    )


def write(
    connection: sa.Connection, site: str, before: Mapping[str, Cases], after: Mapping[str, Cases], at: int
) -> None:
    """Write what differs, by subject: a case that the ledger bears out no longer is taken out."""
    changed, lost = [], []
    for subject in sorted(before.keys() | after.keys()):
        old, new = before.get(subject, {}), after.get(subject, {})
        changed += [_row(site, subject, case, at) for key, case in sorted(new.items()) if old.get(key) != case]
        lost += [(subject, *key) for key in old.keys() - new.keys()]
    upsert(connection, cases, changed)
    removal.note(connection, site, "case", lost, at)
    if lost:
        keys = [{"site": site, "of_unit": unit, "of_rule": rule, "of_episode": episode} for unit, rule, episode in lost]
        connection.execute(_LOST, keys)


def _row(site: str, unit: str, case: Case, at: int) -> dict[str, Any]:
    return {
        "site": site,
        "unit": unit,
        "rule": case.rule,
        "episode": case.episode,
        "status": case.status,
        "opened_ms": case.opened_ms,
        "expected": case.finding.expected,
        "seen": case.finding.seen,
        "against": case.finding.against,
        "document": case.document,
        "detail": case.finding.detail,
        "evidence": case.evidence,
        "closed_by": case.closed_by,
        "closed_ms": case.closed_ms,
        "resolution": case.resolution,
        "item": item_of(unit),
        "operator": case.operator,
        "device_no": case.device_no,
        "assigned": case.assigned,
        "stamp": at,
    }
