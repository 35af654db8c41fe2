"""Stored balances of stock without units; the fold is in `sync/stock.py`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import fields
from typing import Any, Final

import sqlalchemy as sa

from server import removal
from server.database import KEYS, SITE
from server.ledger import history, in_chunks
from server.modes import told_apart
from server.surroundings import Hold, containers_at
from server.tables import document_rows, reference, stock_levels
from server.upsert import upsert
from sync import stock
from sync.actions import ACTIONS, Stock
from sync.history import Fact, effective
from sync.identity import is_container, item_of
from sync.protocol import stock_entry

_BALANCE_FIELDS: Final = tuple(f.name for f in fields(stock.Balance))
LIES: Final = sa.or_(*(stock_levels.c[name] != 0 for name in ("quantity", "announced", "stayed")))
"""Of balances: counted there, announced in a carton, whose label may have brought them in, or of what came in one."""


def advance(
    connection: sa.Connection, site: str, new: Mapping[str, list[Fact]], anew: set[str], at: int, hold: Hold
) -> None:
    """Fold new facts, already in the ledger, into these items' and lots' balances; those in `anew` from scratch.

    Args:
        at: stamp of this transaction.
        hold: called with the containers that they are in, so that none is moved meanwhile.
    """
    stored = balances_of(connection, site, new)
    on_top = {s: f for s, f in new.items() if s not in anew and _on_top(f, stored.get(s, {}))}
    turn = _turns(connection, site, (f for facts in on_top.values() for f in facts), hold)
    for subject, facts in on_top.items():
        balances = stored.get(subject, {})
        for fact in effective(facts):
            balances = stock.step(balances, fact, turn)
        _store(connection, site, subject, stored.get(subject, {}), balances, at)
    rebuild(connection, site, set(new) - set(on_top), at, hold)


def rebuild(connection: sa.Connection, site: str, subjects: set[str], at: int, hold: Hold) -> None:
    """Fold the balances of these items and lots anew from the ledger; see `advance`."""
    facts = histories(connection, site, subjects)
    stored = balances_of(connection, site, subjects)
    turn = _turns(connection, site, (f for own in facts.values() for f in own), hold)
    for subject in sorted(subjects):
        _store(connection, site, subject, stored.get(subject, {}), stock.fold(facts.get(subject, []), turn), at)


def histories(
    connection: sa.Connection, site: str, subjects: Iterable[str], *, until_ms: int | None = None
) -> dict[str, list[Fact]]:
    """Everything that the balances of these items and lots are folded from, by what had happened until a moment."""
    facts = history(connection, site, subjects, until_ms=until_ms)
    for subject, taken in told_apart.facts_of(connection, site, facts, until_ms=until_ms).items():
        facts[subject] += taken
    return _without_numbered(connection, site, facts)


def _without_numbered(connection: sa.Connection, site: str, facts: Mapping[str, list[Fact]]) -> dict[str, list[Fact]]:
    """The histories without what suppliers announce by quantity of products whose units have numbers."""
    told = {item_of(s) or s for s, own in facts.items() if any(f.event.action == "announce" for f in own)}
    modes = modes_of(connection, site, told)
    numbered = {item for item, mode in modes.items() if mode in stock.NUMBERED}
    return {
        subject: [f for f in own if f.event.action != "announce" or (item_of(subject) or subject) not in numbered]
        for subject, own in facts.items()
    }


def modes_of(connection: sa.Connection, site: str, items: Iterable[str]) -> dict[str, str | None]:
    """How each of these products is tracked; None for those that nobody named."""
    found: dict[str, str | None] = dict.fromkeys(items)
    for keys in in_chunks(found):
        query = sa.select(reference.c.key, reference.c.row).where(
            reference.c.site == site, reference.c.kind == "item", reference.c.key.in_(keys)
        )
        found |= {key: row.get("mode") for key, row in connection.execute(query) if row}
    return found


def told_otherwise(connection: sa.Connection, site: str, before: Mapping[str, str | None]) -> set[str]:
    """Products and lots whose announced pieces count, or count no more, since their product is tracked otherwise.

    Args:
        before: how each was tracked; None where nobody had named it.
    """
    now = modes_of(connection, site, before)
    no_more = {i for i, mode in before.items() if mode not in stock.NUMBERED and now[i] in stock.NUMBERED}
    again = {i for i, mode in before.items() if mode in stock.NUMBERED and now[i] not in stock.NUMBERED}
    # what counts no more has a balance; what counts again may have none, but seldom is a product tracked so again
    return _of_items(connection, site, _BALANCED, no_more) | _of_items(connection, site, _STATED, again)


_BALANCED: Final = stock_levels.c.subject
_STATED: Final = document_rows.c.subject


def _of_items(connection: sa.Connection, site: str, subject: sa.Column[str], items: set[str]) -> set[str]:
    """Of these products and their lots, those that this column names."""
    if not items:
        return set()
    here = sa.select(subject).distinct().where(subject.table.c.site == SITE)
    asked = [(here.where(subject.in_(KEYS)), {"site": site, "keys": keys}) for keys in in_chunks(items)]
    found = {key for query, about in asked for key in connection.execute(query, about).scalars()}
    # all lots at once: no index is asked for what a name begins with, and a list may turn hundreds of products
    lots = connection.execute(here.where(subject.contains("/10/")), {"site": site}).scalars()
    return found | {lot for lot in lots if item_of(lot) in items}


_IN: Final = sa.select(
    stock_levels.c.subject, stock_levels.c.place, stock_levels.c.last_ms, stock_levels.c.announced_ms
).where(stock_levels.c.site == SITE, stock_levels.c.place.in_(KEYS))


def shipped_late(connection: sa.Connection, site: str, moved: Mapping[str, int]) -> set[str]:
    """Products and lots that were put into containers which turn out to have left, or not, before that.

    So it is with what was announced in one.

    Args:
        moved: containers, each with the moment from which on it may have been elsewhere.
    """
    inside = [row for keys in in_chunks(moved) for row in connection.execute(_IN, {"site": site, "keys": keys})]
    return {row.subject for row in inside if max(row.last_ms, row.announced_ms) >= moved[row.place]}


def _turns(connection: sa.Connection, site: str, facts: Iterable[Fact], hold: Hold) -> stock.Turn:
    """How the containers that these facts name parted from what was put into them."""
    boxes = {place for f in facts for place in (f.event.container, f.event.origin) if place and is_container(place)}
    if not boxes:
        return stock.never
    return containers_at(connection, site, boxes, hold=hold).turn


def _on_top(facts: list[Fact], balances: stock.Balances) -> bool:
    """Whether these facts may be folded on top: none is older, or may lie within a count's interval.

    An expiry is said also by what leaves no moment in a balance (a check), and of what lies nowhere yet: so another one
    than is known is put in its order by the whole history.
    """
    known = {None} | {balance.expiry for balance in balances.values()}
    last = max((max(b.last_ms, b.announced_ms) for b in balances.values()), default=-1)
    counted = max((b.counted_ms for b in balances.values() if b.counted_ms is not None), default=-1)
    results = any(ACTIONS[f.event.action].stock is Stock.FOUND for f in facts)
    return (
        bool(balances)
        and not results
        and all(
            f.event_ms > last and f.event_ms - f.uncertainty_ms > counted and not f.event.voids and not f.forked
            for f in facts
        )
        and {f.event.expiry for f in facts} <= known
    )


_BALANCES: Final = sa.select(stock_levels).where(stock_levels.c.site == SITE, stock_levels.c.subject.in_(KEYS))


def balances_of(connection: sa.Connection, site: str, subjects: Iterable[str]) -> dict[str, stock.Balances]:
    """The stored balances of each of these items and lots."""
    found: dict[str, stock.Balances] = defaultdict(dict)
    for keys in in_chunks(subjects):
        for row in connection.execute(_BALANCES, {"site": site, "keys": keys}).mappings():
            found[row["subject"]][row["place"]] = balance_of(row)
    return found


def balance_of(row: Mapping[Any, Any]) -> stock.Balance:
    """The balance that stands in a row of `stock_levels`."""
    return stock.Balance(**{name: row[name] for name in _BALANCE_FIELDS})


def _store(
    connection: sa.Connection, site: str, subject: str, before: stock.Balances, after: stock.Balances, at: int
) -> None:
    gone = before.keys() - after.keys()
    if gone:
        connection.execute(
            stock_levels.delete().where(
                stock_levels.c.site == site, stock_levels.c.subject == subject, stock_levels.c.place.in_(gone)
            )
        )
        removal.note(connection, site, "stock", [(subject, place) for place in gone], at)
        told = {"site": site, "kind": "stock", "row": None, "stamp": at}
        upsert(connection, reference, [told | {"key": stock_entry(subject, place)} for place in sorted(gone)])
    upsert(
        connection,
        stock_levels,
        [_row(site, subject, place, b, at) for place, b in sorted(after.items()) if before.get(place) != b],
    )


def _row(site: str, subject: str, place: str, balance: stock.Balance, at: int) -> dict[str, Any]:
    return {
        "site": site,
        "subject": subject,
        "place": place,
        "stamp": at,
        **{name: getattr(balance, name) for name in _BALANCE_FIELDS},
    }
