from __future__ import annotations

import pytest

from scanner_client.assignment import AssignmentError, task_of
from scanner_client.handheld import Handheld
from scanner_client.task import QUANTITY_MAX, Assignment
from sync.event import TEXT_MAX

LONGEST = "x" * TEXT_MAX


@pytest.mark.parametrize("field", ["document", "operator", "condition", "reason"])
def test_text_that_every_scan_can_hold_is_taken(handheld: Handheld, field: str) -> None:
    task = task_of(Assignment(action="inspect", **{field: LONGEST}), handheld.site_map)  # type: ignore[arg-type]
    assert getattr(task, field) == LONGEST


@pytest.mark.parametrize("field", ["document", "operator", "condition", "reason"])
@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (LONGEST + "x", "has 501 characters; 1 to 500 are allowed."),
        ("a\x1db", r"holds a character that cannot be printed: 'a\x1db'."),
        ("\ud800", r"holds a character that cannot be printed: '\ud800'."),
    ],
)
def test_text_that_no_scan_could_hold_is_refused_before_the_work_begins(
    handheld: Handheld, field: str, text: str, sentence: str
) -> None:
    with pytest.raises(AssignmentError) as refused:
        task_of(Assignment(action="inspect", **{field: text}), handheld.site_map)  # type: ignore[arg-type]
    assert str(refused.value) == f"{field} {sentence}"


def test_place_whose_name_no_scan_could_hold_is_refused(handheld: Handheld) -> None:
    place = f"https://warehouse.example/414/main/254/{LONGEST}"
    with pytest.raises(AssignmentError):
        task_of(Assignment(action="inspect", location=place), handheld.site_map)


@pytest.mark.parametrize("quantity", [-5, 0, QUANTITY_MAX + 1])
def test_number_of_pieces_that_nobody_counts_is_refused(handheld: Handheld, quantity: int) -> None:
    with pytest.raises(AssignmentError, match=rf"^{quantity} cannot be the quantity: 1 to {QUANTITY_MAX}\.$"):
        task_of(Assignment(action="inspect", quantity=quantity), handheld.site_map)


def test_what_needs_a_reason_does_not_begin_without_one(handheld: Handheld) -> None:
    with pytest.raises(AssignmentError) as refused:
        task_of(Assignment(action="quarantine", reason="  "), handheld.site_map)
    assert refused.value.field == "reason"
    assert task_of(Assignment(action="quarantine", reason=" seal broken "), handheld.site_map).reason == "seal broken"
