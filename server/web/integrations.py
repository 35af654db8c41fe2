"""Other systems: their keys, what each opens and when it was used last."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from werkzeug import Response

from server import context, integrations
from server.database import reading, transact
from server.errors import Refusal
from server.integrations import ALLOWED, NAME_LENGTH_MAX, IntegrationError
from server.people import requires, signed_in
from server.roles import Task
from server.web.navigation import Entry, Group
from server.web.pages import blueprint

NAV = Entry("Other systems", "web.other_systems", Group.SITE, 55, Task.PEOPLE)
WORDS = {
    Task.LOOK: "read units, cases, counts, receipts and orders",
    Task.CLAIM: "read claims to suppliers, and what they are worth",
    Task.ORDER: "orders and parcels",
    Task.IMPORT: "take documents in",
    Task.PRINT: "print labels",
    Task.EXPORT: "take lists out",
    Task.FEED: "follow what changed",
}


@blueprint.get("/other-systems")
@requires(Task.PEOPLE)
def other_systems() -> str:
    """The site's other systems."""
    return _page(None, None)


@blueprint.post("/other-systems")
@requires(Task.PEOPLE)
def make_key() -> str | Response:
    """The same page with a new key on it, which is shown once."""
    person, now_ms = signed_in(), context.now_ms()
    name, tasks = request.form.get("name", "").strip(), request.form.getlist("tasks")
    try:
        _, key = transact(
            lambda c: integrations.make(c, site=person.site, name=name, tasks=tasks, by=person.name, now_ms=now_ms)
        )
    except IntegrationError as error:
        flash(str(error), "bad")
        return redirect(url_for("web.other_systems"))
    return _page(name, key)


def _page(name: str | None, key: str | None) -> str:
    with reading() as connection:
        found = integrations.of_site(connection, signed_in().site)
    tasks = [(task, WORDS[task]) for task in ALLOWED]
    return render_template(
        "integrations.html", systems=found, tasks=tasks, words=WORDS, name=name, key=key, longest=NAME_LENGTH_MAX
    )


@blueprint.post("/other-systems/<int:number>/revoke")
@requires(Task.PEOPLE)
def revoke_key(number: int) -> Response:
    """Let a key open nothing any more."""
    person, now_ms = signed_in(), context.now_ms()
    said: dict[str, Any] = {"site": person.site, "number": number, "by": person.name, "now_ms": now_ms}
    try:
        ended = transact(lambda c: integrations.revoke(c, **said))
    except LookupError as error:
        raise Refusal(404, "not_found", str(error.args[0])) from None
    webhooks = f" Webhooks that it had made and that are removed with it: {ended}." if ended else ""
    flash(f"Revoked. Whatever still uses that key is refused from now on.{webhooks}", "good")
    return redirect(url_for("web.other_systems"))
