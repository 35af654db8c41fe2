"""`handhelds`, `code` and `revoke`: who is in use; let handhelds in, and out."""

from __future__ import annotations

import sys
from pathlib import Path

import click
import segno

from server import config, enrolment, queries
from server.cli.command import command, counted, operator, site
from server.cli.reports import moment
from server.context import now_ms, settings
from server.database import reading, writing
from server.enrolment import CODE_VALID_MS
from server.roles import PERSONAL

_MINUTE_MS = 60_000


@command("handhelds")
def list_handhelds() -> None:
    """Every handheld: role, when it was heard last, what waits on it, and whether its queue was copied."""
    with reading() as connection:
        found = queries.list_devices(connection, site())
        if not found:
            click.echo("No handheld is enrolled here yet: `code` makes a code for one.")
        for one in found:
            heard = f"heard {moment(one['last_seen_ms'])}" if one["last_seen_ms"] else "never heard"
            state = f"revoked {moment(one['revoked_ms'])}" if one["revoked_ms"] else heard
            click.echo(f"{one['name']} ({one['device_no']}) · {one['role']} · {state} · {one['waiting']} waiting")
            if one["copied_ms"] is not None:
                click.echo(
                    f"  copied, known since {moment(one['copied_ms'])}: two queues go on under this name, or it was put"
                    " back from an old copy; `cases --rule forked` shows where. Find each device that goes by it, sync"
                    " it, revoke it here, and enrol each anew with an empty folder (`enrol --home NEW`)."
                )
            if one["lacks"]:
                click.echo(
                    f"  {counted(one['lacks'], 'scan')} that it had made came neither here nor with the copy: look for"
                    " its newest folder or an exported file; else what was done then has to be scanned again."
                )


@command("code")
@click.option("--role", type=click.Choice(PERSONAL), required=True, help="What it is for, till somebody has a badge.")
@click.option("--minutes", default=CODE_VALID_MS // _MINUTE_MS, show_default=True, help="How long it is good.")
@click.option("--svg", type=click.Path(dir_okay=False, path_type=Path), help="Write the QR code to this SVG file.")
@click.option("--png", type=click.Path(dir_okay=False, path_type=Path), help="Write the QR code to this PNG file.")
def code(*, role: str, minutes: int, svg: Path | None, png: Path | None) -> None:
    """Make a one-time code with which one handheld can enrol, and show it as a QR code for its camera."""
    with writing() as connection:
        word = enrolment.new_code(
            connection, site=site(), role=role, operator=operator(), now_ms=now_ms(), valid_ms=minutes * _MINUTE_MS
        )
        invitation = enrolment.invitation(connection, word, config.addresses(settings()))
    qr = segno.make(invitation.text(), error="m", micro=False)
    if svg is not None:
        qr.save(str(svg), kind="svg", scale=6)
    if png is not None:
        qr.save(str(png), kind="png", scale=6)
    if sys.stdout.isatty():
        qr.terminal(compact=True)
    click.echo(f"invitation: {invitation.text()}")
    trouble = config.unreachable(settings())
    if trouble:
        click.echo(trouble)
    click.echo(f"It lets one {role} in, within {minutes} min. Show the QR code to the new handheld's")
    click.echo("camera, or give it the whole line after `invitation:`, in quotes:")
    click.echo("python -m scanner_client enrol --code '...'")


@command("revoke")
@click.argument("number", type=int)
def revoke(*, number: int) -> None:
    """Trust a handheld no longer. What it still sends is kept apart, and believed only after a person looked."""
    with writing() as connection:
        changed = enrolment.revoke(connection, number=number, operator=operator(), now_ms=now_ms())
    click.echo(f"Handheld {number} is revoked." if changed else f"Handheld {number} was revoked before.")


COMMANDS = (list_handhelds, code, revoke)
