"""The order in which people walk from bin to bin, by the codes on them."""

from __future__ import annotations

import re
from typing import Final

_DIGITS: Final = re.compile(r"(\d+)")


def walking_order(code: str) -> list[tuple[int, int, str]]:
    """Sorts bins by code as people walk: A-2 before A-10.

    >>> sorted(["A-10", "A-2", "B-1"], key=walking_order)
    ['A-2', 'A-10', 'B-1']
    """
    return [(0, int(part), "") if part.isdigit() else (1, 0, part) for part in _DIGITS.split(code) if part]
