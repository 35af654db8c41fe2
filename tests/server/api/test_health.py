from pathlib import Path

from flask import Flask

from server import create_app
from server.database import db
from tests.handheld import BIN_A, unit
from tests.server.running import Handheld, refusal


def test_a_server_that_is_set_up_is_alive_and_ready(app: Flask) -> None:
    client = app.test_client()
    assert client.get("/healthz").get_json() == {"status": "alive"}
    assert client.get("/readyz").get_json() == {"status": "ready"}


def test_a_server_without_its_tables_is_alive_but_not_ready(new_database_url: str, tmp_path: Path) -> None:
    app = create_app({"DATABASE_URL": new_database_url, "INSTANCE": tmp_path})
    client = app.test_client()
    assert client.get("/healthz").status_code == 200
    assert refusal(client.get("/readyz")) == (503, "unavailable")
    with app.app_context():
        db.engine.dispose()


def test_the_figures_count_scans_by_what_became_of_them(app: Flask, handheld: Handheld) -> None:
    handheld.scan("inspect", unit("A1"), location=BIN_A)
    handheld.chain.commit(b"{}")
    handheld.push()
    handheld.push()
    lines = app.test_client().get("/metrics").text.splitlines()
    for line in (
        'scan_events_total{outcome="accepted"} 1.0',
        'scan_events_total{outcome="duplicate"} 2.0',
        'scan_events_total{outcome="quarantined"} 1.0',
        "scan_push_seconds_count 2.0",
        'scan_cases_open{rule="unknown"} 1.0',
        "scan_devices 1.0",
        "scan_events_waiting 0.0",
        "scan_events_quarantined 1.0",
    ):
        assert line in lines, line
