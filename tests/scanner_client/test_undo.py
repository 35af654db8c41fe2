from __future__ import annotations

import pytest

from scanner_client.commands import answer_request
from scanner_client.handheld import Handheld
from scanner_client.office_undos import OfficeUndos
from scanner_client.past import last_scans
from scanner_client.session import Session
from scanner_client.sighting import Sighting
from scanner_client.typed import Typing
from sync.actions import refuse
from sync.event import ScanEvent, format_name
from tests.scanner_client.labels import (
    A_01,
    A_02,
    BIN_1,
    CARTON,
    CARTON_LABEL,
    IMEI_LABEL,
    Begin,
    Learn,
    kept,
    see,
    unit,
    unit_label,
)


def test_last_scan_is_undone_by_another_fact(handheld: Handheld, begin: Begin) -> None:
    session = begin("put_away", location=A_01)
    see(session, unit_label("S1"))
    session.undo()
    see(session, unit_label("S1"))
    first, undone, again = kept(handheld)
    assert (undone.action, undone.voids, undone.subject) == ("void", format_name(first.name), first.subject)
    assert again.subject == first.subject
    session.undo()
    assert session.undo().text == "Nothing to undo."


def test_undone_box_is_taken_when_the_camera_shows_it_again(handheld: Handheld, begin: Begin) -> None:
    session = begin("put_away", location=A_01)
    see(session, unit_label("S1"), box=5)
    undone = session.undo()
    assert undone.undone_box == 5
    see(session, unit_label("S1"), box=5)
    assert undone.text == "Undone. To keep it after all, type it, or show it again in a few minutes."
    assert [e.action for e in kept(handheld)] == ["put_away", "void", "put_away"]


def test_undone_box_is_taken_when_it_is_typed(handheld: Handheld, begin: Begin) -> None:
    session = begin("put_away", location=A_01)
    see(session, unit_label("S1"), box=5)
    session.undo()
    session.scan(Sighting(symbols=(unit_label("S1"),), entry="wedge"))
    assert [e.action for e in kept(handheld)] == ["put_away", "void", "put_away"]


def test_undo_passes_over_what_a_further_label_of_the_box_undid(handheld: Handheld, begin: Begin) -> None:
    session = begin("put_away", location=A_01)
    see(session, unit_label("S1"), box=1)
    see(session, IMEI_LABEL, box=2)
    see(session, IMEI_LABEL, unit_label("S2"), box=2)
    first, imei, _, second = kept(handheld)
    for _ in range(2):
        session.undo()
    assert [e.voids for e in kept(handheld) if e.voids] == [format_name(e.name) for e in (imei, second, first)]


def test_undone_scan_is_not_among_those_kept(begin: Begin) -> None:
    session = begin("put_away", location=A_01)
    for serial in ("S1", "S2"):
        see(session, unit_label(serial))
    session.undo()
    assert session.kept == 1


def test_undo_after_a_scan_that_was_not_kept_says_so_and_names_the_last_one_that_was(
    handheld: Handheld, begin: Begin
) -> None:
    session = begin("put_away", location=A_01)
    told = [session.scan(Sighting(symbols=(unit_label(s),), entry="wedge"))[0] for s in ("S1", "S2", "S1")]
    assert told[-1].text == "Already scanned here."
    first = session.undo()
    assert first.text == (
        "Nothing to undo: that scan was not kept. The last one kept is: Put away S2. Undo once more to take that back."
    )
    assert (first.thing, first.event, len(kept(handheld))) == ("S1", None, 2)
    assert session.undo().text == "Undone."
    assert kept(handheld)[-1].subject == unit("S2")


def test_what_a_camera_sees_again_is_no_scan_that_undo_would_mean(handheld: Handheld, begin: Begin) -> None:
    session = begin("put_away", location=A_01)
    for box, serial in enumerate(("S1", "S2", "S1")):
        see(session, unit_label(serial), box=box)
    session.undo()
    assert kept(handheld)[-1].subject == unit("S2")


def test_what_waits_for_its_bin_or_for_the_servers_answer_waits_no_more_when_it_is_undone(
    handheld: Handheld, begin: Begin, learn: Learn
) -> None:
    shelving = begin("put_away")
    see(shelving, unit_label("S1"))
    assert shelving.undo().text == "Nothing to undo: that scan was not kept."
    see(shelving, BIN_1)
    shipping = begin("ship", document="SO-1")
    see(shipping, CARTON_LABEL)
    shipping.undo()
    learn()
    assert shipping.go_on() == []
    assert handheld.outbox.waiting() == 0


def test_label_that_nobody_can_read_is_kept_and_undone_before_any_bin_is_known(
    handheld: Handheld, begin: Begin
) -> None:
    session = begin("put_away")
    [told] = session.unreadable()
    session.undo()
    events = kept(handheld)
    assert [(e.action, e.location, e.subject) for e in events] == [("unreadable", None, None), ("void", None, None)]
    assert [refuse(e) for e in events] == [None, None]
    assert told.event == events[0]


def typed(session: Session, *lines: str) -> list[str]:
    typing = Typing(session)
    return [told.text for line in lines for told in typing.enter(line.encode())]


def acknowledged(handheld: Handheld) -> None:
    """The server has everything, and says so."""
    with handheld.database.transaction():
        handheld.database.run("UPDATE epochs SET acked_through = last_seq, confirmed = 1")


def all_kept(handheld: Handheld) -> list[ScanEvent]:
    return [event for event, _ in reversed(handheld.outbox.newest(100))]


def test_any_scan_is_undone_with_a_reason_after_it_was_synced_and_in_another_session(
    handheld: Handheld, begin: Begin
) -> None:
    session = begin("put_away", location=A_01)
    for serial in ("S1", "S2", "S3"):
        see(session, unit_label(serial))
    acknowledged(handheld)
    other = begin("inspect", location=A_02)
    see(other, unit_label("S1"))
    (past,) = [scan for scan in last_scans(handheld) if scan.event.seq == 1]
    assert (past.title, past.thing, past.where, past.sent, past.undone) == ("Put away", "S1", "A-01", True, False)
    assert past.depends == ("1 later scan(s) of it rest on this: Check.",)
    told = other.take_back(past, "wrong bin or carton")
    assert told.text == "Put away: undone."
    void = all_kept(handheld)[-1]
    assert (void.action, void.voids, void.subject) == ("void", past.name, unit("S1"))
    assert void.reason == "wrong bin or carton"
    (again,) = [scan for scan in last_scans(handheld) if scan.event.seq == 1]
    assert (again.undone, other.take_back(again, "once more").event) == (True, None)


def test_an_undo_is_undone_and_the_scan_stands_again(handheld: Handheld, begin: Begin) -> None:
    session = begin("put_away", location=A_01)
    see(session, unit_label("S1"))
    session.undo()
    newest, first = last_scans(handheld)
    assert (newest.title, newest.depends, first.undone) == ("Undo", ("What was undone stands again.",), True)
    assert session.take_back(newest, "it was right").text == "The undo is undone: it stands again."
    assert [scan.undone for scan in last_scans(handheld)] == [False, True, False]
    assert session.kept == 1


def test_a_scan_undone_by_list_is_taken_when_it_is_scanned_again(handheld: Handheld, begin: Begin) -> None:
    session = begin("put_away", location=A_01)
    see(session, unit_label("S1"), box=3)
    told = session.take_back(last_scans(handheld)[0], "wrong unit")
    assert told.undone_box == 3
    see(session, unit_label("S1"), box=3)
    assert [e.action for e in all_kept(handheld)] == ["put_away", "void", "put_away"]
    session.undo()
    assert [e.action for e in all_kept(handheld)][-1] == "void"


def test_what_is_in_a_carton_and_what_was_counted_in_a_bin_hangs_on_their_scan(
    handheld: Handheld, begin: Begin
) -> None:
    packing = begin("pack", location=A_01)
    see(packing, CARTON_LABEL)
    see(packing, unit_label("S1"))
    moving = begin("move", location=A_02)
    see(moving, CARTON_LABEL)
    see(begin("pack", location=A_01, container=CARTON), unit_label("S2"))
    counting = begin("count", document="COUNT-1")
    see(counting, BIN_1)
    see(counting, unit_label("S9"))
    depends = {scan.title: scan.depends for scan in last_scans(handheld)}
    assert depends["Move"] == ("1 unit(s) are where this scan of their carton puts them.",)
    assert depends["Open bin"] == ("1 scan(s) were counted in the bin that this opened.",)
    (opening,) = [scan for scan in last_scans(handheld) if scan.title == "Open bin"]
    counting.take_back(opening, "wrong document")
    assert counting.opening is None
    assert counting.finish() == [], "nothing is finished that was never opened"


def test_the_last_scans_are_listed_and_undone_at_the_terminal(handheld: Handheld, begin: Begin) -> None:
    session = begin("put_away", location=A_01)
    see(session, unit_label("S1"))
    see(session, unit_label("S2"))
    listed = typed(session, "/scans", "/undo 2", "/undo 2 3")
    assert ["Put away S1" in listed[0], "Put away S2" in listed[1]] == [True, True]
    assert listed[2] == "/undo and a number: what hangs on it is told first."
    assert listed[3].startswith("Nothing hangs on it. Why? /undo 2 and a number or your own words: 1 scanned by")
    assert listed[4] == "Put away: undone."
    assert (all_kept(handheld)[-1].reason, all_kept(handheld)[-1].subject) == ("wrong bin or carton", unit("S1"))
    assert typed(session, "/undo 1", "/scans", "/undo 99 no", "/undo x")[0].startswith("Which one? /scans lists them")


def test_who_scanned_hears_that_the_office_took_it_back_once(handheld: Handheld, begin: Begin, learn: Learn) -> None:
    session = begin("put_away", location=A_01)
    [told] = see(session, unit_label("S1"))
    assert told.event is not None
    name = format_name(told.event.name)
    learn(["undone", name, {"by": "Sam", "reason": "wrong bin", "action": "put_away", "subject": unit("S1")}])
    undos = OfficeUndos(handheld)  # a sync brought it before the program began
    assert [(news.text, news.thing) for news in undos.news()] == [
        ("Sam at the office took this back: Put away. Reason: wrong bin", "S1")
    ]
    assert undos.news() == []
    assert OfficeUndos(handheld).news() == [], "nor in the next run"
    assert [past.undone for past in last_scans(handheld)] == [True]


@pytest.mark.parametrize("again", ["/undo 3", "/undo 3 wrong"])
def test_what_hangs_on_a_scan_is_told_before_it_is_undone_and_the_reason_that_was_given_at_once_is_not_asked_again(
    handheld: Handheld, begin: Begin, again: str
) -> None:
    session = begin("count", document="COUNT-1")
    see(session, BIN_1)
    see(session, unit_label("S1"))
    session.finish()
    *_, asked, undone = typed(session, "/scans", "/undo 3 wrong", again)
    said = "The bin was finished after it: the count has neither then. To undo it all the same (wrong): /undo 3"
    assert said in asked
    assert undone.endswith(": undone.")
    assert all_kept(handheld)[-1].reason == "wrong"


def test_the_sync_command_says_what_the_office_took_back_while_nobody_scans(
    handheld: Handheld, begin: Begin, learn: Learn
) -> None:
    [told] = see(begin("put_away", location=A_01), unit_label("S1"))
    assert told.event is not None
    row = {"by": "Sam", "reason": "wrong bin", "action": "put_away", "subject": unit("S1")}
    learn(["undone", format_name(told.event.name), row])
    said = answer_request(handheld, None, {"do": "sync"})["text"].splitlines()
    assert said[1:] == ["S1: Sam at the office took this back: Put away. Reason: wrong bin"]
    assert len(answer_request(handheld, None, {"do": "sync"})["text"].splitlines()) == 1
