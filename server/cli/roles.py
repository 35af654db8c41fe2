"""`roles`: who may do what, as it is asked."""

from __future__ import annotations

import click

from server import rights
from server.cli.command import command


@command("roles")
def roles() -> None:
    """Show what each role may do at the console, through the API and with a handheld."""
    tables = rights.tables()
    for table in tables:
        wide = max(len(text) for text, _ in table.lines)
        click.echo(table.title)
        click.echo("  ".join(["".ljust(wide), *table.roles]))
        for text, allowed in table.lines:
            marks = (("yes" if yes else "-").ljust(len(role)) for role, yes in zip(table.roles, allowed, strict=True))
            click.echo("  ".join([text.ljust(wide), *marks]).rstrip())
        click.echo()
    click.echo(f"{sum(table.cells for table in tables)} cells, each of them tested.")


COMMANDS = (roles,)
