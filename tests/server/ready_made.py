"""Servers for tests, which need thousands: their routes, views and templates are made once.

Making them takes a fifth of a second, longer than most tests, and they know nothing of settings. A test that adds a
route, or trusts a proxy, calls `create_app` for a server of its own.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from copy import copy
from functools import cache
from typing import Any, Final

from flask import Flask
from flask.config import Config

import server
from server import config
from server.database import db
from tests.server import ready_statements

COUNTING: Final = ("pace", "figures")
"""What a server remembers of its requests: each begins with nothing."""


def create_app(overrides: Mapping[str, Any], *, now_ms: Callable[[], int]) -> Flask:
    """A server like that of `server.create_app`, on a database, a folder and a clock of its own."""
    if "TRUSTED_PROXIES" in overrides:
        return server.create_app(overrides, now_ms=now_ms)
    made, settings = _made(), config.load(overrides)
    app = copy(made)
    app.instance_path = str(settings.instance)
    app.config = Config(made.config.root_path, made.config)
    app.extensions = made.extensions | {name: type(made.extensions[name])() for name in COUNTING}
    del app.extensions["sqlalchemy"]
    app.teardown_appcontext_funcs = app.teardown_appcontext_funcs[:-1]  # the database's, which comes again
    app.shell_context_processors = app.shell_context_processors[:-1]
    server._configure(app, settings, now_ms)
    app.config.update({name: value for name, value in overrides.items() if name not in config.NAMES})
    server._connect(app)
    with app.app_context():
        ready_statements.share(db.engine)
    return app


@cache
def _made() -> Flask:
    with tempfile.TemporaryDirectory() as folder:
        return server.create_app({"DATABASE_URL": "sqlite://", "INSTANCE": folder, "SECRET_KEY": "test"})
