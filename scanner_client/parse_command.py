"""`parse --json`: what a barcode says, or why it is refused, for anyone who asks. One JSON object a line, both ways.

Asked: `scan`, the data as read, whose code points are its bytes (FNC1 as U+001D), and `symbology`, the AIM identifier
such as ]d2, or null. Answered, in the order asked: `valid`; `kind` and `canonical`, the name that the label gets here;
for GS1 data `elements` as pairs of Application Identifier and value, `ai` the same in brackets, and `digital_link`,
the canonical GS1 Digital Link of all of them where they have a key; `error`, the sentence of a refusal. What does not
apply is null.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any, Final

from sync.labels import DEFAULT, Label, Refusal, SiteCodes, bracketed, canonical_link, parse

LINE_LENGTH_MAX: Final = 100_000
"""Characters; the longest barcode, every byte of it escaped, takes half of that."""


def run(lines: Iterable[str], codes: SiteCodes = DEFAULT) -> Iterator[str]:
    """One answer a line, without its newline. A malformed line is answered like a refused barcode, and work goes on."""
    for line in lines:
        yield json.dumps(_answer(_read(line, codes)))


def _read(line: str, codes: SiteCodes) -> Label | Refusal:
    try:
        scan, symbology = _question(line)
    except ValueError as fault:
        return Refusal(reason=str(fault))
    return parse(_bytes(scan), symbology, codes)


def _question(line: str) -> tuple[str, str | None]:
    """The scan and the symbology of a line. Raises ValueError, with a sentence, where it has none."""
    if len(line) > LINE_LENGTH_MAX:
        raise ValueError(f"The line has {len(line)} characters, and {LINE_LENGTH_MAX} are the most.")
    try:
        question = json.loads(line)
    except json.JSONDecodeError as error:
        raise ValueError(f"The line is no JSON: {error}.") from error
    except RecursionError as error:
        raise ValueError("The line is no question: its JSON is nested too deeply.") from error
    match question:
        case {"scan": str(scan), "symbology": str() | None as symbology}:
            return scan, symbology
        case {"scan": str(scan)} if "symbology" not in question:
            return scan, None
    raise ValueError('The line is no object with a text as its "scan" and a text or null as its "symbology".')


def _bytes(scan: str) -> bytes:
    """The bytes that the code points stand for. What no byte can be becomes UTF-8, and is refused with a sentence."""
    try:
        return scan.encode("latin-1")
    except UnicodeEncodeError:
        return scan.encode("utf-8", "surrogatepass")


def _answer(label: Label | Refusal) -> dict[str, Any]:
    if isinstance(label, Refusal):
        nothing = dict.fromkeys(("kind", "canonical", "elements", "ai", "digital_link"))
        return {"valid": False, **nothing, "error": label.reason}
    return {
        "valid": True,
        "kind": label.kind,
        "canonical": label.key,
        "elements": [list(element) for element in label.elements] or None,
        "ai": bracketed(label.elements) or None,
        "digital_link": canonical_link(label.elements, keep_path=label.format == "digital_link"),
        "error": None,
    }
