"""How the fields of `ScanEvent` and `UnitState` lie in a column."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Final

import sqlalchemy as sa

_NONE_WRITTEN: Final = "[]"


class Tuple(sa.TypeDecorator[tuple[Any, ...]]):
    """A tuple of texts or of numbers, as JSON.

    A unit has four, nearly all of them empty: those are neither written nor read as JSON, which was an eighth of what
    taking in a batch cost.
    """

    impl = sa.JSON
    cache_ok = True

    def __init__(self) -> None:
        super().__init__(none_as_null=True)

    def bind_processor(self, dialect: sa.Dialect) -> Callable[[Any], Any]:
        write = super().bind_processor(dialect)
        if write is None:
            raise TypeError("JSON is written by no driver itself.")
        empty = write(())
        return lambda value: None if value is None else empty if value == () else write(value)

    def result_processor(self, dialect: sa.Dialect, coltype: object) -> Callable[[Any], Any]:
        read = super().result_processor(dialect, coltype) or list

        def process(value: Any) -> tuple[Any, ...] | None:
            if value is None:
                return None
            return () if value == _NONE_WRITTEN else tuple(read(value) or ())

        return process


def as_written(column: sa.Column[Any]) -> sa.ColumnElement[Any]:
    """The column in a query, JSON as its text stands there.

    What is damaged then fails its own row, when that is read (`read_written`), and not all that the database answers.
    """
    is_json = isinstance(column.type, Tuple | sa.JSON)
    return sa.cast(column, sa.Text).label(column.name) if is_json else column


def read_written(column: sa.Column[Any], value: Any) -> Any:
    """What a value says that a query gave `as_written`.

    Raises:
        ValueError, TypeError: it is damaged.
    """
    if isinstance(column.type, Tuple) and value is not None:
        return () if value == _NONE_WRITTEN else tuple(json.loads(value) or ())
    return json.loads(value) if isinstance(column.type, sa.JSON) and value is not None else value


SQL_TYPE: Final[dict[type, Any]] = {
    int: sa.BigInteger,
    str: sa.Text,
    bytes: sa.LargeBinary,
    tuple: Tuple,
    bool: sa.Boolean,
}
