"""The eye with real pictures and a real film: opened, closed, opened again, ended and saved."""

from __future__ import annotations

import os
import stat
import threading
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from scanner_client.eye import STOP_S, Eye
from scanner_client.inbox import ENTRIES_MAX, BadPicture, Doubtful, Inbox, Seen, Typed, WatchEnded
from scanner_client.vision.camera import SourceError
from scanner_client.vision.mark import MarkTone
from scanner_client.vision.wanted import Wanted
from sync.labels import DEFAULT
from tests.rendering import Bay, Box, Handling, Kind, LabelSpec, Shelf, render_video
from tests.rendering.labels import label

WAIT_S = 20.0
UNIT = LabelSpec(kind=Kind.GS1_DATAMATRIX, content="(01)09506000134352(21)A1")
SIGN = LabelSpec(kind=Kind.CODE128, content="LOC:A-01")

Watching = Callable[[Path], Eye]


def picture(path: Path, *specs: LabelSpec) -> Path:
    drawn = [np.pad(label(spec)[0], ((60, 60), (60, 60), (0, 0)), constant_values=255) for spec in specs]
    width = max(part.shape[1] for part in drawn)
    parts = [np.pad(d, ((0, 0), (0, width - d.shape[1]), (0, 0)), constant_values=255) for d in drawn]
    cv2.imwrite(str(path), np.concatenate(parts))
    return path


def slow_source(path: Path) -> Path:
    """A picture that somebody still has to write: opening it takes as long as with a camera whose driver hangs."""
    os.mkfifo(path)
    return path


def release(path: Path) -> None:
    """Let whoever waits in a slow source go on: it finds no picture."""
    path.write_bytes(b"no picture")


def eyes() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "eye"]


def gone(thread: threading.Thread) -> bool:
    thread.join(WAIT_S)
    return not thread.is_alive()


@pytest.fixture
def inbox() -> Inbox:
    return Inbox()


@pytest.fixture
def watching(tmp_path: Path, inbox: Inbox) -> Iterator[Watching]:
    """Makes eyes whose sightings go to the inbox; none of them is left watching."""
    made: list[tuple[Eye, Path]] = []
    names = count(1)

    def make(source: Path) -> Eye:
        eye = Eye(
            str(source),
            wanted=Wanted(),
            put=inbox.put,
            picture_path=lambda: tmp_path / "saved" / f"{next(names)}.jpg",
            looked=lambda _: None,
        )
        made.append((eye, source))
        return eye

    yield make
    for eye, source in made:
        eye.close()
        if eye._thread and eye._thread.is_alive() and source.exists() and stat.S_ISFIFO(source.stat().st_mode):
            release(source)
    assert all(gone(thread) for thread in eyes())


def until_the_end(inbox: Inbox) -> list[Any]:
    entries = []
    for entry in inbox.take():
        entries.append(entry)
        if isinstance(entry, WatchEnded):
            break
    return entries


def waiting_in(inbox: Inbox) -> list[Any]:
    return list(inbox.close())


def test_picture_is_asked_about_label_by_label_and_then_has_ended(
    tmp_path: Path, inbox: Inbox, watching: Watching
) -> None:
    eye = watching(picture(tmp_path / "still.png", SIGN, UNIT))
    assert (eye.opened, eye.running, eye.newest(0, 0)) == (False, False, None)
    eye.open(DEFAULT)
    *doubts, ended = until_the_end(inbox)
    assert {doubt.sighting.symbols[0].data for doubt in doubts} == {SIGN.data, UNIT.data}
    assert {type(doubt) for doubt in doubts} == {Doubtful}
    assert ended == WatchEnded(trouble=None)
    assert (eye.opened, eye.shown().running, eye.shown().trouble) == (True, False, "All of this picture has been read.")


def test_picture_without_a_label_is_said_to_have_none(tmp_path: Path, inbox: Inbox, watching: Watching) -> None:
    cv2.imwrite(str(tmp_path / "wall.png"), np.full((200, 300), 128, np.uint8))
    eye = watching(tmp_path / "wall.png")
    eye.open(DEFAULT)
    until_the_end(inbox)
    assert eye.shown().trouble == "No label was found in this picture."


def test_label_that_is_asked_about_stands_out_until_it_is_answered(
    tmp_path: Path, inbox: Inbox, watching: Watching
) -> None:
    eye = watching(picture(tmp_path / "still.png", SIGN, UNIT))
    eye.open(DEFAULT)
    first, second, _ = until_the_end(inbox)
    shown = [eye.newest(0, WAIT_S)]
    for box in (first.sighting.box, second.sighting.box, None):
        eye.ask(box)
        last = shown[-1]
        assert last is not None
        shown.append(eye.newest(last[0], 0))
    pictures = [each[1] for each in shown if each is not None]
    assert (len(pictures), len(set(pictures)), pictures[0] == pictures[-1]) == (4, 3, True)
    eye.ask(None)
    assert shown[-1] is not None
    assert eye.newest(shown[-1][0], 0) is None, "nothing has changed"


@pytest.mark.slow
def test_film_of_a_bin_is_believed_without_a_question(tmp_path: Path, inbox: Inbox, watching: Watching) -> None:
    film = tmp_path / "pan.mp4"
    shelf = Shelf(bays=(Bay(location=SIGN, boxes=(Box(name="Cordless drill 18V", labels=(UNIT,)),)),))
    render_video(film, shelf, 5, Handling(speed_px=20))
    eye = watching(film)
    eye.open(DEFAULT)
    *seen, _ = until_the_end(inbox)
    assert [type(entry) for entry in seen] == [Seen, Seen]
    assert [entry.sighting.symbols[0].data for entry in seen] == [SIGN.data, UNIT.data]
    newest = eye.newest(0, WAIT_S)
    assert newest is not None
    assert newest[1].startswith(b"\xff\xd8")
    assert eye.shown().trouble == "The film has been shown to its end."
    assert "saved" in eye.save(())


def test_source_that_is_not_there_is_said_in_a_sentence(tmp_path: Path, inbox: Inbox, watching: Watching) -> None:
    eye = watching(tmp_path / "none.mp4")
    eye.open(DEFAULT)
    [ended] = until_the_end(inbox)
    assert isinstance(ended.trouble, SourceError)
    assert eye.shown().trouble == str(ended.trouble)
    assert "none.mp4 does not exist" in str(ended.trouble)
    assert (eye.shown().running, eye.save(())) == (False, "No picture was taken.")


def test_source_that_is_opened_again_shows_other_boxes_than_before(
    tmp_path: Path, inbox: Inbox, watching: Watching
) -> None:
    eye = watching(picture(tmp_path / "still.png", UNIT))
    eye.open(DEFAULT)
    first = until_the_end(inbox)[0].sighting.box
    shown = eye.newest(0, WAIT_S)
    assert shown is not None
    eye.open(DEFAULT)
    second = until_the_end(inbox)[0].sighting.box
    assert (eye.is_stale(first), eye.is_stale(second)) == (True, False)
    again = eye.newest(shown[0], WAIT_S)
    assert again is not None
    assert again[0] > shown[0]
    eye.mark(second, MarkTone.WRONG, "belongs in A-02")
    marked = eye.newest(again[0], WAIT_S)
    assert marked is not None
    assert marked[1] != again[1], "what became of a box is drawn on the picture that stands still"


def test_each_saving_keeps_the_pictures_that_were_saved_before(
    tmp_path: Path, inbox: Inbox, watching: Watching
) -> None:
    still = picture(tmp_path / "still.png", UNIT)
    eye = watching(still)
    for spec in (UNIT, SIGN):
        picture(still, spec)
        eye.open(DEFAULT)
        until_the_end(inbox)
        assert "saved" in eye.save(["A-01"])
    one, other = sorted((tmp_path / "saved").iterdir())
    assert one.read_bytes() != other.read_bytes()


@pytest.mark.parametrize(
    ("ending", "magic"),
    [(".png", b"\x89PNG"), (".PNG", b"\x89PNG"), (".jpg", b"\xff\xd8\xff"), (".jpeg", b"\xff\xd8\xff")],
)
def test_saved_picture_is_what_the_ending_of_its_name_says(
    tmp_path: Path, inbox: Inbox, ending: str, magic: bytes
) -> None:
    saved = tmp_path / f"saved{ending}"
    still = picture(tmp_path / "still.png", UNIT)
    eye = Eye(str(still), wanted=Wanted(), put=inbox.put, picture_path=lambda: saved, looked=lambda _: None)
    eye.open(DEFAULT)
    until_the_end(inbox)
    assert eye.save(()) == f"Picture saved: {saved}"
    assert saved.read_bytes().startswith(magic)


def test_bad_pictures_of_a_folder_are_named_and_the_others_are_shown(
    tmp_path: Path, inbox: Inbox, watching: Watching
) -> None:
    (tmp_path / "shelf").mkdir()
    for name in ("1.png", "3.png"):
        (tmp_path / "shelf" / name).write_bytes(b"no picture")
    picture(tmp_path / "shelf" / "2.png", UNIT)
    eye = watching(tmp_path / "shelf")
    eye.open(DEFAULT)
    entries = until_the_end(inbox)
    assert eye.shown().trouble == "All pictures of this folder have been read."
    named = [str(entry.trouble) for entry in entries if isinstance(entry, BadPicture)]
    assert ["1.png is not a PNG" in named[0], "3.png is not a PNG" in named[1], len(named)] == [True, True, 2]
    assert [entry.sighting.symbols[0].data for entry in entries if isinstance(entry, Doubtful)] == [UNIT.data]


def test_box_of_an_earlier_opening_marks_nothing(tmp_path: Path, inbox: Inbox, watching: Watching) -> None:
    eye = watching(picture(tmp_path / "still.png", UNIT))
    eye.open(DEFAULT)
    first = until_the_end(inbox)[0].sighting.box
    eye.open(DEFAULT)
    until_the_end(inbox)
    before = eye.newest(0, WAIT_S)
    assert before is not None
    eye.mark(first, MarkTone.WRONG, "belongs in A-02")
    assert eye.newest(before[0], 0) is None, "nothing has changed in the picture that is shown now"


def test_picture_that_cannot_be_saved_leaves_nothing_half(tmp_path: Path, inbox: Inbox, watching: Watching) -> None:
    eye = watching(picture(tmp_path / "still.png", UNIT))
    eye.open(DEFAULT)
    until_the_end(inbox)
    (tmp_path / "saved" / "1.jpg" / "taken").mkdir(parents=True)
    assert "could not be saved" in eye.save(())
    assert [path.name for path in (tmp_path / "saved").iterdir()] == ["1.jpg"]


def test_eye_whose_sightings_nobody_takes_can_be_closed(tmp_path: Path, inbox: Inbox, watching: Watching) -> None:
    for _ in range(ENTRIES_MAX):
        inbox.put(Typed(line=b"LPN1"))
    eye = watching(picture(tmp_path / "still.png", UNIT))
    eye.open(DEFAULT)
    assert eye.newest(0, WAIT_S), "it has seen the picture and waits for room"
    eye.close()
    assert not eyes()
    assert set(waiting_in(inbox)) == {Typed(line=b"LPN1")}


@pytest.mark.slow
def test_old_opening_says_nothing_once_it_was_closed(tmp_path: Path, inbox: Inbox, watching: Watching) -> None:
    source = slow_source(tmp_path / "slow.png")
    eye = watching(source)
    eye.open(DEFAULT)
    assert eye.running
    [old] = eyes()
    eye.close()
    assert (eye.running, old.is_alive()) == (False, True), f"it takes longer than {STOP_S} s to let go"
    release(source)
    assert gone(old)
    assert eye.shown().trouble == ""
    assert waiting_in(inbox) == []


@pytest.mark.slow
def test_camera_that_is_still_being_closed_is_not_opened_twice_and_can_be_had_later(
    tmp_path: Path, inbox: Inbox, watching: Watching
) -> None:
    source = slow_source(tmp_path / "slow.png")
    eye = watching(source)
    eye.open(DEFAULT)
    [old] = eyes()
    eye.open(DEFAULT)
    assert eyes() == [old]
    assert (eye.shown().running, eye.shown().trouble) == (
        False, f"{source} is still being closed. Open it again in a moment.",
    )  # fmt: skip
    release(source)
    assert gone(old)
    assert "still being closed" in eye.shown().trouble, "what the old opening met is not said of the new one"
    source.unlink()
    picture(source, UNIT)
    eye.open(DEFAULT)
    assert [type(entry) for entry in until_the_end(inbox)] == [Doubtful, WatchEnded]
