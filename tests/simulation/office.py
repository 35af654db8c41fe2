"""The real server in this process, and the supervisor who works at its API. It sees nothing of the truth."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from flask import Flask
from werkzeug.test import TestResponse

from server import context, create_app, enrolment, setup
from server.counts.compare import Line
from server.counts.reckoning import reckon
from server.database import db, reading, writing
from server.receipts import sampling
from server.staff import add_person
from server.tables import events, stock_levels, unit_states
from sync.event import EventName
from sync.identity import is_stock
from tests.server.running import Client, Person
from tests.simulation.heaps import Told, line_of
from tests.simulation.layout import SITE
from tests.simulation.station import ADDRESS

PASSWORD = "correct horse battery"
NAME = "Sam"
SHIFT_MS = 10 * 3600_000


class OfficeError(Exception):
    """The server refused; the message says what and why."""


class NotLetInError(Exception):
    """The server does not know who is asking any more: no trouble of any day, and nobody goes on past it."""


def _refused(what: str, answer: TestResponse) -> Exception:
    kind = NotLetInError if answer.status_code in (401, 403) else OfficeError
    return kind(f"{what}: {answer.status_code} {answer.text[:300]}")


@dataclass(frozen=True, kw_only=True)
class Record:
    """What the server says of one unit."""

    status: str
    belongs: str | None


class Office:
    """What the supervisor does, over HTTP."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        self._signed_in: tuple[int, Person] | None = None
        self._person()

    def invitation(self) -> str:
        """A one-time code for one handheld."""
        with self.app.app_context(), writing() as c:
            code = enrolment.new_code(c, site=SITE, role="admin", operator=NAME, now_ms=context.now_ms())
            return enrolment.invitation(c, code, [ADDRESS]).text()

    def imports(self, kind: str, rows: Iterable[Mapping[str, str]], number: str | None = None) -> None:
        """Take in a file."""
        listed = list(rows)
        file = io.StringIO()
        writer = csv.DictWriter(file, list(listed[0]))
        writer.writeheader()
        writer.writerows(listed)
        query = f"?kind={kind}" + (f"&number={number}" if number else "")
        self._post(f"/documents{query}", data=file.getvalue().encode())

    def asks_for_every_unit(self) -> None:
        """What comes in is read one by one: a carton's label does not speak for what was not read."""
        with self.app.app_context(), writing() as c:
            now_ms = context.now_ms()
            sampling.set_rule(c, site=SITE, supplier=None, mode="all", value=0, operator=NAME, now_ms=now_ms)

    def opens_count(self, number: str, bins: list[str], *, blind: bool = False) -> None:
        """These bins are to be counted."""
        self._post("/counts", json={"number": number, "bins": bins, "blind": blind})

    def recounts(self, number: str) -> tuple[str, list[str]] | None:
        """Have every bin of a count that differs counted again, blind, by somebody else: the recount and its bins.

        None where nothing differs, or a bin is not finished by what the server knows.
        """
        answer = self._person().post(f"/api/v1/counts/{number}/recount", json={})
        if answer.status_code == 409:
            return None
        if answer.status_code != 201:
            raise _refused(number, answer)
        made = answer.get_json()
        return made["number"], made["bins"]

    def is_counted(self, number: str) -> bool:
        """Whether every bin of a count or recount is finished."""
        return not self._get(f"/counts/{number}", {})["unfinished"]

    def closes_count(self, number: str) -> bool:
        """Freeze the result; False where a bin is not finished by what the server knows."""
        return self._closes(f"/counts/{number}/close")

    def closes_receipt(self, number: str) -> None:
        """No more of it is awaited."""
        self._closes(f"/receipts/{number}/close")

    def cases(self, status: str | None = None) -> list[dict[str, Any]]:
        """Every case, the oldest first."""
        found: list[dict[str, Any]] = []
        query: dict[str, str] = {"limit": "200"} | ({"status": status} if status else {})
        while True:
            page = self._get("/cases", query)
            found += page["cases"]
            if page["next"] is None:
                return found
            query["after"] = page["next"]

    def settles(self, case: Mapping[str, Any], resolution: str) -> None:
        """Decide."""
        named = {name: case[name] for name in ("unit", "rule", "episode", "evidence")}
        self._post("/cases/settle", json={**named, "resolution": resolution})

    def records(self) -> dict[str, Record]:
        """What the server says of every unit."""
        u = unit_states.c
        with self.app.app_context(), reading() as c:
            rows = c.execute(sa.select(u.unit, u.status, u.expected).where(u.site == SITE))
            return {unit: Record(status=status, belongs=expected) for unit, status, expected in rows}

    def pieces(self) -> dict[tuple[str, str], int]:
        """What the server says lies where of stock without units."""
        s = stock_levels.c
        with self.app.app_context(), reading() as c:
            rows = c.execute(sa.select(s.place, s.subject, s.quantity).where(s.site == SITE, s.quantity != 0))
            return {(place, subject): quantity for place, subject, quantity in rows}

    def differences_of_pieces(self, number: str) -> list[dict[str, Any]]:
        """What a count found too few or too many, by all that is known by now."""
        with self.app.app_context(), reading() as c:
            lines = reckon(c, site=SITE, number=number).lines
        wrong = [line for line in lines if is_stock(line.subject) and line.kind in (Line.MISSING, Line.UNEXPECTED)]
        return [
            line_of(number, (str(line.expected), line.subject), line.quantity - line.expected_quantity)
            for line in wrong
        ]

    def told(self) -> dict[EventName, Told]:
        """When each scan happened, as well as the clocks can tell."""
        e = events.c
        columns = (e.device_no, e.epoch, e.seq, e.event_ms, e.uncertainty_ms, e.document, e.location)
        with self.app.app_context(), reading() as c:
            rows = c.execute(sa.select(*columns).where(e.site == SITE))
            return {tuple(row[:3]): Told(*row[3:]) for row in rows}

    def outcomes(self) -> dict[str, int]:
        """How many of the handhelds' events are in the ledger, by outcome."""
        with self.app.app_context(), reading() as c:
            query = sa.select(events.c.outcome, sa.func.count()).where(events.c.device_no != 0)
            return dict(c.execute(query.group_by(events.c.outcome)).all())

    def goes_home(self) -> None:
        """Whatever is done next begins with signing in: an afternoon goes alike whatever the one before it was."""
        self._signed_in = None

    def _person(self) -> Person:
        """Sam, who signs in for each shift; also where time begins anew with another seed."""
        with self.app.app_context():
            now_ms = context.now_ms()
        if self._signed_in is None or not 0 <= now_ms - self._signed_in[0] < SHIFT_MS:
            client = self.app.test_client()
            answer = client.post("/api/v1/session", json={"name": NAME, "password": PASSWORD})
            if answer.status_code != 201:
                raise _refused("sign in", answer)
            self._signed_in = now_ms, Person(client, answer.get_json()["csrf_token"])
        return self._signed_in[1]

    def _closes(self, path: str) -> bool:
        answer = self._person().post(f"/api/v1{path}")
        if answer.status_code == 409:
            return False
        if answer.status_code != 200:
            raise _refused(path, answer)
        return True

    def _post(self, path: str, **options: Any) -> None:
        answer = self._person().post(f"/api/v1{path}", **options)
        if answer.status_code not in (200, 201):
            raise _refused(path, answer)

    def _get(self, path: str, query: Mapping[str, str]) -> Any:
        answer = self._person().get(f"/api/v1{path}", query_string=query)
        if answer.status_code != 200:
            raise _refused(path, answer)
        return answer.get_json()


@contextmanager
def open_office(database_url: str, folder: Path, now_ms: Callable[[], int]) -> Iterator[Office]:
    """A server set up as `flask --app server init` does it, and the supervisor signed in."""
    overrides = {"DATABASE_URL": database_url, "INSTANCE": folder, "SITE": SITE, "SECRET_KEY": "simulation"}
    app = create_app({**overrides, "ADDRESSES": (ADDRESS,), "TESTING": True}, now_ms=now_ms)
    app.test_client_class = Client
    with app.app_context():
        setup.set_up(context.settings(), now_ms=now_ms(), password=PASSWORD)
        with writing() as c:
            add_person(c, site=SITE, name=NAME, role="supervisor", password=PASSWORD, by=None, now_ms=now_ms())
    try:
        yield Office(app)
    finally:
        with app.app_context():
            db.engine.dispose()
