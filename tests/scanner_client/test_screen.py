from __future__ import annotations

import io
import re
from dataclasses import replace

import pytest

from scanner_client.background import SyncState
from scanner_client.feedback import BELL, SIGNALS, beep
from scanner_client.screen import Footer, Names, Screen, ago, footing, heading
from scanner_client.sighting import Told, Tone
from scanner_client.task import Task
from scanner_client.wording import SOURCE_LANGUAGE, catalogue, say
from sync.verdict import Verdict

FOOTER = Footer(
    waiting=3,
    carried=0,
    enrolled=True,
    has_data=True,
    age_ms=720_000,
    unread=0,
    now_ms=100_000,
    sync=SyncState(last_ms=40_000),
)
TASK = Task(action="put_away", document="PA-1", operator="mia")
NAMES = Names(location="A-01", container=None)


def test_every_verdict_and_tone_has_words_and_a_signal() -> None:
    told = {"place": "x", "reason": "y", "order": "z", "expiry": "w", "left": 2, "condition": "v"}
    assert all(say(f"verdict.{verdict.value}", **told) for verdict in Verdict)
    assert set(SIGNALS) == set(Tone)
    assert len({(s.beeps, s.sign) for s in SIGNALS.values()}) == len(Tone), "no two sound and look alike"


def test_unknown_language_is_spoken_to_in_english() -> None:
    assert catalogue("xx") == catalogue(SOURCE_LANGUAGE)


def test_head_says_what_is_done_and_where() -> None:
    assert heading(TASK, NAMES) == "PUT AWAY · document PA-1 · bin A-01 · mia"


def test_foot_says_how_many_of_the_offices_entries_cannot_be_read_here() -> None:
    said = "3 waiting · synced 1 min ago · data as of 12 min ago · 2 of the office's entries cannot be read here"
    assert footing(replace(FOOTER, unread=2))[0] == f"{said}: tell the office"


def test_foot_says_how_many_wait_when_it_synced_and_how_old_the_data_are() -> None:
    assert footing(FOOTER) == ["3 waiting · synced 1 min ago · data as of 12 min ago", ""]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"age_ms": None}, "data of unknown age"),
        ({"has_data": False}, "no data of the site yet"),
        ({"enrolled": False}, "not enrolled"),
        ({"sync": None, "has_data": False}, "not synced yet"),
        ({"carried": 7}, "7 carried for others"),
        ({"sync": SyncState(trouble="No answer.", code="unreachable")}, "no sync: No answer."),
        ({"sync": SyncState(trouble="x", code="unknown_device")}, "enrol it again, its queue goes with it"),
    ],
)
def test_foot_says_what_is_not_as_it_should_be(change: dict[str, object], words: str) -> None:
    assert words in " | ".join(footing(replace(FOOTER, **change)))  # type: ignore[arg-type]


@pytest.mark.parametrize(("ms", "words"), [(0, "0 s"), (59_999, "59 s"), (60_000, "1 min"), (10**9, "11 days")])
def test_length_of_time_is_told_in_its_largest_unit(ms: int, words: str) -> None:
    assert ago(ms) == words


def test_without_a_terminal_each_scan_is_one_line() -> None:
    out = io.StringIO()
    Screen(out, tty=False).show(
        Told(tone=Tone.LOOK, text="Belongs in B.", thing="Phone 7"), "12:00", TASK, NAMES, FOOTER
    )
    assert out.getvalue() == "12:00 ! Phone 7 Belongs in B.\n"


def test_panel_fits_the_terminal() -> None:
    out = io.StringIO()
    screen = Screen(out, tty=True, size=lambda: (40, 20))
    for number in range(30):
        screen.show(Told(tone=Tone.GOOD, text="Right." * 20, thing=f"Phone {number}"), "12:00", TASK, NAMES, FOOTER)
    panel = out.getvalue().rpartition("\x1b[2J")[2]
    rows = re.sub(r"\x1b\[[\d;]*m", "", panel).splitlines()
    assert max(map(len, rows)) == 40
    assert len(rows) <= 20
    assert "Phone 29" in panel


def test_label_cannot_move_the_cursor() -> None:
    out = io.StringIO()
    Screen(out, tty=True, size=lambda: (80, 24)).show(
        Told(tone=Tone.GOOD, text="", thing="\x1b[2Jevil\r\n"), "12:00", TASK, NAMES, FOOTER
    )
    assert "\x1b[2Jevil" not in out.getvalue()


def test_beeps_are_counted_and_apart() -> None:
    out, pauses = io.StringIO(), list[float]()
    beep(Tone.STOP, out, pauses.append)
    assert (out.getvalue(), len(pauses)) == (BELL * 4, 3)
