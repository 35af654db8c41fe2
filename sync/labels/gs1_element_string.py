r"""GS1 element strings: values behind Application Identifiers, as in GS1-128, GS1 DataMatrix, GS1 QR Code and DataBar.

>>> from sync.labels import parse
>>> label = parse(b"0109506000134352" b"21A1\x1d" b"17291200", "]d2")
>>> label.key, label.expiry
('https://id.gs1.org/01/09506000134352/21/A1', '2029-12-31')
>>> parse(b"0109506000134353" b"21A1", "]d2").reason
"(01) GTIN: The check digit of '09506000134353' is 3, and 2 was expected."

A lot that contains what looks like another Application Identifier stays a lot:

>>> parse(b"010950600013435210A(21)X", "]C1").lot
'A(21)X'

When is text an element string though its symbol does not say so? A scanner that gives no symbology identifier (a
wedge; that it keeps FNC1 is tested when it is set up) is believed where the text begins with a key that has a check
digit (00, 01, 414) and none of the site's own patterns claims it; what then breaks a rule is refused. A symbol that
says it is *not* GS1 is believed too, so its text counts only with an FNC1 in it, which nobody types by accident.
Otherwise any serial number of sixteen digits could pose as a product.

>>> parse(b"0109506000134352" b"21A1", None).kind
<Kind.UNIT: 'unit'>
>>> parse(b"0109506000134352" b"21A1", "]C0").kind
<Kind.SERIAL: 'serial'>
"""

from __future__ import annotations

import re
from typing import Final

from sync.labels._elements import FNC1, check_together, split_elements
from sync.labels._label import Label
from sync.labels._registry import Scan, anything, is_gs1, label_format
from sync.labels._trade_item import label_of

_KEY_WITH_CHECK_DIGIT: Final = re.compile(r"01[0-9]{14}|00[0-9]{18}|414[0-9]{13}")


@label_format(rank=30, symbologies=anything)
def read(scan: Scan) -> Label | None:
    """Read an element string where the symbol says so, or where the text can be nothing else."""
    if not is_gs1(scan.symbology):
        return _read_unmarked(scan)
    return _read(scan)


def _read(scan: Scan) -> Label:
    elements = split_elements(scan.text)
    check_together(elements)
    return label_of(elements, format="gs1_element_string", codes=scan.codes, year=scan.year)


def _read_unmarked(scan: Scan) -> Label | None:
    if not _KEY_WITH_CHECK_DIGIT.match(scan.text):
        return None
    return _read(scan) if scan.symbology is None or FNC1 in scan.text else None
