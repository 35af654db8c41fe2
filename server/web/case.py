"""One case: its evidence, what could be decided and what would come of it, and what people said."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import sqlalchemy as sa
from flask import flash, redirect, render_template, request, url_for
from werkzeug import Response

from server import case_file, context, decisions, naming, pictures, queries
from server.case import opened_by
from server.case_file import CaseFile, Side
from server.claims.book import claims_of
from server.database import reading, transact
from server.errors import Refusal
from server.members import list_members
from server.people import requires, signed_in
from server.roles import Task
from server.rules import rules
from server.web.pages import blueprint, linked_names
from sync.event import TEXT_MAX, EventError, format_name, parse_name


@blueprint.get("/cases/of/<rule>/<episode>/<path:path>")
@requires(Task.LOOK)
def case(rule: str, episode: str, path: str) -> str:
    """One case."""
    site, unit = signed_in().site, naming.key_of_path(path)
    _check(episode, unit)
    with reading() as connection:
        found = case_file.read(connection, site, unit, rule, episode, context.now_ms())
        if found is None:
            raise Refusal(404, "not_found", "There is no such case any more: later scans explain it.")
        names = linked_names(connection, site, _keys(found))
        devices = queries.device_names(connection, site)
        about = found.case.document if rule == "short" else None
        claims = claims_of(connection, site, about.rpartition("/")[0] or about) if about else []
        crew = [member.name for member in list_members(connection, site) if member.active]
        shown = pictures.of_events(connection, site, _scans(found))
    return render_template(
        "case.html",
        file=found,
        case=found.case,
        names=names,
        devices=devices,
        pictures=shown,
        rules=rules(),
        reason_max=decisions.REASON_MAX,
        crew=crew,
        claims=claims,
    )


def _scans(found: CaseFile) -> list[str]:
    """The scans of the trails that stand on the page."""
    scans = {format_name(line.fact.name) for side in found.sides for line in side.trail}
    return sorted(scans | {format_name(side.scan.name) for side in found.sides if side.scan})


def _check(episode: str, unit: str) -> None:
    try:
        parse_name(opened_by(episode))
    except EventError:
        raise Refusal(404, "not_found", "There is no such case.") from None
    if len(unit) > TEXT_MAX:
        raise Refusal(404, "not_found", "No name is that long.")


def _keys(found: CaseFile) -> list[str | None]:
    case = found.case
    keys: list[str | None] = [case.unit, case.expected, case.seen]
    for side in found.sides:
        keys += [side.unit, *_places(side)]
    for option in found.options:
        for outcome in (option.effect.before, option.effect.after):
            keys += [outcome.location, outcome.belongs, outcome.state.place if outcome.state else None]
    if found.closing:
        keys += [found.closing.event.location, found.closing.event.container]
    return keys


def _places(side: Side) -> list[str | None]:
    facts = [*side.around, *(line.fact for line in side.trail), *([side.scan] if side.scan else [])]
    return [key for fact in facts for key in (fact.event.subject, fact.event.location, fact.event.container)]


@blueprint.post("/cases/settle")
@requires(Task.SETTLE)
def settle() -> Response:
    """Take one decision."""
    settle_as = partial(decisions.settle, role=signed_in().role)
    return _say(settle_as, ("resolution", "evidence"), "Decided.")


@blueprint.post("/cases/note")
@requires(Task.SETTLE)
def note() -> Response:
    """Write something about a case."""
    return _say(decisions.note, ("text",), "Noted.")


@blueprint.post("/cases/assign")
@requires(Task.SETTLE)
def assign() -> Response:
    """Say who is to settle a case."""
    return _say(decisions.assign, ("person",), "Said.")


@blueprint.post("/cases/reopen")
@requires(Task.APPROVE)
def reopen() -> Response:
    """Have a closed case decided anew."""
    return _say(
        decisions.reopen, ("reason", "closed_by"), "The case is open again, and what had been decided is taken back."
    )


def _say(say: Callable[..., object], fields: tuple[str, ...], done: str) -> Response:
    """Have one thing said about a case, and go back to it."""
    person, now_ms = signed_in(), context.now_ms()
    about = {name: request.form.get(name, "") for name in ("unit", "rule", "episode")}
    _check(about["episode"], about["unit"])
    asked = {name: request.form.get(name, "") for name in fields}

    def write(connection: sa.Connection) -> object:
        return say(connection, site=person.site, operator=person.name, now_ms=now_ms, **about, **asked)

    try:
        transact(write)
    except LookupError as error:
        raise Refusal(404, "not_found", str(error.args[0])) from None
    except decisions.DecisionError as error:
        flash(str(error), "bad")
    else:
        flash(done, "good")
    path = naming.path_of(about["unit"])
    return redirect(url_for("web.case", rule=about["rule"], episode=about["episode"], path=path))
