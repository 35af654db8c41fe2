"""IMEI: the fifteen digits of a phone or modem, the last a Luhn digit (3GPP TS 23.003, section 6.2 and annex B).

>>> from sync.labels import parse
>>> parse(b"490154203237518", "]C0").key
'urn:gsma:imei:49015420-323751-0'
>>> parse(b"490154203237517", "]C0").reason
"The check digit of IMEI '490154203237517' is 7, and 8 was expected."

Fourteen digits without the check digit are no IMEI but a serial number: nothing in them shows a misread.
"""

from __future__ import annotations

from typing import Final

from sync.check_digits import are_digits
from sync.identity import Kind, imei_key
from sync.labels._elements import InvalidLabelError
from sync.labels._label import Label
from sync.labels._registry import Scan, label_format, not_gs1

_REPORTING_BODIES: Final = ("01", "35", "86")
"""Who allocates type codes today. In GS1-128, where they do not belong but are met, fifteen digits that begin so can
be no element string: (01) takes fourteen more, (35nn) never stands alone, and there is no (86)."""


@label_format(rank=20, symbologies=lambda symbology: not_gs1(symbology) or symbology == "]C1")
def read(scan: Scan) -> Label | None:
    """Read an IMEI in a barcode of its own."""
    if len(scan.text) != 15 or not are_digits(scan.text):
        return None
    if scan.symbology == "]C1" and not scan.text.startswith(_REPORTING_BODIES):
        return None
    try:
        key = imei_key(scan.text)
    except ValueError as error:
        raise InvalidLabelError(str(error)) from error
    return Label(kind=Kind.IDENTIFIER, key=key, format="imei", serial=scan.text)
