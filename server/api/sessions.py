"""Signing in and out by API; the console's form does the same."""

from __future__ import annotations

from typing import Any

from flask_wtf.csrf import generate_csrf

from server import context, people
from server.api.resource import Resource
from server.people import Person, requires, signed_in
from server.roles import Task
from server.schemas import SessionSchema, SignInSchema

# Signing in needs no token: it takes JSON, which no form of another site can send.
resource = Resource("sessions", __name__, description="Who is signed in.", signed_views=("sign_in",))


@resource.post("/session")
@resource.arguments(SignInSchema)
@resource.response(201, SessionSchema)
def sign_in(asked: dict[str, str]) -> dict[str, Any]:
    """Sign in

    After five failures of a name, or fifty from an address, it answers 429 for some minutes.
    """
    return _shown(people.sign_in(asked["name"], asked["password"], now_ms=context.now_ms()))


@resource.get("/session")
@resource.response(200, SessionSchema)
@requires(Task.LOOK)
def show() -> dict[str, Any]:
    """Who is signed in, and the token for changes"""
    return _shown(signed_in())


@resource.delete("/session")
@resource.response(204)
@requires(Task.LOOK)
def sign_out() -> None:
    """Sign out"""
    people.sign_out()


def _shown(person: Person) -> dict[str, Any]:
    said = {name: getattr(person, name) for name in ("name", "role", "site", "sites")}
    return said | {"csrf_token": _token()}


def _token() -> str:
    return str(generate_csrf())  # type: ignore[no-untyped-call]  # Flask-WTF has no types
