"""Undo of one scan: what depended on it and what would come of it, and then the undo itself."""

from __future__ import annotations

from flask import flash, redirect, render_template, request, url_for
from werkzeug import Response

from server import context, naming, queries, undo
from server.database import reading, transact
from server.decisions import REASON_MAX, DecisionError
from server.errors import Refusal
from server.people import requires, signed_in
from server.roles import Task
from server.undo import UndoError, Undoing
from server.web.pages import blueprint, linked_names


@blueprint.get("/undo/<name>")
@requires(Task.SETTLE)
def undo_page(name: str) -> str:
    """What depends on one scan, before it is undone."""
    site = signed_in().site
    with reading() as connection:
        found = undo.look(connection, site, name, context.now_ms())
        if found is None:
            raise Refusal(404, "not_found", "There is no such scan here.")
        names = linked_names(connection, site, _keys(found))
        devices = queries.device_names(connection, site)
    return render_template(
        "undo.html",
        undoing=found,
        name=name,
        fact=found.fact,
        names=names,
        devices=devices,
        reasons=undo.REASONS,
        reason_max=REASON_MAX,
        changed=[effect for effect in found.effects if not effect.nothing],
    )


def _keys(found: Undoing) -> list[str | None]:
    event, depends = found.fact.event, found.depends
    keys: list[str | None] = [event.subject, event.location, event.container, *depends.inside, *depends.names]
    for line in depends.later:
        keys += [line.fact.event.subject, line.fact.event.location, line.fact.event.container]
    for effect in found.effects:
        keys.append(effect.unit)
        for outcome in (effect.before, effect.after):
            keys += [outcome.location, outcome.belongs]
    return keys + [key for case in (*depends.cases, *depends.closed) for key in (case.unit, case.expected, case.seen)]


@blueprint.post("/undo/<name>")
@requires(Task.SETTLE)
def undo_scan(name: str) -> Response:
    """Undo it, and go back to the unit."""
    person, now_ms = signed_in(), context.now_ms()
    reason = request.form.get("own", "").strip() or request.form.get("reason", "")
    try:
        void = transact(
            lambda c: undo.undo(c, site=person.site, name=name, reason=reason, operator=person.name, now_ms=now_ms)
        )
    except LookupError as error:
        raise Refusal(404, "not_found", str(error.args[0])) from None
    except (UndoError, DecisionError) as error:
        flash(str(error), "bad")
        return redirect(url_for("web.undo_page", name=name))
    flash("Undone. Both stay in the trail, and the undo can be undone too.", "good")
    subject = void.event.subject
    return redirect(url_for("web.unit", path=naming.path_of(subject)) if subject else url_for("web.overview"))
