"""Fold facts into stored rows: one state per unit, balances of stock without units, and the cases.

`rebuild` throws away what is stored of some subjects and folds it anew from the ledger. `advance` continues from what
is stored where every new fact is later than what is folded already, and rebuilds the rest. Both leave the same rows,
and write only those that differ.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any, Final

import sqlalchemy as sa

from server import bin_cases, case_rows, contents, removal, stock_levels, unit_rows
from server.case_rows import Cases, cases_of
from server.database import KEYS, lock
from server.identifiers import ROUNDS_MAX, Claims, claim, load, relatives
from server.ledger import history, in_chunks
from server.modes import told_apart
from server.orders import surplus, told
from server.replay import Replay
from server.site_wide import SiteWide
from server.site_wide import read as read_site_wide
from server.surroundings import Hold, gather
from server.tables import cases, document_rows, documents, events, reference, unit_states
from server.undone import read_undone_documents
from server.unit_rows import states_of
from server.upsert import upsert, upsert_values
from sync.event import format_name
from sync.history import Fact, effective
from sync.identity import is_container, is_location, is_stock, item_of
from sync.order_pieces import TAKING
from sync.unit import Status, UnitState

Folded = tuple[UnitState | None, Cases]
_REWRITES: Final = frozenset({"void", "link", "unlink", "reopen"})
"""Actions that change what earlier facts mean: they are never folded on top."""


def advance(connection: sa.Connection, site: str, new: Iterable[Fact], at: int) -> None:
    """Fold facts that were just appended to the ledger.

    Args:
        new: the facts, already in the ledger.
        at: stamp of this transaction (`server.database.stamp`).
    """
    facts = list(new)
    by_subject: dict[str, list[Fact]] = defaultdict(list)
    for fact in facts:
        if fact.event.subject is not None and not is_location(fact.event.subject):
            by_subject[fact.event.subject].append(fact)
    bins = bin_cases.concerned(connection, site, facts)
    lock(connection, site, _keys(by_subject) | bins)
    units = {s: f for s, f in by_subject.items() if not is_stock(s)}
    claims = load(connection, site, units)
    owned = claims.owners(units)
    stored = states_of(connection, site, units)
    undone = _undone(connection, by_subject)
    holds = read_site_wide(connection, site, folding=True)
    along = holds.recalls_said  # then what became of its carton is asked of each unit's whole history
    on_top = {
        s: f
        for s, f in units.items()
        if s not in owned.keys() | undone and _on_top(f, stored.get(s)) and not (along and _in_carton(stored.get(s)))
    }
    late = set(units) - set(on_top)
    opened = cases_of(connection, site, on_top.keys() & stored.keys(), only_open=True)  # of a new unit there is none
    begin = {u: (stored.get(u), opened.get(u, {})) for u in on_top}
    _store(connection, site, begin, _fold(connection, site, on_top, begin, claims, holds), at)
    moved = contents.moved(connection, site, units, owned)
    slipped_under, along_with = contents.children(connection, site, moved)
    late |= slipped_under | contents.strange_cartons(connection, site, by_subject)
    stock = {s: f for s, f in by_subject.items() if is_stock(s)}
    late |= stock_levels.shipped_late(connection, site, along_with) - stock.keys()
    late |= contents.taken_away(connection, site, by_subject) if along else set()
    if late:
        rebuild(connection, site, late, at)
    bin_cases.rebuild(connection, site, bins, at)
    stock_levels.advance(connection, site, stock, set(stock) & undone, at, _holding(connection, site))
    pieces = told_apart.touched(connection, site, _may_be_pieces(by_subject))
    if pieces:
        stock_levels.rebuild(connection, site, pieces, at, _holding(connection, site))
    again = read_undone_documents(connection, facts)
    went = _went_or_came(by_subject, owned) | _stacked_otherwise(by_subject, stored)
    cartons = went.union(filter(is_container, late), *contents.stacked(connection, site, went).values())
    told.tell(connection, site, by_subject, cartons, again, at)
    taken = {f.event.document for f in facts if f.event.action in TAKING and f.event.document} | again
    taken |= {known.document for s, known in stored.items() if known.document and _may_leave_its_order(known, units[s])}
    _look_for_surplus(connection, site, taken, _keys(by_subject) - bins, at)
    told.retire(connection, site, by_subject, stored, at)


def _may_leave_its_order(known: UnitState, facts: list[Fact]) -> bool:
    """Whether these facts may set a picked or packed unit apart, or bring it back from there."""
    said = {"move", "quarantine", "clear"} & {fact.event.action for fact in facts}
    return bool(said) and known.status in (Status.PICKED, Status.PACKED)


def _may_be_pieces(by_subject: Mapping[str, list[Fact]]) -> set[str]:
    """Units whose new facts may change how many pieces there are beside them."""
    said = ("tell_apart", "void")
    return {s for s, facts in by_subject.items() if not is_stock(s) and any(f.event.action in said for f in facts)}


def _went_or_came(by_subject: Mapping[str, list[Fact]], owned: Mapping[str, str]) -> set[str]:
    """Cartons that these facts hand over or bring back, by whatever label; or that they say did neither."""
    said = {"ship", "parcel_back", "void"}
    named = {owned.get(s, s) for s, facts in by_subject.items() if any(f.event.action in said for f in facts)}
    return {key for key in named if is_container(key)}


def _stacked_otherwise(by_subject: Mapping[str, list[Fact]], stored: Mapping[str, UnitState]) -> set[str]:
    """Cartons that these facts put onto a pallet or take off one, which may have left by then."""
    return {
        key
        for key, facts in by_subject.items()
        if is_container(key) and (_in_carton(stored.get(key)) or any(fact.event.container for fact in facts))
    }


def _look_for_surplus(connection: sa.Connection, site: str, numbers: set[str], touched: set[str], at: int) -> None:
    """Judge whether orders have more than they ask for: these, and those to which any of these subjects was taken."""
    wanted = numbers | surplus.concerned(connection, site, touched)
    lock(connection, site, wanted)
    surplus.refold(connection, site, wanted, at)


def rebuild(connection: sa.Connection, site: str, subjects: Iterable[str], at: int) -> None:
    """Fold these subjects anew from the ledger, whatever is stored of them; see `advance` for `at`."""
    wanted = set(subjects)
    lock(connection, site, wanted)
    bins = {s for s in wanted if is_location(s)}
    bin_cases.rebuild(connection, site, bins, at)
    stock = {s for s in wanted if is_stock(s)}
    stock_levels.rebuild(connection, site, stock, at, _holding(connection, site))
    units = (wanted - stock - bins) | _unexplained(connection, site, stock)
    _lock_family(connection, site, units)
    units, claims = claim(connection, site, units, at)
    names = claims.names_of(units)
    found = history(connection, site, units | {n for ns in names.values() for n in ns})
    facts = {u: [f for name in (u, *names.get(u, ())) for f in found.get(name, ())] for u in units}
    stale = set(names) | {n for ns in names.values() for n in ns} | units
    states, known = states_of(connection, site, stale, readable=True), cases_of(connection, site, stale)
    folded = _fold(connection, site, facts, {}, claims)
    _store(connection, site, {u: (states.get(u), known.get(u, {})) for u in stale}, folded, at)
    _refold_parted(connection, site, states, {u: state for u, (state, _) in folded.items()}, stock, at)
    _look_for_surplus(connection, site, surplus.taken_to(connection, site, stale), stale | stock, at)


def rebuild_stated(
    connection: sa.Connection, site: str, subjects: Iterable[str], at: int, document: sa.Row[Any]
) -> None:
    """Fold what rows of a document are about, and what was scanned later in the containers among it.

    Args:
        document: `event`, the name of the one that made its rows count, and its `event_ms`.
    """
    stated = set(subjects)
    rebuild(connection, site, stated, at)
    moved = {key: document.event_ms for key in stated if is_container(key)}
    inside = contents.children(connection, site, moved, told_by=document.event)[0] - stated
    if inside:
        rebuild(connection, site, inside, at)


def _lock_family(connection: sa.Connection, site: str, units: set[str]) -> None:
    """Hold everything that hangs together with these units by further names.

    Who waits for a lock finds claims changed, so it is asked again until nothing new turns up.
    """
    if connection.dialect.name != "postgresql":
        return  # nobody else writes, as in `lock`
    held = set(units)
    for _ in range(ROUNDS_MAX):
        lock(connection, site, held)
        family = held | relatives(connection, site, held)
        if family == held:
            break
        held = family


def _refold_parted(
    connection: sa.Connection,
    site: str,
    before: Mapping[str, UnitState],
    after: Mapping[str, UnitState | None],
    folded: set[str],
    at: int,
) -> None:
    """Fold anew the pieces in containers that turn out to have parted from them otherwise than was known.

    Args:
        folded: products and lots that were folded with this knowledge already.
    """
    parted: dict[str, int] = {}
    for key in filter(is_container, before.keys() | after.keys()):
        was, now = ({*state.turns} if (state := of.get(key)) else set() for of in (before, after))
        if was != now:
            parted[key] = min(map(abs, was ^ now))
    if parted:
        along_with = contents.children(connection, site, parted)[1]
        pieces = stock_levels.shipped_late(connection, site, along_with) - folded
        stock_levels.rebuild(connection, site, pieces, at, _holding(connection, site))
        told.tell_parted(connection, site, along_with, at)


def _unexplained(connection: sa.Connection, site: str, stock: set[str]) -> set[str]:
    """Units that came unannounced under a notice which lists their product by quantity, imported only later."""
    found: set[str] = set()
    for keys in in_chunks(stock):
        listing = (
            sa.select(documents.c.number, document_rows.c.subject)
            .join(documents, documents.c.digest == document_rows.c.document)
            .where(document_rows.c.site == site, document_rows.c.subject.in_(keys), documents.c.event.isnot(None))
            .where(document_rows.c.quantity.isnot(None))
            .distinct()
            .subquery()
        )
        rows = connection.execute(
            sa.select(cases.c.unit, listing.c.subject)
            .join(listing, listing.c.number == cases.c.document)
            .where(cases.c.site == site, cases.c.rule == "unexpected_receipt")
        )
        found.update(unit for unit, line in rows if item_of(unit) == item_of(line))
    return found


def _keys(by_subject: Mapping[str, list[Fact]]) -> set[str]:
    names = {i for facts in by_subject.values() for f in facts for i in f.event.identifiers or ()}
    return set(by_subject) | names


def _holding(connection: sa.Connection, site: str) -> Hold:
    return lambda containers: lock(connection, site, containers, shared=True)


def _on_top(facts: list[Fact], state: UnitState | None) -> bool:
    """Whether these facts may be folded on top of the stored state."""
    if any(f.forked or f.event.voids or f.event.identifiers or f.event.action in _REWRITES for f in facts):
        return False
    return state is None or all(f.event_ms > state.last_ms for f in facts)


def _in_carton(state: UnitState | None) -> bool:
    return state is not None and state.place is not None and is_container(state.place)


_VOIDED: Final = sa.select(events.c.voids).where(events.c.voids.in_(KEYS))


def _undone(connection: sa.Connection, by_subject: Mapping[str, list[Fact]]) -> set[str]:
    """Subjects of facts that were undone before they arrived here."""
    subjects = {format_name(f.name): s for s, facts in by_subject.items() for f in facts}
    found: set[str] = set()
    for names in in_chunks(subjects):
        voids = connection.execute(_VOIDED, {"keys": names}).scalars()
        found.update(subjects[name] for name in voids)
    return found


def _fold(
    connection: sa.Connection,
    site: str,
    facts: Mapping[str, list[Fact]],
    begin: Mapping[str, Folded],
    claims: Claims,
    holds: SiteWide | None = None,
) -> dict[str, Folded]:
    """Replay each unit's facts from the beginning, or from what `begin` holds of it."""
    around = gather(
        connection,
        site,
        facts,
        [state for state, _ in begin.values() if state is not None],
        hold=_holding(connection, site),
        claims=claims,
        site_wide=holds,
    )
    folded = {}
    for unit, unit_facts in facts.items():
        state, open_cases = begin.get(unit, (None, {}))
        replay = Replay(unit, around, state, dict(open_cases))
        replay.run(effective(unit_facts))
        folded[unit] = (replay.state, replay.cases)
    return folded


def _store(
    connection: sa.Connection, site: str, before: Mapping[str, Folded], after: Mapping[str, Folded], at: int
) -> None:
    """Write what differs, and nothing else: a handheld is sent only rows that changed."""
    old = {unit: state for unit, (state, _) in before.items() if state is not None}
    new = {unit: state for unit, (state, _) in after.items() if state is not None}
    changed = [unit_rows.row_of(site, u, state, at) for u, state in sorted(new.items()) if state != old.get(u)]
    upsert_values(connection, unit_states, changed)
    _remove(connection, site, sorted(old.keys() - new.keys()), at)
    case_rows.write(connection, site, _cases_in(before), _cases_in(after), at)


def _cases_in(folded: Mapping[str, Folded]) -> dict[str, Cases]:
    return {unit: found for unit, (_, found) in folded.items()}


def _remove(connection: sa.Connection, site: str, units: list[str], at: int) -> None:
    """Take out units that the ledger bears out no longer, and tell the handhelds."""
    for keys in in_chunks(units):
        connection.execute(unit_states.delete().where(unit_states.c.site == site, unit_states.c.unit.in_(keys)))
    gone = [{"site": site, "kind": "unit", "key": unit, "row": None, "stamp": at} for unit in units]
    upsert(connection, reference, gone)
    removal.note(connection, site, "unit", [(unit,) for unit in units], at)
