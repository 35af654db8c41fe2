"""Recalls reach handhelds, bite, leave a case when they are broken, and end."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from server.changes import pull
from server.database import reading, stamp, writing
from server.rebuild import rebuild
from server.recalls import RecallError, recall, release
from server.tables import cases
from tests.handheld import BIN_A, BIN_B, DAY, PHONE, Chain, unit
from tests.server.site import SITE, enrol, folded, push, site, state_document

ROW = {
    "number": "RC-1",
    "reason": "battery",
    "item": PHONE,
    "lots": [],
    "units": [],
    "since_ms": DAY,
    "until_ms": None,
}
BY = {"site": SITE, "number": "RC-1", "operator": "quality"}


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
            recall(c, **BY, reason="battery", item=PHONE, lots=["L1"], now_ms=DAY)
        chain = Chain(1)
        chain.scan(DAY + 5_000, "put_away", unit("L1"), location=BIN_B)
        chain.scan(DAY + 6_000, "put_away", unit("L2"), location=BIN_B)
        push(chain, now_ms=DAY + 9_000)
        assert open_rules() == ["recalled"]
        with writing() as c:
            release(c, **BY, reason="checked", now_ms=DAY + 10_000)
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
            recall(c, **BY, reason="battery", item=PHONE, now_ms=DAY)
        ((_, number, row),) = recalls_at_handhelds()
        assert (number, row) == ("RC-1", ROW)
        with writing() as c:
            release(c, **BY, reason="checked", now_ms=DAY + 1)
        assert recalls_at_handhelds() == [["recall", "RC-1", None]]


def test_a_recall_that_names_nothing_or_is_there_already_is_refused(database_url: str) -> None:
    with site(database_url), writing() as c:
        with pytest.raises(RecallError, match="names neither a product nor a unit"):
            recall(c, **BY, reason="battery", item=None, now_ms=DAY)
        recall(c, **BY, reason="battery", item=PHONE, now_ms=DAY)
        with pytest.raises(RecallError, match="There is a recall RC-1 already"):
            recall(c, **BY, reason="battery", item=PHONE, now_ms=DAY)
        with pytest.raises(RecallError, match="no recall RC-2 in force"):
            release(c, **BY | {"number": "RC-2"}, reason="x", now_ms=DAY)
