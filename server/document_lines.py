"""What one row of an imported file says, in canonical names: a pure function for each kind of document."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from server import cells
from server.cells import CellError
from server.returns.customer import hashed
from sync import identity
from sync.labels import SiteCodes
from sync.warranty import Starts, Term, WarrantyError

Values = Mapping[str, Any]
"""The cells of one row, read, by the names of their columns."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One row of a document: what it says about its subject, by canonical names."""

    subject: str
    location: str | None = None
    container: str | None = None
    quantity: int | None = None
    lot: str | None = None
    expiry: str | None = None
    attributes: dict[str, Any] | None = None
    stated: bool = True
    """Whether it is a fact of its subject's history; an order's line, say, is only compared with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """What the codes in a file stand for at this site."""

    codes: SiteCodes
    items: Mapping[str, str] = field(default_factory=dict)
    """SKU -> canonical name of the product."""
    places: Mapping[str, str] = field(default_factory=dict)
    """Location code -> canonical name."""
    secret: bytes = b""
    """With which customers' keys are hashed."""
    here: str = ""
    """The site itself."""
    sites: frozenset[str] = frozenset()
    """Every site of the database."""
    modes: Mapping[str, str] = field(default_factory=dict)
    """Product -> how it is tracked."""
    in_stock: Callable[[str], bool] = lambda _item: False
    """Whether something of a product is in stock; asked only where its mode would change."""
    refused: Callable[[str, Mapping[str, str]], Mapping[str, str]] = lambda _kind, _digests: {}
    """Why documents of this kind cannot be taken in: number -> digest of each, and number -> sentence."""

    def item(self, values: Values) -> str:
        """The product that a row names by GTIN or SKU."""
        gtin, sku = values.get("gtin"), values.get("sku")
        if gtin is not None:
            item = str(identity.item_key(gtin))
            if sku is not None and self.items.get(sku, item) != item:
                raise CellError(f"The GTIN {gtin} and the SKU {sku!r} are two products here: which of them is meant?")
            return item
        if sku is None:
            raise CellError("The row names no product: a gtin or a sku is needed.")
        if sku not in self.items:
            raise CellError(f"There is no product with the SKU {sku!r} here: import the products first.", "sku")
        return self.items[sku]

    def place(self, code: str) -> str:
        """The location with this code."""
        if code not in self.places:
            raise CellError(f"There is no location {code!r} here: import the locations first.", "location")
        return self.places[code]

    def container(self, code: str, column: str | None = None) -> str:
        """The carton or pallet with this SSCC or plate, which stands in that column of a file."""
        digits = code.removeprefix("(00)").replace(" ", "")
        if len(digits) == 20 and digits.startswith("00"):
            digits = digits[2:]
        if digits.isascii() and digits.isdigit() and len(digits) == 18:
            return named(identity.container_key, digits, column=column)
        return named(identity.own_container_key, self.codes.domain, code, column=column)


def named(make: Callable[..., str], *parts: str, column: str | None = None) -> str:
    """The canonical name made of these parts; what is wrong with them becomes the cell's error."""
    try:
        return make(*parts)
    except ValueError as wrong:
        raise CellError(str(wrong), column) from None


def _subject(values: Values, names: Names) -> str:
    """The unit, lot or item that a row is about, by how much it says."""
    item = names.item(values)
    serial, lot, quantity = values.get("serial"), values.get("lot"), values.get("quantity")
    if serial is not None:
        if quantity not in (None, 1):
            raise CellError(f"Serial {serial!r} names one unit, and the quantity is {quantity}.")
        return named(identity.unit_key, item, serial)
    if quantity is None:
        raise CellError("The row has neither a serial nor a quantity.")
    return named(identity.lot_key, item, lot) if lot is not None else item


def _some(values: Values) -> Values:
    """The row, which asks for something or says that it comes: none of it is a slip."""
    if values.get("quantity") == 0:
        raise CellError("The quantity is 0: say how many, or leave the row out.")
    return values


def _quantity(values: Values) -> int | None:
    return None if "serial" in values else values.get("quantity")


def _attributes(values: Values, *names: str) -> dict[str, Any] | None:
    return {name: values[name] for name in names if name in values} or None


def _amounts(values: Values) -> dict[str, Any]:
    """The price and the cost of one piece, in the currency's smallest unit."""
    found: dict[str, Any] = {}
    for name in ("price", "cost"):
        if name in values:
            if "currency" not in values:
                raise CellError(f"A {name} needs its currency, such as EUR.")
            found |= {name: cells.minor_units(values[name], values["currency"]), "currency": values["currency"]}
    return found


def product(values: Values, names: Names) -> Line:
    """What the site sells, and how it is tracked."""
    gtin, sku = values.get("gtin"), values.get("sku")
    if gtin is None and sku is None:
        raise CellError("The row names no product: a gtin or a sku is needed.")
    subject = identity.item_key(gtin) if gtin else named(identity.own_item_key, names.codes.domain, sku or "")
    attributes = _attributes(values, "name", "sku", "mode", "serial_pattern", "supplier", "zone", "currency") or {}
    before = names.modes.get(subject)
    mode = attributes.setdefault("mode", before or "serial")
    if before not in (None, mode) and names.in_stock(subject):
        raise CellError(
            f"It is tracked by {before} and in stock. Change that on the product's page, which goes through what lies "
            "in the bins; then import it."
        )
    attributes |= _amounts(values)
    return Line(subject=subject, attributes=attributes, stated=False)


def location(values: Values, names: Names) -> Line:
    """A place of the site."""
    code, gln = values["code"], values.get("gln") or names.codes.gln
    if gln is not None:
        subject = named(identity.location_key, gln, values.get("extension", code))
    else:
        subject = named(identity.own_location_key, names.codes.domain, names.codes.site, values.get("extension", code))
    return Line(subject=subject, attributes=_attributes(values, "code", "name", "zone"), stated=False)


def stock(values: Values, names: Names) -> Line:
    """Where a unit, lot or item belongs."""
    where, inside = values.get("location"), values.get("container")
    if where is None and inside is None:
        raise CellError("The row says no place: a location or a container is needed.")
    return Line(
        subject=_subject(values, names),
        location=None if where is None else names.place(where),
        container=None if inside is None else names.container(inside, "container"),
        quantity=_quantity(values),
        lot=values.get("lot"),
        expiry=values.get("expiry"),
        attributes=_amounts(values) or None,
    )


def asn(values: Values, names: Names) -> Line:
    """What a supplier sends, and in which carton."""
    carton = values.get("sscc")
    return Line(
        subject=_subject(_some(values), names),
        container=None if carton is None else names.container(carton, "sscc"),
        quantity=_quantity(values),
        lot=values.get("lot"),
        expiry=values.get("expiry"),
        attributes=_asn_attributes(values),
        stated="serial" in values or "sscc" in values,  # what no carton says comes in by a scan alone
    )


def _asn_attributes(values: Values) -> dict[str, Any] | None:
    said = (_attributes(values, "supplier") or {}) | _amounts(values)
    return said | ({"fulfils": values["po"]} if "po" in values else {}) or None


def fulfilment(order: str) -> Line:
    """That a notice fulfils an order: under the order's number, so that its notices are found."""
    return Line(subject=order, attributes={"fulfils": order}, stated=False)


def purchase_order(values: Values, names: Names) -> Line:
    """What was ordered from a supplier."""
    return Line(
        subject=names.item(_some(values)),
        quantity=values["quantity"],
        attributes=(_attributes(values, "supplier") or {}) | _amounts(values) or None,
        stated=False,
    )


def order(values: Values, names: Names) -> Line:
    """What a customer gets, or another site."""
    to = values.get("to_site")
    others = names.sites - {names.here}
    if to is not None and to not in others:
        raise CellError(f"{to!r} is no other site here. The others: {', '.join(sorted(others)) or 'none'}.")
    return Line(
        subject=_subject(_some(values), names),
        quantity=_quantity(values),
        lot=None if "serial" in values else values.get("lot"),
        attributes=(_attributes(values, "due", "priority", "channel", "to_site") or {}) | _buyer(values, names) or None,
        stated=False,
    )


def rma(values: Values, names: Names) -> Line:
    """What a customer announces to send back."""
    if "order" not in values and "customer_key" not in values:
        raise CellError("The row says neither on which order it was bought nor by whom: give the order.")
    pieces = {"quantity": 1} if "serial" not in values else {}
    return Line(
        subject=_subject(_some({**pieces, **values}), names),
        quantity=None if "serial" in values else values.get("quantity", 1),
        attributes=(_attributes(values, "order", "reason") or {}) | _buyer(values, names),
        stated=False,
    )


def _buyer(values: Values, names: Names) -> dict[str, Any]:
    return {"customer": hashed(names.secret, values["customer_key"])} if "customer_key" in values else {}


def warranty(values: Values, names: Names) -> Line:
    """How long a product, one of its lots or one unit is covered."""
    item, serial, lot = names.item(values), values.get("serial"), values.get("lot")
    subject = item
    if serial is not None:
        subject = named(identity.unit_key, item, serial)
    elif lot is not None:
        subject = named(identity.lot_key, item, lot)
    attributes = _attributes(values, "months", "starts", "since", "until", "made", "covers") or {}
    try:
        Term(months=attributes.get("months"), since=attributes.get("since"), until=attributes.get("until"))
    except WarrantyError as wrong:
        raise CellError(str(wrong)) from None
    return Line(subject=subject, lot=lot, attributes={"starts": Starts.SALE} | attributes, stated=False)


def unit_once(line: Line) -> str | None:
    """A unit may stand in a document only once."""
    return None if identity.is_stock(line.subject) else line.subject
