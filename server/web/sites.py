"""Sites: the warehouses of this database, opening another, and going from one to another."""

from __future__ import annotations

from collections.abc import Callable

import sqlalchemy as sa
from flask import flash, redirect, render_template, request, url_for
from werkzeug import Response

from server import context, people, sites
from server.database import reading, transact
from server.people import requires, signed_in
from server.roles import Task
from server.sites import Site, SiteError
from server.web.navigation import Entry, Group
from server.web.pages import blueprint

NAV = Entry("Sites", "web.list_sites", Group.SITE, order=10, task=Task.ADMINISTER)


@blueprint.get("/sites")
@requires(Task.ADMINISTER)
def list_sites() -> str:
    """Every site."""
    with reading() as connection:
        return render_template("sites.html", sites=sites.list_sites(connection))


@blueprint.post("/sites")
@requires(Task.ADMINISTER)
def add_site() -> Response:
    """Open another site."""
    person, now_ms = signed_in(), context.now_ms()
    code = request.form.get("code", "").strip()

    def write(connection: sa.Connection) -> Site:
        return sites.add_site(
            connection,
            code=code,
            name=request.form.get("name", "") or code,
            company_prefix=request.form.get("company_prefix"),
            beside=person.site,
            operator=person.name,
            now_ms=now_ms,
            opener=person.id,
        )

    return _done(
        write,
        "is open. Let others in on the page People, then go there and import its products and bins.",
    )


@blueprint.post("/sites/change")
@requires(Task.ADMINISTER)
def change_site() -> Response:
    """Give this site another name or company prefix."""
    person, now_ms = signed_in(), context.now_ms()

    def write(connection: sa.Connection) -> Site:
        return sites.change_site(
            connection,
            code=person.site,
            name=request.form.get("name", ""),
            company_prefix=request.form.get("company_prefix"),
            operator=person.name,
            now_ms=now_ms,
        )

    return _done(write, "is changed.")


@blueprint.post("/sites/go")
@requires(Task.LOOK)
def go_to_site() -> Response:
    """Work at another site that one is let into."""
    people.choose_site(signed_in(), request.form.get("site", ""))
    return redirect(url_for("web.overview"))


def _done(write: Callable[[sa.Connection], Site], said: str) -> Response:
    try:
        site = transact(write)
    except SiteError as error:
        flash(str(error), "bad")
    else:
        flash(f"{site.name} {said}", "good")
    return redirect(url_for("web.list_sites"))
