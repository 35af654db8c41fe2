"""Probes: is the process alive, and can it take scans?"""

from __future__ import annotations

import sqlalchemy as sa
from flask import Blueprint, Flask

from server import context
from server.database import reading
from server.errors import Refusal

blueprint = Blueprint("health", __name__)


def register(app: Flask) -> None:
    """Add the probes to this app."""
    app.register_blueprint(blueprint)


@blueprint.get("/healthz")
def alive() -> dict[str, str]:
    """The process answers."""
    return {"status": "alive"}


@blueprint.get("/readyz")
def ready() -> dict[str, str]:
    """The database answers and is set up; 503 where it does not."""
    try:
        with reading() as connection:
            context.identity(connection)
    except sa.exc.DBAPIError:
        raise Refusal(
            503,
            "unavailable",
            "The database does not answer, or was not set up: start it, or run `flask --app server init`.",
        ) from None
    return {"status": "ready"}
