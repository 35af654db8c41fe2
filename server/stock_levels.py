"""Stored balances of stock without units; the fold is in `sync/stock.py`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import fields
from typing import Any, Final

import sqlalchemy as sa

from server import removal
from server.ledger import history, in_chunks
from server.tables import stock_levels
from server.upsert import upsert
from sync import stock
from sync.history import Fact, effective

_BALANCE_FIELDS: Final = tuple(f.name for f in fields(stock.Balance))


def advance(connection: sa.Connection, site: str, new: Mapping[str, list[Fact]], anew: set[str], at: int) -> None:
    """Fold new facts, already in the ledger, into these items' and lots' balances; those in `anew` from scratch.

    `at` is the stamp of this transaction.
    """
    stored = _balances(connection, site, new)
    on_top = {s: f for s, f in new.items() if s not in anew and _on_top(f, stored.get(s, {}))}
    for subject, facts in on_top.items():
        balances = stored.get(subject, {})
        for fact in effective(facts):
            balances = stock.step(balances, fact)
        _store(connection, site, subject, stored.get(subject, {}), balances, at)
    rebuild(connection, site, set(new) - set(on_top), at)


def rebuild(connection: sa.Connection, site: str, subjects: set[str], at: int) -> None:
    """Fold the balances of these items and lots anew from the ledger."""
    facts = history(connection, site, subjects)
    stored = _balances(connection, site, subjects)
    for subject in sorted(subjects):
        _store(connection, site, subject, stored.get(subject, {}), stock.fold(facts.get(subject, [])), at)


def _on_top(facts: list[Fact], balances: stock.Balances) -> bool:
    last = max((b.last_ms for b in balances.values()), default=-1)
    return all(f.event_ms > last and not f.event.voids and not f.forked for f in facts)


def _balances(connection: sa.Connection, site: str, subjects: Iterable[str]) -> dict[str, stock.Balances]:
    found: dict[str, stock.Balances] = defaultdict(dict)
    for keys in in_chunks(subjects):
        query = sa.select(stock_levels).where(stock_levels.c.site == site, stock_levels.c.subject.in_(keys))
        for row in connection.execute(query).mappings():
            found[row["subject"]][row["place"]] = _balance(row)
    return found


def _balance(row: sa.RowMapping) -> stock.Balance:
    values = {name: row[name] for name in _BALANCE_FIELDS}
    return stock.Balance(**values | {"tally": tuple(map(tuple, values["tally"]))})


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
