"""A count that was closed while scans for it waited on a handheld: whoever made these hears of it after the sync."""

from __future__ import annotations

import pytest

from scanner_client.commands import answer_request
from scanner_client.ended_counts import EndedCounts
from scanner_client.enrol_command import enrol
from scanner_client.handheld import Handheld
from scanner_client.transport import Transport
from tests.scanner_client.labels import BIN_1, Begin, Learn, see, unit_label
from tests.scanner_client.peer import Peer
from tests.scanner_client.test_count_list import count

CLOSED = (
    "CC-1 was closed while 2 of your scans for it waited here. They are kept, and the office decides whether they"
    " count. Scan no more for it, and ask what to do next."
)
GIVEN_UP = (
    "CC-1 was given up while 2 of your scans for it waited here. They are kept, and count for nothing. Ask what to do"
    " next."
)


@pytest.mark.parametrize(("state", "words"), [("closed", [CLOSED]), ("cancelled", [GIVEN_UP]), ("proposed", [])])
def test_who_scanned_for_a_count_that_ended_meanwhile_hears_so_once(
    handheld: Handheld, learn: Learn, begin: Begin, state: str, words: list[str]
) -> None:
    learn(count())
    session = begin("count", document="CC-1")
    counts = EndedCounts(handheld)
    see(session, BIN_1)
    see(session, unit_label("S1"))
    counts.watch("CC-1")
    assert counts.news() == [], "no sync has brought anything"
    counts.watch("CC-1")
    learn(count(state=state))
    assert [told.text for told in counts.news()] == words
    see(session, unit_label("S2"))
    counts.watch("CC-1")
    assert counts.news() == [], "each bin says so from here on"


def test_the_sync_of_a_handheld_that_was_put_away_says_that_its_scans_came_late(
    handheld: Handheld, peer: Peer, begin: Begin
) -> None:
    transport = Transport(connect_s=2, read_s=5)
    enrol(handheld, peer.invitation(), transport)
    transport.close()
    session = begin("count", document="CC-1")
    see(session, BIN_1)
    see(session, unit_label("S1"))
    peer.changes.append(count(state="closed"))
    synced = answer_request(handheld, None, {"do": "sync"})
    assert (synced["ok"], synced["text"].splitlines()[1:]) == (True, [CLOSED])
    assert answer_request(handheld, None, {"do": "sync"})["text"].splitlines()[1:] == []
