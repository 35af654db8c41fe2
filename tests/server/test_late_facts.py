"""What comes late: scans made before a decision, a close or a copy of a queue, that arrive after it."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from server import queries
from server.case import case_name
from server.counts.closing import close_count
from server.counts.opening import open_count
from server.counts.plan import CountError
from server.database import reading, stamp, writing
from server.decisions import settle
from server.ledger import record
from server.rebuild import advance
from server.receipts.receipt import close_receipt
from server.tables import cases, events, unit_states
from tests.handheld import BIN_A, BIN_B, BIN_C, CABLE, CARTON_1, DAY, DOCK, Chain, unit
from tests.server.site import SITE, enrol, push, state_document

A1 = unit("A1")
NOW = DAY + 10_000_000


@pytest.fixture
def handhelds(warehouse: str) -> tuple[Chain, Chain]:
    """Two handhelds, and one unit that belongs in bin A."""
    state_document("stock", "S", [{"subject": A1, "location": BIN_A}], now_ms=DAY - 100_000)
    enrol(1)
    enrol(2)
    return Chain(1), Chain(2)


def open_cases() -> list[tuple[str, str]]:
    with reading() as c:
        query = sa.select(cases.c.rule, cases.c.unit).where(cases.c.status == "open").order_by(cases.c.rule)
        return [(rule, subject) for rule, subject in c.execute(query)]


def status(subject: str = A1) -> str:
    with reading() as c:
        return str(c.execute(sa.select(unit_states.c.status).where(unit_states.c.unit == subject)).scalar_one())


def test_a_write_off_has_no_effect_once_what_it_was_decided_on_has_changed(handhelds: tuple[Chain, Chain]) -> None:
    one, other = handhelds
    other.scan(DAY - 60_000, "put_away", A1, location=BIN_C)
    one.scan(DAY, "inspect", A1, location=BIN_B)
    push(one, now_ms=DAY + 1_000)
    with writing() as c:
        case = c.execute(sa.select(cases).where(cases.c.status == "open")).one()
        settle(
            c,
            site=SITE,
            unit=A1,
            rule=case.rule,
            episode=case.episode,
            resolution="write_off",
            evidence=case.evidence,
            operator="Sam",
            now_ms=DAY + 2_000,
        )
    assert (status(), open_cases()) == ("missing", [])
    push(other, now_ms=DAY + 3_000)  # it had been put away in bin C a minute before
    assert (status(), open_cases()) == ("stored", [("misplaced", A1)])


def test_of_two_decisions_on_one_case_only_the_first_has_an_effect(handhelds: tuple[Chain, Chain]) -> None:
    one, _ = handhelds
    one.scan(DAY, "inspect", A1, location=BIN_B)
    push(one, now_ms=DAY + 1_000)
    with reading() as c:
        case = c.execute(sa.select(cases).where(cases.c.status == "open")).one()
    for reason, at in (("dismiss", DAY + 2_000), ("write_off", DAY + 3_000)):
        with writing() as c:  # as two processes would record them that both saw the case open
            _record(c, case, reason, at)
    assert status() == "stored"
    with reading() as c:
        assert c.execute(sa.select(cases.c.resolution)).scalar_one() == "dismiss"


def _record(connection: sa.Connection, case: sa.Row[tuple[object, ...]], reason: str, at: int) -> None:
    document = case_name(str(case.rule), str(case.episode))
    fact = record(
        connection,
        site=SITE,
        action="settle",
        operator="Sam",
        now_ms=at,
        subject=A1,
        document=document,
        reason=reason,
        evidence=case.evidence,
    )
    advance(connection, SITE, [fact], stamp(connection))


def test_a_unit_that_the_count_did_see_is_not_missing_when_that_scan_comes_after_the_close(
    handhelds: tuple[Chain, Chain],
) -> None:
    one, other = handhelds
    with writing() as c:
        open_count(c, site=SITE, number="CC-1", bins=[BIN_A], blind=False, operator="Sam", now_ms=DAY - 50_000)
    one.scan(DAY, "open_bin", None, location=BIN_A, document="CC-1")
    one.scan(DAY + 60_000, "finish_bin", None, location=BIN_A, document="CC-1")
    other.scan(DAY + 30_000, "count", A1, location=BIN_A, document="CC-1")
    push(one, now_ms=DAY + 61_000)
    with writing() as c:
        close_count(c, site=SITE, number="CC-1", operator="Sam", now_ms=DAY + 120_000)
    assert open_cases() == [("missing", A1)]
    push(other, now_ms=DAY + 180_000)
    assert open_cases() == [("late_scan", A1)]


def test_a_unit_received_before_the_receipt_was_closed_is_not_short_when_that_scan_comes_later(
    handhelds: tuple[Chain, Chain],
) -> None:
    one, _ = handhelds
    new = unit("N1")
    state_document("asn", "ASN-1", [{"subject": new, "container": CARTON_1}], now_ms=DAY - 90_000)
    one.scan(DAY, "receive", new, location=DOCK, container=CARTON_1, document="ASN-1")
    with writing() as c:
        close_receipt(c, site=SITE, number="ASN-1", operator="Sam", now_ms=DAY + 60_000)
    assert open_cases() == [("short", new)]
    push(one, now_ms=DAY + 120_000)
    assert open_cases() == []


def test_a_copied_queues_scans_are_dated_by_their_own_clock_and_not_by_the_other_copys(
    handhelds: tuple[Chain, Chain],
) -> None:
    one, _ = handhelds
    copy = Chain(1)
    for chain in (one, copy):
        chain.scan(DAY, "put_away", A1, location=BIN_A)
    one.scan(DAY + 60_000, "put_away", A1, location=BIN_B)
    one.scan(DAY + 70_000, "put_away", A1, location=BIN_B)
    push(one, now_ms=DAY + 80_000)
    copy.scan(NOW, "put_away", A1, location=BIN_C)  # long after, under the number of the second scan
    push(copy, now_ms=NOW + 1_000)
    with reading() as c:
        query = sa.select(events.c.event_ms).where(events.c.location == BIN_C)
        assert c.execute(query).scalar_one() == NOW


def _close_count(at: int) -> None:
    with writing() as c:
        close_count(c, site=SITE, number="CC-1", operator="Sam", now_ms=at)


def _close_receipt(at: int) -> None:
    with writing() as c:
        close_receipt(c, site=SITE, number="ASN-1", operator="Sam", now_ms=at)


def _settle_the_one_open_case(resolution: str, at: int) -> None:
    with writing() as c:
        case = c.execute(sa.select(cases).where(cases.c.status == "open")).one()
        settle(
            c,
            site=SITE,
            unit=case.unit,
            rule=case.rule,
            episode=case.episode,
            resolution=resolution,
            evidence=case.evidence,
            operator="Sam",
            now_ms=at,
        )


def _count_bin_a_and_see_nothing(chain: Chain) -> None:
    with writing() as c:
        open_count(c, site=SITE, number="CC-1", bins=[BIN_A], blind=False, operator="Sam", now_ms=DAY - 50_000)
    chain.scan(DAY, "open_bin", None, location=BIN_A, document="CC-1")
    chain.scan(DAY + 60_000, "finish_bin", None, location=BIN_A, document="CC-1")
    push(chain, now_ms=DAY + 61_000)


@pytest.mark.parametrize("decided", [None, "dismiss"])
def test_a_count_that_late_scans_changed_says_again_what_is_missing_without_a_second_case(
    handhelds: tuple[Chain, Chain], decided: str | None
) -> None:
    one, other = handhelds
    other.scan(DAY + 30_000, "count", unit("more"), location=BIN_A, document="CC-1")
    _count_bin_a_and_see_nothing(one)
    _close_count(DAY + 120_000)
    if decided:
        _settle_the_one_open_case(decided, DAY + 130_000)
    push(other, now_ms=DAY + 180_000)
    _close_count(DAY + 240_000)
    assert [unit for rule, unit in open_cases() if rule == "missing"] == ([] if decided else [A1])
    with reading() as c:
        assert c.execute(sa.select(cases.c.document).where(cases.c.rule == "missing")).scalars().all() == ["CC-1/1"]


def test_a_unit_found_since_a_count_was_closed_is_not_missing_again_in_its_next_version(
    handhelds: tuple[Chain, Chain],
) -> None:
    one, other = handhelds
    other.scan(DAY + 30_000, "count", unit("more"), location=BIN_A, document="CC-1")
    _count_bin_a_and_see_nothing(one)
    _close_count(DAY + 120_000)
    one.scan(DAY + 150_000, "inspect", A1, location=BIN_A)
    push(one, 3, now_ms=DAY + 151_000)
    push(other, now_ms=DAY + 180_000)
    _close_count(DAY + 240_000)
    assert ("missing", A1) not in open_cases()


def test_another_count_that_misses_a_unit_again_opens_a_case_of_its_own(handhelds: tuple[Chain, Chain]) -> None:
    one, _ = handhelds
    _count_bin_a_and_see_nothing(one)
    _close_count(DAY + 120_000)
    _settle_the_one_open_case("dismiss", DAY + 130_000)
    with writing() as c:
        open_count(c, site=SITE, number="CC-2", bins=[BIN_A], blind=False, operator="Sam", now_ms=DAY + 200_000)
    one.scan(DAY + 210_000, "open_bin", None, location=BIN_A, document="CC-2")
    one.scan(DAY + 220_000, "finish_bin", None, location=BIN_A, document="CC-2")
    push(one, 3, now_ms=DAY + 230_000)
    with writing() as c:
        close_count(c, site=SITE, number="CC-2", operator="Sam", now_ms=DAY + 240_000)
    assert open_cases() == [("missing", A1)]


def test_a_closed_count_is_not_closed_again_while_nothing_has_changed(handhelds: tuple[Chain, Chain]) -> None:
    one, other = handhelds
    other.scan(DAY + 30_000, "count", unit("more"), location=BIN_A, document="CC-1")
    _count_bin_a_and_see_nothing(one)
    _close_count(DAY + 120_000)
    _settle_the_one_open_case("write_off", DAY + 130_000)
    with pytest.raises(CountError, match=r"CC-1 is closed; nothing has changed since version 1\."):
        _close_count(DAY + 140_000)
    push(other, now_ms=DAY + 180_000)
    _close_count(DAY + 240_000)
    with pytest.raises(CountError, match=r"nothing has changed since version 2\."):
        _close_count(DAY + 250_000)


def test_a_closed_receipt_is_not_closed_again_and_what_was_claimed_as_short_stays_claimed(
    handhelds: tuple[Chain, Chain],
) -> None:
    one, _ = handhelds
    rows = [{"subject": unit(s), "container": CARTON_1} for s in ("N1", "N2")]
    state_document("asn", "ASN-1", rows, now_ms=DAY - 90_000)
    one.scan(DAY, "receive", unit("N1"), location=DOCK, container=CARTON_1, document="ASN-1")
    push(one, now_ms=DAY + 10_000)
    _close_receipt(DAY + 60_000)
    _settle_the_one_open_case("dismiss", DAY + 70_000)
    with pytest.raises(CountError, match=r"ASN-1 is closed; nothing has changed since version 1\."):
        _close_receipt(DAY + 80_000)
    one.scan(DAY + 90_000, "receive", unit("extra"), location=DOCK, container=CARTON_1, document="ASN-1")
    push(one, 2, now_ms=DAY + 100_000)
    _close_receipt(DAY + 110_000)
    assert [rule for rule, _ in open_cases()] == ["unexpected_receipt"]


@pytest.mark.parametrize(("subject", "set_aside"), [(CABLE, 1), (None, 1), (A1, 0)])
def test_a_copied_queues_scan_is_set_aside_where_no_case_can_tell_of_it(
    handhelds: tuple[Chain, Chain], subject: str | None, set_aside: int
) -> None:
    one, _ = handhelds
    copy = Chain(1)
    for chain, place in ((one, BIN_A), (copy, BIN_B)):
        if subject is None:
            chain.scan(DAY, "open_bin", None, location=place, document="CC-1")
        else:
            chain.scan(DAY, "put_away", subject, location=place, **({"quantity": 1} if subject == CABLE else {}))
        push(chain, now_ms=DAY + 1_000)
    with reading() as c:
        notes = [row["note"] for row in queries.set_aside(c, SITE)]
        told = c.execute(sa.select(cases.c.unit).where(cases.c.rule == "forked")).all()
    assert notes == ["Another event bears the same name."] * set_aside
    assert len(told) == 1 - set_aside
