"""The verdict on a return: a table of what is known, and what is done with it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.because import QUARANTINE, REJECT, Because, Outcome
from sync.marks import pack, unpack
from sync.own_number import Match, compare
from sync.returning import REASONS, SEALS, Claim, Inspected, ReturnFacts, may_be_released, verdict, why_of
from sync.unit import Status, UnitState
from tests.handheld import unit

UNIT = unit("S1")
SOUND = UnitState(
    status=Status.RETURNED, sold_on="SO-1", returns=1, returned_for=("fit",), matched="agree", seal="broken",
    condition="opened", pictured=True, document="RMA-1", lot="L7",
)  # fmt: skip
FACTS = ReturnFacts(
    unit=UNIT, state=SOUND, whole=True, document="RMA-1", claim=Claim(order="SO-1", customer="anna"), sold_to="anna"
)


def of(facts: ReturnFacts = FACTS, **state: Any) -> tuple[Outcome, set[Because]]:
    found = verdict(replace(facts, state=SOUND._replace(**state)) if state else facts)
    return found.outcome, set(found.because)


def test_what_is_sound_and_theirs_and_was_examined_is_restocked() -> None:
    assert of() == (Outcome.RESTOCK, set())
    assert of(replace(FACTS, document="SO-1", claim=None)) == (Outcome.RESTOCK, set())


@pytest.mark.parametrize(
    ("state", "why", "outcome"),
    [
        ({"matched": None}, Because.NUMBER_MISSING, Outcome.INSPECT),
        ({"matched": "not_on_record"}, Because.NUMBER_NOT_ON_RECORD, Outcome.INSPECT),
        ({"matched": "disagree"}, Because.NUMBERS_DISAGREE, Outcome.QUARANTINE),
        ({"seal": None}, Because.SEAL_MISSING, Outcome.INSPECT),
        ({"seal": "foreign"}, Because.FOREIGN_SEAL, Outcome.QUARANTINE),
        ({"condition": None}, Because.CONDITION_MISSING, Outcome.INSPECT),
        ({"condition": "damaged"}, Because.CONDITION, Outcome.INSPECT),
        ({"pictured": False}, Because.PICTURE_MISSING, Outcome.INSPECT),
        ({"returned_for": ("not_said",)}, Because.REASON_MISSING, Outcome.INSPECT),
        ({"returned_for": ("not_as_described",)}, Because.NOT_AS_DESCRIBED, Outcome.INSPECT),
        ({"returned_for": ("defect",)}, Because.FIRST_FAILURE, Outcome.QUARANTINE),
        ({"returned_for": ("defect",), "lot": None}, Because.CAME_BACK_DEFECTIVE, Outcome.INSPECT),
        ({"returns": 3}, Because.UNIT_LOOPS, Outcome.INSPECT),
        ({"held": "looks odd"}, Because.HELD, Outcome.QUARANTINE),
        ({"doubts": ("twin_returned",)}, Because.TWIN_RETURNED, Outcome.QUARANTINE),
        ({"expiry": "2026-01-01"}, Because.EXPIRED, Outcome.INSPECT),
        ({"status": Status.SEEN}, Because.NOT_OURS, Outcome.REJECT),
        ({"status": Status.STORED, "returns": 0}, Because.NEVER_SOLD, Outcome.INSPECT),
        ({"status": Status.STORED}, Because.RELEASED, Outcome.INSPECT),
        ({"status": Status.PACKED}, Because.NEVER_LEFT, Outcome.INSPECT),
        ({"doubts": ("missing_before",), "sold_on": None}, Because.MISSING_BEFORE, Outcome.QUARANTINE),
    ],
)
def test_what_its_own_state_says(state: dict[str, Any], why: Because, outcome: Outcome) -> None:
    assert of(replace(FACTS, today="2026-06-01"), **state) == (outcome, {why})


@pytest.mark.parametrize(
    ("facts", "why", "outcome"),
    [
        ({"document": None}, Because.NO_CLAIM, Outcome.INSPECT),
        ({"claim": None}, Because.CLAIM_UNKNOWN, Outcome.INSPECT),
        ({"claim": None, "whole": False}, Because.CLAIM_NOT_IN_DATA, Outcome.CANNOT_TELL),
        ({"claim": Claim(order="SO-2", customer="bert")}, Because.OTHER_CUSTOMER, Outcome.REJECT),
        ({"claim": Claim(order="SO-2", customer="anna")}, Because.OTHER_ORDER, Outcome.INSPECT),
        ({"claim": Claim(order="SO-2")}, Because.OTHER_ORDER, Outcome.INSPECT),
        ({"claim": Claim(order="SO-1", customer="anna", units=(unit("S2"),))}, Because.OTHER_UNIT, Outcome.INSPECT),
        ({"recalled": True}, Because.RECALLED, Outcome.QUARANTINE),
        ({"stolen": True}, Because.STOLEN, Outcome.QUARANTINE),
        ({"number_of": unit("S2")}, Because.NUMBER_OF_ANOTHER, Outcome.QUARANTINE),
        ({"rules": Inspected(always=True)}, Because.ALWAYS_INSPECTED, Outcome.INSPECT),
        ({"rules": Inspected(product_loops=True)}, Because.PRODUCT_LOOPS, Outcome.INSPECT),
        ({"rules": Inspected(failed_lots=(("L7", unit("S9")),))}, Because.SIBLING_FAILED, Outcome.INSPECT),
    ],
)
def test_what_else_is_known_of_it(facts: dict[str, Any], why: Because, outcome: Outcome) -> None:
    assert of(replace(FACTS, **facts)) == (outcome, {why})


def test_old_data_do_not_call_an_honest_return_a_clone() -> None:
    twin = SOUND._replace(status=Status.STORED, doubts=("twin_in_stock",))
    assert verdict(replace(FACTS, state=twin)).outcome is Outcome.QUARANTINE
    stale = verdict(replace(FACTS, state=twin, whole=False, stale=True))
    assert (stale.outcome, Because.STALE_DATA in stale.because) == (Outcome.CANNOT_TELL, True)


STATES = st.builds(
    UnitState,
    status=st.sampled_from(Status),
    matched=st.sampled_from([None, *Match]),
    seal=st.sampled_from([None, *SEALS]),
    condition=st.sampled_from([None, "new", "opened", "damaged"]),
    pictured=st.booleans(),
    held=st.sampled_from([None, "held"]),
    doubts=st.lists(st.sampled_from(["twin_in_stock", "numbers_disagree"]), max_size=1).map(tuple),
    returns=st.integers(0, 15),
    returned_for=st.lists(st.sampled_from([*REASONS, "not_said"]), max_size=3).map(tuple),
    sold_on=st.sampled_from([None, "SO-1"]),
)


@given(STATES, st.sampled_from(["server", "handheld"]), st.sampled_from([None, "SO-1", "RMA-9"]))
def test_nothing_is_restocked_whose_own_number_did_not_agree(state: UnitState, at: str, document: str | None) -> None:
    found = verdict(ReturnFacts(unit=UNIT, state=state, whole=at == "server", document=document))
    if found.outcome is Outcome.RESTOCK:
        assert state.matched == Match.AGREE
        assert may_be_released(state)
        assert document == state.sold_on
    assert (found.outcome is Outcome.QUARANTINE) == bool(set(found.because) & QUARANTINE)
    assert found.outcome is not Outcome.REJECT or set(found.because) & REJECT


def test_what_comes_back_from_a_loan_and_was_looked_at_is_restocked_with_no_order_and_no_reason() -> None:
    lent = SOUND._replace(from_loan=True, status_ms=9, returned_ms=(5,), document="RPR-1")
    for document in ("RPR-1", None):
        facts = replace(FACTS, state=lent, document=document, claim=None, sold_to=None)
        assert of(facts) == (Outcome.RESTOCK, set())
        assert of(replace(facts, state=lent._replace(matched=None))) == (Outcome.INSPECT, {Because.NUMBER_MISSING})
    assert unpack(pack(lent) or 0)["from_loan"], "a handheld knows it too"
    assert Because.CLAIM_UNKNOWN in of(replace(FACTS, state=lent._replace(from_loan=False), claim=None))[1]


def test_why_it_came_back_before_is_no_reason_for_what_comes_from_a_loan() -> None:
    lent = SOUND._replace(status_ms=9, returned_ms=(5,))
    assert why_of(lent._replace(returned_ms=(9,))) == why_of(lent._replace(status=Status.STORED)) == "fit"
    assert why_of(lent) is None
    assert unpack(pack(lent) or 0)["returned_for"] == ("not_said",)


@given(STATES)
def test_a_handheld_is_told_of_a_return_what_its_verdict_needs(state: UnitState) -> None:
    came_ms = (state.status_ms,) * state.returns
    state = state._replace(status=Status.RETURNED, returned_for=("fit",) * state.returns, returned_ms=came_ms)
    told = state._replace(**unpack(pack(state) or 0))
    names = ("matched", "seal", "condition", "pictured", "held", "doubts", "returns")
    assert [getattr(told, name) for name in names] == [getattr(state, name) for name in names]
    assert told.returned_for[-1:] == state.returned_for[-1:]


@pytest.mark.parametrize(
    ("known", "numbers", "match"),
    [
        ((), (), None),
        ((), (UNIT,), Match.AGREE),
        ((), ("https://warehouse.example/250/S1",), Match.AGREE),
        ((), ("https://warehouse.example/250/S2",), Match.DISAGREE),
        ((), (unit("S2"),), Match.DISAGREE),
        (("https://warehouse.example/21/LPN1",), ("https://warehouse.example/21/LPN2",), Match.DISAGREE),
        (("https://warehouse.example/21/LPN1",), ("urn:gsma:imei:49015420-323751-0",), Match.NOT_ON_RECORD),
        ((), ("no name at all",), Match.NOT_ON_RECORD),
    ],
)
def test_numbers_are_compared_with_what_was_received(
    known: tuple[str, ...], numbers: tuple[str, ...], match: Match | None
) -> None:
    assert compare(UNIT, known, numbers) is match
