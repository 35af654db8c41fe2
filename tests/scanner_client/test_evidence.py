from __future__ import annotations

import os
from pathlib import Path

import cv2
import numpy as np
import pytest

from scanner_client.evidence import BLOCK_BYTES, Evidence
from scanner_client.vision.frame import Grey
from sync.event import EventError


def crop(seed: int = 1, width: int = 160, height: int = 60) -> Grey:
    """Bars, which take about as many bytes as those of a label do."""
    bars = np.random.default_rng(seed).integers(0, 2, width // 2, np.uint8) * 200 + 20
    return np.tile(np.repeat(bars, 2), (height, 1))


def name(seq: int) -> str:
    return f"7.99.{seq}"


def test_picture_of_a_scan_is_found_by_the_name_of_its_event(tmp_path: Path) -> None:
    evidence = Evidence(tmp_path / "evidence", 1_000_000)
    evidence.keep(name(1), (crop(1), crop(2, width=100, height=40)))
    found = evidence.find(name(1))
    assert found == tmp_path / "evidence" / "7.99.1.jpg"
    picture = cv2.imread(str(found), cv2.IMREAD_GRAYSCALE)
    assert picture is not None
    assert picture.shape == (60, 160 + 8 + 100), "both labels of the box, side by side"
    assert np.abs(picture[:, :160].astype(int) - crop(1)).mean() < 10


def test_scan_of_which_nothing_was_kept_is_not_found(tmp_path: Path) -> None:
    evidence = Evidence(tmp_path, 1_000_000)
    evidence.keep(name(1), ())
    evidence.keep(name(2), (np.zeros((0, 5), np.uint8),))
    assert (evidence.find(name(1)), evidence.find(name(2)), list(tmp_path.iterdir())) == (None, None, [])


def test_oldest_pictures_go_when_the_bound_is_reached(tmp_path: Path) -> None:
    evidence = Evidence(tmp_path, 5 * BLOCK_BYTES)
    for seq in range(1, 9):
        evidence.keep(name(seq), (crop(seq),))
    kept = sorted(path.name for path in tmp_path.iterdir())
    assert kept == [f"7.99.{seq}.jpg" for seq in range(4, 9)]
    assert evidence.bytes_kept == 5 * BLOCK_BYTES
    assert (evidence.find(name(3)), evidence.find(name(4))) == (None, tmp_path / "7.99.4.jpg")


def test_bound_covers_what_earlier_sessions_left(tmp_path: Path) -> None:
    before = Evidence(tmp_path, 1_000_000)
    for seq in range(1, 6):
        before.keep(name(seq), (crop(seq),))
        os.utime(tmp_path / f"{name(seq)}.jpg", (1_000 - seq, 1_000 - seq))  # the last is the oldest
    evidence = Evidence(tmp_path, 3 * BLOCK_BYTES)
    evidence.keep(name(6), (crop(6),))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["7.99.1.jpg", "7.99.2.jpg", "7.99.6.jpg"]


def test_picture_that_a_kill_left_unfinished_is_thrown_away(tmp_path: Path) -> None:
    (tmp_path / f"{name(1)}.jpg.part").write_bytes(b"half a picture")
    evidence = Evidence(tmp_path, 1_000_000)
    assert (evidence.find(name(1)), list(tmp_path.iterdir())) == (None, [])


def test_files_of_someone_else_in_the_folder_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("Mine")
    (tmp_path / "folder.jpg").mkdir()
    told: list[str] = []
    Evidence(tmp_path, 0, tell=told.append)
    assert told == []
    assert {path.name for path in tmp_path.iterdir()} == {"notes.txt", "folder.jpg"}


def test_scan_that_is_kept_twice_has_one_picture_and_is_counted_once(tmp_path: Path) -> None:
    evidence = Evidence(tmp_path, 1_000_000)
    for _ in range(3):
        evidence.keep(name(1), (crop(),))
    assert evidence.bytes_kept == BLOCK_BYTES


def test_picture_that_is_larger_than_the_bound_is_not_kept(tmp_path: Path) -> None:
    evidence = Evidence(tmp_path, BLOCK_BYTES - 1)
    evidence.keep(name(1), (crop(),))
    assert (evidence.bytes_kept, list(tmp_path.iterdir())) == (0, [])


def test_disk_that_refuses_is_told_once_and_stops_no_scan(tmp_path: Path) -> None:
    told: list[str] = []
    folder = tmp_path / "evidence"
    evidence = Evidence(folder, 1_000_000, tell=told.append)
    folder.rmdir()
    folder.write_text("a file stands where the folder was")
    for seq in range(3):
        evidence.keep(name(seq), (crop(),))
    assert told == [f"Pictures of what is read cannot be kept in {folder}: Not a directory. Scanning goes on."]
    assert (evidence.find(name(1)), evidence.bytes_kept) == (None, 0)


def test_folder_that_cannot_be_made_stops_no_scan(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("")
    evidence = Evidence(tmp_path / "file" / "evidence", 1_000_000)
    evidence.keep(name(1), (crop(),))
    assert capsys.readouterr().err.count("Scanning goes on.") == 1


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no device that is always full")
def test_full_disk_leaves_no_half_picture(tmp_path: Path) -> None:
    told: list[str] = []
    evidence = Evidence(tmp_path, 1_000_000, tell=told.append)
    (tmp_path / f"{name(1)}.jpg.part").symlink_to("/dev/full")
    evidence.keep(name(1), (crop(),))
    assert told == [
        f"Pictures of what is read cannot be kept in {tmp_path}: No space left on device. Scanning goes on."
    ]
    assert list(tmp_path.iterdir()) == []
    evidence.keep(name(2), (crop(),))
    assert evidence.find(name(2)) is not None, "when there is room again, pictures are kept again"


@pytest.mark.parametrize("event", ["", "../../etc/passwd", "7.99", "7.99.1/x"])
def test_what_names_no_event_names_no_file(tmp_path: Path, event: str) -> None:
    with pytest.raises(EventError):
        Evidence(tmp_path, 1_000_000).keep(event, (crop(),))
    assert list(tmp_path.iterdir()) == []
