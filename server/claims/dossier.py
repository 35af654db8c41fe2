"""Everything that a claim rests on, as one JSON document: its lines, where each unit came from, and the proof of it."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import sqlalchemy as sa

from server import naming
from server.claims.claim import WRONGS, Claim
from server.defects.origin import Origin, origin
from sync.identity import Kind, split_key

HOW_TO_CHECK = (
    "Each fact's digest is the SHA-256 of its `before` (32 bytes) followed by its `line` (Latin-1); the next fact of "
    "the same handheld has this digest as its `before`."
)


def dossier(connection: sa.Connection, site: str, claim: Claim, now_ms: int) -> dict[str, Any]:
    """The claim with its evidence.

    Args:
        now_ms: where the siblings are at this moment, Unix milliseconds.
    """
    units = [line.subject for line in claim.lines if split_key(line.subject).kind is Kind.UNIT]
    origins = {unit: found for unit in units if (found := _origin(connection, site, unit, now_ms)) is not None}
    keys = [line.subject for line in claim.lines] + [line.carton for line in claim.lines if line.carton]
    names = naming.read(connection, site, [*keys, *(s.place for o in origins.values() for s in o.siblings)])
    return {
        "number": claim.number,
        "supplier": claim.supplier,
        "site": site,
        "delivery": claim.receipt,
        "version": claim.version or None,
        "reason": claim.reason,
        "status": claim.status,
        "made_ms": claim.fates[0].at_ms,
        "made_by": claim.fates[0].operator,
        "totals": dict(claim.totals),
        "how_to_check": HOW_TO_CHECK,
        "lines": [
            asdict(line) | {"name": names(line.subject).text, "what": WRONGS[line.wrong]} for line in claim.lines
        ],
        "origins": [_told(one, names) for one in origins.values()],
    }


def _origin(connection: sa.Connection, site: str, unit: str, now_ms: int) -> Origin | None:
    try:
        return origin(connection, site, unit, now_ms)
    except LookupError:
        return None


def _told(one: Origin, names: naming.Names) -> dict[str, Any]:
    return {
        "unit": one.unit,
        "name": names(one.unit).text,
        "supplier": one.supplier,
        "notice": one.notice,
        "purchase_order": one.purchase_order,
        "carton": one.carton,
        "lot": one.state.lot,
        "received_ms": one.received_ms,
        "handled": [asdict(handling) for handling in one.handled],
        "siblings": [asdict(each) | {"where": each.place and names(each.place).text} for each in one.siblings],
        "proved": one.is_proved,
        "proof": [asdict(proof) for proof in one.proof],
    }
