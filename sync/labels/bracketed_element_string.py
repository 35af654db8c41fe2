r"""GS1 element strings as people type them: the text printed under the barcode, brackets around each identifier.

>>> from sync.labels import parse
>>> parse(b"(01)09506000134352(21)AP10", None).key
'https://id.gs1.org/01/09506000134352/21/AP10'

Every rule of the barcode itself applies. A bracket within a value is ambiguous, and is typed as GS1's tools write it:

>>> parse(rb"(01)09506000134352(10)A\(21)X", None).lot
'A(21)X'

The brackets are no data (GS1 General Specifications, section 4.14). A barcode that holds them was made by a printer
that took the text for the data. It is refused where the symbology says that it is a barcode, and is no serial number
either: nothing in it says where a value ends, so that a lot named `A(21)X` would forge a serial.

>>> parse(b"(21)AP10", "]C0").reason.partition(":")[0]
"This label prints its parentheses into the barcode, '(21)AP10', where GS1 data has none"
"""

from __future__ import annotations

import re
from typing import Final

from sync.labels._elements import ELEMENTS_MAX, Elements, InvalidLabelError, check_together, check_value
from sync.labels._label import Label
from sync.labels._registry import Scan, anything, label_format
from sync.labels._syntax import AIS
from sync.labels._trade_item import label_of

_BEGINNING: Final = re.compile(r"\(([0-9]{2,4})\)")
_ELEMENT: Final = re.compile(r"\(([0-9]{2,4})\)((?:\\\(|[^(])*+)")


@label_format(rank=29, symbologies=anything)
def read(scan: Scan) -> Label | None:
    """Read what was typed with brackets; other text in brackets is not its business."""
    beginning = _BEGINNING.match(scan.text)
    if not beginning or beginning[1] not in AIS:
        return None
    if scan.symbology is not None:
        raise InvalidLabelError(
            f"This label prints its parentheses into the barcode, {scan.text!r}, where GS1 data has none: "
            "type what stands under it, and have it printed anew without them, as GS1-128 or GS1 DataMatrix."
        )
    elements = _elements(scan.text)
    check_together(elements)
    return label_of(elements, format="bracketed_element_string", codes=scan.codes, year=scan.year)


def _elements(text: str) -> Elements:
    elements: list[tuple[str, str]] = []
    at = 0
    while at < len(text):
        match = _ELEMENT.match(text, at)
        if match is None or len(elements) == ELEMENTS_MAX:
            raise InvalidLabelError(f"No identifier in brackets begins at {text[at : at + 8]!r}.")
        ai, value = match[1], match[2].replace("\\(", "(")
        if ai not in AIS:
            raise InvalidLabelError(f"There is no Application Identifier ({ai}).")
        check_value(AIS[ai], value)
        elements.append((ai, value))
        at = match.end()
    return tuple(elements)
