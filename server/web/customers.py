"""The right to be forgotten: a customer's name and address are erased, and every fact stays as it was."""

from __future__ import annotations

from flask import flash, redirect, render_template, request, url_for
from werkzeug import Response

from server import context, parties
from server.database import reading, transact
from server.people import requires, signed_in
from server.roles import Task
from server.web.navigation import Entry, Group
from server.web.pages import blueprint

NAV = Entry("Erase a customer", "web.customers", Group.SITE, order=80, task=Task.ADMINISTER)


@blueprint.get("/customers")
@requires(Task.ADMINISTER)
def customers() -> str:
    """Whose name is kept, by the name that was asked for."""
    name = request.args.get("name", "").strip()[: parties.NAME_MAX]
    found: list[parties.Party] = []
    if name:
        with reading() as connection:
            found = parties.find(connection, signed_in().site, name)
    return render_template("customers.html", name=name, found=found)


@blueprint.post("/customers/erase")
@requires(Task.ADMINISTER)
def erase_customer() -> Response:
    """Forget everyone of this name."""
    person, now_ms, name = signed_in(), context.now_ms(), request.form.get("name", "").strip()
    done = transact(lambda c: parties.erase(c, person.site, name, operator=person.name, now_ms=now_ms))
    if done:
        flash(f"Erased from {done} document{'' if done == 1 else 's'}. Backups made before hold it still.", "good")
    else:
        flash("Nobody of that name is kept here.", "bad")
    return redirect(url_for("web.customers"))
