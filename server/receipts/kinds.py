"""The kinds of documents that something is received against."""

from __future__ import annotations

from typing import Final

KINDS: Final = ("asn", "purchase_order")
