"""`import` and `import-file`: take in documents, and what a handheld exported as a file."""

from __future__ import annotations

from pathlib import Path

import click

from server import carried, document_names, documents
from server.cli.command import command, counted, operator, site
from server.context import now_ms
from server.database import reading
from server.document_file import Draft, draft, unscannable_text
from server.document_kinds import KINDS, described, template
from server.documents import Imported

_SHOWN_ERRORS = 50
_HELP = "Take in a document from a CSV, XLSX or JSON file.\n\n\b\n" + "\n\n\b\n".join(
    "\n".join(described(kind)) for kind in KINDS.values()
)


@command("import", text=_HELP)
@click.argument("kind", type=click.Choice(list(KINDS)), metavar="[KIND]", required=False)
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path), required=False)
@click.option("--number", help="The document's number, for a file without such a column.")
@click.option("--dry-run", is_flag=True, help="Check the file and change nothing.")
@click.option("--skip-bad", is_flag=True, help="Take the good rows; the bad ones go to FILE.bad.csv.")
@click.option("--resume", is_flag=True, help="Finish imports that were killed.")
def import_(
    *, kind: str | None, file: Path | None, number: str | None, dry_run: bool, skip_bad: bool, resume: bool
) -> None:
    """Take in a document; the help text is made of the kinds' columns."""
    if resume:
        _resume()
        return
    if kind is None or file is None:
        raise click.UsageError("Say what to import: KIND and FILE, or --resume.")
    with reading() as connection:
        names = document_names.read(connection, site())
    with file.open("rb") as opened:
        found = draft(opened, KINDS[kind], site=site(), names=names, number=number)
    with found.spool:
        _say_draft(found)
        if found.errors and not skip_bad:
            raise ValueError(f"Nothing was imported: {_are(len(found.bad))} wrong. --skip-bad takes the others.")
        if dry_run:
            click.echo(f"{_are(found.rows)} good. Nothing was imported, for this is a dry run.")
            return
        if found.errors:
            _write_bad(found, file)
        if not found.rows:
            raise ValueError("Nothing was imported: no row is good.")
        taken = list(documents.take(found, operator=operator(), now_ms=now_ms(), progress=_Progress()))
        for one in taken:
            _say_imported(one, rows=found.rows if len(taken) == 1 else one.rows)


def _are(rows: int) -> str:
    return f"{counted(rows, 'row')} {'is' if rows == 1 else 'are'}"


class _Progress:
    """A line on standard error for every 50,000 rows: a short import says nothing."""

    every = 50_000

    def __call__(self, what: str, done: int, rows: int) -> None:
        if rows > self.every and (done % self.every == 0 or done == rows):
            click.echo(f"  {done:,} of {rows:,} {what}", err=True)


def _say_draft(found: Draft) -> None:
    if found.table.note:
        click.echo(f"Note: {found.table.note}", err=True)
    if found.ignored:
        click.echo(f"Note: these columns mean nothing here and were left out: {', '.join(found.ignored)}.", err=True)
    if found.unscannable:
        click.echo(f"Note: {unscannable_text(found.unscannable)}", err=True)
    for error in found.errors[:_SHOWN_ERRORS]:
        click.echo(str(error), err=True)
    if len(found.errors) > _SHOWN_ERRORS:
        click.echo(f"... and {len(found.errors) - _SHOWN_ERRORS} more.", err=True)


def _write_bad(found: Draft, file: Path) -> None:
    path = file.with_name(file.name + ".bad.csv")
    with path.open("w", encoding="utf-8-sig", newline="") as bad:
        found.write_bad(bad)
    written = len(found.bad) + len(found.left_out_rows)
    were = "was" if written == 1 else "were"
    click.echo(f"{counted(written, 'row')} {were} not taken and written to {path}, with what is wrong.", err=True)


def _say_imported(one: Imported, *, rows: int) -> None:
    """Say what became of a document; `rows` as its file counts them: a pallet of its own makes one more row here."""
    if one.known:
        said = counted(rows, "row")
        click.echo(f"{one.kind} {one.number} was imported before, with just the same {said}: nothing changed.")
    else:
        click.echo(f"{one.kind} {one.number}: {counted(rows, 'row')} imported (event {one.event}).")


def _resume() -> None:
    done, short = documents.resume(site(), operator=operator(), now_ms=now_ms(), progress=_Progress())
    for one in done:
        _say_imported(one, rows=one.rows)
    for sentence in short:
        click.echo(sentence)
    if not done and not short:
        click.echo("Every import is complete.")


@command(
    "import-template",
    text=f"Print a CSV file with the columns of a KIND and one example row. KIND is one of {', '.join(KINDS)}.",
)
@click.argument("kind", type=click.Choice(list(KINDS)), metavar="KIND")
def import_template(kind: str) -> None:
    """Print a CSV file with the columns of a kind of document and one example row."""
    click.echo(template(KINDS[kind]), nl=False)


@command("import-file")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def import_file(file: Path) -> None:
    """Take in the queue that a handheld exported as a file."""
    with file.open("rb") as opened:
        taken = carried.take(opened, now_ms=now_ms())
    outcomes = ", ".join(f"{count} {outcome}" for outcome, count in taken.outcomes.items()) or "nothing new"
    click.echo(f"{counted(taken.events, 'event')} of {taken.name}: {outcomes}.")


COMMANDS = (import_, import_template, import_file)
