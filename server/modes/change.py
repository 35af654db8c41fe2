"""One change of a product's mode: opened, counted off by scanning, and finished or given up. Each step is an event.

While it is open the product keeps its old mode, and its pieces and units stay what they are, but for those that were
scanned under it. Finishing it is one event: the mode is switched, and where units become pieces, they do so then. Of
many units it takes a while until each one's row says so: they are folded in chunks, and `import --resume` goes on.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any, Final

import sqlalchemy as sa

from server import changes, inventory, named, papers, stock_levels
from server.database import lock, reading, stamp, transact
from server.document_folding import fold_rest
from server.document_kinds import MODES
from server.ledger import record
from server.modes.book import KIND, RESULT, Change, ModeError, half_folded, open_changes, read, tell
from server.modes.plan import UNITS_AT_ONCE, UNITS_MAX, UNITWISE, in_stock, units_of
from server.named import NamedError
from server.rebuild import rebuild, rebuild_stated
from server.replay import known_of
from server.surroundings import gather
from server.tables import documents, reference
from sync.identity import is_container, lot_key
from sync.recall import LATER, bite, traits_of
from sync.unit import MERGED_FROM, UnitState

PREFIX: Final = "RELABEL-"


def mode_of(connection: sa.Connection, site: str, item: str) -> str:
    """How a product is tracked.

    Raises:
        ModeError: there is no such product.
    """
    row = connection.execute(_item(site, item)).scalar()
    if row is None:
        raise ModeError(f"There is no product {item!r:.200} here.")
    return str(row.get("mode") or "serial")


def open_change(
    connection: sa.Connection,
    *,
    site: str,
    item: str,
    mode: str,
    operator: str | None,
    now_ms: int,
    units_max: int = UNITS_MAX,
) -> str:
    """Begin to change a product's mode; returns the change's number, which handhelds scan under.

    Args:
        units_max: of more units in stock nothing is begun.

    Raises:
        ModeError: it has that mode, is being changed already, or has too many units in stock.
    """
    if mode not in MODES:
        raise ModeError(f"{mode!r:.40} is no tracking mode: it is one of {', '.join(MODES)}.")
    try:
        item = named.product(connection, site, item)
    except NamedError as error:
        raise ModeError(str(error)) from None
    lock(connection, site, [f"mode {item}"])
    before = mode_of(connection, site, item)
    _check_free(connection, site, item, before, mode, units_max)
    number = _next_number(connection, site)
    papers.write(
        connection,
        site=site,
        kind=KIND,
        number=number,
        action="open_mode_change",
        reason=f"from {before} to {mode}",
        rows=[{"subject": item, "attributes": {"before": before, "after": mode}}, *_lying(connection, site, item)],
        operator=operator,
        now_ms=now_ms,
    )
    tell(connection, site, number, stamp(connection))
    return number


def _check_free(connection: sa.Connection, site: str, item: str, before: str, mode: str, units_max: int) -> None:
    """See that nothing stands in the way of a change of this product's mode."""
    under_way = open_changes(connection, site).get(item)
    if under_way is not None:
        raise ModeError(
            f"{under_way.number} is changing it from {under_way.before} to {under_way.after}: finish that, or give it "
            "up. What was scanned under it stays either way."
        )
    if before == mode:
        raise ModeError(f"It is tracked by {mode} already.")
    many = units_of(connection, site, item)
    if many > units_max:
        raise ModeError(
            f"{many:,} units of it are in stock, and a change is made for up to {units_max:,}: put some of them under "
            "a product of their own first. Nothing was changed."
        )
    unfolded = connection.execute(half_folded(site)).first()
    if unfolded is not None:
        raise ModeError(f"{unfolded.number} is still being worked in, {_progress(unfolded)}: try again after that.")


def _lying(connection: sa.Connection, site: str, item: str) -> list[dict[str, Any]]:
    """How many pieces of it lie where, as rows of a change."""
    return [
        {"subject": level["subject"], "location": level["place"], "quantity": level["quantity"]}
        for level in inventory.levels(connection, site, item=item)
        if level["quantity"] > 0
    ]


def close_change(*, site: str, number: str, operator: str | None, now_ms: int, with_rest: str | None = None) -> Change:
    """Switch the mode, now that nothing is left to be scanned; or with what is left, if somebody says why.

    Raises:
        ModeError: it is not open, or something is left and nobody says why.
    """
    fold_rest(
        transact(lambda c: switch(c, site=site, number=number, operator=operator, now_ms=now_ms, with_rest=with_rest))
    )
    with reading() as connection:
        return read(connection, site, number)


def switch(
    connection: sa.Connection,
    *,
    site: str,
    number: str,
    operator: str | None,
    now_ms: int,
    with_rest: str | None = None,
    at_once: int = UNITS_AT_ONCE,
) -> str:
    """Say that the mode is another from now on; returns the digest of the document that says so.

    Args:
        at_once: so many units become pieces here and now; of more, `fold_rest` folds all.

    Raises:
        ModeError: it is not open, or something is left and nobody says why.
    """
    change = _open_one(connection, site, number)
    if change.left and not with_rest:
        left = sum(need.quantity for need in change.left)
        raise ModeError(
            f"{left} of {change.total} are still without a number of their own: scan them, or say why they stay so."
        )
    rows, kept = _merged(connection, site, change, now_ms)
    outcome = (
        "done" if not (change.left or kept) else f"with {_rest(change, kept)}" + (f": {with_rest}" if with_rest else "")
    )
    here = len(rows) <= at_once
    digest = papers.write(
        connection,
        site=site,
        kind=RESULT,
        number=number,
        action="close_mode_change",
        reason=outcome[:500],
        rows=[*rows, *({"subject": need.subject, "quantity": need.quantity, "stated": False} for need in change.left)],
        operator=operator,
        now_ms=now_ms,
        folded=here,
    )
    at = stamp(connection)
    row = connection.execute(_item(site, change.item)).scalar_one()
    changes.publish(connection, site, "item", change.item, {**row, "mode": change.after}, at)
    rebuild(connection, site, stock_levels.told_otherwise(connection, site, {change.item: change.before}), at)
    tell(connection, site, number, at)
    if rows and here:
        document = connection.execute(sa.select(documents).where(documents.c.digest == digest)).one()
        rebuild_stated(connection, site, {row["subject"] for row in rows}, at, document)
    return digest


def give_up(connection: sa.Connection, *, site: str, number: str, operator: str | None, now_ms: int) -> Change:
    """Leave the product in its old mode. Units that were told apart stay units; both kinds may lie side by side.

    Raises:
        ModeError: it is not open.
    """
    _open_one(connection, site, number)
    record(
        connection,
        site=site,
        action="close_mode_change",
        operator=operator,
        now_ms=now_ms,
        document=number,
        reason="given up",
    )
    tell(connection, site, number, stamp(connection))
    return read(connection, site, number)


def _progress(row: sa.Row[Any]) -> str:
    return f"{row.folded_rows:,} of {row.rows:,} rows"


def _open_one(connection: sa.Connection, site: str, number: str) -> Change:
    lock(connection, site, [f"mode change {number}"])
    change = read(connection, site, number)
    if not change.is_open:
        raise ModeError(f"{number} was closed already: {change.outcome}.")
    return change


def _merged(
    connection: sa.Connection, site: str, change: Change, now_ms: int
) -> tuple[list[dict[str, Any]], list[str]]:
    """Rows by which units become pieces, and the units that keep their numbers."""
    if change.after in UNITWISE:
        return [], []
    rows: list[dict[str, Any]] = []
    pieces: Counter[tuple[str, str]] = Counter()
    kept = []
    for units in in_stock(connection, site, change.item):
        held = _held_back(connection, site, units, now_ms)
        for unit, state in units.items():
            if state.status not in MERGED_FROM or state.place is None or unit in held:
                kept.append(unit)
                continue
            lot = state.lot if change.after == "lot" else None
            pieces[lot_key(change.item, lot) if lot else change.item, state.place] += 1
            rows.append({"subject": unit, "stated": True})
    counted = [
        {"subject": subject, **_placed(place), "quantity": number, "stated": True}
        for (subject, place), number in sorted(pieces.items())
    ]
    return [*counted, *rows], kept  # where it takes a while nothing is out of stock meanwhile


def _held_back(connection: sa.Connection, site: str, units: Mapping[str, UnitState], now_ms: int) -> set[str]:
    """Those that quality holds, or that a recall in force may reach."""
    around = gather(connection, site, dict.fromkeys(units, ()), units.values())
    standing = [recall for since, until, recall in around.recalls if since <= now_ms < (until or LATER)]
    return {
        unit
        for unit, state in units.items()
        if state.held is not None
        or bite(standing, traits_of(unit, known_of(state, lambda place: around.locate(place, now_ms)), now_ms))
    }


def _placed(place: str) -> dict[str, str]:
    return {"container" if is_container(place) else "location": place}


def _rest(change: Change, kept: list[str]) -> str:
    left = sum(need.quantity for need in change.left)
    parts = [f"{left} without a number"] if left else []
    parts += [f"{len(kept)} that an order has or that are held back, which keep their numbers"] if kept else []
    return " and ".join(parts)


def _item(site: str, item: str) -> sa.Select[Any]:
    t = reference.c
    return sa.select(t.row).where(t.site == site, t.kind == "item", t.key == item, t.row.isnot(None))


def _next_number(connection: sa.Connection, site: str) -> str:
    lock(connection, site, [KIND])
    query = sa.select(sa.func.count()).where(documents.c.site == site, documents.c.kind == KIND)
    return f"{PREFIX}{connection.execute(query).scalar_one() + 1}"
