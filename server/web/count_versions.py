"""A frozen version of a count, to be read, printed and audited; and the limits of who closes counts."""

from __future__ import annotations

from flask import flash, redirect, render_template, request, url_for
from werkzeug import Response

from server import context
from server.counts import limits, versions
from server.counts.limits import Limit
from server.counts.plan import CountError
from server.counts.tally import Tally
from server.database import reading, transact
from server.errors import Refusal
from server.people import requires, signed_in
from server.roles import ROLES, Task
from server.web.counts import by_kind, keys_in
from server.web.navigation import Entry, Group
from server.web.pages import blueprint, linked_names

NAV = Entry("Count limits", "web.count_limits", Group.SITE, order=70, task=Task.ADMINISTER)
_TALLY = ("expected", "matched", "missing", "surplus", "in_motion")


@blueprint.get("/counts/version")
@requires(Task.LOOK)
def count_version() -> str:
    """One version as it was frozen; `?number=` and `?version=` name it."""
    site, number = signed_in().site, request.args.get("number", "")
    with reading() as connection:
        try:
            found = versions.read_version(connection, site, number, request.args.get("version", 0, type=int))
        except CountError as error:
            raise Refusal(404, "not_found", str(error)) from None
        shown = by_kind(found.totals, found.each_line())
        moved = [key for m in found.head["moves"] for key in (m["subject"], m["origin"], m["destination"])]
        names = linked_names(connection, site, [*keys_in(shown), *moved, *found.head["bins"]])
    tallies = {place: Tally(**{name: b[name] for name in _TALLY}) for place, b in found.head["bins"].items()}
    return render_template(
        "count_version.html",
        version=found,
        names=names,
        tallies=tallies,
        whole=sum(tallies.values(), Tally()),
        shown=shown,
    )


@blueprint.get("/count-limits")
@requires(Task.ADMINISTER)
def count_limits() -> str:
    """Up to what variance each role or person closes a count alone."""
    with reading() as connection:
        found = limits.limits(connection, signed_in().site)
    roles = [role for role, tasks in ROLES.items() if Task.COUNT in tasks]
    return render_template("count_limits.html", limits=found, roles=roles)


@blueprint.post("/count-limits")
@requires(Task.ADMINISTER)
def set_count_limit() -> Response:
    """Change a limit, or lift it."""
    person, form, now_ms = signed_in(), request.form, context.now_ms()
    whose = form.get("whose", "")
    if whose == "person:":
        whose += form.get("name", "").strip()
    try:
        units, value = _whole(form.get("units", "")), _whole(form.get("value", ""))
        limit = Limit(units=units, value=value, percent=_part(form.get("percent", "")))
        transact(
            lambda c: limits.set_limit(
                c, site=person.site, whose=whose, limit=limit, operator=person.name, now_ms=now_ms
            )
        )
    except CountError as error:
        flash(str(error), "bad")
    else:
        flash("The limit is lifted." if limit == Limit() else "The limit is set.", "good")
    return redirect(url_for("web.count_limits"))


def _whole(text: str) -> int | None:
    text = text.strip()
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= 15):
        raise CountError(f"{text!r:.30} is no whole number from 0.")
    return int(text)


def _part(text: str) -> float | None:
    text = text.strip().replace(",", ".")
    if not text:
        return None
    if not (text.replace(".", "", 1).isdigit() and text.isascii() and len(text) <= 9):
        raise CountError(f"{text!r:.30} is no percentage: write it like 2.5.")
    return float(text)
