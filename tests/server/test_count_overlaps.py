"""On PostgreSQL a push and a closing of its count may both be under way: no late scan falls between the two."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from server import decisions
from server.case_list import CaseFilter, CaseLine, list_cases
from server.counts.closing import approve, close_count
from server.counts.limits import Limit, set_limit
from server.counts.recount import open_recount
from server.database import reading, writing
from server.tables import reference
from server.upkeep import verify
from tests.handheld import BIN_A, BIN_B, DAY, Chain, unit
from tests.server.closed_counts import misplaced_exceptions
from tests.server.counting import NOW, Counting, begin
from tests.server.overlaps import Write, arriving, overlap, overlap_between
from tests.server.site import SITE, enrol, push, site, state_document

pytestmark = pytest.mark.postgres

A1, A2, B1 = (unit(serial) for serial in ("A1", "A2", "B1"))
DAY_MS = 86_400_000


@pytest.fixture
def app(postgres_url: str) -> Iterator[Flask]:
    """A count of two bins that can be closed."""
    with site(postgres_url) as app:
        rows = [{"subject": u, "location": BIN_A} for u in (A1, A2)] + [{"subject": B1, "location": BIN_B}]
        state_document("stock", "STOCK", rows, now_ms=DAY - 100_000)
        begin()
        for number in (1, 2, 3):
            enrol(number)
        counter = Chain(1)
        count = Counting(counter, operator="Rosa")
        count(BIN_A, A1)
        count(BIN_B, B1)
        push(counter, now_ms=NOW)
        yield app


def away() -> Chain:
    """A handheld with a scan of A1 that was made while its bin was counted."""
    chain = Chain(2)
    chain.scan(DAY + 90_000, "inspect", A1, location=BIN_A, operator="Ravi")
    return chain


def close(now_ms: int = NOW + 1_000, operator: str = "Sam", **said: Any) -> Write:
    return partial(close_count, site=SITE, number="CC-1", operator=operator, now_ms=now_ms, **said)


def cases(status: str | None = "open") -> list[CaseLine]:
    """The exceptions; what is stored has to be what the ledger says."""
    assert misplaced_exceptions("CC-1") is None
    assert [sentence for sentence in verify(SITE, lambda _: None) if sentence.startswith("cases")] == []
    with reading() as c:
        return list_cases(c, SITE, CaseFilter(rule="late_scan", status=status))


def late() -> list[str]:
    """The units of the open exceptions."""
    return [case.unit for case in cases()]


IN_EITHER_ORDER = pytest.mark.parametrize("step", [1, -1], ids=["push first", "closing first"])


@IN_EITHER_ORDER
def test_a_scan_that_arrives_while_its_count_is_closed_is_late_for_it(app: Flask, step: int) -> None:
    both: list[Write] = [arriving(away(), now_ms=NOW + 500), close()]
    overlap(app, *both[::step])
    assert late() == [A1]


@IN_EITHER_ORDER
def test_a_scan_that_arrives_while_a_proposed_version_is_approved_is_late_for_it(app: Flask, step: int) -> None:
    with writing() as c:
        limit = Limit(units=0, value=None, percent=None)
        set_limit(c, site=SITE, whose="role:supervisor", limit=limit, operator="admin", now_ms=NOW)
        close(role="supervisor")(c)
    approval = partial(approve, site=SITE, number="CC-1", operator="Alma", note=None, now_ms=NOW + 2_000)
    both: list[Write] = [arriving(away(), now_ms=NOW + 1_500), approval]
    overlap(app, *both[::step])
    assert late() == [A1]


@IN_EITHER_ORDER
def test_a_scan_that_arrives_while_a_recount_is_taken_over_is_late_for_the_new_version(app: Flask, step: int) -> None:
    """The bin was recounted days after the count was closed, and the scan is of then."""
    later = NOW + 3 * DAY_MS
    with writing() as c:
        close()(c)
        open_recount(c, site=SITE, number="CC-1", bins=[BIN_A], blind=False, operator="Sam", now_ms=later)
    counter, mover = Chain(1, epoch=2), Chain(3)
    Counting(counter, start_ms=later, number="CC-1-R1", operator="Ravi")(BIN_A, A1, A2)
    push(counter, now_ms=later + 600_000)
    mover.scan(later + 90_000, "move", A1, location=BIN_B)
    both: list[Write] = [arriving(mover, now_ms=later + 700_000), close(later + 710_000)]
    overlap(app, *both[::step])
    assert late() == [A1]


def test_a_late_scan_that_is_dismissed_while_another_one_is_taken_over_takes_no_case_away(
    app: Flask, postgres_url: str
) -> None:
    with writing() as c:
        close()(c)
    chain = away()
    chain.scan(DAY + 95_000, "count", A2, location=BIN_A, document="CC-1", operator="Ravi")
    push(chain, now_ms=NOW + 60_000)
    first, second = cases()

    def dismiss(c: sa.Connection) -> None:
        about: dict[str, Any] = {name: getattr(first, name) for name in ("unit", "rule", "episode", "evidence")}
        decisions.settle(c, site=SITE, resolution="dismiss", operator="Sue", now_ms=NOW + 70_000, **about)

    taking_over = close(NOW + 71_000, only=second.evidence.split("+"))
    overlap_between(postgres_url, dismiss, taking_over, after="documents.number LIKE")
    assert {case.unit: case.status for case in cases(None)} == {A1: "settled", A2: "explained"}


def told(number: str) -> tuple[str, list[str]]:
    """What handhelds are told of a count: how it stands, and which of its bins are done."""
    with reading() as c:
        row = c.execute(sa.select(reference.c.row).where(reference.c.key == number)).scalar_one()
    return row["state"], row["done"]


def finishing(device_no: int, place: str, number: str) -> Write:
    """A push that says of a bin that all of it was scanned."""
    chain = Chain(device_no)
    Counting(chain, start_ms=DAY + 600_000, number=number, operator="Ravi")(place)
    return arriving(chain, now_ms=NOW + 500)


def test_two_who_finish_a_bin_each_at_once_have_both_told_as_done(postgres_url: str) -> None:
    with site(postgres_url) as app:
        begin()
        enrol(2)
        enrol(3)
        overlap(app, finishing(2, BIN_A, "CC-1"), finishing(3, BIN_B, "CC-1"))
        assert told("CC-1") == ("open", [BIN_A, BIN_B])


@IN_EITHER_ORDER
def test_a_recount_that_ends_with_its_count_while_somebody_finishes_a_bin_is_told_as_closed(
    app: Flask, step: int
) -> None:
    with writing() as c:
        bins = [BIN_A, BIN_B]
        open_recount(c, site=SITE, number="CC-1", bins=bins, blind=False, operator="Sam", now_ms=NOW)
    both: list[Write] = [finishing(2, BIN_A, "CC-1-R1"), close()]
    overlap(app, *both[::step])
    assert told("CC-1-R1")[0] == "closed"
