"""What a supplier gave back for a claim: an amount in each currency, which need not be those that were claimed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import sqlalchemy as sa

from server import cells, papers
from server.cells import PRICE_MAX, CellError
from server.claims.claim import VALUED, Claim, ClaimError
from server.ledger import in_chunks
from server.prices import Price
from server.tables import document_rows, documents

CURRENCIES_MAX: Final = 10
KIND: Final = "credit"


def typed(pairs: Iterable[tuple[str, str]]) -> dict[str, int]:
    """Amounts as people write them, each with its currency; one without an amount says nothing.

    Raises:
        ClaimError: it is no amount or currency, or a currency is named twice.
    """
    found: dict[str, int] = {}
    for amount, currency in pairs:
        if not amount.strip():
            continue
        if not currency.strip():
            raise ClaimError(f"Say in which currency {amount.strip():.30} was credited.")
        try:
            known = cells.currency(currency.strip())
            minor = cells.minor_units(cells.decimal(amount.strip()), known)
        except CellError as error:
            raise ClaimError(str(error)) from None
        if known in found:
            raise ClaimError(f"{known} is named twice: add its amounts up.")
        found[known] = minor
    return found


def check(claim: Claim, credited: Mapping[str, int], *, more_than_claimed: bool) -> None:
    """Refuse what is no credit; and one beyond the claim, which may be mistyped, until somebody says that it is right.

    Amounts in a currency that was not claimed are compared with nothing: nobody said at what rate.

    Raises:
        ClaimError: the sentence says why.
    """
    if not credited:
        raise ClaimError("Say what they gave back, and in which currency; 0 if it was nothing.")
    if len(credited) > CURRENCIES_MAX:
        raise ClaimError(f"A credit is in up to {CURRENCIES_MAX} currencies, and not in {len(credited)}.")
    for currency, minor in credited.items():
        if _known(currency) != currency:
            raise ClaimError(f"{currency!r:.40} is no currency: write its three letters, such as EUR.")
        if not 0 <= minor <= PRICE_MAX:
            raise ClaimError(f"An amount in {currency} is from 0 to {Price(PRICE_MAX, currency).text()}.")
    if more_than_claimed or any(line.wrong in VALUED and line.value is None for line in claim.lines):
        return
    for currency, minor in credited.items():
        owed = claim.totals.get(currency)
        if owed is not None and minor > owed:
            was, is_ = Price(owed, currency).text(), Price(minor, currency).text()
            raise ClaimError(f"{claim.number} claims {was}, and {is_} is more: say that it is, or mend the amount.")


def _known(currency: str) -> str | None:
    try:
        return cells.currency(currency)
    except CellError:
        return None


def write(
    connection: sa.Connection,
    *,
    site: str,
    claim: Claim,
    credited: Mapping[str, int],
    note: str | None,
    operator: str | None,
    now_ms: int,
) -> None:
    """Write a credit down that was checked: one fact, whose document has a row for each currency."""
    papers.write(
        connection,
        site=site,
        kind=KIND,
        number=claim.number,
        action="follow_claim",
        rows=[
            {"subject": claim.receipt, "quantity": minor, "attributes": {"currency": currency, "note": note}}
            for currency, minor in credited.items()
        ],
        operator=operator,
        now_ms=now_ms,
        reason="credited",
    )


def read(
    connection: sa.Connection, site: str, numbers: Sequence[str]
) -> Mapping[str, tuple[Mapping[str, int], str | None]]:
    """What was credited for these claims, by currency, and the note on it; by the name of the fact that says so."""
    amounts: dict[str, dict[str, int]] = defaultdict(dict)
    notes: dict[str, str | None] = {}
    for chunk in in_chunks(numbers):
        query = (
            sa.select(documents.c.event, document_rows.c.quantity, document_rows.c.attributes)
            .join(document_rows, document_rows.c.document == documents.c.digest)
            .where(documents.c.site == site, documents.c.kind == KIND, documents.c.number.in_(chunk))
            .where(documents.c.event.isnot(None))
            .order_by(document_rows.c.row)
        )
        for event, minor, said in connection.execute(query):
            amounts[event][said["currency"]] = minor
            notes[event] = said["note"]
    return {event: (by_currency, notes[event]) for event, by_currency in amounts.items()}
