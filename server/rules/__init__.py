"""Discrepancy rules: one file each, found by looking into this folder.

A rule module holds `check(step)`, which yields a finding or None for one fact about one unit, and may hold
`explained(finding, step)`, which says whether a later fact settles the matter by itself, and `ONCE = True` where the
same finding, made again, is no news even after its case was closed. `DECISIONS` names what a person can make of it, the
usual one first; `APART = True` where something else than a unit's history finds it. Its docstring is the title (first
line) and the advice (the rest) that people read on the case's page. Rules are pure.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from types import MappingProxyType

from sync.event import ScanEvent
from sync.history import Fact
from sync.returning import ReturnVerdict
from sync.stolen import Theft
from sync.unchanging import unchanging
from sync.unit import IN_STOCK, UnitState
from sync.verdict import Judgement


@unchanging(kw_only=True)
class Finding:
    """Something does not match: where it belongs, where it was seen, and what is wrong, in a sentence."""

    detail: str
    expected: str | None = None
    seen: str | None = None
    against: str | None = field(default=None, compare=False)
    """What it stands against: another scan (``device.epoch.seq``) or another unit; not part of what is found."""


@unchanging(kw_only=True)
class Step:
    """One fact about one unit: what was known before, what is known after."""

    unit: str
    fact: Fact
    before: UnitState | None
    after: UnitState
    judgement: Judgement
    """What the handheld would have said with all of the server's knowledge at that moment, thefts left aside."""
    stood: str | None = None
    """The location where it was before, containers followed."""
    belonged: str | None = None
    """The location where the records put it before, containers followed."""
    stands: str | None = None
    """The location that this fact puts it in, containers followed; None where the fact names no place."""
    rivals: Mapping[str, str]
    """Further names of this unit that another unit claims too, with that unit's name."""
    returned: ReturnVerdict | None = None
    """On a return: what its own history, its documents and what was read on it come to."""
    holds: bool = False
    """Whether it is a container into which something had been put before."""
    into_itself: str | None = None
    """The container which the scan names and which is this very one, or stands in it."""
    foreign: str | None = None
    """Why a receipt cannot be of its document's supplier, in a sentence."""
    strange_bin: bool = False
    """Whether this is the history of a bin, and nobody knew that bin then though others were known."""
    barred: str | None = None
    """Why whoever scanned it was not permitted to, in a sentence."""
    stolen: Theft | None = None
    """The report of a theft that it stands under, by any name that is known of it or was read on it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One entry of this folder."""

    name: str
    title: str
    advice: str
    check: Callable[[Step], Finding | None]
    explained: Callable[[Finding, Step], bool]
    once: bool
    """Whether the same finding never makes a second case, however the first one ended."""
    apart: bool
    """Whether no unit's history says it, so that who folds units leaves its cases alone."""
    decisions: tuple[str, ...]
    """What a person can make of it (`RESOLUTIONS`); the first is proposed."""


def is_sighting(event: ScanEvent) -> bool:
    """Whether somebody had the thing before them: a scan or a keyed entry, and not one that takes another back."""
    return bool(event.barcode or event.entry) and event.voids is None


def decides_it(step: Step) -> bool:
    """Whether a decision about another case of the unit says where it is and belongs, or that it is gone."""
    after = step.after
    return step.fact.event.action == "settle" and (after.status not in IN_STOCK or after.place == after.expected)


def result_of(event: ScanEvent) -> str:
    """The count or receipt that a fact of its result speaks for: `COUNT-1` of `COUNT-1/2`, its second version."""
    document = event.document or ""
    return document.rpartition("/")[0] or document


def was_taken_out(step: Step) -> bool:
    """Whether it was taken out of its order or carton again: put somewhere else, or set apart."""
    return step.fact.event.action in ("unpack", "put_away", "move", "take_back", "parcel_back")


def _never(_finding: Finding, _step: Step) -> bool:
    """Only a person settles it."""
    return False


@cache
def rules() -> Mapping[str, Rule]:
    """Every rule in this folder, by name, in the order of their names."""
    found = {}
    for info in pkgutil.iter_modules(__path__):
        module = importlib.import_module(f"{__name__}.{info.name}")
        title, _, advice = inspect.cleandoc(module.__doc__ or "").partition("\n")
        found[info.name] = Rule(
            name=info.name,
            title=title,
            advice=advice.strip(),
            check=module.check,
            explained=getattr(module, "explained", _never),
            once=getattr(module, "ONCE", False),
            apart=getattr(module, "APART", False),
            decisions=getattr(module, "DECISIONS", ("stays", "write_off", "dismiss")),
        )
    return MappingProxyType(dict(sorted(found.items())))
