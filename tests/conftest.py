"""The databases, the browser and the simulated shop that tests ask for by name."""

import os
from collections.abc import Iterator
from contextlib import closing
from itertools import count
from pathlib import Path
from typing import NoReturn

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.internal.conjecture import providers
from playwright.sync_api import Browser, BrowserContext

from tests.browser import PATIENCE_MS, BrowserUnavailableError, running_browser
from tests.postgres import PostgresUnavailableError, Server, running_postgres
from tests.server.ready_tables import Emptied, lay_file
from tests.simulation.shop.fixture import Shop, built, copied
from tests.simulation.shop.year import MONTH, YEAR

# The same code gets the same answer, whenever and wherever it is asked; `make fresh` looks for others.
# A machine that stands still for a moment says nothing about a test: how long an example takes is not judged.
UNTIMED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("same", UNTIMED, derandomize=True, database=None)
settings.register_profile("fresh", UNTIMED, derandomize=False, print_blob=True)
EXAMPLES = os.environ.get("EXAMPLES", "same")
settings.load_profile(EXAMPLES)
if EXAMPLES == "same":
    # Hypothesis also draws the constants of whatever modules of ours are loaded: with another test file beside it, or a
    # constant changed anywhere, a test would get other examples.
    pytest.MonkeyPatch().setattr(providers, "_get_local_constants", lambda: providers._local_constants)

DATABASES = ("sqlite", pytest.param("postgres", marks=pytest.mark.postgres))

_database_numbers = count(1)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    """One PostgreSQL cluster for the whole run (of each parallel worker)."""
    try:
        with running_postgres(durable=False) as server:
            yield server
    except PostgresUnavailableError as missing:
        _absent(str(missing))


@pytest.fixture(scope="session")
def emptied(postgres: Server) -> Iterator[Emptied]:
    with closing(Emptied(postgres)) as databases:
        yield databases


@pytest.fixture
def postgres_url(emptied: Emptied) -> str:
    """SQLAlchemy's URL of a PostgreSQL database with this release's tables and no row; one at a time."""
    return emptied.url()


@pytest.fixture
def new_postgres_url(postgres: Server) -> Iterator[str]:
    """SQLAlchemy's URL of a new PostgreSQL database without any table, dropped after the test."""
    name = f"test_{next(_database_numbers)}"
    yield postgres.new_database(name)
    postgres.drop_database(name)


@pytest.fixture(params=DATABASES)
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """SQLAlchemy's URL of a database with this release's tables and no row.

    The test runs once on SQLite and once on PostgreSQL.
    """
    if request.param == "sqlite":
        path = tmp_path / "warehouse.sqlite3"
        lay_file(path)
        return f"sqlite:///{path}"
    return _asked_for(request, "postgres_url")


@pytest.fixture(params=DATABASES)
def new_database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The same of a database without any table."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'warehouse.sqlite3'}"
    return _asked_for(request, "new_postgres_url")


def _asked_for(request: pytest.FixtureRequest, name: str) -> str:
    url = request.getfixturevalue(name)
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
        context.set_default_timeout(PATIENCE_MS)
        yield context


@pytest.fixture
def shop_year(tmp_path_factory: pytest.TempPathFactory, tmp_path: Path) -> Iterator[Shop]:
    """A copy of the ledger of a shop's year, more than 100,000 events, and the truth beside it (SQLite).

    It is built once in a run of tests, by the worker that asks first. Tests that ask for it share one worker, are
    marked slow and year, and run by `make year`, for it takes minutes to build. A story test opens the server on its
    copy, asks it, and then looks at the truth:

        def test_the_loop_units_are_found(shop_year: Shop) -> None:
            with shop_year.open() as app, reading() as c:
                found = returns.loops(c, SITE)
            assert set(found) == {r.unit for r in shop_year.truth.returns if ...}

    `tests/simulation/shop/` says what happens in it: `catalogue` (products, prices, costs, sales curves), `staff`,
    `desk` (returns), `mischief` (theft), `truth` (what is written down). To change what happens there, change it there.
    """
    with copied(built(_shared(tmp_path_factory), "shop_year", YEAR), tmp_path) as shop:
        yield shop


@pytest.fixture
def shop_month(tmp_path_factory: pytest.TempPathFactory, tmp_path: Path) -> Iterator[Shop]:
    """The same in small, for quick tests: a month, about 5,000 events."""
    with copied(built(_shared(tmp_path_factory), "shop_month", MONTH), tmp_path) as shop:
        yield shop


@pytest.fixture(params=["shop_month", pytest.param("shop_year", marks=pytest.mark.year)])
def simulated_shop(request: pytest.FixtureRequest) -> Shop:
    """One and the other: the story holds of a month in every run, and of the year in `make year`."""
    found = request.getfixturevalue(request.param)
    assert isinstance(found, Shop)
    return found


def _shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that all workers of this run share."""
    base = tmp_path_factory.getbasetemp()
    return base.parent if "PYTEST_XDIST_WORKER" in os.environ else base


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests on the simulated shop wait for it together, on one worker."""
    for item in items:
        if {"shop_year", "shop_month", "simulated_shop"} & set(getattr(item, "fixturenames", ())):
            if "shop_year" in getattr(item, "fixturenames", ()):
                item.add_marker(pytest.mark.year)
            item.add_marker(pytest.mark.slow)
            item.add_marker(pytest.mark.xdist_group("shop"))
            item.add_marker(pytest.mark.timeout(1_800 if item.get_closest_marker("year") else 300))


def _absent(reason: str) -> NoReturn:
    """Skip on a developer's machine; fail where a skipped test would pass for a green one."""
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)
