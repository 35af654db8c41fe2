"""Channels: what each has reserved, and what was sold through it."""

from __future__ import annotations

from flask import render_template

from server import context
from server.channels import SOLD_DAYS, read_channels
from server.database import reading
from server.people import requires, signed_in
from server.roles import Task
from server.web.navigation import Entry, Group
from server.web.pages import blueprint

NAV = Entry("Channels", "web.channels", Group.OWNER, order=60)


@blueprint.get("/channels")
@requires(Task.LOOK)
def channels() -> str:
    """Every channel, over all products."""
    with reading() as connection:
        found = read_channels(connection, signed_in().site, context.now_ms())
    return render_template("channels.html", channels=found, sold_days=SOLD_DAYS)
