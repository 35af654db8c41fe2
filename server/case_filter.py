"""The filter of the list of cases: what stands in an address, and what it means."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import sqlalchemy as sa

from server import case_words, queries
from server.case_list import CaseFilter, Sort
from server.rules import rules

DAY_MS: Final = 86_400_000
AGES: Final = {
    "": "any age",
    "today": "opened in the last 24 h",
    "day": "older than a day",
    "week": "older than a week",
    "month": "older than 30 days",
}
_OLDER: Final = {"day": DAY_MS, "week": 7 * DAY_MS, "month": 30 * DAY_MS}
STATES: Final = {
    "open": "open",
    "to_put_back": "to be carried back",
    "settled": "settled",
    "explained": "explained by later scans",
    "all": "all",
}
SORTS: Final = {
    Sort.OLDEST: "oldest first",
    Sort.NEWEST: "newest first",
    Sort.VALUE: "dearest first",
    Sort.KIND: "by kind",
}
NAMES: Final = {
    "rule": "what is wrong",
    "status": "open, to_put_back, settled, explained, all",
    "age": "today; older than a day, a week, a month",
    "zone": "of the bin",
    "bin": "or carton, in which it belongs or was seen",
    "product": "GTIN, stock-keeping number or name",
    "document": "number of an ASN, order or count",
    "handheld": "name",
    "person": "who made the scan",
    "assigned": "who is to settle it",
    "text": "part of a name, number or sentence",
    "sort": "oldest, newest, value, kind",
}
VALUE_LENGTH_MAX: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a person asked for."""

    values: Mapping[str, str]
    """As it stands in the address, what was left empty left out."""
    wanted: CaseFilter
    sort: Sort
    problems: list[str] = field(default_factory=list)
    """What could not be found, a sentence each; the list is empty then."""

    @property
    def narrowed(self) -> bool:
        """Whether more than kind, state and order was asked for."""
        return bool(self.values.keys() - {"rule", "status", "sort"})


def read(connection: sa.Connection, site: str, args: Mapping[str, str], now_ms: int) -> Asked:
    """The filter in an address or a form.

    Raises:
        LookupError: a choice is none of those offered.
    """
    values = {name: args.get(name, "").strip()[:VALUE_LENGTH_MAX] for name in NAMES}
    values = {name: value for name, value in values.items() if value}
    rule, status, age = values.get("rule"), values.get("status", "open"), values.get("age", "")
    sort = values.get("sort", Sort.OLDEST.value)
    if rule not in (None, *rules()) or status not in STATES or age not in AGES or sort not in list(Sort):
        raise LookupError("There are no such cases.")
    problems: list[str] = []
    wanted = CaseFilter(
        status=status,
        rule=rule,
        since_ms=now_ms - DAY_MS if age == "today" else None,
        until_ms=now_ms - _OLDER[age] if age in _OLDER else None,
        zone=values.get("zone"),
        place=_place(connection, site, values.get("bin"), problems),
        item=_item(connection, site, values.get("product"), problems),
        document=values.get("document"),
        device_no=_device(connection, site, values.get("handheld"), problems),
        operator=values.get("person"),
        assigned=values.get("assigned"),
        text=values.get("text"),
    )
    return Asked(values=values, wanted=wanted, sort=Sort(sort), problems=problems)


def _place(connection: sa.Connection, site: str, typed: str | None, problems: list[str]) -> str | None:
    if typed is None:
        return None
    found = case_words.place_filter(connection, site, typed)
    if found is None:
        problems.append(f"There is no bin or carton {typed!r} here.")
    return found


def _item(connection: sa.Connection, site: str, typed: str | None, problems: list[str]) -> str | None:
    if typed is None:
        return None
    try:
        found = case_words.item_filter(connection, site, typed)
    except ValueError as error:
        problems.append(str(error))
        return None
    if found is None:
        problems.append(f"There is no product {typed!r}: give its GTIN, its stock-keeping number or its whole name.")
    return found


def _device(connection: sa.Connection, site: str, typed: str | None, problems: list[str]) -> int | None:
    if typed is None:
        return None
    for number, name in queries.device_names(connection, site).items():
        if typed in (name, str(number)):
            return number
    problems.append(f"There is no handheld {typed!r}.")
    return None
