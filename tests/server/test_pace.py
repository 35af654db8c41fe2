"""Whoever floods the server is told to wait; nobody else waits for them."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.test import create_environ
from werkzeug.wrappers import Response

from server.pace import ADDRESSES_MAX, MINUTE_MS, Pace, asking_address
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


@pytest.mark.parametrize(
    ("proxies", "peer", "header", "counted"),
    [
        (0, "127.0.0.1", "", None),  # a proxy that says for nobody
        (0, "::1", "", None),
        (0, "::ffff:127.0.0.1", "", None),  # where it listens at ::
        (1, "127.0.0.1", "", None),  # asked on this machine, past the proxy
        (1, "127.0.0.1", FAR, FAR),
        (1, "127.0.0.1", "2001:db8:0:1::7", "2001:db8:0:1::/64"),
        (1, NEAR, "127.0.0.1", "127.0.0.1"),  # only a header says so
        (1, NEAR, "::1", "::/64"),
        (1, NEAR, "no address", NEAR),
        (0, NEAR, "127.0.0.1", NEAR),
        (0, "::ffff:10.1.2.3", "", FAR),
        (0, "2001:db8:0:1:a:b:c:d", "", "2001:db8:0:1::/64"),
        (0, "2001:db8:0:1::", "", "2001:db8:0:1::/64"),
        (0, "2001:db8:0:2::", "", "2001:db8:0:2::/64"),
        (0, "fe80::7%eth0", "", "fe80::/64"),
    ],
)
def test_whoever_can_take_many_addresses_counts_as_one_and_nobody_passes_for_this_machine(
    proxies: int, peer: str, header: str, counted: str | None
) -> None:
    environ = create_environ(environ_base={"REMOTE_ADDR": peer}, headers={"X-Forwarded-For": header} if header else {})
    if proxies:
        list(ProxyFix(Response(), x_for=proxies)(environ, lambda *_: lambda _: None))
    with Flask(__name__).request_context(environ):
        assert asking_address() == counted


def test_who_reaches_the_port_past_the_proxy_does_not_pass_for_this_machine(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'x.sqlite3'}"
    with running_server(url, tmp_path, REQUESTS_PER_MINUTE=3, TRUSTED_PROXIES=1) as app:
        asked = {"environ_overrides": {"REMOTE_ADDR": FAR}, "headers": {"X-Forwarded-For": "127.0.0.1"}}
        assert [app.test_client().get("/healthz", **asked).status_code for _ in range(4)] == [200, 200, 200, 429]


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
