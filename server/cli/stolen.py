"""`report-stolen`, `found` and `stolen`: what was stolen, what turned up, and where any of it was scanned since."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import click

from server import naming, sites
from server.cli.command import command, counted, operator, site
from server.context import now_ms
from server.database import reading, transact
from server.stolen.asked import Asked, things
from server.stolen.read import listed, read, sightings
from server.stolen.report import find, report


@command("report-stolen")
@click.argument("serials", nargs=-1, required=True)
@click.option("--product", default="", help="Of this product: its GTIN, or your own code.")
@click.option("--reason", required=True, help="What happened: whoever scans one of them reads it.")
@click.option("--police", "reference", default="", help="The police's number.")
@click.option("--since", default="", help="The day from which scans count, 2026-11-29; now, where none is given.")
def report_stolen(*, serials: tuple[str, ...], **said: str) -> None:
    """Report serial numbers, IMEIs or labels as stolen, known here or not. Every site's handhelds flag them."""
    asked = Asked(serials=serials, **said)
    number = transact(lambda c: report(c, site=site(), asked=asked, operator=operator(), now_ms=now_ms()))
    click.echo(f"{number}: {counted(len(serials), 'thing')} reported. Handhelds flag them from their next sync on.")


@command("found")
@click.argument("number")
@click.argument("serials", nargs=-1)
@click.option("--reason", required=True, help="Where it turned up, or why the report is withdrawn.")
def found(*, number: str, serials: tuple[str, ...], reason: str) -> None:
    """Say that things of a report were found; all that are missing, where none is named."""
    with reading() as connection:
        names = things(connection, site(), Asked(serials=serials)) if serials else []
    said: dict[str, Any] = {
        "number": number,
        "names": names,
        "reason": reason,
        "operator": operator(),
        "now_ms": now_ms(),
    }
    done = transact(lambda c: find(c, let_into=None, **said))
    click.echo(f"{number}: {counted(len(done), 'thing')} found.")


@command("stolen")
@click.argument("number", required=False)
def stolen(*, number: str | None) -> None:
    """List the reports, or the things of one with each scan since."""
    with reading() as connection:
        if number is None:
            reports = listed(connection)
            if not reports:
                click.echo("Nothing is reported as stolen.")
            for one in reports:
                click.echo(f"{one.number:<8} {len(one.missing):>4} of {len(one.things):>4} missing  {one.reason}")
            return
        found_ = read(connection, number)
        seen = sightings(connection, [each.code for each in sites.list_sites(connection)], number, let_into=None)
        names = naming.read(connection, site(), [t.subject for t in found_.things] + [s.unit for s in seen])
    for thing in found_.things:
        state = "missing" if thing.found_ms is None else f"found: {thing.found_reason}"
        click.echo(f"{names(thing.subject).text:<40} {state}")
    for one_ in seen:
        event = one_.event
        done = f"{event.action:<12} {event.operator or ''}  {event.location or event.container or ''}" if event else ""
        click.echo(f"{_moment(one_.event_ms)}  {one_.site}  {done}")
    click.echo(f"{counted(len(seen), 'scan')} since.")


def _moment(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).strftime("%Y-%m-%d %H:%M")


COMMANDS = (report_stolen, found, stolen)
