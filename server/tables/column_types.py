"""How the fields of `ScanEvent` and `UnitState` lie in a column."""

from __future__ import annotations

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


SQL_TYPE: Final[dict[type, Any]] = {
    int: sa.BigInteger,
    str: sa.Text,
    bytes: sa.LargeBinary,
    tuple: Tuple,
    bool: sa.Boolean,
}
