"""The returns desk: what waits and why, one return with its evidence, loops, failed lots, what failed units share."""

from __future__ import annotations

from typing import Final

from flask import flash, redirect, render_template, request, url_for
from werkzeug import Response

from server import case_list, context, naming, pictures, queries
from server.case_list import CaseFilter
from server.database import reading, transact
from server.errors import Refusal
from server.people import requires, signed_in
from server.returns import announced, covered, desk, disposing, limits, loops, lots, shared, words
from server.returns.disposing import DispositionError
from server.returns.facts import judge, since_back
from server.returns.limits import LimitError, Limits
from server.roles import Task
from server.web.navigation import Entry, Group
from server.web.pages import blueprint, linked_names
from sync.because import Outcome
from sync.condition import CONDITIONS
from sync.event import TEXT_MAX, format_name
from sync.identity import split_key
from sync.returning import REASONS, SEALS, SITE_WIDE, is_from_loan

NAV = Entry("Returns", "web.returns", Group.QUALITY, order=10)
SHOWN_MAX: Final = 200
SHARED_OF_MAX: Final = 3
"""Products whose failed units are compared on the page, those with most failures."""
WORDS: Final = {"says": words.says, "short": words.short, "outcome_word": words.outcome}
MATCHED: Final = {
    "agree": "It is the number that was received with it.",
    "not_on_record": "Nothing was received with it that it could be compared with.",
    "disagree": "It is not what was received with it.",
    None: "Not read yet.",
}


@blueprint.get("/returns")
@requires(Task.LOOK)
def returns() -> str:
    """What came back and waits for a decision; `?outcome=` keeps one verdict's."""
    wanted, site = request.args.get("outcome") or None, signed_in().site
    if wanted is not None and wanted not in list(Outcome):
        flash(f"There is no verdict {wanted!r:.40}; these are all returns that wait.", "bad")
        wanted = None
    with reading() as connection:
        every = desk.waiting(connection, site, context.now_ms())
        found = [row for row in every if wanted in (None, row.outcome)]
        failed = lots.failed(connection, site)
        keys = [key for row in found for key in (row.unit, row.location)]
        names = linked_names(connection, site, keys + [lot.item for lot in failed])
    return render_template(
        "returns.html", rows=found[:SHOWN_MAX], left=len(found[SHOWN_MAX:]), counts=desk.counts(every),
        outcome=wanted, names=names, reasons=REASONS, **WORDS,
        proposed=[(lot, split_key(lot.item).value("01")) for lot in failed if lot.proposed],
    )  # fmt: skip


@blueprint.get("/returns/unit/<path:path>")
@requires(Task.LOOK)
def return_page(path: str) -> str:
    """One return: the verdict with its reasons, what was read and seen, the cases, and what can be decided."""
    person, key = signed_in(), naming.key_of_path(path)
    if len(key) > TEXT_MAX:
        raise Refusal(404, "not_found", "No name is that long.")
    with reading() as connection:
        [(unit, judged)] = judge(connection, person.site, [key], context.now_ms()).items()
        steps = since_back(judged.facts.state, judged.trail)
        cases = case_list.list_cases(connection, person.site, CaseFilter(status=None, unit=unit))
        shown = pictures.of_events(connection, person.site, [format_name(fact.name) for fact in steps])
        state = judged.state
        keys = [unit, judged.location, state.place, judged.facts.number_of, *state.identifiers]
        keys += [number for fact in steps for number in fact.event.numbers or ()]
        keys += [key for fact in steps for key in (fact.event.location, fact.event.container)]
        keys += [key for case in cases for key in (case.expected, case.seen, case.unit)]
        names = linked_names(connection, person.site, keys)
        devices = queries.device_names(connection, person.site)
        warranty = covered.read_warranty(connection, person.site, judged, context.now_ms())
    if not judged.trail:
        raise Refusal(404, "not_found", "Nothing is known of it: it was never scanned or announced here.")
    return render_template(
        "return.html", unit=unit, judged=judged, state=state, steps=steps, cases=cases, names=names, devices=devices,
        pictures=[picture for fact in steps for picture in shown.get(format_name(fact.name), ())],
        choices=disposing.choices(judged, person.role), reasons=REASONS, seals=SEALS, conditions=CONDITIONS,
        matched=MATCHED, reason_max=disposing.REASON_MAX, warranty=warranty, from_loan=is_from_loan(state), **WORDS,
    )  # fmt: skip


@blueprint.post("/returns/decide")
@requires(Task.RETURN)
def decide_return() -> Response:
    """Say what becomes of a return."""
    person, now_ms, form = signed_in(), context.now_ms(), request.form
    unit = form.get("unit", "")[:TEXT_MAX]
    try:
        transact(
            lambda c: disposing.dispose(
                c, site=person.site, unit=unit, action=form.get("decision", ""), reason=form.get("reason", ""),
                operator=person.name, role=person.role, now_ms=now_ms,
            )
        )  # fmt: skip
    except LookupError as error:
        raise Refusal(404, "not_found", str(error.args[0])) from None
    except DispositionError as error:
        flash(str(error), "bad")
    else:
        flash("It is decided.", "good")
    return redirect(url_for("web.return_page", path=naming.path_of(unit)))


@blueprint.get("/returns/announced")
@requires(Task.LOOK)
def announced_return() -> str:
    """One return as it was announced, and what of it came back; `?number=` names it."""
    number, site = request.args.get("number", "")[:TEXT_MAX], signed_in().site
    with reading() as connection:
        found = announced.read(connection, site, number)
        if found is None:
            raise Refusal(404, "not_found", f"There is no return {number}.")
        names = linked_names(connection, site, [*found.lines, *found.came])
    return render_template("return_announced.html", found=found, names=names, reasons=REASONS)


@blueprint.get("/returns/patterns")
@requires(Task.LOOK)
def return_patterns() -> str:
    """Units and products that come back most, lots that failed, and what the failed ones share."""
    site = signed_in().site
    with reading() as connection:
        units, products = loops.units(connection, site, limit=50), loops.products(connection, site, context.now_ms())
        failed = lots.failed(connection, site)
        worst = sorted((one for one in products if one.reasons.get("defect")), key=_defects)[:SHARED_OF_MAX]
        common = {one.item: shared.shares(connection, site, one.item) for one in worst}
        keys = [one.unit for one in units] + [one.item for one in products] + [one.first for one in failed]
        keys += [share.value for shares in common.values() for share in shares if share.what == "bin"]
        names = linked_names(connection, site, keys)
        bounds = limits.read(connection, site)
    return render_template(
        "return_patterns.html", units=units, products=products[:SHOWN_MAX], lots=failed, common=common, names=names,
        reasons=REASONS, limits=bounds, site_wide=SITE_WIDE, **WORDS,
    )  # fmt: skip


def _defects(one: loops.ProductReturns) -> int:
    return -one.reasons.get("defect", 0)


@blueprint.post("/returns/limits")
@requires(Task.SETTLE)
def set_return_limits() -> Response:
    """Set how often a unit and a product may come back."""
    person, form = signed_in(), request.form
    item = form.get("item", "").strip() or None
    try:
        wanted = Limits(
            unit_max=int(form.get("unit_max", "")), product_max=int(form.get("product_max") or 0),
            always="always" in form, recall_at=int(form.get("recall_at") or 2),
        )  # fmt: skip
        transact(
            lambda c: limits.set_limits(
                c, site=person.site, item=item, limits=wanted, operator=person.name, now_ms=context.now_ms()
            )
        )
    except (ValueError, LimitError) as error:
        flash(str(error) if isinstance(error, LimitError) else "A limit is a whole number.", "bad")
    else:
        flash("Handhelds obey it from their next sync.", "good")
    return redirect(url_for("web.return_patterns"))
