"""Whatever a test leaves behind, the next one finds the tables of this release and no row."""

import psycopg
import pytest

from tests.postgres import libpq_url
from tests.server.ready_tables import NAME, Emptied

ROWS = "SELECT (SELECT count(*) FROM sites) + (SELECT count(*) FROM documents)"
VERSION = "SELECT version_num FROM alembic_version"
MANY_DOCUMENTS = """
    INSERT INTO documents (digest, site, kind, number, rows, folded_rows)
    SELECT n, 'main', 'asn', n, 0, 0 FROM generate_series(1, 5000) AS n
"""
A_SITE = "INSERT INTO sites (site, name, codes) VALUES ('main', 'Main', '{}')"


@pytest.mark.postgres
@pytest.mark.parametrize(
    "left",
    [
        A_SITE,
        MANY_DOCUMENTS,
        f"ALTER DATABASE {NAME} SET default_transaction_read_only = on",
        "DROP TABLE sites",
        "ALTER TABLE sites ADD COLUMN more text",
        "UPDATE alembic_version SET version_num = '9999'",
        "DROP TABLE alembic_version",
    ],
)
def test_the_next_test_finds_an_empty_database(emptied: Emptied, left: str) -> None:
    with psycopg.connect(libpq_url(emptied.url()), autocommit=True) as still_open:
        still_open.execute(left)
        with psycopg.connect(libpq_url(emptied.url())) as c:
            assert c.execute(ROWS).fetchone() == (0,)
            assert c.execute(VERSION).fetchone() != ("9999",)
            c.execute(A_SITE)
