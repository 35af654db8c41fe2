"""Checked elements as a label: which of its keys a GS1 label is named after, and what else it says."""

from __future__ import annotations

from sync.identity import Kind, key_of
from sync.labels._dates import iso_date
from sync.labels._elements import Elements
from sync.labels._label import Label, SiteCodes
from sync.labels._syntax import PATHS


def label_of(elements: Elements, *, format: str, codes: SiteCodes, year: int) -> Label:  # noqa: A002 - the field's name
    """The label that these elements make.

    An SSCC names the label even beside a GTIN, because it is the logistic unit that carries it. Made-to-order (03) is
    a GTIN as well. What holds none of our keys is named by its own key, or under the site's domain.
    """
    values = dict(elements)
    gtin = values.get("01") or values.get("03")
    of = gtin or values.get("02")
    serial, lot = values.get("21"), values.get("10")
    kind, key, note = _name(values, gtin, codes)
    expiry = values.get("17") or values.get("7003")
    quantity = values.get("37") or values.get("30")
    return Label(
        kind=kind,
        key=key,
        format=format,
        elements=elements,
        item=f"https://id.gs1.org/01/{of}" if of else None,
        serial=serial,
        lot=lot,
        expiry=iso_date(expiry, year) if expiry else None,
        quantity=int(quantity) if quantity else None,
        note=note,
    )


def _name(values: dict[str, str], gtin: str | None, codes: SiteCodes) -> tuple[Kind, str, str | None]:
    if "00" in values:
        return Kind.CONTAINER, f"https://id.gs1.org/00/{values['00']}", None
    if gtin:
        return _named_by_gtin(values, gtin)
    if "8006" in values:
        return Kind.OTHER, _own_key(values, "8006"), "One piece of a trade item (AI 8006) is not the whole unit."
    if "414" in values:
        within = [("254", values["254"])] if "254" in values else []
        return Kind.LOCATION, key_of(("414", values["414"]), *within), None
    if primary := next((ai for ai in values if ai in PATHS), None):
        return Kind.OTHER, _own_key(values, primary), None
    return Kind.OTHER, key_of(*values.items(), domain=codes.domain), "It holds no GS1 key, so it names nothing."


def _named_by_gtin(values: dict[str, str], gtin: str) -> tuple[Kind, str, str | None]:
    if serial := values.get("21"):
        return Kind.UNIT, key_of(("01", gtin), ("21", serial)), None
    if lot := values.get("10"):
        return Kind.LOT, key_of(("01", gtin), ("10", lot)), None
    note = "Its serialised extension (235) is a third party's and names no unit here." if "235" in values else None
    return Kind.ITEM, f"https://id.gs1.org/01/{gtin}", note


def _own_key(values: dict[str, str], primary: str) -> str:
    """The key with its qualifiers, as the path of its Digital Link."""
    path = next(path for path in PATHS[primary] if values.keys() >= set(path))
    return key_of(*[(ai, values[ai]) for ai in path])
