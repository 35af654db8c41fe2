"""Ages, stages, what spoils, suggested prices, and the prices in force, which a shop takes from here."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa

from server import context
from server.exports import Column, Filters, Listing, Rows
from server.life_cycle import picture, price_list
from server.life_cycle.stock import read_pieces, read_units
from server.lists.naming_rows import with_names
from server.roles import Task
from sync.identity import split_key


def _ages(connection: sa.Connection, site: str, filters: Filters) -> Rows:
    now_ms, item = context.now_ms(), filters.get("item")
    rows = (
        {
            "subject": one.subject,
            "quantity": one.quantity,
            "age_days": one.age_days(now_ms),
            "since_ms": one.since_ms,
            "came_under": one.came_under,
            "expiry": one.expiry,
            "days_left": one.days_left(now_ms),
            "for_sale": one.for_sale,
        }
        for read in (read_units, read_pieces)
        for one in read(connection, site, item)
    )
    return with_names(connection, site, rows, {"subject": "name"})


def _products(connection: sa.Connection, site: str, _filters: Filters) -> Rows:
    found = picture.read(connection, site, context.now_ms())
    for product in sorted(found.products.values(), key=lambda one: one.name.casefold()):
        finding = product.finding
        yield {
            "name": product.name,
            "stage": finding.stage,
            "season": finding.season,
            "change": None if finding.change is None else round(finding.change, 4),
            "why": finding.why,
            "on_hand": product.on_hand,
            "pace": round(product.pace, 3),
            "cover_days": None if product.cover_days is None else round(product.cover_days, 1),
            "spoils": round(product.spoils, 1),
            "expired": product.expired,
            "item": product.item,
        }


def _spoilage(connection: sa.Connection, site: str, _filters: Filters) -> Rows:
    found = picture.read(connection, site, context.now_ms())
    rows = (
        {
            "subject": one.lot.subject,
            "expiry": one.lot.expiry,
            "days_left": one.lot.days_left,
            "quantity": one.lot.quantity,
            "pace": round(product.pace, 3),
            "cover_days": None if one.cover_days is None else round(one.cover_days, 1),
            "sells": round(one.sells, 1),
            "spoils": round(one.spoils, 1),
        }
        for product in found.products.values()
        for one in product.outlooks
    )
    return with_names(connection, site, sorted(rows, key=lambda row: str(row["expiry"])), {"subject": "name"})


def _suggestions(connection: sa.Connection, site: str, _filters: Filters) -> Rows:
    found = picture.read(connection, site, context.now_ms())
    rows = (
        {
            "subject": one.subject,
            "quantity": one.quantity,
            "rule": one.rule.name,
            "why": one.rule.text,
            "was": one.was,
            "price": one.price,
            "currency": getattr(found.products[one.item].price, "currency", None),
            "floored": one.floored,
        }
        for one in found.suggestions()
    )
    return with_names(connection, site, rows, {"subject": "name"})


def _prices(connection: sa.Connection, site: str, _filters: Filters) -> Rows:
    rows = (
        {
            "subject": one.subject,
            "gtin": parts.get("01"),
            "serial": parts.get("21"),
            "lot": parts.get("10"),
            "price": one.price,
            "was": one.was,
            "currency": one.currency,
            "from_ms": one.from_ms,
            "until_ms": one.until_ms,
            "rule": one.rule,
            "number": one.number,
            "by": one.by,
        }
        for one in price_list.offered_now(connection, site, context.now_ms())
        for parts in [dict(split_key(one.subject).elements)]
    )
    return with_names(connection, site, rows, {"subject": "name"})


_SUBJECT: Final = Column("subject", "Canonical name")
LISTS: Final = (
    Listing(
        name="ages",
        title="Age of stock",
        rows=_ages,
        filters={"item": "canonical name of a product"},
        task=Task.OWN,
        columns=(
            Column("name", "Unit or product"),
            Column("quantity", "Pieces"),
            Column("age_days", "Days in stock"),
            Column("since_ms", "Came in", moment=True),
            Column("came_under", "Under"),
            Column("expiry", "Expires"),
            Column("days_left", "Days left"),
            Column("for_sale", "For sale"),
            _SUBJECT,
        ),
    ),
    Listing(
        name="life_cycle",
        title="Life cycle",
        rows=_products,
        task=Task.OWN,
        columns=(
            Column("name", "Product"),
            Column("stage", "Stage"),
            Column("season", "Or the season"),
            Column("change", "Change of sales"),
            Column("why", "Why"),
            Column("on_hand", "In stock"),
            Column("pace", "Sold a day"),
            Column("cover_days", "Lasts for days"),
            Column("spoils", "Will spoil"),
            Column("expired", "Has expired"),
            Column("item", "Canonical name"),
        ),
    ),
    Listing(
        name="spoilage",
        title="What will spoil",
        rows=_spoilage,
        task=Task.OWN,
        columns=(
            Column("name", "Lot"),
            Column("expiry", "Expires"),
            Column("days_left", "Days left"),
            Column("quantity", "Pieces"),
            Column("pace", "Sold a day"),
            Column("cover_days", "Would sell out in days"),
            Column("sells", "Will sell"),
            Column("spoils", "Will spoil"),
            _SUBJECT,
        ),
    ),
    Listing(
        name="price_suggestions",
        title="Suggested prices",
        rows=_suggestions,
        task=Task.OWN,
        columns=(
            Column("name", "Unit or product"),
            Column("quantity", "Pieces"),
            Column("rule", "Rule"),
            Column("why", "What it says"),
            Column("was", "Price now, in the smallest unit"),
            Column("price", "Suggested, in the smallest unit"),
            Column("currency", "Currency"),
            Column("floored", "At its floor"),
            _SUBJECT,
        ),
    ),
    Listing(
        name="prices",
        title="Prices in force",
        rows=_prices,
        columns=(
            Column("name", "Unit or product"),
            Column("gtin", "GTIN or own number"),
            Column("serial", "Serial"),
            Column("lot", "Lot"),
            Column("price", "Price, in the smallest unit"),
            Column("was", "Product's price, in the smallest unit"),
            Column("currency", "Currency"),
            Column("from_ms", "From", moment=True),
            Column("until_ms", "Until", moment=True),
            Column("rule", "Rule"),
            Column("number", "List"),
            Column("by", "Accepted by"),
            _SUBJECT,
        ),
    ),
)
