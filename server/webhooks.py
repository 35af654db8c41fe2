"""Webhooks: where changes are sent, and how each of them goes.

A webhook reads the feed with a cursor of its own. What could not be delivered is tried again, later and later, and the
cursor moves only after a 2xx; so nothing is lost, and the order is kept. A turn is bounded in time (`TURN_S_MAX`), so
that a receiver which is down, slow or no web server at all holds up the others for one turn at most.
After `FAILURES_MAX` tries in a row it is dead: it is shown so, and goes on from where it stopped when somebody says so.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa

from server import feed, ledger, post
from server.database import reading, transact
from server.tables import events, webhooks
from server.untold import leaving_out
from sync.event import TEXT_MAX

_DOCUMENT: Final = "webhook:"
"""Before a webhook's number in the facts about it."""
SECRET_BYTES: Final = 32
SECRET_PREFIX: Final = "whsec_"  # noqa: S105  # what every secret begins with
WEBHOOKS_MAX: Final = 20
URL_CHARS_MAX: Final = 500
CHANGES_PER_POST_MAX: Final = 200
BACKOFF_MS: Final = tuple(
    seconds * 1_000 for seconds in (5, 30, 120, 600, 1_800, 3_600, 3 * 3_600, 6 * 3_600, 12 * 3_600)
)
"""Before the second try, the third, and so on."""
FAILURES_MAX: Final = len(BACKOFF_MS) + 1
"""So many tries in a row, over a good day; after the last it is dead."""
POSTS_PER_TURN_MAX: Final = 50
"""Of one webhook, before the next one has its turn."""
TURN_S_MAX: Final = 10.0
"""After so long of one webhook no further request of its turn is begun; the last may take `post.WHOLE_S` more."""


class WebhookError(ValueError):
    """The webhook cannot be made; the message says why."""


def make(
    connection: sa.Connection,
    *,
    site: str,
    url: str,
    kinds: Sequence[str],
    operator: str,
    now_ms: int,
    origins: Collection[str] = (),
) -> dict[str, Any]:
    """Begin to send changes to an address, from now on; returns the webhook with its secret, which nobody sees again.

    Raises:
        WebhookError: the address will not do, or there are too many already.
    """
    try:
        post.check_address(url, origins)
    except post.AddressError as error:
        raise WebhookError(str(error)) from None
    if len(url) > URL_CHARS_MAX:
        raise WebhookError(f"The address has {len(url)} characters; {URL_CHARS_MAX} are allowed.")
    w = webhooks.c
    number = connection.execute(sa.select(sa.func.count()).where(w.site == site)).scalar_one()
    if number >= WEBHOOKS_MAX:
        raise WebhookError(f"There are {number} webhooks already, which is the most. Remove one first.")
    secret = secrets.token_bytes(SECRET_BYTES)
    id_ = f"wh_{secrets.token_hex(8)}"
    row = {
        "id": id_,
        "site": site,
        "url": url,
        "secret": secret,
        "kinds": list(dict.fromkeys(kinds)) or list(feed.KINDS),
        "made_by": operator,
        "made_ms": now_ms,
        "cursor": feed.now(connection),
        "failures": 0,
        "next_ms": now_ms,
    }
    connection.execute(webhooks.insert().values(**row))
    _record(connection, site, id_, operator, now_ms, f"changes are sent to {url}")
    return _seen(row) | {"secret": SECRET_PREFIX + base64.b64encode(secret).decode()}


def remove(connection: sa.Connection, *, site: str, id_: str, operator: str | None, now_ms: int) -> bool:
    """Send nothing there any more; False where there is no such webhook."""
    where = (webhooks.c.site == site) & (webhooks.c.id == id_)
    url = connection.execute(sa.select(webhooks.c.url).where(where)).scalar()
    if url is None:
        return False
    connection.execute(webhooks.delete().where(where))
    _record(connection, site, id_, operator, now_ms, f"changes are no longer sent to {url}")
    return True


def remove_made_by(connection: sa.Connection, *, site: str, maker: str, operator: str | None, now_ms: int) -> int:
    """Remove all that somebody made at a site; returns how many there were."""
    made = sa.select(webhooks.c.id).where(webhooks.c.site == site, webhooks.c.made_by == maker)
    found = connection.execute(made.order_by(webhooks.c.id)).scalars().all()
    return sum(remove(connection, site=site, id_=id_, operator=operator, now_ms=now_ms) for id_ in found)


def left_behind(connection: sa.Connection, sites: Collection[str], maker: str) -> str:
    """A sentence about those of somebody who is let go: they serve a system, so they go on; empty where none do."""
    w = webhooks.c
    found = connection.execute(sa.select(w.url).where(w.site.in_(sites), w.made_by == maker).order_by(w.url)).scalars()
    urls = ", ".join(found)
    return urls and f" Changes go on being sent where they had them sent: {urls}. Remove what nobody needs (Webhooks)."


def removed(connection: sa.Connection) -> set[str]:
    """The numbers of all that were made once and are there no more, at every site."""
    d = events.c.document
    said = connection.execute(sa.select(d).where(events.c.action == "administer", d.startswith(_DOCUMENT))).scalars()
    return {text.removeprefix(_DOCUMENT) for text in said} - set(connection.execute(sa.select(webhooks.c.id)).scalars())


def resend(connection: sa.Connection, *, site: str, id_: str, operator: str, now_ms: int) -> bool:
    """Let it be tried again now, also where it was dead; False where there is no such webhook."""
    where = (webhooks.c.site == site) & (webhooks.c.id == id_)
    set_ = webhooks.update().where(where).values(failures=0, next_ms=now_ms).returning(webhooks.c.url)
    url = connection.execute(set_).scalar()
    if url is None:
        return False
    _record(connection, site, id_, operator, now_ms, f"changes are sent again to {url}, from where it had stopped")
    return True


def _record(connection: sa.Connection, site: str, id_: str, operator: str | None, now_ms: int, reason: str) -> None:
    ledger.record(
        connection,
        site=site,
        action="administer",
        operator=operator,
        now_ms=now_ms,
        document=f"{_DOCUMENT}{id_}",
        reason=reason[:TEXT_MAX],
    )


def list_all(connection: sa.Connection, site: str) -> list[dict[str, Any]]:
    """Every webhook of a site without its secret, and how it goes."""
    query = sa.select(webhooks).where(webhooks.c.site == site).order_by(webhooks.c.made_ms, webhooks.c.id)
    return [_seen(dict(row)) for row in connection.execute(query).mappings()]


def _seen(row: Mapping[str, Any]) -> dict[str, Any]:
    """A webhook as people may see it: `state` is well, failing or dead."""
    shown = {name: value for name, value in row.items() if name not in ("secret", "cursor", "site")}
    state = "dead" if row["next_ms"] is None else "failing" if row["failures"] else "well"
    return {"tried_ms": None, "delivered_ms": None, "answer": None, **shown, "state": state}


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """What delivers: the clock, the addresses that the settings allow, and how a request is made."""

    now_ms: Callable[[], int]
    origins: Collection[str] = ()
    send: Callable[..., int] = post.send
    passed_s: Callable[[], float] = time.monotonic
    """Seconds since some moment, whatever is done to the clock on the wall."""

    def deliver_due(self) -> int:
        """Deliver to every webhook whose time has come; returns how many requests were answered 2xx.

        Only one process does this at a time: see `server/delivery.py`.
        """
        w = webhooks.c
        with reading() as connection:
            due = connection.execute(sa.select(w.id).where(w.next_ms <= self.now_ms()).order_by(w.id)).scalars().all()
        return sum(self._deliver(id_) for id_ in due)

    def _deliver(self, id_: str) -> int:
        sent, until = 0, self.passed_s() + TURN_S_MAX
        for _ in range(POSTS_PER_TURN_MAX):
            taken, more = self._deliver_one(id_)
            sent += taken
            if not more or self.passed_s() >= until:
                break
        return sent

    def _deliver_one(self, id_: str) -> tuple[bool, bool]:
        """Send one page; returns whether there was one that was taken, and whether more waits."""
        with reading() as connection:
            found = connection.execute(sa.select(webhooks).where(webhooks.c.id == id_)).mappings().one_or_none()
        row: dict[str, Any] = dict(found or {})
        now_ms = self.now_ms()
        if not row or row["next_ms"] is None or row["next_ms"] > now_ms:
            return False, False
        with leaving_out(row["site"], now_ms) as leave_out, reading() as connection:
            asked = {"kinds": row["kinds"], "limit": CHANGES_PER_POST_MAX, "now_ms": now_ms, "leave_out": leave_out}
            try:
                page = feed.read(connection, row["site"], row["cursor"], **asked)
            except feed.CursorError:  # a backup was restored: what came after it is told from its own beginning
                page = feed.read(connection, row["site"], None, **asked)
        if not page.changes:
            if page.cursor != row["cursor"]:
                _update(row, {"cursor": page.cursor})
            return False, page.more
        body = _body(page, now_ms)
        headers = signed(row["secret"], _message_id(row, body), now_ms // 1000, body)
        try:
            self.send(row["url"], body, headers, self.origins)
        except post.PostError as failed:
            _update(row, _after_failure(row["failures"] + 1, failed, now_ms))
            return False, False
        taken = f"{len(page.changes)} change{'s' if len(page.changes) > 1 else ''} delivered."
        done = {"cursor": page.cursor, "failures": 0, "next_ms": now_ms, "tried_ms": now_ms, "delivered_ms": now_ms}
        _update(row, done | {"answer": taken})
        return True, page.more


def _update(row: Mapping[str, Any], values: Mapping[str, Any]) -> None:
    """Write how it went, unless somebody removed the webhook or started it again meanwhile."""
    where = (webhooks.c.id == row["id"]) & (webhooks.c.cursor == row["cursor"])
    where &= webhooks.c.failures == row["failures"]
    transact(lambda connection: connection.execute(webhooks.update().where(where).values(**values)).rowcount)


def _after_failure(failures: int, failed: post.PostError, now_ms: int) -> dict[str, Any]:
    dead = failed.permanent or failures >= FAILURES_MAX
    return {
        "failures": failures,
        "next_ms": None if dead else now_ms + BACKOFF_MS[failures - 1],
        "tried_ms": now_ms,
        "answer": str(failed)[:500],
    }


def _body(page: feed.Page, now_ms: int) -> bytes:
    changes = [{"type": change.type, "data": change.data} for change in page.changes]
    told = {"type": "changes", "timestamp": now_ms, "data": {"changes": changes}}
    return json.dumps(told, separators=(",", ":")).encode("ascii")


def _message_id(row: Mapping[str, Any], body: bytes) -> str:
    """The same for the same changes from the same point on, for a receiver that took them and could not say so.

    Where something has changed again between two tries the body is another one, and so is its name: a receiver that
    drops what it has seen must not drop that.
    """
    changes = body.partition(b'"data"')[2]
    return "msg_" + hashlib.sha256(row["id"].encode() + row["cursor"].encode() + changes).hexdigest()[:32]


def signed(secret: bytes, message_id: str, timestamp_s: int, body: bytes) -> dict[str, str]:
    """The headers of Standard Webhooks 1.0 for a body (github.com/standard-webhooks/standard-webhooks, spec)."""
    content = f"{message_id}.{timestamp_s}.".encode() + body
    signature = base64.b64encode(hmac.new(secret, content, hashlib.sha256).digest()).decode()
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp_s),
        "webhook-signature": f"v1,{signature}",
        "Content-Type": "application/json",
    }
