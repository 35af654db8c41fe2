"""Which format a file has, by its first bytes; a name that promises another is not believed."""

from __future__ import annotations

from collections.abc import Callable
from typing import BinaryIO, Final

from server.tabular import delimited, objects
from server.tabular.table import FILE_BYTES_MAX, Table, TableError


def _workbook(file: BinaryIO) -> Table:
    from server.tabular import workbook  # noqa: PLC0415  # openpyxl and numpy: a fifth of what it takes to start

    return workbook.read(file)


_READERS: Final[dict[bytes, Callable[[BinaryIO], Table]]] = {
    b"PK\x03\x04": _workbook,
    b"[": objects.read,
    b"{": objects.read,
}
_PICTURES: Final = (b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"II*\0", b"MM\0*")
"""How PNG, JPEG, GIF and TIFF begin."""
_CALLED: Final = {".xlsx": "Excel workbook", ".json": "JSON"}


def read(file: BinaryIO) -> Table:
    """The table in a CSV, XLSX or JSON file that can be sought in.

    Raises:
        TableError: it is none of these, damaged, empty, or out of bounds. Reading its rows can raise it as well.
    """
    size = file.seek(0, 2)
    if size > FILE_BYTES_MAX:
        raise TableError(f"The file has {size:,} bytes; {FILE_BYTES_MAX:,} are allowed.")
    file.seek(0)
    start = file.read(1024)
    file.seek(0)
    if start.startswith(b"\xd0\xcf\x11\xe0"):
        raise TableError("The file is an old Excel workbook (.xls) or has a password: save it as .xlsx without one.")
    if start.startswith(_PICTURES):
        raise TableError("The file is a picture; a table is needed: CSV, XLSX or JSON.")
    if start.startswith(b"%PDF"):
        raise TableError("The file is a PDF; a table is needed: CSV, XLSX or JSON.")
    bare = start.removeprefix(b"\xef\xbb\xbf").lstrip()
    if not bare and not start:
        raise TableError("The file is empty.")
    for magic, reader in _READERS.items():
        if bare.startswith(magic):
            return reader(file)
    for ending, what in _CALLED.items():
        if str(getattr(file, "name", "")).casefold().endswith(ending):
            raise TableError(f"The file is called {ending}, but what is in it is no {what}.")
    return delimited.read(file)
