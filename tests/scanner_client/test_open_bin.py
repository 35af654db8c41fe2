from __future__ import annotations

from collections.abc import Callable

import pytest

from scanner_client.handheld import Handheld
from scanner_client.session import Session
from scanner_client.sighting import Sighting, Tone
from sync.event import format_name
from tests.scanner_client.labels import (
    A_01,
    A_02,
    BIN_1,
    BIN_2,
    CABLE,
    CABLE_LABEL,
    Begin,
    kept,
    see,
    unit_label,
)


def test_pieces_counted_say_in_which_opening_of_the_bin(handheld: Handheld, begin: Begin) -> None:
    for _ in range(2):  # the first session was killed: its bin was never finished
        session = begin("count", document="CC-1")
        for box, symbol in enumerate((BIN_1, CABLE_LABEL, CABLE_LABEL)):
            see(session, symbol, box=box)
    events = kept(handheld)
    openings = [format_name(event.name) for event in events if event.action == "open_bin"]
    assert [e.opening for e in events if e.subject == CABLE] == [o for o in openings for _ in range(2)]


def test_counted_bin_is_opened_and_finished_by_its_label(handheld: Handheld, begin: Begin) -> None:
    session = begin("count", document="CC-1")
    for number, symbol in enumerate((BIN_1, unit_label("S1"), BIN_2, unit_label("S2"), BIN_2)):
        see(session, symbol, frame=100 * number)
    assert [(e.action, e.location) for e in kept(handheld)] == [
        ("open_bin", A_01), ("count", A_01), ("finish_bin", A_01), ("open_bin", A_02), ("count", A_02),
        ("finish_bin", A_02),
    ]  # fmt: skip


def test_bin_label_that_flickers_in_the_picture_does_not_finish_the_bin(handheld: Handheld, begin: Begin) -> None:
    session = begin("count", document="CC-1")
    for frame in (0, 40):
        see(session, BIN_1, frame=frame)
    assert [e.action for e in kept(handheld)] == ["open_bin"]


@pytest.mark.parametrize(("frame", "finished"), [(100, ["finish_bin"]), (2, [])])
def test_bin_label_counts_its_frames_anew_when_the_camera_was_opened_again(
    handheld: Handheld, begin: Begin, frame: int, finished: list[str]
) -> None:
    session = begin("count", document="CC-1")
    see(session, BIN_1, frame=5_000)
    see(session, unit_label("S1"))
    see(session, BIN_1, frame=frame)
    assert [e.action for e in kept(handheld)] == ["open_bin", "count", *finished]


@pytest.mark.parametrize("entry", ["wedge", None])
@pytest.mark.parametrize("finish", [lambda s: s.finish(), lambda s: see(s, BIN_1, frame=100)])
def test_nothing_is_counted_between_two_bins(
    handheld: Handheld, begin: Begin, entry: str | None, finish: Callable[[Session], object]
) -> None:
    session = begin("count", document="CC-1", location=A_01)
    label = Sighting(symbols=(CABLE_LABEL,), entry=entry)
    before = session.scan(label)
    see(session, BIN_1)
    session.scan(label)
    finish(session)
    after = session.scan(label)
    assert [(t.tone, t.text) for t in before + after] == [(Tone.ASK, "Scan the label of the bin first.")] * 2
    assert [e.action for e in kept(handheld)] == ["open_bin", "count", "finish_bin"]
    assert session.task.location is None, "the panel names no bin, and nothing is said to be in it"


def test_unit_in_a_bin_that_is_opened_again_is_counted_again(handheld: Handheld, begin: Begin) -> None:
    session = begin("count", document="CC-1")
    for _ in range(2):
        see(session, BIN_1)
        see(session, unit_label("S1"))
        see(session, unit_label("S1"))
        session.finish()
    assert [e.action for e in kept(handheld)] == ["open_bin", "count", "finish_bin"] * 2


def test_count_without_a_document_keeps_nothing_and_says_what_is_needed(begin: Begin) -> None:
    [told] = see(begin("count", location=A_01), unit_label("S1"))
    words = "Scan the label of the document first: the count, the order, the delivery."
    assert (told.tone, told.text, told.event) == (Tone.ASK, words, None)


def test_multiplier_counts_for_the_next_package_only(handheld: Handheld, begin: Begin) -> None:
    session = begin("count", document="CC-1")
    see(session, BIN_1)
    session.counts(12)
    see(session, unit_label("S1"))
    see(session, CABLE_LABEL)
    see(session, CABLE_LABEL)
    assert [e.quantity for e in kept(handheld)[1:]] == [None, 12, 1]
    assert session.counts(0).tone is Tone.ASK


def test_each_package_without_a_serial_counts_one(handheld: Handheld, begin: Begin) -> None:
    session = begin("count", document="CC-1")
    see(session, BIN_1)
    for box in (1, 2, 2):
        see(session, CABLE_LABEL, box=box)
    assert [(e.subject, e.quantity) for e in kept(handheld)[1:]] == [(CABLE, 1), (CABLE, 1)]
