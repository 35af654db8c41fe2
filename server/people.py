"""People at the console: passwords, sign-in, and the one decorator that says what a view asks for."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any, Final, TypeVar

import sqlalchemy as sa
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from flask import Flask, current_app, g, request, session
from flask_login import LoginManager, UserMixin, current_user, login_user, logout_user

from server import context, ended_sessions, failed_tries, integrations
from server.database import reading, transact
from server.errors import Refusal
from server.roles import INTEGRATION, Task, may
from server.tables import people

SITE_CHOSEN: Final = "site"
NO_PASSWORD: Final = "!"  # noqa: S105  # no secret: it says that there is none
"""Stands for the hash of those who work at handhelds alone: nothing matches it."""
PASSWORD_LENGTH_MIN: Final = 12
PASSWORD_LENGTH_MAX: Final = 200
KEYED_PATHS: Final = "/api/"
"""Where another system's key is looked at. The console is for people."""

View = TypeVar("View", bound=Callable[..., Any])

HASHES_AT_ONCE: Final = 2
"""Each takes 64 MiB for a moment: a crowd at the sign-in waits in line instead of emptying the memory."""

_hashing: Final = threading.BoundedSemaphore(HASHES_AT_ONCE)
_hasher: Final = PasswordHasher()  # argon2id with the parameters of RFC 9106, 4 (second recommended option)


@dataclass(frozen=True, slots=True, kw_only=True)
class Person(UserMixin):
    """Someone who is signed in."""

    id: int
    site: str
    """At which they work just now."""
    name: str
    role: str
    session_key: str
    """Changes with the password and with `session_mark`, so that a new one of either ends every session."""
    sites: tuple[str, ...] = ()
    """Every site that they are let into, their own first."""
    opens: frozenset[Task] | None = None
    """Of another system: what its key opens. None for a person, whose role says it."""

    @property
    def everywhere(self) -> tuple[str, ...]:
        """Every site that they are let into, the one at which they work just now first."""
        return (self.site, *(site for site in self.sites if site != self.site))

    def get_id(self) -> str:
        return f"{self.id}.{self.session_key}"

    def may(self, task: Task) -> bool:
        return may(self.role, task) and (self.opens is None or task in self.opens)

    def need(self, task: Task) -> None:
        """Raises Refusal: 403, they may not."""
        if not self.may(task):
            raise Refusal(403, "forbidden", self.lacks(task))

    def lacks(self, task: Task) -> str:
        """Why they may not, and what to do about it, in sentences."""
        if self.opens is None:
            return f"Your role ({self.role}) does not include this ({task}). Ask someone whose role does."
        other = "take one that has it" if may(INTEGRATION, task) else "no key has it, a person signs in for this"
        return f"This key lacks the task '{task}': {other}."


def register(app: Flask) -> None:
    """Give this app its sign-in; what `requires` marks is guarded before the bodies of requests are read."""
    app.before_request(_admit)
    manager = LoginManager(app)  # type: ignore[no-untyped-call]  # Flask-Login has no types
    manager.user_loader(_load)  # type: ignore[no-untyped-call]


def _load(session_id: str) -> Person | None:
    person = _of_session(session_id)
    if person is None:
        session.clear()  # else each answer would give a dead cookie a new date
    return person


def _of_session(session_id: str) -> Person | None:
    number, _, session_key = session_id.partition(".")
    if not (number.isascii() and number.isdigit() and len(number) <= 18):
        return None
    with reading() as connection:
        standing = ended_sessions.standing(now_ms=context.now_ms())
        found = _read(connection, (people.c.id == int(number)) & standing)
    if found is None or _person(found).session_key != session_key:
        return None
    return _person(found)


def _read(connection: sa.Connection, where: Any) -> Any:
    return connection.execute(sa.select(people).where(where, people.c.active)).one_or_none()


def _person(row: Any) -> Person:
    key = hashlib.sha256(f"{row.session_mark or ''}{row.password_hash}".encode()).hexdigest()[:16]
    let_into = (row.site, *row.also)
    chosen = session.get(SITE_CHOSEN)
    site = chosen if isinstance(chosen, str) and chosen in let_into else row.site
    return Person(id=row.id, site=site, name=row.name, role=row.role, session_key=key, sites=let_into)


def choose_site(person: Person, site: str) -> None:
    """Work at another site from here on, in this session.

    Raises:
        Refusal: 404, there is none that they are let into.
    """
    if site not in person.sites:
        raise Refusal(404, "not_found", f"You are not let into the site {site!r:.40}. Ask an admin of your own site.")
    session[SITE_CHOSEN] = site


def hash_password(password: str) -> str:
    """The password as it is stored (argon2id).

    Raises:
        ValueError: it is too short or too long.
    """
    if not PASSWORD_LENGTH_MIN <= len(password) <= PASSWORD_LENGTH_MAX:
        raise ValueError(
            f"A password takes {PASSWORD_LENGTH_MIN} to {PASSWORD_LENGTH_MAX} characters; this has {len(password)}."
        )
    return _hasher.hash(password)


@cache
def _nobodys_hash() -> str:
    """Checked for a name that does not exist, so that the time taken does not tell."""
    return _hasher.hash("nobody has this password")


def sign_in(name: str, password: str, *, now_ms: int) -> Person:
    """Sign the person in for this browser session.

    Raises:
        Refusal: 401, name and password do not match; 429, too many tries did not.
    """
    tried = failed_tries.tried("password", name.casefold())
    failed_tries.check(tried, now_ms)
    with reading() as connection:
        row = _read(connection, people.c.name == name)
    has_one = row is not None and row.password_hash != NO_PASSWORD
    if not _matches(row.password_hash if has_one else _nobodys_hash(), password) or not has_one:
        failed_tries.failed(tried, now_ms)
        raise Refusal(401, "sign_in", "The name and the password do not match.")
    failed_tries.succeeded(tried)
    person = _person(row)
    session.clear()  # whatever the browser carried before belongs to somebody else
    session.permanent = True
    ended_sessions.begin(now_ms=now_ms)
    login_user(person)  # type: ignore[no-untyped-call]
    return person


def _matches(hashed: str, password: str) -> bool:
    try:
        with _hashing:
            return len(password) <= PASSWORD_LENGTH_MAX and _hasher.verify(hashed, password)
    except (VerificationError, InvalidHashError):
        return False


def requires(task: Task) -> Callable[[View], View]:
    """Let only people through who are signed in and whose role includes the task; `_admit` reads the mark."""

    def mark(view: View) -> View:
        view.task = task  # type: ignore[attr-defined]
        return view

    return mark


def asks_for(view: Callable[..., Any]) -> Task | None:
    """The task that a view asks for with `requires`, also through decorators around it; None where it asks for none."""
    found = getattr(view, "task", None)
    return found if isinstance(found, Task) else None


def _admit() -> None:
    """Ask who it is before anything that was sent is looked at: a stranger learns nothing, also not of mistakes."""
    g.keyed = None
    task = asks_for(current_app.view_functions.get(request.endpoint or "", _admit))
    if task is None:
        return
    if request.path.startswith(KEYED_PATHS):
        g.keyed = _of_key(request.headers.get("Authorization", ""))
    signed_in().need(task)


def _of_key(authorization: str) -> Person | None:
    """The other system whose key came along; None where none did.

    Raises:
        Refusal: 401, it opens nothing; 429, too many did.
    """
    scheme, _, key = authorization.partition(" ")
    if scheme.lower() != "bearer":
        return None
    now_ms, tried = context.now_ms(), failed_tries.tried("key", key.strip())
    failed_tries.check(tried, now_ms)
    with reading() as connection:
        found = integrations.find(connection, key.strip())
    if found is None:
        failed_tries.failed(tried, now_ms)
        raise Refusal(
            401,
            "sign_in",
            "This key opens nothing: it is wrong, or it was revoked. An administrator makes another one.",
        )
    if found.used_ms is None or now_ms - found.used_ms >= integrations.USED_EVERY_MS:
        transact(lambda connection: integrations.used(connection, found.id, now_ms))
    name = f"{INTEGRATION}:{found.name}"
    return Person(id=-found.id, site=found.site, name=name, role=INTEGRATION, session_key="", opens=found.tasks)


def came_by_key() -> bool:
    """Whether another system asks, with its key: no other site's page can send that, so it needs no token."""
    return g.get("keyed") is not None


def whoever() -> Person | None:
    """Who is signed in, if anyone is; or the other system whose key came along."""
    keyed = g.get("keyed")
    if isinstance(keyed, Person):
        return keyed
    found = current_user._get_current_object()  # noqa: SLF001  # Flask-Login shows it only behind a proxy
    return found if isinstance(found, Person) else None


def signed_in() -> Person:
    """Who is signed in; only behind `requires`."""
    person = whoever()
    if person is None:
        raise Refusal(401, "sign_in", "Sign in first.")
    return person


def sign_out() -> None:
    """End this session, for whoever has a copy of its cookie too."""
    now_ms = context.now_ms()
    transact(lambda connection: ended_sessions.end(connection, now_ms=now_ms))
    logout_user()  # type: ignore[no-untyped-call]
    session.clear()
