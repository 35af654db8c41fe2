"""The registry of actions: what each takes, who does it, and what a scan of it expects.

Business steps are those of the Core Business Vocabulary (CBV 2.0, section 7.1).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from sync.event import ScanEvent
from sync.unit import Status, UnitState


class Stock(StrEnum):
    """What an action does to stock without units (``sync/stock.py``)."""

    NONE = "none"
    ARRIVES = "arrives"
    """Adds to the container or location."""
    MOVES = "moves"
    """From the origin to the container or location."""
    TAKEN = "taken"
    """From the location to the container, or away."""
    TAKEN_OUT = "taken_out"
    """From the container, or the origin, to the location."""
    LEAVES = "leaves"
    """Away from the container or location."""
    COUNTED = "counted"
    """Nothing by itself: what a count's scans come to is said by its result."""
    FOUND = "found"
    """So much was there while the bin was counted: the result of a closed count."""
    STATED = "stated"
    """So much is there by a document's word."""
    ANNOUNCED = "announced"
    """So much is in the container by its supplier's word, and comes in with it."""


class Compare(StrEnum):
    """With what a scan's place is compared to call it right."""

    NOTHING = "nothing"
    EXPECTED = "expected"
    ANNOUNCED = "announced"


Apply = Callable[[UnitState, ScanEvent], UnitState]


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """One entry of the registry."""

    name: str
    text: str
    """First line of the function's docstring: what the menu and the docs say."""
    apply: Apply
    biz_step: str | None
    disposition: str | None
    """In which state of business it leaves the thing (CBV 2.0, section 7.2); None where that does not change."""
    roles: frozenset[str]
    """Who may do it at a handheld; empty for facts that only the server makes."""
    needs: tuple[str, ...]
    """Fields that the event must hold beside its envelope."""
    expects: frozenset[Status]
    """Statuses in which a unit is rightly scanned with it; empty where it does not matter."""
    compare: Compare
    stock: Stock
    guarded: bool
    """Whether a scan that the verdict refuses (`sync.verdict.NOT_TAKEN`) is kept as `reject` and not as this."""
    stops_recalled: bool
    """Whether what a recall reaches, or may reach, is stopped at it: the scan is kept as `reject` and not as this."""
    hands_over: bool
    """Whether the thing goes out of the house with it, so that the server is asked first whether a recall has come."""
    chosen: bool
    """Whether a person sets out to do it; else the handheld says it on the way."""

    @property
    def word(self) -> str:
        """What it is called: the text up to its colon."""
        return self.text.partition(":")[0]


ACTIONS: Final[dict[str, Action]] = {}

FLOOR: Final = frozenset({"picker", "receiver", "returns", "supervisor", "quality", "admin"})


def action(
    name: str,
    *,
    roles: Iterable[str] = (),
    needs: Iterable[str] = ("subject",),
    step: str | None = None,
    disposition: str | None = None,
    expects: Iterable[Status] = (),
    compare: Compare = Compare.NOTHING,
    stock: Stock = Stock.NONE,
    guarded: bool = False,
    stops_recalled: bool = False,
    hands_over: bool = False,
    chosen: bool = True,
) -> Callable[[Apply], Apply]:
    """Register the function below as the action ``name``."""

    def register(apply: Apply) -> Apply:
        if name in ACTIONS:
            raise ValueError(f"There are two actions named {name!r}.")
        ACTIONS[name] = Action(
            name=name,
            text=(apply.__doc__ or "").strip().splitlines()[0],
            apply=apply,
            biz_step=step,
            disposition=disposition,
            roles=frozenset(roles),
            needs=tuple(needs),
            expects=frozenset(expects),
            compare=compare,
            stock=stock,
            guarded=guarded,
            stops_recalled=stops_recalled or guarded or hands_over,
            hands_over=hands_over,
            chosen=chosen,
        )
        return apply

    return register
