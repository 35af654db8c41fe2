"""What someone at a keyboard or a wedge scanner means by what they typed."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

import sqlalchemy as sa

from server import site_codes
from server.identifiers import owners
from server.ledger import in_chunks
from server.naming import key_of_path
from server.tables import documents, reference, unit_states
from sync.identity import IMEI_AIS, imei_key, split_key, unit_key
from sync.labels import Label, SiteCodes, parse

ITEMS_MAX: Final = 20_000
"""Products among which a serial number that stands alone is looked for."""
FOUND_MAX: Final = 20
TOGETHER_MAX: Final = 100
"""Numbers that are looked for together: a column out of a spreadsheet."""
LOOK_UPS_MAX: Final = 100_000
"""Each of them asks each product once."""
_BETWEEN: Final = re.compile(r"[ \t\r\n,;]+")
"""What stands between numbers that were pasted: a browser makes blanks of line ends. FNC1 is part of a label."""
FOUND_KINDS: Final = ("order", "asn", "purchase_order", "count", "claim", "rma")
"""Documents that have a page of their own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """The names that it can mean; with none, or several, a sentence that says so."""

    keys: tuple[str, ...] = ()
    problem: str = ""
    document: tuple[str, str] | None = None
    """The kind and the number of the document that it names."""
    known: bool = False
    """Whether there is something of this name here; a label may be of nothing that was ever seen."""


def read_typed(typed: str, codes: SiteCodes) -> Label | str:
    """The label that was typed, or the sentence that says why it is none.

    A wedge scanner may put the AIM symbology identifier (``]d2``) in front; a bare text is tried as such.
    """
    symbology, text = (typed[:3], typed[3:]) if typed.startswith("]") else (None, typed)
    label = parse(text.encode(errors="replace"), symbology, codes)
    return label if isinstance(label, Label) else label.reason


def find(connection: sa.Connection, site: str, typed: str) -> Found:
    """What was meant: a document's number, a canonical name, a label, or a serial number by itself.

    Of a canonical name `https://id.gs1.org/` may be left out.
    """
    kind = _kind_of_document(connection, site, typed)
    if kind is not None:
        return Found(document=(kind, typed), known=True)
    name = key_of_path(typed)
    if _is_name(name):
        try:
            names = [name, imei_in(name)]
        except ValueError as error:
            return Found(problem=str(error))
        under = owners(connection, site, names)
        key = next((under[each] for each in names if each in under), names[-1])
        return Found(keys=(key,), known=True)
    label = read_typed(typed, site_codes.load(connection, site))
    if isinstance(label, Label):
        owned = owners(connection, site, [label.key]).get(label.key)
        if owned or _is_known(connection, site, label.key):
            return Found(keys=(owned or label.key,), known=True)
    serial = label.serial if isinstance(label, Label) and label.serial else typed
    keys = with_serial(connection, site, serial)
    if keys:
        several = f"{len(keys)} units bear this serial number." if len(keys) > 1 else ""
        return Found(keys=keys, problem=several, known=True)
    if isinstance(label, Label):
        return Found(keys=(label.key,))
    return Found(problem=label)


def find_each(connection: sa.Connection, site: str, typed: str) -> dict[str, Found]:
    """What each of several numbers means that stand behind one another, blanks, commas or lines between; by number.

    Raises:
        ValueError: they are too many to be looked for together.
    """
    words = list(dict.fromkeys(filter(None, _BETWEEN.split(typed))))
    if len(words) < 2:
        return {}
    r = reference.c
    products = sa.select(sa.func.count()).where(r.site == site, r.kind == "item", r.row.isnot(None))
    most = min(TOGETHER_MAX, LOOK_UPS_MAX // max(1, connection.execute(products).scalar_one()))
    if len(words) > most:
        raise ValueError(f"These are {len(words)} numbers: look for at most {most} at a time.")
    return {word: find(connection, site, word) for word in words}


def _kind_of_document(connection: sa.Connection, site: str, number: str) -> str | None:
    t = documents.c
    query = sa.select(t.kind).where(t.site == site, t.number == number, t.kind.in_(FOUND_KINDS), t.event.isnot(None))
    return connection.execute(query.order_by(t.event_ms).limit(1)).scalar()


def _is_name(text: str) -> bool:
    try:
        split_key(text)
    except ValueError:
        return False
    return True


def imei_in(name: str) -> str:
    """The canonical name of the IMEI that an address says as GS1's element 8040 or 8041; any other name as it is.

    Raises:
        ValueError: it is no IMEI.
    """
    (ai, value), *more = split_key(name).elements
    return imei_key(value) if ai in IMEI_AIS and not more and name.startswith("https:") else name


def _is_known(connection: sa.Connection, site: str, key: str) -> bool:
    query = sa.select(unit_states.c.unit).where(unit_states.c.site == site, unit_states.c.unit == key)
    return connection.execute(query).first() is not None


def with_serial(connection: sa.Connection, site: str, serial: str) -> tuple[str, ...]:
    """Units of any product here with this serial number: one look-up by key for each product."""
    items = connection.execute(
        sa.select(reference.c.key)
        .where(reference.c.site == site, reference.c.kind == "item", reference.c.row.isnot(None))
        .limit(ITEMS_MAX)
    ).scalars()
    found: list[str] = []
    for keys in in_chunks(unit_key(item, serial) for item in items):
        query = sa.select(unit_states.c.unit).where(unit_states.c.site == site, unit_states.c.unit.in_(keys))
        found += connection.execute(query.limit(FOUND_MAX)).scalars()
    return tuple(found[:FOUND_MAX])
