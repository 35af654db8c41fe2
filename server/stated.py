"""What rows of documents state: the facts that an import, a closed count or a closed receipt makes of them. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import sqlalchemy as sa

from sync.event import ScanEvent
from sync.history import Fact
from sync.identity import is_stock

Row = sa.RowMapping
"""A stated row of `document_rows`, with its document's `kind`, `number`, `event` and `event_ms`."""
ROW_ACTION: Final = {
    "stock": "expect",
    "asn": "announce",
    "count_result": "not_found",
    "take_on": "expect",
    "receipt_result": "not_received",
    "mode_result": "merge",
    "transfer_missing": "not_arrived",
    "transfer_arrived": "arrived",
    "transfer_withdrawn": "void",
    "recall_outcome": "remove",
    "recall_retraction": "void",
    "theft": "stolen",
    "theft_found": "found",
}
"""What a row of a document says about the unit that it names."""
_REASON: Final = dict.fromkeys(("transfer_withdrawn", "recall_outcome", "recall_retraction"), "reason") | {
    "count_result": "recounted",
    "asn": "once_more",
}
"""What each row of these kinds says for a reason; of a count, which recount did not find it; of a notice, whether its
carton was here and left empty (`sync.unit.LEFT_EMPTY`)."""


def stated(row: Row) -> Fact:
    """One row of an imported document, as the fact that its import made of it."""
    device_no, epoch, seq = map(int, row["event"].split("."))
    from_ms, when = _moment(row)
    said = (row["attributes"] or {}) if row["kind"] in _REASON else {}
    event = ScanEvent(
        device_no=device_no,
        epoch=epoch,
        seq=seq,
        action=ROW_ACTION[row["kind"]],
        subject=row["subject"],
        location=row["location"],
        container=row["container"],
        document=row["number"],
        quantity=row["quantity"],
        lot=row["lot"],
        expiry=row["expiry"],
        voids=said.get("voids"),
        reason=said.get(_REASON.get(row["kind"], "")),
        wall_ms=when,
        boot="import",
        boot_ms=0,
    )
    return Fact(
        event_ms=when,
        name=event.name,
        row=row["row"],
        digest=bytes.fromhex(row["document"]),
        uncertainty_ms=when - from_ms,  # of pieces that were counted: anywhere within their bin's interval
        event=event,
    )


def _moment(row: Row) -> tuple[int, int]:
    """From when to when it happened: pieces were counted, and a container arrived, before their document said so."""
    at_ms = row["event_ms"]
    if _of_pieces(row):
        from_ms, until_ms = row["attributes"]["counted_ms"]
        return from_ms, until_ms
    if row["kind"] in _DATED:
        at_ms = (row["attributes"] or {}).get(_DATED[row["kind"]], at_ms)
    return at_ms, at_ms


_DATED: Final = {"transfer_arrived": "by_ms", "asn": "as_of_ms"}
"""Where rows of these kinds say that they are of an earlier moment than their document."""


def last_words(rows: Sequence[Row]) -> list[Row]:
    """The rows without what a closed count says of pieces where a later version of it speaks of them, or takes it back.

    Args:
        rows: every stated row of their subjects.
    """
    last: dict[tuple[str, str, str], int] = {}
    for row in rows:
        if _of_pieces(row):
            key, version = _version(row)
            last[key] = max(last.get(key, 0), version)
    return [row for row in rows if not _of_pieces(row) or (row["quantity"] is not None and _is_last(row, last))]


def _of_pieces(row: Row) -> bool:
    return row["kind"] == "count_result" and is_stock(row["subject"])


def _version(row: Row) -> tuple[tuple[str, str, str], int]:
    """Which pieces of which count, and the version that speaks of them."""
    count, _, version = row["number"].rpartition("/")
    return (row["subject"], row["location"], count), int(version)


def _is_last(row: Row, last: Mapping[tuple[str, str, str], int]) -> bool:
    key, version = _version(row)
    return last[key] == version
