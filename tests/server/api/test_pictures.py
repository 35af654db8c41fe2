"""Pictures of what was scanned: signed by the handheld, kept once, shown to people."""

from __future__ import annotations

import base64
import hashlib
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from server import pictures
from server.context import settings
from server.database import reading, writing
from server.tables import devices
from server.tables import pictures as table
from sync.event import format_name
from sync.picture import BYTES_MAX, PER_EVENT_MAX, message, pixels
from tests.handheld import DOCK, JPEG, unit
from tests.server.running import NOW, Handheld, Person, refusal, verify_reply


@pytest.fixture
def event(handheld: Handheld) -> str:
    handheld.scan("receive", unit("A1"), location=DOCK, condition="damaged")
    handheld.push()
    return format_name((handheld.chain.device_no, handheld.chain.epoch, 1))


def send(handheld: Handheld, event: str, content: bytes, *, signed: bytes | None = None) -> TestResponse:
    signature = handheld.key.sign(message(event, content if signed is None else signed))
    text = base64.urlsafe_b64encode(signature).decode().rstrip("=")
    headers = {"Authorization": f"Ed25519 {handheld.chain.device_no} {text}", "Picture-Event": event}
    return handheld.app.test_client().post("/api/v1/pictures", data=content, content_type="image/jpeg", headers=headers)


def test_a_picture_is_kept_once_and_seen_where_its_unit_is(handheld: Handheld, event: str, supervisor: Person) -> None:
    assert [send(handheld, event, JPEG).get_json() for _ in range(2)] == [{"known": False}, {"known": True}]
    digest = hashlib.sha256(JPEG).hexdigest()
    shown = supervisor.get(f"/api/v1/pictures/{event}/{digest}")
    assert (shown.data, shown.content_type) == (JPEG, "image/jpeg")
    assert f"/api/v1/pictures/{event}/{digest}" in supervisor.get("/units/01/09506000134352/21/A1").text
    assert refusal(supervisor.get(f"/api/v1/pictures/{event}/{'0' * 64}")) == (404, "not_found")


def test_what_becomes_of_a_picture_is_signed_by_the_server_and_bound_to_the_request(
    handheld: Handheld, event: str
) -> None:
    for asked, content in ((event, JPEG), (event, b"<svg>"), (event + "0", JPEG)):
        answer = send(handheld, asked, content)
        verify_reply(answer, handheld.key.sign(message(asked, content)), answer.data)
    assert "Server-Signature" not in send(handheld, event, JPEG, signed=b"another").headers


def test_a_picture_that_was_answered_is_there_after_a_power_cut_with_the_name_of_its_file(
    handheld: Handheld, event: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[int] = []
    monkeypatch.setattr(os, "fsync", lambda handle: synced.append(os.fstat(handle).st_ino))
    assert send(handheld, event, JPEG).status_code == 200
    instance = settings().instance
    file = pictures.path_of(instance, hashlib.sha256(JPEG).hexdigest(), event)
    assert [path.stat().st_ino for path in (file, *file.parents[:3])] == synced
    assert file.parents[2] == instance


def test_a_picture_that_several_send_at_once_is_written_whole_by_each(tmp_path: Path) -> None:
    path = pictures.path_of(tmp_path, "aa", "1.1.1")
    with ThreadPoolExecutor(4) as senders:
        done = [senders.submit(pictures._write, path, JPEG) for _ in range(100)]
    assert [one.exception() for one in done] == [None] * 100
    assert {file: file.read_bytes() for file in path.parent.iterdir()} == {path: JPEG}


def test_what_is_no_picture_of_a_scan_that_is_here_is_refused(handheld: Handheld, event: str) -> None:
    assert refusal(send(handheld, event, JPEG, signed=b"another")) == (401, "bad_signature")
    assert refusal(send(handheld, event, b"<svg>")) == (422, "not_valid")
    assert refusal(send(handheld, event + "0", JPEG)) == (409, "not_yet")
    assert refusal(send(handheld, "1.1.1", JPEG)) == (422, "not_valid")
    assert send(handheld, event, JPEG + bytes(BYTES_MAX)).status_code == 413


PNG = b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR"
BIG = (40_000).to_bytes(4)
FRAME = b"\xff\xc0\0\x11\x08" + (65_000).to_bytes(2) * 2


@pytest.mark.parametrize(
    "content",
    [
        PNG + BIG + BIG,
        b"\xff\xd8" + FRAME,
        b"\xff\xd8\xff\xe0\0\x06\xff\xc0\0\0" + FRAME,  # one in a comment is none
        b"\xff\xd8\xff\xff\xfe\0\x02junk\xff\0\xff\x01" + FRAME,
    ],
)
def test_a_small_file_that_says_it_is_a_billion_pixels_is_refused(
    handheld: Handheld, event: str, content: bytes
) -> None:
    answer = send(handheld, event, content)
    assert refusal(answer) == (422, "not_valid")
    assert "pixels; 50,000,000 are taken" in answer.get_json()["message"]


HEADLESS = [b"\xff\xd8\xff", b"\xff\xd8\xff\xc0", b"\xff\xd8\xff\xe0\xff\xff", PNG, PNG + BIG]


@pytest.mark.parametrize("content", HEADLESS)
def test_a_picture_that_is_cut_off_in_its_head_says_nothing_of_its_size_and_is_refused(
    handheld: Handheld, event: str, content: bytes
) -> None:
    assert pixels(content) is None
    answer = send(handheld, event, content)
    assert refusal(answer) == (422, "not_valid")
    assert answer.get_json()["message"] == "The picture is cut off before it says how large it is: nothing can show it."


def test_what_a_script_hides_in_a_picture_is_a_picture_to_every_browser(
    handheld: Handheld, event: str, supervisor: Person
) -> None:
    page = JPEG + b"<html><script>alert(1)</script></html>"
    assert send(handheld, event, page).status_code == 200
    shown = supervisor.get(f"/api/v1/pictures/{event}/{hashlib.sha256(page).hexdigest()}")
    assert (shown.content_type, shown.headers["X-Content-Type-Options"]) == ("image/jpeg", "nosniff")
    assert "default-src 'none'" in shown.headers["Content-Security-Policy"]


def test_a_picture_that_lacks_its_end_is_kept_for_it_may_be_all_that_there_is(handheld: Handheld, event: str) -> None:
    assert send(handheld, event, JPEG[:-4]).get_json() == {"known": False}


def test_one_scan_has_only_so_many_pictures(handheld: Handheld, event: str) -> None:
    answers = [send(handheld, event, JPEG + bytes([n])).status_code for n in range(PER_EVENT_MAX + 1)]
    assert answers == [200] * PER_EVENT_MAX + [422]


def test_a_scan_is_no_other_scan_when_its_number_is_written_with_zeros_before_it(
    handheld: Handheld, event: str
) -> None:
    device, epoch, seq = event.split(".")
    for name in (f"{device}.{epoch}.0{seq}", f"0{device}.{epoch}.{seq}", f"{device}.00{epoch}.{seq}"):
        assert send(handheld, name, JPEG).status_code == 422
    assert send(handheld, event, JPEG).status_code == 200


def test_a_revoked_handheld_sends_no_pictures(handheld: Handheld, event: str) -> None:
    with writing() as c:
        c.execute(devices.update().values(revoked_ms=NOW))
    assert refusal(send(handheld, event, JPEG)) == (403, "revoked")


def test_pictures_go_into_a_backup_and_their_rows_are_made_again_from_the_files(
    app: Flask, handheld: Handheld, event: str, tmp_path: Path
) -> None:
    send(handheld, event, JPEG)
    folder = settings().instance / pictures.FOLDER
    assert [pictures.copy(folder, tmp_path / "backup.pictures") for _ in range(2)] == [1, 0]
    with writing() as c:
        c.execute(table.delete())
        assert [pictures.adopt(c, settings().instance, now_ms=NOW) for _ in range(2)] == [1, 0]
        next(iter(pictures.files(folder)))[0].unlink()
        assert pictures.missing(c, settings().instance) == [event]
    assert pictures.copy(tmp_path / "backup.pictures", folder) == 1
    with reading() as c:
        assert pictures.missing(c, settings().instance) == []
