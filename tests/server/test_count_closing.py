"""Who may close what: limits, approval, recounts by somebody else, take-on counts, and counts that are given up."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa

from server import papers, staff
from server.counts import closing, limits, standing
from server.counts.closing import close_count
from server.counts.late import late_scans
from server.counts.limits import Limit
from server.counts.plan import CountError, Share, Sort
from server.counts.recount import open_recount
from server.database import reading, stamp, writing
from server.decisions import settle
from server.ledger import record
from server.rebuild import rebuild
from server.tables import cases, documents, reference, unit_states
from tests.handheld import BIN_A, BIN_B, BIN_C, DAY, PHONE, Chain, unit
from tests.server.counting import NOW, Counting, begin, close, kinds, result
from tests.server.site import SITE, differences, enrol, folded, push, state_document

A1, A2, B1 = unit("A1"), unit("A2"), unit("B1")


@pytest.fixture
def counter(warehouse: str) -> Chain:
    """A handheld, and bins A and B, where A1, A2 and B1 belong; a phone costs 300.00 EUR and sells for 499.00."""
    rows = [{"subject": s, "location": place} for s, place in ((A1, BIN_A), (A2, BIN_A), (B1, BIN_B))]
    state_document("stock", "STOCK", rows, now_ms=DAY - 100_000)
    price = {"subject": PHONE, "attributes": {"name": "Phone", "price": 49_900, "cost": 30_000, "currency": "EUR"}}
    state_document("products", "PRODUCTS", [price], now_ms=DAY - 90_000)
    enrol(1)
    return Chain(1)


def counted(counter: Chain) -> Counting:
    """Rosa has counted both bins and missed A2."""
    begin()
    count = Counting(counter, operator="Rosa")
    count(BIN_A, A1)
    count(BIN_B, B1)
    push(counter, now_ms=NOW)
    return count


@pytest.fixture
def sam(counter: Chain) -> int:
    """Sam, a supervisor who works here; his number."""
    with writing() as c:
        return staff.add_person(c, site=SITE, name="Sam", role="supervisor", by=None, now_ms=DAY)


def limit(whose: str, **said: Any) -> None:
    with writing() as c:
        limits.set_limit(c, site=SITE, whose=whose, limit=Limit(**said), operator="admin", now_ms=DAY)


def decide(what: Any, operator: str, note: str = "seen", number: str = "CC-1") -> Any:
    with writing() as c:
        return what(c, site=SITE, number=number, operator=operator, note=note, now_ms=NOW + 2_000)


def state(number: str = "CC-1") -> str:
    with reading() as c:
        return str(c.execute(sa.select(reference.c.row).where(reference.c.key == number)).scalar_one()["state"])


def missing_cases() -> int:
    with reading() as c:
        return int(c.execute(sa.select(sa.func.count()).where(cases.c.rule == "missing")).scalar_one())


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ({"units": 0}, "1 unit or piece is written off or on; the limit is 0."),
        ({"value": 29_999}, "300.00 EUR are written off or on; the limit is 299.99 EUR."),
        ({"percent": 49.0}, "A bin is out by 50 %; the limit is 49 %."),
    ],
)
def test_what_is_above_the_closers_limit_waits_for_approval(counter: Chain, said: Any, reason: str) -> None:
    counted(counter)
    limit("role:supervisor", **said)
    assert close(role="supervisor").version is None
    with reading() as c:
        waiting = standing.pending(c, SITE, "CC-1")
    assert waiting is not None
    assert (waiting.reasons, waiting.version, waiting.operator) == ([reason], 1, "Sam")
    assert (state(), missing_cases()) == ("proposed", 0)


def test_what_is_at_the_limit_is_closed_and_a_persons_own_limit_goes_before_their_roles(
    counter: Chain, sam: int
) -> None:
    counted(counter)
    limit("role:supervisor", units=0)
    limit("person:Sam", units=1, value=30_000, percent=50)
    assert close(role="supervisor").version == 1
    assert (state(), missing_cases()) == ("closed", 1)


@pytest.mark.usefixtures("sam")
def test_a_limit_is_lifted_again_and_nobody_else_has_one() -> None:
    limit("person:Sam", units=1)
    limit("person:Sam")
    with reading() as c:
        assert limits.limits(c, SITE) == {}
    for whose in ("role:director", "Sam", "person:"):
        with pytest.raises(CountError, match="has no limit"):
            limit(whose, units=1)


def test_a_limit_under_a_misspelt_name_is_refused_with_the_names_of_those_who_work_here(sam: int) -> None:
    with pytest.raises(CountError) as refused:
        limit("person:Samm", units=5)
    assert str(refused.value) == "Nobody named 'Samm' works here. The nearest names: Sam."
    limit("person:Sam", units=5)
    with writing() as c:
        staff.set_active(c, sam, active=False, change=staff.Change(site=SITE, by="admin", now_ms=NOW))
    with pytest.raises(CountError, match="Nobody named 'Sam' works here"):
        limit("person:Sam", units=6)
    limit("person:Sam")  # whoever left leaves no limit behind that cannot be lifted
    with reading() as c:
        assert limits.limits(c, SITE) == {}


def test_approving_freezes_what_was_proposed_and_who_counted_or_closed_may_not(counter: Chain) -> None:
    counted(counter)
    limit("role:supervisor", units=0)
    close(role="supervisor")
    with pytest.raises(CountError, match="rosa counted for CC-1"):
        decide(closing.approve, "rosa")
    with pytest.raises(CountError, match="above their own limit"):
        decide(closing.approve, "Sam")
    with pytest.raises(CountError, match="waits for approval already"):
        close(role="supervisor")
    assert decide(closing.approve, "Ada") == 1
    assert (state(), missing_cases()) == ("closed", 1)
    with pytest.raises(CountError, match="Nothing of count CC-1 waits"):
        decide(closing.approve, "Ada")


def test_a_scan_that_comes_after_the_proposal_is_an_exception_of_the_approved_version(counter: Chain) -> None:
    count = counted(counter)
    limit("role:supervisor", units=0)
    close(role="supervisor")
    count.say("count", A2, BIN_A)
    push(counter, len(counter.lines), now_ms=NOW)
    decide(closing.approve, "Ada")
    with reading() as c:
        assert [f.event.subject for f in late_scans(c, site=SITE, number="CC-1")] == [A2]


def test_a_proposal_that_was_approved_does_not_wait_again_once_the_count_is_closed_anew(counter: Chain) -> None:
    count = counted(counter)
    limit("role:supervisor", units=0)
    close(role="supervisor")
    decide(closing.approve, "Ada")
    count.say("count", A2, BIN_A)
    push(counter, len(counter.lines), now_ms=NOW)
    assert close(role="supervisor").version == 2
    with reading() as c:
        assert standing.pending(c, SITE, "CC-1") is None
    with pytest.raises(CountError, match="nothing has changed since version 2"):
        close(role="supervisor")
    with pytest.raises(CountError, match="Nothing of count CC-1 waits"):
        decide(closing.approve, "Ada")


def test_a_rejected_count_is_open_again_and_can_be_closed_after_a_recount(counter: Chain) -> None:
    counted(counter)
    limit("role:supervisor", units=0)
    close(role="supervisor")
    with pytest.raises(CountError, match="Say why"):
        decide(closing.reject, "Ada", " ")
    decide(closing.reject, "Ada", "Look behind the pallet.")
    assert state() == "open"
    recounted("Ravi", A1, A2)
    assert close(role="supervisor").version == 1
    assert missing_cases() == 0


def recounted(operator: str, *subjects: str, bins: tuple[str, ...] = (BIN_A,), shares: tuple[Share, ...] = ()) -> str:
    with writing() as c:
        plan = open_recount(
            c, site=SITE, number="CC-1", bins=bins, shares=shares, operator="Sam", now_ms=NOW + 1_500
        )  # fmt: skip
    enrol(10, name="HH-10")
    chain = Chain(10)
    Counting(chain, NOW + 2_000, number=plan.number, operator=operator)(BIN_A, *subjects)
    push(chain, now_ms=NOW + 1_000_000)
    return plan.number


def test_a_count_that_bears_the_number_of_a_recount_keeps_nobody_from_recounting(counter: Chain) -> None:
    begin("CC-1", BIN_A)
    begin("CC-1-R1", BIN_B)
    Counting(counter, operator="Rosa")(BIN_A, A1)
    push(counter, now_ms=NOW)
    assert [recounted("Ravi", A1, A2), result().recounts] == ["CC-1-R2", ["CC-1-R2"]]
    assert result().totals["matched"] == 2


def test_who_counted_first_may_not_approve_either_where_a_recount_speaks_for_the_bin(counter: Chain) -> None:
    begin("CC-1", BIN_A)
    Counting(counter, operator="Rosa")(BIN_A, A1)
    push(counter, now_ms=NOW)
    recounted("Ravi", A1)
    limit("role:supervisor", units=0)
    close(role="supervisor")
    for name in ("Rosa", "Ravi"):
        with pytest.raises(CountError, match=f"{name} counted for CC-1"):
            decide(closing.approve, name)


def test_a_recount_by_somebody_else_speaks_for_its_bins_in_the_next_version(counter: Chain) -> None:
    counted(counter)
    assert kinds(close()) == {A1: "matched", A2: "missing", B1: "matched"}
    number = recounted("Ravi", A1, A2, bins=())
    assert number == "CC-1-R1"
    found = result()
    assert kinds(found) == {A1: "matched", A2: "matched", B1: "matched"}
    assert [b.recounted for b in found.bins] == [number, None]
    with reading() as c:
        assert late_scans(c, site=SITE, number="CC-1") == []
    with pytest.raises(CountError, match="is a recount: close CC-1"):
        close(number)
    assert close().version == 2
    assert (state(number), state()) == ("closed", "closed")


def test_what_the_first_counter_saw_and_the_second_did_not_is_missing_and_a_case(counter: Chain) -> None:
    begin("CC-1", BIN_A)
    Counting(counter, operator="Rosa")(BIN_A, A1, A2)
    push(counter, now_ms=NOW)
    number = recounted("Ravi", A1)
    with writing() as c:
        now_ms = NOW + 1_000_000
        close_count(c, site=SITE, number="CC-1", operator="Sam", now_ms=now_ms)
    assert kinds(result()) == {A1: "matched", A2: "missing"}
    assert missing_cases() == 1
    enrol(11, name="HH-11")
    away = Chain(11)
    Counting(away, NOW + 2_000, number=number, operator="Ravi").say("count", A2, BIN_A)
    push(away, now_ms=now_ms + 1_000)
    assert missing_cases() == 0, "whoever counted it last saw it after all, with another handheld"


def test_what_somebody_let_stay_where_a_count_saw_it_is_due_when_its_bin_is_recounted(counter: Chain) -> None:
    begin("CC-1", BIN_A)
    mistyped = unit("A11")
    Counting(counter, operator="Rosa")(BIN_A, A1, A2, mistyped)
    push(counter, now_ms=NOW)
    with writing() as c:
        (case,) = c.execute(sa.select(cases).where(cases.c.unit == mistyped)).mappings()
        named = {name: case[name] for name in ("site", "unit", "rule", "episode", "evidence")}
        settle(c, **named, resolution="stays", operator="Sam", now_ms=NOW + 1_000)
    recounted("Ravi", A1, A2)
    with writing() as c:
        close_count(c, site=SITE, number="CC-1", operator="Sam", now_ms=NOW + 1_000_000)
    assert kinds(result()) == {A1: "matched", A2: "matched", mistyped: "missing"}
    assert missing_cases() == 1


def test_the_first_counter_is_refused_a_recount(counter: Chain) -> None:
    counted(counter)
    with pytest.raises(CountError, match="rosa counted bin A-01 before: somebody else has to do it"):
        recounted("x", shares=(Share(place=BIN_A, person="rosa"),))
    recounted("Rosa", A1, A2)
    found = result()
    assert kinds(found)[A2] == "missing", "what she scanned is kept, and not used"
    assert len(found.refused) == 4


def test_a_bin_is_recounted_only_after_it_was_counted(counter: Chain) -> None:
    begin()
    Counting(counter)(BIN_A, A1)
    push(counter, now_ms=NOW)
    with pytest.raises(CountError, match="Bin B-01 is not finished"):
        recounted("Ravi", bins=(BIN_B,))
    with pytest.raises(CountError, match="is not finished"):
        recounted("Ravi", bins=(BIN_C,))


def test_a_take_on_count_makes_stock_of_what_it_sees_instead_of_cases(counter: Chain) -> None:
    early = Counting(counter, number="GO", operator="Rosa")
    early(BIN_B, unit("NEW-2"))  # typed the number before the office opened the count
    push(counter, now_ms=NOW)
    begin("GO", BIN_A, BIN_B, sort=Sort.TAKE_ON)
    early(BIN_A, A1, A2, unit("NEW-1"))
    push(counter, 4, now_ms=NOW)
    with reading() as c:
        assert c.execute(sa.select(cases.c.rule).where(cases.c.status == "open")).all() == []
    close("GO")
    with reading() as c:
        query = sa.select(unit_states.c.unit, unit_states.c.status, unit_states.c.expected)
        new = sorted(tuple(row) for row in c.execute(query.where(unit_states.c.unit.like("%NEW%"))))
        assert new == [(unit("NEW-1"), "stored", BIN_A), (unit("NEW-2"), "stored", BIN_B)]
        assert [r.rule for r in c.execute(sa.select(cases.c.rule))] == ["missing"]
    counter.scan(NOW + 5_000, "inspect", unit("NEW-1"), location=BIN_A)
    push(counter, len(counter.lines), now_ms=NOW + 60_000)
    before = folded()
    with writing() as c:
        rebuild(c, SITE, [unit("NEW-1"), unit("NEW-2"), A1, A2, B1], stamp(c))
    assert differences(before, folded()) == []


def test_a_count_that_is_given_up_is_over_without_a_result(counter: Chain) -> None:
    counted(counter)
    decide(closing.cancel, "Sam", "opened twice")
    assert state() == "cancelled"
    with pytest.raises(CountError, match="was given up"):
        close()
    with pytest.raises(CountError, match="is over already"):
        decide(closing.cancel, "Sam", "again")
    with reading() as c:
        assert c.execute(sa.select(documents.c.number).where(documents.c.kind == "count_result")).all() == []


def test_a_count_that_waits_for_approval_is_not_given_up_and_one_given_up_is_not_approved(counter: Chain) -> None:
    counted(counter)
    limit("role:supervisor", units=0)
    close(role="supervisor")
    with pytest.raises(CountError, match="waits for approval: reject it first"):
        decide(closing.cancel, "Sam", "opened twice")
    assert state() == "proposed"
    with writing() as c:  # as the ledger may say it from before
        digest = papers.digest_of(c, SITE, "count", "CC-1")
        record(
            c,
            site=SITE,
            action="close_count",
            operator="Sam",
            now_ms=NOW + 2_000,
            document="CC-1",
            reason="opened twice",
            evidence=digest,
        )
    with pytest.raises(CountError, match="was given up: there is nothing to decide"):
        decide(closing.approve, "Ada")
    assert missing_cases() == 0
