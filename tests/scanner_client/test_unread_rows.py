"""A row of reference data that a handheld cannot take over is set aside and told; all around it is taken over."""

from __future__ import annotations

from typing import Any

import pytest

from scanner_client import unread_telling
from scanner_client.enrol_command import enrol
from scanner_client.handheld import Handheld, standing
from scanner_client.transport import Transport
from scanner_client.unread_rows import KEPT_MAX, Unread
from scanner_client.unread_telling import DEAF_MS, Heard
from scanner_client.uploader import Uploader
from sync.protocol import FORGET
from sync.unread import NAME_MAX, REASON_MAX, ROWS_MAX, UNREAD_PATH
from tests.scanner_client.conftest import Hands
from tests.scanner_client.labels import Learn
from tests.scanner_client.peer import Peer
from tests.scanner_client.scans import BIN_A, ITEM, scan_of, unit

STORED = ["stored", BIN_A, BIN_A, None, None, None]
RECALL: dict[str, Any] = {"number": "R-1", "reason": "burns", "item": ITEM}
LOT = f"{ITEM}/10/L1"


def names(handheld: Handheld) -> list[str]:
    return [one.name for one in handheld.site_map.unread.listed()]


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(["unit", unit(1), ["beamed_up", BIN_A]], id="a status of a newer release"),
        pytest.param(["unit", unit(1), [*STORED, None, None, None, None, "tomorrow"]], id="a day that is none"),
        pytest.param(["unit", unit(1), [*STORED, "noon"]], id="a moment that is none"),
        pytest.param(["unit", unit(1), [*STORED, 2**70]], id="a moment beyond all"),
        pytest.param(["unit", unit(1), None, 5], id="one part too many"),
        pytest.param(["unit", unit(1), 5], id="no row at all"),
        pytest.param(["alias", "urn:x", 5], id="a further name of nothing"),
        pytest.param(["stock", f"{LOT} {BIN_A}", ["many"]], id="pieces without a number"),
        pytest.param(["item", {}, {"name": "Milk"}], id="a key that is none"),
        pytest.param(["recall", "R-2", {"number": "R-2"}], id="a recall without a reason"),
        pytest.param(["stolen", unit(1), {"thefts": [{"mood": "sad"}]}], id="a theft of a newer release"),
        pytest.param(["document", "SO-1", {"kind": "order", "lines": [{}]}], id="an order for nothing"),
    ],
)
def test_a_recall_behind_a_row_that_cannot_be_taken_over_arrives(
    handheld: Handheld, peer: Peer, change: list[Any]
) -> None:
    transport = Transport(connect_s=2, read_s=5)
    enrol(handheld, peer.invitation(), transport)
    good = [["unit", unit(n), STORED] for n in (7, 8)]
    peer.changes = [good[0], change, good[1], ["recall", "R-1", RECALL], ["item", ITEM, {"name": "Lamp"}]]
    for _ in range(2):
        for _ in Uploader(handheld, transport).drain():
            pass
    transport.close()
    site_map = handheld.site_map
    assert [recall.number for recall in site_map.recalls()] == ["R-1"]
    assert (site_map.orders(), site_map.thefts()) == ({}, {})
    assert site_map.find(unit(7)) is not None
    assert site_map.find(unit(8)) is not None
    assert site_map.entry("item", ITEM) == {"name": "Lamp"}
    assert site_map.cursor().cursor == "5"
    assert names(handheld) == [f"{change[0]} {change[1]}"]
    assert standing(handheld).unread == 1


def test_a_unit_whose_row_cannot_be_taken_over_is_known_no_more_and_a_recall_still_is(
    handheld: Handheld, learn: Learn
) -> None:
    learn(["unit", unit(1), STORED], ["recall", "R-1", RECALL])
    learn(["unit", unit(1), ["beamed_up"]], ["recall", "R-1", {"number": "R-1"}])
    assert handheld.site_map.find(unit(1)) is None, "where it was is not where it is"
    assert [recall.reason for recall in handheld.site_map.recalls()] == ["burns"]


@pytest.mark.parametrize("is_old", [False, True], ids=["of this release", "of an older one"])
def test_the_server_is_told_what_cannot_be_read_here_once_and_when_it_can_be(
    handheld: Handheld, peer: Peer, *, is_old: bool
) -> None:
    peer.is_old = is_old
    transport = Transport(connect_s=2, read_s=5)
    enrol(handheld, peer.invitation(), transport)
    uploader = Uploader(handheld, transport)
    told: list[list[str]] = []
    strange = ["unit", unit(1), ["beamed_up"]]
    news: list[list[list[Any]]] = [
        [],
        [strange],
        [],
        [["recall", "R-1", {}]],
        [["unit", unit(1), STORED], ["recall", "R-1", RECALL]],
        [],
    ]
    for more in news:
        peer.changes += more
        handheld.commit([scan_of(len(told))])
        for _ in uploader.drain():
            pass
        told.append(names(handheld))
    transport.close()
    assert handheld.outbox.waiting() == 0
    assert told == [[], [f"unit {unit(1)}"], told[1], ["recall R-1", *told[1]], [], []]
    assert peer.unread == ([] if is_old else [told[1], told[3], []])


def test_a_server_that_lost_what_it_was_told_hears_again_what_cannot_be_read_here(
    handheld: Handheld, peer: Peer
) -> None:
    transport = Transport(connect_s=2, read_s=5)
    enrol(handheld, peer.invitation(), transport)
    uploader = Uploader(handheld, transport)
    peer.changes = [["unit", unit(1), ["beamed_up"]]]
    for peer.incarnation in ("first", "first", "restored"):
        for _ in uploader.drain():
            pass
    transport.close()
    assert peer.unread == [[f"unit {unit(1)}"]] * 2


@pytest.mark.parametrize("incarnation", ["first", "restored"])
def test_what_can_be_read_by_now_is_taken_back_also_by_a_program_that_began_since(
    handheld: Handheld, peer: Peer, incarnation: str
) -> None:
    transport = Transport(connect_s=2, read_s=5)
    enrol(handheld, peer.invitation(), transport)
    for before, (peer.incarnation, row) in enumerate((("first", {}), (incarnation, RECALL), (incarnation, RECALL))):
        peer.changes = [*[["item", ITEM, {"name": "Lamp"}]] * before, ["recall", "R-1", row]]
        for _ in Uploader(handheld, transport).drain():
            pass
    transport.close()
    assert peer.unread == [["recall R-1"], []]


def test_what_the_office_tells_again_and_still_cannot_be_read_here_is_said_again(
    handheld: Handheld, peer: Peer
) -> None:
    transport = Transport(connect_s=2, read_s=5)
    enrol(handheld, peer.invitation(), transport)
    uploader = Uploader(handheld, transport)
    for change in (["recall", "R-1", {}], ["recall", "R-1", {}], ["item", ITEM, {"name": "Lamp"}]):
        peer.changes += [change]
        for _ in uploader.drain():
            pass
    transport.close()
    assert peer.unread == [["recall R-1"]] * 2


def test_a_handheld_that_is_let_in_again_says_again_what_it_cannot_read(handheld: Handheld, peer: Peer) -> None:
    peer.changes = [["recall", "R-1", {}]]
    transport = Transport(connect_s=2, read_s=5)
    uploader = Uploader(handheld, transport)
    for code in ("once", "again"):
        peer.codes.add(code)
        enrol(handheld, peer.invitation(code=code), transport)
        for _ in range(2):
            for _ in uploader.drain():
                pass
    transport.close()
    assert peer.unread == [["recall R-1"]] * 2


def test_recalls_and_thefts_that_cannot_be_read_here_are_told_before_all_else_however_much_there_is(
    handheld: Handheld, peer: Peer
) -> None:
    peer.changes = [
        *(["alias", f"urn:{n}", 5] for n in range(KEPT_MAX)),
        ["stolen", unit(1), 5],
        ["recall", "R-1", {}],
        ["unit", unit(2), 5],
    ]
    transport = Transport(connect_s=2, read_s=5)
    enrol(handheld, peer.invitation(), transport)
    for _ in Uploader(handheld, transport).drain():
        pass
    transport.close()
    [told] = peer.unread
    assert told[:2] == ["recall R-1", f"stolen {unit(1)}"]
    assert len(told) == ROWS_MAX
    assert len(names(handheld)) == KEPT_MAX


def test_as_much_as_may_be_told_fits_into_what_the_server_takes_in_any_script(handheld: Handheld, peer: Peer) -> None:
    transport = Transport(connect_s=2, read_s=5)
    enrol(handheld, peer.invitation(), transport)
    rows = [
        Unread(name=f"item {n:03}".ljust(NAME_MAX, "\N{PACKAGE}"), reason="क" * REASON_MAX) for n in range(ROWS_MAX)
    ]
    assert unread_telling.tell(rows, handheld.device, transport, heard_ms=peer.now_ms) is Heard.YES
    transport.close()
    assert peer.unread == [[row.name for row in rows]]


def test_a_bin_of_which_nothing_is_told_is_not_empty_for_a_row_that_cannot_be_read(
    handheld: Handheld, learn: Learn
) -> None:
    learn(["stock", f"{FORGET} {BIN_A}", None])
    learn(["stock", f"{LOT} {BIN_A}", ["many"]])
    assert handheld.site_map.pieces.is_hidden(BIN_A)
    learn(["stock", f"{LOT} {BIN_A}", None])
    assert not handheld.site_map.pieces.is_hidden(BIN_A)


def test_what_is_told_again_and_can_be_read_or_has_gone_is_set_aside_no_more(handheld: Handheld, learn: Learn) -> None:
    learn(["unit", unit(1), ["beamed_up"]], ["unit", unit(2), ["beamed_up"]], ["recall", "R-1", {}])
    learn(["unit", unit(1), STORED], ["unit", unit(2), None])
    assert names(handheld) == ["recall R-1"]
    assert handheld.site_map.find(unit(1)) is not None
    learn(["recall", "R-1", RECALL])
    assert names(handheld) == []


@pytest.mark.parametrize(
    ("page", "is_known", "unread"),
    [
        pytest.param(["bad", "good"], True, 0, id="the right one came later"),
        pytest.param(["good", "bad"], False, 1, id="the wrong one came later"),
        pytest.param(["good", None], False, 0, id="it has gone since"),
        pytest.param(["bad", None], False, 0, id="the wrong one has gone since"),
        pytest.param([None, "good"], True, 0, id="it is there again"),
        pytest.param(["bad", None, "good", "bad", "good"], True, 0, id="to and fro"),
    ],
)
@pytest.mark.parametrize(("kind", "good"), [("unit", STORED), ("document", {"kind": "order", "lines": []})])
def test_the_last_row_of_a_name_on_a_page_says_what_is_known(
    handheld: Handheld, learn: Learn, page: list[str | None], unread: int, *, is_known: bool, kind: str, good: Any
) -> None:
    rows = {"good": good, "bad": ["beamed_up"], None: None}
    learn(*([kind, unit(1), rows[one]] for one in page))
    held = handheld.site_map.find(unit(1)) if kind == "unit" else handheld.site_map.orders().get(unit(1))
    is_kept = kind == "document" and page == ["good", "bad"]  # of all but a unit what was known before still holds
    assert (held is not None, len(names(handheld))) == (is_known or is_kept, unread)


def test_the_server_hears_that_a_row_is_read_whose_right_form_came_on_the_page_of_the_wrong_one(
    handheld: Handheld, peer: Peer
) -> None:
    transport = Transport(connect_s=2, read_s=5)
    enrol(handheld, peer.invitation(), transport)
    for page in ([["recall", "R-1", {}]], [["recall", "R-1", {}], ["recall", "R-1", RECALL]]):
        peer.changes += page
        for _ in Uploader(handheld, transport).drain():
            pass
    transport.close()
    assert peer.unread == [["recall R-1"], []]
    assert [recall.reason for recall in handheld.site_map.recalls()] == ["burns"]


def test_a_server_of_an_older_release_is_asked_once_a_day_whether_it_listens(
    handheld: Handheld, hands: Hands, peer: Peer
) -> None:
    transport = Transport(connect_s=2, read_s=5)
    enrol(handheld, peer.invitation(), transport)
    uploader = Uploader(handheld, transport)
    asked: list[int] = []
    for peer.is_old, later_ms in ((True, 0), (True, 60_000), (False, DEAF_MS - 60_001), (False, 1), (False, DEAF_MS)):
        hands.pass_ms(later_ms)
        peer.changes += [["recall", "R-1", {}]]
        for _ in uploader.drain():
            pass
        asked.append([path for path, _ in peer.requests].count(UNREAD_PATH))
    transport.close()
    assert asked == [1, 1, 1, 2, 3]
    assert peer.unread == [["recall R-1"]] * 2


def test_a_restored_server_is_asked_at_once_whether_it_listens(handheld: Handheld, peer: Peer) -> None:
    transport = Transport(connect_s=2, read_s=5)
    enrol(handheld, peer.invitation(), transport)
    uploader = Uploader(handheld, transport)
    peer.changes = [["recall", "R-1", {}]]
    for peer.is_old, peer.incarnation in ((True, "first"), (False, "restored")):
        for _ in uploader.drain():
            pass
    transport.close()
    assert peer.unread == [["recall R-1"]]
