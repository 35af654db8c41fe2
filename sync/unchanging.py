"""Values that nobody changes, and that are made by the thousand: each scan makes a dozen of them, and each fold."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar, dataclass_transform

_Class = TypeVar("_Class")


@dataclass_transform(frozen_default=True)
def unchanging(**options: Any) -> Callable[[type[_Class]], type[_Class]]:
    """A frozen dataclass to the type checker, which refuses every change; while the program runs it is a plain one.

    A frozen one goes around its own `__setattr__` for each field: an event takes four times as long to make.

    Args:
        options: `kw_only`, as `dataclass` has it.
    """
    return dataclass(slots=True, unsafe_hash=True, **options)
