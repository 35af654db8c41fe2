"""The page People, through HTTP."""

import re

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.server.web.test_console import _sign_in, _token


@pytest.fixture
def console(app: Flask) -> FlaskClient:
    return _sign_in(app, "admin")[0]


def send(console: FlaskClient, path: str, **form: str) -> str:
    token = _token(console.get("/people").text)
    answer = console.post(path, data=form | {"csrf_token": token}, follow_redirects=True)
    assert answer.status_code == 200
    return answer.text


def number_of(page: str, name: str) -> str:
    """The number in the address of the form that sets this person's password."""
    found = re.search(rf'action="/people/(\d+)/password"(?:(?!</form>).)*Set {name}&#39;s password', page, re.DOTALL)
    assert found is not None
    return found[1]


def test_an_admin_adds_changes_and_lets_go_of_somebody(console: FlaskClient) -> None:
    page = send(console, "/people", name="Ravi", role="picker", badge="BADGE:K-17", pin="7391", password="")
    assert "Ravi is in, as picker." in page
    assert "K-17" in page
    ravi = number_of(page, "Ravi")
    assert "The role is changed." in send(console, f"/people/{ravi}/role", role="receiver")
    assert "The badge is given." in send(console, f"/people/{ravi}/badge", badge="K-18", pin="8264")
    assert "The password is new" in send(console, f"/people/{ravi}/password", password="correct horse battery")
    assert "They may sign in no longer." in send(console, f"/people/{ravi}/active", active="no")
    assert "They may sign in again." in send(console, f"/people/{ravi}/active", active="yes")
    assert "Taken back." in send(console, f"/people/{ravi}/badge", badge="", pin="")


def test_what_will_not_do_is_said_and_nothing_secret_is_repeated(console: FlaskClient) -> None:
    page = send(console, "/people", name="Ravi", role="picker", badge="K-17", pin="1234", password="")
    assert "among the first that anyone would try" in page
    assert "1234" not in page
    assert "Ravi" not in console.get("/people").text


def test_an_admin_is_not_offered_what_would_lock_everybody_out(console: FlaskClient) -> None:
    page = console.get("/people").text
    admin = number_of(page, "admin")
    assert f"/people/{admin}/active" not in page
    assert "You cannot take your own role away" in send(console, f"/people/{admin}/active", active="no")


def test_nobody_but_an_admin_sees_the_page(app: Flask) -> None:
    supervisor = _sign_in(app, "supervisor")[0]
    assert supervisor.get("/people").status_code == 403
    assert 'href="/people"' not in supervisor.get("/").text
