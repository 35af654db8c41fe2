"""What a person at the page does, and what it leads to: the real session, queue and board, without a browser."""

from __future__ import annotations

from dataclasses import dataclass, replace
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from scanner_client import inbox
from scanner_client.background import Background
from scanner_client.commands import uploader_for
from scanner_client.handheld import Handheld
from scanner_client.inbox import BadPicture, Doubtful, Seen, Synced, Typed
from scanner_client.page.board import Board
from scanner_client.page.protocol import BegunShown, ScanShown, State
from scanner_client.page.requests import (
    Answer,
    Asked,
    FinishBin,
    KeyedIn,
    ListScans,
    Quantity,
    Scanned,
    SyncNow,
    Undo,
    Unreadable,
)
from scanner_client.questions import QUESTIONS_MAX
from scanner_client.sighting import Sighting, Symbol, Tone
from scanner_client.site_map import Cursor
from scanner_client.task import Assignment
from scanner_client.telling import Teller
from scanner_client.vision.camera import SourceError
from scanner_client.work import Work
from sync.event import ScanEvent, decode
from tests.handheld import JPEG
from tests.scanner_client.conftest import Hands

ITEM = "https://id.gs1.org/01/09506000134352"
CABLE = "https://id.gs1.org/01/09506000134376"
A_01, A_02 = (f"https://warehouse.example/414/main/254/{code}" for code in ("A-01", "A-02"))
COUNT = Assignment(action="count", document="COUNT-1")
LOOK_ROUND = Assignment(action="inspect", location="A-01")


def label(serial: str) -> str:
    return f"]d2010950600013435221{serial}"


def sighting(serial: str, box: int = 1) -> Sighting:
    return Sighting(symbols=(Symbol(data=label(serial)[3:].encode(), symbology="]d2"),), box=box, frame=box)


@dataclass
class Page:
    """A page that is open, and the work behind it."""

    work: Work
    board: Board
    handheld: Handheld
    syncs: list[bool]
    hands: Hands

    def do(self, *entries: Any) -> State:
        for entry in entries:
            self.work.take(entry if type(entry).__module__ == inbox.__name__ else Asked(number="p-1", request=entry))
        shown = self.board.next(0, 0)
        assert shown is not None
        return shown[1]

    def last(self, *entries: Any) -> ScanShown:
        return self.do(*entries).scans[0]

    def take_over(self, *changes: list[Any]) -> None:
        """The server has told of these changes."""
        told = Cursor(cursor="8", incarnation="i")
        self.handheld.site_map.apply(changes, told, more=False, clock=self.handheld.clock)

    def events(self) -> list[ScanEvent]:
        return [decode(line) for line in self.handheld.outbox.next_run().lines]

    def actions(self) -> list[str]:
        return [event.action for event in self.events()]


@pytest.fixture
def page(handheld: Handheld, hands: Hands) -> Page:
    units: list[list[Any]] = [
        ["unit", f"{ITEM}/21/{s}", ["stored", A_01, A_01, None, None, None]] for s in ("D1", "D2")
    ]
    places: list[list[Any]] = [["location", key, {"code": key[-4:], "name": "", "zone": ""}] for key in (A_01, A_02)]
    handheld.site_map.apply(
        [
            *places,
            *units,
            ["unit", f"{ITEM}/21/E1", ["stored", A_02, A_02, None, None, None]],
            ["unit", f"{ITEM}/21/R1", ["stored", A_01, A_01, None, None, None]],
            ["item", ITEM, {"name": "Drill", "sku": "D", "mode": "serial"}],
            ["item", CABLE, {"name": "Cable", "sku": "C", "mode": "quantity"}],
            ["document", "BLIND-1", {"blind": True, "lines": []}],
            ["recall", "R", {"number": "R", "reason": "Fire.", "item": None, "lots": [], "units": [f"{ITEM}/21/R1"]}],
        ],
        Cursor(cursor="7", incarnation="i"),
        more=False,
        clock=handheld.clock,
    )
    background = Background(uploader_for(handheld), wall_ms=handheld.clock.wall_ms)
    teller = Teller(handheld, background, as_json=False, out=StringIO())
    syncs: list[bool] = []
    return Page(Work(handheld, teller, sync=lambda: syncs.append(True)), teller.board, handheld, syncs, hands)


def test_scan_before_anything_was_chosen_is_not_kept(page: Page) -> None:
    last = page.last(Scanned(text=label("D1")))
    assert (last.tone, last.text, last.kept) == (Tone.ASK, "Choose first what you do.", False)
    assert page.do(Undo(), Quantity(pieces=2), Unreadable(), FinishBin(), Answer(question=1, keep=True)).kept == 0
    assert page.actions() == []


def test_server_is_asked_once_for_a_carton_and_not_again_and_again_while_nobody_answers(page: Page) -> None:
    page.take_over(["unit", f"{ITEM}/21/D1", ["packed", None, A_01, None, None, None]])
    page.hands.pass_ms(1)
    asked = page.last(Assignment(action="ship", document="SO-1"), Scanned(text=label("D1")))
    assert (asked.tone, asked.text) == (Tone.INFO, "One moment: the server is asked whether it may go.")
    assert len(page.syncs) == 1
    page.do(Synced(), Synced())
    assert len(page.syncs) == 1, "the pauses between the tries are the sync's own"
    assert page.last(Synced(heard=False)).tone is Tone.STOP
    page.last(Scanned(text=label("D1")))
    page.hands.pass_ms(200)
    page.take_over()
    assert (page.last(Synced()).tone, page.actions()) == (Tone.GOOD, ["ship"])


def test_picture_of_what_came_back_is_taken_from_a_file_where_there_is_no_camera(page: Page, tmp_path: Path) -> None:
    photo = tmp_path / "phone.jpg"
    photo.write_bytes(JPEG)
    page.do(Assignment(action="take_back", location="A-01"), Scanned(text=label("D1")))
    asked = page.last(Scanned(text="/picture"))
    assert (asked.tone, asked.kept) == (Tone.ASK, False)
    assert "name its file: /picture photo.jpg. With neither, say /next" in asked.text
    missing = page.last(Scanned(text="/picture no-such.png"))
    assert missing.text == "no-such.png cannot be read: No such file or directory."
    page.do(Scanned(text=f"/picture {photo}"))
    assert (page.events()[-1].action, (page.events()[-1].evidence or "")[:7]) == ("examine", "sha256:")


def test_wedge_scan_on_the_page_is_kept_as_one_and_judged(page: Page) -> None:
    page.do(Assignment(action="inspect", location="A-01", operator="BADGE:0042"))
    state = page.do(Scanned(text=label("D1")))
    [event] = page.events()
    assert (event.entry, event.symbology, event.operator, event.location) == ("wedge", "]d2", "0042", A_01)
    assert (state.scans[0].tone, state.scans[0].thing, state.scans[0].kept) == (Tone.GOOD, "Drill D1", True)
    assert state.kept == 1


def test_fnc1_that_the_wedge_typed_is_kept(page: Page) -> None:
    page.do(LOOK_ROUND, Scanned(text="]d2010950600013435210L7\x1d21D1"))
    [event] = page.events()
    assert event.barcode == b"010950600013435210L7\x1d21D1"
    assert (event.subject, event.lot) == (f"{ITEM}/21/D1", "L7")


def test_command_on_a_printed_barcode_works_on_the_page_as_at_the_terminal(page: Page) -> None:
    page.do(LOOK_ROUND, Scanned(text=label("D1")), Scanned(text="/undo"))
    assert page.actions() == ["inspect", "void"]


def test_other_task_finishes_the_open_bin_and_begins_afresh(page: Page) -> None:
    state = page.do(COUNT, Scanned(text="LOC:A-01"), Scanned(text=label("D1")), LOOK_ROUND, Scanned(text=label("D1")))
    assert page.actions() == ["open_bin", "count", "finish_bin", "inspect"]
    assert state.task is not None
    assert (state.task.title, state.task.bin, state.task.document, state.kept) == ("Check", "A-01", None, 4)
    assert page.last(Undo()).text == "Undone."
    assert page.last(Undo()).text == "Nothing to undo.", "what the task before had kept is not undone from here"


def test_task_that_cannot_be_begun_leaves_the_one_before_as_it_is(page: Page) -> None:
    page.do(COUNT, Scanned(text="LOC:A-01"))
    for wrong in (Assignment(action="inspect", location="Z-99"), Assignment(action="settle"), Assignment(action="x")):
        state = page.do(wrong)
        assert state.scans[0].tone is Tone.ASK
        assert state.task is not None
        assert (state.task.action, state.task.bin) == ("count", "A-01")
    assert page.actions() == ["open_bin"]


def test_page_is_told_which_of_its_tasks_has_begun_and_which_field_of_another_is_wrong(page: Page) -> None:
    page.work.take(Asked(number="a-1", request=LOOK_ROUND))
    page.work.take(Asked(number="b-1", request=Assignment(action="inspect", location="Z-99")))
    assert page.do().begun == (
        BegunShown(number="b-1", field="location", trouble="'Z-99' is no location that this handheld knows."),
        BegunShown(number="a-1", field="", trouble=""),
    )


def test_bin_that_another_task_would_finish_is_named(page: Page) -> None:
    assert page.do(COUNT).open_bin == ""
    assert page.do(Scanned(text="LOC:A-01")).open_bin == "A-01"
    assert page.do(FinishBin(), FinishBin()).open_bin == ""
    assert page.do(Scanned(text="LOC:A-01"), LOOK_ROUND).open_bin == ""


def test_document_is_scanned_or_typed(page: Page) -> None:
    for text in ("ASN-1001", "my own number"):
        state = page.do(Assignment(action="receive", document=text))
        assert state.task is not None
        assert state.task.document == text


def test_finish_says_so_where_no_bin_is_open(page: Page) -> None:
    page.do(COUNT, Scanned(text="LOC:A-01"))
    assert "Is it empty?" in page.last(FinishBin()).text
    assert page.last(FinishBin()).text == "Bin A-01 finished."
    assert page.last(FinishBin()).text == "No bin is open."
    assert page.actions() == ["open_bin", "finish_bin"]


def test_label_that_is_keyed_in_counts_only_when_both_times_agree(page: Page) -> None:
    page.do(LOOK_ROUND)
    for first, second in (("LPN1", "LPN2"), ("", "LPN1"), ("LPN1", "")):
        assert page.last(KeyedIn(first=first, second=second)).tone is Tone.ASK
    assert page.events() == []
    page.do(KeyedIn(first="LPN1", second="LPN1"))
    assert [event.entry for event in page.events()] == ["keyed"]


def test_quantity_said_on_the_page_is_that_of_the_next_product(page: Page) -> None:
    state = page.do(LOOK_ROUND, Quantity(pieces=12))
    assert state.task is not None
    assert state.task.quantity == 12
    state = page.do(Scanned(text="]E09506000134376"))
    assert [event.quantity for event in page.events()] == [12]
    assert state.task is not None
    assert state.task.quantity == 1
    assert page.last(Quantity(pieces=0)).tone is Tone.ASK


def test_unreadable_label_is_a_fact_as_well(page: Page) -> None:
    assert page.last(LOOK_ROUND, Unreadable()).tone is Tone.LOOK
    assert page.actions() == ["unreadable"]


def test_sync_is_woken_at_once(page: Page) -> None:
    page.do(SyncNow())
    assert page.syncs == [True]


def test_bin_shows_what_is_wrong_and_what_is_missing_until_the_next_is_opened(page: Page) -> None:
    check = page.do(LOOK_ROUND).check
    assert check is not None
    assert (check.place, check.summary, len(check.missing)) == ("A-01", "0 read", 3)
    check = page.do(Scanned(text=label("D1")), Scanned(text=label("E1"))).check
    assert check is not None
    assert (check.summary, check.missing, check.wrong) == (
        "2 read", ("Drill D2", "Drill R1"), ("Drill E1: belongs in A-02",),
    )  # fmt: skip
    state = page.do(COUNT, Scanned(text="LOC:A-01"), Scanned(text=label("D1")), FinishBin())
    assert state.check is not None
    assert (state.check.place, state.check.missing) == ("A-01", ("Drill D2", "Drill R1"))
    check = page.do(Scanned(text="LOC:A-02")).check
    assert check is not None
    assert (check.place, check.missing) == ("A-02", ("Drill E1",))


def test_blind_counter_is_shown_no_expectation(page: Page) -> None:
    page.do(Assignment(action="count", document="BLIND-1"), Scanned(text="LOC:A-01"))
    state = page.do(Scanned(text=label("E1")))
    assert (state.scans[0].tone, state.scans[0].text) == (Tone.GOOD, "Kept.")
    assert state.check is not None
    assert (state.check.missing, state.check.wrong) == ((), ())
    assert page.last(Scanned(text=label("R1"))).tone is Tone.STOP


def test_blind_counter_of_a_bin_that_was_counted_before_is_shown_no_expectation(page: Page) -> None:
    page.take_over(["document", "COUNT-9", {"blind": True, "lines": []}])
    state = page.do(COUNT, Scanned(text="LOC:A-01"), FinishBin())
    assert state.check is not None
    assert state.check.missing
    state = page.do(Scanned(text="COUNT-9"))
    assert state.check is None, "what the other count missed goes as soon as the blind one is taken up"
    state = page.do(Scanned(text="LOC:A-01"))
    assert state.check is not None
    assert (state.check.place, state.check.summary, state.check.missing) == ("A-01", "0 read", ())


def test_blind_document_that_is_taken_up_in_the_middle_of_a_bin_hides_what_is_missing(page: Page) -> None:
    page.take_over(["document", "COUNT-9", {"blind": True, "lines": []}])
    state = page.do(LOOK_ROUND, Scanned(text=label("D1")), Scanned(text="COUNT-9"))
    assert state.check is not None
    assert (state.check.place, state.check.missing) == ("A-01", ())


def test_bin_that_is_opened_again_is_checked_from_the_beginning(page: Page) -> None:
    page.do(COUNT, Scanned(text="LOC:A-01"), Scanned(text=label("D1")), FinishBin())
    check = page.do(Scanned(text="LOC:A-01")).check
    assert check is not None
    assert (check.summary, check.missing) == ("0 read", ("Drill D1", "Drill D2", "Drill R1"))


def test_every_unit_that_one_symbol_lists_is_in_the_bin(page: Page) -> None:
    listing = Symbol(data=b"\x1d".join((b"010950600013435221D1", b"21D2", b"21R1")), symbology="]d2")
    check = page.do(LOOK_ROUND, Seen(sighting=Sighting(symbols=(listing,), box=9, frame=1))).check
    assert check is not None
    assert (check.summary, check.missing) == ("3 read · nothing missing", ())


def test_unit_of_another_bin_is_red_and_is_not_in_the_way_of_the_next(page: Page) -> None:
    state = page.do(LOOK_ROUND, Scanned(text=label("E1")))
    assert (state.scans[0].tone, state.scans[0].text) == (Tone.STOP, "Belongs in A-02.")
    assert state.stops == ()
    assert state.check is not None
    assert state.check.wrong == ("Drill E1: belongs in A-02",)


def test_stop_stays_in_sight_when_many_scans_have_followed(page: Page) -> None:
    page.do(LOOK_ROUND, Scanned(text=label("R1")))
    state = page.do(*(Scanned(text=label(f"X{n}")) for n in range(200)))
    assert "Drill R1" not in {scan.thing for scan in state.scans}
    assert [stop.thing for stop in state.stops] == ["Drill R1"]


def test_terminal_and_page_work_side_by_side(page: Page) -> None:
    state = page.do(LOOK_ROUND, Typed(line=label("D1").encode()), Scanned(text=label("D2")))
    assert [scan.thing for scan in state.scans] == ["Drill D2", "Drill D1"]


def test_picture_of_a_folder_that_is_bad_is_named_on_the_page(page: Page) -> None:
    last = page.last(LOOK_ROUND, BadPicture(trouble=SourceError("2.png is empty.")))
    assert (last.tone, last.text, last.kept) == (Tone.ASK, "2.png is empty.", False)


# What one still picture alone says.


def test_doubtful_label_is_asked_about_and_kept_when_a_person_says_so(page: Page) -> None:
    question = page.do(LOOK_ROUND, Doubtful(sighting=sighting("D1"))).question
    assert question is not None
    assert (question.thing, question.text, question.behind) == ("Drill D1", label("D1")[3:], 0)
    assert page.events() == [], "nothing is kept before the answer"
    state = page.do(Answer(question=question.n, keep=True))
    assert (state.question, page.actions()) == (None, ["inspect"])


def test_doubtful_label_that_is_wrong_is_not_kept(page: Page) -> None:
    page.do(LOOK_ROUND, Doubtful(sighting=sighting("D1")), Doubtful(sighting=sighting("D2", box=2)))
    state = page.do(Answer(question=1, keep=False))
    assert state.question is not None
    assert (state.question.n, state.question.thing) == (2, "Drill D2")
    assert page.events() == []


def test_answer_meets_only_the_question_that_was_seen(page: Page) -> None:
    page.do(LOOK_ROUND, Doubtful(sighting=sighting("D1")), Doubtful(sighting=sighting("D2", box=2)))
    page.do(Answer(question=1, keep=True), Answer(question=1, keep=True), Answer(question=7, keep=True))
    assert [event.subject for event in page.events()] == [f"{ITEM}/21/D1"]


def test_forty_labels_of_one_picture_are_kept_with_one_answer(page: Page) -> None:
    doubts = [Doubtful(sighting=sighting(f"S{n}", box=n)) for n in range(40)]
    question = page.do(LOOK_ROUND, *doubts).question
    assert question is not None
    assert question.behind == 39
    state = page.do(Answer(question=question.n, keep=True, last=question.n + 39))
    assert (state.question, state.kept) == (None, 40)


def test_question_goes_when_another_picture_has_confirmed_the_label(page: Page) -> None:
    state = page.do(LOOK_ROUND, Doubtful(sighting=sighting("D1")), Seen(sighting=sighting("D1", box=2)))
    assert (state.question, state.kept) == (None, 1)
    page.do(Doubtful(sighting=sighting("D2", box=3)), Answer(question=1, keep=True))
    assert state.kept == 1, "an answer that was under way meets no other question"


def test_piece_without_a_serial_is_asked_about_until_its_own_box_is_sure(page: Page) -> None:
    def cable(box: int) -> Sighting:
        return Sighting(symbols=(Symbol(data=b"9506000134376", symbology="]E0"),), box=box, frame=box)

    state = page.do(LOOK_ROUND, *(Doubtful(sighting=cable(box)) for box in (1, 2, 3)), Seen(sighting=cable(4)))
    assert state.question is not None
    assert (state.question.behind, state.kept) == (2, 1)
    state = page.do(Seen(sighting=cable(2)))
    assert state.question is not None
    assert (state.question.behind, state.kept) == (1, 2)
    first = state.question.n
    assert page.do(Answer(question=first, keep=True, last=first + 1)).kept == 4


def test_questions_are_bounded(page: Page) -> None:
    question = page.do(
        LOOK_ROUND, *(Doubtful(sighting=sighting(f"S{n}", box=n)) for n in range(QUESTIONS_MAX + 3))
    ).question
    assert question is not None
    assert (question.n, question.behind) == (4, QUESTIONS_MAX - 1)


def test_other_task_forgets_what_was_asked(page: Page) -> None:
    assert page.do(LOOK_ROUND, Doubtful(sighting=sighting("D1")), COUNT).question is None
    page.do(Answer(question=1, keep=True))
    assert page.events() == []


def test_an_earlier_scan_is_chosen_from_the_list_and_undone_with_a_reason(page: Page) -> None:
    page.do(LOOK_ROUND, Scanned(text=label("E1")), Scanned(text=label("E2")))
    past = page.do(ListScans()).past
    assert past is not None
    assert [scan.thing.split()[-1] for scan in past.scans] == ["E2", "E1"]
    assert past.reasons[0] == "scanned by mistake"
    assert page.last(Undo(event=past.scans[1].name)).text == "Say why."
    assert page.last(Undo(event="1.2.3", reason="no")).text.startswith("This scan is no longer on this handheld.")
    state = page.do(Undo(event=past.scans[1].name, reason="wrong unit"))
    assert state.past is not None
    assert [scan.undone for scan in state.past.scans] == [False, False, True]
    assert (page.events()[-1].action, page.events()[-1].reason) == ("void", "wrong unit")
    assert page.do(ListScans(shown=False)).past is None


@pytest.mark.parametrize("text", ["/undo", " /sign-out", "/restock", "*500", "key:D9", "/picture a.jpg"])
def test_a_label_commands_nothing_whatever_is_printed_in_it(page: Page, text: str) -> None:
    page.do(LOOK_ROUND, Scanned(text=label("D1"), by_wedge=True))
    told = page.last(Scanned(text=text, by_wedge=True))
    assert (told.tone, told.kept) == (Tone.ASK, False)
    assert f"The label says {text}" in told.text
    assert len(page.events()) == 1


def test_who_counts_while_the_count_is_closed_hears_so_at_the_next_sync(page: Page) -> None:
    row = {"kind": "count", "state": "open", "lines": [], "bins": [A_01], "blind_bins": [], "done": []}
    page.take_over(["document", "CC-1", row])
    page.do(Assignment(action="count", document="CC-1"), Scanned(text="LOC:A-01"), Scanned(text=label("D1")))
    page.take_over(["document", "CC-1", row | {"state": "closed"}])
    heard = page.last(Synced())
    assert (heard.tone, heard.text.startswith("CC-1 was closed while 2 of your scans")) == (Tone.LOOK, True)
    assert page.last(Synced()).text == heard.text, "once"
    assert len(page.do().scans) == 3


def test_who_scans_with_a_revoked_handheld_hears_so_at_the_first_sync_that_says_it(page: Page) -> None:
    page.do(Assignment(action="inspect"), Scanned(text=label("D1")), Synced())
    page.handheld.change(replace(page.handheld.device, revoked=True))
    heard = page.last(Synced())
    assert (heard.tone, heard.text.startswith("The office has revoked this handheld.")) == (Tone.STOP, True)
    assert len(page.do(Synced()).scans) == 2, "once"


@pytest.mark.parametrize(
    "entries",
    [
        (Assignment(action="receive", document="TRANSFER-5", location="A-01"),),
        (Assignment(action="receive", location="A-01"), Scanned(text="TRANSFER-5")),
    ],
)
def test_who_was_told_that_a_document_is_not_known_hears_once_that_a_sync_has_brought_it(
    page: Page, entries: tuple[Any, ...]
) -> None:
    assert "does not know TRANSFER-5" in page.last(*entries).text
    assert "does not know TRANSFER-5" in page.last(Synced()).text, "this sync did not bring it"
    page.take_over(["document", "TRANSFER-5", {"kind": "asn", "state": "open", "lines": []}])
    heard = page.last(Synced())
    said = "This handheld knows TRANSFER-5 by now. What is scanned from here on is compared with it."
    assert (heard.tone, heard.text) == (Tone.INFO, said)
    assert len(page.do(Synced()).scans) == 2, "once"
