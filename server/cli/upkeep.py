"""`rebuild`, `verify`, `release-held` and `quarantine`: look after the ledger and what is folded from it."""

from __future__ import annotations

import click
import sqlalchemy as sa

from server import damage, ledger, named, queries, refolding, set_aside, untold, upkeep
from server.cli.command import command, counted, operator, site
from server.cli.reports import moment
from server.context import now_ms
from server.database import reading, stamp, take_stock, transact, writing
from server.rebuild import rebuild

_DIFFERENCES_SHOWN = 200
_SAY_EVERY = 10_000


def _progress(done: int) -> None:
    if done % _SAY_EVERY < refolding.SUBJECTS_AT_ONCE and done >= _SAY_EVERY:
        click.echo(f"  {done:,} units, items and lots", err=True)


@command("rebuild")
@click.argument("unit", required=False)
@click.option("--all", "everything", is_flag=True, help="Fold every unit, item and lot anew.")
def rebuild_(*, unit: str | None, everything: bool) -> None:
    """Fold one unit, or everything, anew from the ledger."""
    if everything == (unit is not None):
        raise click.UsageError("Say which UNIT, or --all.")
    if unit is None:
        transact(lambda c: _note(c, "everything is folded anew from the ledger"))
        folded = refolding.rebuild_all(site(), _progress)
        take_stock()
        click.echo(f"{folded:,} units, items and lots were folded anew.")
        return
    with writing() as connection:
        key = named.thing(connection, site(), unit)
        rebuild(connection, site(), [key], stamp(connection))
        if not queries.trail(connection, site(), key):
            raise ValueError(f"Nothing is known of {unit}.")
        _note(connection, f"{key} was folded anew from the ledger")
    click.echo(f"{key} was folded anew.")


def _note(connection: sa.Connection, reason: str) -> None:
    """Let the audit show it: of what takes long before it begins, so that no kill keeps it quiet."""
    by, at = operator(), now_ms()
    ledger.record(connection, site=site(), action="administer", operator=by, now_ms=at, reason=reason)


@command("verify")
def verify() -> None:
    """Check the SQLite file, then every chain, line, document and folded row; exit code 1 where something differs."""
    if problems := damage.of_database():
        raise click.ClickException(damage.sentence(problems))
    count = 0
    for count, sentence in enumerate(upkeep.verify(site(), _progress), start=1):
        if count <= _DIFFERENCES_SHOWN:
            click.echo(sentence)
    if count:
        raise click.ClickException(f"{count:,} differences.")
    click.echo("Everything fits: chains, lines, documents and folded rows.")


@command("release-held")
def release_held() -> None:
    """Read and tell again, after an upgrade, what was too new before, and what the server failed on."""
    transact(lambda c: _note(c, "what was too new before, or what the server failed on, is read and told again"))
    done = set_aside.release_held(site(), now_ms=now_ms())
    again = untold.tell_again(site())
    click.echo(f"{done.read} events read, {done.quarantined} quarantined, {done.held} still too new.")
    if again:
        click.echo(f"{counted(again, 'row')} on which the server failed will be told again.")


@command("quarantine")
@click.argument("what", type=click.Choice(["list", "repair"]))
@click.argument("event", required=False)
@click.option("--set", "corrections", multiple=True, metavar="FIELD=VALUE", help="What the line should have said.")
def quarantine(*, what: str, event: str | None, corrections: tuple[str, ...]) -> None:
    """List the events that could not be believed, or repair one: EVENT is device.epoch.seq."""
    if what == "list":
        _list()
        return
    if event is None:
        raise click.UsageError("Say which EVENT.")
    pairs = [c.partition("=") for c in corrections]
    if not all(sign for _, sign, _ in pairs):
        raise click.UsageError("--set takes FIELD=VALUE.")
    values = {field: value for field, _, value in pairs}
    with writing() as connection:
        done = set_aside.repair(
            connection, site=site(), name=event, corrections=values, operator=operator(), now_ms=now_ms()
        )
    click.echo(f"{event} was repaired as {done}.")


def _list() -> None:
    with reading() as connection:
        rows = queries.set_aside(connection, site())
    for row in rows:
        name = f"{row['device_no']}.{row['epoch']}.{row['seq']}"
        click.echo(f"{name}  {moment(row['received_ms'])}  {row['outcome']}: {row['note']}")
        click.echo(f"  {row['line'][:200].decode('ascii', errors='backslashreplace')}")
    are = "is" if len(rows) == 1 else "are"
    click.echo(f"{counted(len(rows), 'event')} {are} set aside{', at least' if len(rows) == queries.PAGE else ''}.")


COMMANDS = (rebuild_, verify, release_held, quarantine)
