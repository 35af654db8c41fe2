import json
import os
import subprocess
import sys
from itertools import count
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from scanner_client.__main__ import main
from scanner_client.decode_command import dumped, run, text_of
from scanner_client.vision.camera import FOLDER_PICTURES_MAX
from scanner_client.vision.reading import Reading
from scanner_client.vision.wanted import Wanted
from tests.rendering import Bay, Box, Handling, Kind, LabelSpec, Shelf, render_video
from tests.rendering.labels import label

ROOT = Path(__file__).parents[2]
SHARED = ROOT / "../shared"
UNIT = LabelSpec(kind=Kind.GS1_DATAMATRIX, content="(01)09506000134352(10)L1(21)A1")


def picture(path: Path, spec: LabelSpec = UNIT) -> Path:
    cv2.imwrite(str(path), np.pad(label(spec)[0], ((40, 40), (40, 40), (0, 0)), constant_values=255))
    return path


def lines(*paths: Path) -> list[dict[str, Any]]:
    return list(run([str(path) for path in paths]))


def test_picture_gives_its_labels_as_plain_element_strings(tmp_path: Path) -> None:
    (line,) = lines(picture(tmp_path / "unit.png"))
    (read,) = line["reads"]

    assert list(line) == ["path", "ms", "reads"]
    assert list(read) == ["format", "symbology", "text", "quad"]
    assert (line["path"], line["ms"] > 0) == (str(tmp_path / "unit.png"), True)
    assert {key: read[key] for key in ("format", "symbology", "text")} == {
        "format": "DataMatrix",
        "symbology": "]d2",
        "text": "010950600013435210L1\x1d21A1",
    }
    assert [len(point) for point in read["quad"]] == [2, 2, 2, 2]


def test_milliseconds_are_those_of_the_clock(tmp_path: Path) -> None:
    ticks = count()
    (line,) = run([str(picture(tmp_path / "unit.png"))], clock=lambda: next(ticks) / 8)

    assert line["ms"] == 125.0


def test_bad_file_in_a_folder_gives_a_sentence_and_the_work_goes_on(tmp_path: Path) -> None:
    picture(tmp_path / "c.png")
    (tmp_path / "a.png").write_bytes(b"")
    (tmp_path / "b.mp4").write_bytes(b"not a video")

    by_name = {Path(line["path"]).name: line for line in lines(tmp_path, tmp_path / "missing.png")}

    assert len(by_name["c.png"]["reads"]) == 1
    assert "is empty" in by_name["a.png"]["error"]
    assert "cannot be opened" in by_name["b.mp4"]["error"]
    assert [by_name["b.mp4"][what] for what in ("frames", "unread", "reads")] == [0, 0, []]
    assert "missing.png cannot be opened" in by_name["missing.png"]["error"]


def test_folder_with_too_many_pictures_gives_a_sentence_and_the_work_goes_on(tmp_path: Path) -> None:
    crowd = tmp_path / "crowd"
    crowd.mkdir()
    for number in range(FOLDER_PICTURES_MAX + 1):
        (crowd / f"{number}.png").touch()

    refused, read = lines(crowd, picture(tmp_path / "unit.png"))

    assert "at most 10000 are taken at once" in refused["error"]
    assert len(read["reads"]) == 1


@pytest.mark.parametrize(
    ("name", "data", "expected"),
    [
        ("QRCode", "Grün".encode(), "Grün"),
        ("QRCode", "モバイル".encode("shift_jis"), "モバイル"),
        ("QRCode", "été".encode("latin-1"), "été"),
        ("QRCode", b"\xff\x1d\xe9", "\xff\x1d\xe9"),
        ("Code128", "モバイル".encode("shift_jis"), "モバイル".encode("shift_jis").decode("latin-1")),
    ],
)
def test_text_is_what_its_bytes_most_likely_say(name: str, data: bytes, expected: str) -> None:
    reading = Reading(format=name, symbology="]Q0", data=data, quad=((0, 0), (9, 0), (9, 9), (0, 9)))

    assert text_of(reading) == expected


def test_only_the_formats_that_are_asked_for_are_read(tmp_path: Path) -> None:
    (line,) = run([str(picture(tmp_path / "unit.png"))], wanted=Wanted.parse(["EAN13"]))

    assert line["reads"] == []


def test_format_that_does_not_exist_is_refused_in_a_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["decode", "--format", "EAN-15", "any.png"]) == 1
    assert capsys.readouterr().err.startswith("There is no format 'EAN-15': write Code128, ")


@pytest.mark.slow
def test_video_gives_each_label_once_with_the_frames_that_agree(tmp_path: Path) -> None:
    shelf = Shelf(bays=(Bay(location=None, boxes=(Box(name="Cordless drill 18V", labels=(UNIT,)),)),))
    truth = render_video(tmp_path / "pan.mp4", shelf, 5, Handling(speed_px=20))

    (line,) = lines(tmp_path)
    (read,) = line["reads"]

    assert list(line) == ["path", "frames", "ms", "reads", "unread"]
    assert list(read) == ["format", "symbology", "text", "quad", "first_frame", "frames_agreeing"]
    assert (line["frames"], line["unread"], read["text"]) == (truth.frames, 0, "010950600013435210L1\x1d21A1")
    assert read["frames_agreeing"] >= 2
    assert 0 <= read["first_frame"] <= truth.labels[0].frames[0]


@pytest.mark.slow
def test_video_says_how_many_labels_it_shows_and_does_not_read(tmp_path: Path) -> None:
    """A label with a scratch along all its bars: any eye sees that it is one, and none can tell what it says."""
    shelf = cv2.cvtColor(label(LabelSpec(kind=Kind.CODE128, content="SN-A000001"))[0], cv2.COLOR_BGR2GRAY)
    scratched = shelf.copy()
    scratched[:, shelf.shape[1] // 2 - 12 : shelf.shape[1] // 2 + 12] = 255
    picture_ = np.full((720, 1280), 255, np.uint8)
    for x, part in ((120, shelf), (700, scratched)):
        large = cv2.resize(part, None, fx=1.5, fy=1.5)
        picture_[300 : 300 + large.shape[0], x : x + large.shape[1]] = large
    film = cv2.VideoWriter(str(tmp_path / "two.avi"), cv2.VideoWriter.fourcc(*"MJPG"), 30, (1280, 720))
    for _ in range(20):
        film.write(cv2.cvtColor(picture_, cv2.COLOR_GRAY2BGR))
    film.release()

    (line,) = lines(tmp_path)

    assert ([read["text"] for read in line["reads"]], line["unread"]) == (["SN-A000001"], 1)


@pytest.mark.slow
@pytest.mark.skipif(not SHARED.exists(), reason="the shared test photographs are not here")
def test_photographs_are_read_as_well_as_by_the_engine_alone() -> None:
    """zxing-cpp 3.1.1 alone finds 77.2 % of these, with 4 misreads counted by its own text."""
    read = "\n".join(map(dumped, run([str(SHARED / "frames" / "images")])))
    score = subprocess.run(
        [sys.executable, str(SHARED / "harness" / "score_frames.py")],
        input=read, capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    summary = score.splitlines()[-1]
    found, misreads = float(summary.split()[1]), int(summary.split("misreads ")[1].split(";")[0])

    assert found >= 77.1, summary
    assert misreads <= 4, summary


def test_empty_folder_gives_a_sentence(tmp_path: Path) -> None:
    (line,) = lines(tmp_path)

    assert line["error"] == f"{tmp_path} holds no pictures and no videos."


def test_name_and_text_that_are_not_ascii_are_written_so_that_every_terminal_can_show_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    odd = picture(tmp_path / "b\xfcchse.png", LabelSpec(kind=Kind.QR, content="Gr\xfcn"))

    assert main(["decode", str(odd)]) == 0
    written = capsys.readouterr().out

    assert written.isascii()
    assert json.loads(written)["path"] == str(odd)
    assert json.loads(written)["reads"][0]["text"] == "Gr\xfcn"


def test_picture_of_a_kind_that_is_no_picture_here_is_said_to_be_too_short_a_film(tmp_path: Path) -> None:
    taken = picture(tmp_path / "product.tiff", LabelSpec(kind=Kind.EAN13, content="9506000134352"))
    (line,) = lines(taken)

    assert (line["frames"], line["reads"]) == (1, [])
    assert line["error"] == (
        f"{taken} is a film of 1 frame, and bars are believed where 3 agree. "
        "As a picture a PNG, JPEG, WebP or BMP is read."
    )


def test_pipe_under_a_picture_s_name_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "label.png")

    (line,) = lines(tmp_path / "label.png")

    assert line["error"] == f"{tmp_path / 'label.png'} is no file that holds a picture or a video."


@pytest.mark.parametrize("names", [["empty.png"], ["unit.png", "empty.png"], ["empty.png", "unit.png"], [""]])
def test_exit_code_says_that_a_file_could_not_be_used_and_the_others_are_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], names: list[str]
) -> None:
    picture(tmp_path / "unit.png")
    (tmp_path / "empty.png").touch()

    assert main(["decode", *[str(tmp_path / name) if name else "" for name in names]]) == 1

    written = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [len(line["reads"]) for line in written] == [int(name == "unit.png") for name in names]


def test_no_name_at_all_is_not_the_folder_that_one_stands_in() -> None:
    (line,) = run([""])

    assert (line["path"], line["error"]) == ("", "'' names no file and no folder.")


def test_option_that_is_misspelt_is_answered_with_the_usage_of_its_command(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["decode", "--frmat", "EAN13", "any.png"])

    assert capsys.readouterr().err.startswith("usage: scanner_client decode ")


def test_place_of_a_label_in_a_film_of_huge_frames_is_in_the_film_s_own_pixels(tmp_path: Path) -> None:
    drawn = label(LabelSpec(kind=Kind.QR, content="LOC:A-01"))[0]
    side = drawn.shape[0]  # of the symbol, which stands at the left
    shown = np.full((2400, 4400, 3), 255, np.uint8)
    shown[2000 : 2000 + side, 3000 : 3000 + drawn.shape[1]] = drawn
    film = cv2.VideoWriter(str(tmp_path / "huge.avi"), cv2.VideoWriter.fourcc(*"MJPG"), 30, (4400, 2400))
    for _ in range(2):
        film.write(shown)
    film.release()

    (line,) = lines(tmp_path)
    (read,) = line["reads"]

    assert read["text"] == "LOC:A-01"
    assert np.mean(read["quad"], axis=0) == pytest.approx((3000 + side / 2, 2000 + side / 2), abs=8)
