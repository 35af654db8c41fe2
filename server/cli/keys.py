"""`keys` and `webhooks`: other systems, for whoever has the machine."""

from __future__ import annotations

from typing import Final

import click

from server import feed, integrations
from server import webhooks as all_webhooks
from server.cli.command import command, counted, operator, site
from server.cli.reports import moment
from server.context import now_ms, settings
from server.database import reading, transact
from server.integrations import ALLOWED

_TASK: Final = click.Choice([task.value for task in ALLOWED])


@command("list")
def list_keys() -> None:
    """Every key with what it opens, and when it was used last."""
    with reading() as connection:
        for one in integrations.of_site(connection, site()):
            used = f"used {moment(one.used_ms)}" if one.used_ms else "never used"
            state = f"revoked {moment(one.revoked_ms)}" if one.revoked_ms else used
            click.echo(f"{one.name} · {', '.join(sorted(one.tasks))} · {state}")


@command("make")
@click.argument("name")
@click.option(
    "--task",
    "tasks",
    multiple=True,
    required=True,
    type=click.Choice([task.value for task in ALLOWED]),
    help="What it opens.",
)
def make_key(*, name: str, tasks: tuple[str, ...]) -> None:
    """Make a key for the system NAME and print it: it is kept nowhere."""
    _, key = transact(
        lambda c: integrations.make(c, site=site(), name=name, tasks=tasks, by=operator(), now_ms=now_ms())
    )
    click.echo(key)


@command("revoke")
@click.argument("name")
def revoke_key(*, name: str) -> None:
    """Let the key of the system NAME open nothing any more, and remove the webhooks that it made."""
    with reading() as connection:
        found = next((one for one in integrations.of_site(connection, site()) if one.name == name), None)
    if found is None:
        raise LookupError(f"There is no key named {name!r}: `keys list` shows which there are.")
    number = found.id
    ended = transact(lambda c: integrations.revoke(c, site=site(), number=number, by=operator(), now_ms=now_ms()))
    rest = f" {counted(ended, 'webhook')} that it had made removed." if ended else ""
    click.echo(f"The key of {name} opens nothing any more.{rest}")


@command("list")
def list_webhooks() -> None:
    """Every webhook with its number, where it sends, and how it goes."""
    with reading() as connection:
        for one in all_webhooks.list_all(connection, site()):
            click.echo(f"{one['id']} · {one['url']} · {', '.join(one['kinds'])} · {one['state']}")


@command("add")
@click.argument("url")
@click.option("--kind", "kinds", multiple=True, type=click.Choice([*feed.KINDS]), help="Of changes; none: all.")
def add_webhook(*, url: str, kinds: tuple[str, ...]) -> None:
    """Send changes to URL from now on, and print the secret that they are signed with: it is shown only now."""
    made = transact(
        lambda c: all_webhooks.make(
            c,
            site=site(),
            url=url,
            kinds=kinds,
            operator=operator(),
            now_ms=now_ms(),
            origins=settings().webhook_origins,
        )
    )
    click.echo(f"{made['id']} {made['secret']}")


@command("remove")
@click.argument("number")
def remove_webhook(*, number: str) -> None:
    """Send nothing to the webhook NUMBER any more."""
    done = transact(lambda c: all_webhooks.remove(c, site=site(), id_=number, operator=operator(), now_ms=now_ms()))
    _known(number, done=done)
    click.echo("Removed. Nothing is sent there any more.")


@command("resend")
@click.argument("number")
def resend_webhook(*, number: str) -> None:
    """Try the webhook NUMBER again now, also where it was dead."""
    done = transact(lambda c: all_webhooks.resend(c, site=site(), id_=number, operator=operator(), now_ms=now_ms()))
    _known(number, done=done)
    click.echo("It is tried again, from where it stopped.")


def _known(number: str, *, done: bool) -> None:
    if not done:
        raise LookupError(f"There is no webhook {number!r}: `webhooks list` shows which there are.")


keys = click.Group("keys", commands=(list_keys, make_key, revoke_key), help="Keys of other systems.")
webhooks = click.Group(
    "webhooks",
    commands=(list_webhooks, add_webhook, remove_webhook, resend_webhook),
    help="Where changes are sent; `deliver-webhooks` sends them.",
)
COMMANDS = (keys, webhooks)
