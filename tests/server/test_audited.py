"""Every act that changes something leaves a row in *Audit*.

Here it is read off the code, whether each endpoint and command has a way to say so in the ledger at all: that a new one
may not be without. That it takes this way is watched whenever a test asks one (`tests/server/audited.py`).
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Any

import click
import pytest
from flask import Flask

from server import audit, create_app, ledger
from server.database import reading, writing
from server.tables import sites
from tests.handheld import BIN_A, unit
from tests.server import audited
from tests.server.running import SITE, Handheld, Person, running_server

CHANGES_NOTHING = {
    "web.many": "shows what was ticked, to be decided at once",
    "count_opening.preview": "shows what a count would hold",
    "recalls.preview": "shows what a recall would reach",
    "web.go_to_site": "is about this session alone",
    "sites.choose": "is about this session alone",
    "web.check_sign_in": "lets somebody in who is known, or not",
    "sessions.sign_in": "lets somebody in who is known, or not",
    "web.sign_out": "ends this session alone",
    "sessions.sign_out": "ends this session alone",
    "handhelds.take_unread": audited.BY_THEMSELVES["handhelds.take_unread"],
    "pictures.take": audited.BY_THEMSELVES["pictures.take"],
}
"""Endpoints that are no GET and have nothing to say."""
ONLY_TELLS = {
    "people list", "sites list", "keys list", "webhooks list", "roles", "handhelds", "receipts", "recalls", "stolen",
    "cases", "trail", "warranty", "repairs", "import-template", "verify",
}  # fmt: skip
NOT_OF_A_WAREHOUSE = {
    "deliver-webhooks": audited.BY_THEMSELVES["deliver-webhooks"],
    "new-migration": "is for developers",
    "openapi print": "describes the API",
    "openapi write": "describes the API",
    "openapi list-config-prefixes": "describes the API",
}


def _names(code: CodeType) -> Iterator[str]:
    """What a function's code looks up by name, also in functions within it."""
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _names(constant)


def _called(function: Callable[..., Any]) -> Iterator[Callable[..., Any]]:
    """Functions and classes of the server that it may call: those it names, alone or behind their module."""
    if isinstance(function, type):
        yield from (member for member in vars(function).values() if isinstance(member, FunctionType))
        return
    plain = inspect.unwrap(getattr(function, "__func__", function))
    assert isinstance(plain, FunctionType)
    names = set(_names(plain.__code__))
    named = [plain.__globals__[name] for name in names if name in plain.__globals__]
    rooms = [vars(room) for room in named if isinstance(room, ModuleType) and room.__name__.startswith("server")]
    for found in [*named, *(room[name] for room in rooms for name in names if name in room)]:
        if isinstance(found, FunctionType | type) and found.__module__.startswith("server"):
            yield found


def _can_record(function: Callable[..., Any]) -> bool:
    """Whether some way leads from it to the one function that states a fact of the server's own."""
    seen: set[Callable[..., Any]] = set()
    waiting = [function]
    while waiting:
        looked_at = waiting.pop()
        if looked_at is ledger.record:
            return True
        if looked_at not in seen:
            seen.add(looked_at)
            waiting += _called(looked_at)
    return False


def _views(app: Flask) -> tuple[set[str], set[str]]:
    """Endpoints that only show, and those that may change something."""
    showing: set[str] = set()
    changing: set[str] = set()
    for rule in app.url_map.iter_rules():
        methods = (rule.methods or set()) - {"HEAD", "OPTIONS"}
        (showing if methods == {"GET"} else changing).add(rule.endpoint)
    return showing, changing - showing


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    folder: Path = tmp_path_factory.mktemp("audited")
    with running_server(f"sqlite:///{folder / 'audited.sqlite3'}", folder) as app:
        yield app


def test_every_endpoint_that_changes_something_can_say_so(server: Flask) -> None:
    _, changing = _views(server)
    silent = {name for name in changing if not _can_record(server.view_functions[name])}
    assert silent == CHANGES_NOTHING.keys()


def test_of_the_endpoints_that_only_show_hardly_any_could(server: Flask) -> None:
    """Else the search would find a way from everywhere, and say nothing."""
    showing, _ = _views(server)
    could = [name for name in showing if _can_record(server.view_functions[name])]
    assert len(could) < len(showing) / 10


def _commands(group: click.Group, *before: str) -> Iterator[tuple[str, Callable[..., Any]]]:
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from _commands(command, *before, name)
        else:
            assert command.callback is not None
            yield " ".join([*before, name]), command.callback


def test_every_command_that_changes_something_can_say_so(server: Flask) -> None:
    silent = {name for name, callback in _commands(server.cli) if not _can_record(callback)}
    assert silent == ONLY_TELLS | NOT_OF_A_WAREHOUSE.keys()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["rebuild", "--all"], "everything is folded anew from the ledger"),
        (["rebuild", unit("S1")], f"{unit('S1')} was folded anew from the ledger"),
        (["release-held"], "what was too new before, or what the server failed on, is read and told again"),
    ],
)
def test_who_looks_after_the_ledger_stands_in_the_audit(
    app: Flask, admin: Person, handheld: Handheld, words: list[str], said: str
) -> None:
    handheld.scan("put_away", unit("S1"), location=BIN_A)
    handheld.push()
    assert app.test_cli_runner().invoke(args=words).exit_code == 0
    with reading() as c:
        [entry] = audit.entries(c, SITE)
    assert (entry.action, entry.reason) == ("administer", said)
    assert entry.operator is not None
    assert said in admin.get("/audit").text


def _rename() -> str:
    with writing() as c:
        c.execute(sites.update().values(name="another"))
    return ""


def test_a_command_or_request_that_changes_something_and_says_nothing_is_found(tmp_path: Path) -> None:
    """The watch over all other tests fails where it should."""
    with running_server("sqlite://", tmp_path, make=create_app) as app:
        with (
            pytest.raises(AssertionError, match=r"^rename changed \['sites'\], and no fact"),
            audited.by_command("rename"),
        ):
            _rename()
        app.add_url_rule("/api/v1/rename", view_func=_rename)
        with pytest.raises(AssertionError, match=r"^_rename changed \['sites'\], and no fact says so"):
            app.test_client().get("/api/v1/rename")
