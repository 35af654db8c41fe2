"""`init`: make a database ready for use."""

from __future__ import annotations

import sys

import click
import sqlalchemy as sa

from server import config, migrations
from server.cli.command import command
from server.context import now_ms, settings
from server.database import sqlite_module
from server.setup import FIRST_ADMIN, SetUp, set_up


@command("init")
@click.option("--admin", default=FIRST_ADMIN, show_default=True, help="Name of the first administrator.")
@click.option("--password-stdin", is_flag=True, help="Read their password from standard input.")
@click.option("--password", "ask", is_flag=True, help="Ask for their password. Without either, one is made up.")
def init(*, admin: str, password_stdin: bool, ask: bool) -> None:
    """Make the database ready: schema, keys, first administrator. Running it again changes nothing."""
    password = None
    if password_stdin:
        password = sys.stdin.readline().rstrip("\r\n")
        if not password:
            raise ValueError("There is no password on standard input.")
    elif ask:
        password = click.prompt("Password", hide_input=True, confirmation_prompt=True)
    say(set_up(settings(), now_ms=now_ms(), admin=admin, password=password))


def say(found: SetUp) -> None:
    """Tell what was found and what was made."""
    url = config.database_url(settings())
    shown = url if url.startswith("sqlite") else url.rpartition("@")[2]  # never a password
    if found.schema_before == found.schema:
        click.echo(f"The database is up to date (schema {found.schema}): {shown}")
    else:
        was = "new" if found.schema_before is None else f"schema {found.schema_before} before"
        click.echo(f"The database has schema {found.schema} now ({was}): {shown}")
    made = "This server has its key and its name now" if found.made else "This server has its key and its name"
    click.echo(f"{made}; it keeps site {found.site!r}.")
    if found.admin is None:
        people = "person may" if found.people == 1 else "people may"
        click.echo(f"{found.people} {people} sign in; nobody was added.")
    elif found.password is None:
        click.echo(f"{found.admin} may sign in with the password that you gave.")
    else:
        click.echo(f"Sign in as {found.admin} with this password, which is shown only now: {found.password}")


@command("new-migration")
@click.argument("message")
def new_migration(*, message: str) -> None:
    """For developers: write the migration from the last version to the tables of today."""
    empty = sa.create_engine("sqlite://", module=sqlite_module())
    with empty.begin() as connection:
        migrations.upgrade(connection)
        click.echo(f"Look it through: {migrations.revise(connection, message)}")
    empty.dispose()


COMMANDS = (init, new_migration)
