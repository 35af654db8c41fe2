"""Regular expressions that a site writes: compiled once, and only those that no label can make run for ever.

Whoever prints labels chooses the text, and `(A+)+B` takes hours to find out that 40 letters A have no B. So a pattern
is taken only where a text can be matched in so few ways that all of them can be tried.
"""

from __future__ import annotations

import re
from functools import lru_cache
from importlib import import_module
from typing import Any, Final

TEXT_CHARS_MAX: Final = 100
"""Longer texts match no pattern of a site's: its codes and serial numbers are shorter by far."""
WAYS_MAX: Final = 1_000_000
"""Three free repetitions (`.*`) are about as many; all of them are tried within a tenth of a second."""

# The tree of a pattern, which Python makes before it compiles; there is no public name for it.
_tree_of: Final = import_module("re._parser").parse


@lru_cache(maxsize=4096)
def compiled(pattern: str) -> re.Pattern[str]:
    """The pattern, ready to match whole texts.

    Raises:
        ValueError: it is no regular expression, or one that a label could make run for ever.
    """
    try:
        found = re.compile(pattern, re.ASCII)
        ways = _ways(_tree_of(pattern))
    except (re.error, OverflowError, RecursionError) as error:
        raise ValueError(f"{pattern!r} is no regular expression: {error}.") from error
    if ways > WAYS_MAX:
        raise ValueError(
            f"{pattern!r} can be matched in so many ways that a label could stop a handheld: "
            "write it with fewer '*', '+' and '?', and none within another."
        )
    return found


def match(pattern: str, text: str) -> re.Match[str] | None:
    """How the pattern matches all of a text; None where it does not, or where the text is too long to be a code."""
    return compiled(pattern).fullmatch(text) if len(text) <= TEXT_CHARS_MAX else None


def _ways(tree: Any) -> int:
    """In how many ways, at most, a text of `TEXT_CHARS_MAX` can run through this part of a pattern."""
    ways = 1
    for operator, argument in tree:
        ways = min(ways * _ways_of(str(operator), argument), WAYS_MAX + 1)
    return ways


def _ways_of(operator: str, argument: Any) -> int:
    match operator:
        case "MAX_REPEAT" | "MIN_REPEAT" | "POSSESSIVE_REPEAT":
            least, most, inside = argument
            return _repeated(_ways(inside), min(least, TEXT_CHARS_MAX), min(int(most), TEXT_CHARS_MAX))
        case "BRANCH":
            return sum(_ways(branch) for branch in argument[1])
        case "SUBPATTERN":
            return _ways(argument[-1])
        case "ASSERT" | "ASSERT_NOT":
            return 1 + _ways(argument[1])
        case "ATOMIC_GROUP":
            return _ways(argument)
        case "GROUPREF_EXISTS":
            _, yes, no = argument
            return _ways(yes) + (_ways(no) if no else 1)
        case _:
            return 1


def _repeated(ways: int, least: int, most: int) -> int:
    total = 0
    for times in range(least, most + 1):
        total += ways**times
        if total > WAYS_MAX:
            break
    return max(total, 1)
