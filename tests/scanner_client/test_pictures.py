"""Pictures at the handheld: on the disk before they are told, and there until the server has them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from scanner_client.handheld import Handheld
from scanner_client.picture_sending import send
from scanner_client.pictures import PictureError, Pictures
from scanner_client.transport import Answer, Transport, TransportError
from sync.enrolment import reply_message
from sync.event import format_name
from sync.protocol import read_signature, write_signature
from tests.handheld import JPEG
from tests.scanner_client.labels import A_01, Begin, kept, see, unit_label

SAID = {200: {"known": False}, 409: {"code": "not_yet"}, 422: {"code": "not_valid", "message": "No."}}
"""What the server says with these statuses, signed."""


class Server(Transport):
    """Answers each picture with the next of these; None breaks the connection. A status of its own may be put on it."""

    def __init__(self, *answers: int | None, signs: bool = True, shows: int | None = None) -> None:
        super().__init__()
        self.key = Ed25519PrivateKey.generate()
        self.answers = list(answers)
        self.signs = signs
        self.shows = shows

    def post(self, address: str, path: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        status = self.answers.pop(0)
        if status is None:
            raise TransportError("gone")
        request = read_signature(headers["Authorization"].rpartition(" ")[2])
        content = json.dumps(SAID.get(status, {})).encode()
        signature = write_signature(self.key.sign(reply_message(request, content)))
        signed = {"Server-Signature": signature} if self.signs and status in SAID else {}
        return Answer(status=self.shows or status, headers=signed, body=content)


def scanned(handheld: Handheld, begin: Begin, *serials: str) -> list[str]:
    session = begin("receive", location=A_01)
    for serial in serials:
        see(session, unit_label(serial))
    return [format_name(event.name) for event in kept(handheld)]


def deliver(handheld: Handheld, server: Server) -> int:
    device = replace(handheld.device, server_key=server.key.public_key().public_bytes_raw())
    return send(Pictures(handheld.home), device, server, lambda: ("http://one",))


def test_a_picture_waits_through_outages_and_a_restart_until_the_server_has_it(
    handheld: Handheld, begin: Begin
) -> None:
    first, second = scanned(handheld, begin, "S1", "S2")
    for event in (first, second):
        Pictures(handheld.home).keep(event, JPEG)
    assert deliver(handheld, Server(None)) == 0
    assert deliver(handheld, Server(500)) == 0
    assert deliver(handheld, Server(409, 200)) == 1
    assert [waiting.event for waiting in Pictures(handheld.home).waiting()] == [first]
    assert deliver(handheld, Server(200)) == 1
    assert Pictures(handheld.home).waiting() == []


@pytest.mark.parametrize("said", [200, 422, 403, 413])
def test_a_stranger_who_says_that_the_picture_is_there_or_never_will_be_is_not_believed(
    handheld: Handheld, begin: Begin, said: int
) -> None:
    for event in scanned(handheld, begin, "S1", "S2"):
        Pictures(handheld.home).keep(event, JPEG)
    assert deliver(handheld, Server(said, said, signs=False)) == 0
    assert len(Pictures(handheld.home).waiting()) == 2


def test_a_status_that_somebody_put_on_the_servers_word_says_nothing(handheld: Handheld, begin: Begin) -> None:
    [event] = scanned(handheld, begin, "S1")
    Pictures(handheld.home).keep(event, JPEG)
    assert deliver(handheld, Server(409, shows=200)) == 0
    assert deliver(handheld, Server(409, shows=422)) == 0
    assert [waiting.event for waiting in Pictures(handheld.home).waiting()] == [event]


def test_what_the_server_will_never_take_is_set_aside_and_not_sent_again(handheld: Handheld, begin: Begin) -> None:
    [event] = scanned(handheld, begin, "S1")
    path = Pictures(handheld.home).keep(event, JPEG)
    assert deliver(handheld, Server(422)) == 0
    assert Pictures(handheld.home).waiting() == []
    assert path.with_name(path.name + ".refused").read_bytes() == JPEG


def test_pictures_that_cannot_be_read_or_sent_are_set_aside_with_a_reason_and_the_others_go(
    handheld: Handheld, begin: Begin
) -> None:
    first, second = scanned(handheld, begin, "S1", "S2")
    folder = Pictures(handheld.home).keep(first, JPEG).parent
    Pictures(handheld.home).keep("1.1.1", JPEG)  # made under another key
    (folder / "0 a photo of mine.jpg").write_bytes(JPEG)
    (folder / f"{first}~0.jpg").mkdir()  # stands for a damaged disk: it is there, and cannot be read
    Pictures(handheld.home).keep(second, JPEG)
    assert deliver(handheld, Server(200, 200)) == 2
    assert Pictures(handheld.home).waiting() == []
    reasons = sorted(path.read_text() for path in folder.glob("*.refused.txt"))
    assert [len(list(folder.glob("*.refused"))), len(reasons)] == [3, 3]
    assert "does not say which scan it belongs to" in reasons[0]
    assert "cannot be read" in reasons[1]
    assert "It was taken by handheld 1;" in reasons[2]


def test_at_its_bound_the_folder_refuses_the_next_picture_and_keeps_those_that_wait(tmp_path: Path) -> None:
    folder = Pictures(tmp_path, bytes_max=len(JPEG) + 5)
    folder.keep("1.1.1", JPEG)
    folder.keep("1.1.1", JPEG)  # the same one again needs no room
    with pytest.raises(PictureError, match="until those that wait are synced"):
        folder.keep("1.1.2", JPEG)
    assert [waiting.event for waiting in folder.waiting()] == ["1.1.1"]


@pytest.mark.parametrize("content", [b"", b"<svg>", JPEG + bytes(1_500_000)])
def test_what_is_no_picture_is_not_kept(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(PictureError):
        Pictures(tmp_path).keep("1.1.1", content)


@pytest.mark.parametrize("ending", [".jpg", ".png"])
def test_a_picture_that_was_cut_off_is_refused_while_it_can_be_taken_again(tmp_path: Path, ending: str) -> None:
    content = cv2.imencode(ending, np.arange(1200, dtype=np.uint8).reshape(20, 20, 3))[1].tobytes()
    for end in range(1, len(content)):
        with pytest.raises(PictureError):
            Pictures(tmp_path).keep("1.1.1", content[:end])
    with pytest.raises(PictureError, match=r"cut off.*Take it again"):
        Pictures(tmp_path).keep("1.1.1", content[:-1])
    Pictures(tmp_path).keep("1.1.1", content)
    Pictures(tmp_path).keep("1.1.2", content + b"a film that a telephone put behind it")


def test_a_condition_is_said_of_the_next_scan_or_of_the_last(handheld: Handheld, begin: Begin) -> None:
    session = begin("receive", location=A_01)
    assert session.grade("damaged", last=True).text == "Scan it first, then say in what condition it is."
    assert session.grade("damaged", last=False).text == "Next one: Damaged."
    see(session, unit_label("S1"))
    see(session, unit_label("S2"))
    assert session.grade("grade_b", last=True).text == "Used, with marks."
    assert "There is no condition fine" in session.grade("fine", last=True).text
    assert [(e.action, e.condition) for e in kept(handheld)] == [
        ("receive", "damaged"), ("receive", None), ("grade", "grade_b"),
    ]  # fmt: skip
