from __future__ import annotations

from threading import Event, Thread

from scanner_client.page.register import TAKEN_MAX, Register
from scanner_client.page.requests import Asked, Undo


def undo(number: object) -> Asked:
    return Asked(number=f"p-{number}", request=Undo())


def test_request_that_is_asked_again_before_it_was_answered_is_handed_over_once() -> None:
    came, room = Event(), Event()
    handed: list[Asked] = []

    def slow(asked: Asked) -> bool:
        handed.append(asked)
        came.set()
        return room.wait(20)

    register, answers = Register(slow), list[bool]()
    askers = [Thread(target=lambda: answers.append(register.take(undo(1)))) for _ in range(3)]
    askers[0].start()
    assert came.wait(20)
    for asker in askers[1:]:
        asker.start()
    room.set()
    for asker in askers:
        asker.join(20)
    assert (handed, answers) == ([undo(1)], [True] * 3)


def test_request_of_which_the_handing_over_failed_can_be_asked_again() -> None:
    handed: list[Asked] = []

    def fails_once(asked: Asked) -> bool:
        handed.append(asked)
        return len(handed) > 1

    register = Register(fails_once)
    assert [register.take(undo(1)) for _ in range(3)] == [False, True, True]
    assert len(handed) == 2


def test_numbers_that_are_remembered_are_bounded() -> None:
    handed: list[Asked] = []

    def take(asked: Asked) -> bool:
        handed.append(asked)
        return True

    register = Register(take)
    for number in range(TAKEN_MAX + 1):
        assert register.take(undo(number))
    assert register.take(undo(TAKEN_MAX))
    assert len(handed) == TAKEN_MAX + 1, "the newest are known still"
    assert len(register._taken) == TAKEN_MAX
