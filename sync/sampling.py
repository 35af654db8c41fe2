"""The sampling rule: how many units of a carton must be read one by one before its label speaks for the rest.

>>> Sampling(mode=Mode.SHARE, value=20).asked(60), Sampling(mode=Mode.COUNT, value=5).asked(3), NO_SAMPLE.asked(60)
(12, 3, 0)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

SITE_WIDE: Final = "*"
"""Key of the rule for suppliers that have none of their own."""


class Mode(StrEnum):
    """What a rule asks for."""

    NONE = "none"
    COUNT = "count"
    SHARE = "share"
    ALL = "all"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sampling:
    """One rule; `value` is units for a count and percent for a share."""

    mode: Mode
    value: int = 0

    def asked(self, units: int) -> int:
        """How many of a carton's units must be read one by one; a share is rounded up."""
        match self.mode:
            case Mode.COUNT:
                return min(units, self.value)
            case Mode.SHARE:
                return min(units, -(-units * self.value // 100))
            case Mode.ALL:
                return units
            case Mode.NONE:
                return 0

    @property
    def text(self) -> str:
        """The rule in words."""
        match self.mode:
            case Mode.COUNT:
                return f"{self.value} of each carton read one by one"
            case Mode.SHARE:
                return f"{self.value} % of each carton read one by one"
            case Mode.ALL:
                return "every unit read one by one"
            case Mode.NONE:
                return "the carton's label speaks for all of it"

    def row(self) -> dict[str, Any]:
        """As it is stored and sent."""
        return {"mode": self.mode.value, "value": self.value}

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> Sampling:
        """The rule in a stored or sent row; a mode that this version does not know asks for nothing."""
        mode = next((m for m in Mode if m.value == row.get("mode")), Mode.NONE)
        return cls(mode=mode, value=int(row.get("value") or 0))


NO_SAMPLE: Final = Sampling(mode=Mode.NONE)
"""Where nobody set a rule. With any other default one scan of a pallet could not receive it, which is what its label is
for; what is believed on a label is marked as inferred until somebody sees it, so that nothing is hidden."""
