"""A changed row on which the server itself fails stops nobody: it is left out, shown, and told once it is mended."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from server import changes, untold
from server.database import reading, stamp, writing
from server.recalls import book, heard
from server.recalls.asked import Asked
from server.tables import unit_states
from tests.handheld import BIN_A, CABLE, unit
from tests.server.running import NOW, SITE, Handheld, Person


@pytest.fixture
def shelf(handheld: Handheld) -> Handheld:
    """A handheld that put three units away."""
    for n in range(1, 4):
        handheld.scan("put_away", unit(f"S{n}"), location=BIN_A, minutes_ago=20 - n)
    handheld.push()
    return handheld


def becomes(status: str) -> None:
    """The row of unit S2 is said to have this status, as of a change of now."""
    with writing() as c:
        c.execute(unit_states.update().where(unit_states.c.unit == unit("S2")).values(status=status, stamp=stamp(c)))


def units(reply: dict[str, Any]) -> dict[str, bool]:
    """Units in a reply by their serial number, and whether anything is said of them."""
    return {key.rpartition("/")[2]: row is not None for kind, key, row in reply["changes"] if kind == "unit"}


def test_a_unit_on_which_the_server_fails_is_left_out_alone_and_told_once_it_is_mended(
    app: Flask, shelf: Handheld, admin: Person
) -> None:
    becomes("rotten")
    shelf.scan("put_away", unit("S4"), location=BIN_A, minutes_ago=1)
    reply = shelf.push(4)
    assert (reply["acked_through"], reply["untold"], reply["more"]) == (4, None, False)
    assert units(reply) == {"S1": True, "S2": False, "S3": True, "S4": True}
    assert units(shelf.push(5, cursor=reply["cursor"])) == {}  # and nobody waits at it
    with reading() as c:
        found = untold.listed(c, SITE)
    said = "The server failed on it: ValueError."
    assert [(row["of"], row["key"], row["reason"]) for row in found] == [("unit_states", unit("S2"), said)]
    assert unit("S2") in admin.get("/set-aside").text
    assert "that the server fails to tell" in admin.get("/").text
    assert "scan_changes_untold 1.0" in app.test_client().get("/metrics").text.splitlines()
    with writing() as c:
        c.execute(unit_states.update().where(unit_states.c.unit == unit("S2")).values(status="stored"))
    done = app.test_cli_runner().invoke(args=["release-held"])
    assert "1 row on which the server failed will be told again." in done.output
    assert units(shelf.push(5, cursor=reply["cursor"])) == {"S2": True}


@pytest.mark.parametrize("column", ["identifiers", "returned_for", "doubts"])
def test_a_units_row_that_the_database_holds_damaged_keeps_no_handheld_and_no_other_system_from_the_rest(
    shelf: Handheld, admin: Person, column: str
) -> None:
    with writing() as c:
        c.execute(sa.text(f"UPDATE unit_states SET {column} = '5' WHERE unit = :unit"), {"unit": unit("S2")})
    assert units(shelf.push(4)) == {"S1": True, "S2": False, "S3": True}
    with reading() as c:
        found = untold.listed(c, SITE)
    assert [(row["key"], row["reason"]) for row in found] == [(unit("S2"), "The server failed on it: TypeError.")]
    told = admin.get("/api/v1/changes?kinds=unit").get_json()["changes"]
    assert [change["data"]["unit"] for change in told] == [unit("S1"), unit("S3")]


def test_other_systems_are_told_everything_but_the_row_on_which_the_server_fails(
    shelf: Handheld, admin: Person
) -> None:
    with writing() as c:
        c.execute(unit_states.update().where(unit_states.c.unit == unit("S2")).values(status="rotten"))
    told = admin.get("/api/v1/changes?kinds=unit").get_json()["changes"]
    assert [change["data"]["unit"] for change in told] == [unit("S1"), unit("S3")]
    with reading() as c:
        assert [row["key"] for row in untold.listed(c, SITE)] == [unit("S2")]


def test_where_the_server_fails_on_all_that_changed_the_scans_are_acknowledged_and_the_cursor_stays(
    shelf: Handheld, admin: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> frozenset[str]:
        raise ZeroDivisionError("planted")

    cursor = shelf.push(4)["cursor"]
    shelf.scan("put_away", unit("S4"), location=BIN_A, minutes_ago=1)
    with monkeypatch.context() as patch:
        patch.setattr(changes, "hidden_from", fails)
        reply = shelf.push(4, cursor=cursor)
    assert (reply["acked_through"], reply["accepted"]) == (4, 1)
    assert (reply["changes"], reply["cursor"], reply["more"]) == ([], cursor, True)
    assert reply["untold"].startswith("This server failed when it was asked what changed.")
    assert "no handheld is told what changed" in admin.get("/set-aside").text
    assert units(shelf.push(5, cursor=reply["cursor"])) == {"S4": True}


def test_a_recall_that_could_not_be_told_is_known_to_no_handheld(shelf: Handheld) -> None:
    with writing() as c:
        asked = Asked(number="R-1", reason="burns", product=CABLE)
        standing = book.begin(c, site=SITE, asked=asked, operator="Quinn", now_ms=NOW)
        raw = sa.text("UPDATE reference SET row = :row WHERE kind = 'recall'")
        c.execute(raw, {"row": "[1]"})
    cursor = shelf.push(4)["cursor"]
    shelf.push(4, cursor=cursor)
    with reading() as c:
        assert [one.name for one in heard.unaware(c, SITE, standing)] == ["HH-1"]
