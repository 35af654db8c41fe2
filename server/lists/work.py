"""Work: cases, counts and receipts with their lines."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import asdict, replace
from functools import partial
from typing import Any, Final

import sqlalchemy as sa

from server import case_filter, case_list, context, latest_first, naming, queries
from server.counts import shown
from server.counts.compare import ReportLine
from server.counts.listing import list_counts
from server.counts.plan import CountError
from server.exports import ROWS_AT_ONCE, Column, Filters, Listing, Rows
from server.lists.naming_rows import batches, with_names
from server.receipts import receipt
from server.receipts.listing import list_receipts


def _cases(connection: sa.Connection, site: str, filters: Filters) -> Rows:
    devices = queries.device_names(connection, site)
    unit = filters.get("unit") or None
    asked = case_filter.read(connection, site, {"status": case_list.ALL} | dict(filters), context.now_ms())
    if asked.problems:
        raise LookupError(asked.problems[0])
    wanted = replace(asked.wanted, unit=unit)

    def pages() -> Rows:
        after = None
        while page := case_list.list_cases(connection, site, wanted, sort=asked.sort, after=after, limit=ROWS_AT_ONCE):
            for case in page:
                yield asdict(case) | {"handheld": devices.get(case.device_no)}
            after = case_list.read_after(page[-1].after)

    return with_names(connection, site, pages(), {"unit": "name", "expected": "belongs", "seen": "seen_at"})


def _page_by_page(
    connection: sa.Connection, site: str, _filters: Filters, *, page: Callable[..., tuple[list[Any], str | None]]
) -> Rows:
    yield from map(asdict, latest_first.every(partial(page, connection, site)))


def _lines(
    connection: sa.Connection, site: str, filters: Filters, *, each_line: Callable[..., Iterable[ReportLine]]
) -> Rows:
    try:
        lines = each_line(connection, site=site, number=filters["number"])
    except CountError as error:
        raise LookupError(str(error)) from None
    told = {"subject": "name", "expected": "belongs"}
    for some in batches(with_names(connection, site, map(asdict, lines), told)):
        names = naming.read(connection, site, (place for row in some for place in row["seen"] if place))
        for row in some:
            yield row | {"seen_at": " ".join(names(place).text for place in row["seen"] if place)}


def _of_receipt(connection: sa.Connection, *, site: str, number: str) -> Iterable[ReportLine]:
    return receipt.report(connection, site=site, number=number).lines


_COUNTS: Final = (
    Column("number", "Number"),
    Column("sort", "What"),
    Column("of", "Recount of"),
    Column("state", "State"),
    Column("opened_ms", "Opened", moment=True),
    Column("bins", "Bins"),
    Column("done", "Bins done"),
    Column("blind", "Blind"),
    Column("versions", "Closed versions"),
    Column("expected", "Expected"),
    Column("matched", "Matched"),
)
_RECEIPTS: Final = (
    Column("number", "Number"),
    Column("kind", "What"),
    Column("supplier", "Supplier"),
    Column("state", "State"),
    Column("since_ms", "Since", moment=True),
    Column("scans", "Scans"),
    Column("last_ms", "Last scan", moment=True),
    Column("versions", "Closed versions"),
)
_LINES: Final = (
    Column("kind", "Result"),
    Column("name", "Unit, product or lot"),
    Column("belongs", "Belongs"),
    Column("seen_at", "Seen"),
    Column("expected_quantity", "Expected"),
    Column("quantity", "Counted"),
    Column("subject", "Canonical name"),
    Column("expected", "Canonical place where it belongs"),
    Column("seen", "Canonical places where it was seen"),
    Column("events", "Scans"),
)
LISTS: Final = (
    Listing(
        name="cases",
        title="Cases",
        rows=_cases,
        filters={**case_filter.NAMES, "unit": "canonical name"},
        columns=(
            Column("rule", "What"),
            Column("status", "State"),
            Column("name", "Unit"),
            Column("detail", "Found"),
            Column("belongs", "Belongs"),
            Column("seen_at", "Seen"),
            Column("document", "Document"),
            Column("opened_ms", "Opened", moment=True),
            Column("operator", "By"),
            Column("assigned", "For"),
            Column("handheld", "At"),
            Column("closed_ms", "Closed", moment=True),
            Column("closed_operator", "Closed by"),
            Column("resolution", "Decision"),
            Column("unit", "Canonical name"),
            Column("expected", "Canonical place where it belongs"),
            Column("seen", "Canonical place where it was seen"),
            Column("episode", "Event"),
        ),
    ),
    Listing(name="counts", title="Counts", rows=partial(_page_by_page, page=list_counts), columns=_COUNTS),
    Listing(name="receipts", title="Receipts", rows=partial(_page_by_page, page=list_receipts), columns=_RECEIPTS),
    Listing(
        name="count_lines",
        title="Lines of a count",
        rows=partial(_lines, each_line=shown.each_line),
        filters={"number": "of the count"},
        needs="number",
        columns=_LINES,
    ),
    Listing(
        name="receipt_lines",
        title="Lines of a receipt",
        rows=partial(_lines, each_line=_of_receipt),
        filters={"number": "of the ASN"},
        needs="number",
        columns=_LINES,
    ),
)
