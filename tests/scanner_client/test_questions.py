"""What a person's answer is about: the questions that they saw, and no other."""

from __future__ import annotations

import pytest

from scanner_client.questions import Questions
from scanner_client.sighting import Sighting, Symbol


def sighting(number: int) -> Sighting:
    return Sighting(symbols=(Symbol(data=b"LPN%d" % number),), box=number, frame=number)


@pytest.fixture
def questions() -> Questions:
    asked = Questions()
    for number in range(1, 6):
        asked.add(sighting(number))
    return asked


@pytest.mark.parametrize(("number", "last"), [(2, None), (2, 5), (6, 9), (1, 0), (1, -3)])
def test_answer_to_what_is_not_asked_is_about_nothing(questions: Questions, number: int, last: int | None) -> None:
    assert questions.answered(number, last=last) == []
    shown = questions.shown(lambda _: "")
    assert shown is not None
    assert (shown.n, shown.behind) == (1, 4)


@pytest.mark.parametrize(
    ("last", "about"), [(None, [1]), (1, [1]), (2, [1, 2]), (5, [1, 2, 3, 4, 5]), (2**53, [1, 2, 3, 4, 5])]
)
def test_answer_is_about_the_questions_up_to_the_last_that_was_seen(
    questions: Questions, last: int | None, about: list[int]
) -> None:
    assert questions.answered(1, last=last) == [sighting(number) for number in about]


def test_box_that_is_asked_about_is_that_of_the_first_question(questions: Questions) -> None:
    assert questions.box == 1
    questions.answered(1, last=2)
    assert questions.box == 3
    questions.clear()
    assert questions.box is None


def test_keep_all_keeps_nothing_that_came_up_after_it_was_shown(questions: Questions) -> None:
    shown = questions.shown(lambda _: "")
    assert shown is not None
    for number in range(6, 36):
        questions.add(sighting(number))
    assert len(questions.answered(shown.n, last=shown.n + shown.behind)) == 5
    left = questions.shown(lambda _: "")
    assert left is not None
    assert (left.n, left.text, left.behind) == (6, "LPN6", 29)
