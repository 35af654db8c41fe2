from __future__ import annotations

import io

import pytest

from scanner_client.handheld import Handheld
from scanner_client.session import Session
from scanner_client.sighting import Symbol, Told, Tone
from scanner_client.task import Task
from scanner_client.typed import Typing, lines, symbol
from sync.event import BARCODE_BYTES_MAX, ScanEvent, decode

A_01 = "https://warehouse.example/414/main/254/A-01"


@pytest.fixture
def typing(handheld: Handheld) -> Typing:
    task = Task(action="put_away", location=A_01)
    return Typing(Session(handheld, task))


def kept(handheld: Handheld) -> list[ScanEvent]:
    return [decode(line) for line in handheld.outbox.next_run().lines]


def enter(typing: Typing, *texts: str) -> list[Told]:
    return [told for text in texts for told in typing.enter(text.encode())]


def test_wedge_types_a_label_and_says_so(handheld: Handheld, typing: Typing) -> None:
    enter(typing, "LPN1234")
    assert [(e.barcode, e.symbology, e.entry) for e in kept(handheld)] == [(b"LPN1234", None, "wedge")]


def test_wedge_that_types_the_symbology_is_understood() -> None:
    assert symbol(b"]d20109") == Symbol(data=b"0109", symbology="]d2")
    assert symbol(b"]x") == Symbol(data=b"]x")
    assert symbol(b"LPN1") == Symbol(data=b"LPN1")


def test_keyed_label_is_taken_when_it_was_keyed_twice_alike(handheld: Handheld, typing: Typing) -> None:
    assert enter(typing, "key:LPN1234")[0].tone is Tone.ASK
    assert kept(handheld) == []
    enter(typing, "key:LPN1234")
    assert [(e.barcode, e.entry) for e in kept(handheld)] == [(b"LPN1234", "keyed")]


def test_keyed_label_that_differs_the_second_time_is_begun_again(handheld: Handheld, typing: Typing) -> None:
    told = enter(typing, "key:LPN1234", "key:LPN1243", "key:LPN1234")
    assert [one.tone for one in told] == [Tone.ASK] * 3
    assert kept(handheld) == []


def test_multiplier_counts_pieces(handheld: Handheld, typing: Typing) -> None:
    enter(typing, "*12", "SKU:CABLE")
    assert [e.quantity for e in kept(handheld)] == [12]


def test_commands_of_a_person(handheld: Handheld, typing: Typing) -> None:
    enter(typing, "LPN1", "/undo", "/unreadable", "/finish")
    assert [e.action for e in kept(handheld)] == ["put_away", "void", "unreadable"]


def test_lines_are_taken_without_their_ends_and_of_a_bounded_length() -> None:
    long = b"x" * (BARCODE_BYTES_MAX * 3)
    stream = io.BytesIO(b"one\r\n\n" + long + b"\ntwo\n" + b"last")
    assert list(lines(stream)) == [b"one", long[:BARCODE_BYTES_MAX], b"two", b"last"]


def test_mistyped_command_is_never_a_scan(handheld: Handheld, typing: Typing) -> None:
    [told] = enter(typing, "/hlep")
    assert told.tone is Tone.ASK
    assert told.text.startswith("There is no command /hlep: /undo, /unreadable, /finish, /close")
    assert {"/scans", "/short", "/condition", "/from", "/picture", "/sign-out"} <= set(
        told.text.split(": ")[1].split(", ")
    )
    assert kept(handheld) == []


@pytest.mark.parametrize("line", ["*99999999999", "*" + "9" * 500, "*0", "*-5", "*                              0"])
def test_impossible_multiplier_is_never_a_scan(handheld: Handheld, typing: Typing, line: str) -> None:
    [told] = enter(typing, line)
    assert (told.tone, len(told.text) < 60) == (Tone.ASK, True)
    assert "cannot be the quantity" in told.text
    assert kept(handheld) == []
