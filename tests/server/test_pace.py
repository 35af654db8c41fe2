"""Whoever floods the server is told to wait; nobody else waits for them."""

from __future__ import annotations

from pathlib import Path

from flask import Flask

from server.pace import ADDRESSES_MAX, MINUTE_MS, Pace
from tests.server.running import refusal, running_server

FAR, NEAR = "10.1.2.3", "10.1.2.4"


def ask(app: Flask, address: str) -> int:
    return app.test_client().get("/healthz", environ_overrides={"REMOTE_ADDR": address}).status_code


def test_who_sends_too_many_requests_waits_and_nobody_else_does(tmp_path: Path) -> None:
    with running_server(f"sqlite:///{tmp_path / 'x.sqlite3'}", tmp_path, REQUESTS_PER_MINUTE=3) as app:
        assert [ask(app, FAR) for _ in range(4)] == [200, 200, 200, 429]
        assert [ask(app, NEAR), ask(app, "127.0.0.1")] == [200, 200]
        answer = app.test_client().get("/api/v1/session", environ_overrides={"REMOTE_ADDR": FAR})
        assert refusal(answer) == (429, "too_many")
        assert 0 < int(answer.headers["Retry-After"]) <= 60
        assert [ask(app, "127.0.0.1") for _ in range(9)] == [200] * 9


def test_a_minute_later_all_is_forgotten() -> None:
    pace = Pace()
    assert [pace.wait_ms(FAR, at, 2) for at in (0, 1, 2, MINUTE_MS)] == [0, 0, MINUTE_MS - 2, 0]


def test_a_clock_that_was_put_back_keeps_nobody_waiting() -> None:
    pace = Pace()
    assert [pace.wait_ms(FAR, at, 1) for at in (10 * MINUTE_MS, 0)] == [0, 0]


def test_addresses_without_end_take_no_memory_without_end() -> None:
    pace = Pace()
    for number in range(ADDRESSES_MAX + 100):
        pace.wait_ms(str(number), 0, 1)
    assert len(pace.counts) == ADDRESSES_MAX
