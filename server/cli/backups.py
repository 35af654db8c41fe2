"""`backup` and `restore`."""

from __future__ import annotations

from pathlib import Path

import click

from server import pictures, serving, shut_again
from server.backup import BackupError, back_up, check, note, note_begun
from server.backup import restore as put_back
from server.cli.command import command, operator
from server.cli.reports import moment
from server.context import now_ms, settings
from server.database import reading, take_stock, transact
from server.held_file import hold

_LOST_SHOWN = 50
_UNDER_WAY = "backup.lock"
"""Held in the server's folder while a backup is made."""


@command("backup")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--portable", is_flag=True, help="Write rows instead of a SQLite file, to move to PostgreSQL.")
@click.option("--replace", is_flag=True, help="Put it in the place of a FILE that is there, once it is whole.")
def backup(*, file: Path, portable: bool, replace: bool) -> None:
    """Copy the database to FILE while the server runs. Handhelds learn what they need not keep any longer."""
    held = hold(settings().instance / _UNDER_WAY)  # two into one FILE would write over each other
    if held is None:
        raise BackupError("Another backup is being made: try again once it is done.")
    with held:
        _back_up(file, portable=portable, replace=replace)


def _back_up(file: Path, *, portable: bool, replace: bool) -> None:
    check(file, replace=replace)
    transact(lambda c: note_begun(c, file, operator=operator(), now_ms=now_ms()))
    size = back_up(file, now_ms=now_ms(), portable=portable)
    click.echo(f"{file} holds everything up to now ({size:,} bytes).")
    beside = _pictures_of(file)
    copied = pictures.copy(settings().instance / pictures.FOLDER, beside)
    if copied or beside.exists():
        click.echo(f"{beside} holds the pictures ({copied:,} new ones): keep the two together.")
    take_stock()  # here, for who looks after their data does this every day


@command("restore")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--yes", is_flag=True, help="Do not ask.")
def restore(*, file: Path, yes: bool) -> None:
    """Put the backup FILE in the place of the database, the server stopped. Handhelds send again what it lacks."""
    with serving.stopped():
        if not yes:
            click.confirm("This replaces the database of this server. Go on?", abort=True)
        _restore(file)


def _restore(file: Path) -> None:
    done = put_back(file)
    pictures.copy(_pictures_of(file), settings().instance / pictures.FOLDER)
    adopted = transact(lambda c: pictures.adopt(c, settings().instance, now_ms=now_ms()))
    transact(lambda c: note(c, done, operator=operator(), now_ms=now_ms()))
    was = done.shut
    shut = transact(lambda c: shut_again.shut(c, was, operator=operator(), now_ms=now_ms())) if was else []
    with reading() as connection:
        gone = pictures.missing(connection, settings().instance)
    click.echo(f"The database is that of {moment(done.made_ms)}, as incarnation {done.incarnation}.")
    if done.kept_at is not None:
        click.echo(f"What was here before lies in {done.kept_at}.")
    click.echo(
        f"Handhelds send again what they scanned since. What this server itself made between {moment(done.made_ms)} "
        f"and {moment(now_ms())} (decisions, imports, enrolments) they cannot bring back: make it again."
    )
    if done.shut is None:
        click.echo(
            "What was revoked since the backup cannot be known, and works again: look through `keys list`, "
            "`people list` and the handhelds, and revoke what should be shut."
        )
    for sentence in shut:
        click.echo(sentence)
    if adopted:
        click.echo(f"{adopted:,} newer pictures lie here still, and were taken up again.")
    if gone:
        click.echo(f"{len(gone):,} pictures are gone: {_pictures_of(file)} does not hold them. First: {gone[0]}.")
    for text in done.lost[:_LOST_SHOWN]:
        click.echo(f"  gone: {text}")
    if len(done.lost) > _LOST_SHOWN:
        click.echo(f"  ... and {len(done.lost) - _LOST_SHOWN} more")


def _pictures_of(backup: Path) -> Path:
    """The folder beside a backup that has its pictures; copied into, never anew, for a picture never changes."""
    return backup.with_name(backup.name + ".pictures")


COMMANDS = (backup, restore)
