"""The site's own bin labels. A GS1 location label, (414) with (254), is an element string.

>>> from sync.labels import SiteCodes, parse
>>> parse(b"LOC:A-01-3", "]C0").key
'https://warehouse.example/414/main/254/A-01-3'
>>> parse(b"LOC:A-01-3", None, SiteCodes(gln="9506000134352")).key
'https://id.gs1.org/414/9506000134352/254/A-01-3'
"""

from __future__ import annotations

from sync.identity import Kind, location_key, own_location_key
from sync.labels._label import Label, own_code
from sync.labels._registry import Scan, label_format, not_gs1


@label_format(rank=10, symbologies=not_gs1)
def read(scan: Scan) -> Label | None:
    """Read a bin label."""
    codes = scan.codes
    if (code := own_code(codes.location_pattern, scan.text)) is None:
        return None
    key = location_key(codes.gln, code) if codes.gln else own_location_key(codes.domain, codes.site, code)
    return Label(kind=Kind.LOCATION, key=key, format="location")
