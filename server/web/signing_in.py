"""Signing in and out."""

from __future__ import annotations

from typing import Any

from flask import redirect, render_template, request, url_for
from werkzeug import Response

from server import context, people
from server.errors import Refusal
from server.web.pages import blueprint


@blueprint.get("/sign-in")
def sign_in() -> Any:
    """The form."""
    if people.whoever() is not None:
        return redirect(_next())
    return render_template("sign_in.html", name="", message=None)


@blueprint.post("/sign-in")
def check_sign_in() -> Any:
    """Sign in, or say why not."""
    name, password = request.form.get("name", ""), request.form.get("password", "")
    try:
        people.sign_in(name, password, now_ms=context.now_ms())
    except Refusal as refusal:
        page = render_template("sign_in.html", name=name, message=refusal.description)
        return page, refusal.code, refusal.headers
    return redirect(_next())


def _next() -> str:
    """The page that was asked for before; only one of this console, never an address elsewhere."""
    wanted = request.args.get("next", "")
    elsewhere = not wanted.startswith("/") or wanted.startswith(("//", "/\\")) or not wanted.isprintable()
    return url_for("web.overview") if elsewhere else wanted


@blueprint.post("/sign-out")
def sign_out() -> Response:
    """Sign out."""
    people.sign_out()
    return redirect(url_for("web.sign_in"))
