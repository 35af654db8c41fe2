"""What somebody names at a program's door or in a form: one unit, one product, one place, however they write it.

A unit is named by whatever the field at the top of the console takes: its canonical name, its label, its serial
number or a further number such as an IMEI. A product by its GTIN, its SKU or its canonical name; a place by its code
or its canonical name.
"""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa

from server import search, site_codes
from server.cells import CellError, gtin_digits
from server.identifiers import owners
from server.naming import key_of_path
from server.tables import reference, unit_states
from sync.event import TEXT_MAX
from sync.identity import GS1, Kind, is_container, item_key, split_key, unit_key

EXAMPLE: Final = unit_key("09506000134352", "A1")
"""How a canonical name looks."""


class NamedError(ValueError):
    """It names nothing, or several things; the message says what to write."""


def unit(connection: sa.Connection, site: str, text: str) -> str:
    """The one unit that is meant; known here or not, where its name is written in full.

    Raises:
        NamedError: it names no unit, or several.
    """
    return one_unit(thing(connection, site, text), text)


def one_unit(key: str, text: str) -> str:
    """The canonical name that a text was found to mean, where that is a unit's.

    Raises:
        NamedError: it is a product's, a carton's, a place's, or a thing's that is no stock of anybody's.
    """
    if _kind(key) not in (Kind.UNIT, Kind.IDENTIFIER, Kind.SERIAL, Kind.PLATE):
        raise NamedError(f"{_quoted(text.strip())} names no single unit. {_HOW}")
    return key


def thing(connection: sa.Connection, site: str, text: str) -> str:
    """The one unit, product, lot, container or place that is meant; known here or not, where it is written in full.

    Raises:
        NamedError: it names nothing, or several units.
    """
    typed = text.strip()
    found = search.find(connection, site, typed) if 0 < len(typed) <= TEXT_MAX else search.Found()
    if len(found.keys) > 1:
        raise NamedError(
            f"{len(found.keys)} units bear {_quoted(typed)}: write the product too, as its label does or as {EXAMPLE}."
        )
    if not found.keys:
        raise NamedError(f"{_quoted(typed)} names nothing that is known here. {_HOW}")
    return found.keys[0]


_HOW: Final = f"Write a unit's serial number, its label, or its canonical name such as {EXAMPLE}."


def further_number(connection: sa.Connection, site: str, text: str) -> str:
    """A further name of a unit, such as an IMEI, as its label says it.

    Raises:
        NamedError: it is no label and no canonical name.
    """
    typed = text.strip()
    if _kind(key_of_path(typed)) is not None:
        try:
            return search.imei_in(key_of_path(typed))
        except ValueError as error:
            raise NamedError(str(error)) from None
    label = search.read_typed(typed, site_codes.load(connection, site))
    if isinstance(label, str):
        raise NamedError(label)
    return label.key


def known_unit(connection: sa.Connection, site: str, text: str) -> str:
    """The one unit that is meant, of which something is known here.

    Raises:
        NamedError: it names none, or several.
    """
    key = unit(connection, site, text)
    key = owners(connection, site, [key]).get(key, key)
    u = unit_states.c
    if connection.execute(sa.select(u.unit).where(u.site == site, u.unit == key)).first() is None:
        raise NamedError(f"{_quoted(text.strip())} is no unit that is known here.")
    return key


def product(connection: sa.Connection, site: str, text: str) -> str:
    """The product of this site that is meant.

    Raises:
        NamedError: there is none.
    """
    typed = text.strip()
    key = product_key(connection, site, typed)
    t = reference.c
    query = sa.select(t.key).where(t.site == site, t.kind == "item", t.key == key, t.row.isnot(None))
    if connection.execute(query).first() is None:
        raise NamedError(f"There is no product {_quoted(typed)} here: import the products first.")
    return key


def product_key(connection: sa.Connection, site: str, text: str) -> str:
    """The product that is meant; a GTIN and a canonical name stand for themselves, known here or not.

    Raises:
        NamedError: it is no name of a product.
    """
    typed = text.strip()
    t = reference.c
    sku = sa.select(t.key).where(t.site == site, t.kind == "item", t.row.isnot(None), t.row["sku"].as_string() == typed)
    found = connection.execute(sku.order_by(t.key).limit(1)).scalar()
    if found is not None:
        return str(found)
    name = key_of_path(typed)
    if _kind(name) is Kind.ITEM and not name.startswith(f"https://{GS1}/"):
        return name
    typed = name.rpartition("/")[2] if _kind(name) is Kind.ITEM else typed
    if not typed.replace(" ", "").isdigit():
        raise NamedError(f"There is no product {_quoted(typed)} here: give its GTIN, its SKU or its canonical name.")
    try:
        return item_key(gtin_digits(typed))
    except (CellError, ValueError) as error:
        raise NamedError(str(error)) from None


def product_asked(connection: sa.Connection, site: str, text: str) -> str | None:
    """The product that a form names; None where that is left empty.

    Raises:
        NamedError: it is no name of a product.
    """
    return product_key(connection, site, text.strip()) if text.strip() else None


def place(connection: sa.Connection, site: str, text: str) -> str:
    """The place of this site that is meant.

    Raises:
        NamedError: there is none.
    """
    typed = text.strip()
    t = reference.c
    query = sa.select(t.key).where(
        t.site == site,
        t.kind == "location",
        t.row.isnot(None),
        (t.row["code"].as_string() == typed) | (t.key == key_of_path(typed)),
    )
    found = connection.execute(query.order_by(t.key).limit(1)).scalar()
    if found is None:
        raise NamedError(f"There is no location {_quoted(typed)} here: give its code, or its canonical name.")
    return str(found)


def place_or_container(connection: sa.Connection, site: str, text: str) -> str:
    """The place of this site, or the carton or pallet, that is meant.

    Raises:
        NamedError: it is neither.
    """
    key = key_of_path(text.strip())
    if is_container(key):
        return key
    try:
        return place(connection, site, text)
    except NamedError:
        found = search.find(connection, site, text.strip()).keys
        if len(found) == 1 and is_container(found[0]):
            return found[0]
        raise


def _kind(text: str) -> Kind | None:
    try:
        return split_key(text).kind
    except ValueError:
        return None


def _quoted(text: str) -> str:
    return f"{text!r:.60}"
