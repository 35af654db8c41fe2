"""The console: plain pages rendered here, usable by keyboard, by wedge scanner and on a phone."""

from __future__ import annotations

from flask import Flask

from server.web import cases, counts, handhelds, overview, set_aside, signing_in, units, wording
from server.web.pages import blueprint

PAGES = (
    ("web.overview", "Home"),
    ("web.cases", "Cases"),
    ("web.counts", "Counts"),
    ("web.handhelds", "Handhelds"),
    ("web.set_aside", "Set aside"),
)


def register(app: Flask) -> None:
    """Add the console's pages and the words they use to this app."""
    app.register_blueprint(blueprint)
    wording.register(app)
    app.context_processor(lambda: {"pages": PAGES})


__all__ = ["cases", "counts", "handhelds", "overview", "register", "set_aside", "signing_in", "units"]
