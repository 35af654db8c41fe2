"""Tables as people send them: a CSV, XLSX or JSON file becomes numbered rows, or a sentence that says what is wrong."""

from server.tabular.read import read
from server.tabular.table import BOUNDS, MEDIA_TYPES, Cell, Row, Table, TableError

__all__ = ["BOUNDS", "MEDIA_TYPES", "Cell", "Row", "Table", "TableError", "read"]
