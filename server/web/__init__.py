"""The console: plain pages rendered here, usable by keyboard, by wedge scanner and on a phone.

Every module in this folder is taken in: a page is one file (see `navigation`).
"""

from __future__ import annotations

from flask import Flask

from server.web import navigation, wording
from server.web.pages import blueprint


def register(app: Flask) -> None:
    """Add the console's pages and the words they use to this app."""
    navigation.register(app)  # imports every page, so that the blueprint has them all
    app.register_blueprint(blueprint)
    wording.register(app)
