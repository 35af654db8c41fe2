"""`erase-customer`: forget a customer's name and address."""

from __future__ import annotations

import click

from server import parties
from server.cli.command import command, counted, operator, site
from server.context import now_ms
from server.database import reading, transact


@command("erase-customer")
@click.argument("name")
@click.option("--yes", is_flag=True, help="Do not ask.")
def erase_customer(*, name: str, yes: bool) -> None:
    """Erase name and address of the customer NAME wherever they are kept. The facts stay, and name nobody."""
    with reading() as connection:
        found = parties.find(connection, site(), name)
    if not found:
        raise LookupError(f"No customer is called {name!r} here (any more).")
    if not yes:
        click.confirm(f"This forgets whom {counted(len(found), 'document')} are for, for good. Go on?", abort=True)
    done = transact(lambda c: parties.erase(c, site(), name, operator=operator(), now_ms=now_ms()))
    click.echo(f"Erased from {counted(done, 'document')}.")


COMMANDS = (erase_customer,)
