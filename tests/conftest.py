"""The databases and the browser that tests ask for by name."""

import os
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import NoReturn

import pytest
from playwright.sync_api import Browser, BrowserContext

from tests.browser import BrowserUnavailableError, running_browser
from tests.postgres import PostgresUnavailableError, Server, running_postgres

DATABASES = ("sqlite", pytest.param("postgres", marks=pytest.mark.postgres))

_database_numbers = count(1)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    """One PostgreSQL cluster for the whole run (of each parallel worker)."""
    try:
        with running_postgres() as server:
            yield server
    except PostgresUnavailableError as missing:
        _absent(str(missing))


@pytest.fixture
def postgres_url(postgres: Server) -> Iterator[str]:
    """SQLAlchemy's URL of a new, empty PostgreSQL database, dropped after the test."""
    name = f"test_{next(_database_numbers)}"
    yield postgres.new_database(name)
    postgres.drop_database(name)


@pytest.fixture(params=DATABASES)
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """SQLAlchemy's URL of a new, empty database: the test runs once on SQLite and once on PostgreSQL."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'warehouse.sqlite3'}"
    url = request.getfixturevalue("postgres_url")
    assert isinstance(url, str)
    return url


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """One Chromium for the whole run (of each parallel worker)."""
    try:
        with running_browser() as browser:
            yield browser
    except BrowserUnavailableError as missing:
        _absent(str(missing))


@pytest.fixture
def browser(chromium: Browser) -> Iterator[BrowserContext]:
    """A browser that nobody has used before: no cookies, no storage. Tests carry the `browser` marker."""
    with chromium.new_context() as context:
        context.set_default_timeout(10_000)
        yield context


def _absent(reason: str) -> NoReturn:
    """Skip on a developer's machine; fail where a skipped test would pass for a green one."""
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)
