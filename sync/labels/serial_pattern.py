"""Serial numbers that stand alone and look like those of one known product.

>>> from sync.labels import SerialPattern, SiteCodes, parse
>>> phone = SerialPattern(item="https://id.gs1.org/01/09506000134352", pattern="S?(?P<serial>C39[A-Z0-9]{7})")
>>> parse(b"SC39XK12QQZ", "]C0", SiteCodes(serial_patterns=(phone,))).key
'https://id.gs1.org/01/09506000134352/21/C39XK12QQZ'

A pattern that the site wrote comes before every format that only looks alike, such as a bare EAN or an IMEI. Where the
patterns of two products match, `sync.labels.box.identify` decides between them or asks.
"""

from __future__ import annotations

from sync.identity import Kind, serial_key, unit_key
from sync.labels._elements import InvalidLabelError
from sync.labels._label import Label, serials_by_pattern
from sync.labels._registry import Scan, label_format, not_gs1
from sync.labels.serial import SERIAL_LENGTH_MAX, is_serial


@label_format(rank=15, symbologies=not_gs1)
def read(scan: Scan) -> Label | None:
    """Read a serial number whose product its pattern tells."""
    found = serials_by_pattern(scan.codes, scan.text)
    if not found:
        return None
    for serial in found.values():
        if not is_serial(serial):
            raise InvalidLabelError(f"{serial!r} is no serial number of at most {SERIAL_LENGTH_MAX} characters.")
    (item, serial), *others = found.items()
    if not others:
        return Label(kind=Kind.UNIT, key=unit_key(item, serial), format="serial_pattern", item=item, serial=serial)
    note = f"The serial number could be of {len(found)} products: {', '.join(found)}."
    key = serial_key(scan.codes.domain, scan.text)
    return Label(kind=Kind.SERIAL, key=key, format="serial_pattern", serial=scan.text, note=note)
