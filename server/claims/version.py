"""The version of a closed receipt that a claim rests on, and whether the receipt says something else by now."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

import sqlalchemy as sa

from server import papers
from server.counts.compare import Line
from server.receipts.lines import ReceiptLine
from server.receipts.receipt import ReceiptReport, report

WRONG_OF: Final = {
    Line.MISSING: "short",
    Line.UNEXPECTED: "over",
    Line.UNKNOWN: "over",
    Line.MISPLACED: "wrong_carton",
    Line.DUPLICATE: "duplicate",
}
"""What each kind of line of a receipt is as a complaint."""


def has_changed(
    connection: sa.Connection, site: str, receipt: str, version: int, found: ReceiptReport | None = None
) -> bool:
    """Whether a receipt by now says something else than its latest version.

    A scan came, one that it rests on was undone, or what was wrong was put right under another number.

    Args:
        found: the report as it stands, where it is at hand.
    """
    if not version:
        return False
    scans, lines = frozen(connection, site, receipt, version)
    now = found or report(connection, site=site, number=receipt)
    return set(now.scans) != set(scans) or _wrongs(now.lines) != _wrongs(lines)


def frozen(connection: sa.Connection, site: str, receipt: str, version: int) -> tuple[list[str], list[ReceiptLine]]:
    """The scans that a version rests on, and its lines."""
    (head, *rows) = papers.rows_of(connection, site, "receipt_result", f"{receipt}/{version}")
    return head["attributes"]["scans"], [_frozen_line(row["attributes"]) for row in rows]


def _frozen_line(said: Mapping[str, Any]) -> ReceiptLine:
    lists = {name: tuple(said[name]) for name in ("seen", "events", "facts")}
    return ReceiptLine(**{**said, **lists, "kind": Line(said["kind"])})


def _wrongs(lines: Iterable[ReceiptLine]) -> set[tuple[object, ...]]:
    wrong = (line for line in lines if is_wrong(line))
    return {(w.subject, w.kind, w.expected_quantity, w.quantity, w.condition) for w in wrong}


def is_wrong(line: ReceiptLine) -> bool:
    """Whether there is something to complain of."""
    return line.kind in WRONG_OF or line.damaged
