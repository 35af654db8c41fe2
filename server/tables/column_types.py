"""How the fields of `ScanEvent` and `UnitState` lie in a column."""

from __future__ import annotations

from typing import Any, Final

import sqlalchemy as sa

SQL_TYPE: Final[dict[type, Any]] = {
    int: sa.BigInteger,
    str: sa.Text,
    bytes: sa.LargeBinary,
    tuple: sa.JSON(none_as_null=True),
    bool: sa.Boolean,
}
