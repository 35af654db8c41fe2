from pathlib import Path

import itsdangerous
import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from server import failed_tries
from server.database import db, reading, writing
from server.ended_sessions import LIFETIMES_MAX
from server.failed_tries import OF_ADDRESS_MAX, OF_ONE_MAX, WINDOW_MS
from server.staff import add_person
from server.tables import ended_sessions, events, people
from tests.server.ready_made import create_app
from tests.server.running import NOW, PASSWORD, SITE, Client, Person, refusal, sign_in

HALL = "192.168.7.1"
HOUR_MS = 3_600_000
LIFETIME_MS = 12 * HOUR_MS
"""`SCAN_SESSION_HOURS`, where nothing sets it."""


def _try(app: Flask, name: str, password: str, address: str = HALL) -> tuple[int, str]:
    asked, environ = {"name": name, "password": password}, {"REMOTE_ADDR": address}
    answer = app.test_client().post("/api/v1/session", json=asked, environ_overrides=environ)
    return (201, "") if answer.status_code == 201 else refusal(answer)


def _run_clock(app: Flask, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The server's clock, to be put on; cookies are dated and judged by it too."""
    now = [NOW]
    app.config["NOW_MS"] = lambda: now[0]
    monkeypatch.setattr(itsdangerous.TimestampSigner, "get_timestamp", lambda _: now[0] // 1000)
    return now


def _sign_out(person: Person) -> None:
    person.client.delete("/api/v1/session", headers={"X-CSRFToken": person.token})


def _copied(app: Flask, client: FlaskClient) -> FlaskClient:
    """Another browser with a copy of this one's cookie, if it has one."""
    copy = app.test_client()
    if cookie := client.get_cookie("scan_session"):
        copy.set_cookie("scan_session", cookie.value)
    return copy


def _change(admin: Person, name: str, **wanted: object) -> None:
    with reading() as c:
        number = c.execute(sa.select(people.c.id).where(people.c.name == name)).scalar_one()
    headers = {"X-CSRFToken": admin.token}
    assert admin.client.patch(f"/api/v1/people/{number}", json=wanted, headers=headers).status_code == 200


def test_a_supervisor_signs_in_and_is_known(supervisor: Person) -> None:
    found = supervisor.get("/api/v1/session").get_json()
    assert (found["name"], found["role"], found["site"]) == ("supervisor", "supervisor", SITE)


def test_a_change_without_its_token_says_what_to_do(supervisor: Person) -> None:
    told = supervisor.client.post("/api/v1/labels", json={})
    assert (told.status_code, told.get_json()["message"]) == (
        400,
        "This session was open too long, or sent no token: sign in again and send the csrf_token as X-CSRFToken.",
    )
    assert "This page was open too long, or sent no token: load it again." in supervisor.client.post("/sign-out").text


def test_a_wrong_password_and_an_unknown_name_are_refused_alike(app: Flask) -> None:
    assert _try(app, "supervisor", "wrong") == _try(app, "nobody", "wrong") == (401, "sign_in")


def test_too_many_wrong_passwords_have_to_wait(app: Flask) -> None:
    for _ in range(OF_ONE_MAX):
        assert _try(app, "supervisor", "wrong") == (401, "sign_in")
    answer = app.test_client().post("/api/v1/session", json={"name": "supervisor", "password": PASSWORD})
    assert refusal(answer) == (429, "too_many")
    assert int(answer.headers["Retry-After"]) == 300


@pytest.mark.parametrize("address", [HALL, "127.0.0.1"])
def test_who_has_forgotten_their_password_locks_out_nobody_else_behind_the_same_address(
    app: Flask, address: str
) -> None:
    for _ in range(OF_ONE_MAX):
        assert _try(app, "supervisor", "wrong", address) == (401, "sign_in")
    assert _try(app, "supervisor", PASSWORD, address) == (429, "too_many")
    assert _try(app, "picker", PASSWORD, address) == (201, "")


def test_one_address_has_to_wait_after_many_wrong_passwords_whatever_the_name(app: Flask) -> None:
    for number in range(OF_ADDRESS_MAX):
        with app.test_request_context(environ_overrides={"REMOTE_ADDR": HALL}):
            failed_tries.failed(failed_tries.tried("password", f"name {number}"), NOW - 1)
    assert _try(app, "picker", PASSWORD) == (429, "too_many")
    assert _try(app, "picker", PASSWORD, "192.168.7.2") == (201, "")


def test_all_workers_of_a_server_count_failed_tries_together_and_forget_them_in_time(
    app: Flask, database_url: str, tmp_path: Path
) -> None:
    now = [NOW]
    another = create_app(
        {"DATABASE_URL": database_url, "INSTANCE": tmp_path / "another", "SECRET_KEY": "test", "TESTING": True},
        now_ms=lambda: now[0],
    )
    another.test_client_class = Client
    assert [_try(app, "supervisor", "wrong") for _ in range(3)] == [(401, "sign_in")] * 3
    assert [_try(another, "supervisor", "wrong")[0] for _ in range(3)] == [401, 401, 429]
    assert _try(app, "supervisor", PASSWORD) == (429, "too_many")
    now[0] += WINDOW_MS
    assert _try(another, "supervisor", PASSWORD) == (201, "")
    with another.app_context():
        db.engine.dispose()


def test_a_wrong_key_has_to_wait_after_some_tries_and_stops_no_other(app: Flask, admin: Person) -> None:
    def opens(key: str) -> int:
        return app.test_client().get("/api/v1/changes", headers={"Authorization": f"Bearer {key}"}).status_code

    made = admin.post("/api/v1/integrations", json={"name": "shop", "tasks": ["feed"]}).get_json()
    assert [opens("wrong") for _ in range(OF_ONE_MAX + 1)] == [401] * OF_ONE_MAX + [429]
    assert opens(made["key"]) == 200


def test_whoever_has_signed_out_is_out(supervisor: Person) -> None:
    answer = supervisor.client.delete("/api/v1/session", headers={"X-CSRFToken": supervisor.token})
    assert answer.status_code == 204
    assert refusal(supervisor.get("/api/v1/session")) == (401, "sign_in")


@pytest.mark.parametrize("out", ["the API", "the console"])
def test_a_copied_cookie_opens_nothing_after_its_owner_signed_out(app: Flask, out: str) -> None:
    admin, other = sign_in(app, "admin"), sign_in(app, "admin")
    thief = _copied(app, admin.client)
    assert thief.get("/api/v1/people").status_code == 200
    if out == "the API":
        admin.client.delete("/api/v1/session", headers={"X-CSRFToken": admin.token})
    else:
        admin.client.post("/sign-out", data={"csrf_token": admin.token})
    assert refusal(thief.get("/api/v1/people")) == (401, "sign_in")
    assert other.get("/api/v1/people").status_code == 200, "a session on another machine is not theirs to end"


@pytest.mark.parametrize("path", ["/api/v1/people", "/healthz"])
def test_a_copied_cookie_that_is_kept_warm_opens_nothing_however_long_ago_its_owner_signed_out(
    app: Flask, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    now = _run_clock(app, monkeypatch)
    owner = sign_in(app, "admin")
    thief = _copied(app, owner.client)
    _sign_out(owner)
    for _ in range(2 * LIFETIMES_MAX):
        now[0] += LIFETIME_MS - HOUR_MS
        thief.get(path)  # each answer may bring a cookie of a new date
        _sign_out(sign_in(app, "picker"))  # which forgets who signed out long ago
        assert refusal(_copied(app, thief).get("/api/v1/people")) == (401, "sign_in")


def test_a_session_ends_in_time_however_it_is_used(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    now = _run_clock(app, monkeypatch)
    admin = sign_in(app, "admin")
    until = now[0] + LIFETIMES_MAX * LIFETIME_MS
    while now[0] + HOUR_MS < until:
        now[0] += HOUR_MS
        assert admin.get("/api/v1/session").status_code == 200
    now[0] = until
    assert refusal(admin.get("/api/v1/session")) == (401, "sign_in")


def test_a_session_from_before_the_clock_was_put_back_is_over(app: Flask) -> None:
    admin = sign_in(app, "admin")
    app.config["NOW_MS"] = lambda: NOW - 1
    assert refusal(admin.get("/api/v1/session")) == (401, "sign_in")


def test_a_dead_cookie_is_taken_from_the_browser(app: Flask) -> None:
    admin = sign_in(app, "admin")
    with writing() as c:
        c.execute(people.update().where(people.c.name == "admin").values(active=False))
    assert admin.get("/api/v1/session").status_code == 401
    assert admin.client.get_cookie("scan_session") is None


def test_what_was_signed_out_is_forgotten_when_its_session_would_be_too_old_anyway(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = _run_clock(app, monkeypatch)
    long_ago = now[0] - LIFETIMES_MAX * LIFETIME_MS
    with writing() as c:
        rows = [{"digest": "too old", "ended_ms": long_ago}, {"digest": "not yet", "ended_ms": long_ago + 1}]
        c.execute(ended_sessions.insert(), rows)
    _sign_out(sign_in(app, "admin"))
    with reading() as c:
        kept = c.execute(sa.select(ended_sessions.c.digest)).scalars().all()
    assert (len(kept), "not yet" in kept, "too old" in kept) == (2, True, False)


def test_a_new_password_ends_every_session(supervisor: Person) -> None:
    with writing() as c:
        c.execute(people.update().where(people.c.name == "supervisor").values(password_hash="another"))
    assert refusal(supervisor.get("/api/v1/session")) == (401, "sign_in")


def test_whoever_has_left_is_out_at_once(supervisor: Person) -> None:
    with writing() as c:
        c.execute(people.update().where(people.c.name == "supervisor").values(active=False))
    assert refusal(supervisor.get("/api/v1/cases")) == (401, "sign_in")


def test_who_is_let_go_and_in_again_signs_in_again(app: Flask, admin: Person) -> None:
    picker = sign_in(app, "picker").client
    for active in (False, True):
        _change(admin, "picker", active=active)
        assert refusal(_copied(app, picker).get("/api/v1/session")) == (401, "sign_in")
    assert sign_in(app, "picker").get("/api/v1/session").status_code == 200


def test_another_role_ends_every_session_and_the_old_role_brings_none_back(app: Flask, admin: Person) -> None:
    before = []
    for role in ("receiver", "picker"):
        before.append(sign_in(app, "picker").client)
        _change(admin, "picker", role=role)
        for session in before:
            assert refusal(_copied(app, session).get("/api/v1/session")) == (401, "sign_in")


def test_a_change_without_the_token_is_refused(app: Flask) -> None:
    answer = sign_in(app, "admin").client.post("/api/v1/devices/codes", json={"role": "receiver"})
    assert answer.status_code == 400
    assert "CSRF" in answer.get_json()["message"]


def test_the_session_cookie_is_kept_from_scripts_and_other_sites(app: Flask) -> None:
    answer = app.test_client().post("/api/v1/session", json={"name": "admin", "password": PASSWORD})
    cookie = answer.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie


def test_a_picker_may_look_but_not_settle_import_or_enrol(app: Flask) -> None:
    picker = sign_in(app, "picker")
    assert picker.get("/api/v1/cases").status_code == 200
    case = {"unit": "u", "rule": "missing", "episode": "1.1.1", "resolution": "dismiss", "evidence": "e"}
    assert refusal(picker.post("/api/v1/cases/settle", json=case)) == (403, "forbidden")
    assert refusal(picker.post("/api/v1/documents?kind=products", data=b"gtin")) == (403, "forbidden")
    assert refusal(picker.post("/api/v1/devices/codes", json={"role": "receiver"})) == (403, "forbidden")
    assert refusal(picker.post("/api/v1/counts", json={"number": "C", "bins": ["A-01"]})) == (403, "forbidden")


def test_a_supervisor_may_not_enrol_handhelds(supervisor: Person) -> None:
    assert refusal(supervisor.post("/api/v1/devices/codes", json={"role": "receiver"})) == (403, "forbidden")


def test_an_added_person_is_a_fact_of_the_ledger(app: Flask) -> None:
    with writing() as c:
        add_person(c, site=SITE, name="Rosa", role="receiver", password="x" * 12, by="admin", now_ms=NOW)
        found = c.execute(sa.select(events.c.action, events.c.operator, events.c.reason)).all()
    assert [tuple(row) for row in found] == [("administer", "admin", "Rosa may sign in as receiver")]
    answer = app.test_client().post("/api/v1/session", json={"name": "Rosa", "password": "x" * 12})
    assert answer.status_code == 201
