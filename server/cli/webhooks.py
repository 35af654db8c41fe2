"""`deliver-webhooks`: deliver without serving, for a server that gunicorn is started for by hand."""

from __future__ import annotations

import threading

import click

from server import context, delivery
from server.cli.command import command


@command("deliver-webhooks")
@click.option("--once", is_flag=True, help="Deliver what is due, and end.")
def deliver_webhooks(*, once: bool) -> None:
    """Deliver changes to the webhooks. `serve` does this by itself; where it runs already, this waits for its turn."""
    if not once:
        delivery.deliver(threading.Event(), click.echo)
        return
    with delivery.alone(context.settings().instance) as mine:
        if not mine():
            raise ValueError("Another process of this server delivers them already.")
        done = delivery.sender().deliver_due()
        click.echo(f"{done} request{'' if done == 1 else 's'} delivered.")


COMMANDS = (deliver_webhooks,)
