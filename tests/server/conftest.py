from collections.abc import Iterator

import pytest

from tests.server.site import site


@pytest.fixture
def warehouse(database_url: str) -> Iterator[str]:
    """An empty server's database, once on SQLite and once on PostgreSQL; its URL."""
    with site(database_url):
        yield database_url
