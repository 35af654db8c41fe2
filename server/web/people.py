"""People: who may sign in, as what, with which badge; and each change of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from flask import flash, redirect, render_template, request, url_for
from werkzeug import Response

from server import context, sites, staff, webhooks
from server.database import reading, transact
from server.errors import Refusal
from server.members import list_members
from server.people import PASSWORD_LENGTH_MIN, requires, signed_in
from server.roles import PERSONAL, Task
from server.staff import Change, NobodyError
from server.web.navigation import Entry, Group
from server.web.pages import blueprint
from sync.pin import PIN_LENGTH_MAX, PIN_LENGTH_MIN

NAV = Entry("People", "web.people", Group.SITE, 50, Task.PEOPLE)


@blueprint.get("/people")
@requires(Task.PEOPLE)
def people() -> str:
    """Everybody of the site."""
    with reading() as connection:
        members = list_members(connection, signed_in().site)
        all_sites = sites.names(connection)
    return render_template(
        "people.html",
        members=members,
        sites=all_sites,
        roles=PERSONAL,
        role_options=[(role, role) for role in PERSONAL],
        pin_length=(PIN_LENGTH_MIN, PIN_LENGTH_MAX),
        password_length=PASSWORD_LENGTH_MIN,
    )


@blueprint.post("/people")
@requires(Task.PEOPLE)
def add_person() -> Response:
    """Let somebody in."""
    name, role = request.form.get("name", "").strip(), request.form.get("role", "")
    wanted = _filled("badge", "pin")
    change = _change()

    def write(connection: sa.Connection) -> None:
        number = staff.add_person(
            connection,
            site=change.site,
            name=name,
            role=role,
            password=request.form.get("password") or None,
            by=change.by,
            now_ms=change.now_ms,
        )
        staff.edit(connection, number, wanted, change)

    return _done(write, f"{name} is in, as {role}.")


@blueprint.post("/people/<int:number>/role")
@requires(Task.PEOPLE)
def change_role(number: int) -> Response:
    """Give them another role."""
    return _edit(number, {"role": request.form.get("role", "")}, "The role is changed. Handhelds learn it by syncing.")


@blueprint.post("/people/<int:number>/badge")
@requires(Task.PEOPLE)
def change_badge(number: int) -> Response:
    """Give them a badge and a PIN; an empty badge takes theirs back."""
    badge = request.form.get("badge", "").strip() or None
    wanted = {"badge": badge, **_filled("pin")}
    return _edit(number, wanted, "The badge is given. Handhelds learn it by syncing." if badge else "Taken back.")


@blueprint.post("/people/<int:number>/sites")
@requires(Task.PEOPLE)
def let_into_sites(number: int) -> Response:
    """Say into which sites they are let beside their own."""
    return _edit(number, {"also": request.form.getlist("site")}, "It is changed. Handhelds learn it by syncing.")


@blueprint.post("/people/<int:number>/put-out")
@requires(Task.PEOPLE)
def put_out(number: int) -> Response:
    """Let a guest of another site in here no more."""
    change = _change()
    return _done(lambda connection: staff.put_out(connection, number, change), "They are let in here no more.")


@blueprint.post("/people/<int:number>/password")
@requires(Task.PEOPLE)
def reset_password(number: int) -> Response:
    """Give them a new password."""
    wanted = {"password": request.form.get("password", "")}
    return _edit(number, wanted, "The password is new, and every session of theirs has ended.")


@blueprint.post("/people/<int:number>/active")
@requires(Task.PEOPLE)
def change_active(number: int) -> Response:
    """Let them in no longer, or again."""
    active = request.form.get("active") == "yes"
    if active:
        return _edit(number, {"active": True}, "They may sign in again.")
    with reading() as connection:
        found = [one for one in list_members(connection, signed_in().site) if one.id == number]
        left = "".join(webhooks.left_behind(connection, (one.home, *one.also), one.name) for one in found)
    return _edit(number, {"active": False}, f"They may sign in no longer.{left}")


def _filled(*names: str) -> dict[str, str]:
    return {name: value for name in names if (value := request.form.get(name, "").strip())}


def _change() -> Change:
    person = signed_in()
    return Change(site=person.site, by=person.name, now_ms=context.now_ms(), self_id=person.id)


def _edit(number: int, wanted: dict[str, Any], success: str) -> Response:
    change = _change()
    return _done(lambda connection: staff.edit(connection, number, wanted, change), success)


def _done(write: Callable[[sa.Connection], object], success: str) -> Response:
    try:
        transact(write)
    except NobodyError as error:
        raise Refusal(404, "not_found", str(error)) from None
    except ValueError as error:
        flash(str(error), "bad")
    else:
        flash(success, "good")
    return redirect(url_for("web.people"))
