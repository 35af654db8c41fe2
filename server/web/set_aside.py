"""Events that were quarantined or held, and changes that the server failed to tell or a handheld to read, and why."""

from __future__ import annotations

from typing import Final

from flask import render_template

from server import queries, unread, untold
from server.database import reading
from server.people import requires, signed_in
from server.roles import Task
from server.web.navigation import Entry, Group
from server.web.pages import blueprint, linked_names

NAV = Entry("Set aside", "web.set_aside", Group.SITE, order=30)

FIRST: Final = ("recall\n", "stolen\n")
"""Who does not know of these lets out what must stay."""


@blueprint.get("/set-aside")
@requires(Task.LOOK)
def set_aside() -> str:
    """What waits for a person or for an upgrade, the latest first."""
    site = signed_in().site
    with reading() as connection:
        found = queries.set_aside(connection, site)
        failed = untold.listed(connection, site)
        strange = untold.listed(connection, site, by_handhelds=True)
        devices = queries.device_names(connection, site)
        names = linked_names(connection, site, [key for row in (*failed, *strange) for key in row["key"].split("\n")])
    theirs = [dict(row) | {"device_no": unread.device_of(row["of"])} for row in strange]
    theirs.sort(key=lambda row: not row["key"].startswith(FIRST))
    return render_template("set_aside.html", events=found, devices=devices, untold=failed, unread=theirs, names=names)
