"""`sites`: the warehouses of this database."""

from __future__ import annotations

import click

from server import sites
from server.cli.command import command, operator
from server.context import now_ms, settings
from server.database import reading, transact


@command("list")
def list_() -> None:
    """Every site: code, name, GS1 company prefix."""
    with reading() as connection:
        for one in sites.list_sites(connection):
            click.echo(" · ".join([one.code, one.name, one.company_prefix or "no company prefix"]))


@command("add")
@click.argument("code")
@click.option("--name", help="What people call it; else its code.")
@click.option("--company-prefix", help="GS1 company prefix, for its SSCCs.")
def add(*, code: str, name: str | None, company_prefix: str | None) -> None:
    """Open another site. SCAN_SITE=CODE before a command then speaks of it."""
    made = transact(
        lambda c: sites.add_site(
            c,
            code=code,
            name=name or code,
            company_prefix=company_prefix,
            beside=settings().site,
            operator=operator(),
            now_ms=now_ms(),
        )
    )
    click.echo(f"{made.name} is open.")


@command("change")
@click.argument("code")
@click.option("--name", help="What people call it.")
@click.option("--company-prefix", help="GS1 company prefix, for its SSCCs; '' for none any more.")
def change(*, code: str, name: str | None, company_prefix: str | None) -> None:
    """Give a site another name or GS1 company prefix. What is left out stays as it is."""
    if name is None and company_prefix is None:
        raise click.UsageError("Say what is to change: --name, --company-prefix, or both.")
    changed = transact(
        lambda c: sites.change_site(
            c, code=code, name=name, company_prefix=company_prefix, operator=operator(), now_ms=now_ms()
        )
    )
    click.echo(f"{code} is called {changed.name}; GS1 company prefix {changed.company_prefix or 'none'}.")


group = click.Group(
    "sites", commands=[list_, add, change], help="The warehouses of this database: list them, open another."
)
COMMANDS = (group,)
