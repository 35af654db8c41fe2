"""What is refused, how it is said, and that nothing that anyone sends makes the server fail."""

import json
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from werkzeug.routing import AnyConverter, BaseConverter, IntegerConverter, Rule

from server import create_app
from server.database import db, reading
from server.gate import BODY_BYTES_MAX
from server.tables import events
from sync import protocol
from tests.handheld import BIN_A, DOCK, unit
from tests.server.running import Handheld, Person, refusal, running_server, sign_in


def test_a_wrong_method_names_the_right_ones(app: Flask) -> None:
    answer = app.test_client().get("/api/v1/sync")
    assert refusal(answer) == (405, "method_not_allowed")
    assert "POST" in answer.headers["Allow"]


def test_a_failure_of_the_api_is_a_word_and_a_sentence(app: Flask) -> None:
    answer = app.test_client().get("/api/v1/nothing")
    assert refusal(answer) == (404, "not_found")
    assert sorted(answer.get_json()) == ["code", "message"]


def test_a_failure_of_the_console_is_a_page(app: Flask) -> None:
    answer = app.test_client().get("/nothing")
    assert (answer.status_code, answer.mimetype) == (404, "text/html")


def test_what_a_field_lacks_is_said_by_its_name(app: Flask) -> None:
    answer = app.test_client().post(
        "/api/v1/enrol", json={"offer_key": "X", "public_key": "00", "name": "a", "epoch": 3.7}
    )
    assert refusal(answer) == (422, "not_valid")
    for field in ("public_key", "epoch", "client"):
        assert f"{field}: " in answer.get_json()["message"]


@pytest.mark.parametrize("word", ["a\tb", "bell \x07", "\U0008ba32"])
def test_words_that_no_event_can_hold_are_refused_with_a_sentence_and_nothing_is_taken(
    app: Flask, admin: Person, word: str
) -> None:
    admin.post("/api/v1/documents?kind=order", data="number,gtin,quantity\nSO-1,09506000134352,1\n")
    asked = admin.post("/api/v1/orders/SO-1/cancel", json={"reason": word})
    assert refusal(asked) == (422, "not_valid")
    assert "reason holds a character that cannot be printed" in asked.get_json()["message"]
    typed = admin.post("/order/cancel", data={"number": "SO-1", "reason": word})
    assert (typed.status_code, typed.mimetype) == (422, "text/html")
    assert "reason holds a character that cannot be printed" in typed.text
    with reading() as c:
        assert not c.execute(sa.select(events.c.seq).where(events.c.action == "cancel_order")).first()


def test_a_database_that_is_away_asks_for_patience(tmp_path: Path) -> None:
    app = create_app({"DATABASE_URL": "postgresql+psycopg://nobody@127.0.0.1:1/none", "INSTANCE": tmp_path})
    answer = app.test_client().get("/api/v1/server?nonce=" + "00" * 16)
    assert refusal(answer) == (503, "unavailable")
    assert int(answer.headers["Retry-After"]) > 0


@pytest.mark.postgres
def test_a_database_that_leads_no_more_asks_for_patience(postgres_url: str, tmp_path: Path) -> None:
    with running_server(postgres_url, tmp_path) as app:
        handheld = Handheld(app).enrol()
        handheld.scan("receive", unit("A1"), location=DOCK)
        with db.engine.begin() as c:
            c.execute(sa.text(f"ALTER DATABASE {db.engine.url.database} SET default_transaction_read_only = on"))
        db.engine.dispose()
        assert refusal(handheld.send(handheld.envelope())) == (503, "unavailable")


def _broken() -> str:
    return str(1 / 0)


def test_a_fault_of_our_own_tells_strangers_nothing(tmp_path: Path) -> None:
    app = create_app({"INSTANCE": tmp_path})
    app.add_url_rule("/api/v1/broken", view_func=_broken)
    app.add_url_rule("/broken", view_func=_broken)
    answer = app.test_client().get("/api/v1/broken")
    assert refusal(answer) == (500, "failed")
    assert "ZeroDivision" not in answer.text
    assert app.test_client().get("/broken").mimetype == "text/html"


@pytest.mark.parametrize("digits", [20, 5_000])
def test_a_number_of_many_digits_never_makes_the_server_fail(app: Flask, admin: Person, digits: int) -> None:
    numbered = [rule.rule for rule in _rules(app) if "<int:number>" in rule.rule]
    assert len(numbered) > 5
    for rule in numbered:
        address = rule.replace("<int:number>", "9" * digits)
        answers = [admin.get(address).status_code, admin.post(address, json={}).status_code]
        assert all(300 <= code < 500 for code in answers), (rule, answers)


@pytest.mark.parametrize("path", ["/api/v1/units/%00", "/api/v1/check?scan=%00", "/cases?rule=%00", "/scan?%00=1"])
def test_a_nul_in_an_address_is_refused(supervisor: Person, path: str) -> None:
    assert supervisor.get(path).status_code == 400


@pytest.mark.parametrize(
    "body",
    [
        b'{"name":"\\ud800","password":"x"}',
        b'{"name":"a\\u0000","password":"x"}',
        b"[" * 60_000,
        b"1" * 6_000,
        b'{"name": NaN, "password": "x"}',
        b"\xff\xfe",
        b"",
        b'{"a":' * 100 + b"1" + b"}" * 100,
    ],
)
def test_json_that_cannot_be_stored_is_refused(app: Flask, body: bytes) -> None:
    answer = app.test_client().post("/api/v1/session", data=body, content_type="application/json")
    assert refusal(answer) == (400, "bad_request")


def test_a_form_is_not_json(app: Flask) -> None:
    answer = app.test_client().post("/api/v1/session", data={"name": "admin", "password": "x"})
    assert refusal(answer) == (415, "media_type")


def test_a_body_over_the_limit_is_refused_at_every_address(app: Flask, admin: Person) -> None:
    rules = _rules(app, "POST")
    assert rules
    for rule in rules:
        most = getattr(app.view_functions[rule.endpoint], "body_bytes_max", BODY_BYTES_MAX)
        answer = admin.post(_path(rule, "1"), data=b"x" * (most + 1), content_type="application/json")
        assert answer.status_code == 413, rule


def test_a_long_query_is_refused(supervisor: Person) -> None:
    assert supervisor.get("/api/v1/check?scan=" + "1" * 9_000).status_code == 414


def _rules(app: Flask, method: str | None = None) -> list[Rule]:
    rules = [rule for rule in app.url_map.iter_rules() if method is None or method in (rule.methods or ())]
    return sorted(rules, key=lambda rule: (rule.rule, rule.endpoint))


def _path(rule: Rule, value: str) -> str:
    values: dict[str, Any] = {name: _fit(rule._converters[name], value) for name in rule.arguments}
    bound = rule.build(values)
    assert bound is not None
    return bound[1]


def _fit(converter: BaseConverter, value: str) -> Any:
    """The value, or one that this part of an address can hold: a number, small or too large, or one of some words."""
    if isinstance(converter, IntegerConverter):
        return NUMBERS[len(value) % len(NUMBERS)]
    return min(converter.items) if isinstance(converter, AnyConverter) else value


# What people and fuzzers put where something else was meant.
NUMBERS = (7, 0, 10**30)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)  # half a surrogate pair has no UTF-8
NAMES = st.sampled_from(
    ["01/09506000134352/21/A1", "1", "https://id.gs1.org/00/1", "urn:x", "..", "%", "'; DROP TABLE events", "ü" * 300]
) | TEXTS.map(lambda text: "x" + text)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=8,
)
FIELDS = st.sampled_from(
    [
        "name",
        "password",
        "code",
        "public_key",
        "epoch",
        "client",
        "unit",
        "rule",
        "episode",
        "resolution",
        "evidence",
        "role",
        "number",
        "bins",
        "blind",
        "status",
        "after",
        "limit",
        "scan",
        "symbology",
        "action",
        "nonce",
        "kind",
        "location",
        "container",
        "document",
        "dry_run",
        "next",
    ]
)
BODIES = (
    st.binary(max_size=200)
    | JSON.map(_dumps := lambda value: json.dumps(value).encode())
    | st.dictionaries(FIELDS, JSON, max_size=8).map(_dumps)
)
TYPES = st.sampled_from(
    (
        "application/json",
        "application/json; charset=utf-7",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "text/csv",
        protocol.MEDIA_TYPE,
        "",
    )
)
QUERIES = st.dictionaries(FIELDS, TEXTS, max_size=4)


def _tables() -> dict[str, int]:
    with reading() as connection:
        return {
            name: connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()
            for name, table in db.metadata.tables.items()
        }


@pytest.mark.parametrize("who", ["nobody", "admin"])
def test_nothing_that_is_sent_makes_the_server_fail(app: Flask, who: str) -> None:
    rules = [(rule, method) for rule in _rules(app) for method in sorted(rule.methods or ())]
    rules = [(rule, method) for rule, method in rules if rule.endpoint not in ("web.sign_out", "sessions.sign_out")]
    client: FlaskClient = app.test_client()
    headers: dict[str, str] = {}
    if who == "admin":
        person = sign_in(app, who)
        client, headers = person.client, {"X-CSRFToken": person.token}

    @settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.sampled_from(rules), NAMES, BODIES, TYPES, QUERIES)
    def send(place: tuple[Rule, str], name: str, body: bytes, content_type: str, query: dict[str, str]) -> None:
        rule, method = place
        answer = client.open(
            _path(rule, name), method=method, data=body, content_type=content_type, query_string=query, headers=headers
        )
        assert answer.status_code < 500, (rule, answer.text)

    before = _tables()
    send()
    if who == "nobody":
        assert _tables() == before


def test_any_bytes_signed_as_a_push_are_answered(app: Flask, handheld: Handheld) -> None:
    packed = st.binary(max_size=300).map(
        lambda text: protocol.pack(handheld.chain.push(1, 0, now_ms=0)[0], text.split(b"\n"))
    )

    @settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.binary(max_size=300) | packed)
    def send(body: bytes) -> None:
        answer = handheld.send(body)
        assert answer.status_code in (200, 400, 413), answer.text

    send()


@pytest.mark.parametrize(
    "poison", [b'{"schema":1}', b"[" * 20_000, b"9" * 5_000, b'{"subject":"\\ud800"}', b"\x00", b""]
)
def test_any_line_of_a_push_is_kept_and_acknowledged(handheld: Handheld, poison: bytes) -> None:
    handheld.chain.commit(poison)
    reply = handheld.push()
    assert (reply["acked_through"], reply["exceptions"][0]["outcome"]) == (1, "quarantined")


def test_a_full_disk_of_the_server_is_said_and_what_was_not_taken_comes_again(tmp_path: Path) -> None:
    with running_server(f"sqlite:///{tmp_path / 'warehouse.sqlite3'}", tmp_path) as app:
        handheld = Handheld(app).enrol()
        for n in range(300):
            handheld.scan("inspect", unit(f"S{n}"), location=BIN_A)
        with app.app_context(), db.engine.connect() as c:
            most = c.exec_driver_sql("PRAGMA page_count").scalar_one()

        def full(raw: Any, _record: Any) -> None:
            raw.execute(f"PRAGMA max_page_count={most}")

        with app.app_context():
            sa.event.listen(db.engine, "connect", full)
            db.engine.dispose()
            refused = handheld.send(handheld.envelope())
            sa.event.remove(db.engine, "connect", full)
            db.engine.dispose()
        assert (refused.status_code, refused.get_json()["message"]) == (
            503,
            "The server's disk is full; nothing was taken.",
        )
        assert handheld.push()["acked_through"] == 300
