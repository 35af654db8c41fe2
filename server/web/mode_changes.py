"""Changes of mode: which products are being changed, what each still asks for, and the switch."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from flask import flash, redirect, render_template, request, url_for
from werkzeug import Response

from server import context, inventory
from server.database import reading, transact
from server.document_kinds import MODES
from server.errors import Refusal
from server.modes import book, change
from server.modes.book import Change, ModeError
from server.modes.plan import UNITWISE
from server.people import requires, signed_in
from server.roles import Task
from server.web.navigation import Entry, Group
from server.web.pages import blueprint, linked_names
from server.web.wording import mode_word
from sync.identity import is_container, is_stock

NAV = Entry("Changes of mode", "web.mode_changes", Group.STOCK, order=85)
REASON_MAX = 200
ROWS_MAX = 500


@blueprint.get("/modes")
@requires(Task.LOOK)
def mode_changes() -> str:
    """Every change of mode, the latest first."""
    site = signed_in().site
    with reading() as connection:
        found = book.list_changes(connection, site)
        names = linked_names(connection, site, [one.item for one in found])
    return render_template("mode_changes.html", changes=found, names=names)


@blueprint.get("/modes/change")
@requires(Task.LOOK)
def mode_change() -> str:
    """One change; `?number=` names it."""
    site, number = signed_in().site, request.args.get("number", "")
    with reading() as connection:
        try:
            found = book.read(connection, site, number)
        except ModeError as error:
            raise Refusal(404, "not_found", str(error)) from None
        at = inventory.resolve(connection, site, [need.place for need in found.left])
        shown = [(need, at.get(need.place) if need.place else None) for need in found.left[:ROWS_MAX]]
        places = [place for need, stands in shown for place in (need.place, stands)]
        names = linked_names(connection, site, [found.item, *(need.subject for need, _ in shown), *places])
    pieces: Counter[bool] = Counter()
    for need in found.left:
        pieces[is_stock(need.subject)] += need.quantity
    return render_template(
        "mode_change.html",
        change=found,
        shown=shown,
        names=names,
        pieces=pieces[True],
        units=pieces[False],
        cartons=any(need.place and is_container(need.place) for need in found.left),
        unitwise=found.after in UNITWISE,
    )


@blueprint.post("/modes")
@requires(Task.IMPORT)
def open_mode_change() -> Response:
    """Begin a change."""
    item, mode = request.form.get("item", ""), request.form.get("mode", "")
    person, now_ms = signed_in(), context.now_ms()
    try:
        number = transact(
            lambda c: change.open_change(c, site=person.site, item=item, mode=mode, operator=person.name, now_ms=now_ms)
        )
    except ModeError as error:
        flash(str(error), "bad")
        return redirect(url_for("web.mode_changes"))
    return redirect(url_for("web.mode_change", number=number))


@blueprint.post("/modes/close")
@requires(Task.IMPORT)
def close_mode_change() -> Response:
    """Switch the mode, with the rest named where something is left."""
    rest = request.form.get("rest", "").strip()[:REASON_MAX] or None
    person, now_ms = signed_in(), context.now_ms()
    number = request.form.get("number", "")
    return _done(
        lambda: change.close_change(
            site=person.site, number=number, operator=person.name, now_ms=now_ms, with_rest=rest
        ),
        number,
    )


@blueprint.post("/modes/give-up")
@requires(Task.IMPORT)
def give_up_mode_change() -> Response:
    """Leave the product in its old mode."""
    person, now_ms = signed_in(), context.now_ms()
    number = request.form.get("number", "")
    return _done(
        lambda: transact(
            lambda c: change.give_up(c, site=person.site, number=number, operator=person.name, now_ms=now_ms)
        ),
        number,
    )


def _done(write: Callable[[], Change], number: str) -> Response:
    try:
        found = write()
    except ModeError as error:
        flash(str(error), "bad")
    else:
        said = "given up" if found.outcome == "given up" else f"done: it is tracked by {mode_word(found.after)} now"
        flash(f"{number} is {said}.", "good")
    return redirect(url_for("web.mode_change", number=number))


def modes_besides(mode: str | None) -> list[tuple[str, str]]:
    """The modes that a product can be changed to, for a form."""
    return [(name, mode_word(name)) for name in MODES if name != (mode or "serial")]
