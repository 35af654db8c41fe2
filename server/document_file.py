"""From a file to documents in canonical form: every row is checked before any of it counts.

A file may hold several documents (a day's orders), told apart by their number. Their canonical rows go to a spool file
on disk while they are hashed, so that a million rows need no memory for their text.
"""

from __future__ import annotations

import csv
import dataclasses
import hashlib
import json
import tempfile
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import IO, Any, BinaryIO, Final, TextIO

from server import tabular
from server.cells import CellError
from server.document_kinds import Column, DocumentKind
from server.document_lines import Line, Names, fulfilment
from server.tabular import Row, Table, TableError
from sync.identity import Kind
from sync.labels import Label, parse
from sync.order import TRANSFER

DOCUMENTS_MAX: Final = 10_000
BAD_ROWS_MAX: Final = 10_000
"""With more of them it is not the file that it was taken for."""
_NAMED_MAX: Final = 5
_LINE_FIELDS: Final = tuple(f.name for f in dataclasses.fields(Line))


@dataclass(frozen=True, slots=True, kw_only=True)
class RowError:
    """What is wrong with one row, in a sentence."""

    row: int
    column: str | None
    problem: str

    def __str__(self) -> str:
        where = f"Row {self.row}" + (f", column {self.column}" if self.column else "")
        return f"{where}: {self.problem}"


@dataclass(slots=True, kw_only=True)
class DocumentDraft:
    """One document of the file: where its rows stand in the spool, and their digest so far."""

    number: str | None
    hashed: Any
    offsets: array[int] = field(default_factory=lambda: array("Q"))
    cartons: dict[str, str | None] = field(default_factory=dict)
    """Containers that its rows name -> what they stand in."""
    orders: dict[str, None] = field(default_factory=dict)
    """Purchase orders that its rows fulfil, in the order of the file."""
    party: tuple[str, str | None] | None = None
    read: array[int] = field(default_factory=lambda: array("Q"))
    """Its rows, as the file numbers them."""

    @property
    def digest(self) -> str:
        return str(self.hashed.hexdigest())


@dataclass(slots=True, kw_only=True)
class Draft:
    """What a file says, ready to be taken in, and what is wrong with it."""

    kind: DocumentKind
    site: str
    table: Table
    spool: IO[bytes]
    documents: dict[str | None, DocumentDraft] = field(default_factory=dict)
    errors: list[RowError] = field(default_factory=list)
    bad: list[Row] = field(default_factory=list)
    left_out: dict[int, str] = field(default_factory=dict)
    """Good rows of documents that are refused, but for the first of each, which is bad: row -> why."""
    left_out_rows: list[Row] = field(default_factory=list)
    ignored: tuple[str, ...] = ()
    """Headings that mean nothing here."""
    unscannable: list[str] = field(default_factory=list)
    """Numbers that no label of the site's can say, so that nobody scans them."""
    rows: int = 0
    """Rows without a fault."""
    once: dict[str, int] = field(default_factory=dict)

    def lines(self, document: DocumentDraft, start: int, stop: int) -> Iterator[dict[str, Any]]:
        """Rows of one document in canonical form, counted from 0."""
        for offset in document.offsets[start:stop]:
            self.spool.seek(offset)
            yield json.loads(self.spool.readline())

    def write_bad(self, file: TextIO) -> None:
        """The rows that were not taken, as a CSV file with the reason in its last column."""
        problems = dict(self.left_out)
        for error in self.errors:
            problems[error.row] = " ".join(filter(None, (problems.get(error.row), error.problem)))
        writer = csv.writer(file)
        writer.writerow([*self.table.headings, "problem"])
        for row in sorted([*self.bad, *self.left_out_rows], key=lambda row: row.number):
            cells = [row.cells.get(h, "") for h in self.table.headings]
            writer.writerow([*cells, problems[row.number]])


def unscannable_text(numbers: Sequence[str]) -> str:
    """That these numbers are taken, and that no handheld reads them off a label."""
    some = ", ".join(repr(number) for number in numbers[:_NAMED_MAX])
    more = f" and {len(numbers) - _NAMED_MAX:,} more" if len(numbers) > _NAMED_MAX else ""
    return (
        f"{some}{more}: no label of this site says such a number, so that it is typed and never scanned. "
        "Numbers that are scanned begin like SO-5001."
    )


def draft(file: BinaryIO, kind: DocumentKind, *, site: str, names: Names, number: str | None = None) -> Draft:
    """Read and check a file.

    Args:
        number: the document's number, for a file without such a column.

    Raises:
        TableError: the file as a whole is not a table of this kind.
    """
    table = tabular.read(file)
    columns = _columns(table, kind, number)
    found = Draft(
        kind=kind,
        site=site,
        table=table,
        spool=tempfile.TemporaryFile(),  # noqa: SIM115  # it lives as long as the draft, then the system drops it
        ignored=tuple(h for h in table.headings if h and h not in columns),
    )
    try:
        _take_all(found, columns, names, number)
        _refuse(found, names, file)
    except TableError:
        found.spool.close()
        raise
    return found


def _take_all(found: Draft, columns: dict[str, Column], names: Names, number: str | None) -> None:
    for row in found.table.rows:
        try:
            _take(found, row, columns, names, number)
        except _RowProblem as wrong:
            faults = [(wrong.column, str(wrong)), *wrong.further]
            found.errors += [RowError(row=row.number, column=column, problem=problem) for column, problem in faults]
            found.bad.append(row)
            if len(found.bad) > BAD_ROWS_MAX:
                raise TableError(f"More than {BAD_ROWS_MAX:,} rows are wrong, first {found.errors[0]}") from None
    for document in found.documents.values():
        for carton, parent in document.cartons.items():
            _write(found, document, Line(subject=carton, container=parent))
        for order in document.orders:
            _write(found, document, fulfilment(order))
    if not found.rows and not found.errors:
        raise TableError("The file has headings, but no rows.")


def _refuse(found: Draft, names: Names, file: BinaryIO) -> None:
    """Leave out the documents whose number is taken: the first row of each is named, and none of it counts.

    Args:
        file: read once more for the rows that are left out; nobody knew when they were read.
    """
    first: set[int] = set()
    digests = {number: document.digest for number, document in found.documents.items() if number is not None}
    for number, problem in names.refused(found.kind.name, digests).items():
        document = found.documents.pop(number)
        found.rows -= len(document.read)
        first.add(document.read[0])
        found.errors.append(RowError(row=document.read[0], column="number", problem=problem))
        found.left_out.update(dict.fromkeys(document.read[1:], problem))
    for row in tabular.read(file).rows if first else ():
        if row.number in first:
            found.bad.append(row)
        elif row.number in found.left_out:
            found.left_out_rows.append(row)


class _RowProblem(ValueError):
    """What is wrong with a row; `further` holds the faults of its other columns: column and problem of each."""

    def __init__(self, problem: str, column: str | None = None, further: Sequence[tuple[str, str]] = ()) -> None:
        super().__init__(problem)
        self.column = column
        self.further = further


def _columns(table: Table, kind: DocumentKind, number: str | None) -> dict[str, Column]:
    """The column behind each heading of the file that means something."""
    by_heading = {heading: column for column in kind.columns for heading in column.headings}
    found = {heading: by_heading[heading] for heading in table.headings if heading in by_heading}
    taken: dict[str, str] = {}
    for heading, column in found.items():
        if column.name in taken:
            raise TableError(f"The columns {taken[column.name]!r} and {heading!r} both give the {column.name}.")
        taken[column.name] = heading
    missing = [c.name for c in kind.columns if c.required and c.name not in taken]
    if kind.named and number is None and "number" not in taken:
        missing.append("number")
    if missing:
        read = ", ".join(h for h in table.headings if h) or "none"
        raise TableError(f"{kind.name} needs the column {' and '.join(missing)}; the file's columns are: {read[:300]}.")
    return found


def _take(found: Draft, row: Row, columns: dict[str, Column], names: Names, number: str | None) -> None:
    """Check one row, and write it to the document that it belongs to."""
    if row.problem is not None:
        raise _RowProblem(row.problem)
    values = _values(row, columns, found.kind)
    if found.kind.named and values.get("number", number) is None:
        raise _RowProblem("The row says no number.", "number")
    try:
        line = found.kind.line(values, names)
        inside = _cartons(values, line, names) if found.kind.cartons else {}
    except CellError as wrong:
        raise _RowProblem(str(wrong), wrong.column) from None
    called = values.get("number", number) if found.kind.named else number
    if values.get("to_site") and not (called or "").startswith(TRANSFER):
        raise _RowProblem(f"It goes to another site: the number of a transfer begins with {TRANSFER}.", "number")
    is_new = called not in found.documents
    document = _document(found, called)
    if is_new and called is not None and not _is_scannable(called, names):
        found.unscannable.append(called)
    _check_cartons(document, inside, values)
    _check_once(found, document, line, row.number)
    _check_party(document, values)
    document.cartons.update(inside)
    if found.kind.cartons and "po" in values:
        document.orders[values["po"]] = None
    _write(found, document, line)
    found.rows += 1
    document.read.append(row.number)


def _values(row: Row, columns: dict[str, Column], kind: DocumentKind) -> dict[str, Any]:
    values: dict[str, Any] = {}
    faults: list[tuple[str, str]] = []
    spoilt = set()
    for heading, cell in row.cells.items():
        column = columns.get(heading)
        if column is not None:
            try:
                values[column.name] = column.read(cell)
            except CellError as wrong:
                faults.append((heading, str(wrong)))
                spoilt.add(column.name)
    needed = (column.name for column in kind.columns if column.required)
    faults += [(name, f"The {name} is empty.") for name in needed if name not in values.keys() | spoilt]
    if faults:
        (heading, problem), *further = faults
        raise _RowProblem(problem, heading, further)
    return values


def _is_scannable(number: str, names: Names) -> bool:
    label = parse(number.encode(), "]C0", names.codes)
    return isinstance(label, Label) and label.kind is Kind.DOCUMENT


def _document(found: Draft, number: str | None) -> DocumentDraft:
    document = found.documents.get(number)
    if document is None:
        if len(found.documents) >= DOCUMENTS_MAX:
            raise TableError(f"The file holds more than {DOCUMENTS_MAX:,} documents: send it in parts.")
        document = DocumentDraft(number=number, hashed=new_digest(found.site, found.kind.name, number))
        found.documents[number] = document
    return document


def _cartons(values: dict[str, Any], line: Line, names: Names) -> dict[str, str | None]:
    """The containers that a row speaks of, and what each stands in."""
    parent = values.get("parent")
    if line.container is None:
        if parent is not None:
            raise CellError(f"The row names the pallet {parent!r}, but no carton on it.")
        return {}
    if parent is None:
        return {line.container: None}
    on = names.container(parent, "parent")
    if on == line.container:
        raise CellError(f"The carton {parent!r} cannot stand in itself.")
    return {line.container: on, on: None}


def _check_cartons(document: DocumentDraft, inside: dict[str, str | None], values: dict[str, Any]) -> None:
    for carton, parent in inside.items():
        known = document.cartons.get(carton)
        if parent is None:
            inside[carton] = known
        elif known not in (None, parent):
            raise _RowProblem(f"The carton {values['sscc']} stands on another pallet in a row above.", "parent")


def _check_once(found: Draft, document: DocumentDraft, line: Line, row: int) -> None:
    subject = found.kind.alone(line)
    if subject is None:
        return
    key = f"{document.number} {subject}" if found.kind.named else subject
    before = found.once.setdefault(key, row)
    if before != row:
        raise _RowProblem(f"The same one stands in row {before} already.")


def _check_party(document: DocumentDraft, values: dict[str, Any]) -> None:
    if "customer" not in values:
        if "address" in values:
            raise _RowProblem("The row has an address, but no customer.", "customer")
        return
    party = values["customer"], values.get("address")
    if document.party not in (None, party):
        raise _RowProblem(f"Order {document.number} has another customer or address in a row above.", "customer")
    document.party = party


def _write(found: Draft, document: DocumentDraft, line: Line) -> None:
    text = canonical_row({name: getattr(line, name) for name in _LINE_FIELDS})
    document.hashed.update(text)
    document.offsets.append(found.spool.seek(0, 2))
    found.spool.write(text)


def canonical_row(row: dict[str, Any]) -> bytes:
    """A row's canonical bytes: one line of ASCII JSON, keys sorted, absent ones left out."""
    present = {name: row[name] for name in _LINE_FIELDS if row[name] is not None}
    return json.dumps(present, sort_keys=True, separators=(",", ":")).encode("ascii") + b"\n"


def new_digest(site: str, kind: str, number: str | None) -> Any:
    """SHA-256 of a document before its first row: where, what, and the number that people gave it."""
    head = {"kind": kind, "number": number, "site": site}
    return hashlib.sha256(json.dumps(head, sort_keys=True, separators=(",", ":")).encode("ascii") + b"\n")
