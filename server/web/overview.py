"""The front page: the site at a glance."""

from __future__ import annotations

from flask import render_template

from server import queries
from server.database import reading
from server.people import requires, signed_in
from server.roles import Task
from server.standing import read_standing
from server.web.navigation import Entry, Group
from server.web.pages import blueprint

NAV = Entry("Home", "web.overview", Group.WORK, order=10)


@blueprint.get("/")
@requires(Task.LOOK)
def overview() -> str:
    """Open cases by kind, what was set aside, and the handhelds in use."""
    site = signed_in().site
    with reading() as connection:
        standing = read_standing(connection, site)
        devices = [d for d in queries.list_devices(connection, site) if d["revoked_ms"] is None]
    return render_template("overview.html", standing=standing, devices=devices)
