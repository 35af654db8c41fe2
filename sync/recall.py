"""Recalls travel as predicates, so that they bite on units that a handheld has never heard of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Recall:
    """What must not move. Every part that is given has to match; `units` matches by name alone."""

    number: str
    reason: str
    item: str | None = None
    """Canonical name of the product."""
    lots: tuple[str, ...] = ()
    units: tuple[str, ...] = ()

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> Recall:
        """The recall in a row of reference data; what else the row holds is not its business."""
        lots, units = tuple(row.get("lots") or ()), tuple(row.get("units") or ())
        return cls(number=row["number"], reason=row["reason"], item=row.get("item"), lots=lots, units=units)

    def bites(self, *, key: str, item: str | None, lot: str | None) -> bool:
        """Whether it holds this unit, lot or item. A recall that names nothing holds nothing.

        A unit of a recalled product whose lot is not known is held too: it may be one of them.
        """
        if key in self.units:
            return True
        if self.item is None or item != self.item:
            return False
        return not self.lots or lot is None or lot in self.lots
