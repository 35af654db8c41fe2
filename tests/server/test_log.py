"""What the server writes down of a failure holds nothing of the row that it failed with."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa

from server import create_app
from server.database import writing
from server.tables import devices
from tests.server.running import Handheld, running_server

SECRET = "secret-of-the-row"


class Unfit:
    """What no database can hold."""

    def __repr__(self) -> str:
        return SECRET


def without_its_key() -> str:
    with writing() as c:
        c.execute(devices.update().values(public_key=sa.null()))
    return ""


def of_no_type() -> str:
    with writing() as c:
        c.execute(sa.text("SELECT :x"), {"x": Unfit()})
    return ""


@pytest.mark.parametrize("fault", [without_its_key, of_no_type])
def test_a_failure_in_the_log_holds_no_secret(
    database_url: str, tmp_path: Path, caplog: pytest.LogCaptureFixture, fault: Callable[[], str]
) -> None:
    with running_server(database_url, tmp_path, make=create_app, TESTING=False) as app:
        Handheld(app).enrol(name=SECRET)
        app.add_url_rule("/api/v1/fault", view_func=fault)
        assert app.test_client().get("/api/v1/fault").status_code >= 400
    assert caplog.text.count("ERROR") + caplog.text.count("WARNING") > 0
    assert SECRET not in caplog.text
