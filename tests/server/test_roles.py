"""Every endpoint asked as every role, and every action scanned under every role's badge: two tables say what becomes
of it.

At a handheld, before anything is scanned, `tests/scanner_client/test_signing_in.py` asks the second one.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from server import integrations, rights, staff
from server.database import reading, writing
from server.people import asks_for
from server.roles import INTEGRATION, PERSONAL, ROLES, WORDS, Task, may
from server.tables import cases
from sync.actions import ACTIONS, FLOOR
from sync.event import format_name
from tests.handheld import CARTON_1, LOC, unit
from tests.server.running import NOW, SITE, Handheld, Person, running_server, sign_in

OPEN = {
    "static": "style, script and icon of the sign-in page",
    "web.sign_in": "the way in",
    "web.check_sign_in": "the way in",
    "web.sign_out": "changes nothing for whoever is out already",
    "sessions.sign_in": "the way in",
    "handhelds.push": "signed with the handheld's own key",
    "handhelds.take_unread": "signed with the handheld's own key",
    "pictures.take": "signed with the handheld's own key",
    "handhelds.enrol_handheld": "proven with a one-time code",
    "handhelds.who": "answers a handheld that looks for its server, signed by the server",
    "api-docs.openapi_json": "describes the API, holds no data",
    "docs.show": "describes the API, holds no data",
    "health.alive": "asked by whatever watches the server",
    "health.ready": "asked by whatever watches the server",
    "metrics.show": "counts, no names; a proxy keeps it inside",
}
"""Endpoints that ask for no task, each with the reason."""
ROOT = Path(__file__).parents[2]
LET_THROUGH = {
    "GET": {200, 302, 404, 422},
    "POST": {200, 201, 204, 302, 303, 400, 404, 409, 415, 422},
    "PATCH": {200, 404, 409, 415, 422},
    "DELETE": {204, 404},
}
"""What an endpoint may answer to whoever may ask it, and who says nothing more: done, or what is missing or wrong."""
SCANNED = {"document": "D-1", "reason": "because", "condition": "A", "container": CARTON_1, "quantity": 1}
"""What an action may need beside the thing and the place."""
_OFFICE = "A handheld may not say {!r}: only the server makes such a fact."
SAMPLE = {"IntegerConverter": "1", "FloatConverter": "1.0", "UUIDConverter": "0" * 32}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    folder: Path = tmp_path_factory.mktemp("roles")
    with running_server(f"sqlite:///{folder / 'roles.sqlite3'}", folder) as app:
        yield app


@pytest.fixture(scope="module")
def people(server: Flask) -> dict[str, Person]:
    return {role: sign_in(server, role) for role in PERSONAL}


def _endpoints(server: Flask) -> list[tuple[Rule, str]]:
    """Every rule with every method that it takes."""
    return [
        (rule, method)
        for rule in server.url_map.iter_rules()
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})
    ]


def _address(rule: Rule) -> str:
    """An address that the rule matches; what it names need not exist."""
    values = {}
    for name, converter in rule._converters.items():
        items = sorted(getattr(converter, "items", ()))
        values[name] = items[0] if items else SAMPLE.get(type(converter).__name__, "x")
    found = rule.build(values, append_unknown=False)
    assert found is not None
    return found[1]


def _ask(person: Person, rule: Rule, method: str) -> TestResponse:
    return person.client.open(_address(rule), method=method, headers={"X-CSRFToken": person.token})


def test_every_endpoint_says_what_it_asks_for_or_why_it_is_open(server: Flask) -> None:
    silent = {name for name, view in server.view_functions.items() if asks_for(view) is None}
    assert silent - OPEN.keys() == set(), "mark them with `requires`, below the route, or say here why they are open"
    assert OPEN.keys() - silent == set(), "these are open no more"


def test_who_is_not_signed_in_gets_no_further_than_the_sign_in(server: Flask) -> None:
    stranger = Person(server.test_client(), "")
    shut = [(rule, method) for rule, method in _endpoints(server) if rule.endpoint not in OPEN]
    assert shut
    for rule, method in shut:
        answer = _ask(stranger, rule, method)
        if rule.rule.startswith("/api/"):
            assert answer.status_code == 401, f"{method} {rule}: {answer.status}"
        else:
            assert answer.headers.get("Location", "").startswith("/sign-in"), f"{method} {rule}: {answer.status}"


def test_no_task_is_without_an_endpoint_that_asks_for_it(server: Flask) -> None:
    assert {task for view in server.view_functions.values() if (task := asks_for(view))} == set(Task)


def test_every_task_has_its_words() -> None:
    assert WORDS.keys() == set(Task)
    assert len(set(WORDS.values())) == len(Task)


@pytest.mark.parametrize("page", ["README.md", "SECURITY.md"])
def test_the_pages_say_how_many_cells_the_tables_have(page: str) -> None:
    cells = sum(table.cells for table in rights.tables())
    assert cells == len(ROLES) * len(Task) + len(PERSONAL) * sum(1 for action in ACTIONS.values() if action.roles)
    assert f"{cells} cells" in (ROOT / page).read_text()


def _is_let_through(answer: TestResponse, method: str) -> bool:
    """Whether it was for the view to answer: the gate did not, and nobody was led to the sign-in."""
    return answer.status_code in LET_THROUGH[method] and not answer.headers.get("Location", "").startswith("/sign-in")


@pytest.mark.parametrize("role", PERSONAL)
def test_each_role_is_refused_exactly_what_the_table_does_not_give_it(
    server: Flask, people: dict[str, Person], role: str
) -> None:
    wrong = []
    for rule, method in _endpoints(server):
        task = asks_for(server.view_functions[rule.endpoint])
        if task is None or rule.endpoint == "sessions.sign_out":  # which would end this client's session
            continue
        answer = _ask(people[role], rule, method)
        as_said = _is_let_through(answer, method) if may(role, task) else answer.status_code == 403
        wrong += [] if as_said else [f"{method} {rule} ({task}): {answer.status}"]
    assert wrong == []


@pytest.fixture(scope="module")
def badges(server: Flask) -> None:
    """Somebody with a badge for each role, named like it, since before anything is scanned."""
    with server.app_context(), writing() as c:
        for role in PERSONAL:
            change = staff.Change(site=SITE, by="admin", now_ms=NOW - 10_000_000)
            number = staff.add_person(c, site=SITE, name=f"a {role}", role=role, by="admin", now_ms=change.now_ms)
            staff.set_badge(c, number, f"B-{role}".upper(), "7391", change)


def _scan_everything(handheld: Handheld, role: str) -> dict[str, tuple[int, str]]:
    """Scan each action once, in a bin of its own; its number, and what it is a case of where it is not permitted."""
    who, done = f"a {role}", {}
    for n, (name, action) in enumerate(ACTIONS.items()):
        cell = f"{PERSONAL.index(role)}-{n}"
        thing, place = unit(cell), LOC + cell
        said = {field: SCANNED[field] for field in action.needs if field in SCANNED}
        if "identifiers" in action.needs:
            said["identifiers"] = (unit(f"{cell}-2"),)
        if "voids" in action.needs:
            seen = handheld.chain.scan(NOW - 60_000, "inspect", thing, location=place, operator=who)
            said["voids"] = format_name(seen.name)
        subject = thing if "subject" in action.needs else None
        event = handheld.chain.scan(NOW - 50_000, name, subject, location=place, operator=who, **said)
        done[name] = event.seq, subject or place
    return done


@pytest.mark.parametrize("role", PERSONAL)
def test_exactly_the_actions_that_the_table_does_not_give_a_role_become_cases_under_its_badge(
    server: Flask, badges: None, role: str
) -> None:
    with server.app_context():
        handheld = Handheld(server).enrol(name=role)
        done = _scan_everything(handheld, role)
        exceptions = {e["seq"]: (e["outcome"], e["reason"]) for e in handheld.push()["exceptions"]}
        with reading() as c:
            told = set(c.execute(sa.select(cases.c.unit).where(cases.c.rule == "not_permitted")).scalars())
    wrong = []
    for name, (seq, subject) in done.items():
        roles = ACTIONS[name].roles
        found = exceptions.get(seq), subject in told
        expected = (None, role not in roles) if roles else (("quarantined", _OFFICE.format(name)), False)
        wrong += [] if found == expected else [f"{name}: {found}, not {expected}"]
    assert wrong == []


def test_another_systems_key_opens_exactly_what_the_table_gives_it_and_no_page(server: Flask) -> None:
    with server.app_context(), writing() as c:
        _, key = integrations.make(c, site=SITE, name="shop", tasks=ROLES[INTEGRATION], by="admin", now_ms=1_000_000)
    client = server.test_client()
    wrong = []
    for rule, method in _endpoints(server):
        task = asks_for(server.view_functions[rule.endpoint])
        if task is None:
            continue
        answer = client.open(_address(rule), method=method, headers={"Authorization": f"Bearer {key}"})
        if not rule.rule.startswith("/api/"):
            as_said = answer.headers.get("Location", "").startswith("/sign-in")
        else:
            as_said = _is_let_through(answer, method) if may(INTEGRATION, task) else answer.status_code == 403
        wrong += [] if as_said else [f"{method} {rule} ({task}): {answer.status}"]
    assert wrong == []


def test_a_key_that_lacks_a_task_is_told_which_and_nothing_of_roles(server: Flask) -> None:
    with server.app_context(), writing() as c:
        _, key = integrations.make(c, site=SITE, name="narrow", tasks={Task.FEED}, by="admin", now_ms=1_000_000)
    client = server.test_client()

    def told(path: str) -> str:
        message: str = client.get(path, headers={"Authorization": f"Bearer {key}"}).get_json()["message"]
        return message

    assert told("/api/v1/cases") == "This key lacks the task 'look': take one that has it."
    assert told("/api/v1/people") == "This key lacks the task 'people': no key has it, a person signs in for this."


def test_quality_claims_what_failed_and_closes_no_receipt() -> None:
    assert may("quality", Task.DEFECT)
    assert not may("quality", Task.RECEIVE)


def test_every_task_is_somebodys_and_the_admin_may_do_them_all() -> None:
    assert ROLES["admin"] == frozenset(Task)
    assert all(any(may(role, task) for role in ROLES) for task in Task)


def test_another_system_can_neither_decide_nor_count_nor_let_people_in() -> None:
    assert ROLES[INTEGRATION] == {Task.LOOK, Task.CLAIM, Task.ORDER, Task.PRINT, Task.IMPORT, Task.EXPORT, Task.FEED}


def test_who_picks_or_takes_returns_sees_no_claim_and_so_not_what_things_cost() -> None:
    assert {role for role in PERSONAL if may(role, Task.CLAIM)} == {"admin", "supervisor", "quality", "receiver"}


def test_handhelds_know_the_same_roles_as_the_server() -> None:
    assert frozenset(PERSONAL) == FLOOR
    assert all(action.roles <= FLOOR for action in ACTIONS.values())


def test_an_unknown_role_may_nothing() -> None:
    assert not any(may("director", task) for task in Task)
