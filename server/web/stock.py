"""Stock: products with what there is of each, one product's units, the locations, and what lies in a bin."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from flask import render_template, request, url_for

from server import context, inventory, naming
from server.channels import SOLD_DAYS, read_channels
from server.database import reading
from server.errors import Refusal
from server.modes.book import open_changes
from server.people import requires, signed_in
from server.roles import Task
from server.web.mode_changes import modes_besides
from server.web.navigation import Entry, Group
from server.web.pages import blueprint, linked_names
from server.web.wording import STATUSES, status_word
from sync.event import TEXT_MAX

NAV = Entry("Stock", "web.stock", Group.STOCK, order=10, parts=frozenset({"web.unit", "web.undo_page"}))


@blueprint.get("/stock")
@requires(Task.LOOK)
def stock() -> str:
    """Products by name, with what there is of each."""
    text = _text()
    with reading() as connection:
        found = inventory.products(connection, signed_in().site, text=text, after=_after(), limit=inventory.PAGE + 1)
        found, following = _page(found)
        names = linked_names(connection, signed_in().site, [product.key for product in found])
    return render_template("stock.html", products=found, names=names, q=text, next=following)


@blueprint.get("/stock/locations")
@requires(Task.LOOK)
def locations() -> str:
    """Locations by code, with how much lies in each."""
    text = _text()
    with reading() as connection:
        found = inventory.places(connection, signed_in().site, text=text, after=_after(), limit=inventory.PAGE + 1)
        found, following = _page(found)
        names = linked_names(connection, signed_in().site, [place.key for place in found])
    return render_template("locations.html", places=found, names=names, q=text, next=following)


@blueprint.get("/stock/products/<path:path>")
@requires(Task.LOOK)
def product(path: str) -> str:
    """One product: how many are where, and its units."""
    site, key = signed_in().site, _key(path)
    status = request.args.get("status", "")
    if status not in ("", *STATUSES):
        raise Refusal(404, "not_found", f"There is no state {status!r:.40}.")
    with reading() as connection:
        found = next(iter(inventory.products(connection, site, key=key)), None)
        if found is None:
            raise Refusal(404, "not_found", f"There is no product {key!r:.200}.")
        zones = inventory.by_zone(connection, site, key)
        channels = read_channels(connection, site, context.now_ms(), key)
        free = inventory.untaken(connection, site, [key])[key] - sum(one.to_pick for one in channels)
        changing = open_changes(connection, site).get(key)
        levels = list(inventory.levels(connection, site, item=key))
        units = _units(connection, site, item=key, status=status or None, after=request.args.get("after"))
        names = linked_names(
            connection, site, [key, *units.keys, *(k for x in levels for k in (x["subject"], x["place"]))]
        )
    return render_template(
        "product.html",
        product=found,
        modes=modes_besides(found.mode),
        changing=changing,
        channels=channels,
        free=max(0, free),
        sold_days=SOLD_DAYS,
        zones=zones,
        levels=levels,
        units=units,
        names=names,
        status=status,
        statuses=[("", "every state"), *((name, status_word(name)) for name in STATUSES)],
    )


@blueprint.get("/stock/bins/<path:path>")
@requires(Task.LOOK)
def bin_(path: str) -> str:
    """What lies in one bin: seen there, in a carton that stands there, or only said to be there by a document."""
    site, key = signed_in().site, _key(path)
    with reading() as connection:
        found = next(iter(inventory.places(connection, site, key=key)), None)
        if found is None:
            raise Refusal(404, "not_found", f"There is no location {key!r:.200}.")
        inside = inventory.inside(connection, site, [key])
        units = _units(connection, site, places=[key, *inside], after=request.args.get("after"))
        levels = list(inventory.levels(connection, site, places=[key, *inside]))
        names = linked_names(connection, site, [key, *inside, *units.keys, *(x["subject"] for x in levels)])
    return render_template("bin.html", place=found, inside=inside, units=units, levels=levels, names=names)


@dataclass(frozen=True, slots=True)
class _Units:
    """A page of units, and where each is now."""

    rows: list[dict[str, Any]]
    at: dict[str, str | None]
    next: str | None

    @property
    def keys(self) -> list[str | None]:
        """Every name that they speak of."""
        spoken = [key for row in self.rows for key in (row["unit"], row["place"], row["expected"])]
        return [*spoken, *self.at.values()]


def _units(connection: sa.Connection, site: str, **which: Any) -> _Units:
    """Units that are here or were: by name across all the places that are asked for."""
    found = inventory.units(connection, site, limit=inventory.PAGE + 1, **which)
    rows = sorted((dict(row) for row in found), key=lambda row: str(row["unit"]))
    more, rows = len(rows) > inventory.PAGE, rows[: inventory.PAGE]
    at = inventory.resolve(connection, site, (row["place"] for row in rows))
    return _Units(rows, at, rows[-1]["unit"] if more else None)


def _text() -> str:
    return request.args.get("q", "").strip()[: inventory.TEXT_MAX]


def _key(path: str) -> str:
    key = naming.key_of_path(path)
    if len(key) > TEXT_MAX:
        raise Refusal(404, "not_found", "No name is that long.")
    return key


def _after() -> inventory.After | None:
    text = request.args.get("after")
    if text is None:
        return None
    key, _, sort = text.partition("~")
    return sort, key


def _page(found: list[Any]) -> tuple[list[Any], str | None]:
    """What goes on this page of the list, and the address of the next one; one entry more was asked for to know."""
    if len(found) <= inventory.PAGE:
        return found, None
    shown = found[: inventory.PAGE]
    last = shown[-1]
    return shown, url_for(request.endpoint or "", q=_text() or None, after=f"{last.key}~{last.sort}")
