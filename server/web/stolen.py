"""Stolen: reports, a new one, what of each is missing, and where any of it was scanned since."""

from __future__ import annotations

import re
from typing import Any, Final

from flask import flash, redirect, render_template, request, url_for
from werkzeug import Response

from server import context, queries, sites
from server.database import reading, transact
from server.errors import Refusal
from server.people import requires, signed_in
from server.roles import Task
from server.stolen import read as stolen
from server.stolen.asked import Asked, StolenError
from server.stolen.report import find, report
from server.web.navigation import Entry, Group
from server.web.pages import blueprint, linked_names

NAV = Entry("Stolen", "web.stolen_things", Group.QUALITY, order=35)
SHOWN_MAX: Final = 200
"""Rows of each list; the export has all."""
TEXT_MAX: Final = 30_000
FIELDS: Final = ("reason", "reference", "product", "since")


@blueprint.get("/stolen")
@requires(Task.LOOK)
def stolen_things() -> str:
    """Reports, and every scan of what stood under one."""
    return _page({"serials": request.args.get("serials", "")[:TEXT_MAX]})


def _page(values: dict[str, str]) -> str:
    person = signed_in()
    site = person.site
    with reading() as connection:
        reports = stolen.listed(connection)
        everywhere = [one.code for one in sites.list_sites(connection)]
        seen = stolen.sightings(connection, everywhere, let_into=person.everywhere)
        shown = [(one, thing) for one in reports for thing in one.things]
        keys = [thing.subject for _, thing in shown[:SHOWN_MAX]]
        keys += [key for one in seen[:SHOWN_MAX] for key in (one.unit, one.event and one.event.location) if key]
        names, devices = linked_names(connection, site, keys), queries.device_names(connection, site)
        site_names = sites.names(connection)
    return render_template(
        "stolen.html", things=shown[:SHOWN_MAX], left=len(shown[SHOWN_MAX:]), seen=seen[:SHOWN_MAX],
        seen_left=len(seen[SHOWN_MAX:]), names=names, devices=devices, values=values,
        site_names=site_names if len(site_names) > 1 else {},
    )  # fmt: skip


@blueprint.post("/stolen")
@requires(Task.REPORT)
def report_stolen() -> Response | str:
    """Report things as stolen."""
    person, now_ms = signed_in(), context.now_ms()
    values = {name: request.form.get(name, "")[:400] for name in FIELDS}
    typed = request.form.get("serials", "")[:TEXT_MAX]
    asked = Asked(serials=re.split(r"[\r\n,;]+", typed), **values)
    try:
        number = transact(lambda c: report(c, site=person.site, asked=asked, operator=person.name, now_ms=now_ms))
    except StolenError as error:
        flash(str(error), "bad")
        return _page(values | {"serials": typed})
    flash(f"{number} is reported. Handhelds of every site flag it as soon as they sync.", "good")
    return redirect(url_for("web.stolen_things"))


@blueprint.post("/stolen/found")
@requires(Task.REPORT)
def found_stolen() -> Response:
    """Something of a report turned up."""
    person, now_ms, number = signed_in(), context.now_ms(), request.form.get("number", "")
    asker: dict[str, Any] = {"operator": person.name, "let_into": person.everywhere, "now_ms": now_ms}
    subjects, reason = request.form.getlist("subject"), request.form.get("reason", "")
    try:
        done = transact(lambda c: find(c, number=number, names=subjects, reason=reason, **asker))
    except StolenError as error:
        flash(str(error), "bad")
    except LookupError as error:
        raise Refusal(404, "not_found", str(error.args[0])) from None
    else:
        flash(f"{number}: {len(done)} found. Handhelds let it pass after their next sync.", "good")
    return redirect(url_for("web.stolen_things"))
