"""`recall` and `release`: what must not move, and what may again."""

from __future__ import annotations

import click

from server import documents, recalls
from server.cli.command import command, operator, site
from server.context import now_ms
from server.database import reading, writing
from sync.identity import unit_key


@command("recall")
@click.argument("number")
@click.option("--gtin", help="The product, by GTIN.")
@click.option("--sku", help="The product, by your own code.")
@click.option("--lot", "lots", multiple=True, help="Only this lot of it; once for each.")
@click.option("--serial", "serials", multiple=True, help="Only this unit of it; once for each.")
@click.option("--reason", required=True, help="What is wrong with it: handhelds show it.")
def recall(
    *, number: str, gtin: str | None, sku: str | None, lots: tuple[str, ...], serials: tuple[str, ...], reason: str
) -> None:
    """Recall a product, some of its lots or some of its units. Handhelds obey from their next sync on."""
    with reading() as connection:
        item = documents.names(connection, site()).item({"gtin": gtin, "sku": sku})
    units = [unit_key(item, serial) for serial in serials]
    with writing() as connection:
        recalls.recall(
            connection,
            site=site(),
            number=number,
            reason=reason,
            item=None if units else item,
            lots=lots,
            units=units,
            operator=operator(),
            now_ms=now_ms(),
        )
    click.echo(f"Recall {number} is in force.")


@command("release")
@click.argument("number")
@click.option("--reason", required=True, help="Why it may move again.")
def release(*, number: str, reason: str) -> None:
    """End a recall. Handhelds learn it at their next sync."""
    with writing() as connection:
        recalls.release(connection, site=site(), number=number, reason=reason, operator=operator(), now_ms=now_ms())
    click.echo(f"Recall {number} has ended.")


COMMANDS = (recall, release)
