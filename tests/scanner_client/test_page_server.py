"""The page's server over real sockets: who may see the page, what it is sent, and what it may ask."""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from http.client import HTTPConnection, HTTPResponse
from itertools import count
from typing import Any
from urllib.parse import urlsplit

import pytest

from scanner_client.page.board import SCANS_MAX, Board
from scanner_client.page.protocol import QueueShown, TaskShown
from scanner_client.page.requests import Asked, Scanned, Undo
from scanner_client.page.server import BODY_BYTES_MAX, CONNECTIONS_MAX, STREAMS_MAX, Behind, PageError, serving
from scanner_client.sighting import Told, Tone
from sync.event import format_name
from sync.verdict import Judgement, Verdict
from tests.scanner_client.scans import scan_of

TASK = TaskShown(
    action="pick", title="Pick", document="SO-1", bin=None, carton=None, operator="Mia", quantity=1, counting=False
)
PICTURE = b"\xff\xd8 a picture \xff\xd9"


@dataclass
class Desk:
    """A browser on this machine, and the work behind the page."""

    port: int
    folder: str
    key: str
    board: Board
    taken: list[Any]
    busy: list[bool]
    pictures: list[tuple[int, bytes]]
    opened: ExitStack = field(default_factory=ExitStack)
    numbers: Iterator[int] = field(default_factory=count)

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def cookie(self) -> str:
        return f"scanner-{self.port}={self.key}"

    def ask(self, name: str, method: str = "GET", body: bytes | None = None, /, **headers: str) -> HTTPResponse:
        """Ask for what lies in the page's own folder."""
        return self.ask_at(self.folder + name, method, body, **headers)

    def ask_at(self, path: str, method: str = "GET", body: bytes | None = None, /, **headers: str) -> HTTPResponse:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=5)
        self.opened.callback(connection.close)
        given = {"Cookie": self.cookie, "Origin": f"http://{self.host}"} | headers
        connection.request(method, path, body, {name: value for name, value in given.items() if value})
        return connection.getresponse()

    def send(self, row: dict[str, Any], **headers: str) -> HTTPResponse:
        """Send a request, with a number of its own where it brings none."""
        numbered = {"number": f"test-{next(self.numbers)}"} | row
        return self.ask("requests", "POST", json.dumps(numbered).encode(), **headers)


@pytest.fixture
def desk() -> Iterator[Desk]:
    taken: list[Any] = []
    busy: list[bool] = []
    pictures: list[tuple[int, bytes]] = []

    def take(request: Asked) -> bool:
        taken.append(request.request)
        return not busy

    def picture(after: int, _: float) -> tuple[int, bytes] | None:
        return next((one for one in pictures if one[0] > after), None)

    board = Board(lambda: QueueShown(text="3 waiting", trouble=""))
    with serving(Behind(board=board, take=take, picture=picture), 0) as address:
        url = urlsplit(address)
        assert url.port
        desk = Desk(url.port, url.path, url.query.removeprefix("key="), board, taken, busy, pictures)
        with desk.opened:
            yield desk


def messages(stream: HTTPResponse) -> Iterator[dict[str, Any]]:
    for line in stream:
        if line.startswith(b"data: "):
            yield json.loads(line[6:])


def test_address_that_was_printed_opens_the_page_and_gives_the_browser_its_key(desk: Desk) -> None:
    answer = desk.ask(f"?key={desk.key}", Cookie="")
    assert answer.status == 200
    assert answer.getheader("Set-Cookie") == f"{desk.cookie}; HttpOnly; SameSite=Strict; Path={desk.folder}"
    assert re.fullmatch(r"/[\w-]{12}/", desk.folder), "no page at another port can guess where the cookie goes"
    assert b"page.js" in answer.read()


def test_outside_of_its_folder_the_page_shows_nothing(desk: Desk) -> None:
    assert [desk.ask_at(path).status for path in ("/", "/page.js", "/messages", desk.folder[:-1])] == [404] * 4
    assert desk.ask_at(f"/?key={desk.key}", Cookie="").status == 403
    assert desk.ask_at("/requests", "POST", b'{"type": "undo", "number": "1"}').status == 403
    assert desk.taken == []


@pytest.mark.parametrize("path", ["", "?key=", "?key=guess", "page.js", "messages", "picture", "requests?key=x"])
def test_who_has_no_key_sees_nothing(desk: Desk, path: str) -> None:
    for cookie in ("", f"scanner-{desk.port}=guess", "scanner-1=\x7f;;"):
        answer = desk.ask(path, Cookie=cookie)
        assert (answer.status, answer.getheader("Set-Cookie")) == (403, None)
        assert answer.read().decode().startswith("This address lacks its key.")


@pytest.mark.parametrize("path", ["/?a=1&b=2&c=3&d=4&e=5", "/?" + "&" * 400, "http://["])
def test_address_that_nobody_can_read_is_refused_without_a_fuss(
    desk: Desk, path: str, capfd: pytest.CaptureFixture[str]
) -> None:
    for host in ("shop.example", desk.host):
        assert desk.ask_at(path, Host=host, Cookie="").status == 400
    assert desk.ask("").status == 200
    assert capfd.readouterr().err == ""


def test_key_in_the_address_opens_nothing_but_the_page(desk: Desk) -> None:
    assert desk.ask(f"picture?key={desk.key}", Cookie="").status == 403


def test_name_that_another_site_has_rebound_to_this_machine_is_refused(desk: Desk) -> None:
    for host in ("shop.example", f"shop.example:{desk.port}", "127.0.0.1", f"127.0.0.1:{desk.port + 1}"):
        assert desk.ask("", Host=host).status == 421
        assert desk.send({"type": "undo"}, Host=host, Origin=f"http://{host}").status == 421
    assert desk.taken == []


def test_page_of_another_site_cannot_scan(desk: Desk) -> None:
    for origin in ("", "null", "https://shop.example", f"https://{desk.host}", f"http://localhost:{desk.port}"):
        assert desk.send({"type": "undo"}, Origin=origin).status == 403
    assert desk.taken == []


def test_who_has_no_key_cannot_scan(desk: Desk) -> None:
    assert desk.send({"type": "undo"}, Cookie="").status == 403
    assert desk.taken == []


def test_other_machines_do_not_reach_the_page(desk: Desk) -> None:
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.2", desk.port), timeout=5)


def test_scan_reaches_the_work_with_its_fnc1(desk: Desk) -> None:
    answer = desk.send({"type": "scanned", "text": "]d20109506000134352\x1d21Ä"})
    assert (answer.status, answer.read()) == (204, b"")
    assert desk.taken == [Scanned(text="]d20109506000134352\x1d21Ä")]


def test_scan_that_the_work_did_not_take_is_said_to_be_lost(desk: Desk) -> None:
    desk.busy.append(True)
    assert desk.send({"type": "undo", "number": "p-1"}).status == 503
    desk.busy.clear()
    assert desk.send({"type": "undo", "number": "p-1"}).status == 204, "and asked for again it is taken"


def test_scan_that_is_asked_about_again_is_taken_once(desk: Desk) -> None:
    for _ in range(3):
        assert desk.send({"type": "scanned", "text": "LPN1", "number": "p-1"}).status == 204
    assert desk.send({"type": "scanned", "text": "LPN1", "number": "p-2"}).status == 204
    assert desk.taken == [Scanned(text="LPN1")] * 2


def test_number_of_another_request_is_refused(desk: Desk) -> None:
    assert desk.send({"type": "scanned", "text": "LPN1", "number": "p-1"}).status == 204
    assert desk.send({"type": "scanned", "text": "LPN2", "number": "p-1"}).status == 400
    assert desk.taken == [Scanned(text="LPN1")]


@pytest.mark.parametrize(
    "body", [b"", b"{", b"\xff", b"[1]", b'{"type": "dance"}', b'{"type": ["undo"]}', b"[" * 9_000, b"9" * 9_000]
)
def test_what_is_no_request_is_refused_and_the_next_one_is_taken(desk: Desk, body: bytes) -> None:
    assert desk.ask("requests", "POST", body).status == 400
    assert desk.send({"type": "undo"}).status == 204
    assert desk.taken == [Undo()]


def test_request_has_a_stated_and_bounded_length(desk: Desk) -> None:
    assert desk.ask("requests", "POST", b"x" * (BODY_BYTES_MAX + 1)).status == 413
    for length in ("-1", "x", "9" * 30):
        assert desk.ask("requests", "POST", None, **{"Content-Length": length}).status == 411
    assert desk.taken == []


@pytest.mark.parametrize(
    "path", ["page.css/", "../server.py", "%2e%2e/server.py", "server.py", "/etc/passwd", "index.html/"]
)
def test_only_the_files_of_the_page_are_served(desk: Desk, path: str) -> None:
    assert desk.ask(path).status == 404


@pytest.mark.parametrize("path", ["", "page.js", "page.css", "icon.svg", "picture", "nothing"])
def test_every_answer_forbids_what_does_not_come_from_here(desk: Desk, path: str) -> None:
    answer = desk.ask(path)
    policy = answer.getheader("Content-Security-Policy") or ""
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'")
    assert "unsafe" not in policy
    assert "http" not in policy
    assert answer.getheader("X-Content-Type-Options") == "nosniff"
    assert answer.getheader("Cache-Control") == "no-store"


def test_page_is_told_its_words_then_how_things_stand_then_the_end(desk: Desk) -> None:
    stream = messages(desk.ask("messages"))
    hello = next(stream)
    assert hello["type"] == "hello"
    assert hello["texts"]["page.undo"] == "Undo"
    assert hello["signals"]["stop"]["sign"] == "✗"
    assert {"name": "ship", "title": "Ship", "explanation": "it was handed to the carrier.", "needs": ["subject"]} in (
        hello["actions"]
    )
    first = next(stream)
    assert (first["type"], first["task"], first["queue"]) == ("state", None, {"text": "3 waiting", "trouble": ""})
    desk.board.show(task=TASK)
    assert next(stream)["task"]["title"] == "Pick"
    desk.board.close()
    assert [row["type"] for row in stream] == ["ended"]


def test_page_is_shown_only_the_newest_of_many_scans(desk: Desk) -> None:
    for number in range(1, 1001):
        desk.board.tell(Told(tone=Tone.GOOD, text=f"Right, {number}."), "12:00:00")
    stream = messages(desk.ask("messages"))
    next(stream)
    scans = next(stream)["scans"]
    assert [scan["n"] for scan in scans] == list(range(1000, 1000 - SCANS_MAX, -1))


def test_stop_whose_scan_was_undone_is_put_away_and_the_others_stay(desk: Desk) -> None:
    recalled = [replace(scan_of(number), device_no=7, epoch=1, seq=number) for number in (1, 2)]
    for event in recalled:
        bitten = Judgement(verdict=Verdict.RECALLED)
        told = Told(tone=Tone.STOP, text="RECALLED", thing=f"Drill {event.seq}", event=event, judgement=bitten)
        desk.board.tell(told, "12:00:00")
    void = replace(scan_of(3), action="void", voids=format_name(recalled[0].name))
    desk.board.tell(Told(tone=Tone.INFO, text="Undone.", event=void), "12:00:01")
    shown = desk.board.next(0, 0)
    assert shown is not None
    assert [stop.thing for stop in shown[1].stops] == ["Drill 2"]


def test_fifth_page_is_told_that_four_are_open_already(desk: Desk) -> None:
    streams = [desk.ask("messages") for _ in range(STREAMS_MAX)]
    assert {next(messages(stream))["type"] for stream in streams} == {"hello"}
    [words, full] = messages(desk.ask("messages"))
    assert (words["type"], full) == ("hello", {"type": "full", "pages": STREAMS_MAX})
    assert words["texts"]["page.full"].startswith("{n} screens are open already")


def test_connections_are_bounded(desk: Desk) -> None:
    for _ in range(CONNECTIONS_MAX):
        desk.opened.enter_context(socket.create_connection(("127.0.0.1", desk.port)))
    with pytest.raises(ConnectionError):
        desk.ask("")


def test_newest_picture_is_sent_once(desk: Desk) -> None:
    assert desk.ask("picture?after=0").status == 204
    desk.pictures.append((7, PICTURE))
    answer = desk.ask("picture?after=0")
    assert (answer.status, answer.getheader("Picture-Number"), answer.read()) == (200, "7", PICTURE)
    assert desk.ask("picture?after=7").status == 204
    assert desk.ask("picture?after=" + "9" * 400).status == 200, "what is no number asks for any picture"


@pytest.mark.parametrize("port", [70_000, -1])
def test_port_that_cannot_be_had_is_said_in_a_sentence(desk: Desk, port: int) -> None:
    for taken in (port, desk.port):
        with pytest.raises(PageError, match=f"cannot be served at port {taken}: "):
            serving(Behind(board=desk.board, take=bool, picture=lambda *_: None), taken).__enter__()
