"""Small files about orders and parcels: CSV, XLSX or JSON, each row a few texts; all of them are taken, or none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import BinaryIO, Final

from server import tabular
from server.tabular import TableError

ROWS_MAX: Final = 20_000
TEXT_MAX: Final = 300


@dataclass(frozen=True, slots=True)
class Heading:
    """One column: its name, and the other headings that it goes by."""

    name: str
    also: tuple[str, ...] = ()
    optional: bool = False


CANCELLATIONS: Final = (Heading("number", ("order", "order_no", "order_number")), Heading("reason", ("why", "note")))
PARCELS: Final = (
    Heading("container", ("sscc", "carton", "parcel", "lpn")),
    Heading("tracking", ("tracking_number", "tracking_no", "shipment")),
    Heading("carrier", ("shipper", "courier"), optional=True),
)


def read(file: BinaryIO, headings: tuple[Heading, ...]) -> list[dict[str, str]]:
    """The rows of a file, each with a text for every heading.

    Raises:
        TableError: it is no such table, or rows are wrong; the message names the first of them.
    """
    table = tabular.read(file)
    names = {other: heading.name for heading in headings for other in (heading.name, *heading.also)}
    columns = {found: names[found] for found in table.headings if found in names}
    needed = [heading.name for heading in headings if not heading.optional]
    missing = [name for name in needed if name not in columns.values()]
    if missing:
        raise TableError(f"The file needs the column {' and '.join(missing)}.")
    rows = []
    for row in table.rows:
        if row.problem is not None:
            raise TableError(f"Row {row.number}: {row.problem}")
        values = {columns[found]: str(cell).strip() for found, cell in row.cells.items() if found in columns}
        empty = [name for name in needed if not values.get(name)]
        if empty:
            raise TableError(f"Row {row.number}: the {' and the '.join(empty)} is empty.")
        long = [name for name, text in values.items() if len(text) > TEXT_MAX]
        if long:
            raise TableError(f"Row {row.number}: the {long[0]} is longer than {TEXT_MAX} characters.")
        rows.append(values)
        if len(rows) > ROWS_MAX:
            raise TableError(f"The file has more than {ROWS_MAX:,} rows: send it in parts.")
    return rows
