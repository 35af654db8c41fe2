"""The feed: whoever follows it with a cursor ends with what the server has, whatever commits when."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa

from server import feed
from server.changes import publish
from server.database import db, reading, stamp, writing
from server.tables import cases, server_state, stock_levels, unit_states
from sync.identity import item_of
from tests.handheld import BIN_A, BIN_B, CABLE, DAY, Chain, unit
from tests.server.running import Handheld, Person, sign_in
from tests.server.site import SITE, enrol, push, site, state_document


def follow(cursor: str | None, limit: int = 2, **options: Any) -> tuple[list[feed.Change], str]:
    """Every change behind the cursor, page by page."""
    found: list[feed.Change] = []
    for _ in range(1_000):
        with reading() as c:
            page = feed.read(c, SITE, cursor, now_ms=DAY + 10**7, limit=limit, **options)
        assert len(page.changes) <= 2 * limit
        found += page.changes
        cursor = page.cursor
        if not page.more:
            return found, cursor
    raise AssertionError("The pages never end.")


def types(changes: list[feed.Change]) -> list[str]:
    return [change.type for change in changes]


def document(number: str, **row: Any) -> None:
    with writing() as c:
        publish(c, SITE, "document", number, {"state": "open", **row}, stamp(c))


@pytest.fixture
def device(warehouse: str) -> Chain:
    enrol(1)
    return Chain(1)


def test_whoever_begins_with_nothing_ends_with_every_unit_case_and_balance(device: Chain) -> None:
    for n in range(4):
        device.scan(DAY + n, "put_away", unit(f"S{n}"), location=BIN_A)
    device.scan(DAY + 9, "inspect", unit("S1"), location=BIN_B)
    device.scan(DAY + 10, "put_away", CABLE, location=BIN_A, quantity=5)
    push(device, now_ms=DAY + 60_000)
    document("ASN-1", kind="asn")
    found, cursor = follow(None)
    with reading() as c:
        for table, kind in ((unit_states, "unit.changed"), (stock_levels, "stock.changed"), (cases, "case.opened")):
            assert types(found).count(kind) == c.execute(sa.select(sa.func.count()).select_from(table)).scalar()
    assert types(found).count("receipt.changed") == 1
    assert follow(cursor)[0] == []


def test_a_case_is_told_when_it_opens_and_when_a_later_scan_closes_it(device: Chain) -> None:
    device.scan(DAY, "put_away", unit("S1"), location=BIN_A)
    push(device, now_ms=DAY + 60_000)
    _, cursor = follow(None)
    device.scan(DAY + 100_000, "inspect", unit("S1"), location=BIN_B)
    push(device, 2, now_ms=DAY + 160_000)
    found, cursor = follow(cursor)
    assert types(found) == ["unit.changed", "case.opened"]
    device.scan(DAY + 200_000, "inspect", unit("S1"), location=BIN_A)
    push(device, 3, now_ms=DAY + 260_000)
    found, _ = follow(cursor)
    assert types(found) == ["unit.changed", "case.closed"]
    assert found[1].data["rule"] == "misplaced"


def test_what_a_late_fact_takes_away_is_told_as_removed(device: Chain) -> None:
    device.scan(DAY, "put_away", CABLE, location=BIN_A, quantity=5)
    device.scan(DAY + 1, "put_away", unit("S1"), location=BIN_A)
    device.scan(DAY + 2, "inspect", unit("S1"), location=BIN_B)
    push(device, now_ms=DAY + 60_000)
    _, cursor = follow(None)
    for seq, subject in ((1, CABLE), (3, unit("S1"))):
        device.scan(DAY + 100_000 + seq, "void", subject, voids=f"1.{device.epoch}.{seq}", reason="wrong shelf")
    push(device, 4, now_ms=DAY + 160_000)
    found, _ = follow(cursor, limit=1)
    assert sorted(types(found)) == ["case.removed", "stock.removed", "unit.changed"]
    told = {change.type: change.data for change in found}
    assert told["stock.removed"] == {"subject": CABLE, "place": BIN_A}
    assert (told["case.removed"]["rule"], told["case.removed"]["unit"]) == ("misplaced", unit("S1"))


def test_documents_are_told_as_what_people_call_them(warehouse: str) -> None:
    document("SO-1", kind="order")
    document("COUNT-1", kind="count", bins=[BIN_A])
    _, cursor = follow(None)
    document("COUNT-1", kind="count", bins=[BIN_A], state="closed")
    document("ASN-1", kind="asn", state="closed")
    found, _ = follow(cursor)
    assert types(found) == ["count.closed", "receipt.closed"]
    assert found[0].data["number"] == "COUNT-1"


def test_how_far_an_order_is_is_told_when_its_units_are_picked_and_shipped(device: Chain) -> None:
    rows = [{"subject": item_of(unit("S1")), "quantity": 2}]
    state_document("order", "SO-1", rows, now_ms=DAY - 10_000)
    device.scan(DAY, "put_away", unit("S1"), location=BIN_A)
    push(device, now_ms=DAY + 60_000)
    _, cursor = follow(None)
    device.scan(DAY + 100_000, "pick", unit("S1"), document="SO-1", location=BIN_A)
    push(device, 2, now_ms=DAY + 160_000)
    (told,), _ = follow(cursor, kinds=["order"])
    assert (told.type, told.data["number"]) == ("order.progress", "SO-1")
    assert [told.data[name] for name in ("standing", "asked", "picked", "shipped")] == ["begun", 2, 1, 0]


def test_only_the_kinds_that_were_asked_for_are_told_and_the_cursor_goes_on_all_the_same(device: Chain) -> None:
    device.scan(DAY, "put_away", unit("S1"), location=BIN_A)
    device.scan(DAY + 1, "inspect", unit("S1"), location=BIN_B)
    push(device, now_ms=DAY + 60_000)
    document("SO-1", kind="order")
    found, cursor = follow(None, limit=1, kinds=["order", "case"])
    assert sorted(types(found)) == ["case.opened", "order.changed"]
    assert follow(cursor)[0] == []


@pytest.mark.parametrize("cursor", ["", "x", "AAAA", "W10", "WyJpbmMxIiwxXQ", "WyJpbmMxIiwxLDAsImEiXQ", "W1tdLDEsMF0"])
def test_what_is_no_cursor_is_refused(warehouse: str, cursor: str) -> None:
    with reading() as c, pytest.raises(feed.CursorError):
        feed.read(c, SITE, cursor, now_ms=DAY)


def test_a_cursor_from_before_a_restored_backup_is_refused_and_says_so(warehouse: str) -> None:
    document("SO-1", kind="order")
    _, cursor = follow(None)
    with writing() as c:
        c.execute(server_state.update().values(incarnation="inc2"))
    with reading() as c, pytest.raises(feed.CursorError, match="restored from a backup"):
        feed.read(c, SITE, cursor, now_ms=DAY)


@pytest.mark.postgres
def test_a_change_that_commits_late_is_told(postgres_url: str) -> None:
    with site(postgres_url):
        with db.engine.connect() as slow, slow.begin():
            publish(slow, SITE, "document", "slow", {"kind": "order"}, stamp(slow))
            document("quick", kind="order")
            found, cursor = follow(None)
            assert found == []  # nothing is read above a transaction that is still running
        found, _ = follow(cursor)
        assert {change.data["number"] for change in found} == {"slow", "quick"}


def test_a_shop_follows_the_feed_over_http(admin: Person, handheld: Handheld) -> None:
    cursor = admin.get("/api/v1/changes?after=now").get_json()["next"]
    handheld.scan("put_away", unit("A1"), location=BIN_A)
    handheld.push()
    page = admin.get(f"/api/v1/changes?kinds=unit&after={cursor}").get_json()
    (change,) = page["changes"]
    assert (change["type"], change["data"]["unit"], change["data"]["place"]) == ("unit.changed", unit("A1"), BIN_A)
    assert page["more"] is False
    assert admin.get(f"/api/v1/changes?after={page['next']}").get_json()["changes"] == []
    assert admin.get("/api/v1/changes?after=rubbish").status_code == 410
    assert "There is no kind 'units'" in admin.get("/api/v1/changes?kinds=units").get_json()["message"]


def test_a_supervisor_does_not_follow_the_feed(admin: Person) -> None:
    assert sign_in(admin.client.application, "supervisor").get("/api/v1/changes").status_code == 403
