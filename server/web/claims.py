"""Claims to suppliers: what each complains of, what became of it, and a page to print."""

from __future__ import annotations

from flask import flash, redirect, render_template, request, url_for
from werkzeug import Response

from server import cells, context
from server.cells import CellError
from server.counts.plan import CountError
from server.database import reading, transact
from server.errors import Refusal
from server.people import requires, signed_in
from server.receipts import claims as all_claims
from server.receipts.claims import NEXT, WRONGS, Claim
from server.roles import Task
from server.web.navigation import Entry, Group
from server.web.pages import blueprint, linked_names

NAV = Entry("Claims", "web.claims", Group.WORK, order=35)
NOTE_MAX = 200


@blueprint.get("/claims")
@requires(Task.LOOK)
def claims() -> str:
    """Claims, the latest first."""
    with reading() as connection:
        found = all_claims.list_claims(connection, signed_in().site)
    return render_template("claims.html", claims=found, wrongs=WRONGS)


def _page(template: str) -> str:
    number, site = request.args.get("number", ""), signed_in().site
    with reading() as connection:
        found = _read(number)
        keys = [key for line in found.lines for key in (line.subject, line.carton)]
        names = linked_names(connection, site, keys)
    owed = next(iter(found.totals), None) or next((line.currency for line in found.lines if line.currency), None)
    return render_template(
        template, claim=found, names=names, wrongs=WRONGS, next_fates=NEXT[found.status], currency=owed, site=site
    )


def _read(number: str) -> Claim:
    with reading() as connection:
        try:
            return all_claims.read(connection, signed_in().site, number)
        except CountError as error:
            raise Refusal(404, "not_found", str(error)) from None


@blueprint.get("/claims/claim")
@requires(Task.LOOK)
def claim() -> str:
    """One claim and what became of it; `?number=` names it."""
    return _page("claim.html")


@blueprint.get("/claims/print")
@requires(Task.LOOK)
def claim_letter() -> str:
    """One claim as a letter to the supplier, to be printed or saved as PDF."""
    return _page("claim_letter.html")


@blueprint.post("/claims/follow")
@requires(Task.RECEIVE)
def follow_claim() -> Response:
    """Write down what became of a claim."""
    person, now_ms = signed_in(), context.now_ms()
    number, fate = request.form.get("number", ""), request.form.get("fate", "")
    note, amount = request.form.get("note", "").strip()[:NOTE_MAX] or None, request.form.get("amount", "").strip()
    try:
        units = cells.minor_units(cells.decimal(amount), request.form.get("currency") or "EUR") if amount else None
        transact(
            lambda c: all_claims.follow(
                c,
                site=person.site,
                number=number,
                fate=fate,
                operator=person.name,
                now_ms=now_ms,
                note=note,
                amount=units,
            )
        )
    except (CountError, CellError) as error:
        flash(str(error), "bad")
    else:
        flash(f"{number} is {fate}.", "good")
    return redirect(url_for("web.claim", number=number))
