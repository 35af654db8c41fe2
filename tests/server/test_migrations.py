"""The schema's versions lead to the tables of today, on both databases."""

from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from server import migrations
from server.context import settings
from server.database import db, reading, writing
from server.migrations import NewerDatabase
from server.setup import SetUpError, is_ready, set_up
from server.tables import people, server_state
from tests.server.office import NOW, bare, office, rows
from tests.server.running import PASSWORD


def test_an_empty_database_gets_the_tables_that_the_program_works_with(new_database_url: str, tmp_path: Path) -> None:
    with bare(new_database_url, tmp_path):
        with writing() as c:
            assert migrations.upgrade(c) == (None, migrations.head())
        with reading() as c:
            context = MigrationContext.configure(c, opts={"compare_type": True, "compare_server_default": True})
            assert compare_metadata(context, db.metadata) == []


def test_indexes_hold_the_very_rows_that_the_program_asks_them_for(tmp_path: Path) -> None:
    """SQLite takes an index of some of the rows only for a question in its own words."""
    made = []
    for name in ("migrated", "today"):
        engine = sa.create_engine(f"sqlite:///{tmp_path / name}")
        with engine.begin() as c:
            if name == "migrated":
                migrations.upgrade(c)
            else:
                db.metadata.create_all(c)
            query = "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql LIKE '% WHERE %'"
            made.append(dict(tuple(row) for row in c.execute(sa.text(query))))
        engine.dispose()
    assert "ix_events_afterwards" in made[0]
    assert made[0] == made[1]


def test_a_database_that_is_up_to_date_is_left_alone(new_database_url: str, tmp_path: Path) -> None:
    with bare(new_database_url, tmp_path):
        for before in (None, migrations.head()):
            with writing() as c:
                assert migrations.upgrade(c)[0] == before


def test_a_database_of_a_newer_release_is_refused_untouched(new_database_url: str, tmp_path: Path) -> None:
    with bare(new_database_url, tmp_path):
        with writing() as c:
            migrations.upgrade(c)
            c.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
        with writing() as c, pytest.raises(NewerDatabase, match="version 9999, which this release does not know"):
            migrations.upgrade(c)


def test_setting_up_twice_makes_nothing_twice(new_database_url: str, tmp_path: Path) -> None:
    with bare(new_database_url, tmp_path):
        assert not is_ready()
        first = set_up(settings(), now_ms=NOW)
        assert is_ready()
        known = rows(server_state, "incarnation", "private_key"), rows(people, "name", "password_hash")
        second = set_up(settings(), now_ms=NOW, admin="other", password=PASSWORD)
        assert (first.made, first.admin, second.made, second.admin) == (True, "admin", False, None)
        assert first.password is not None
        assert len(first.password) >= 16
        assert (rows(server_state, "incarnation", "private_key"), rows(people, "name", "password_hash")) == known


def test_a_database_of_another_site_is_not_taken_over(new_database_url: str, tmp_path: Path) -> None:
    with office(new_database_url, tmp_path):
        pass
    with bare(new_database_url, tmp_path, SITE="north"), pytest.raises(SetUpError) as refused:
        set_up(settings(), now_ms=NOW)
    assert str(refused.value) == "This database keeps the stock of site 'main', and SCAN_SITE is 'north'."
