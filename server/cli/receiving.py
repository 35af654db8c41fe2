"""`receipts` and `claim`: what is awaited, how it is received, and what is claimed for it."""

from __future__ import annotations

from typing import Any

import click

from server import naming
from server.claims import book, credit, delivery
from server.claims.claim import NEXT, WRONGS, Claim
from server.cli.command import command, counted, operator, site
from server.cli.reports import moment
from server.context import now_ms
from server.database import reading, transact
from server.prices import Price
from server.receipts import sampling
from server.receipts.blind import set_blind
from server.receipts.listing import STATES, list_receipts
from sync.sampling import Mode

_FATES = tuple(fate for fate in NEXT if fate != "drafted")


@command("receipts")
@click.option("--state", type=click.Choice(STATES), help="Only those in this state.")
def receipts(*, state: str | None) -> None:
    """List notices and purchase orders, the latest first."""
    with reading() as connection:
        found, more = list_receipts(connection, site(), state=state)
    for row in found:
        who = f", {row.supplier}" if row.supplier else ""
        click.echo(f"{row.number:<16} {row.state:<8} {row.kind}{who}, {counted(row.scans, 'scan')}")
    click.echo(f"{counted(len(found), 'receipt')}{', the latest; there are more' if more else ''}.")


@command("receive-blind")
@click.argument("number")
@click.option("--guided", is_flag=True, help="Tell handhelds again what to expect.")
def receive_blind(*, number: str, guided: bool) -> None:
    """Receive a notice or order blind: handhelds are told nothing of what to expect."""
    said: dict[str, Any] = {"site": site(), "operator": operator(), "now_ms": now_ms()}
    transact(lambda c: set_blind(c, number=number, blind=not guided, **said))
    click.echo(f"{number} is received {'guided' if guided else 'blind'} from each handheld's next sync.")


@command("sampling")
@click.argument("mode", type=click.Choice([mode.value for mode in Mode]))
@click.argument("value", type=int, default=0)
@click.option("--supplier", help="Only for cartons of this supplier.")
def sampling_(*, mode: str, value: int, supplier: str | None) -> None:
    """Say how many units of a carton are read one by one: none, count 5, share 20 (percent), or all."""
    said: dict[str, Any] = {"site": site(), "operator": operator(), "now_ms": now_ms()}
    rule = transact(lambda c: sampling.set_rule(c, supplier=supplier, mode=mode, value=value, **said))
    click.echo(f"{supplier or 'All other suppliers'}: {rule.text}.")


@command("claim")
@click.argument("what", type=click.Choice(["draft", "show", *_FATES]))
@click.argument("number")
@click.option("--note", help="The supplier's reference, say.")
@click.option("--credited", multiple=True, metavar="AMOUNT CURRENCY", nargs=2, help="Given back, as in: 120.50 EUR.")
@click.option("--more-than-claimed", is_flag=True, help="The credit is beyond the claim, and right.")
def claim(
    *, what: str, number: str, note: str | None, credited: tuple[tuple[str, str], ...], more_than_claimed: bool
) -> None:
    """Draft a claim for the closed receipt NUMBER, show claim NUMBER, or write down what became of it."""
    said: dict[str, Any] = {"site": site(), "operator": operator(), "now_ms": now_ms()}
    if what == "draft":
        number = transact(lambda c: delivery.draft(c, receipt=number, **said))
    elif what != "show":
        said |= {"note": note, "credited": credit.typed(credited) or None, "more_than_claimed": more_than_claimed}
        transact(lambda c: book.follow(c, number=number, fate=what, **said))
    with reading() as connection:
        found = book.read(connection, site(), number)
        names = naming.read(connection, site(), [k for line in found.lines for k in (line.subject, line.carton)])
    _say(found, names)


def _say(found: Claim, names: naming.Names) -> None:
    click.echo(f"{found.number}: {found.status}, {found.receipt} version {found.version}, to {found.supplier or '?'}")
    for line in found.lines:
        carton = f", {names(line.carton).text}" if line.carton else ""
        click.echo(f"  {line.quantity} x {names(line.subject).text}: {WRONGS[line.wrong].lower()}{carton}")
    for fate in found.fates:
        given = "".join(f" {Price(minor, currency).text()}" for currency, minor in (fate.credited or {}).items())
        note = f": {fate.note}" if fate.note else ""
        click.echo(f"  {moment(fate.at_ms)} {fate.word}{given} by {fate.operator}{note}")
    if found.is_outdated:
        click.echo("  Its receipt has changed since.")


COMMANDS = (receipts, receive_blind, sampling_, claim)
