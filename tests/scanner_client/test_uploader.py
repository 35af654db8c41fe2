from __future__ import annotations

import json
import shutil
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, nullcontext, suppress
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from scanner_client.clock import Clock
from scanner_client.enrol_command import enrol
from scanner_client.handheld import QUEUE_FILE, Handheld, open_handheld
from scanner_client.outbox import Outbox
from scanner_client.sighting import REASON_MAX
from scanner_client.transfer import export_queue, read_export
from scanner_client.transport import Transport, TransportError
from scanner_client.uploader import SyncError, Uploader
from sync.event import decode
from sync.protocol import EVENTS_PER_PUSH_MAX, SYNC_PATH
from tests.scanner_client.conftest import Hands
from tests.scanner_client.peer import Peer, answers, breaks_off, running_peer
from tests.scanner_client.scans import BIN_A, scan_of, unit


@pytest.fixture
def transport() -> Iterator[Transport]:
    opened = Transport(connect_s=2, read_s=5)
    yield opened
    opened.close()


@pytest.fixture
def enrolled(handheld: Handheld, peer: Peer, transport: Transport) -> Handheld:
    enrol(handheld, peer.invitation(), transport)
    return handheld


@pytest.fixture
def uploader(enrolled: Handheld, transport: Transport) -> Uploader:
    return Uploader(enrolled, transport)


def drain(uploader: Uploader) -> int:
    return sum(sent.events for sent in uploader.drain())


def received(peer: Peer, handheld: Handheld) -> list[str | None]:
    return [decode(line).subject for line in peer.lines(handheld.device.device_no)]


def test_whole_queue_reaches_the_server_once_and_in_order(uploader: Uploader, enrolled: Handheld, peer: Peer) -> None:
    for start in range(0, 1100, 550):
        enrolled.commit([scan_of(n) for n in range(start, start + 550)])
    assert drain(uploader) == 1100
    assert received(peer, enrolled) == [unit(n) for n in range(1100)]
    assert enrolled.outbox.waiting() == 0
    assert [count for path, count in peer.requests if path == SYNC_PATH] == [500, 500, 100]


def test_scans_behind_a_lost_reply_are_sent_again_and_counted_once(
    uploader: Uploader, enrolled: Handheld, peer: Peer
) -> None:
    enrolled.commit([scan_of(1), scan_of(2)])
    peer.misbehave = [breaks_off]
    with pytest.raises(SyncError) as failed:
        drain(uploader)
    assert failed.value.code == "unreachable"
    assert enrolled.outbox.waiting() == 2
    assert drain(uploader) == 2
    assert received(peer, enrolled) == [unit(1), unit(2)]


@pytest.mark.parametrize("status", [401, 403, 408, 409, 429, 500, 502, 503])
def test_refusal_consumes_nothing(uploader: Uploader, enrolled: Handheld, peer: Peer, status: int) -> None:
    enrolled.commit([scan_of(1)])
    peer.misbehave = [answers(status)]
    with pytest.raises(SyncError) as failed:
        drain(uploader)
    assert failed.value.status == status
    assert enrolled.outbox.waiting() == 1
    assert drain(uploader) == 1


def test_server_that_asks_for_patience_is_given_it_for_a_minute_at_most(
    uploader: Uploader, enrolled: Handheld, peer: Peer
) -> None:
    enrolled.commit([scan_of(1)])
    peer.misbehave = [answers(429, {"Retry-After": "7"}), answers(503, {"Retry-After": "99999999"})]
    with pytest.raises(SyncError) as asked:
        drain(uploader)
    assert asked.value.retry_after_ms == 7_000
    with pytest.raises(SyncError) as asked:
        drain(uploader)
    assert asked.value.retry_after_ms == 60_000


def test_what_a_stranger_says_is_shown_in_one_line_that_draws_nothing(
    uploader: Uploader, enrolled: Handheld, peer: Peer
) -> None:
    enrolled.commit([scan_of(1)])
    words = json.dumps({"message": "\x1b[2J\N{RIGHT-TO-LEFT OVERRIDE}All is synced." + "!" * 1_000}).encode()
    peer.misbehave = [lambda _, __: (503, {}, words)]
    with pytest.raises(SyncError, match=r"All is synced") as failed:
        drain(uploader)
    assert str(failed.value).isprintable()
    assert len(str(failed.value)) == REASON_MAX


def test_answer_that_drips_for_ever_is_cut_off() -> None:
    listener, gone = socket.create_server(("127.0.0.1", 0)), threading.Event()

    def drip() -> None:
        asked, _ = listener.accept()
        with asked, suppress(OSError):
            asked.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 200\r\n\r\n")
            for _ in range(200):  # 4 seconds: without a bound the answer would be taken at their end
                asked.sendall(b"x")
                gone.wait(0.02)

    dripping = threading.Thread(target=drip)
    dripping.start()
    with listener, closing(Transport(whole_s=0.5)) as transport:
        with pytest.raises(TransportError, match="not to its end within"):
            transport.get(f"http://127.0.0.1:{listener.getsockname()[1]}", "/")
        gone.set()
        dripping.join()


def test_page_of_a_captive_portal_acknowledges_nothing(uploader: Uploader, enrolled: Handheld, peer: Peer) -> None:
    enrolled.commit([scan_of(1)])
    peer.misbehave = [answers(200), answers(200, {"Server-Signature": "?"})]
    for _ in range(2):
        with pytest.raises(SyncError) as failed:
            drain(uploader)
        assert failed.value.code == "unbelieved"
    assert enrolled.outbox.waiting() == 1


def test_reply_signed_by_another_server_acknowledges_nothing(
    uploader: Uploader, enrolled: Handheld, peer: Peer
) -> None:
    enrolled.commit([scan_of(1)])
    peer.key = Ed25519PrivateKey.generate()
    with pytest.raises(SyncError, match="not our server: its signature is wrong"):
        drain(uploader)
    assert enrolled.outbox.waiting() == 1


def test_revoked_handheld_sends_what_waits_and_its_data_only_grow_older(
    uploader: Uploader, enrolled: Handheld, peer: Peer, hands: Hands
) -> None:
    drain(uploader)
    peer.revoked = True
    enrolled.commit([scan_of(1)])
    for minutes in (1, 2):
        hands.pass_ms(60_000)
        with pytest.raises(SyncError, match="revoked this handheld") as told:
            drain(uploader)
        assert told.value.code == "revoked"
        assert enrolled.site_map.age_ms(enrolled.clock) == minutes * 60_000
    assert enrolled.outbox.waiting() == 0


def test_handheld_that_is_revoked_by_a_restored_server_sends_its_queue_again_once(
    uploader: Uploader, enrolled: Handheld, peer: Peer
) -> None:
    enrolled.commit([scan_of(1)])
    drain(uploader)
    peer.incarnation, peer.revoked = "second", True
    peer.ledger.clear()
    for _ in range(2):
        with pytest.raises(SyncError, match="revoked this handheld"):
            drain(uploader)
    assert received(peer, enrolled) == [unit(1)]
    assert [count for path, count in peer.requests if path == SYNC_PATH].count(1) == 2


def test_reply_to_another_request_acknowledges_nothing(uploader: Uploader, enrolled: Handheld, peer: Peer) -> None:
    replayed: list[tuple[int, dict[str, str], bytes]] = []
    whole = peer.sync

    def record_then_replay(authorization: str, body: bytes) -> tuple[int, dict[str, str], bytes]:
        replayed.append(whole(authorization, body))
        return replayed[0]

    peer.sync = record_then_replay  # type: ignore[method-assign]
    enrolled.commit([scan_of(1)])
    drain(uploader)
    enrolled.commit([scan_of(2)])
    with pytest.raises(SyncError, match="its signature is wrong"):
        drain(uploader)
    assert enrolled.outbox.waiting() == 1


def test_batch_that_is_too_large_is_halved_until_it_fits(uploader: Uploader, enrolled: Handheld, peer: Peer) -> None:
    enrolled.commit([scan_of(n) for n in range(100)])
    peer.misbehave = [answers(413), answers(413)]
    assert drain(uploader) == 100
    assert [count for path, count in peer.requests if path == SYNC_PATH] == [100, 50, 25, 50, 25]


def test_single_scan_that_is_too_large_stays_and_is_said(uploader: Uploader, enrolled: Handheld, peer: Peer) -> None:
    enrolled.commit([scan_of(1)])
    peer.misbehave = [answers(413)]
    with pytest.raises(SyncError, match=r"even a single scan too large\. It stays here"):
        drain(uploader)
    assert enrolled.outbox.waiting() == 1


def test_handheld_that_a_restored_server_does_not_know_enrols_again_with_its_queue(
    uploader: Uploader, enrolled: Handheld, peer: Peer, transport: Transport
) -> None:
    enrolled.commit([scan_of(1)])
    drain(uploader)
    epoch, number = enrolled.outbox.epoch, enrolled.device.device_no
    peer.devices, peer.ledger, peer.incarnation = {}, {}, "second"
    enrolled.commit([scan_of(2)])
    with pytest.raises(SyncError) as failed:
        drain(uploader)
    assert failed.value.code == "unknown_device"
    enrol(enrolled, peer.invitation(), transport)
    assert (enrolled.outbox.epoch, enrolled.device.device_no) == (epoch, number)
    drain(uploader)
    assert received(peer, enrolled) == [unit(1), unit(2)]


def test_server_restored_from_an_older_backup_gets_back_what_it_lost(
    uploader: Uploader, enrolled: Handheld, peer: Peer
) -> None:
    enrolled.commit([scan_of(n) for n in range(3)])
    drain(uploader)
    old_epoch = enrolled.outbox.epoch
    enrolled.renew("a test")
    enrolled.commit([scan_of(n) for n in range(3, 6)])
    drain(uploader)
    old = (enrolled.device.device_no, old_epoch)
    peer.ledger = {old: {1: peer.ledger[old][1]}}
    peer.incarnation = "restored"
    drain(uploader)
    assert {*received(peer, enrolled)} == {unit(n) for n in range(6)}


def cloned(folder: Path, clock: Clock, peer: Peer, transport: Transport) -> Path:
    """A copy of a handheld that held one scan, after the original sent two more; the copy's folder."""
    original, clone = folder / "original", folder / "clone"
    with open_handheld(original, clock) as handheld:
        enrol(handheld, peer.invitation(), transport)
        handheld.commit([scan_of("common")])
    shutil.copytree(original, clone)
    with open_handheld(original, clock) as handheld:
        handheld.commit([scan_of("a1"), scan_of("a2")])
        drain(Uploader(handheld, transport))
    return clone


def test_cloned_handheld_is_noticed_and_neither_lineage_is_lost(
    tmp_path: Path, clock: Clock, peer: Peer, transport: Transport
) -> None:
    clone = cloned(tmp_path, clock, peer, transport)
    with open_handheld(clone, clock) as handheld:
        epoch = handheld.outbox.epoch
        handheld.commit([scan_of("b1")])
        drain(Uploader(handheld, transport))
        assert handheld.outbox.epoch != epoch
        assert handheld.renewed is not None
        assert "copied or restored" in handheld.renewed
        [later] = handheld.commit([scan_of("b2")])
        drain(Uploader(handheld, transport))
        forked = peer.forks[handheld.device.device_no, epoch]
        assert [decode(line).subject for line in forked.values()] == [unit("b1")]
        assert {*received(peer, handheld)} == {unit(n) for n in ("common", "a1", "a2", "b2")}
        assert later.seq == 1


def test_what_a_clone_had_sent_under_taken_names_is_sent_again_to_a_server_that_lost_it(
    tmp_path: Path, clock: Clock, peer: Peer, transport: Transport
) -> None:
    clone = cloned(tmp_path, clock, peer, transport)
    backup = {chain: dict(lines) for chain, lines in peer.ledger.items()}
    with open_handheld(clone, clock) as handheld:
        epoch = handheld.outbox.epoch
        handheld.commit([scan_of("b1")])
        drain(Uploader(handheld, transport))
        peer.ledger, peer.forks, peer.incarnation = backup, {}, "restored"
        drain(Uploader(handheld, transport))
        forked = peer.forks[handheld.device.device_no, epoch]
        assert [decode(line).subject for line in forked.values()] == [unit("b1")]
    assert (clone / QUEUE_FILE).exists()


def test_a_copy_that_was_first_sends_again_what_a_restored_server_lost_though_the_original_has_those_names_now(
    tmp_path: Path, clock: Clock, peer: Peer, transport: Transport
) -> None:
    original, copy = tmp_path / "original", tmp_path / "copy"
    with open_handheld(original, clock) as handheld:
        enrol(handheld, peer.invitation(), transport)
        handheld.commit([scan_of("common")])
        drain(Uploader(handheld, transport))
    shutil.copytree(original, copy)
    backup = {chain: dict(lines) for chain, lines in peer.ledger.items()}
    with open_handheld(copy, clock) as handheld:
        epoch = handheld.outbox.epoch
        handheld.commit([scan_of("b1"), scan_of("b2")])
        drain(Uploader(handheld, transport))
        assert handheld.outbox.epoch == epoch, "nobody has sent anything else under its names yet"
    peer.ledger, peer.incarnation = backup, "restored"
    with open_handheld(original, clock) as handheld:
        handheld.commit([scan_of("a1"), scan_of("a2")])
        drain(Uploader(handheld, transport))
    with open_handheld(copy, clock) as handheld:
        drain(Uploader(handheld, transport))
        forked = peer.forks[handheld.device.device_no, epoch]
    assert [decode(line).subject for line in forked.values()] == [unit("b1"), unit("b2")]


def test_news_of_the_server_arrive_page_by_page(uploader: Uploader, enrolled: Handheld, peer: Peer) -> None:
    peer.changes = [["unit", unit(n), ["stored", BIN_A, BIN_A, None, None, None]] for n in range(5)]
    peer.changes_per_reply = 2
    assert sum(sent.changes for sent in uploader.drain()) == 5
    assert enrolled.site_map.size() == 5


def test_a_server_that_cannot_say_what_changed_has_the_scans_and_the_handheld_says_that_its_data_grow_old(
    uploader: Uploader, enrolled: Handheld, peer: Peer
) -> None:
    enrolled.commit([scan_of(n) for n in range(2)])
    enrolled.renew("for this test")
    enrolled.commit([scan_of(2)])
    peer.changes, peer.untold = [["item", "milk", {"name": "Milk"}]], "planted"
    for _ in range(2):
        with pytest.raises(SyncError, match="Your scans are with the server, but it fails"):
            drain(uploader)
    assert set(received(peer, enrolled)) == {unit(n) for n in range(3)}  # which epoch's number is lower is chance
    assert (enrolled.outbox.waiting(), enrolled.site_map.age_ms(enrolled.clock)) == (0, None)
    peer.untold = None  # mended
    drain(uploader)
    assert enrolled.site_map.entry("item", "milk") == {"name": "Milk"}
    assert enrolled.site_map.age_ms(enrolled.clock) is not None


def test_server_is_tried_at_every_address_it_has(uploader: Uploader, enrolled: Handheld, peer: Peer) -> None:
    enrolled.change(replace(enrolled.device, addresses=("http://127.0.0.1:9", "nonsense", peer.address)))
    enrolled.commit([scan_of(1)])
    assert drain(uploader) == 1


@pytest.mark.parametrize("status", [400, 401, 403])
def test_page_of_a_printer_at_the_servers_old_address_keeps_nobody_from_the_new_one(
    uploader: Uploader, enrolled: Handheld, peer: Peer, status: int
) -> None:
    with running_peer() as printer:
        printer.misbehave = [answers(status)]
        enrolled.change(replace(enrolled.device, addresses=(printer.address, peer.address)))
        enrolled.commit([scan_of(1)])
        assert drain(uploader) == 1


def test_server_at_a_new_address_is_found_again_and_remembered(
    enrolled: Handheld, peer: Peer, transport: Transport
) -> None:
    with running_peer() as stranger:
        enrolled.change(replace(enrolled.device, addresses=("http://127.0.0.1:9",)))
        found: Callable[[], list[str]] = lambda: [stranger.address, peer.address]  # noqa: E731 - a network of two
        enrolled.commit([scan_of(1)])
        assert drain(Uploader(enrolled, transport, discover=found)) == 1
        assert peer.address in enrolled.device.addresses
        assert stranger.address not in enrolled.device.addresses
        assert stranger.requests == []


def test_strangers_that_pass_on_the_servers_word_drive_its_address_out_of_no_handheld(
    enrolled: Handheld, peer: Peer, transport: Transport
) -> None:
    peer.misbehave = [answers(503)] * 20  # it is away for a while
    with running_peer(peer=Peer(key=peer.key, misbehave=[answers(503)] * 20)) as relay:
        port = relay.address.rpartition(":")[2]
        strangers = [f"http://{'localhost'[:n].upper()}{'localhost'[n:]}:{port}" for n in range(10)]
        uploader = Uploader(enrolled, transport, discover=lambda: strangers)
        for _ in strangers:
            with pytest.raises(SyncError):
                drain(uploader)
    assert enrolled.device.addresses == (peer.address,)


def test_handheld_that_was_never_enrolled_says_so(handheld: Handheld, transport: Transport) -> None:
    handheld.commit([scan_of(1)])
    with pytest.raises(SyncError, match="not enrolled with a server yet"):
        drain(Uploader(handheld, transport))
    assert handheld.outbox.waiting() == 1


def test_a_scan_that_was_altered_in_the_queue_is_named_and_goes_as_it_is_while_all_others_are_sent(
    uploader: Uploader, enrolled: Handheld, peer: Peer
) -> None:
    enrolled.commit([scan_of(n) for n in range(4)])
    with enrolled.database.transaction():
        enrolled.database.run(
            "UPDATE events SET line=CAST(replace(CAST(line AS TEXT), ?, ?) AS BLOB) WHERE seq=3", unit(2), unit(9)
        )
    named = r"Changed or damaged in this handheld's queue: scan 3\. .* you can go on"
    with pytest.raises(SyncError, match=named) as told:
        drain(uploader)
    assert told.value.code == "damaged"
    enrolled.commit([scan_of(4)])
    assert drain(uploader) == 1, "and work goes on"
    own = enrolled.device.device_no, enrolled.outbox.epoch
    sent = [unit(0), unit(1), unit(9), unit(3), unit(4)]
    assert received(peer, enrolled) == sent
    assert (set(peer.altered), peer.forks) == ({(*own, 3)}, {})
    assert (enrolled.outbox.waiting(), [e.epoch for e in enrolled.outbox.epochs()]) == (0, [own[1]])
    peer.ledger.clear()  # a restored server lost it all
    peer.incarnation = "second"
    with pytest.raises(SyncError, match=named):
        drain(uploader)
    assert received(peer, enrolled) == sent


@pytest.mark.parametrize(
    ("done", "altered"),
    [
        ("DELETE FROM events WHERE seq=2", {2, 3}),  # without the digest of 2 nothing proves 3
        ("DELETE FROM events WHERE seq=4", {4}),
        ("UPDATE events SET line=CAST('a' || char(10) || 'b' AS BLOB) WHERE seq=2", {2}),
        ("UPDATE events SET line=zeroblob(100000) WHERE seq=2", {2}),
        ("UPDATE events SET line='text', digest=x'00' WHERE seq=2", {2, 3}),
        ("UPDATE events SET digest=x'00' WHERE seq=4", set()),  # the queue's head vouches for it
    ],
)
def test_whatever_is_done_to_a_queue_the_rest_of_it_is_sent(
    uploader: Uploader, enrolled: Handheld, peer: Peer, tmp_path: Path, done: str, altered: set[int]
) -> None:
    enrolled.commit([scan_of(n) for n in range(4)])
    with enrolled.database.transaction():
        enrolled.database.run(done)
    Outbox(enrolled.database)  # it opens
    exported = export_queue(enrolled, tmp_path / "queue.scan")
    assert {run.first for run in exported if run.altered} == altered
    assert read_export(tmp_path / "queue.scan").events == 4
    with pytest.raises(SyncError, match="Changed or damaged") if altered else nullcontext():
        drain(uploader)
    enrolled.commit([scan_of(4)])
    drain(uploader)
    assert {seq for _, _, seq in peer.altered} == altered
    assert enrolled.outbox.waiting() == 0
    assert len(enrolled.outbox.epochs()) == 1
    assert {event.seq for event, _ in enrolled.outbox.newest(9)} >= {1, 2, 3, 4, 5} - altered


def test_server_whose_mark_stands_still_is_not_pressed(uploader: Uploader, enrolled: Handheld, peer: Peer) -> None:
    enrolled.commit([scan_of(1)])
    drain(uploader)
    enrolled.commit([scan_of(2)])
    peer._through = lambda held: min(1, len(held))  # type: ignore[method-assign]
    with pytest.raises(SyncError, match="takes nothing beyond scan 1 "):
        drain(uploader)
    assert enrolled.outbox.waiting() == 1
    assert EVENTS_PER_PUSH_MAX == 500
