"""The audit: every decision, import, recall and change of a person or handheld, and who made it."""

from __future__ import annotations

from typing import Any

from flask import render_template, request, url_for

from server import audit as log
from server.database import reading
from server.errors import Refusal
from server.members import list_members
from server.people import requires, signed_in
from server.roles import Task
from server.web.navigation import Entry, Group
from server.web.pages import blueprint, linked_names
from server.web.wording import action_word

NAV = Entry("Audit", "web.audit", Group.SITE, 90, Task.ADMINISTER)


@blueprint.get("/audit")
@requires(Task.ADMINISTER)
def audit() -> str:
    """What was decided here, the newest first, by person and kind."""
    site = signed_in().site
    person, kind = request.args.get("person", "").strip(), request.args.get("kind", "")
    if kind not in ("", *log.KINDS):
        raise Refusal(404, "not_found", "There are no such entries.")
    try:
        after = log.read_after(request.args.get("after"))
    except ValueError as error:
        raise Refusal(400, "bad_request", str(error)) from None
    with reading() as connection:
        found = log.entries(connection, site, person=person or None, action=kind or None, after=after)
        names = linked_names(connection, site, (entry.subject for entry in found))
        people = [member.name for member in list_members(connection, site)]
    kept: dict[str, Any] = {name: value for name, value in (("person", person), ("kind", kind)) if value}
    full = len(found) == log.PAGE
    return render_template(
        "audit.html",
        entries=found,
        names=names,
        people=people,
        person=person,
        kind=kind,
        kinds=[("", "everything"), *((name, action_word(name)) for name in log.KINDS)],
        next=url_for("web.audit", after=found[-1].after, **kept) if full else None,
        first=url_for("web.audit", **kept) if after else None,
    )
