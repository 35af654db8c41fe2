"""The bins of a count at the handheld: whose they are, what is done, and when one is empty."""

from __future__ import annotations

from typing import Any

import pytest

from scanner_client.count_list import bins_of
from scanner_client.handheld import Handheld
from scanner_client.page.view import count_shown
from scanner_client.session import Session
from scanner_client.sighting import Tone
from sync.unit import NOT_TOLD
from tests.scanner_client.labels import A_01, A_02, BIN_1, BIN_2, Begin, Learn, kept, see, unit, unit_label

A_03 = A_01.replace("A-01", "A-03")
CLOSED = (
    "CC-1 is closed already. What you scan for it is kept, and the office decides whether it counts: ask before you go"
    " on."
)


def count(*shares: list[Any], done: tuple[str, ...] = (), **said: Any) -> list[object]:
    row = {
        "kind": "count", "sort": "cycle", "state": "open", "lines": [], "bins": [A_01, A_02, A_03], "blind": False,
        "blind_bins": [], "shares": list(shares) or [[None, None, []]] * 3, "done": list(done),
    }  # fmt: skip
    return ["document", "CC-1", row | said]


def test_the_list_says_whose_each_bin_is_and_what_is_done_last(handheld: Handheld, learn: Learn, begin: Begin) -> None:
    learn(count(["Ravi", None, []], ["Rosa", None, []], [None, 99, []], done=(A_02,)))
    session = begin("count", document="CC-1", operator="rosa")
    shown = count_shown(bins_of(handheld, session.task))
    assert shown is not None
    assert shown.title == "Bins: 1 of 1 done"
    assert [told.text for told in session.listed()] == ["Bins: 1 of 1 done", "Bin A-02: done"]
    assert [(b.code, b.state, b.note) for b in shown.bins] == [
        ("A-01", "todo", "Ravi"),
        ("A-03", "todo", "another handheld's"),
        ("A-02", "done", ""),
    ]


def test_a_bin_finished_here_is_done_before_the_server_knows_and_the_next_is_named(
    handheld: Handheld, learn: Learn, begin: Begin
) -> None:
    learn(count())
    session = begin("count", document="CC-1")
    see(session, BIN_1)
    assert [b.state for b in bins_of(handheld, session.task)] == ["open", "todo", "todo"]
    see(session, unit_label("S1"))
    [told] = session.finish()
    assert told.text == "Bin A-01 finished. Next: A-02. After it 1 more."
    assert [b.state for b in bins_of(handheld, session.task)] == ["done", "todo", "todo"]


def test_opening_somebody_elses_bin_is_said_and_kept_anyway(handheld: Handheld, learn: Learn, begin: Begin) -> None:
    learn(count(["Ravi", None, []], [None, None, []], [None, None, []]))
    [told] = see(begin("count", document="CC-1", operator="Rosa"), BIN_1)
    words = "Bin A-01 opened. It is to be counted by: Ravi. Kept all the same."
    assert (told.tone, told.text) == (Tone.LOOK, words)
    assert [e.action for e in kept(handheld)] == ["open_bin"]


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ("closed", CLOSED),
        ("cancelled", "CC-1 was given up. Kept all the same."),
    ],
)
def test_who_counts_on_in_a_count_that_is_over_is_told_at_each_bin(
    learn: Learn, begin: Begin, state: str, words: str
) -> None:
    learn(count(state=state))
    session = begin("count", document="CC-1")
    assert [told.text for told in session.listed()] == [words]
    [opened] = see(session, BIN_1)
    assert (opened.tone, opened.text) == (Tone.LOOK, f"Bin A-01 opened. {words}")
    see(session, unit_label("S1"))
    [finished] = session.finish()
    assert (finished.tone, finished.text) == (Tone.LOOK, f"Bin A-01 finished. {words}")


def test_a_bin_that_is_not_of_the_count_is_said(learn: Learn, begin: Begin) -> None:
    learn(count(bins=[A_02, A_03], shares=[[None, None, []]] * 2))
    [told] = see(begin("count", document="CC-1"), BIN_1)
    assert told.text == "Bin A-01 opened. It is no bin of CC-1. Kept all the same."


def test_who_counted_a_bin_before_is_refused_its_recount(handheld: Handheld, learn: Learn, begin: Begin) -> None:
    learn(count([None, None, ["Rosa"]], [None, None, []], [None, None, []], sort="recount"))
    session = begin("count", document="CC-1", operator="rosa")
    [told] = see(session, BIN_1)
    assert (told.tone, told.event) == (Tone.ASK, None)
    assert told.text == "You counted bin A-01 before: somebody else has to count it again."
    see(session, BIN_2)
    assert [(e.action, e.location) for e in kept(handheld)] == [("open_bin", A_02)]


def empty_words(session: Session) -> bool:
    [told] = session.finish()
    return told.text == "Nothing was scanned in bin A-01. Is it empty? If so, finish it once more."


def test_a_bin_is_called_empty_only_when_it_was_said_twice(handheld: Handheld, begin: Begin) -> None:
    session = begin("count", document="CC-1")
    see(session, BIN_1)
    assert empty_words(session)
    assert [e.action for e in kept(handheld)] == ["open_bin"]
    see(session, BIN_2)  # the next bin's label says so as well
    assert [(e.action, e.location) for e in kept(handheld)[1:]] == [("finish_bin", A_01), ("open_bin", A_02)]


def test_the_next_bins_label_asks_whether_the_open_bin_is_empty(handheld: Handheld, begin: Begin) -> None:
    session = begin("count", document="CC-1")
    see(session, BIN_1)
    [told] = see(session, BIN_2)
    assert told.tone is Tone.ASK
    assert [e.action for e in kept(handheld)] == ["open_bin"]


def test_what_was_undone_leaves_the_bin_empty_and_a_label_that_nobody_reads_does_not(
    handheld: Handheld, begin: Begin
) -> None:
    session = begin("count", document="CC-1")
    see(session, BIN_1)
    see(session, unit_label("S1"))
    session.undo()
    assert empty_words(session)
    session.unreadable()
    assert session.finish()[0].text.startswith("Bin A-01 finished")


def test_who_goes_on_to_something_else_has_not_said_that_a_bin_is_empty(handheld: Handheld, begin: Begin) -> None:
    session = begin("count", document="CC-1")
    see(session, BIN_1)
    [told] = session.leave()
    assert (told.tone, told.event) == (Tone.INFO, None)
    assert [e.action for e in kept(handheld)] == ["open_bin"], "the bin is not finished"


@pytest.mark.parametrize(
    ("said", "first", "second"),
    [
        ({"blind_bins": [A_01]}, "Kept.", "Belongs in A-01."),
        ({"sort": "take_on"}, "Kept. It will be stock here.", "Kept. It will be stock here."),
    ],
)
def test_a_blind_bin_and_a_count_that_takes_stock_on_give_no_verdict(
    learn: Learn, begin: Begin, said: dict[str, Any], first: str, second: str
) -> None:
    learn(count(**said), ["unit", unit("S1"), ["stored", A_01, A_01, None, None, None]])
    session = begin("count", document="CC-1")
    see(session, BIN_1)
    [told] = see(session, unit_label("S1"))
    assert told.text == first
    see(session, BIN_2)
    [told] = see(session, unit_label("S1"))
    assert told.text == second


def test_a_unit_whose_bin_is_counted_blind_cannot_be_told_anything_of(learn: Learn, begin: Begin) -> None:
    learn(["unit", unit("S1"), ["stored", NOT_TOLD, NOT_TOLD, None, None, None]])
    [told] = see(begin("inspect", location=A_01), unit_label("S1"))
    assert told.text == "Kept. This handheld's data do not hold it."
