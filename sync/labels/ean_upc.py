"""Retail barcodes: EAN-13, EAN-8, UPC-A and UPC-E (GS1 General Specifications, section 5.2).

>>> from sync.labels import parse
>>> parse(b"0614141000036", "]E0").key == parse(b"614141000036", None).key
True
>>> parse(b"9506000134353", "]E0").reason
"The check digit of '9506000134353' is 3, and 2 was expected."
"""

from __future__ import annotations

from typing import Final

from sync.check_digits import are_digits, mod10_fault
from sync.identity import Kind, item_key
from sync.labels._elements import InvalidLabelError
from sync.labels._label import Label
from sync.labels._registry import EAN, Scan, label_format

_LENGTHS: Final = {"]E0": (13, 12), "]E1": (), "]E2": (), "]E3": (15, 18), "]E4": (8,), None: (13, 12, 14, 8)}
"""Digits that each identifier may bring; ]E1 and ]E2 are add-ons that stand alone (ISO/IEC 15420, annex)."""
_FOR_INTERNAL_USE: Final = ("02", "04", "2")
"""GS1 prefixes of restricted circulation numbers in a GTIN-13 (GS1 General Specifications, section 1.4.2)."""


@label_format(rank=50, symbologies=lambda symbology: symbology is None or symbology in EAN)
def read(scan: Scan) -> Label | None:
    """Read a GTIN that stands alone."""
    digits, lengths = scan.text, _LENGTHS[scan.symbology]
    if not are_digits(digits) or len(digits) not in lengths:
        if scan.symbology is None:
            return None
        raise InvalidLabelError(f"{digits!r} is not what an EAN or UPC barcode of type {scan.symbology} holds.")
    if scan.symbology == "]E3":
        return _item(digits[:13], note=f"The add-on {digits[13:]} beside the barcode is not part of the product.")
    if scan.symbology is None and len(digits) == 8:
        return _eight_digits(digits)
    return _item(digits)


def _item(digits: str, note: str | None = None) -> Label:
    if fault := mod10_fault(digits):
        raise InvalidLabelError(fault)
    if len(digits) > 8 and digits.zfill(14)[1:].startswith(_FOR_INTERNAL_USE):
        note = "Its number is for internal use: it means another product at another company."
    key = item_key(digits)
    return Label(kind=Kind.ITEM, key=key, format="ean_upc", item=key, note=note)


def _eight_digits(digits: str) -> Label | None:
    """Eight digits without an identifier: EAN-8, UPC-E as it is printed, or a serial number if neither checks."""
    is_ean8 = mod10_fault(digits) is None
    expanded = expand_upc_e(digits) if digits[0] in "01" else None
    is_upc_e = expanded is not None and mod10_fault(expanded) is None
    if is_ean8 and is_upc_e:
        raise InvalidLabelError(f"{digits!r} could be an EAN-8 or a UPC-E: let the scanner say which.")
    if is_ean8:
        return _item(digits)
    return _item(expanded) if is_upc_e and expanded else None


def expand_upc_e(digits: str) -> str:
    """Eight digits of a UPC-E (number system, six digits, check digit) as the twelve of the UPC-A they stand for.

    GS1 General Specifications, section 5.2.3.3 (zero suppression).

    >>> expand_upc_e("01234565")
    '012345000065'
    """
    system, body, check = digits[0], digits[1:7], digits[7]
    last = body[5]
    if last in "012":
        middle = body[:2] + last + "0000" + body[2:5]
    elif last == "3":
        middle = body[:3] + "00000" + body[3:5]
    elif last == "4":
        middle = body[:4] + "00000" + body[4]
    else:
        middle = body[:5] + "0000" + last
    return system + middle + check
