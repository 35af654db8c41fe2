from __future__ import annotations

import pytest

from sync.returning import Claim
from tests.handheld import BIN_A, DOCK
from tests.server.rules.story import Quiet, fact, said

SOLD = [fact(1, "put_away", location=BIN_A), fact(2, "pick", location=BIN_A, document="SO-1"), fact(3, "ship")]
BUYERS = {"SO-1": "anna"}


def back(document: str | None) -> list[object]:
    return [*SOLD, fact(9, "take_back", location=DOCK, document=document)]


@pytest.mark.parametrize(
    ("document", "claim"),
    [
        ("SO-1", None),
        (None, None),
        ("RMA-1", Claim(order="SO-1", customer="anna")),
        ("RMA-1", Claim(order="SO-1")),
        ("RMA-1", Claim(customer="anna")),
    ],
)
def test_says_nothing_of_who_bought_it(document: str | None, claim: Claim | None) -> None:
    around = Quiet(promised={"RMA-1": claim} if claim else {}, buyers=BUYERS)
    assert said("wrong_customer", back(document), around) == []  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "claim",
    [
        pytest.param(Claim(order="SO-2", customer="bert"), id="another customer"),
        pytest.param(Claim(order="SO-1", customer="bert"), id="who names an order that is not theirs"),
        pytest.param(Claim(order="SO-2", customer="anna"), id="the same customer, another order"),
        pytest.param(Claim(order="SO-2"), id="another order, and nobody knows whose"),
    ],
)
def test_what_was_sold_to_another_or_on_another_order_is_a_case(claim: Claim) -> None:
    around = Quiet(promised={"RMA-1": claim}, buyers=BUYERS)
    assert said("wrong_customer", back("RMA-1"), around) == [("open", None, DOCK)]  # type: ignore[arg-type]


def test_the_case_closes_when_it_goes_back_to_whoever_sent_it() -> None:
    around = Quiet(promised={"RMA-1": Claim(order="SO-2", customer="bert")}, buyers=BUYERS)
    story = [*back("RMA-1"), fact(10, "reject_return", reason="not theirs")]
    assert said("wrong_customer", story, around) == [("explained", None, DOCK)]  # type: ignore[arg-type]
