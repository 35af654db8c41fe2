"""Recalls: the list, a new one with its preview, one with its account, and the letters to its customers."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

import sqlalchemy as sa
from flask import flash, redirect, render_template, request, url_for
from werkzeug import Response

from server import context
from server.database import reading, transact
from server.errors import Refusal
from server.people import requires, signed_in
from server.recalls import book, heard, listing
from server.recalls.account import ACCOUNT_TEXTS, OPEN, Progress, progress
from server.recalls.asked import Asked, RecallError, row_of, suggested_place
from server.recalls.customers import answer, customers, settle
from server.recalls.notices import UnknownSupplierError
from server.recalls.outcomes import CUSTOMER, IN_HOUSE, Said
from server.recalls.reach import WHERE_TEXTS, Reached, reached, totals
from server.recalls.release import release as end
from server.recalls.retracting import retract, retract_answer
from server.recalls.unknown import never_heard
from server.roles import Task
from server.web.navigation import Entry, Group
from server.web.pages import blueprint, linked_names, site_name
from sync.recall import Recall

NAV = Entry("Recalls", "web.recalls", Group.QUALITY, order=10)
SHOWN_MAX: Final = 200
"""Lines of what a recall reaches on a page; the export has all."""
FIELDS: Final = ("number", "reason", "product", "supplier", "since", "until", "place")
LISTS: Final = ("lots", "serials", "receipts")


@blueprint.get("/recalls")
@requires(Task.LOOK)
def recalls() -> str:
    """Recalls and drills, those in force first."""
    site, now_ms, after = signed_in().site, context.now_ms(), request.args.get("after") or None
    with reading() as connection:
        try:
            found, following = listing.page(connection, site, after=after)
        except ValueError:
            raise Refusal(400, "bad_request", "There is no such page of recalls.") from None
        recalls = listing.summaries(connection, site, found, now_ms)
    return render_template("recalls.html", recalls=recalls, next=following, after=after)


@blueprint.get("/recalls/new")
@requires(Task.RECALL)
def new_recall() -> str:
    """What is to be recalled."""
    return _form(Asked(), {}, None)


def _asked() -> Asked:
    values: dict[str, Any] = {name: request.form.get(name, "")[:400] for name in FIELDS}
    values |= {name: re.split(r"[\r\n,;]+", request.form.get(name, "")) for name in LISTS}
    return Asked(**values, drill=bool(request.form.get("drill")))


def _form(asked: Asked, values: dict[str, str], found: list[Reached] | None) -> str:
    site = signed_in().site
    with reading() as connection:
        place = suggested_place(connection, site)
        things = (found or [])[:SHOWN_MAX]
        names = linked_names(connection, site, [place, *(k for one in things for k in _keys(one))])
    return render_template(
        "recall_new.html",
        asked=asked,
        values=values,
        things=things,
        found=found,
        totals=totals(found or []),
        pieces=sum(one.quantity for one in found or []),
        where=WHERE_TEXTS,
        names=names,
        place=place,
        several=len(signed_in().sites) > 1,
    )


@blueprint.post("/recalls/new")
@requires(Task.RECALL)
def begin_recall() -> Response | str:
    """Show what it would reach; or begin it, once that was seen."""
    person, now_ms, asked = signed_in(), context.now_ms(), _asked()
    values = {name: request.form.get(name, "") for name in (*FIELDS, *LISTS, "drill", "everywhere")}
    try:
        if request.form.get("do") != "begin":
            with reading() as connection:
                row = row_of(connection, person.site, asked)
                for sentence in never_heard(connection, person.site, row):
                    flash(sentence, "bad")
                return _form(asked, values, reached(connection, person.site, Recall.from_row(row), now_ms))
        at = person.everywhere if request.form.get("everywhere") else (person.site,)
        begun = transact(lambda c: book.begin_at(c, sites=at, asked=asked, operator=person.name, now_ms=now_ms))
    except (RecallError, UnknownSupplierError) as error:
        flash(str(error), "bad")
        return _form(asked, values, None)
    one = begun.standing
    where = f" at {', '.join(site_name(site) for site in begun.at)}" if len(at) > 1 else ""
    obey = "" if one.drill else " Handhelds obey as soon as they sync."
    flash(f"{'The drill' if one.drill else 'Recall'} {one.number} has begun{where}.{obey}", "good")
    with reading() as connection:
        for sentence in never_heard(connection, person.site, one.row):
            flash(f"{sentence} It stops such a one as soon as it is scanned.", "bad")
    for site, why in begun.not_at.items():
        flash(f"It has not begun at {site_name(site)}: {why}", "bad")
    return redirect(url_for("web.recall", number=one.number))


@blueprint.get("/recalls/recall")
@requires(Task.LOOK)
def recall() -> str:
    """One recall with its account; `?number=` names it."""
    site = signed_in().site
    with reading() as connection:
        found = _progress(connection, request.args.get("number", ""))
        entries = sorted(found.entries, key=lambda entry: not entry.is_open)
        shown = entries[:SHOWN_MAX]
        lost = found.handed_over[:SHOWN_MAX]
        people = customers(connection, site, found) if signed_in().may(Task.RECALL) else []
        row = found.standing.row
        keys = [key for entry in [*shown, *lost] for key in _keys(entry.thing)]
        names = linked_names(connection, site, [*keys, row["item"], row["place"]])
        unaware = heard.unaware(connection, site, found.standing)
    return render_template(
        "recall.html",
        recall=found,
        entries=shown,
        lost=lost,
        customers=people[:SHOWN_MAX],
        customer_count=len(people),
        names=names,
        texts=ACCOUNT_TEXTS,
        open_accounts=OPEN,
        where=WHERE_TEXTS,
        answers=CUSTOMER,
        in_house=IN_HOUSE,
        unaware=unaware,
    )


@blueprint.get("/recalls/letters")
@requires(Task.RECALL)
def recall_letters() -> str:
    """A letter to each customer who has not answered, or to one, to be printed; `?number=` and `?order=` name them."""
    site, order = signed_in().site, request.args.get("order")
    with reading() as connection:
        found = _progress(connection, request.args.get("number", ""))
        people = [one for one in customers(connection, site, found) if (order or one.order) == one.order]
        people = [one for one in people if order or one.answer is None]
        names = linked_names(connection, site, [entry.thing.subject for one in people for entry in one.entries])
    return render_template("recall_letters.html", recall=found, customers=people, names=names, site=site)


@blueprint.post("/recalls/answer")
@requires(Task.RECALL)
def answer_recall() -> Response:
    """Write down what a customer answered."""
    said, order = _said(), request.form.get("order", "")

    def write(connection: sa.Connection, found: Progress) -> str:
        count = answer(connection, found, site=signed_in().site, order=order, said=said)
        return f"{order}: {CUSTOMER[said.word]}, {count} in all."

    return _written(write, "customers")


@blueprint.post("/recalls/settle")
@requires(Task.RECALL)
def settle_recall() -> Response:
    """Write down what was done with a unit that is not at a customer."""
    said, subjects = _said(), request.form.getlist("subject")

    def write(connection: sa.Connection, found: Progress) -> str:
        count = settle(connection, found, site=signed_in().site, subjects=subjects, said=said)
        return f"{count} written down as {IN_HOUSE[said.word]}."

    return _written(write, "account")


@blueprint.post("/recalls/retract")
@requires(Task.RECALL)
def retract_recall() -> Response:
    """Take back what was written down by mistake."""
    order, subjects = request.form.get("order"), request.form.getlist("subject")
    said: dict[str, Any] = {"reason": request.form.get("reason", ""), "operator": signed_in().name}

    def write(connection: sa.Connection, found: Progress) -> str:
        said.update(site=signed_in().site, now_ms=context.now_ms())
        if order is not None:
            return f"{order}: taken back, {retract_answer(connection, found, order=order, **said)} in all."
        return f"{retract(connection, found, subjects=subjects, **said)} taken back: still to be accounted for."

    return _written(write, "customers" if order is not None else "account")


@blueprint.post("/recalls/release")
@requires(Task.RECALL)
def release_recall() -> Response:
    """End it."""
    number, reason = request.form.get("number", ""), request.form.get("reason", "")[:200]
    leaving = request.form.get("leaving", 0, type=int)

    def write(connection: sa.Connection, found: Progress) -> str:
        person, now_ms = signed_in(), context.now_ms()
        end(
            connection, site=person.site, number=number, reason=reason, leaving=leaving, operator=person.name,
            now_ms=now_ms,
        )  # fmt: skip
        return f"{number} is released. Handhelds learn it at their next sync."

    return _written(write, "")


def _said() -> Said:
    word, note = request.form.get("answer", ""), request.form.get("note", "")
    return Said(word=word, note=note, operator=signed_in().name, now_ms=context.now_ms())


def _written(write: Callable[[sa.Connection, Progress], str], anchor: str) -> Response:
    """Do it, say so, and go back to the recall's page."""
    number = request.form.get("number", "")
    try:
        flash(transact(lambda c: write(c, _progress(c, number))), "good")
    except RecallError as error:
        flash(str(error), "bad")
    return redirect(url_for("web.recall", number=number, _anchor=anchor or None))


def _progress(connection: sa.Connection, number: str) -> Progress:
    try:
        standing = book.read(connection, signed_in().site, number)
    except LookupError as error:
        raise Refusal(404, "not_found", str(error.args[0])) from None
    return progress(connection, standing, site=signed_in().site, now_ms=context.now_ms())


def _keys(one: Reached) -> tuple[str | None, ...]:
    return one.subject, one.place, one.container
