"""Counts: their progress, what they found, and what becomes of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any, Final, NamedTuple

from flask import flash, redirect, render_template, request, url_for
from werkzeug import Response

from server import case_list, context, papers, queries
from server.case_list import CaseFilter
from server.counts import closing, late, listing, recount, sharing, shown, standing
from server.counts.compare import ReportLine
from server.counts.plan import CountError
from server.counts.reckoning import reckon
from server.counts.report import CountReport, veiled
from server.counts.tally import Tally
from server.database import reading, transact
from server.errors import Refusal
from server.people import requires, signed_in
from server.roles import Task
from server.web.navigation import Entry, Group
from server.web.pages import blueprint, last_seen, linked_names

NAV = Entry(
    "Counts",
    "web.counts",
    Group.WORK,
    order=50,
    parts=frozenset({"web.new_count", "web.open_count", "web.count_version"}),
)

STATES: Final = {
    "": "all", "open": "open", "proposed": "waits for approval", "closed": "closed", "cancelled": "given up"
}  # fmt: skip
REPORT_LINES_MAX: Final = 500
"""Lines of one kind on a page; the files have them all."""
OPEN_MAX: Final = 20
"""A longer list is folded up: on a phone each line is a card, and what comes below would be screens away."""
LATE_SHOWN_MAX: Final = 200
RELOAD_S_MIN: Final = 30
"""So often the page of an open count asks anew."""
RELOAD_SHARE: Final = 20
"""It waits so many times as long as it took to reckon: a large count must not keep a core busy."""
UNSCANNED_SHOWN_MAX: Final = 10


@blueprint.get("/counts")
@requires(Task.LOOK)
def counts() -> str:
    """Counts with their progress and accuracy, the latest first; `?state=` narrows them."""
    state = asked if (asked := request.args.get("state")) in listing.STATES else None
    after, seen = last_seen("counts")
    with reading() as connection:
        found, following = listing.list_counts(connection, signed_in().site, state=state, after=seen)
    return render_template("counts.html", counts=found, state=state, states=STATES, next=following, after=after)


@blueprint.get("/counts/<any(count, receipt):kind>")
@requires(Task.LOOK)
def report(kind: str) -> str | Response:
    """The report of one count; `?number=` names it, `?now=1` asks of a closed one what closing it again would say."""
    number = request.args.get("number", "")
    if kind == "receipt":
        return redirect(url_for("web.receipt_page", number=number))
    return _count(number)


class Shown(NamedTuple):
    """The lines of one kind on a page."""

    total: int
    lines: list[ReportLine]
    """The first of them."""


def by_kind(totals: Mapping[str, int], each_line: Iterable[ReportLine]) -> dict[str, Shown]:
    """The lines of a report by what they say, what matched last; of a large count only the first of each kind.

    Args:
        each_line: those of units that matched may come last: they are not read to the end.
    """
    shown = {kind: Shown(count, []) for kind, count in reversed(list(totals.items())) if count}
    waiting = sum(min(count, REPORT_LINES_MAX) for count in totals.values())
    for line in each_line:
        if waiting and len(shown[line.kind].lines) < REPORT_LINES_MAX:
            shown[line.kind].lines.append(line)
            waiting -= 1
        if not waiting:
            break
    return shown


def keys_in(shown: Mapping[str, Shown]) -> list[str | None]:
    """What these lines name."""
    lines = (line for some in shown.values() for line in some.lines)
    return [key for line in lines for key in (line.subject, line.expected, *line.seen)]


def _count(number: str) -> str:
    person, asked_ms = signed_in(), context.now_ms()
    anew = reckon if request.args.get("now") == "1" else partial(shown.report, most=REPORT_LINES_MAX)
    with reading() as connection:
        try:
            found = anew(connection, site=person.site, number=number)
        except CountError as error:
            raise Refusal(404, "not_found", str(error)) from None
        took_s = (context.now_ms() - asked_ms) / 1_000
        state = listing.state_of(connection, person.site, number)
        if state == "open" and not person.may(Task.COUNT):
            found = veiled(found)
        waiting = CaseFilter(rule=late.RULE, document=number)
        exceptional = case_list.list_cases(connection, person.site, waiting, limit=LATE_SHOWN_MAX)
        kinds = by_kind(found.totals, found.each_line())
        moved = [key for m in found.moves for key in (m.subject, m.origin, m.destination)]
        scanned = [key for case in exceptional for key in (case.unit, case.seen)]
        keys = [*keys_in(kinds), *found.plan.bins, *moved, *scanned, found.plan.chosen.get("product")]
        return render_template(
            "count.html",
            report=found,
            state=state,
            shown=kinds,
            as_of_ms=asked_ms,
            reload_s=max(RELOAD_S_MIN, round(RELOAD_SHARE * took_s)),
            whole=sum((b.tally for b in found.bins), Tally()),
            names=linked_names(connection, person.site, keys),
            devices=queries.device_names(connection, person.site),
            versions=papers.versions(connection, person.site, "count_result", number),
            pending=standing.pending(connection, person.site, number),
            exceptions=exceptional,
            late=case_list.count_by_rule(connection, person.site, waiting).get(late.RULE, 0),
            rule=late.RULE,
            unscanned=found.unscanned,
            unscanned_max=UNSCANNED_SHOWN_MAX,
            open_max=OPEN_MAX,
            differing=sum(b.tally.missing + b.tally.surplus + b.tally.in_motion > 0 for b in found.bins),
        )


@blueprint.post("/counts/count/close")
@requires(Task.COUNT)
def close_count() -> Response:
    """Freeze the next version of a count's report, or propose it for approval."""
    person = signed_in()
    return _decide(partial(closing.close_count, role=person.role), _closed)


def _closed(found: CountReport) -> str:
    if found.version is None:
        return f"{found.number} is above your limit: somebody else has to approve it."
    return f"{found.number} is closed; version {found.version} of its report will not change."


@blueprint.post("/counts/count/approve")
@requires(Task.APPROVE)
def approve_count() -> Response:
    """Freeze a version that was above its closer's limit."""
    approve = partial(closing.approve, note=request.form.get("note", "").strip() or None)
    return _decide(approve, lambda version: f"Approved: version {version} is closed and will not change.")


@blueprint.post("/counts/count/reject")
@requires(Task.APPROVE)
def reject_count() -> Response:
    """Send a proposed version back."""
    reject = partial(closing.reject, note=request.form.get("note", ""))
    return _decide(reject, lambda _: "Sent back: the count is open again.")


@blueprint.post("/counts/count/cancel")
@requires(Task.COUNT)
def cancel_count() -> Response:
    """Give up a count."""
    cancel = partial(closing.cancel, note=request.form.get("note", ""))
    return _decide(cancel, lambda _: "The count is given up. Its scans stay in the trails.")


@blueprint.post("/counts/count/share")
@requires(Task.COUNT)
def share_count() -> Response:
    """Give the bins that nobody has finished to other counters."""
    names = [name for part in request.form.get("counters", "").split(",") if (name := part.strip())]
    again = partial(sharing.share_anew, counters=names)
    return _decide(again, lambda _: "Shared out anew. Handhelds learn it at their next sync.")


@blueprint.post("/counts/count/recount")
@requires(Task.COUNT)
def recount_count() -> Response:
    """Have the ticked bins counted again."""
    again = partial(
        recount.recount_of,
        bins=request.form.getlist("bin"),
        counter=request.form.get("counter", "").strip() or None,
        blind="guided" not in request.form,
    )
    return _decide(again, lambda plan: f"Recount {plan.number} is open: its bins are on the handhelds.")


def _decide(decide: Callable[..., Any], done: Callable[[Any], str]) -> Response:
    person, number, now_ms = signed_in(), request.form.get("number", ""), context.now_ms()
    try:
        found = transact(lambda c: decide(c, site=person.site, number=number, operator=person.name, now_ms=now_ms))
    except CountError as error:
        flash(str(error), "bad")
    else:
        flash(done(found), "good")
    return redirect(url_for("web.report", kind="count", number=number))
