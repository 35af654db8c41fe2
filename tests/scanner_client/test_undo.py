from __future__ import annotations

from scanner_client.handheld import Handheld
from scanner_client.sighting import Sighting
from sync.actions import refuse
from sync.event import format_name
from tests.scanner_client.labels import (
    A_01,
    IMEI_LABEL,
    Begin,
    kept,
    see,
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
