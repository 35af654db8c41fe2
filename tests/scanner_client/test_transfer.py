from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from scanner_client import carried
from scanner_client.clock import Clock
from scanner_client.enrol_command import enrol
from scanner_client.handheld import Handheld, open_handheld
from scanner_client.transfer import TransferError, export_queue, read_export
from scanner_client.transport import Transport
from scanner_client.uploader import SyncError, Uploader
from sync.protocol import pack, unpack
from tests.scanner_client.peer import Answer, Peer, answers
from tests.scanner_client.scans import scan_of


@pytest.fixture
def transport() -> Iterator[Transport]:
    opened = Transport(connect_s=1, read_s=5)
    yield opened
    opened.close()


@pytest.fixture
def carrier(tmp_path: Path, clock: Clock) -> Iterator[Handheld]:
    with open_handheld(tmp_path / "carrier", clock) as opened:
        yield opened


@pytest.fixture
def file(handheld: Handheld, tmp_path: Path) -> Path:
    for start in range(0, 1200, 600):
        handheld.commit([scan_of(n) for n in range(start, start + 600)])
    path = tmp_path / "queue.scans"
    assert sum(len(run.lines) for run in export_queue(handheld, path)) == 1200
    return path


def test_exported_queue_is_whole_and_still_waits_at_home(handheld: Handheld, file: Path) -> None:
    export = read_export(file)
    assert (export.device_no, export.events) == (handheld.device.device_no, 1200)
    assert [e.events for e in export.envelopes] == [500, 500, 200]
    assert handheld.outbox.waiting() == 1200


def test_queue_with_nothing_in_it_makes_no_file(handheld: Handheld, tmp_path: Path) -> None:
    assert export_queue(handheld, tmp_path / "none") == []
    assert not (tmp_path / "none").exists()


def test_another_handheld_carries_the_file_to_the_server(
    handheld: Handheld, carrier: Handheld, file: Path, peer: Peer, transport: Transport
) -> None:
    enrol(handheld, peer.invitation(), transport)
    enrol(carrier, peer.invitation(), transport)
    carried.take_in(carrier.database, read_export(file).envelopes)
    assert carried.waiting_events(carrier.database) == 1200
    list(Uploader(carrier, transport).drain())
    assert carried.waiting_events(carrier.database) == 0
    assert len(peer.lines(handheld.device.device_no)) == 1200
    list(Uploader(handheld, transport).drain())
    assert handheld.outbox.waiting() == 0
    assert len(peer.lines(handheld.device.device_no)) == 1200


def test_old_answer_that_somebody_plays_again_takes_nothing_from_the_carrier(
    handheld: Handheld, carrier: Handheld, file: Path, peer: Peer, transport: Transport
) -> None:
    enrol(handheld, peer.invitation(), transport)
    enrol(carrier, peer.invitation(), transport)
    carried.take_in(carrier.database, read_export(file).envelopes)
    true, heard = peer.sync, dict[bytes, Answer]()
    peer.sync = lambda authorization, body: heard.setdefault(body, true(authorization, body))  # type: ignore[method-assign]  # on the Wi-Fi
    list(Uploader(carrier, transport).drain())
    peer.incarnation = "restored"
    peer.ledger.clear()
    peer.sync = lambda authorization, body: heard.get(body) or true(authorization, body)  # type: ignore[method-assign]
    with pytest.raises(SyncError, match="before the server was restored"):
        list(Uploader(carrier, transport).drain())
    assert carried.waiting_events(carrier.database) == 1200
    peer.sync = true  # type: ignore[method-assign]
    list(Uploader(carrier, transport).drain())
    assert len(peer.lines(handheld.device.device_no)) == 1200


def test_file_taken_twice_is_carried_once(carrier: Handheld, file: Path) -> None:
    envelopes = read_export(file).envelopes
    assert (carried.take_in(carrier.database, envelopes), carried.take_in(carrier.database, envelopes)) == (3, 0)


def test_envelope_that_the_server_refuses_stays_and_lets_the_others_pass(
    handheld: Handheld, carrier: Handheld, file: Path, peer: Peer, transport: Transport
) -> None:
    enrol(handheld, peer.invitation(), transport)
    enrol(carrier, peer.invitation(), transport)
    list(Uploader(carrier, transport).drain())
    carried.take_in(carrier.database, read_export(file).envelopes)
    peer.misbehave = [answers(409)]
    list(Uploader(carrier, transport).forward_carried())
    assert [envelope.first for _, envelope in carried.waiting(carrier.database)] == [1]
    list(Uploader(carrier, transport).forward_carried())
    assert carried.waiting(carrier.database) == []


def test_server_that_cannot_be_reached_takes_nothing_from_the_carrier(carrier: Handheld, file: Path) -> None:
    carried.take_in(carrier.database, read_export(file).envelopes)
    with pytest.raises(SyncError):
        list(Uploader(carrier, Transport()).forward_carried())
    assert len(carried.waiting(carrier.database)) == 3


def flip(data: bytes) -> bytes:
    at = len(data) // 2
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


def change_head(data: bytes, **values: object) -> bytes:
    head, _, rest = data.partition(b"\n")
    return json.dumps(json.loads(head) | values).encode() + b"\n" + rest


@pytest.mark.parametrize(
    ("damage", "sentence"),
    [
        pytest.param(flip, "is damaged", id="one flipped bit"),
        pytest.param(lambda d: d[: len(d) // 2], "is damaged", id="cut off"),
        pytest.param(lambda d: d.rpartition(b"\n")[0].rpartition(b"\n")[0] + b"\n", "is cut off", id="line lost"),
        pytest.param(lambda d: change_head(d, public_key="00" * 32), "is damaged", id="another key"),
        pytest.param(lambda d: change_head(d, device_no=4), "is damaged", id="another name"),
        pytest.param(lambda _: b"", "is not an exported queue", id="empty"),
        pytest.param(lambda _: b"\x89PNG\r\n", "is not an exported queue", id="a picture"),
    ],
)
def test_damaged_file_is_refused_as_a_whole(file: Path, damage: object, sentence: str) -> None:
    assert callable(damage)
    file.write_bytes(damage(file.read_bytes()))
    with pytest.raises(TransferError, match=sentence):
        read_export(file)


def test_scan_that_was_changed_under_way_is_refused(file: Path) -> None:
    head, first, *others = file.read_bytes().splitlines(keepends=True)
    row = json.loads(first)
    header, lines = unpack(base64.b64decode(row["body"]))
    forged = pack(header, [lines[0].replace(b"/21/0", b"/21/9"), *lines[1:]])
    row["body"] = base64.b64encode(forged).decode()
    file.write_bytes(b"".join([head, json.dumps(row).encode() + b"\n", *others]))
    with pytest.raises(TransferError, match="is damaged"):
        read_export(file)


def test_file_that_is_not_there_is_refused_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(TransferError, match="cannot be read: No such file"):
        read_export(tmp_path / "none")
