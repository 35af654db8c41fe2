"""`labels`: files for a printer."""

from __future__ import annotations

from pathlib import Path

import click

from server.cli.command import command, counted, operator, site
from server.context import now_ms
from server.database import writing
from server.printing import media
from server.printing.symbol import Carrier
from server.printing.wanted import KINDS, SHEET, Wanted, print_wanted


@command("labels")
@click.argument("what", type=click.Choice(list(KINDS)))
@click.argument("names", nargs=-1)
@click.option("--count", default=1, show_default=True, help="How many new plates or cartons.")
@click.option("--item", help="GTIN or SKU of the product that new plates are for.")
@click.option("--zone", help="All bins of this zone.")
@click.option("--symbol", type=click.Choice([str(c) for c in Carrier]), help="Instead of the usual one.")
@click.option(
    "--on",
    "medium",
    type=click.Choice(list(media.names())),
    metavar="SHEET",
    default=SHEET,
    show_default=True,
    help=f"A sheet of labels, or a roll and the printer's dots per inch: {', '.join(media.names())}.",
)
@click.option("--start", default=1, show_default=True, help="First free label of a sheet that was begun.")
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), help="The file; else it names itself.")
def labels(
    *,
    what: str,
    names: tuple[str, ...],
    count: int,
    item: str | None,
    zone: str | None,
    symbol: str | None,
    medium: str,
    start: int,
    output: Path | None,
) -> None:
    """Print labels: plates, cartons, bins, badges, or named for what NAMES say (serials, SSCCs, LOC:A-01)."""
    wanted = Wanted(
        what=what,
        count=count,
        item=item,
        zone=zone,
        text="\n".join(names),
        carrier=Carrier(symbol) if symbol else None,
        medium=medium,
        start=start,
    )
    with writing() as connection:
        printed = print_wanted(connection, wanted, site=site(), operator=operator(), now_ms=now_ms())
        path = output or Path(printed.file_name)
        path.write_bytes(printed.data)  # before the commit: what could not be written was not printed
    again = f", {printed.again} of them printed before" if printed.again else ""
    click.echo(f"{printed.number}: {counted(printed.labels, 'label')}{again}, in {path}.")


COMMANDS = (labels,)
