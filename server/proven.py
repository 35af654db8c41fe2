"""What `verify` recomputes, table by table, and what it cannot, with the reason.

A document's rows are evidence: no fold makes them. That they are as they came is proved by the digest that its event
names, and the event by its chain. The same holds for the frozen versions of counts and receipts, claims, transfers,
prices, settings, what is known of a recall, and series of labels: all of them are documents.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

RECOMPUTED: Final[Mapping[str, str]] = {
    "events": "every chain's digests over the bytes as they came, and every line against its columns",
    "chains": "how far each is acknowledged and reaches, and its head",
    "documents": "the digest of the rows, and that the event names it",
    "document_rows": "with their document",
    "unit_states": "folded anew",
    "stock_levels": "folded anew",
    "cases": "folded anew, with those of counts, receipts, orders and bins",
    "identifier_claims": "folded anew",
    "reference": "kind by kind, see `TOLD`",
    "blind_bins": "from the counts that are not over",
}
NOT_RECOMPUTED: Final[Mapping[str, str]] = {
    "removals": "what the feed has ever called gone; the ledger says what there is",
    "devices": "the register of handhelds itself: their keys stand in no event",
    "enrolment_codes": "made at random, and worth nothing once used",
    "people": "the register itself: hashes of passwords and PINs stand in no event",
    "ended_sessions": "numbers made at random, forgotten after days",
    "failed_tries": "who has to wait before another try, forgotten after minutes",
    "untold": "what this server failed to tell, and what handhelds say they cannot read; told again by `release-held`",
    "integrations": "the register itself: digests of keys stand in no event",
    "webhooks": "the register itself: secrets, and how far each was delivered",
    "sites": "the register itself; what handhelds are told of its codes is compared with it",
    "parties": "names and addresses, outside the ledger so that they can be erased",
    "pictures": "which files there are; each file is named by its digest",
    "server_state": "who this server is",
}

TOLD: Final = frozenset(
    {"item", "location", "recall", "alias", "stolen", "document", "sampling", "warranty", "price", "returns", "undone"}
    | {"site", "person", "handheld"}
)
"""Kinds of reference data that are recomputed, or compared with what they come from."""
NOT_TOLD_ANEW: Final[Mapping[str, str]] = {
    "count_limit": "its event says it in words alone, for the audit; handhelds make nothing of it",
    "unit": "a unit that the ledger bears out no longer: no more than its name",
    "stock": "likewise of pieces in a place",
}
"""Kinds that are not, with the reason."""
