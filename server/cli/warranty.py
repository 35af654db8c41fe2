"""`warranty` and `repairs`: who may claim, and what is being repaired."""

from __future__ import annotations

import click

from server import named, naming
from server.cli.command import command, counted, site
from server.cli.reports import moment
from server.context import now_ms
from server.database import reading
from server.warranty.answer import ask
from server.warranty.desk import list_repairs


@command("warranty")
@click.argument("scan")
@click.option("--claimant", help="Number of the order or transfer that the claimant shows.")
def warranty(*, scan: str, claimant: str | None) -> None:
    """Say whether a claim may be made for the unit of this label, name or serial number."""
    with reading() as connection:
        told = ask(connection, site(), named.unit(connection, site(), scan), now_ms(), claimant=claimant)
    click.echo(told.sentence)
    for word, value in (("Sold", told.life.sold), ("Owner", told.owner), ("Terms", told.terms and told.terms.document)):
        if value:
            click.echo(f"  {word}: {value}")


@command("repairs")
def repairs() -> None:
    """List repairs, those under way first."""
    with reading() as connection:
        found = list_repairs(connection, site())
        names = naming.read(connection, site(), [repair.unit for repair in found])
    for repair in found:
        state = f"since {moment(repair.since_ms)}: {repair.fault}" if repair.done is None else f"done: {repair.done}"
        click.echo(f"{repair.number:<12} {names(repair.unit).text}, {state}")
    click.echo(f"{counted(len(found), 'repair')}.")


COMMANDS = (warranty, repairs)
