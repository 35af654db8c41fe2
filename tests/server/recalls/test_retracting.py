"""A word of a recall's account that was a mistake is taken back, with its reason, as if it was never said."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from server import catalogue, upkeep
from server.database import reading, stamp, writing
from server.tables import events, stock_levels
from sync.unit import Status
from tests.handheld import BIN_A, CABLE, unit
from tests.server.recalls.scene import GTIN, LOT_C, MINUTE, account, begin, fill, release, told
from tests.server.running import NOW, SITE, Handheld, Person, refusal, sign_in


@pytest.fixture
def quality(app: Flask, handheld: Handheld) -> Person:
    """RC-1 recalls lot L1, and RC-2 a lot of cables of which 40 lie in bin A."""
    fill(handheld)
    with writing() as c:
        for notice in ("ASN-1", "ASN-2"):
            catalogue.publish_notice(c, SITE, notice, stamp(c))
    begin("RC-1", product=GTIN, lots=["L1"], place="C-01")
    begin("RC-2", product=CABLE.rpartition("/")[2], lots=["C1"])
    return sign_in(app, "quality")


def say(person: Person, answer: str, number: str = "RC-1", **about: Any) -> None:
    done = person.post(f"/api/v1/recalls/{number}/answers", json={"answer": answer, **about})
    assert done.status_code == 200, done.text


def take_back(person: Person, number: str = "RC-1", reason: str = "wrong box", **about: Any) -> Any:
    done = person.post(f"/api/v1/recalls/{number}/retractions", json={"reason": reason, **about})
    assert done.status_code == 200, done.text
    return done.get_json()


def status(person: Person, serial: str) -> tuple[str, str | None]:
    state = person.get(f"/api/v1/units/01/{GTIN}/21/{serial}").get_json()["state"]
    return state["status"], state["place"]


def cables() -> int:
    with reading() as c:
        t = stock_levels.c
        return c.execute(sa.select(sa.func.sum(t.quantity)).where(t.site == SITE, t.subject == LOT_C)).scalar() or 0


def whole() -> list[str]:
    """What a fold of everything from the beginning finds otherwise than it stands."""
    found = upkeep.verify(SITE, lambda _: None)
    return [problem for problem in found if "folded by version" not in problem and "rows of" not in problem]


def test_a_unit_that_was_not_destroyed_after_all_is_in_its_bin_again_and_to_be_found(quality: Person) -> None:
    before = account()
    say(quality, "destroyed", subjects=[unit("BIN1"), unit("BIN2")])
    assert (status(quality, "BIN1")[0], told(account())["BIN1"]) == (Status.DISPOSED, "done")
    found = take_back(quality, subjects=[unit("BIN1")], reason="it was BIN9 in fact")
    assert status(quality, "BIN1") == ("stored", BIN_A)
    assert (told(account())["BIN1"], told(account())["BIN2"]) == ("to_find", "done")
    assert found["open"] == before.open - 1
    with reading() as c:
        e = events.c
        said = c.execute(sa.select(e.operator, e.reason).where(e.action == "retract_account")).all()
    assert said == [("quality", "it was BIN9 in fact")]
    assert whole() == []
    say(quality, "to_supplier", subjects=[unit("BIN1")])
    assert told(account())["BIN1"] == "done", "and what was true is said after it"


def test_pieces_that_were_not_destroyed_are_stock_again(quality: Person) -> None:
    say(quality, "destroyed", "RC-2", subjects=[LOT_C])
    assert (cables(), account("RC-2").open) == (0, 0)
    take_back(quality, "RC-2", subjects=[LOT_C])
    assert (cables(), account("RC-2").open) == (40, 40)
    assert whole() == []


def test_a_customers_answer_taken_back_is_the_one_before_or_none(quality: Person) -> None:
    say(quality, "sends_back", order="SO-3")
    take_back(quality, order="SO-3")
    assert told(account())["SOLD"] == "unanswered"
    page = quality.get("/recalls/recall?number=RC-1").text
    assert "Answer of SO-3" in page, "they are asked again"
    assert refusal(quality.post("/api/v1/recalls/RC-1/retractions", json={"reason": "x", "order": "SO-3"}))[0] == 409


def test_a_word_of_a_recall_that_has_ended_is_taken_back_too(quality: Person) -> None:
    say(quality, "destroyed", subjects=[unit("BIN1")])
    say(quality, "keeps", order="SO-3")
    release("RC-1", leaving=99, now_ms=NOW - MINUTE)
    ended = account()
    take_back(quality, subjects=[unit("BIN1")])
    take_back(quality, order="SO-3")
    found = told(account())
    assert (found["BIN1"], found["SOLD"]) == ("to_find", "unanswered")
    assert account().open == ended.open + 2
    assert status(quality, "BIN1") == ("stored", BIN_A)
    assert f">{ended.open + 2}</td>" in quality.get("/recalls").text, "the list says so as well"


def test_who_takes_back_what_nobody_said_or_says_no_reason_is_told(quality: Person) -> None:
    nothing = quality.post("/api/v1/recalls/RC-1/retractions", json={"reason": "x", "subjects": [unit("BIN1")]})
    assert nothing.get_json()["message"] == "Nothing is written down of that in recall RC-1."
    say(quality, "destroyed", subjects=[unit("BIN1")])
    form = {"number": "RC-1", "subject": unit("BIN1"), "reason": " "}
    page = quality.post("/recalls/retract", data=form, follow_redirects=True)
    assert "Say why it is taken back." in page.text
    page = quality.post("/recalls/retract", data=form | {"reason": "wrong box"}, follow_redirects=True)
    assert "1 taken back: still to be accounted for." in page.text
