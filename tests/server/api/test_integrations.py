"""Another system asks with its key: what it opens, in whose name, and until when."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from server import webhooks
from server.database import reading, writing
from server.tables import documents, events, integrations
from tests.server.running import NOW, SITE, Person, refusal


def make(admin: Person, name: str = "shop", tasks: tuple[str, ...] = ("look", "import")) -> dict[str, Any]:
    answer = admin.post("/api/v1/integrations", json={"name": name, "tasks": list(tasks)})
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.get_json()
    return found


def ask(app: Flask, key: str, path: str = "/api/v1/cases", *, client: FlaskClient | None = None) -> TestResponse:
    return (client or app.test_client()).get(path, headers={"Authorization": f"Bearer {key}"})


def test_a_key_opens_what_it_was_made_for_and_nothing_else(app: Flask, admin: Person) -> None:
    key = make(admin)["key"]
    assert ask(app, key).status_code == 200
    answer = app.test_client().post(
        "/api/v1/counts", json={"number": "C-1", "bins": ["A-01"]}, headers={"Authorization": f"Bearer {key}"}
    )
    assert refusal(answer) == (403, "forbidden")
    looking = make(admin, "screen", ("look",))["key"]
    header = {"Authorization": f"Bearer {looking}"}
    assert refusal(app.test_client().post("/api/v1/documents", headers=header)) == (403, "forbidden")


def test_what_it_does_needs_no_token_and_bears_its_name(app: Flask, admin: Person) -> None:
    key = make(admin)["key"]
    answer = app.test_client().post(
        "/api/v1/documents?kind=locations",
        data="code\nZ-01\n",
        headers={"Authorization": f"Bearer {key}", "Content-Type": "text/csv"},
    )
    assert answer.status_code in (200, 201), answer.text
    with reading() as c:
        assert c.execute(sa.select(documents.c.kind)).scalars().all() == ["locations"]
        operator = c.execute(sa.select(events.c.operator).where(events.c.action == "import")).scalar_one()
    assert operator == "integration:shop"


def test_a_key_that_is_wrong_or_was_revoked_opens_nothing(app: Flask, admin: Person) -> None:
    made = make(admin)
    assert refusal(ask(app, made["key"] + "x")) == (401, "sign_in")
    assert refusal(ask(app, "")) == (401, "sign_in")
    assert admin.post(f"/api/v1/integrations/{made['id']}/revoke").get_json() == {"webhooks": 0}
    assert refusal(ask(app, made["key"])) == (401, "sign_in")
    assert refusal(admin.post("/api/v1/integrations/999/revoke")) == (404, "not_found")


def test_with_a_key_end_the_webhooks_that_it_made_and_no_others(app: Flask, admin: Person) -> None:
    made, other = make(admin, "shop", ("feed",)), make(admin, "erp", ("feed",))
    for key, url in ((made["key"], "https://203.0.114.9/thief"), (other["key"], "https://203.0.114.9/erp")):
        header = {"Authorization": f"Bearer {key}"}
        assert app.test_client().post("/api/v1/webhooks", json={"url": url}, headers=header).status_code == 201
    admin.post("/api/v1/webhooks", json={"url": "https://203.0.114.9/ours"})
    assert admin.post(f"/api/v1/integrations/{made['id']}/revoke").get_json() == {"webhooks": 1}
    left = {one["url"] for one in admin.get("/api/v1/webhooks").get_json()["webhooks"]}
    assert left == {"https://203.0.114.9/erp", "https://203.0.114.9/ours"}
    with reading() as c:
        said = c.execute(sa.select(events.c.operator, events.c.reason).order_by(events.c.seq)).all()
    assert said[-1] == ("admin", "changes are no longer sent to https://203.0.114.9/thief")
    form = {"csrf_token": admin.token}
    page = admin.client.post(f"/other-systems/{other['id']}/revoke", data=form, follow_redirects=True)
    assert "Webhooks that it had made and that are removed with it: 1." in page.text


def test_who_lets_somebody_go_is_told_where_changes_still_go_for_them(app: Flask, admin: Person) -> None:
    with writing() as c:
        webhooks.make(c, site=SITE, url="https://203.0.114.9/board", kinds=[], operator="supervisor", now_ms=NOW)
    numbers = {one["name"]: one["id"] for one in admin.get("/api/v1/people").get_json()["people"]}
    form = {"csrf_token": admin.token, "active": "no"}
    page = admin.client.post(f"/people/{numbers['supervisor']}/active", data=form, follow_redirects=True).text
    assert (
        "They may sign in no longer. Changes go on being sent where they had them sent: https://203.0.114.9/board."
        in page
    )
    page = admin.client.post(f"/people/{numbers['picker']}/active", data=form, follow_redirects=True).text
    assert "Changes go on" not in page


def test_a_wrong_key_is_not_helped_by_who_is_signed_in(app: Flask, admin: Person) -> None:
    assert refusal(ask(app, "scan-key.wrong", client=admin.client)) == (401, "sign_in")


def test_a_key_opens_no_page_of_the_console(app: Flask, admin: Person) -> None:
    key = make(admin)["key"]
    assert ask(app, key, "/cases").location.startswith("/sign-in")


def test_the_key_is_shown_once_and_its_use_is_seen(app: Flask, admin: Person) -> None:
    key = make(admin)["key"]
    ask(app, key)
    told = admin.get("/api/v1/integrations")
    assert key not in told.text
    [one] = told.get_json()["integrations"]
    assert (one["name"], one["tasks"], one["made_by"], one["used_ms"]) == ("shop", ["import", "look"], "admin", NOW)
    with reading() as c:
        assert key.encode() not in str(c.execute(sa.select(integrations)).all()).encode()
        said = c.execute(sa.select(events.c.reason)).scalars().all()
    assert said == ["the system shop has a key for import, look"]


def test_no_key_is_made_for_what_no_key_opens_nor_twice_under_one_name(app: Flask, admin: Person) -> None:
    wanted = {"name": "shop", "tasks": ["people"]}
    assert refusal(admin.post("/api/v1/integrations", json=wanted)) == (422, "not_valid")
    make(admin)
    assert refusal(admin.post("/api/v1/integrations", json={"name": "shop", "tasks": ["look"]})) == (409, "conflict")


def test_an_admin_makes_and_revokes_a_key_on_the_page(app: Flask, admin: Person) -> None:
    form = {"csrf_token": admin.token, "name": "ERP", "tasks": ["look", "feed"]}
    page = admin.client.post("/other-systems", data=form).text
    key = page.split("scan-key.")[1].split("<")[0]
    assert ask(app, f"scan-key.{key}").status_code == 200
    assert "scan-key." not in admin.client.get("/other-systems").text
    admin.client.post("/other-systems/1/revoke", data={"csrf_token": admin.token})
    assert refusal(ask(app, f"scan-key.{key}")) == (401, "sign_in")
