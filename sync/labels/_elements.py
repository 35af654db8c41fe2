"""The gatekeeper of GS1 data: element strings taken apart, every value checked, and the AIs judged together.

Verdicts are those of GS1's reference engine at its default settings. A fault is raised as `InvalidLabelError`, whose
text is a sentence for the person with the scanner; `sync.labels.parse` turns it into a `Refusal`.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final
from urllib.parse import quote, quote_plus

from sync.labels._syntax import AI_LENGTH, AIS, PATHS, ApplicationIdentifier

FNC1: Final = "\x1d"
"""How FNC1 arrives in the data of a scan (GS1 General Specifications, section 7.8.3)."""

ELEMENTS_MAX: Final = 64
"""The reference engine's bound."""

_SERIAL_OF_KEY_AFTER: Final = {"253": 13, "255": 13, "8003": 14}
"""Keys that may end with a serial number, and the length up to it."""

Elements = tuple[tuple[str, str], ...]
"""(AI, value) in the order read."""


class InvalidLabelError(ValueError):
    """The label breaks a rule; the text is the sentence that says which."""


class RepeatedError(InvalidLabelError):
    """One AI stands there twice with different values: a fault in one label, unless it lists several units."""


def split_elements(text: str) -> Elements:
    r"""An element string without its first FNC1 as checked (AI, value) pairs.

    Raises InvalidLabelError for what GS1's rules do not allow in one string; what they do not allow together is
    judged by `check_together`.

    >>> split_elements("0109506000134352" + "21A1\x1d" + "17291231")
    (('01', '09506000134352'), ('21', 'A1'), ('17', '291231'))
    """
    if not text:
        raise InvalidLabelError("The barcode holds no element string.")
    elements: list[tuple[str, str]] = []
    at, end = 0, len(text)
    while at < end:
        entry = AIS.get(text[at : at + AI_LENGTH.get(text[at : at + 2], 2)])
        if entry is None:
            raise InvalidLabelError(_no_ai(text[at : at + 4]))
        at += len(entry.ai)
        stop = text.find(FNC1, at)
        stop = end if stop < 0 else stop
        if not entry.separator:
            stop = min(stop, at + entry.length_max)
        value = text[at:stop]
        check_value(entry, value)
        elements.append((entry.ai, value))
        at = stop + (text[stop : stop + 1] == FNC1)
    if len(elements) > ELEMENTS_MAX:
        raise InvalidLabelError(f"The barcode holds {len(elements)} elements; {ELEMENTS_MAX} are the most.")
    return tuple(elements)


def check_value(entry: ApplicationIdentifier, value: str) -> None:
    """Raises InvalidLabelError unless the value is whole and every component of it is right."""
    length = len(value)
    if length > entry.length_max:
        raise InvalidLabelError(
            f"({entry.ai}) {entry.title} holds {length} characters, and {entry.length_max} are the most: {value!r}."
        )
    at = 0
    for part in entry.components:
        piece = value[at : at + part.length_max]
        if not piece and part.optional:
            continue
        if len(piece) < part.length_min:
            raise InvalidLabelError(_too_short(entry, value))
        for check in part.checks:
            if fault := check(piece):
                raise InvalidLabelError(f"({entry.ai}) {entry.title}: {fault}")
        at += len(piece)


def check_together(elements: Elements) -> None:
    """Raises InvalidLabelError unless these AIs may stand together on one label."""
    values: dict[str, str] = dict(elements)
    if len(values) < len(elements):
        for ai, value in elements:
            if values[ai] != value:
                raise RepeatedError(f"({ai}) {AIS[ai].title} stands there as {value!r} and as {values[ai]!r}.")
    if fault := _company_fault(frozenset(values)):
        raise InvalidLabelError(fault)
    if "8030" in values:
        _check_signed_key_is_serialised(values)


@lru_cache(maxsize=4096)
def _company_fault(present: frozenset[str]) -> str | None:
    """What is missing or forbidden among these AIs. Labels of one site use few combinations: they are remembered."""
    for ai in sorted(present):
        entry = AIS[ai]
        if forbidden := entry.excluded & present:
            other = min(forbidden)
            return f"({ai}) {entry.title} and ({other}) {AIS[other].title} exclude each other."
        for wording, groups in entry.required:
            if not any(all(not ais.isdisjoint(present) for ais in group) for group in groups):
                return f"({ai}) {entry.title} stands without what it belongs to: {_spelled(wording)}."
    return None


def _spelled(wording: str) -> str:
    """A condition of the dictionary in words.

    >>> _spelled("00,01+21")
    '(00), or (01) with (21)'
    """
    return ", or ".join(" with ".join(f"({ai})" for ai in group.split("+")) for group in wording.split(","))


def _check_signed_key_is_serialised(values: dict[str, str]) -> None:
    for ai, length in _SERIAL_OF_KEY_AFTER.items():
        if len(values.get(ai, "")) == length:
            raise InvalidLabelError(
                f"({ai}) {AIS[ai].title} {values[ai]!r} is signed by (8030) but has no serial number."
            )


def _no_ai(start: str) -> str:
    if start.startswith(FNC1):
        return "FNC1 stands where an Application Identifier is expected."
    return f"No Application Identifier begins with {start!r}."


def _too_short(entry: ApplicationIdentifier, value: str) -> str:
    if not value:
        return f"({entry.ai}) {entry.title} is empty."
    return f"({entry.ai}) {entry.title} is cut short: {value!r} has {len(value)} characters."


def _heads(path: tuple[str, ...], elements: Elements) -> bool:
    return path == tuple(ai for ai, _ in elements[: len(path)])


def bracketed(elements: Elements) -> str:
    r"""The elements as GS1's tools write them, a literal ( escaped.

    >>> bracketed((("01", "09506000134352"), ("10", "A(21)X")))
    '(01)09506000134352(10)A\\(21)X'
    """
    return "".join([f"({ai})" + value.replace("(", "\\(") for ai, value in elements])


def element_string(elements: Elements) -> str:
    r"""The elements as data of a symbol after its first FNC1, in the same order.

    >>> element_string((("10", "A1"), ("01", "09506000134352"), ("21", "B")))
    '10A1\x1d010950600013435221B'
    """
    last = len(elements) - 1
    return "".join(
        [
            ai + value + (FNC1 if AIS[ai].separator and index < last else "")
            for index, (ai, value) in enumerate(elements)
        ]
    )


def canonical_link(elements: Elements, *, keep_path: bool = False) -> str | None:
    """The canonical GS1 Digital Link of checked elements, or None where there is no key to hang it on.

    The first primary key heads the path with as many qualifiers as are present; the rest are query parameters,
    those of fixed length first (GS1 Digital Link URI Syntax, section 4.12). `keep_path` is for elements that come
    from a Digital Link: its own path, with which they begin, stays.

    >>> canonical_link((("17", "291231"), ("01", "09506000134352"), ("10", "L/1")))
    'https://id.gs1.org/01/09506000134352/10/L%2F1?17=291231'
    """
    values = dict(elements)
    key = next((ai for ai, _ in elements if ai in PATHS), None)
    if key is None:
        return None
    path = next(path for path in PATHS[key] if _heads(path, elements) or (not keep_path and values.keys() >= set(path)))
    rest = [ai for ai in values if ai not in path]
    if not all(AIS[ai].attribute for ai in rest):
        return None
    rest.sort(key=lambda ai: AIS[ai].separator)
    steps = "".join([f"/{ai}/{quote(values[ai], safe='')}" for ai in path])
    query = "&".join([f"{ai}={quote_plus(values[ai])}" for ai in rest])
    return f"https://id.gs1.org{steps}" + (f"?{query}" if query else "")
