"""Receiving: what is awaited and what came of it, carton by carton, while it is being scanned."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable
from typing import Any, Final

import sqlalchemy as sa
from flask import flash, make_response, redirect, render_template, request, url_for
from werkzeug import Response

from server import cells, context, naming, papers, pictures, queries
from server.cells import CellError
from server.claims import delivery
from server.claims.book import claims_of
from server.claims.claim import ClaimError
from server.claims.version import has_changed
from server.counts.compare import Line
from server.counts.plan import CountError
from server.database import reading, transact
from server.errors import Refusal
from server.people import requires, signed_in
from server.prices import Price
from server.receipts import blind, receipt, sampling
from server.receipts.lines import CartonPieces, ReceiptLine
from server.receipts.listing import STATES, list_receipts
from server.receipts.receipt import ReceiptReport
from server.roles import Task
from server.transfers import arrival
from server.unit_rows import states_of
from server.web.navigation import Entry, Group
from server.web.pages import blueprint, last_seen, linked_names
from server.web.wording import money
from sync.condition import CONDITIONS
from sync.identity import is_stock, item_of
from sync.sampling import SITE_WIDE, Mode

NAV = Entry("Receipts", "web.receipts", Group.WORK, order=30)
LINES_MAX: Final = 300
"""Lines of one kind on a page; the export has them all."""
CARTONS_MAX: Final = 5
"""Cartons of one line on a page; each has its own row above the lines."""
REFRESH_S: Final = 15
"""A receipt that is being scanned shows itself anew so often, until it is held still."""
LIVE: Final = ("open", "partly", "withdrawn")
"""States in which something may still come."""
TROUBLE: Final = tuple(kind for kind in Line if kind is not Line.MATCHED)


@blueprint.get("/receipts")
@requires(Task.LOOK)
def receipts() -> str:
    """Notices and purchase orders, the latest first; `?state=` narrows them."""
    state = asked if (asked := request.args.get("state")) in STATES else None
    after, seen = last_seen("receipts")
    with reading() as connection:
        site = signed_in().site
        found, following = list_receipts(connection, site, state=state, after=seen)
        rules = sampling.rules(connection, site)
        suppliers = sorted({row.supplier for row in found if row.supplier} | (rules.rows.keys() - {SITE_WIDE}))
    return render_template(
        "receipts.html",
        receipts=found,
        state=state,
        states=STATES,
        rules=rules,
        suppliers=suppliers,
        modes=list(Mode),
        next=following,
        after=after,
    )


@blueprint.get("/receipts/receipt")
@requires(Task.LOOK)
def receipt_page() -> Response:
    """One receipt as it stands now; `?number=` names it, `?still=1` keeps the page from showing itself anew."""
    number, site = request.args.get("number", ""), signed_in().site
    still = bool(request.args.get("still"))
    with reading() as connection:
        try:
            found = receipt.report(connection, site=site, number=number)
        except CountError as error:
            raise Refusal(404, "not_found", str(error)) from None
        values = _shown(connection, site, found)
    state = values["state"]
    page = make_response(render_template("receipt.html", report=found, still=still, refresh_s=REFRESH_S, **values))
    if state in LIVE and not still:
        page.headers["Refresh"] = str(REFRESH_S)
    return page


def _without_plates(connection: sa.Connection, site: str, lines: Iterable[ReceiptLine]) -> list[tuple[str, int]]:
    """Products of these lines whose units get the warehouse's own plates, and how many pieces are announced."""
    pieces: Counter[str] = Counter()
    for line in lines:
        if is_stock(line.subject) and (item := item_of(line.subject)):
            pieces[item] += line.expected_quantity
    modes = naming.read(connection, site, pieces).rows
    return [(item, count) for item, count in pieces.items() if modes.get(("item", item), {}).get("mode") == "lpn"]


def _how_it_came(found: ReceiptReport) -> str:
    """What differs from its notice, as the middle of a sentence."""
    differs, strangers = len(found.differences), len(found.strangers)
    said = [f"{differs} line{'s' if differs != 1 else ''} differ{'' if differs != 1 else 's'}"] if differs else []
    if strangers:
        here = "cartons are" if strangers != 1 else "carton is"
        said.append(f"{strangers} {here} here that nobody announced")
    return ", and ".join(said) or "all came as announced"


def _shown(connection: sa.Connection, site: str, found: ReceiptReport) -> dict[str, Any]:
    versions = papers.versions(connection, site, "receipt_result", found.number)
    by_kind: dict[str, list[ReceiptLine]] = {kind.value: [] for kind in (*TROUBLE, Line.MATCHED)}
    for line in found.lines:
        by_kind[line.kind.value].append(line)
    by_kind[Line.MATCHED.value].sort(key=lambda line: not line.damaged)  # what is wrong with it is seen first
    shown = {kind: lines for kind, lines in by_kind.items() if lines}
    keys = [
        k for lines in shown.values() for line in lines[:LINES_MAX] for k in (line.subject, line.expected, *line.seen)
    ]
    keys += [k for carton in found.cartons for k in (carton.key, carton.parent)]
    strangers = [carton.key for carton in found.cartons if not carton.announced]
    strangers += [line.subject for line in shown.get(Line.UNEXPECTED.value, ())[:LINES_MAX]]
    late = has_changed(connection, site, found.number, versions, found)
    sender = sent[0] if (sent := arrival.sender(connection, site, found.number)) else None
    gone = sender is not None and not found.lines and not any(carton.announced for carton in found.cartons)
    begun = "partly" if found.scans else "withdrawn" if gone else "open"
    state = ("changed" if late else "closed") if versions else begun
    return {
        "shown": shown,
        "versions": versions,
        "state": state,
        "live": state in LIVE,
        "is_blind": blind.is_blind(connection, site, found.number),
        "names": linked_names(connection, site, keys),
        "plates": _without_plates(connection, site, found.lines),
        "devices": queries.device_names(connection, site),
        "pictures": pictures.of_events(connection, site, [event for line in found.lines for event in line.events]),
        "claims": claims_of(connection, site, found.number),
        "sender": sender,
        "gone": gone,
        "announced_by": _announced_by(connection, site, strangers, {found.number, *found.asns}),
        "announced_in": _by_line(found, lambda one: True),
        "seen_in": _by_line(found, lambda one: one.read + one.inferred > 0),
        "lines_max": LINES_MAX,
        "cartons_max": CARTONS_MAX,
        "quantities": quantities(found.lines),
        "how_it_came": _how_it_came(found),
    }


def _announced_by(
    connection: sa.Connection, site: str, things: Iterable[str], numbers: Collection[str]
) -> dict[str, str]:
    """The notices that announce what those of these numbers do not."""
    states = states_of(connection, site, things)
    told = {thing: state.announced_by for thing, state in states.items() if state.announced_by}
    return {thing: notice for thing, notice in told.items() if notice not in numbers}


def _by_line(found: ReceiptReport, which: Callable[[CartonPieces], bool]) -> dict[str, list[str]]:
    """The cartons of the lines that are given by quantity, those for which this holds."""
    cartons: dict[str, list[str]] = {}
    for one in filter(which, found.pieces):
        cartons.setdefault(one.subject, []).append(one.container)
    return cartons


def quantities(lines: list[ReceiptLine]) -> dict[str, int]:
    """The receipt in pieces: expected, here, of these by a carton's label alone, short and over."""
    return {
        "expected": sum(line.expected_quantity for line in lines),
        "here": sum(min(line.quantity, line.expected_quantity) for line in lines),
        "inferred": sum(line.inferred for line in lines),
        "short": sum(max(0, line.expected_quantity - line.quantity) for line in lines),
        "over": sum(max(0, line.quantity - line.expected_quantity) for line in lines),
        "damaged": sum(line.quantity for line in lines if line.damaged),
    }


@blueprint.post("/receipts/close")
@requires(Task.RECEIVE)
def freeze_receipt() -> Response:
    """Close a receipt: the next version of its report will not change."""
    person, number, now_ms = signed_in(), request.form.get("number", ""), context.now_ms()
    try:
        found = transact(
            lambda c: receipt.close_receipt(c, site=person.site, number=number, operator=person.name, now_ms=now_ms)
        )
    except CountError as error:
        flash(str(error), "bad")
    else:
        what = _how_it_came(found)
        flash(f"{number} is closed. {what[0].upper()}{what[1:]}.", "good")
    return redirect(url_for("web.receipt_page", number=number))


@blueprint.post("/receipts/blind")
@requires(Task.RECEIVE)
def receive_blind() -> Response:
    """Receive blind from now on, or guided again."""
    person, number, now_ms = signed_in(), request.form.get("number", ""), context.now_ms()
    hidden = request.form.get("blind") == "yes"
    try:
        transact(
            lambda c: blind.set_blind(
                c, site=person.site, number=number, blind=hidden, operator=person.name, now_ms=now_ms
            )
        )
    except CountError as error:
        flash(str(error), "bad")
    else:
        flash(f"{number} is received {'blind' if hidden else 'guided'} from each handheld's next sync.", "good")
    return redirect(url_for("web.receipt_page", number=number))


@blueprint.post("/receipts/claim")
@requires(Task.RECEIVE)
def draft_claim() -> Response:
    """Put a closed receipt's differences to its supplier."""
    person, number, now_ms = signed_in(), request.form.get("number", ""), context.now_ms()
    try:
        claim = transact(
            lambda c: delivery.draft(c, site=person.site, receipt=number, operator=person.name, now_ms=now_ms)
        )
    except ClaimError as error:
        flash(str(error), "bad")
        return redirect(url_for("web.receipt_page", number=number))
    return redirect(url_for("web.claim", number=claim))


@blueprint.post("/receipts/sampling")
@requires(Task.APPROVE)
def set_sampling() -> Response:
    """Set how many units of a carton are read one by one."""
    person, now_ms = signed_in(), context.now_ms()
    supplier, mode = request.form.get("supplier") or None, request.form.get("mode", "")
    value = request.form.get("value", "").strip() or "0"
    try:
        pieces = cells.quantity(value)
        rule = transact(
            lambda c: sampling.set_rule(
                c, site=person.site, supplier=supplier, mode=mode, value=pieces, operator=person.name, now_ms=now_ms
            )
        )
    except (CountError, CellError) as error:
        flash(str(error), "bad")
    else:
        flash(f"{supplier or 'All other suppliers'}: {rule.text}.", "good")
    return redirect(url_for("web.receipts"))


# Words.

_STATES: Final = {
    "open": "awaited",
    "partly": "being received",
    "closed": "closed",
    "changed": "closed, scanned since",
    "withdrawn": "taken back",
}
_LINES: Final = {
    "matched": "As announced",
    "missing": "Short",
    "misplaced": "In another carton",
    "unexpected": "Over",
    "unknown": "Not announced, unknown until now",
    "duplicate": "Here before, or seen twice",
    "not_sampled": "Not sampled enough",
}
_HOW: Final = {
    "scanned": "scanned",
    "listed": "by a list",
    "inferred": "by its carton's label",
    "elsewhere": "under another document",
    "": "not here",
}


@blueprint.app_template_filter()
def receipt_state(state: str) -> str:
    """Where a receipt stands."""
    return _STATES[state]


@blueprint.app_template_filter()
def receipt_choice(state: str) -> tuple[str, str]:
    """The same, as an option of a list."""
    return state, _STATES[state]


@blueprint.app_template_filter()
def receipt_line(kind: str) -> str:
    """What a kind of line says."""
    return _LINES[kind]


@blueprint.app_template_filter()
def receipt_how(how: str) -> str:
    """How it is known that something is here."""
    return _HOW[how]


@blueprint.app_template_filter()
def condition_word(condition: str) -> str:
    """In what state something is."""
    return CONDITIONS.get(condition, condition)


@blueprint.app_template_filter()
def amount(of: tuple[int, str | None]) -> str:
    """An amount and its currency."""
    return money(Price(of[0], of[1] or ""))
