"""The warranty desk: one scan says whether a claim may be made, and the same page does what follows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import sqlalchemy as sa
from flask import flash, redirect, render_template, request, url_for
from werkzeug import Response

from server import context, document_names, named, search
from server.cells import CellError
from server.database import reading, transact
from server.named import NamedError
from server.people import requires, signed_in
from server.roles import Task
from server.warranty import desk
from server.warranty.answer import Told, ask
from server.warranty.desk import DeskError
from server.web.navigation import Entry, Group
from server.web.pages import blueprint, linked_names
from sync.event import BARCODE_BYTES_MAX
from sync.warranty import Claim

NAV = Entry("Warranty", "web.warranty", Group.QUALITY, order=30)
SHOWN_MAX = 100


@blueprint.get("/warranty")
@requires(Task.LOOK)
def warranty() -> str:
    """Whether a claim may be made for what was scanned; below, the repairs."""
    person, now_ms = signed_in(), context.now_ms()
    typed = request.args.get("label", "").strip()[:BARCODE_BYTES_MAX]
    claimant = request.args.get("claimant", "").strip() or None
    told: Told | None = None
    problem, choices = "", tuple[str, ...]()
    with reading() as connection:
        if typed:
            found = search.find(connection, person.site, typed)
            problem, choices = found.problem, found.keys
            if len(choices) == 1:
                try:
                    unit = named.one_unit(choices[0], typed)
                    told = ask(connection, person.site, unit, now_ms, claimant=claimant)
                except NamedError as error:
                    problem, choices = str(error), ()
        repairs = desk.list_repairs(connection, person.site, limit=SHOWN_MAX)
        names = linked_names(
            connection,
            person.site,
            [*choices, *_keys(told), *(key for r in repairs for key in (r.unit, r.replaced_by, r.location, *r.lent))],
        )
    return render_template(
        "warranty.html",
        label=typed,
        claimant=claimant,
        told=told,
        good=told is not None and told.answer.claim is Claim.COVERED,
        problem=problem,
        choices=choices,
        repairs=repairs,
        names=names,
    )


def _keys(told: Told | None) -> list[str | None]:
    if told is None:
        return []
    life = told.life
    return [
        told.unit,
        told.stands_for,
        life.replaced_by,
        life.state.place if life.state else None,
        told.terms.of if told.terms else None,
    ]


@blueprint.post("/warranty/repairs")
@requires(Task.RETURN)
def open_repair() -> Response:
    """Take a unit in for repair."""
    unit, fault = request.form.get("unit", ""), request.form.get("fault", "")

    def write(c: sa.Connection) -> str:
        place = document_names.read(c, signed_in().site).place(request.form.get("location", "").strip())
        number = desk.open_repair(c, unit=unit, location=place, fault=fault, **_who())
        return f"{number}: it is taken in. Write the number on it."

    return _done(write, unit)


@blueprint.post("/warranty/repairs/close")
@requires(Task.RETURN)
def close_repair() -> Response:
    """Give a unit back, with the numbers of a changed board."""
    number, done = request.form.get("number", ""), request.form.get("done", "")

    def write(c: sa.Connection) -> str:
        gone, new = _further_name(c, "gone"), _further_name(c, "new")
        out = desk.close_repair(c, number=number, done=done, gone=gone, new=new, **_who())
        return f"{number} has ended: it is its owner's again.{_still_out(c, out)}"

    return _done(write, request.form.get("unit", ""))


@blueprint.post("/warranty/repairs/give")
@requires(Task.RETURN)
def give() -> Response:
    """Lend a unit, or give it for good, while a repair is under way."""
    number, how = request.form.get("number", ""), request.form.get("how", "")

    def write(c: sa.Connection) -> str:
        unit = _unit(c, request.form.get("given", ""))
        if how == "replacement":
            out = desk.give_replacement(c, number=number, unit=unit, reason=request.form.get("reason", ""), **_who())
            return f"{number}: it is the customer's now, and the one in repair is ours.{_still_out(c, out)}"
        desk.lend(c, number=number, unit=unit, **_who())
        return f"{number}: it is lent."

    return _done(write, request.form.get("unit", ""))


@blueprint.post("/warranty/loans/end")
@requires(Task.RETURN)
def end_loan() -> Response:
    """Take a lent unit in again."""
    unit = request.form.get("unit", "")

    def write(c: sa.Connection) -> str:
        place = document_names.read(c, signed_in().site).place(request.form.get("location", "").strip())
        desk.end_loan(c, unit=unit, location=place, **_who())
        return "It is back."

    return _done(write, unit)


@blueprint.post("/warranty/titles")
@requires(Task.RETURN)
def transfer_title() -> Response:
    """Write down another owner."""
    form = request.form
    name, address = form.get("name", "").strip()[:200], form.get("address", "").strip()[:400]

    def write(c: sa.Connection) -> str:
        party = (name, address or None) if name else None
        unit, reason = form.get("unit", ""), form.get("reason", "")
        number = desk.transfer_title(c, unit=unit, reason=reason, party=party, **_who())
        return f"{number} is the number by which the new owner may claim."

    return _done(write, form.get("unit", ""))


def _done(write: Callable[[sa.Connection], str], unit: str) -> Response:
    """Do it, say what came of it, and show the unit again."""
    try:
        flash(transact(write), "good")
    except (DeskError, CellError, NamedError) as error:
        flash(str(error), "bad")
    return redirect(url_for("web.warranty", label=unit or None))


def _still_out(connection: sa.Connection, units: Sequence[str]) -> str:
    """What to ask the customer for; empty where nothing is lent."""
    if not units:
        return ""
    names = linked_names(connection, signed_in().site, units)
    return f" Still lent: {', '.join(names(unit).text for unit in units)}. Ask for it back."


def _who() -> dict[str, Any]:
    person = signed_in()
    return {"site": person.site, "operator": person.name, "now_ms": context.now_ms()}


def _unit(connection: sa.Connection, typed: str) -> str:
    """The one unit that a label names.

    Raises:
        NamedError: it names none, or several.
    """
    return named.unit(connection, signed_in().site, typed)


def _further_name(connection: sa.Connection, name: str) -> tuple[str, ...]:
    """The IMEI or other number in a field, canonical; none where it is empty."""
    typed = request.form.get(name, "").strip()
    if not typed:
        return ()
    return (named.further_number(connection, signed_in().site, typed),)
