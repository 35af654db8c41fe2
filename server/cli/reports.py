"""`receipt`, `cases` and `trail`: what was found, as text."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Any, Final

import click

from server import named, naming, queries
from server.case_list import PAGE, PAGE_MAX, STATES, CaseFilter, list_cases
from server.cli.command import command, counted, operator, site
from server.context import now_ms
from server.counts.compare import Line, ReportLine
from server.counts.report import CountReport
from server.database import reading, transact
from server.ledger import SERVER_DEVICE
from server.naming import Names
from server.receipts import receipt
from server.receipts.receipt import ReceiptReport
from sync.event import ScanEvent

LINES_SHOWN: Final = 200


def moment(ms: int) -> str:
    """A moment as people at this machine read it."""
    return dt.datetime.fromtimestamp(ms / 1000, tz=dt.UTC).astimezone().strftime("%Y-%m-%d %H:%M:%S")


@command("receipt")
@click.argument("what", type=click.Choice(["close", "show"]))
@click.argument("number")
def receipt_(*, what: str, number: str) -> None:
    """Close or show the receipt of an advance ship notice."""
    said: dict[str, Any] = {"site": site(), "number": number, "operator": operator(), "now_ms": now_ms()}
    if what == "close":
        transact(lambda c: receipt.close_receipt(c, **said))
    with reading() as connection:
        say_report(receipt.report(connection, site=site(), number=number))


def say_report(found: CountReport | ReceiptReport, standing: str = "") -> None:
    """Print a report: its totals, what does not match, and what it still waits for.

    Args:
        standing: how it stands, said behind its number.
    """
    unfinished = getattr(found, "unfinished", ())
    with reading() as connection:
        names = naming.read(connection, site(), unfinished)
    totals = ", ".join(f"{n} {_words(kind)}" for kind, n in found.totals.items())
    click.echo(f"{found.number}{standing}: {totals}")
    differing = sum(n for kind, n in found.totals.items() if kind != Line.MATCHED)
    _say_lines(found.looked_at if isinstance(found, CountReport) else found.lines, differing)
    for place in unfinished:
        click.echo(f"  not finished: {names(place).text}")
    if found.unheard and found.totals.get(Line.MISSING):
        click.echo(f"  not heard from since, and may explain what is missing: {', '.join(found.unheard)}")


def _say_lines(lines: Iterable[ReportLine], differing: int) -> None:
    """Print what does not match: the first of so many lines."""
    shown = list(islice((line for line in lines if line.kind is not Line.MATCHED), LINES_SHOWN))
    with reading() as connection:
        names = naming.read(connection, site(), [k for x in shown for k in (x.subject, x.expected, *x.seen)])
    for line in shown:
        click.echo(f"  {_words(line.kind):<11} {_say_line(line, names)}")
    if differing > len(shown):
        click.echo(f"  and {counted(differing - len(shown), 'line')} more: the console exports all of them.")


def _words(kind: str) -> str:
    return str(kind).replace("_", " ")


def _say_line(line: ReportLine, names: Names) -> str:
    text = names(line.subject).text
    if (line.expected_quantity, line.quantity) != (1, 1):
        text += f", {line.quantity} of {line.expected_quantity}"
    if line.expected:
        text += f", belongs in {names(line.expected).text}"
    return text + (f", seen in {_joined(names(p).text for p in line.seen)}" if line.seen else "")


def _joined(texts: Iterable[str]) -> str:
    return " and ".join(texts)


@command("cases")
@click.option("--rule", help="Only those of this rule.")
@click.option("--status", default="open", show_default=True, type=click.Choice(STATES))
@click.option("--limit", default=PAGE, show_default=True, type=click.IntRange(1, PAGE_MAX))
def cases(*, rule: str | None, status: str, limit: int) -> None:
    """List what does not match, the oldest first."""
    with reading() as connection:
        found = list_cases(connection, site(), CaseFilter(status=status, rule=rule), limit=limit)
        names = naming.read(connection, site(), [k for c in found for k in (c.unit, c.expected, c.seen)])
    for case in found:
        where = f", belongs in {names(case.expected).text}" if case.expected else ""
        where += f", seen in {names(case.seen).text}" if case.seen else ""
        click.echo(f"{moment(case.opened_ms)}  {_words(case.rule):<20} {names(case.unit).text}{where}")
    click.echo(f"{counted(len(found), f'{status} case')}{' shown; there may be more' if len(found) == limit else ''}.")


@command("trail")
@click.argument("unit")
def trail(*, unit: str) -> None:
    """Show what happened to a unit: UNIT is its label, serial number or canonical name."""
    with reading() as connection:
        key = named.thing(connection, site(), unit)
        lines = queries.whole_trail(connection, site(), key)
        view = queries.read_unit(connection, site(), key, now_ms())
        places = [p for line in lines for p in (line.fact.event.location, line.fact.event.container, line.carried_in)]
        names = naming.read(connection, site(), [key, *places, *((view.location, view.shipped_in) if view else ())])
        devices = queries.device_names(connection, site())
    click.echo(f"{names(key).text}  {key}")
    if view is not None:
        where = view.shipped_in or view.location
        click.echo(f"{view.state.status}, in {names(where).text if where else 'no known place'}")
    for line in lines:
        event = line.fact.event
        place = event.container or event.location
        parts = [event.action.replace("_", " "), f"in {names(place).text}" if place else "", event.document or ""]
        by = _by(event, devices)
        parts.append(f"carried in {names(line.carried_in).text}" if line.carried_in else "")
        said = " ".join(p for p in parts if p)
        click.echo(f"{moment(line.fact.event_ms)}  {said}, {by}{' (undone)' if line.undone else ''}")
    if not lines:
        click.echo("Nothing is known of it.")


def _by(event: ScanEvent, devices: Mapping[int, str]) -> str:
    """Who said it, and with what."""
    if event.device_no == SERVER_DEVICE:
        return f"by {event.operator}" if event.operator else "by a document"
    return f"by {event.operator or 'nobody named'} with {devices.get(event.device_no, event.device_no)}"


COMMANDS = (receipt_, cases, trail)
