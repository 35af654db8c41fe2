import psutil
import psycopg
import pytest

from tests.postgres import Server, running_postgres

pytestmark = pytest.mark.postgres


def _connect(url: str) -> psycopg.Connection:
    return psycopg.connect(url.replace("+psycopg", "", 1))


def test_a_committed_row_outlives_a_killed_database_server(postgres: Server, new_postgres_url: str) -> None:
    with _connect(new_postgres_url) as connection:
        connection.execute("CREATE TABLE cartons (sscc text)")
        connection.execute("INSERT INTO cartons VALUES ('106141411234567897')")
    postgres.kill()
    with pytest.raises(psycopg.OperationalError):
        _connect(new_postgres_url)
    postgres.start()
    with _connect(new_postgres_url) as connection:
        assert connection.execute("SELECT sscc FROM cartons").fetchall() == [("106141411234567897",)]


def test_a_kill_leaves_no_process_of_the_cluster_at_work(postgres: Server, new_postgres_url: str) -> None:
    assert postgres.process is not None
    with _connect(new_postgres_url):
        cluster = psutil.Process(postgres.process.pid).children()
        assert any("postgres: postgres" in " ".join(process.cmdline()) for process in cluster)
        postgres.kill()
    at_work = [p for p in cluster if p.is_running() and p.status() != psutil.STATUS_ZOMBIE]
    postgres.start()
    assert at_work == []


def test_each_test_has_an_empty_database_of_its_own(postgres: Server) -> None:
    with _connect(postgres.new_database("monday")) as connection:
        connection.execute("CREATE TABLE bins (name text)")
    with _connect(postgres.new_database("tuesday")) as connection:
        row = connection.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").fetchone()
    postgres.drop_database("monday")
    postgres.drop_database("tuesday")
    assert row == (0,)


def test_a_database_can_be_copied_from_a_template(postgres: Server) -> None:
    with _connect(postgres.new_database("site")) as connection:
        connection.execute("CREATE TABLE bins AS SELECT 'A-01-1' AS name")
    with _connect(postgres.new_database("copy", template="site")) as connection:
        rows = connection.execute("SELECT name FROM bins").fetchall()
    postgres.drop_database("copy")
    postgres.drop_database("site")
    assert rows == [("A-01-1",)]


def test_what_the_database_confirms_is_on_the_disk() -> None:
    with running_postgres() as server, _connect(server.url) as connection:
        settings = [
            connection.execute(f"SHOW {name}").fetchone()
            for name in ("fsync", "synchronous_commit", "full_page_writes")
        ]
    assert settings == [("on",), ("on",), ("on",)]
