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

from server.context import settings
from server.documents import DocumentError
from server.errors import Refusal
from server.migrations import NewerDatabase
from server.setup import SetUpError
from server.tabular import TableError
from sync.protocol import ProtocolError

_SENTENCES = (TableError, DocumentError, SetUpError, NewerDatabase, ProtocolError, ValueError, OSError)
"""Errors whose message is a sentence for whoever typed the command."""


def command(name: str) -> Callable[[Callable[..., None]], click.Command]:
    """Make a command of a function; what it raises for people is printed as a sentence, without a traceback."""

    def make(function: Callable[..., None]) -> click.Command:
        @wraps(function)
        def run(*args: Any, **kwargs: Any) -> None:
            try:
                function(*args, **kwargs)
            except Refusal as refusal:
                raise click.ClickException(str(refusal.description)) from None
            except sa.exc.OperationalError as error:
                raise click.ClickException(f"The database does not answer: {error.orig}") from None
            except sa.exc.ProgrammingError as error:
                raise click.ClickException(
                    f"The database is not set up (flask --app server init): {error.orig}"
                ) from None
            except _SENTENCES as error:
                raise click.ClickException(str(error)) from None

        return click.command(name)(with_appcontext(run))

    return make


def site() -> str:
    """The site that the commands are about."""
    return settings().site


def operator() -> str:
    """Who typed the command, as facts name them."""
    try:
        return f"{getpass.getuser()} (command line)"
    except (KeyError, OSError):
        return f"uid {os.getuid()} (command line)"
