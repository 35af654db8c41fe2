"""Webhooks against a real receiver on a socket: it takes, refuses, leads elsewhere, hangs, and is not there."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from server import delivery, post, webhooks
from server.changes import publish
from server.database import reading, stamp, writing
from server.webhooks import BACKOFF_MS, FAILURES_MAX, Sender
from tests.server.running import NOW, SITE, Person, refusal, running_server, sign_in


@dataclass
class Receiver:
    """Another system: answers what it is told to, and keeps what it was sent."""

    answers: list[int] = field(default_factory=list)
    """One for each request, the last for all others; 0 hangs up, -1 says nothing for a while, -2 speaks no HTTP."""
    got: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    port: int = 0
    let_go: threading.Event = field(default_factory=threading.Event)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook?for=shop"

    @property
    def changes(self) -> list[dict[str, Any]]:
        return [change for _, body in self.got for change in json.loads(body)["data"]["changes"]]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    found = Receiver(answers=[204])

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            found.got.append((dict(self.headers), body))
            answer = found.answers[0] if len(found.answers) == 1 else found.answers.pop(0)
            if answer == -1:
                found.let_go.wait(10)
            if answer == -2:
                self.wfile.write(b"220 mail.example ready\r\n")
            if answer > 0:
                self.send_response(answer)
                self.send_header("Location", "http://127.0.0.1/elsewhere")
                self.send_header("Content-Length", "0")
                self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    found.port = server.server_port
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield found
    finally:
        found.let_go.set()
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def app(tmp_path: Path, receiver: Receiver) -> Iterator[Flask]:
    origin = f"http://127.0.0.1:{receiver.port}"
    url = f"sqlite:///{tmp_path / 'site.sqlite3'}"
    with running_server(url, tmp_path, WEBHOOK_ORIGINS=(origin,)) as running:
        yield running


@dataclass
class Clock:
    now: int = NOW

    def __call__(self) -> int:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def sender(receiver: Receiver, clock: Clock) -> Sender:
    return Sender(now_ms=clock, origins=(f"http://127.0.0.1:{receiver.port}",))


@pytest.fixture
def made(app: Flask, admin: Person, receiver: Receiver) -> dict[str, Any]:
    answer = admin.post("/api/v1/webhooks", json={"url": receiver.url, "kinds": ["order"]})
    assert answer.status_code == 201, answer.text
    found = answer.get_json()
    assert isinstance(found, dict)
    return found


def order(number: str, **row: Any) -> None:
    with writing() as c:
        publish(c, SITE, "document", number, {"kind": "order", "state": "open", **row}, stamp(c))


def shown() -> dict[str, Any]:
    with reading() as c:
        (found,) = webhooks.list_all(c, SITE)
    return found


def test_a_change_is_delivered_once_and_signed(made: dict[str, Any], receiver: Receiver, sender: Sender) -> None:
    order("SO-1")
    assert sender.deliver_due() == 1
    assert sender.deliver_due() == 0
    (headers, body), (change,) = receiver.got[0], receiver.changes
    assert (change["type"], change["data"]["number"]) == ("order.changed", "SO-1")
    secret = base64.b64decode(made["secret"].removeprefix("whsec_"))
    content = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    signature = base64.b64encode(hmac.new(secret, content, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{signature}"
    assert int(headers["webhook-timestamp"]) == NOW // 1000
    assert headers["Host"] == f"127.0.0.1:{receiver.port}"
    assert shown()["state"] == "well"


def test_what_is_not_subscribed_to_is_not_sent(made: dict[str, Any], receiver: Receiver, sender: Sender) -> None:
    with writing() as c:
        publish(c, SITE, "document", "COUNT-1", {"kind": "count", "state": "open"}, stamp(c))
    assert sender.deliver_due() == 0
    assert receiver.got == []


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [(500, "It answered 500."), (302, "redirects are not followed"), (0, "The connection failed")],
)
def test_what_was_not_taken_is_sent_again_later_with_what_came_meanwhile(
    made: dict[str, Any], receiver: Receiver, sender: Sender, clock: Clock, answer: int, sentence: str
) -> None:
    receiver.answers = [answer, 204]
    order("SO-1")
    assert sender.deliver_due() == 0
    assert sentence in shown()["answer"]
    assert (shown()["state"], shown()["next_ms"]) == ("failing", NOW + BACKOFF_MS[0])
    assert sender.deliver_due() == 0
    assert len(receiver.got) == 1, "it was tried again before its time"
    order("SO-2")
    clock.now += BACKOFF_MS[0]
    assert sender.deliver_due() == 1
    assert [change["data"]["number"] for change in receiver.changes] == ["SO-1", "SO-1", "SO-2"]
    assert (shown()["state"], shown()["failures"]) == ("well", 0)


def test_the_same_changes_sent_twice_bear_the_same_name_and_others_another(
    made: dict[str, Any], receiver: Receiver, sender: Sender, clock: Clock
) -> None:
    receiver.answers = [500, 500, 204]
    order("SO-1")
    for backoff in (BACKOFF_MS[0], BACKOFF_MS[1], 0):
        sender.deliver_due()
        clock.now += backoff
        if len(receiver.got) == 2:
            order("SO-1", state="cancelled")
    first, second, third = (headers["webhook-id"] for headers, _ in receiver.got)
    assert first == second != third


def test_a_receiver_that_says_nothing_is_given_up_after_a_while(
    made: dict[str, Any], receiver: Receiver, sender: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(post, "ANSWER_S", 0.2)
    receiver.answers = [-1]
    order("SO-1")
    assert sender.deliver_due() == 0
    assert shown()["answer"] == "It did not answer in time."


def test_after_a_good_day_of_failures_it_is_dead_until_somebody_sends_again(
    made: dict[str, Any], receiver: Receiver, sender: Sender, clock: Clock, admin: Person
) -> None:
    receiver.answers = [503]
    order("SO-1")
    for backoff in (*BACKOFF_MS, 0):
        assert shown()["state"] != "dead"
        sender.deliver_due()
        clock.now += backoff
    assert (shown()["state"], shown()["failures"], len(receiver.got)) == ("dead", FAILURES_MAX, FAILURES_MAX)
    clock.now += 10**9
    assert sender.deliver_due() == 0
    assert len(receiver.got) == FAILURES_MAX
    receiver.answers = [204]
    assert admin.post(f"/api/v1/webhooks/{made['id']}/resend").status_code == 204
    assert sender.deliver_due() == 1
    assert (shown()["state"], receiver.changes[-1]["data"]["number"]) == ("well", "SO-1")


def test_a_receiver_that_wants_nothing_more_gets_nothing_more(
    made: dict[str, Any], receiver: Receiver, sender: Sender
) -> None:
    receiver.answers = [410]
    order("SO-1")
    sender.deliver_due()
    assert shown()["state"] == "dead"


def test_a_receiver_that_is_not_there_holds_up_nobody_else(
    app: Flask, admin: Person, receiver: Receiver, sender: Sender, made: dict[str, Any]
) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        nobody = f"http://127.0.0.1:{free.getsockname()[1]}"
    with writing() as c:
        webhooks.make(c, site=SITE, url=f"{nobody}/", kinds=[], operator="admin", now_ms=NOW - 1, origins=[nobody])
    order("SO-1")
    both = Sender(now_ms=sender.now_ms, origins=(*sender.origins, nobody))
    assert both.deliver_due() == 1
    assert len(receiver.got) == 1
    with reading() as c:
        answers = {hook["url"]: hook["answer"] for hook in webhooks.list_all(c, SITE)}
    assert answers[f"{nobody}/"] == "Nothing listens there: the connection was refused."


def second_webhook(receiver: Receiver) -> None:
    with writing() as c:
        origins = [f"http://127.0.0.1:{receiver.port}"]
        webhooks.make(c, site=SITE, url=receiver.url, kinds=["order"], operator="admin", now_ms=NOW, origins=origins)


def test_a_receiver_that_speaks_no_http_has_failed_and_the_next_one_gets_its_changes(
    made: dict[str, Any], receiver: Receiver, sender: Sender
) -> None:
    second_webhook(receiver)
    receiver.answers = [-2, 204]
    order("SO-1")
    assert sender.deliver_due() == 1
    with reading() as c:
        found = {hook["state"]: hook["answer"] for hook in webhooks.list_all(c, SITE)}
    assert found["failing"].startswith("The connection failed: 220 mail.example ready")
    assert found["well"] == "1 change delivered."


def test_a_receiver_that_takes_its_time_keeps_the_next_one_waiting_for_one_turn_only(
    made: dict[str, Any], receiver: Receiver, sender: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    second_webhook(receiver)
    monkeypatch.setattr(webhooks, "CHANGES_PER_POST_MAX", 1)
    for number in range(3):
        order(f"SO-{number}")
    passed = [0.0]

    def slowly(*request: Any) -> int:
        passed[0] += webhooks.TURN_S_MAX
        return post.send(*request)

    slow = Sender(now_ms=sender.now_ms, origins=sender.origins, send=slowly, passed_s=lambda: passed[0])
    assert slow.deliver_due() == 2, "one each, and not all of the first one's"
    assert [change["data"]["number"] for change in receiver.changes] == ["SO-0", "SO-0"]
    assert [slow.deliver_due() for _ in range(3)] == [2, 2, 0]


def test_many_changes_come_in_several_requests_and_in_their_order(
    made: dict[str, Any], receiver: Receiver, sender: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhooks, "CHANGES_PER_POST_MAX", 3)
    for number in range(7):
        order(f"SO-{number}")
    assert sender.deliver_due() == 3
    assert [change["data"]["number"] for change in receiver.changes] == [f"SO-{number}" for number in range(7)]


@pytest.mark.parametrize(
    "url",
    [
        "http://shop.example/hook", "https://127.0.0.1/", "https://10.1.2.3/", "https://192.168.0.1/", "https://[::1]/",
        "https://169.254.169.254/latest/meta-data", "https://[::ffff:10.0.0.1]/", "https://[64:ff9b::a00:1]/",
        "https://[2002:a00:1::]/", "https://0.0.0.0/", "https://224.0.0.1/", "https://user:secret@shop.example/",
        "https://[fec0::1]/", "https://shop.example/#x", "ftp://shop.example/", "//shop.example/", "https:///x", "https://shop.example:x/",
        "https://shop.example/a b", "https://shop.example/\r\nX: y", "http://127.0.0.1:1/hook",
        "https://shop..example/", "https://-shop.example/", "https://sh%6fp.example/", "https://300.1.1.1/", "https://0x7g.0x/",
        "https://[2606:4700::1111%25eth0]/",
    ],
)  # fmt: skip
def test_an_address_that_is_not_public_or_not_private_to_listeners_is_refused(
    app: Flask, admin: Person, url: str
) -> None:
    assert admin.post("/api/v1/webhooks", json={"url": url}).status_code == 422


@pytest.mark.parametrize(
    ("host", "meant"),
    [
        ("127.1", "127.0.0.1"), ("2130706433", "127.0.0.1"), ("0x7f.1", "127.0.0.1"), ("0x7f000001", "127.0.0.1"),
        ("0177.0.0.01", "127.0.0.1"), ("127.0.0.1.", "127.0.0.1"), ("10.257", "10.0.1.1"), ("0", "0.0.0.0"),
        ("[::ffff:127.0.0.1]", "127.0.0.1"), ("[0:0:0:0:0:ffff:7f00:1]", "127.0.0.1"),
        ("localhost", "127.0.0.1"), ("LOCALHOST.", "127.0.0.1"), ("shop.localhost", "127.0.0.1"),
    ],
)  # fmt: skip
def test_an_address_of_this_network_in_another_way_of_writing_is_refused_at_once_and_named(
    admin: Person, host: str, meant: str
) -> None:
    answer = admin.post("/api/v1/webhooks", json={"url": f"https://{host}/hook"})
    assert refusal(answer) == (422, "not_valid")
    assert answer.get_json()["message"] == (
        f"{host.strip('[]').lower()} is {meant}, which is no public address. "
        "An administrator can allow it with SCAN_WEBHOOK_ORIGINS."
    )
    page = admin.client.post(
        "/webhooks", data={"url": f"https://{host}/hook", "csrf_token": admin.token}, follow_redirects=True
    )
    assert f"is {meant}, which is no public address" in page.text
    assert f'value="https://{host}/hook"' in page.text, "to be mended, not typed again"


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("https://shop.example:0/", "There is no port 0: leave it out for 443."),
        ("https://user:secret@shop.example/", "The address may hold no name, no password and no #."),
    ],
)
def test_an_address_that_is_written_wrong_is_refused_with_what_is_wrong_of_it(
    admin: Person, url: str, why: str
) -> None:
    answer = admin.post("/api/v1/webhooks", json={"url": url})
    assert (refusal(answer), answer.get_json()["message"]) == ((422, "not_valid"), why)


def test_what_was_typed_of_a_refused_webhook_stays_on_the_page_and_out_of_every_address(admin: Person) -> None:
    said = {"url": "https://127.0.0.1/hook?token=s3cret", "kinds": ["order"], "csrf_token": admin.token}
    page = admin.client.post("/webhooks", data=said, follow_redirects=True)
    assert (page.status_code, page.history) == (422, ()), "an address is logged, and kept by the browser"
    assert 'value="https://127.0.0.1/hook?token=s3cret"' in page.text
    ticked = re.findall(r'value="([a-z_]+)" checked', page.text)
    assert ticked == ["order"]


@pytest.mark.parametrize(
    "url",
    [
        "https://shop.example./",
        "https://8.8.8.8/",
        "https://xn--bcher-kva.example:8443/x",
        "https://a_b.example/",
        "https://134744072/",
        "https://4.example/",
    ],
)
def test_a_public_name_or_address_is_taken(admin: Person, url: str) -> None:
    assert admin.post("/api/v1/webhooks", json={"url": url}).status_code == 201


@pytest.mark.parametrize("url", ["https://bücher.example/", "https://shop。example/", "https://shop.example/bücher"])
def test_who_writes_an_address_in_letters_that_none_takes_is_told_how_to_write_it(admin: Person, url: str) -> None:
    answer = admin.post("/api/v1/webhooks", json={"url": url})
    assert refusal(answer) == (422, "not_valid")
    assert "write its host as xn--..., the rest with %" in answer.get_json()["message"]


@pytest.mark.parametrize("address", ["127.0.0.1", "10.0.0.7", "::1", "fd00::1", "::ffff:192.168.1.1", "100.64.0.1"])
def test_a_public_name_that_leads_into_this_network_is_refused_when_it_is_looked_up(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def answers(*_: object, **__: object) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (ip, 443)) for ip in ("93.184.216.34", address)]

    monkeypatch.setattr(socket, "getaddrinfo", answers)
    with pytest.raises(post.PostError, match="no public address"):
        post.send("https://rebound.example/", b"{}", {})


def test_the_secret_is_shown_once_and_a_webhook_is_removed(
    made: dict[str, Any], admin: Person, receiver: Receiver, sender: Sender
) -> None:
    assert "secret" not in admin.get("/api/v1/webhooks").text
    assert (
        admin.client.delete(f"/api/v1/webhooks/{made['id']}", headers={"X-CSRFToken": admin.token}).status_code == 204
    )
    order("SO-1")
    assert sender.deliver_due() == 0
    assert admin.post(f"/api/v1/webhooks/{made['id']}/resend").status_code == 404


def test_of_two_processes_one_delivers(app: Flask, tmp_path: Path) -> None:
    with delivery.alone(tmp_path) as first, delivery.alone(tmp_path) as second:
        assert (first(), second()) == (True, False)
    with delivery.alone(tmp_path) as again:
        assert again()


@pytest.mark.postgres
def test_of_two_processes_with_postgres_one_delivers(postgres_url: str, tmp_path: Path) -> None:
    with running_server(postgres_url, tmp_path):
        with delivery.alone(tmp_path) as first, delivery.alone(tmp_path) as second:
            assert (first(), second()) == (True, False)
        with delivery.alone(tmp_path) as again:
            assert again()


def test_the_command_delivers_what_is_due(app: Flask, made: dict[str, Any], receiver: Receiver) -> None:
    order("SO-1")
    done = app.test_cli_runner().invoke(args=["deliver-webhooks", "--once"])
    assert done.output == "1 request delivered.\n"
    assert len(receiver.got) == 1


def test_a_thread_beside_the_server_delivers_until_it_is_stopped(
    app: Flask, made: dict[str, Any], receiver: Receiver
) -> None:
    order("SO-1")
    stop = delivery.start(app)
    try:
        for thread in threading.enumerate():
            if thread.name == "webhooks":
                while thread.is_alive() and not receiver.got:
                    thread.join(0.05)
    finally:
        stop.set()
    assert receiver.changes[0]["data"]["number"] == "SO-1"


def test_a_supervisor_makes_no_webhook(app: Flask) -> None:
    assert sign_in(app, "supervisor").post("/api/v1/webhooks", json={"url": "https://a.example"}).status_code == 403
