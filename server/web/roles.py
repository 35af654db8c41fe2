"""Roles: what each may do, for everybody to read."""

from __future__ import annotations

from flask import render_template

from server import rights
from server.people import requires, signed_in
from server.roles import Task
from server.web.navigation import Entry, Group
from server.web.pages import blueprint

NAV = Entry("Roles", "web.roles", Group.SITE, 52)


@blueprint.get("/roles")
@requires(Task.LOOK)
def roles() -> str:
    """What each role may do at the console, through the API and with a handheld."""
    return render_template("roles.html", tables=rights.tables(), mine=signed_in().role)
