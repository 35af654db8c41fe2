"""Webhooks: where changes are sent, how that goes, and starting one that has given up again."""

from __future__ import annotations

from collections.abc import Collection

from flask import flash, redirect, render_template, request, url_for
from werkzeug import Response

from server import context, feed, webhooks
from server.database import reading, transact
from server.errors import Refusal
from server.people import requires, signed_in
from server.roles import Task
from server.web.navigation import Entry, Group
from server.web.pages import blueprint
from server.webhooks import WebhookError

NAV = Entry("Webhooks", "web.webhooks", Group.SITE, order=57, task=Task.FEED)


@blueprint.get("/webhooks", endpoint="webhooks")
@requires(Task.FEED)
def show_webhooks() -> str:
    """Every webhook and how it goes."""
    return _page(None)


def _page(made: dict[str, object] | None, *, url: str = "", ticked: Collection[str] = feed.KINDS.keys()) -> str:
    with reading() as connection:
        found = webhooks.list_all(connection, signed_in().site)
    return render_template(
        "webhooks.html",
        webhooks=found,
        kinds=feed.KINDS,
        made=made,
        failures_max=webhooks.FAILURES_MAX,
        url=url,
        ticked=ticked,
    )


@blueprint.post("/webhooks")
@requires(Task.FEED)
def make_webhook() -> str | tuple[str, int]:
    """The same page with the secret of a new one, which is shown only now; or with what was refused, to be mended.

    Not by way of another address: there may be a secret in what was typed, and addresses are logged.
    """
    person, now_ms, origins = signed_in(), context.now_ms(), context.settings().webhook_origins
    url, kinds = request.form.get("url", "").strip(), [k for k in request.form.getlist("kinds") if k in feed.KINDS]
    try:
        made = transact(
            lambda c: webhooks.make(
                c, site=person.site, url=url, kinds=kinds, operator=person.name, now_ms=now_ms, origins=origins
            )
        )
    except WebhookError as error:
        flash(str(error), "bad")
        return _page(None, url=url, ticked=kinds), 422
    return _page(made)


@blueprint.post("/webhooks/<id_>/resend")
@requires(Task.FEED)
def resend_webhook(id_: str) -> Response:
    """Try again now."""
    person, now_ms = signed_in(), context.now_ms()
    _known(transact(lambda c: webhooks.resend(c, site=person.site, id_=id_, operator=person.name, now_ms=now_ms)))
    flash("It is tried again within seconds, from where it stopped.", "good")
    return redirect(url_for("web.webhooks"), 303)


@blueprint.post("/webhooks/<id_>/remove")
@requires(Task.FEED)
def remove_webhook(id_: str) -> Response:
    """Send nothing there any more."""
    person, now_ms = signed_in(), context.now_ms()
    _known(transact(lambda c: webhooks.remove(c, site=person.site, id_=id_, operator=person.name, now_ms=now_ms)))
    flash("Removed. Nothing is sent there any more.", "good")
    return redirect(url_for("web.webhooks"), 303)


def _known(found: object) -> None:
    if not found:
        raise Refusal(404, "not_found", "There is no such webhook; somebody else may have removed it.")
