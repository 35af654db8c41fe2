"""What people call things: products by their name, bins by their code, units by product and serial number.

A canonical name is for programs. On a page it stands in a tooltip, and these names stand in front.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import sqlalchemy as sa

from server.ledger import in_chunks
from server.tables import reference
from sync.identity import GS1, KeyParts, Kind, imei_of, item_of, split_key

_GS1_PREFIX: Final = f"https://{GS1}/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Name:
    """What a page says in place of a canonical name."""

    text: str
    detail: str | None = None
    """What distinguishes it further, in small print: the GTIN, a zone."""
    kind: Kind | None = None


@dataclass(frozen=True, slots=True)
class Names:
    """Product and location names of one site, as far as a page needs them."""

    rows: Mapping[tuple[str, str], Mapping[str, Any]] = field(default_factory=dict)

    def __call__(self, key: str) -> Name:
        """What to call this; whatever is no canonical name is called what it is."""
        try:
            parts = split_key(key)
        except ValueError:
            return Name(text=key)
        return _WORDS.get(parts.kind, _other)(self, key, parts)

    def product(self, key: str) -> str:
        """A product's name, else its number."""
        row = self.rows.get(("item", key), {})
        number = dict(split_key(key).elements)["01"]
        return str(row.get("name") or row.get("sku") or number)


def read(connection: sa.Connection, site: str, keys: Iterable[str | None]) -> Names:
    """The names that a page about these keys needs."""
    wanted = {key for key in keys if key}
    wanted |= {item for key in wanted if (item := item_of(key)) is not None}
    rows: dict[tuple[str, str], Mapping[str, Any]] = {}
    for chunk in in_chunks(wanted):
        query = sa.select(reference.c.kind, reference.c.key, reference.c.row).where(
            reference.c.site == site,
            reference.c.kind.in_(("item", "location")),
            reference.c.key.in_(chunk),
            reference.c.row.isnot(None),
        )
        rows.update(((row.kind, row.key), row.row) for row in connection.execute(query))
    return Names(rows)


def _unit(names: Names, key: str, parts: KeyParts) -> Name:
    item, serial = str(item_of(key)), parts.value("21")
    return Name(text=f"{names.product(item)} · {serial}", detail=_number(names, item), kind=Kind.UNIT)


def _lot(names: Names, key: str, parts: KeyParts) -> Name:
    item = str(item_of(key))
    return Name(text=f"{names.product(item)} · lot {parts.value('10')}", detail=_number(names, item), kind=Kind.LOT)


def _item(names: Names, key: str, _parts: KeyParts) -> Name:
    return Name(text=names.product(key), detail=_number(names, key), kind=Kind.ITEM)


def _number(names: Names, item: str) -> str | None:
    """The product's GTIN, without the zeros that only fill it up; None where the name is the number already."""
    number = dict(split_key(item).elements)["01"]
    return None if names.product(item) == number else number.lstrip("0")


def _location(names: Names, key: str, parts: KeyParts) -> Name:
    row = names.rows.get(("location", key), {})
    code = row.get("code") or parts.value("254") or parts.value("414")
    name = row.get("name")
    return Name(text=str(code), detail=str(name) if name and name != code else None, kind=Kind.LOCATION)


def _container(_names: Names, _key: str, parts: KeyParts) -> Name:
    code = str(parts.value("00"))
    if len(code) == 18 and parts.domain == GS1:  # people read out the end of an SSCC
        return Name(text=f"carton …{code[-6:]}", detail=code, kind=Kind.CONTAINER)
    return Name(text=f"carton {code}", kind=Kind.CONTAINER)


def _identifier(_names: Names, key: str, parts: KeyParts) -> Name:
    return Name(text=f"IMEI {imei_of(key) or parts.value('8040')}", kind=Kind.IDENTIFIER)


def _other(_names: Names, key: str, parts: KeyParts) -> Name:
    return Name(text=" ".join(value for _, value in parts.elements) or key, kind=parts.kind)


_WORDS: Final = {
    Kind.UNIT: _unit,
    Kind.LOT: _lot,
    Kind.ITEM: _item,
    Kind.LOCATION: _location,
    Kind.CONTAINER: _container,
    Kind.IDENTIFIER: _identifier,
}


def path_of(key: str) -> str:
    """A canonical name as part of an address: GS1's own domain goes without saying."""
    return key.removeprefix(_GS1_PREFIX)


def key_of_path(path: str) -> str:
    """The canonical name in an address."""
    return path if ":" in path.partition("/")[0] else _GS1_PREFIX + path
