"""The adviser's word on each product, with the money of each way of tracking it."""

from __future__ import annotations

from typing import Any, Final

import sqlalchemy as sa

from server import context
from server.adviser import advice_list
from server.adviser.regulations import Mode
from server.exports import Column, Filters, Listing, Rows
from server.roles import Task


def _advice(connection: sa.Connection, site: str, _filters: Filters) -> Rows:
    for told in advice_list.read_all(connection, site, context.now_ms()):
        advice = told.advice
        row: dict[str, Any] = {
            "name": told.name,
            "preset": told.preset,
            "mode": told.mode,
            "key": told.key,
            "why_not": told.why_not,
        }
        row |= dict.fromkeys(_OF_ADVICE)
        if advice is not None:
            row |= {
                "advice": advice.recommended,
                "by_money": advice.by_money,
                "law": "; ".join(law.name for law in advice.laws) or None,
                "price": advice.product.price,
                "currency": advice.product.currency,
                "units_month": round(advice.product.units_month.value, 2),
                "units_month_source": advice.product.units_month.source,
                "break_even": advice.break_even_price and round(advice.break_even_price, 2),
                **{f"{option.mode}_net": round(option.net, 2) for option in advice.options},
            }
        yield row


_OF_ADVICE: Final = (
    "advice", "by_money", "law", "price", "currency", "units_month", "units_month_source", "break_even",
    *(f"{mode}_net" for mode in Mode),
)  # fmt: skip
LISTS = (
    Listing(
        name="advice",
        title="When to serialise",
        rows=_advice,
        task=Task.OWN,
        columns=(
            Column("name", "Product"),
            Column("preset", "Kind of goods"),
            Column("mode", "Tracked by"),
            Column("advice", "Advice"),
            Column("by_money", "By money alone"),
            Column("law", "Law that asks for it"),
            Column("price", "Price"),
            Column("currency", "Currency"),
            Column("units_month", "Sold a month"),
            Column("units_month_source", "Sold a month by"),
            Column("break_even", "A name for each unit pays from"),
            Column("quantity_net", "Pieces only leaves a month"),
            Column("lot_net", "Lot leaves a month"),
            Column("implicit_net", "Implicit plate leaves a month"),
            Column("lpn_net", "Printed plate leaves a month"),
            Column("serial_net", "Serial number leaves a month"),
            Column("why_not", "Why there is no advice"),
            Column("key", "Canonical name"),
        ),
    ),
)
