"""Pieces that are not there: at a closed receipt and at a closed count. A transfer's are in its story."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from server.case_list import read_case
from server.counts.closing import close_count
from server.database import reading, transact, writing
from server.decisions import DecisionError, settle
from server.receipts.receipt import close_receipt
from server.refolding import rebuild_all
from server.tables import cases
from server.undo import undo
from server.upkeep import verify
from tests.handheld import BIN_A, BIN_B, CABLE, DAY, DOCK, Chain
from tests.server.counting import Counting, begin
from tests.server.overlaps import Write, arriving, overlap
from tests.server.site import SITE, enrol, push, site, state_document

NOW = DAY + 3_600_000


@pytest.fixture
def chain(warehouse: str) -> Chain:
    enrol(1)
    return Chain(1)


def told() -> list[tuple[str, str, str]]:
    with reading() as c:
        t = cases.c
        query = sa.select(t.document, t.status, t.detail).where(t.rule == "pieces_missing", t.unit == CABLE)
        rows = c.execute(query.order_by(t.document))
        return [(row.document, row.status, row.detail) for row in rows]


def close(chain: Chain, first: int, now_ms: int) -> None:
    push(chain, first, now_ms=now_ms)
    with writing() as c:
        close_receipt(c, site=SITE, number="ASN-1", operator="Sam", now_ms=now_ms)


def receive(chain: Chain, at_ms: int, quantity: int) -> None:
    chain.scan(at_ms, "receive", CABLE, document="ASN-1", location=DOCK, quantity=quantity)


def dismiss(episode: str, evidence: str, resolution: str = "dismiss") -> None:
    with writing() as c:
        settle(
            c,
            site=SITE,
            unit=CABLE,
            rule="pieces_missing",
            episode=episode,
            resolution=resolution,
            evidence=evidence,
            operator="Sam",
            now_ms=NOW + 500_000,
        )


def test_pieces_that_a_closed_receipt_lacks_are_a_case_until_a_later_version_has_them_all(chain: Chain) -> None:
    state_document("asn", "ASN-1", [{"subject": CABLE, "quantity": 12}], now_ms=DAY - 9_000)
    receive(chain, DAY, 9)
    close(chain, 1, NOW)
    assert told() == [("ASN-1", "open", "ASN-1 announced 12, and 9 came.")]
    receive(chain, NOW + 10_000, 1)
    close(chain, 2, NOW + 60_000)
    assert told() == [("ASN-1", "open", "ASN-1 announced 12, and 10 came.")]
    receive(chain, NOW + 70_000, 2)
    close(chain, 3, NOW + 120_000)
    assert told() == [("ASN-1", "explained", "ASN-1 announced 12, and 10 came.")]
    assert [problem for problem in verify(SITE, lambda _: None) if "cases" in problem] == []


@pytest.mark.parametrize("by", ["handheld", "office"])
def test_the_scan_that_brings_the_last_pieces_closes_their_case_and_its_undo_opens_it_again(
    chain: Chain, by: str
) -> None:
    lines: list[dict[str, Any]] = [
        {"subject": CABLE, "quantity": 12},
        {"subject": "PO-1", "attributes": {"fulfils": "PO-1"}},
    ]
    state_document("purchase_order", "PO-1", [{"subject": CABLE, "quantity": 12}], now_ms=DAY - 9_500)
    state_document("asn", "ASN-1", lines, now_ms=DAY - 9_000)
    receive(chain, DAY, 9)
    close(chain, 1, NOW)
    with writing() as c:
        close_receipt(c, site=SITE, number="PO-1", operator="Sam", now_ms=NOW + 1)
    receive(chain, NOW + 10_000, 2)
    push(chain, 2, now_ms=NOW + 20_000)
    assert [status for _, status, _ in told()] == ["open", "open"]
    receive(chain, NOW + 30_000, 1)
    push(chain, 3, now_ms=NOW + 40_000)
    assert told() == [
        ("ASN-1", "explained", "ASN-1 announced 12, and 9 came."),
        ("PO-1", "explained", "PO-1 announced 12, and 9 came."),
    ]
    with reading() as c:
        assert set(c.execute(sa.select(cases.c.closed_by)).scalars()) == {f"{chain.device_no}.{chain.epoch}.3"}
    assert [problem for problem in verify(SITE, lambda _: None) if "cases" in problem] == []
    last = f"{chain.device_no}.{chain.epoch}.3"
    if by == "handheld":
        chain.scan(NOW + 50_000, "void", CABLE, voids=last, reason="wrong label", location=DOCK)
        push(chain, 4, now_ms=NOW + 60_000)
    else:
        transact(lambda c: undo(c, site=SITE, name=last, reason="wrong label", operator="Sam", now_ms=NOW + 60_000))
    assert [status for _, status, _ in told()] == ["open", "open"]
    assert [problem for problem in verify(SITE, lambda _: None) if "cases" in problem] == []


def test_a_dismissal_holds_until_the_receipt_says_something_else(chain: Chain) -> None:
    state_document("asn", "ASN-1", [{"subject": CABLE, "quantity": 12}], now_ms=DAY - 9_000)
    receive(chain, DAY, 9)
    close(chain, 1, NOW)
    with reading() as c:
        episode = c.execute(sa.select(cases.c.episode).where(cases.c.rule == "pieces_missing")).scalar_one()
        case = read_case(c, SITE, CABLE, "pieces_missing", episode)
    assert case is not None
    with pytest.raises(DecisionError, match="can only be dismissed"):
        dismiss(episode, case.evidence, "write_off")
    dismiss(episode, case.evidence)
    assert [status for _, status, _ in told()] == ["settled"]
    with writing() as c:
        c.execute(cases.delete())
    rebuild_all(SITE, lambda _: None)
    assert [status for _, status, _ in told()] == ["settled"]
    receive(chain, NOW + 600_000, 1)
    close(chain, 2, NOW + 700_000)
    assert [status for _, status, _ in told()] == ["open"]


def test_pieces_that_a_closed_count_lacks_are_one_case_of_the_product(chain: Chain) -> None:
    lying = [{"subject": CABLE, "location": place, "quantity": 10} for place in (BIN_A, BIN_B)]
    state_document("stock", "S", lying, now_ms=DAY - 100_000)
    begin()
    counts = Counting(chain)
    counts(BIN_A, CABLE, quantity=10)
    counts(BIN_B, CABLE, quantity=3)
    push(chain, now_ms=NOW)
    with writing() as c:
        close_count(c, site=SITE, number="CC-1", operator="Sam", now_ms=NOW)
    assert told() == [("CC-1", "open", "CC-1 found 3 of 10.")]


def test_pieces_that_are_all_there_or_more_are_no_case(chain: Chain) -> None:
    state_document("asn", "ASN-1", [{"subject": CABLE, "quantity": 12}], now_ms=DAY - 9_000)
    receive(chain, DAY, 13)
    close(chain, 1, NOW)
    assert told() == []


@pytest.fixture
def notice(postgres_url: str) -> Iterator[Flask]:
    """Ten pieces are announced, of whatever lot."""
    with site(postgres_url) as app:
        state_document("asn", "ASN-1", [{"subject": CABLE, "quantity": 10}], now_ms=DAY - 9_000)
        enrol(1)
        enrol(2)
        yield app


def half(device_no: int) -> Chain:
    """A handheld that received five of a lot of its own."""
    chain = Chain(device_no)
    lot = f"{CABLE}/10/L{device_no}"
    chain.scan(DAY + device_no, "receive", lot, document="ASN-1", location=DOCK, quantity=5)
    return chain


closing: Write = partial(close_receipt, site=SITE, number="ASN-1", operator="Sam", now_ms=NOW)


@pytest.mark.postgres
def test_two_halves_that_arrive_at_once_close_the_case_of_what_their_receipt_lacks(notice: Flask) -> None:
    with writing() as c:
        closing(c)
    assert told() == [("ASN-1", "open", "ASN-1 announced 10, and 0 came.")]
    overlap(notice, *(arriving(half(n), now_ms=NOW + n) for n in (1, 2)))
    assert told() == [("ASN-1", "explained", "ASN-1 announced 10, and 0 came.")]


@pytest.mark.postgres
@pytest.mark.parametrize("step", [1, -1], ids=["push first", "closing first"])
def test_what_arrives_while_its_receipt_is_closed_is_not_missing(notice: Flask, step: int) -> None:
    push(half(1), now_ms=NOW - 1_000)
    both: list[Write] = [arriving(half(2), now_ms=NOW), closing]
    overlap(notice, *both[::step])
    assert told() == [("ASN-1", "explained", "ASN-1 announced 10, and 5 came.")]
    assert [problem for problem in verify(SITE, lambda _: None) if "cases" in problem] == []
