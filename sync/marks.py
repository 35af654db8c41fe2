"""Marks of a unit in what handhelds are told: one whole number, in which every fact has its bits.

A phone that was received with its IMEIs costs one byte for it, one that came back two, and three while it is here.

>>> from sync.unit import Status, UnitState
>>> back = UnitState(status=Status.RETURNED, returns=2, returned_for=("fit", "defect"), matched="agree", pictured=True)
>>> facts = unpack(pack(back) or 0)
>>> facts["returns"], facts["returned_for"], facts["matched"], facts["pictured"], facts["seal"]
(2, ('not_said', 'defect'), 'agree', True, None)
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from sync.because import ORDER, Because
from sync.condition import CONDITIONS, is_damage
from sync.own_number import SOME_IMEI, Match
from sync.protocol import CLOSED, HELD
from sync.returning import NOT_SAID, REASONS, SEALS, why_of
from sync.unit import IN_STOCK, Status, UnitState

SOME_REASON: Final = "held"
"""Why something is held back is not among the marks."""
NUMBERED: Final = 4
"""It was received with an IMEI, so that another one cannot be its own."""
RETURNS_MAX: Final = 15
_WHY: Final = (None, NOT_SAID, *REASONS)
_MATCHED: Final = (None, *(match.value for match in Match))
_SEAL: Final = (None, *SEALS)
_CONDITION: Final = (None, *CONDITIONS)
DOUBTS: Final = (
    Because.TWIN_IN_STOCK,
    Because.TWIN_RETURNED,
    Because.GONE_BEFORE,
    Because.NUMBERS_DISAGREE,
    Because.NEVER_RECEIVED,
    Because.MISSING_BEFORE,
    Because.NOT_OURS,
)
"""What a unit's own history can have against it, in the order of their numbers and not of their gravity."""
_DOUBT: Final = (None, *(why.value for why in DOUBTS))
"""New words go to the end of each, so that an older handheld reads the others right."""
_IMEI: Final = "urn:gsma:imei:"
_PICTURED: Final = 1 << 16
_SERVICED: Final = 1 << 27
_FROM_LOAN: Final = 1 << 28
_AT: Final = {"returns": 3, "why": 7, "matched": 11, "seal": 13, "condition": 17, "doubt": 21}
_BITS: Final = {"returns": 4, "why": 4, "matched": 2, "seal": 3, "condition": 4, "doubt": 6}

GRADED: Final = ((1 << _BITS["condition"]) - 1) << _AT["condition"]
"""The bits of a condition: of what is in stock they are set where something is wrong with it."""


def pack(state: UnitState) -> int | None:
    """The marks of a unit or container; None where it has none. What was looked at is said while it is here."""
    marks = (HELD if state.held is not None else 0) | (CLOSED if state.closed else 0)
    marks |= NUMBERED if any(map(_is_imei, state.identifiers)) else 0
    marks |= _put("returns", min(state.returns, RETURNS_MAX))
    marks |= _put("why", _index(_WHY, why_of(state)))
    if state.status is Status.RETURNED:
        marks |= (_PICTURED if state.pictured else 0) | (_FROM_LOAN if state.from_loan else 0)
        marks |= _put("matched", _index(_MATCHED, state.matched)) | _put("seal", _index(_SEAL, state.seal))
        marks |= _put("condition", _index(_CONDITION, state.condition))
    elif state.status in IN_STOCK and is_damage(state.condition) and not state.returns:
        marks |= _put("condition", _index(_CONDITION, state.condition))  # what came back was released as it is
    marks |= _put("doubt", _index(_DOUBT, min(state.doubts, key=_gravity, default=None)))
    marks |= _SERVICED if state.serviced else 0
    return marks or None


def unpack(marks: int) -> dict[str, Any]:
    """Fields of `UnitState` as the marks tell them; IMEIs that are not told stand as one that no phone has."""
    times, why = _get("returns", marks), _WHY[min(_get("why", marks), len(_WHY) - 1)]
    doubt = _word(_DOUBT, "doubt", marks)
    return {
        "held": SOME_REASON if marks & HELD else None,
        "closed": bool(marks & CLOSED),
        "identifiers": (SOME_IMEI,) if marks & NUMBERED else (),
        "returns": times,
        "returned_for": (*[NOT_SAID] * (times - 1), why or NOT_SAID) if times else (),
        "matched": _word(_MATCHED, "matched", marks),
        "seal": _word(_SEAL, "seal", marks),
        "condition": _word(_CONDITION, "condition", marks),
        "pictured": bool(marks & _PICTURED),
        "doubts": (doubt,) if doubt else (),
        "serviced": bool(marks & _SERVICED),
        "from_loan": bool(marks & _FROM_LOAN),
    }


def _put(name: str, value: int) -> int:
    return value << _AT[name]


def _get(name: str, marks: int) -> int:
    return (marks >> _AT[name]) & ((1 << _BITS[name]) - 1)


def _index(words: Sequence[str | None], word: str | None) -> int:
    return words.index(word) if word in words else 0


def _word(words: Sequence[str | None], name: str, marks: int) -> str | None:
    at = _get(name, marks)
    return words[at] if at < len(words) else None


def _gravity(doubt: str) -> int:
    """Only one doubt fits: the gravest is told."""
    return ORDER.index(Because(doubt))


def _is_imei(name: str) -> bool:
    return name.startswith(_IMEI)
