"""The feed of what changed, and the webhooks that it is sent to."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields
from marshmallow.validate import Length, OneOf, Range

from server import context, feed, webhooks
from server.api.resource import Resource
from server.database import reading, transact
from server.errors import Refusal
from server.people import requires, signed_in
from server.roles import Task
from server.schemas import moment, text
from server.untold import leaving_out
from server.webhooks import WebhookError

resource = Resource("feed", __name__, description="What changed, to be polled with a cursor or sent to webhooks.")


class FeedQuerySchema(Schema):
    """From where on, and what."""

    after = fields.String(
        load_default=None,
        validate=Length(1, 6_000),
        metadata={"description": "`next` of the page before; `now` for what comes from now on; without it, everything"},
    )
    limit = fields.Integer(load_default=feed.LIMIT, validate=Range(1, feed.LIMIT_MAX))
    kinds = fields.String(
        load_default="", metadata={"description": f"Only these, with commas between: {', '.join(feed.KINDS)}"}
    )


class ChangeSchema(Schema):
    """One change: how what it is about stands now."""

    type = fields.String(metadata={"description": " ".join(feed.KINDS.values())})
    data = fields.Dict()


class FeedSchema(Schema):
    """A page of changes, in the order of their transactions."""

    changes = fields.List(fields.Nested(ChangeSchema))
    next = fields.String(metadata={"description": "Ask with it as `after`, at once where there is more"})
    more = fields.Boolean(metadata={"description": "Whether others wait already; a page may be empty all the same"})


class WebhookSchema(Schema):
    """Where changes are sent, and how that goes."""

    id = fields.String(dump_only=True)
    url = text(required=True)
    kinds = fields.List(fields.String(validate=OneOf(list(feed.KINDS))), load_default=list)
    made_by = fields.String(dump_only=True)
    made_ms = moment(dump_only=True)
    state = fields.String(dump_only=True, metadata={"description": "well, failing, or dead: it is not tried any more"})
    failures = fields.Integer(dump_only=True)
    tried_ms = moment(dump_only=True, allow_none=True)
    delivered_ms = moment(dump_only=True, allow_none=True)
    next_ms = moment(dump_only=True, allow_none=True)
    answer = fields.String(dump_only=True, allow_none=True)


class NewWebhookSchema(WebhookSchema):
    """A webhook that was just made."""

    secret = fields.String(dump_only=True, metadata={"description": "Shown this once; `whsec_` and base64"})


class WebhooksSchema(Schema):
    """Every webhook of the site."""

    webhooks = fields.List(fields.Nested(WebhookSchema))


@resource.get("/changes")
@resource.arguments(FeedQuerySchema, location="query")
@resource.response(200, FeedSchema)
@requires(Task.FEED)
def changes(query: dict[str, Any]) -> dict[str, Any]:
    """What changed

    Keep `next` together with what you took from the page, and ask with it. A change says how something stands now, so
    one that happened several times in between is told once. 410 where the cursor is from before a restored backup.
    """
    kinds = [kind for kind in query["kinds"].split(",") if kind]
    strange = [kind for kind in kinds if kind not in feed.KINDS]
    if strange:
        raise Refusal(422, "not_valid", f"There is no kind {strange[0]!r:.80}: they are {', '.join(feed.KINDS)}.")
    site, now_ms = signed_in().site, context.now_ms()
    asked = {"kinds": kinds, "limit": query["limit"], "now_ms": now_ms}
    with leaving_out(site, now_ms) as leave_out, reading() as connection:
        after = feed.now(connection) if query["after"] == "now" else query["after"]
        try:
            page = feed.read(connection, site, after, leave_out=leave_out, **asked)
        except feed.CursorError as error:
            raise Refusal(410, "cursor_gone", str(error)) from None
    return {"changes": page.changes, "next": page.cursor, "more": page.more}


@resource.get("/webhooks")
@resource.response(200, WebhooksSchema)
@requires(Task.FEED)
def show_webhooks() -> dict[str, Any]:
    """Webhooks, and how each of them goes"""
    with reading() as connection:
        return {"webhooks": webhooks.list_all(connection, signed_in().site)}


@resource.post("/webhooks")
@resource.arguments(WebhookSchema)
@resource.response(201, NewWebhookSchema)
@requires(Task.FEED)
def make_webhook(asked: dict[str, Any]) -> dict[str, Any]:
    """Send changes somewhere from now on

    The secret in the answer is not shown again. Each request is a POST with a JSON body of `{"type": "changes",
    "timestamp", "data": {"changes": [...]}}`, signed as Standard Webhooks says: `webhook-signature` is `v1,` and the
    base64 of HMAC-SHA256 over `{webhook-id}.{webhook-timestamp}.{body}`. Answer 2xx within 10 seconds.
    """
    person, now_ms = signed_in(), context.now_ms()
    origins = context.settings().webhook_origins
    try:
        made = transact(
            lambda c: webhooks.make(c, site=person.site, operator=person.name, now_ms=now_ms, origins=origins, **asked)
        )
    except WebhookError as error:
        raise Refusal(422, "not_valid", str(error)) from None
    return made


@resource.delete("/webhooks/<id_>")
@resource.response(204)
@requires(Task.FEED)
def remove_webhook(id_: str) -> None:
    """Send nothing there any more"""
    person, now_ms = signed_in(), context.now_ms()
    _known(transact(lambda c: webhooks.remove(c, site=person.site, id_=id_, operator=person.name, now_ms=now_ms)), id_)


@resource.post("/webhooks/<id_>/resend")
@resource.response(204)
@requires(Task.FEED)
def resend_webhook(id_: str) -> None:
    """Try again now, from where it stopped"""
    person, now_ms = signed_in(), context.now_ms()
    _known(transact(lambda c: webhooks.resend(c, site=person.site, id_=id_, operator=person.name, now_ms=now_ms)), id_)


def _known(found: object, id_: str) -> None:
    if not found:
        raise Refusal(404, "not_found", f"There is no webhook {id_!r:.80}.")
