from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from tests.server.running import Handheld, Person, running_server, sign_in
from tests.server.site import site


@pytest.fixture
def warehouse(database_url: str) -> Iterator[str]:
    """An empty server's database, once on SQLite and once on PostgreSQL; its URL."""
    with site(database_url):
        yield database_url


@pytest.fixture
def app(database_url: str, tmp_path: Path) -> Iterator[Flask]:
    with running_server(database_url, tmp_path) as app:
        yield app


@pytest.fixture
def handheld(app: Flask) -> Handheld:
    return Handheld(app).enrol()


@pytest.fixture
def supervisor(app: Flask) -> Person:
    return sign_in(app, "supervisor")


@pytest.fixture
def admin(app: Flask) -> Person:
    return sign_in(app, "admin")
