"""The list of cases, and the decision about one."""

from __future__ import annotations

from flask import flash, redirect, render_template, request, url_for
from werkzeug import Response

from server import context, decisions, naming, queries
from server.database import reading, transact
from server.errors import Refusal
from server.people import requires, signed_in
from server.roles import Task
from server.rules import rules
from server.web.navigation import Entry, Group
from server.web.pages import blueprint, linked_names

NAV = Entry("Cases", "web.cases", Group.WORK, order=20)

ALL = "all"
STATUSES = ("open", "settled", "explained", ALL)


@blueprint.get("/cases")
@requires(Task.LOOK)
def cases() -> str:
    """Cases by kind and state, the oldest first."""
    site = signed_in().site
    rule = request.args.get("rule", "")
    status = request.args.get("status", "open")
    if rule not in ("", *rules()) or status not in STATUSES:
        raise Refusal(404, "not_found", "There are no such cases.")
    try:
        after = queries.read_after(request.args.get("after"))
    except ValueError as error:
        raise Refusal(400, "bad_request", str(error)) from None
    with reading() as connection:
        found = queries.list_cases(
            connection, site, status=None if status == ALL else status, rule=rule or None, after=after
        )
        names = linked_names(connection, site, (key for c in found for key in (c.unit, c.expected, c.seen)))
        devices = queries.device_names(connection, site)
    following = found[-1].after if len(found) == queries.PAGE else None
    return render_template(
        "cases.html", cases=found, names=names, devices=devices, rules=rules(), rule=rule, status=status, next=following
    )


@blueprint.post("/cases/settle")
@requires(Task.SETTLE)
def settle() -> Response:
    """Take one decision and go back to the unit."""
    person, now_ms = signed_in(), context.now_ms()
    asked = {name: request.form.get(name, "") for name in ("unit", "rule", "episode", "resolution", "evidence")}
    try:
        transact(lambda c: decisions.settle(c, site=person.site, operator=person.name, now_ms=now_ms, **asked))
    except LookupError as error:
        raise Refusal(404, "not_found", str(error.args[0])) from None
    except decisions.DecisionError as error:
        flash(str(error), "bad")
    else:
        flash("Decided.", "good")
    return redirect(url_for("web.unit", path=naming.path_of(asked["unit"])))
