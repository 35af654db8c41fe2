"""`recall`, `release` and `recalls`: what must not move, what may again, and how far each recall is."""

from __future__ import annotations

from collections.abc import Iterable

import click

from server import sites
from server.cli.command import command, counted, operator, site
from server.context import now_ms
from server.database import reading, transact
from server.recalls import book, listing
from server.recalls.account import ACCOUNT_TEXTS, Progress, progress
from server.recalls.asked import Asked, row_of
from server.recalls.reach import WHERE_TEXTS, reached, totals
from server.recalls.release import release as end
from server.recalls.unknown import never_heard
from sync.recall import Recall

_MINUTE_MS = 60_000


@command("recall")
@click.argument("number")
@click.option("--product", default="", help="Of this product: its GTIN, or your own code.")
@click.option("--lot", "lots", multiple=True, help="Only this lot; once for each.")
@click.option("--serial", "serials", multiple=True, help="This unit; once for each.")
@click.option("--supplier", default="", help="What came from this supplier.")
@click.option("--receipt", "receipts", multiple=True, help="What came under this ASN or purchase order.")
@click.option("--since", default="", help="What came in on this day or later, 2026-11-29.")
@click.option("--until", default="", help="What came in on this day or earlier.")
@click.option("--place", default="", help="Code of the bin where it is set apart.")
@click.option("--reason", required=True, help="What is wrong with it: handhelds show it.")
@click.option("--drill", is_flag=True, help="An exercise: nothing is stopped.")
@click.option("--everywhere", is_flag=True, help="At every site of this database.")
@click.option("--preview", is_flag=True, help="Only say what it would reach.")
def recall(
    *, number: str, preview: bool, everywhere: bool, lots: tuple[str, ...], serials: tuple[str, ...], **said: object
) -> None:
    """Recall what all of these describe, and units by name. Handhelds obey from their next sync on."""
    asked = Asked(number=number, lots=lots, serials=serials, **said)  # type: ignore[arg-type]
    if preview:
        with reading() as connection:
            row = row_of(connection, site(), asked)
            found, unknown = (
                reached(connection, site(), Recall.from_row(row), now_ms()),
                never_heard(connection, site(), row),
            )
        for where, (sure, possible) in totals(found).items():
            click.echo(f"{sure:>7} and {possible:>6} possible  {WHERE_TEXTS[where]}")
        click.echo(f"{counted(sum(one.quantity for one in found), 'piece')} in all. Nothing was recalled.")
        _warn(unknown)
        return
    with reading() as connection:
        others = [one.code for one in sites.list_sites(connection) if everywhere and one.code != site()]
    at = [site(), *others]
    begun = transact(lambda c: book.begin_at(c, sites=at, asked=asked, operator=operator(), now_ms=now_ms()))
    one = begun.standing
    named = f" at {', '.join(begun.at)}" if others else ""
    click.echo(f"{'The drill' if one.drill else 'Recall'} {one.number} is in force{named}.")
    with reading() as connection:
        unknown = never_heard(connection, site(), one.row)
    _warn(f"{sentence} It stops such a one as soon as it is scanned." for sentence in unknown)
    for code, why in begun.not_at.items():
        click.echo(f"It has not begun at {code}: {why}", err=True)


def _warn(sentences: Iterable[str]) -> None:
    for sentence in sentences:
        click.echo(sentence, err=True)


@command("release")
@click.argument("number")
@click.option("--reason", required=True, help="Why it may move again.")
@click.option("--leave", type=click.IntRange(0), default=0, help="So many are knowingly left unaccounted for.")
def release(*, number: str, reason: str, leave: int) -> None:
    """End a recall or a drill. Handhelds learn it at their next sync."""
    found = transact(
        lambda c: end(c, site=site(), number=number, reason=reason, leaving=leave, operator=operator(), now_ms=now_ms())
    )
    click.echo(f"Recall {number} has ended, with {found.open:,} of {counted(found.pieces, 'piece')} unaccounted for.")


@command("recalls")
@click.argument("number", required=False)
def recalls(*, number: str | None) -> None:
    """List the recalls and drills, or say how far one of them is."""
    with reading() as connection:
        if number is not None:
            _tell(progress(connection, book.read(connection, site(), number), site=site(), now_ms=now_ms()))
            return
        found = list(listing.every(connection, site()))
    for one in found:
        state = "released" if one.until_ms is not None else "in force"
        click.echo(f"{one.number:<16} {state:<9} {'drill, ' if one.drill else ''}{one.reason}")
    click.echo(f"{counted(len(found), 'recall')}.")


def _tell(found: Progress) -> None:
    for account, (sure, possible) in found.by_account.items():
        click.echo(f"{sure:>7} and {possible:>6} possible  {ACCOUNT_TEXTS[account]}")
    click.echo(f"{found.open:,} of {counted(found.pieces, 'piece')} are open.")
    if found.took_ms is not None:
        click.echo(f"It took {found.took_ms / _MINUTE_MS:.1f} minutes to account for everything.")
    if found.handed_over:
        click.echo(f"{sum(e.thing.quantity for e in found.handed_over):,} were handed over after it began.")


COMMANDS = (recall, release, recalls)
