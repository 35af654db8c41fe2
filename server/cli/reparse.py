"""`reparse`: read every kept label again by today's rules."""

from __future__ import annotations

import click

from server import naming, set_aside
from server.cli.command import command, counted, operator, site
from server.context import now_ms
from server.database import reading, transact
from server.naming import Names
from server.reparse import Survey, reparse, replayable

_STANDS = {
    "unclear": "would be asked about today, or say less than what is kept: that stands",
    "refused": "are taken by no label rule of today: what is kept stands",
}
_SAY_EVERY = 10_000


def _progress(done: int) -> None:
    if done and done % _SAY_EVERY < 200:
        click.echo(f"  {done:,} labels", err=True)


@command("reparse")
@click.option("--apply", is_flag=True, help="State what has changed, as new facts; without it nothing is written.")
@click.option("--replay", is_flag=True, help="With --apply: repair quarantined lines whose label can be read now.")
def reparse_(*, apply: bool, replay: bool) -> None:
    """Read every kept label again by today's label rules and site codes, and show what would change."""
    if replay and not apply:
        raise click.UsageError("--replay goes with --apply.")
    found = reparse(site(), apply=apply, operator=operator(), now_ms=now_ms(), progress=_progress)
    _tell(found, applied=apply)
    _offer(replay=replay)


def _tell(found: Survey, *, applied: bool) -> None:
    total = found.changed.total()
    click.echo(
        f"{counted(found.read, 'label')} read again: {found.read - total - found.stands.total():,} say the same."
    )
    with reading() as connection:
        keys = [key for shown in found.examples.values() for change in shown for key in (change.before, change.after)]
        names = naming.read(connection, site(), [key for key in keys if key])
    for why, number in found.changed.most_common():
        click.echo(f"{number:,} {'changed' if applied else 'would change'}: {why}")
        _examples(found, why, names)
    for finding, number in found.stands.most_common():
        click.echo(f"{number:,} {_STANDS[finding]}.")
        _examples(found, finding, names)
    for problem in found.problems:
        click.echo(problem)
    if applied:
        click.echo(f"{counted(found.applied, 'scan')} stated again; both readings stay in the trails.")
    elif total:
        click.echo("Nothing was written. `reparse --apply` does it.")


def _examples(found: Survey, why: str, names: Names) -> None:
    for change in found.examples.get(why, ()):
        after = f" -> {names(change.after).text} ({change.after})" if change.after else f": {change.why}"
        click.echo(f"  {change.event}  {names(change.before).text} ({change.before}){after}")


def _offer(*, replay: bool) -> None:
    with reading() as connection:
        offered = list(replayable(connection, site()))
    for line in offered:
        if replay:
            corrections = {"subject": line.subject}
            done = transact(
                lambda c, line=line, corrections=corrections: set_aside.repair(  # type: ignore[misc]
                    c, site=site(), name=line.event, corrections=corrections, operator=operator(), now_ms=now_ms()
                )
            )
            click.echo(f"{line.event} was set aside, and is repaired as {done}: {line.subject}")
        else:
            click.echo(f"{line.event} was set aside ({line.note}) and can be read now:")
            click.echo(f"  flask --app server quarantine repair {line.event} --set subject={line.subject}")
    if offered and not replay:
        click.echo("`reparse --apply --replay` repairs all of them.")


COMMANDS = (reparse_,)
