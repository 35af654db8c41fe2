"""The site's own product codes (SKU), for products that have no GTIN.

>>> from sync.labels import parse
>>> parse(b"SKU:CABLE-2M", "]C0").item
'https://warehouse.example/01/CABLE-2M'
"""

from __future__ import annotations

from sync.identity import Kind, own_item_key
from sync.labels._label import Label, own_code
from sync.labels._registry import Scan, label_format, not_gs1


@label_format(rank=12, symbologies=not_gs1)
def read(scan: Scan) -> Label | None:
    """Read a product label."""
    if (code := own_code(scan.codes.item_pattern, scan.text)) is None:
        return None
    key = own_item_key(scan.codes.domain, code)
    return Label(kind=Kind.ITEM, key=key, format="product_code", item=key)
