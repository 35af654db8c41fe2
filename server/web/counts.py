"""Counts and receipts: what was matched, missing, misplaced, unexpected, unknown and duplicate."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from werkzeug import Response

from server import context, queries
from server.counts import closing, cycle, paper, receipt
from server.counts.plan import CountError
from server.database import reading, transact
from server.errors import Refusal
from server.people import requires, signed_in
from server.roles import Task
from server.web.navigation import Entry, Group
from server.web.pages import blueprint, linked_names

NAV = Entry("Counts", "web.counts", Group.WORK, order=50)

REPORT_LINES_MAX = 500
"""Lines of one kind on a page; the API has them all."""
_REPORT = {"count": cycle.report, "receipt": receipt.report}


@blueprint.get("/counts")
@requires(Task.LOOK)
def counts() -> str:
    """Counts and receipts, the latest first."""
    with reading() as connection:
        papers = queries.list_papers(connection, signed_in().site)
    return render_template("counts.html", papers=papers)


@blueprint.get("/counts/<any(count, receipt):kind>")
@requires(Task.LOOK)
def report(kind: str) -> str | Response:
    """The report of one count or receipt, as it stands now; `?number=` names it."""
    number = request.args.get("number", "")
    if kind == "receipt":
        return redirect(url_for("web.receipt_page", number=number))
    site = signed_in().site
    with reading() as connection:
        try:
            found: Any = _REPORT[kind](connection, site=site, number=number)
        except CountError as error:
            raise Refusal(404, "not_found", str(error)) from None
        shown = {
            line_kind: [line for line in found.lines if line.kind == line_kind] for line_kind in reversed(found.totals)
        }
        shown = {line_kind: lines for line_kind, lines in shown.items() if lines}
        speaks_of = [key for lines in shown.values() for line in lines[:REPORT_LINES_MAX] for key in _keys(line)]
        names = linked_names(connection, site, [*speaks_of, *getattr(found, "unfinished", ())])
        versions = paper.versions(connection, site, f"{kind}_result", number)
    return render_template(
        "report.html",
        kind=kind,
        report=found,
        shown=shown,
        names=names,
        versions=versions,
        lines_max=REPORT_LINES_MAX,
    )


def _keys(line: Any) -> list[str | None]:
    return [line.subject, line.expected, *line.seen]


@blueprint.post("/counts/count/close")
@requires(Task.COUNT)
def close_count() -> Response:
    """Freeze the next version of a count's report."""
    person = signed_in()
    return _close("count", partial(closing.close_count, role=person.role))


def _close(kind: str, close: Callable[..., Any]) -> Response:
    person, number, now_ms = signed_in(), request.form.get("number", ""), context.now_ms()
    try:
        transact(lambda c: close(c, site=person.site, number=number, operator=person.name, now_ms=now_ms))
    except CountError as error:
        flash(str(error), "bad")
    else:
        flash(f"{number} is closed; this version of its report will not change.", "good")
    return redirect(url_for("web.report", kind=kind, number=number))
