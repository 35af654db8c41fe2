"""The server: `create_app` builds it, and nothing happens before."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import click
from flask import Flask, Response
from flask_wtf.csrf import CSRFProtect
from werkzeug.middleware.proxy_fix import ProxyFix

from server import api, cli, config, context, database, errors, gate, health, metrics, pace, people, web

_HEADERS = {
    # No inline script or style, nothing from elsewhere, no frame, no form that posts elsewhere.
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}


class _Tokens(CSRFProtect):
    """The tokens of forms, which another system's key makes needless."""

    def protect(self, apply_exemptions: Any = False) -> None:  # noqa: FBT002  # its own
        if not people.came_by_key():
            super().protect(apply_exemptions=apply_exemptions)  # type: ignore[no-untyped-call]  # Flask-WTF has no types


def create_app(overrides: Mapping[str, Any] | None = None, *, now_ms: context.Clock = context.wall_clock) -> Flask:
    """One server.

    Args:
        overrides: settings of `server/config.py` by name (`DATABASE_URL`), over those of the environment; what
            is no setting goes to Flask's own configuration (`TESTING`).
        now_ms: the clock, Unix milliseconds.

    Raises:
        SettingError: a setting does not fit.
    """
    try:
        return _build(overrides, now_ms)
    except config.SettingError as wrong:
        if click.get_current_context(silent=True) is None:
            raise
        # At the command line; Flask's would print a traceback before its help, or that there is no such command.
        raise SystemExit(f"Error: {wrong}") from None


def _build(overrides: Mapping[str, Any] | None, now_ms: context.Clock) -> Flask:
    settings = config.load(overrides)
    app = Flask(
        __name__, instance_path=str(settings.instance), static_folder="web/static", template_folder="web/templates"
    )
    app.url_map.merge_slashes = False  # a canonical name holds `https://`
    _configure(app, settings, now_ms)
    app.config.update({name: value for name, value in (overrides or {}).items() if name not in config.NAMES})
    _connect(app)
    pace.register(app)  # before anything is looked up for whoever asks
    people.register(app)  # before the token for changes is asked for: who is not signed in hears that first
    _Tokens(app)  # type: ignore[no-untyped-call]
    for part in (errors, gate, health, metrics, web, api, cli):
        part.register(app)
    app.after_request(_harden)
    if settings.trusted_proxies:
        n = settings.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=n, x_proto=n, x_host=n)  # type: ignore[method-assign]
    return app


def _configure(app: Flask, settings: config.Settings, now_ms: context.Clock) -> None:
    url = config.database_url(settings)
    app.config.update(
        SETTINGS=settings,
        NOW_MS=now_ms,
        SECRET_KEY=config.secret_key(settings),
        SQLALCHEMY_DATABASE_URI=url,
        SQLALCHEMY_ENGINE_OPTIONS=database.engine_options(url),
        SESSION_COOKIE_NAME="scan_session",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=settings.secure_cookies,
        PERMANENT_SESSION_LIFETIME=timedelta(hours=settings.session_hours),
        WTF_CSRF_TIME_LIMIT=None,  # the token lives as long as the session
        WTF_CSRF_SSL_STRICT=False,  # programs send no Referer; the token and SameSite say where a form comes from
        MAX_FORM_PARTS=100,
    )


def _connect(app: Flask) -> None:
    database.db.init_app(app)
    with app.app_context():
        database.prepare(database.db.engine)


def _harden(response: Response) -> Response:
    for name, value in _HEADERS.items():
        response.headers.setdefault(name, value)
    response.headers.setdefault("Cache-Control", "no-store")
    return response
