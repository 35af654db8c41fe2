"""What the running programs write down holds no secret that was sent to them.

Not where it was right, wrong, broken, refused, or made the server fail; not in gunicorn's access log, and not where
gunicorn is at its most talkative.
"""

from __future__ import annotations

import base64
import html
import http.client
import json
import re
import secrets
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, quote_plus, urlencode

import pytest
import sqlalchemy as sa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from server import create_app, staff
from server.context import now_ms
from server.database import db, writing
from server.setup import set_up
from server.tables import integrations, people, server_state, webhooks
from sync import enrolment, protocol
from tests.end_to_end import forked
from tests.end_to_end.site import Site

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("gunicorn")]

ADMIN: Final = "Mia"
PASSWORD: Final = 'Grüße & "söhne" / 7+4 <ende>'
PIN: Final = "40921756"
FAILURES_MAX: Final = 5
SECONDS_MAX: Final = 60.0
PROGRAMS: Final = {
    "serve": ("flask", ["--app", "server", "serve", "--host", "127.0.0.1", "--no-announce"]),
    "gunicorn": (
        "gunicorn",
        [
            "--config",
            "python:server.gunicorn_conf",
            "--access-logfile",
            "-",
            "--log-level",
            "debug",
            "server:create_app()",
        ],
    ),
}


@dataclass(kw_only=True)
class Logged(Site):
    """A server as one of the two commands starts it; all that it says is in one file."""

    words: list[str]
    secrets: dict[str, bytes] = field(default_factory=dict)
    """What must stand nowhere, each under what it is."""

    def start(self) -> None:
        log = self.folder / "server.log"
        self.process = forked.start(self.program, self.words, self.environment(), out=log, err=log)

    def environment(self) -> dict[str, str]:
        """Webhooks may reach a port of this machine; nothing listens there."""
        return super().environment() | {"SCAN_WEBHOOK_ORIGINS": "http://127.0.0.1:9"}

    def log(self) -> str:
        return (self.folder / "server.log").read_text(errors="replace")

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, Any, http.client.HTTPMessage]:
        """One request; a body of bytes or text goes as it is, anything else as JSON."""
        kind = {"Content-Type": "application/json"} if body is not None else {}
        data = body.encode() if isinstance(body, str) else body
        if data is not None and not isinstance(data, bytes):
            data = json.dumps(data).encode()
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=SECONDS_MAX)) as connection:
            connection.request(method, path, body=data, headers=kind | named)
            answer = connection.getresponse()
            return answer.status, answer.read(), answer.headers

    def say(self, raw: bytes) -> bytes:
        """Send what is no proper request, and no more; what was answered."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=SECONDS_MAX) as line:
            line.sendall(raw)
            line.shutdown(socket.SHUT_WR)
            found = b""
            while part := line.recv(65_536):
                found += part
        return found

    def spoil(self, *statements: sa.Update) -> None:
        """Let rows hold what no release writes, so that whatever reads them fails."""
        with self.app().app_context(), writing() as c:
            for statement in statements:
                c.execute(statement)
            db.engine.dispose()

    def app(self) -> Any:
        return create_app({"DATABASE_URL": self.database_url, "INSTANCE": self.folder / "instance"})


@pytest.fixture(params=PROGRAMS)
def site(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Logged]:
    program, words = PROGRAMS[request.param]
    database_url = f"sqlite:///{tmp_path / 'warehouse.sqlite3'}"
    found = Logged(folder=tmp_path, database_url=database_url, program=program, words=[*words])
    if program == "gunicorn":
        found.words[:0] = ["--bind", f"127.0.0.1:{found.port}"]
    app = found.app()
    with app.app_context():
        set_up(app.config["SETTINGS"], now_ms=now_ms(), admin=ADMIN, password=PASSWORD)
        with writing() as c:
            staff.add_person(c, site="main", name="Ravi", role="picker", by=None, now_ms=now_ms())
        db.engine.dispose()
    with found.running():
        yield found


def test_no_secret_that_is_sent_to_the_server_stands_in_what_it_writes_down(site: Logged) -> None:
    cookie, token = _signed_in(site)
    session = {"Cookie": f"scan_session={cookie}", "X_CSRFToken": token}
    key = _made_key(site, session)
    code = _made_code(site, session)
    _makes_webhook(site, session)
    site.secrets |= {"password": PASSWORD.encode(), "PIN": PIN.encode(), "cookie": cookie.encode()}
    _gives_pin(site, session)
    _uses_key(site, key)
    _enrols(site, code)
    _signs_in_wrongly(site)
    for secret in list(site.secrets.values()):
        _breaks_off(site, secret)
    _fails(site, session, key)
    logged = site.log()
    assert ('"GET /api/v1/cases" 200' in logged) == (site.program == "gunicorn"), "only it keeps an access log"
    assert [what for what, secret in site.secrets.items() if any(spelt in logged for spelt in spellings(secret))] == []


def spellings(secret: bytes) -> set[str]:
    """The ways in which something may stand in a log without being told at once."""
    latin, hexed = secret.decode("latin-1"), secret.hex()
    found = {hexed, hexed.upper(), quote(secret, safe=""), quote_plus(secret), quote(secret, safe="").lower()}
    found |= {quote(secret), latin, repr(secret)[2:-1], repr(latin)[1:-1], json.dumps(latin)[1:-1]}
    try:
        text = secret.decode()
    except UnicodeDecodeError:
        pass
    else:
        found |= {text, html.escape(text), repr(text)[1:-1], ascii(text)[1:-1], json.dumps(text)[1:-1]}
    for before in range(3):  # wherever it stands in what was encoded as a whole
        first, last = -(-before * 8 // 6), (before + len(secret)) * 8 // 6
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            found.add(encode(bytes(before) + secret).decode()[first:last])
    return found


def test_a_secret_is_told_in_each_of_its_spellings() -> None:
    basic = base64.b64encode(f"Mia:{PASSWORD}".encode()).decode()
    said = [f"Basic {basic}", urlencode({"password": PASSWORD}), json.dumps({"password": PASSWORD}), PASSWORD]
    said += [repr(PASSWORD.encode()), html.escape(PASSWORD), PASSWORD.encode().hex()]
    assert all(any(spelt in line for spelt in spellings(PASSWORD.encode())) for line in said)
    assert not any(spelt in "The password was wrong." for spelt in spellings(PASSWORD.encode()))


def _signed_in(site: Logged) -> tuple[str, str]:
    """Sign in by the API and by the form; the cookie and the token of the first."""
    status, body, headers = site.ask("POST", "/api/v1/session", {"name": ADMIN, "password": PASSWORD})
    assert status == 201, body
    _, page, of_page = site.ask("GET", "/sign-in")
    [token] = re.findall(rb'name="csrf_token" value="([^"]+)"', page)
    form = urlencode({"name": ADMIN, "password": PASSWORD, "csrf_token": token.decode()})
    typed = {"Content_Type": "application/x-www-form-urlencoded", "Cookie": of_page["Set-Cookie"].partition(";")[0]}
    assert site.ask("POST", "/sign-in", form, **typed)[0] == 302
    wrong = urlencode({"name": PASSWORD, "password": PASSWORD, "csrf_token": token.decode()})
    assert site.ask("POST", "/sign-in", wrong, **typed)[0] == 401
    cookie = headers["Set-Cookie"].partition("=")[2].partition(";")[0]
    return cookie, json.loads(body)["csrf_token"]


def _made_key(site: Logged, session: dict[str, str]) -> str:
    status, body, _ = site.ask("POST", "/api/v1/integrations", {"name": "shop", "tasks": ["look"]}, **session)
    assert status == 201, body
    key: str = json.loads(body)["key"]
    site.secrets["key"] = key.encode()
    return key


def _made_code(site: Logged, session: dict[str, str]) -> str:
    status, body, _ = site.ask("POST", "/api/v1/devices/codes", {"role": "picker"}, **session)
    assert status == 201, body
    code: str = json.loads(body)["code"]
    site.secrets |= {"code": code.encode(), "key made from the code": enrolment.code_seed(code)}
    return code


def _makes_webhook(site: Logged, session: dict[str, str]) -> None:
    status, body, _ = site.ask("POST", "/api/v1/webhooks", {"url": "http://127.0.0.1:9/hook"}, **session)
    assert status == 201, body
    secret = json.loads(body)["secret"].removeprefix("whsec_")
    site.secrets |= {"webhook's secret": secret.encode(), "webhook's secret, as bytes": base64.b64decode(secret)}


def _gives_pin(site: Logged, session: dict[str, str]) -> None:
    def tried(body: Any, **headers: str) -> int:
        return site.ask("PATCH", "/api/v1/people/2", body, **session | headers)[0]

    assert tried({"badge": "K-17", "pin": PIN}) == 200
    assert tried({"badge": PIN, "pin": PIN}) == 409
    assert tried({"pin": PIN + "0"}) == 422
    assert tried({"pim": PIN}) == 422
    assert tried(json.dumps({"pin": PIN})[:-1]) == 400
    assert tried({"pin": PIN}, X_CSRFToken=PIN) == 400
    assert tried({"pin": PIN}, Cookie="scan_session=none") == 401


def _uses_key(site: Logged, key: str) -> None:
    def tried(authorization: str) -> int:
        return site.ask("GET", "/api/v1/cases", Authorization=authorization)[0]

    assert tried(f"Bearer {key}") == 200
    assert site.ask("GET", f"/api/v1/cases?key={key}", Referer=f"http://erp.internal/?key={key}")[0] == 401
    assert tried(f"Basic {base64.b64encode(f'{key}:'.encode()).decode()}") == 401
    assert tried(f"Ed25519 {key}") == 401
    pushed = {"Authorization": f"Bearer {key}", "Content_Type": protocol.MEDIA_TYPE}
    assert site.ask("POST", protocol.SYNC_PATH, b"x", **pushed)[0] == 401
    wrong = [tried(f"Bearer {key}x") for _ in range(FAILURES_MAX + 1)]
    assert wrong == [401] * FAILURES_MAX + [429]


def _enrols(site: Logged, code: str) -> None:
    def tried(word: str, **more: str) -> int:
        return _enrol(site, word, **more)

    assert tried(code, code=code) == 422
    assert tried(code, name="") == 422
    assert tried(code) == 201
    again = [tried(code) for _ in range(FAILURES_MAX + 1)]
    assert again == [403] * FAILURES_MAX + [429]
    assert site.ask("POST", "/api/v1/enrol", {"code": code}, Authorization=f"Bearer {code}")[0] in {401, 422}


def _enrol(site: Logged, word: str, **more: str) -> int:
    offer = Ed25519PrivateKey.from_private_bytes(enrolment.code_seed(word))
    own = Ed25519PrivateKey.generate()
    keys = {"offer_key": offer.public_key(), "public_key": own.public_key()}
    asked = {name: key.public_bytes_raw().hex() for name, key in keys.items()} | {"name": "HH-1"}
    body = json.dumps(asked | {"epoch": 1, "client": "1.0.0"} | more).encode()
    by_code, by_itself = (protocol.write_signature(key.sign(enrolment.ENROL_PREFIX + body)) for key in (offer, own))
    return site.ask("POST", "/api/v1/enrol", body, Enrolment_Signature=by_code, Handheld_Signature=by_itself)[0]


def _signs_in_wrongly(site: Logged) -> None:
    def tried(body: Any, **headers: str) -> int:
        return site.ask("POST", "/api/v1/session", body, **headers)[0]

    assert tried({"name": ADMIN, "password": PASSWORD}, Content_Type="text/plain") == 415
    assert tried(json.dumps({"name": ADMIN, "password": PASSWORD})[:-1]) == 400
    assert tried({"name": ADMIN, "password": PASSWORD, PASSWORD: PASSWORD}) == 422
    assert tried({"name": ADMIN, "password": [PASSWORD]}) == 422
    assert tried({"name": ADMIN, "password": PASSWORD + "\0"}) == 400
    assert tried({"name": ADMIN, "password": PASSWORD * 4_000}) == 413
    wrong = [tried({"name": ADMIN, "password": PASSWORD + "!"}) for _ in range(FAILURES_MAX)]
    assert wrong == [401] * FAILURES_MAX
    assert tried({"name": ADMIN, "password": PASSWORD}) == 429


BROKEN: Final[dict[str, Callable[[bytes], bytes]]] = {
    "on a line of its own": lambda s: b"GET / HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer\r\n" + s + b"\r\n\r\n",
    "on a line that goes on": lambda s: b"GET / HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer\r\n " + s + b"\r\n\r\n",
    "behind the end of the body": lambda s: (
        b"POST /sign-in HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\na=password=" + s + b"\r\n\r\n"
    ),
    "as a request": lambda s: s + b"\r\n\r\n",
    "as the version": lambda s: b"GET / " + s + b"\r\nHost: a\r\n\r\n",
    "as a header's name": lambda s: b"GET / HTTP/1.1\r\nHost: a\r\n" + s + b": yes\r\n\r\n",
    "with a control character": lambda s: b"GET / HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer \0" + s + b"\r\n\r\n",
    "far too long": lambda s: b"GET / HTTP/1.1\r\nHost: a\r\nCookie: a=" + s * 2_000 + b"\r\n\r\n",
    "as the length": lambda s: b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: " + s + b"\r\n\r\n",
    "as the encoding": lambda s: b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: " + s + b"\r\n\r\n",
    "as what is expected": lambda s: b"POST / HTTP/1.1\r\nHost: a\r\nExpect: " + s + b"\r\n\r\n",
    "as the length of a chunk": lambda s: (
        b"POST /api/v1/session HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + s + b"\r\n\r\n"
    ),
    "cut off in the middle": lambda s: b"GET / HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer " + s,
    "cut off in the body": lambda s: b"POST /sign-in HTTP/1.1\r\nHost: a\r\nContent-Length: 9999\r\n\r\npassword=" + s,
}
"""Requests that no server can read, each with a secret in it: keys are copied with line ends, lengths are counted in
characters, connections break."""


def _breaks_off(site: Logged, secret: bytes) -> None:
    for broken in BROKEN.values():
        site.say(broken(secret))
    assert site.ask("GET", "/readyz")[0] == 200


def _fails(site: Logged, session: dict[str, str], key: str) -> None:
    """Requests that are in order, to a server that fails on them."""
    site.spoil(people.update().where(people.c.name == "Ravi").values(roles=5), webhooks.update().values(kinds=5))
    failed = [site.ask("PATCH", "/api/v1/people/2", {"badge": "K-18", "pin": PIN}, **session)[0]]
    failed += [site.ask("GET", "/api/v1/webhooks", **session)[0]]
    fresh = _made_code(site, session)
    site.spoil(
        integrations.update().values(tasks=5),
        people.update().where(people.c.name == ADMIN).values(also=5),
        server_state.update().values(private_key=secrets.token_bytes(5)),
        sa.delete(sa.table("failed_tries")),  # type: ignore[arg-type]
    )
    failed += [site.ask("GET", "/api/v1/cases", Authorization=f"Bearer {key}")[0], _enrol(site, fresh)]
    failed += [site.ask("POST", "/api/v1/session", {"name": ADMIN, "password": PASSWORD})[0]]
    failed += [site.ask("GET", "/api/v1/session", **session)[0]]
    assert failed == [500] * 6
    assert site.log().count("Exception on /") == len(failed)
    deadline = time.monotonic() + SECONDS_MAX
    while site.program == "flask" and "Webhooks could not be delivered" not in site.log():
        assert time.monotonic() < deadline
        time.sleep(0.1)  # nothing says when another process has tried
