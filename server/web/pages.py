"""The blueprint that every page belongs to, and how a page names things."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import sqlalchemy as sa
from flask import Blueprint, g, request, url_for

from server import latest_first, naming, sites
from server.database import reading
from server.errors import Refusal
from server.naming import Name, Names
from server.people import signed_in
from sync.identity import Kind

blueprint = Blueprint("web", __name__)

_WITH_PAGE = frozenset({Kind.UNIT, Kind.ITEM, Kind.LOT, Kind.CONTAINER, Kind.PLATE, Kind.SERIAL, Kind.IDENTIFIER})


@dataclass(frozen=True, slots=True, kw_only=True)
class Linked:
    """A name, and the page about what it names, if there is one."""

    text: str
    detail: str | None
    page: str | None
    is_product: bool = False
    """Whether it is a product that the site knows, which has a page among the stock as well."""


@dataclass(frozen=True, slots=True)
class LinkedNames:
    """Names with their pages, for templates."""

    names: Names

    def __call__(self, key: str) -> Linked:
        name: Name = self.names(key)
        view = "web.bin_" if name.kind is Kind.LOCATION else "web.unit" if name.kind in _WITH_PAGE else None
        page = url_for(view, path=naming.path_of(key)) if view else None
        known = name.kind is Kind.ITEM and ("item", key) in self.names.rows
        return Linked(text=name.text, detail=name.detail, page=page, is_product=known)


def site_name(code: str | None = None) -> str:
    """What people call a site; the one that the page is about where none is named."""
    if "site_names" not in g:
        with reading() as connection:
            g.site_names = sites.names(connection)
    wanted = code or signed_in().site
    return str(g.site_names.get(wanted, wanted))


def last_seen(of: str, name: str = "after") -> tuple[str | None, latest_first.Key | None]:
    """Which document of a list was seen last, as the address says it and as it is meant.

    Args:
        of: what it is a list of, in the plural.
        name: of the argument.

    Raises:
        Refusal: it is none.
    """
    said = request.args.get(name) or None
    try:
        return said, latest_first.read_after(said)
    except ValueError:
        raise Refusal(400, "bad_request", f"There is no such page of {of}.") from None


def linked_names(connection: sa.Connection, site: str, keys: Iterable[str | None]) -> LinkedNames:
    """What a page about these keys calls them."""
    return LinkedNames(naming.read(connection, site, keys))
