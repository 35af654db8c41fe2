"""What was scanned here and not sent yet."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace

from scanner_client.enrol_command import enrol
from scanner_client.handheld import Handheld
from scanner_client.transport import Transport
from scanner_client.uploader import Uploader
from sync.event import format_name
from tests.scanner_client.labels import A_01, ITEM, Begin, kept, product, see, unit, unit_label
from tests.scanner_client.peer import Peer


def test_a_scan_is_known_until_it_is_undone_or_the_queue_goes_on_under_a_new_epoch(
    handheld: Handheld, begin: Begin
) -> None:
    session = begin("pick", document="SO-1", location=A_01)
    see(session, unit_label("S1"))
    see(session, unit_label("S2"))
    own = handheld.own_scans
    assert [event.subject for event in own.all()] == [unit("S1"), unit("S2")]
    assert [format_name(e.name) for e in own.of(unit("S1"))] == [format_name(kept(handheld)[0].name)]
    assert len(own.under("SO-1")) == 2
    session.undo()
    assert [event.subject for event in own.under("SO-1")] == [unit("S1")]
    assert own.of(unit("S2")) == ()
    handheld.renew("a test")
    assert list(own.all()) == []


def test_a_scan_whose_undo_was_undone_is_known_again(handheld: Handheld, begin: Begin) -> None:
    session = begin("pick", document="SO-1", location=A_01)
    see(session, unit_label("S1"))
    session.undo()
    assert list(handheld.own_scans.all()) == []
    scan, undo = kept(handheld)
    handheld.commit([replace(undo, voids=format_name(undo.name), reason="it was right")])
    assert list(handheld.own_scans.all()) == [scan]


def test_a_scan_that_the_server_has_is_known_here_until_the_map_has_come_as_far(
    handheld: Handheld, begin: Begin, peer: Peer
) -> None:
    peer.changes_per_reply = 1
    peer.changes += [product(f"{ITEM}{n}", "each") for n in range(3)]
    with closing(Transport(connect_s=1, read_s=5)) as transport:
        enrol(handheld, peer.invitation(), transport)
        session = begin("pick", document="SO-1", location=A_01)
        see(session, unit_label("S1"))
        pushes = Uploader(handheld, transport).drain()
        known = [(sent.changes, len(handheld.own_scans.all())) for sent in pushes]
    assert known == [(1, 1), (1, 1), (1, 0)], "a large import arrives page by page, the pick among its last changes"
    assert handheld.outbox.waiting() == 0
