"""What the commands share: failures become one sentence, and facts name who typed the command."""

from __future__ import annotations

import getpass
import os
from collections.abc import Callable
from functools import wraps
from typing import Any

import click
import sqlalchemy as sa
from flask.cli import with_appcontext

from server import damage
from server.context import settings
from server.database import db, reading
from server.errors import Refusal
from server.staff import COMMAND_LINE
from server.tables import sites

_SENTENCES = (ValueError, LookupError, OSError)
"""Errors whose message is a sentence for whoever typed the command: all of ours are of these kinds."""
_NOT_SET_UP = "The database is not ready for this release: run `flask --app server init`."


def command(name: str, *, text: str | None = None) -> Callable[[Callable[..., None]], click.Command]:
    """Make a command of a function; what it raises for people is printed as a sentence, without a traceback.

    Args:
        text: the help, where it is not the function's docstring.
    """

    def make(function: Callable[..., None]) -> click.Command:
        @wraps(function)
        def run(*args: Any, **kwargs: Any) -> None:
            try:
                function(*args, **kwargs)
            except Refusal as refusal:
                raise click.ClickException(str(refusal.description)) from None
            except sa.exc.DatabaseError as error:
                if problems := damage.said_by(error):
                    raise click.ClickException(damage.sentence(problems)) from None
                if not isinstance(error, sa.exc.OperationalError | sa.exc.ProgrammingError):
                    raise
                raise click.ClickException(_sentence(error)) from None
            except BrokenPipeError:  # whoever reads has seen enough, as `head` has: click ends without a word
                raise
            except _SENTENCES as error:
                raise click.ClickException(str(error)) from None

        run.__doc__ = text or function.__doc__
        return click.command(name, click.Command)(with_appcontext(run))

    return make


def _sentence(error: sa.exc.DBAPIError) -> str:
    """What the database says; of a missing table, what to do."""
    told = str(error.orig).strip()
    if "no such" in told or ("does not exist" in told and isinstance(error, sa.exc.ProgrammingError)):
        return _NOT_SET_UP
    if "unable to open database file" in told:
        return f"{db.engine.url.database} cannot be opened: its folder has to be there, and open to this user."
    return f"The database says: {told}"


def counted(number: int, what: str) -> str:
    """So many of something: "1 row", "1,200 rows"."""
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def site() -> str:
    """The site that the commands are about.

    Raises:
        ValueError: there is no such site.
    """
    code = settings().site
    with reading() as connection:
        found = connection.execute(sa.select(sites.c.site).where(sites.c.site == code)).first()
    if found is None:
        raise ValueError(f"There is no site {code!r} in this database: SCAN_SITE names another one, or `sites add` it.")
    return code


def operator() -> str:
    """Who typed the command, as facts name them."""
    try:
        return f"{getpass.getuser()} {COMMAND_LINE}"
    except (KeyError, OSError):
        return f"uid {os.getuid()} {COMMAND_LINE}"
