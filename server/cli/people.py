"""`people`: who may sign in, for whoever has the machine but no admin's password."""

from __future__ import annotations

import sys
from collections.abc import Callable

import click
import sqlalchemy as sa

from server import staff, webhooks
from server.cli.command import command, operator, site
from server.context import now_ms
from server.database import reading, transact
from server.members import Member, list_members
from server.roles import PERSONAL
from server.staff import Change, NobodyError

_STDIN = click.option("--stdin", is_flag=True, help="Read the secret from standard input instead of asking for it.")


@command("list")
def list_() -> None:
    """Everybody of the site, by name: role, badge, and whether they may sign in."""
    with reading() as connection:
        for one in list_members(connection, site()):
            parts = [one.name, one.role, f"badge {one.badge}" if one.badge else "no badge"]
            parts += [] if one.console else ["no password"]
            parts += [] if one.active else ["may not sign in"]
            click.echo(" · ".join(parts))


@command("add")
@click.argument("name")
@click.option("--role", type=click.Choice(PERSONAL), required=True, help="What they may do.")
@click.option("--password", "ask", is_flag=True, help="Ask for a password, for the console.")
@_STDIN
def add(*, name: str, role: str, ask: bool, stdin: bool) -> None:
    """Let someone in. Without a password they sign in at handhelds alone, once `badge` has given them one."""
    word = _secret("Password", stdin=stdin) if ask or stdin else None
    change = _change()
    transact(
        lambda c: staff.add_person(
            c, site=change.site, name=name, role=role, password=word, by=change.by, now_ms=change.now_ms
        )
    )
    click.echo(f"{name} is in, as {role}.")


@command("role", text=f"Give someone another role: {', '.join(PERSONAL)}.")
@click.argument("name")
@click.argument("role", type=click.Choice(PERSONAL), metavar="ROLE")
def role_(*, name: str, role: str) -> None:
    """Give someone another role."""
    _edit(name, lambda c, number, change: staff.change_role(c, number, role, change))
    click.echo(f"{name} is {role} from now on.")


@command("badge")
@click.argument("name")
@click.argument("badge", required=False)
@click.option("--take-back", is_flag=True, help="Take the badge back.")
@_STDIN
def badge_(*, name: str, badge: str | None, take_back: bool, stdin: bool) -> None:
    """Give someone a badge and a PIN; without BADGE, another PIN for the badge that they have."""
    if take_back:
        _edit(name, lambda c, number, change: staff.set_badge(c, number, None, None, change))
        click.echo(f"{name} has no badge now.")
        return
    code = badge or _member(name).badge
    if code is None:
        raise ValueError(f"{name} has no badge yet: name one.")
    pin = _secret("PIN", stdin=stdin)
    _edit(name, lambda c, number, change: staff.set_badge(c, number, code, pin, change))
    click.echo(f"{name} signs in with badge {_member(name).badge}. Handhelds learn it at their next sync.")


@command("password")
@click.argument("name")
@_STDIN
def password_(*, name: str, stdin: bool) -> None:
    """Give someone a new password for the console; it ends each of their sessions."""
    word = _secret("Password", stdin=stdin)
    _edit(name, lambda c, number, change: staff.set_password(c, number, word, change))
    click.echo(f"{name} has a new password.")


@command("deactivate")
@click.argument("name")
def deactivate(*, name: str) -> None:
    """Let someone in no longer. What they did stays."""
    _edit(name, lambda c, number, change: staff.set_active(c, number, active=False, change=change))
    one = _member(name)
    with reading() as connection:
        left = webhooks.left_behind(connection, (one.home, *one.also), name)
    click.echo(f"{name} may sign in no longer.{left}")


@command("reactivate")
@click.argument("name")
def reactivate(*, name: str) -> None:
    """Let someone in again."""
    _edit(name, lambda c, number, change: staff.set_active(c, number, active=True, change=change))
    click.echo(f"{name} may sign in again.")


@command("sites")
@click.argument("name")
@click.argument("codes", nargs=-1)
def sites_(*, name: str, codes: tuple[str, ...]) -> None:
    """Let someone into these sites beside their own; into none where none is named."""
    _edit(name, lambda c, number, change: staff.let_into(c, number, codes, change))
    click.echo(f"{name} is let into {', '.join(codes) or 'no other site'}.")


def _change() -> Change:
    return Change(site=site(), by=operator(), now_ms=now_ms())


def _edit(name: str, write: Callable[[sa.Connection, int, Change], None]) -> None:
    number, change = _member(name).id, _change()
    transact(lambda connection: write(connection, number, change))


def _member(name: str) -> Member:
    with reading() as connection:
        for one in list_members(connection, site()):
            if one.name == name:
                return one
    raise NobodyError(f"There is nobody named {name!r}: `people list` shows who there is.")


def _secret(what: str, *, stdin: bool) -> str:
    """A secret that stands neither in the shell's history nor on the screen."""
    if not stdin:
        return str(click.prompt(what, hide_input=True, confirmation_prompt=True))
    word = sys.stdin.readline().rstrip("\r\n")
    if not word:
        raise ValueError(f"There is no {what.lower()} on standard input.")
    return word


people = click.Group(
    "people",
    commands=(list_, add, role_, badge_, sites_, password_, deactivate, reactivate),
    help="Who may sign in, as what, with which badge.",
)
COMMANDS = (people,)
