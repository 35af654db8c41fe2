"""GS1 Digital Link URIs of any domain (GS1 Digital Link Standard: URI Syntax).

>>> from sync.labels import parse, parse_all
>>> label = parse(b"HTTPS://EXAMPLE.COM/x/01/09506000134352/10/L1/21/A%2F1?17=291231&utm=poster", "]Q1")
>>> label.key, label.lot, label.serial
('https://id.gs1.org/01/09506000134352/21/A%2F1', 'L1', 'A/1')
>>> parse(b"https://example.com/01/09506000134352/21/A1/10/L1", "]Q1").reason
'(01), (21), (10) is no order that GS1 Digital Link allows in a path.'

One symbol may list several; `parse_all` takes them apart, and none of them passes for the whole:

>>> two = b"https://a.example/01/09506000134352/21/A,https://a.example/01/09506000134352/21/B"
>>> [label.serial for label in parse_all(two, "]Q1")]
['A', 'B']

Numbers only: the old words such as /gtin/ and /ser/ are deprecated and refused, as is a GTIN of fewer digits than 14.
"""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import unquote_to_bytes

from sync.check_digits import are_digits
from sync.labels._elements import ELEMENTS_MAX, Elements, InvalidLabelError, check_together, check_value
from sync.labels._label import Label
from sync.labels._registry import Scan, label_format, not_gs1
from sync.labels._syntax import AIS, PATHS, ApplicationIdentifier
from sync.labels._trade_item import label_of

_NOT_OF_A_URI: Final = re.compile(r"[^A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=%]")
_URI: Final = re.compile(r"(?:https?|HTTPS?)://([^/]*)(/[^?#]*)(?:\?([^#]*))?(?:#.*)?")
_NOT_OF_A_DOMAIN: Final = re.compile(r"[_~?#@!$&'()*+,;=%]")
_ANOTHER: Final = re.compile(r"[,;]https?://", re.IGNORECASE)
"""What follows a first address where one symbol lists several."""
_LOOKS_LIKE_A_URI: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://|urn:", re.IGNORECASE)


@label_format(rank=40, symbologies=not_gs1)
def read(scan: Scan) -> Label | None:
    """Read a Digital Link; a web address that is none is refused."""
    if not _LOOKS_LIKE_A_URI.match(scan.text):
        return None
    return label_of(link_elements(scan.text), format="digital_link", codes=scan.codes, year=scan.year)


def link_elements(uri: str) -> Elements:
    """The elements of a Digital Link, path first, then query. Raises InvalidLabelError if it is none."""
    if character := _NOT_OF_A_URI.search(uri):
        raise InvalidLabelError(f"{character[0]!r} may not stand in a web address.")
    match = _URI.fullmatch(uri)
    if not match or not match[1]:
        raise InvalidLabelError(f"{uri!r} is no https:// or http:// address with a domain and a path.")
    if _ANOTHER.search(uri) or "://" in match[2]:
        raise InvalidLabelError("Several web addresses stand in one text, and a label is one.")
    domain, path, query = match[1], match[2], match[3] or ""
    if character := _NOT_OF_A_DOMAIN.search(domain):
        raise InvalidLabelError(f"{character[0]!r} may not stand in the domain {domain!r}.")
    on_path = [_decoded(ai, value, in_query=False) for ai, value in _path_pairs(path)]
    in_query = _query_elements(query, ELEMENTS_MAX - len(on_path))
    _check_places([ai for ai, _ in on_path], [ai for ai, _ in in_query])
    elements = (*on_path, *in_query)
    check_together(elements)
    return elements


def _path_pairs(path: str) -> list[tuple[str, str]]:
    """AI and raw value from the primary key on, found from the end: a shop's own path may stand before it."""
    steps = path.split("/")[1:]
    for at in range(len(steps) - 2, -1, -2):
        ai = steps[at]
        if ai not in AIS:
            break
        if ai in PATHS:
            return list(zip(steps[at::2], steps[at + 1 :: 2], strict=True))
    raise InvalidLabelError(f"The path {path!r} holds no GS1 key.")


def _query_elements(query: str, elements_max: int) -> list[tuple[str, str]]:
    """Elements among the query's parameters; parameters that are not numbers are the shop's own and skipped."""
    parameters = [parameter for parameter in re.split("&+", query) if parameter]
    if len(parameters) > elements_max:
        raise InvalidLabelError(f"The address holds {len(parameters)} parameters; {elements_max} are the most.")
    found = []
    for parameter in parameters:
        name, equals, value = parameter.partition("=")
        if not equals or (name and not are_digits(name)):
            continue
        if name not in AIS:
            raise InvalidLabelError(f"There is no Application Identifier ({name}), which the address asks with.")
        found.append(_decoded(name, value, in_query=True))
    return found


def _decoded(ai: str, raw: str, *, in_query: bool) -> tuple[str, str]:
    """The element with its value decoded and checked. A % without two hexadecimal digits stands for itself."""
    entry: ApplicationIdentifier = AIS[ai]
    # In a query + is a blank (HTML forms), in a path it is itself.
    value = unquote_to_bytes(raw.replace("+", " ") if in_query else raw).decode("latin-1")
    check_value(entry, value)
    return ai, value


def _check_places(path: list[str], query: list[str]) -> None:
    """Raises InvalidLabelError unless the path is a key with its qualifiers in order and the query only attributes."""
    allowed = PATHS[path[0]]
    if tuple(path) not in allowed:
        raise InvalidLabelError(f"{_listed(path)} is no order that GS1 Digital Link allows in a path.")
    seen = set(path)
    for ai in query:
        if ai in seen:
            raise InvalidLabelError(f"({ai}) {AIS[ai].title} stands in the address twice.")
        seen.add(ai)
        if not AIS[ai].attribute:
            raise InvalidLabelError(f"({ai}) {AIS[ai].title} may not stand among the parameters of an address.")
        if any((*path[:at], ai, *path[at:]) in allowed for at in range(1, len(path) + 1)):
            raise InvalidLabelError(f"({ai}) {AIS[ai].title} belongs in the path of the address, not behind the '?'.")


def _listed(ais: list[str]) -> str:
    return ", ".join([f"({ai})" for ai in ais])
