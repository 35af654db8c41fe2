"""The 541 Application Identifiers, each with everything that is checked of its value and of its company.

Two sources, and each fact has one of them: biip's table has the AIs, their titles and whether a separator must follow;
`gs1_syntax.json` has the rest of GS1's Syntax Dictionary in its release of 2026-01-27, the last one that GS1 released
and the one that its reference engine carries. `tests/sync/labels/syntax_table.py` rewrites it.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from itertools import combinations
from typing import Any, Final

from biip.gs1_application_identifiers import GS1ApplicationIdentifier

from sync.labels._linters import CHARACTERS, LINTERS, Linter

_COMPONENT: Final = re.compile(r"(\[)?([NXYZ])(\.\.)?([0-9]+)\]?((?:,[a-z0-9]+)*)")
_ALL_DIGITS_GIVEN: Final = {"gcppos1", "gcppos2"}
"""Linters that cannot fail on a component which is all digits and long enough, as every fixed key is."""

Group = tuple[frozenset[str], ...]
"""Every set must have a member among the AIs that are present."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Component:
    """One part of an AI's value."""

    length_min: int
    """0 where the component may be left out and is fixed otherwise; see `optional`."""
    length_max: int
    optional: bool
    checks: tuple[Linter, ...]
    """Its characters first, then the rest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplicationIdentifier:
    """One AI: how its value is built, and which AIs it needs or forbids beside it."""

    ai: str
    title: str
    components: tuple[Component, ...]
    length_min: int
    length_max: int
    separator: bool
    """Whether FNC1 must follow, if anything does."""
    attribute: bool
    """Whether it may stand among the query parameters of a GS1 Digital Link."""
    required: tuple[tuple[str, tuple[Group, ...]], ...]
    """For each condition its wording and the groups of AIs of which one must be present."""
    excluded: frozenset[str]
    """AIs that must not be present."""
    qualifiers: tuple[tuple[str, ...], ...] | None
    """For a primary key of a Digital Link the alternative sequences of its qualifiers; None for any other AI."""


def _component(text: str) -> Component:
    match = _COMPONENT.fullmatch(text)
    if not match:
        raise ValueError(f"{text!r} in gs1_syntax.json is no component.")
    optional, letter, ranging, length, linters = match.groups()
    names = [name for name in linters.split(",") if name]
    if letter == "N" and not ranging:
        names = [name for name in names if name not in _ALL_DIGITS_GIVEN]
    return Component(
        length_min=1 if ranging else int(length),
        length_max=int(length),
        optional=bool(optional),
        checks=(CHARACTERS[letter], *[LINTERS[name] for name in names]),
    )


def _expand(ais: str) -> list[str]:
    """The AIs of a range such as 3100-3105.

    >>> _expand("91-93")
    ['91', '92', '93']
    """
    first, _, last = ais.partition("-")
    return [str(number).zfill(len(first)) for number in range(int(first), int(last or first) + 1)]


@lru_cache
def _matching(template: str, known: frozenset[str]) -> frozenset[str]:
    """The AIs that a template such as 310n stands for."""
    digits = template.rstrip("n")
    return frozenset([ai for ai in known if ai.startswith(digits) and len(ai) == len(template)])


def _conditions(entry: dict[str, Any], known: frozenset[str], own: str) -> tuple[tuple[str, tuple[Group, ...]], ...]:
    """What the AI needs beside it: an AI never meets its own need."""
    return tuple(
        (
            wording,
            tuple(tuple(_matching(ai, known) - {own} for ai in group.split("+")) for group in wording.split(",")),
        )
        for wording in entry.get("required", [])
    )


def _qualifiers(entry: dict[str, Any]) -> tuple[tuple[str, ...], ...] | None:
    text = entry.get("qualifiers")
    if text is None:
        return None
    return tuple(tuple(filter(None, sequence.split(","))) for sequence in text.split("|"))


def _load() -> dict[str, ApplicationIdentifier]:
    syntax = json.loads(files("sync.labels").joinpath("gs1_syntax.json").read_text("utf-8"))["ais"]
    entries = {ai: entry for ais, entry in syntax.items() for ai in _expand(ais)}
    known = frozenset(entries)
    return {ai: _application_identifier(ai, entry, known) for ai, entry in entries.items()}


def _application_identifier(ai: str, entry: dict[str, Any], known: frozenset[str]) -> ApplicationIdentifier:
    described = GS1ApplicationIdentifier.extract(ai)
    components = tuple(map(_component, entry["components"]))
    excluded = [_matching(template, known) - {ai} for template in entry.get("excluded", "").split(",") if template]
    return ApplicationIdentifier(
        ai=ai,
        title=described.data_title or described.description,
        components=components,
        length_min=sum(part.length_min for part in components if not part.optional),
        length_max=sum(part.length_max for part in components),
        separator=described.separator_required,
        attribute=entry.get("attribute", False),
        required=_conditions(entry, known, ai),
        excluded=frozenset().union(*excluded),
        qualifiers=_qualifiers(entry),
    )


AIS: Final[dict[str, ApplicationIdentifier]] = _load()
"""AI -> what is known of it."""

AI_LENGTH: Final[dict[str, int]] = {ai[:2]: len(ai) for ai in AIS}
"""First two digits of an AI -> its length; no AI begins another (GS1 General Specifications, section 7.8.1)."""


def _paths() -> dict[str, tuple[tuple[str, ...], ...]]:
    """Primary key -> the sequences of AIs that a path may hold, longest first and then in order of their digits."""
    found: dict[str, tuple[tuple[str, ...], ...]] = {}
    for entry in AIS.values():
        chosen = {
            (entry.ai, *some)
            for sequence in entry.qualifiers or ()
            for count in range(len(sequence) + 1)
            for some in combinations(sequence, count)
        }
        if chosen:
            found[entry.ai] = tuple(sorted(chosen, key=lambda path: (-len(path), path)))
    return found


PATHS: Final = _paths()
"""Primary key of a Digital Link -> the paths it may head (GS1 Digital Link URI Syntax, section 4.9)."""
