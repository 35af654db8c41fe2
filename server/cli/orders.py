"""`cancel` and `parcels`: orders that are called off, and tracking numbers."""

from __future__ import annotations

from pathlib import Path

import click

from server.cli.command import command, counted, operator, site
from server.context import now_ms
from server.database import writing
from server.orders import cancelling, parcels, small_file

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@command("cancel")
@click.argument("numbers", nargs=-1)
@click.option("--reason", help="Why: whoever has picked for it will ask.")
@click.option("--file", "file", type=_FILE, help="CSV, XLSX or JSON with the columns number and reason instead.")
def cancel(*, numbers: tuple[str, ...], reason: str | None, file: Path | None) -> None:
    """Cancel orders. What was picked for them is to be put back; handhelds learn it at their next sync."""
    rows = [{"number": number, "reason": reason or ""} for number in numbers]
    if file is not None:
        with file.open("rb") as opened:
            rows += small_file.read(opened, small_file.CANCELLATIONS)
    if not rows:
        raise ValueError("Say which: numbers with --reason, or --file.")
    with writing() as connection:
        done = cancelling.cancel_all(connection, site=site(), rows=rows, operator=operator(), now_ms=now_ms())
    click.echo(f"{counted(done, 'order')} cancelled.")


@command("resume")
@click.argument("number")
@click.option("--reason", required=True, help="Why it is wanted after all.")
def resume(*, number: str, reason: str) -> None:
    """Take the cancellation of an order back; handhelds learn it at their next sync."""
    with writing() as connection:
        cancelling.resume(connection, site=site(), number=number, reason=reason, operator=operator(), now_ms=now_ms())
    click.echo(f"{number} is picked like any other again.")


@command("parcels")
@click.argument("file", type=_FILE)
def label(file: Path) -> None:
    """Take in tracking numbers: a file with the columns container and tracking, and carrier where it is known."""
    with file.open("rb") as opened:
        pairs = [
            (row["container"], row["tracking"], row.get("carrier", ""))
            for row in small_file.read(opened, small_file.PARCELS)
        ]
    with writing() as connection:
        done = parcels.label_parcels(connection, site=site(), parcels=pairs, operator=operator(), now_ms=now_ms())
    click.echo(f"{counted(done, 'parcel')} labelled.")


COMMANDS = (cancel, resume, label)
