"""Recalls reach handhelds, bite, leave a case when they are broken, and end."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from server import decisions
from server.case_list import CaseFilter, list_cases
from server.changes import pull
from server.database import reading, stamp, writing
from server.rebuild import rebuild
from server.recalls import book
from server.recalls.asked import Asked
from server.recalls.release import release
from server.tables import cases
from tests.handheld import BIN_A, BIN_B, CARTON_1, DAY, PHONE, Chain, unit
from tests.server.site import SITE, enrol, folded, push, site, state_document

GTIN = PHONE.rpartition("/")[2]
BY = {"site": SITE, "number": "RC-1", "operator": "quality"}


def recall(connection: sa.Connection, **asked: Any) -> None:
    """From the moment DAY on."""
    given = Asked(number="RC-1", reason="battery", product=GTIN, **asked)
    book.begin(connection, site=SITE, asked=given, operator="quality", now_ms=DAY)


def recalls_at_handhelds() -> list[list[object]]:
    with reading() as c:
        changes, _, _ = pull(c, SITE, None)
    return [change for change in changes if change[0] == "recall"]


def open_rules() -> list[str]:
    with reading() as c:
        return list(c.execute(sa.select(cases.c.rule).where(cases.c.status == "open")).scalars())


def test_a_recalled_lot_that_is_moved_becomes_a_case_and_stays_one_after_the_release(database_url: str) -> None:
    with site(database_url):
        enrol(1)
        state_document(
            "stock", "S", [{"subject": unit(s), "location": BIN_A, "lot": s} for s in ("L1", "L2")], now_ms=DAY - 9
        )
        with writing() as c:
            recall(c, lots=["L1"])
        chain = Chain(1)
        chain.scan(DAY + 5_000, "put_away", unit("L1"), location=BIN_B)
        chain.scan(DAY + 6_000, "put_away", unit("L2"), location=BIN_B)
        push(chain, now_ms=DAY + 9_000)
        assert open_rules() == ["recalled"]
        with writing() as c:
            release(c, **BY, reason="checked", leaving=2, now_ms=DAY + 10_000)
        before = folded()
        with writing() as c:
            rebuild(c, SITE, [unit("L1"), unit("L2")], stamp(c))
        assert folded() == before, "what was judged under the recall is judged so for ever"
        chain.scan(DAY + 20_000, "put_away", unit("L1"), location=BIN_A)
        push(chain, first=3, now_ms=DAY + 21_000)
        assert open_rules() == ["recalled"], "moving it after the release opens no further case"


def test_a_released_recall_is_withdrawn_from_handhelds_by_name(database_url: str) -> None:
    with site(database_url):
        with writing() as c:
            recall(c)
        ((_, number, row),) = recalls_at_handhelds()
        assert isinstance(row, dict)
        assert (number, row["item"], row["since_ms"], row["until_ms"]) == ("RC-1", PHONE, DAY, None)
        with writing() as c:
            release(c, **BY, reason="checked", leaving=2, now_ms=DAY + 1)
        assert recalls_at_handhelds() == [["recall", "RC-1", None]]


def shipped_in_carton(chain: Chain) -> None:
    """Two lamps are packed, one of them is recalled, and the carton leaves all the same; sent carton first."""
    rows = [{"subject": unit(s), "location": BIN_A, "lot": s} for s in ("L1", "L2")]
    state_document("stock", "S", rows, now_ms=DAY - 9_000_000)
    with writing() as c:
        recall(c, lots=["L1"])
    for at_ms, serial in ((DAY - 60_000, "L1"), (DAY - 50_000, "L2")):
        chain.scan(at_ms, "pack", unit(serial), container=CARTON_1, document="SO-1")
    chain.scan(DAY + 60_000, "ship", CARTON_1, document="SO-1")


def test_what_is_recalled_in_a_carton_that_was_shipped_is_a_case_of_that_unit(warehouse: str) -> None:
    enrol(1)
    chain = Chain(1)
    shipped_in_carton(chain)
    push(chain, first=1, last=2, now_ms=DAY + 61_000)
    assert open_rules() == []
    push(chain, first=3, now_ms=DAY + 62_000)
    with reading() as c:
        found = c.execute(sa.select(cases.c.unit, cases.c.rule, cases.c.against, cases.c.episode)).all()
    assert [tuple(row) for row in found] == [(unit("L1"), "recalled", CARTON_1, "1.1.3")]


def test_the_case_is_found_too_when_the_packing_arrives_after_the_hand_over(warehouse: str) -> None:
    enrol(1)
    chain = Chain(1)
    shipped_in_carton(chain)
    push(chain, first=3, now_ms=DAY + 61_000)
    assert open_rules() == ["unknown"]  # nobody knows that carton yet
    push(chain, first=1, last=2, now_ms=DAY + 62_000)
    assert open_rules() == ["recalled"]


def test_a_recalled_unit_that_was_shipped_in_its_carton_is_settled_once(warehouse: str) -> None:
    enrol(1)
    chain = Chain(1)
    shipped_in_carton(chain)
    push(chain, now_ms=DAY + 62_000)
    with reading() as c:
        [case] = list_cases(c, SITE, CaseFilter())
    with writing() as c:
        said = {"unit": case.unit, "rule": case.rule, "episode": case.episode, "evidence": case.evidence}
        decisions.settle(c, site=SITE, resolution="dismiss", operator="Sam", now_ms=DAY + 70_000, **said)
    assert open_rules() == []
    settled = folded()
    with writing() as c:
        rebuild(c, SITE, [unit("L1"), unit("L2"), CARTON_1], stamp(c))
    assert folded() == settled


def test_a_hand_over_that_is_undone_takes_the_case_with_it(warehouse: str) -> None:
    enrol(1)
    chain = Chain(1)
    shipped_in_carton(chain)
    push(chain, now_ms=DAY + 62_000)
    chain.scan(DAY + 70_000, "void", CARTON_1, voids="1.1.3", reason="still here")
    push(chain, first=4, now_ms=DAY + 71_000)
    assert open_rules() == []
