"""Numbers of documents: advance ship notices, orders, returns, count sheets.

>>> from sync.labels import parse
>>> parse(b"ASN-1001", "]C0").key
'https://warehouse.example/253/ASN-1001'
"""

from __future__ import annotations

from sync.identity import Kind, document_key
from sync.labels._label import Label, own_code
from sync.labels._registry import Scan, label_format, not_gs1


@label_format(rank=13, symbologies=not_gs1)
def read(scan: Scan) -> Label | None:
    """Read a document's number."""
    if (code := own_code(scan.codes.document_pattern, scan.text)) is None:
        return None
    return Label(kind=Kind.DOCUMENT, key=document_key(scan.codes.domain, code), format="document")
