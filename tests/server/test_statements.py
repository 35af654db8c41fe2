"""Lists ask the database a bounded number of questions, however many rows they show."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import pytest
import sqlalchemy as sa
from flask import Flask

from server import identifiers, inventory, queries
from server.case_list import CaseFilter, list_cases, read_cases
from server.changes import publish, pull
from server.claims.book import list_claims, open_of, put
from server.claims.book import read as read_claim
from server.claims.claim import ClaimError, ClaimLine
from server.copied_queues import known_since
from server.counts.closing import cancel
from server.counts.due import _inside
from server.counts.listing import list_counts
from server.counts.opening import open_count
from server.counts.pieces import _held_in
from server.counts.plan import CountError
from server.database import db, reading, stamp, writing
from server.glance import read_glance
from server.orders.book import read_cancellations
from server.orders.to_do import read_to_do
from server.receipts.listing import list_receipts
from server.standing import read_standing
from server.transfers.hand_overs import orders_of as handed_over_for
from server.undone import undos_of
from tests.handheld import BIN_A, BIN_B, CARTON_1, CARTON_2, DAY, DOCK, PHONE, Chain, unit
from tests.server.counting import begin, close
from tests.server.plans import plans_of
from tests.server.running import Handheld, Person
from tests.server.site import SITE, enrol, push, state_document


@contextmanager
def counting() -> Iterator[list[str]]:
    """The statements that are sent meanwhile."""
    sent: list[str] = []

    def note(_c: object, _cursor: object, statement: str, *_: object) -> None:
        sent.append(statement)

    sa.event.listen(db.engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        sa.event.remove(db.engine, "before_cursor_execute", note)


def _receipts(first: int, last: int) -> None:
    for number in range(first, last):
        rows = [{"subject": unit(f"U{number}")}]
        state_document("asn", f"ASN-{number}", rows, now_ms=DAY + number)


def _counts(first: int, last: int) -> None:
    for number in range(first, last):
        with writing() as c:
            open_count(c, site=SITE, number=f"COUNT-{number}", bins=[BIN_A], operator="Sam", now_ms=DAY + number)


def _orders(first: int, last: int) -> None:
    for number in range(first, last):
        rows = [{"subject": PHONE, "quantity": 1}]
        state_document("order", f"SO-{number}", rows, now_ms=DAY + number)


def _cases(first: int, last: int) -> None:
    chain = Chain(first + 1)
    enrol(first + 1)
    for number in range(first, last):
        chain.scan(DAY + number, "put_away", unit(f"U{number}"), location=BIN_A)
        chain.scan(DAY + 60_000 + number, "inspect", unit(f"U{number}"), location=BIN_B)
    push(chain, now_ms=DAY + 3_600_000)


def _stock(first: int, last: int) -> None:
    items = [f"{PHONE[:-3]}{number:03}" for number in range(first, last)]
    with writing() as c:
        for item in items:
            publish(c, SITE, "item", item, {"name": item, "sku": None, "mode": "quantity"}, stamp(c))
    rows = [{"subject": item, "location": BIN_A, "quantity": 5} for item in items]
    state_document("stock", f"S-{first}", rows, now_ms=DAY + first)


def _claims(first: int, last: int) -> None:
    for number in range(first, last):
        with writing() as c:
            put(
                c,
                site=SITE,
                receipt=f"ASN-{number}",
                version=1,
                supplier="Acme",
                lines=[ClaimLine(subject=unit("A1"), wrong="missing", carton=None, quantity=1)],
                operator="Sam",
                now_ms=DAY + number,
            )


def _read_cases(c: sa.Connection) -> None:
    read_cases(c, SITE, [(case.unit, case.rule, case.episode) for case in list_cases(c, SITE, CaseFilter())])


@pytest.mark.parametrize(
    ("fill", "ask"),
    [
        (_receipts, lambda c: list_receipts(c, SITE)),
        (_counts, lambda c: list_counts(c, SITE)),
        (_counts, lambda c: read_glance(c, SITE, DAY)),
        (_orders, lambda c: read_to_do(c, SITE, DAY)),
        (_cases, _read_cases),
        (_stock, lambda c: inventory.products(c, SITE)),
        (_claims, lambda c: list_claims(c, SITE)),
    ],
    ids=["receipts", "counts", "front page", "orders to do", "cases", "products", "claims"],
)
def test_more_rows_ask_no_more_questions(
    warehouse: str, fill: Callable[[int, int], None], ask: Callable[[sa.Connection], object]
) -> None:
    asked = []
    for first, last in ((0, 2), (10, 30)):
        fill(first, last)
        with counting() as sent, reading() as c:
            ask(c)
        asked.append(len(sent))
    assert asked[0] == asked[1]


@pytest.mark.parametrize(("moment", "most"), [(60_000, 18), (-60_000, 27)], ids=["latest", "late"])
def test_a_scan_by_itself_asks_few_questions(warehouse: str, moment: int, most: int) -> None:
    first, other = Chain(1), Chain(2)
    with writing() as c:
        publish(c, SITE, "location", BIN_A, {"code": "A-01"}, stamp(c))
    for chain in (first, other):
        enrol(chain.device_no)
        chain.scan(DAY - 120_000, "inspect", unit(f"U{chain.device_no}"), location=BIN_A)
        push(chain, now_ms=DAY - 100_000)
    first.scan(DAY, "put_away", unit("U1"), location=BIN_A)
    push(first, 2, now_ms=DAY + 3_600_000)
    other.scan(DAY + moment, "inspect", unit("U1"), location=BIN_A)
    with counting() as sent:
        push(other, 2, now_ms=DAY + 3_600_000)
    asked = [statement for statement in sent if "advisory" not in statement]  # PostgreSQL's locks
    assert len(asked) <= most, "\n".join(asked)


def test_what_was_set_aside_is_found_without_reading_what_was_accepted(warehouse: str) -> None:
    with plans_of("FROM events") as plans, reading() as c:
        queries.set_aside(c, SITE)
        read_standing(c, SITE)
    assert len(plans) == 2
    assert all("ix_events_outcome" in plan for plan in plans), plans


def test_what_changed_is_read_from_where_the_handheld_stands_however_much_there_is_at_the_site(app: Flask) -> None:
    # of SQLite, which has no statistics; PostgreSQL goes by what it has counted, and of so little reads all
    _cases(0, 2)
    with plans_of("stamp < ") as plans, reading() as c:
        pull(c, SITE, None)
    assert len(plans) == 3
    for plan, table in zip(plans, ("reference", "unit_states", "stock_levels"), strict=True):
        assert f"ix_{table}_stamp" in plan, plan


EVERY_LEVEL = ("SEARCH stock_levels USING INDEX sqlite_autoindex_stock_levels_1 (site=?)", "")
"""A row for each product in each place: a count looks through them."""


def test_what_is_asked_by_name_is_looked_up_by_it_however_much_there_is_at_the_site(warehouse: str) -> None:
    # of SQLite, which takes an index that begins with the site for a good one; PostgreSQL counts
    with plans_of("site = ") as plans, reading() as c:
        identifiers.load(c, SITE, [unit("U1"), "urn:gsma:imei:49015420-323751-0"])
        open_of(c, SITE, unit("U1"))
        with suppress(ClaimError):
            read_claim(c, SITE, "CLAIM-1")
        undos_of(c, SITE, ["7.1.1"])
        handed_over_for(c, SITE, [CARTON_1])
        _inside(c, SITE, [BIN_A, BIN_B])
        known_since(c, SITE)
        _held_in(c, SITE, {})
    assert len(plans) >= 9
    assert not [plan for plan in plans if "SCAN events" in plan or "(site=?)" in plan.replace(*EVERY_LEVEL)]


def test_whether_an_order_was_cancelled_is_asked_without_reading_what_was_scanned_for_it(app: Flask) -> None:
    with plans_of("'cancel_order'") as plans, reading() as c:
        read_cancellations(c, SITE, ["SO-1", "SO-2"])
    assert plans
    assert all("ix_events_cancels" in plan for plan in plans), plans


def test_a_check_of_a_unit_on_a_pallet_asks_who_asks_what_holds_here_and_where_it_is(
    supervisor: Person, handheld: Handheld
) -> None:
    handheld.scan("pack", unit("A1"), container=CARTON_1)
    handheld.scan("pack", CARTON_1, container=CARTON_2)
    handheld.scan("put_away", CARTON_2, location=DOCK)
    handheld.push()
    query = {"scan": "010950600013435221A1", "symbology": "]d2", "location": DOCK}
    with counting() as sent:
        found = supervisor.get("/api/v1/check", query_string=query).get_json()
    assert found["key"] == unit("A1")
    asked = [statement for statement in sent if statement != "BEGIN"]  # SQLite's
    assert len(asked) == 3, "\n".join(asked)


def test_a_count_that_may_not_be_closed_is_refused_before_its_units_are_gone_through(warehouse: str) -> None:
    begin("CC-1", BIN_A)
    with writing() as c:
        cancel(c, site=SITE, number="CC-1", note="opened twice", operator="Sam", now_ms=DAY)
    with counting() as sent, pytest.raises(CountError, match="was given up"):
        close("CC-1")
    assert sent
    assert not [statement for statement in sent if "unit_states" in statement]
