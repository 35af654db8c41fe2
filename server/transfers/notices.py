"""The notices that a transfer makes at the site it goes to: what stands in them, and what is told on.

Whoever receives a transfer receives it under one number: all that is handed over joins its notice until the receipt is
closed there, and after that the next one, `TRANSFER-1-2`. What is heard late of a carton that has arrived stands under
the number that it came under, though that is closed; a tote that is sent once more stands under the next one, though it
is not. Each telling is a document of its own, for documents never change, and each carton is a telling: what is said of
pieces can be taken back for one carton alone.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa

from server import catalogue, changes, papers, stock_levels
from server.database import lock, stamp
from server.document_file import canonical_row, new_digest
from server.ledger import in_chunks, record
from server.nearby import carried_states
from server.rebuild import rebuild, rebuild_stated
from server.tables import document_rows, documents, reference, sites
from server.transfers.hand_overs import last_handed_over
from server.transfers.withdrawn import withdrawn
from sync.event import format_name
from sync.identity import is_container, item_of
from sync.unit import IN_STOCK, LEFT_EMPTY, UnitState

DIGITS_MAX: Final = 9
"""Longer ends of numbers are somebody's own, and count no hand-over."""
_FIELDS: Final = ("location", "container", "quantity", "lot", "expiry", "attributes")
Line = tuple[str, str | None, str | None]
"""What is told of: a thing, the container that it is in, and of pieces the lot."""


@dataclass(frozen=True, slots=True)
class Told:
    """What another site was told of one line and is not told otherwise since."""

    notice: str
    """The number that it stands under; the last one, where there are several."""
    quantity: int
    """Of pieces, in all."""
    rows: tuple[sa.RowMapping, ...]
    """Of `document_rows`, each with the `event` that told it."""


def line_of(row: Mapping[Any, Any]) -> Line:
    """Which line a notice's row is."""
    return row["subject"], row["container"], None if row["quantity"] is None else row["lot"]


def told_of(connection: sa.Connection, site: str, to: str, number: str, things: Iterable[str]) -> dict[Line, Told]:
    """What this site's transfer has announced there of these and of what is in them.

    Not what was taken back again; a tote or a unit may come with another transfer again.
    """
    d, r = documents.c, document_rows.c
    rows: dict[tuple[str, int], sa.RowMapping] = {}
    for chunk in in_chunks(things):
        query = (
            sa.select(document_rows, d.number, d.event, d.event_ms)
            .join(documents, d.digest == r.document)
            .where(r.site == to, r.subject.in_(chunk) | r.container.in_(chunk), d.kind == "asn")
        )
        for row in connection.execute(query).mappings():
            said = row["attributes"] or {}
            if (said.get("from_site"), said.get("transfer")) == (site, number):
                rows[row["document"], row["row"]] = row
    gone = {notice: withdrawn(connection, to, notice) for notice in {row["number"] for row in rows.values()}}
    by_line: dict[Line, list[sa.RowMapping]] = defaultdict(list)
    for row in sorted(rows.values(), key=lambda row: (row["event_ms"], _place(number, row["number"]), row["row"])):
        if (row["event"], row["subject"], row["container"]) not in gone[row["number"]]:
            by_line[line_of(row)].append(row)
    return {
        line: Told(own[-1]["number"], sum(row["quantity"] or 0 for row in own), tuple(own))
        for line, own in by_line.items()
    }


def other_sites(connection: sa.Connection, site: str) -> list[str]:
    """The codes of all sites but this one."""
    return list(connection.execute(sa.select(sites.c.site).where(sites.c.site != site)).scalars())


def last_told(connection: sa.Connection, site: str, things: Iterable[str]) -> dict[str, tuple[int, str, str]]:
    """When another site was last told that each of these had left, Unix milliseconds; which one, under which number."""
    d, r = documents.c, document_rows.c
    found: dict[str, tuple[int, str, str]] = {}
    others = other_sites(connection, site)
    for chunk in in_chunks(things):
        query = (
            sa.select(r.subject, sa.func.max(d.event_ms), d.site, d.number)
            .join(documents, d.digest == r.document)
            .where(r.site.in_(others), r.subject.in_(chunk), d.kind == "asn")
            .where(r.attributes["from_site"].as_string() == site)
            .group_by(r.subject, d.site, d.number)
        )
        for subject, *told in connection.execute(query):
            found[subject] = max(found.get(subject, (0, "", "")), (told[0], told[1], told[2]))
    return found


def tell(
    connection: sa.Connection,
    site: str,
    to: str,
    number: str,
    rows: Sequence[dict[str, Any]],
    told: Mapping[Line, Told],
    boxes: Mapping[str, dict[str, Any]],
    *,
    operator: str | None,
    now_ms: int,
) -> None:
    """Announce these rows at the other site: what is in a carton under the number that this came under, or is to.

    Else what is heard of late would not come in with it. A carton whose receipt was closed without it is announced
    anew, and so are a tote and its pallet that have arrived there and leave here once more.

    Args:
        told: what stands there of their cartons already, and of what these stand on.
        boxes: the rows of these cartons, and of what these stand on.
    """
    by_carton: dict[str | None, list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        by_carton[row["subject"] if is_container(row["subject"]) else row["container"]].append(row)
    stands = {line[0]: one.notice for line, one in told.items() if is_container(line[0])}
    left_at = {line[0]: one.rows[-1]["event_ms"] for line, one in told.items() if is_container(line[0])}
    lock(connection, to, sorted({*stands.values()}))
    open_ = {notice: _is_open(connection, to, notice) for notice in {*stands.values()}}
    there, came, again = _come_and_gone_again(connection, site, to, boxes.keys() | stands.keys(), stands)
    left_alone = {stands[carton] for carton in again & stands.keys()}
    anew = [carton for carton in by_carton if carton is not None and (carton in again or carton not in came)]
    for pallet in {boxes[carton]["container"] for carton in anew} & again:
        by_carton.setdefault(pallet, [boxes[pallet]])
    following: str | None = None
    written: list[tuple[str, sa.Row[Any], list[dict[str, Any]]]] = []
    for carton, own in by_carton.items():
        under, lines = stands.get(carton or ""), own
        if under is None or carton in again or not (open_[under] or carton in came):
            under = following = following or _following(connection, site, to, number, but=left_alone)
            lines = _anew(boxes[carton], own, there[carton] if carton in again else None) if carton else own
        elif carton is not None:
            lines = _dated(own, left_at[carton])
        document = _write(connection, to, under, lines, operator=operator, now_ms=now_ms)
        written.append((under, document, lines))
    _fold(connection, site, to, [line for *_, lines in written for line in lines], written[0][1])
    at = stamp(connection)
    for notice in sorted({notice for notice, *_ in written}):
        catalogue.publish_notice(connection, to, notice, at)


def sent_once_more(
    connection: sa.Connection, site: str, to: str, cartons: Collection[str], told: Mapping[Line, Told]
) -> set[str]:
    """Those of these cartons that were told of, have come there, and have left here once more since."""
    stands = {line[0]: one.notice for line, one in told.items() if line[0] in cartons}
    return _come_and_gone_again(connection, site, to, stands, stands)[2]


def _come_and_gone_again(
    connection: sa.Connection, site: str, to: str, cartons: Iterable[str], stands: Mapping[str, str]
) -> tuple[dict[str, UnitState], set[str], set[str]]:
    """How cartons stand at the other site; those that have come there; and of these, what left here once more since."""
    there = carried_states(connection, to, cartons)
    came = {carton for carton, state in there.items() if _has_come(state, stands.get(carton))}
    left_ms = last_handed_over(connection, site, came)
    return there, came, {carton for carton in came if left_ms.get(carton, 0) > _came_ms(there[carton])}


def _has_come(there: UnitState, stands: str | None) -> bool:
    """Whether a carton has arrived by what was told of it last; one of which this transfer never told, by anything."""
    return there.came_under is not None and stands in (None, there.came_under)


def _came_ms(there: UnitState) -> int:
    """When a carton last came in, Unix milliseconds; one may be put away that nobody received."""
    return max(there.received_ms, there.stocked_ms)


def _anew(box: dict[str, Any], rows: Sequence[dict[str, Any]], there: UnitState | None) -> list[dict[str, Any]]:
    """The rows of a carton under another number than before, or its first, beginning with itself.

    Args:
        there: how a tote that comes once more stands there. Where it never left by what is known there, each row says
            that it left empty: what was in it stayed there.
    """
    rows = [box, *(row for row in rows if row["subject"] != box["subject"])]
    if there is None or there.status not in IN_STOCK:
        return rows
    return [row | {"attributes": row["attributes"] | {"once_more": LEFT_EMPTY}} for row in rows]


def _dated(rows: Iterable[dict[str, Any]], at_ms: int) -> list[dict[str, Any]]:
    """What is heard late of a carton, of the moment at which that was told: it left with it, and not later."""
    return [row | {"attributes": row["attributes"] | {"as_of_ms": at_ms}} for row in rows]


def _following(connection: sa.Connection, site: str, to: str, number: str, *, but: Collection[str]) -> str:
    """Where the next hand-over is told of: the transfer's latest number that is not closed there; else a new one.

    Another site may call a transfer of its own the same.

    Args:
        but: numbers that are not to be taken.
    """
    d, first = documents.c, document_rows.c
    of_it = (d.number == number) | d.number.startswith(f"{number}-", autoescape=True)
    taken = set(connection.execute(sa.select(d.number).where(d.site == to, of_it)).scalars())
    query = (
        sa.select(d.number)
        .join(document_rows, first.document == d.digest)
        .where(d.site == to, d.kind == "asn", of_it, first.row == 1)
        .where(first.attributes["transfer"].as_string() == number, first.attributes["from_site"].as_string() == site)
    )
    latest = max(connection.execute(query).scalars(), key=lambda notice: _place(number, notice), default=None)
    if latest is not None and latest not in but:
        lock(connection, to, [latest])
        if _is_open(connection, to, latest):
            return str(latest)
    if number not in taken:
        return number
    return f"{number}-{max(2, 1 + max(_place(number, one) for one in taken))}"


def _place(number: str, notice: str) -> int:
    """Which of a transfer's notices this is: 1 for `TRANSFER-1`, 2 for `TRANSFER-1-2`; 0 where it is none of them."""
    if notice == number:
        return 1
    end = notice.removeprefix(f"{number}-")
    return int(end) if end.isascii() and end.isdigit() and len(end) <= DIGITS_MAX else 0


def _is_open(connection: sa.Connection, to: str, notice: str) -> bool:
    return not papers.versions(connection, to, "receipt_result", notice)


def _write(
    connection: sa.Connection,
    to: str,
    number: str,
    rows: Sequence[dict[str, Any]],
    *,
    operator: str | None,
    now_ms: int,
) -> sa.Row[Any]:
    """Take in a notice that the server itself writes, as an import does, but in this transaction, and not folded yet.

    Returns:
        Its row of `documents`.
    """
    d = documents.c
    before = connection.execute(
        sa.select(sa.func.count()).where(d.site == to, d.kind == "asn", d.number == number)
    ).scalar_one()
    further = {"part": before + 1} if before else {}
    lines: list[dict[str, Any]] = [
        dict.fromkeys(_FIELDS) | row | {"attributes": row["attributes"] | further} for row in rows
    ]
    hashed = new_digest(to, "asn", number)
    for line in lines:
        hashed.update(canonical_row(line))
    digest = hashed.hexdigest()
    fact = record(
        connection,
        site=to,
        action="import",
        operator=operator,
        now_ms=now_ms,
        document=number,
        reason="asn",
        evidence=digest,
    )
    connection.execute(
        documents.insert().values(
            digest=digest,
            site=to,
            kind="asn",
            number=number,
            rows=len(lines),
            event=format_name(fact.name),
            event_ms=fact.event_ms,
            folded_rows=len(lines),
        )
    )
    connection.execute(
        document_rows.insert(), [{"site": to, "document": digest, "row": n, **line} for n, line in enumerate(lines, 1)]
    )
    return connection.execute(sa.select(documents).where(documents.c.digest == digest)).one()


def _fold(
    connection: sa.Connection, site: str, to: str, lines: Iterable[Mapping[str, Any]], first: sa.Row[Any]
) -> None:
    """Let these lines take effect, all at once: a product that is in each of 200 cartons is folded from all its facts.

    Args:
        first: the earliest of their documents.
    """
    at = stamp(connection)
    _bring_products(connection, to, {item_of(line["subject"]) for line in lines}, site, at)
    rebuild_stated(connection, to, {line["subject"] for line in lines if line["stated"]}, at, first)


def _bring_products(connection: sa.Connection, to: str, items: set[str | None], site: str, at: int) -> None:
    """Products that the other site does not know yet come with what is sent of them."""
    t = reference.c
    modes = stock_levels.modes_of(connection, to, filter(None, items))
    for item in sorted(modes):
        rows = connection.execute(
            sa.select(t.site, t.row).where(t.site.in_((site, to)), t.kind == "item", t.key == item)
        ).all()
        known = {row.site: row.row for row in rows}
        if known.get(to) is None and known.get(site) is not None:
            changes.publish(connection, to, "item", item, known[site] | {"zone": None}, at)
    rebuild(connection, to, stock_levels.told_otherwise(connection, to, modes), at)
