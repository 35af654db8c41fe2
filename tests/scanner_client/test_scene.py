"""From a real film or picture to the sightings that a session gets, and to what the live picture is told."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from scanner_client.scene import Shown, sightings, symbols
from scanner_client.sighting import Sighting
from scanner_client.vision.camera import SourceError
from scanner_client.vision.decoder import Wanted
from sync.labels import DEFAULT
from tests.rendering import Bay, Box, Handling, Kind, LabelSpec, Shelf, render_video
from tests.rendering.labels import label

UNIT = LabelSpec(kind=Kind.GS1_DATAMATRIX, content="(01)09506000134352(21)A1")
SIGN = LabelSpec(kind=Kind.CODE128, content="LOC:A-01")
SHELF = Shelf(bays=(Bay(location=SIGN, boxes=(Box(name="Cordless drill 18V", labels=(UNIT,)),)),))


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("scene") / "pan.mp4"
    render_video(path, SHELF, 5, Handling(speed_px=20))
    return path


def picture(path: Path, *specs: LabelSpec) -> Path:
    drawn = [np.pad(label(spec)[0], ((60, 60), (60, 60), (0, 0)), constant_values=255) for spec in specs]
    width = max(part.shape[1] for part in drawn)
    parts = [np.pad(d, ((0, 0), (0, width - d.shape[1]), (0, 0)), constant_values=255) for d in drawn]
    cv2.imwrite(str(path), np.concatenate(parts))
    return path


def see(source: Path, *, confirmed: bool = False, wanted: Wanted | None = None) -> tuple[list[Sighting], list[Shown]]:
    shown: list[Shown] = []
    found = sightings(
        source,
        DEFAULT,
        on_bad_picture=_raise,
        confirm=lambda _: confirmed,
        watch=shown.append,
        wanted=wanted or Wanted(),
    )
    return list(found), shown


def _raise(error: SourceError) -> None:
    raise error


@pytest.mark.slow
def test_film_of_a_bin_gives_its_sign_and_its_box_each_with_its_picture(film: Path) -> None:
    found, _ = see(film)

    assert [[symbol.data for symbol in sighting.symbols] for sighting in found] == [[SIGN.data], [UNIT.data]]
    for sighting in found:
        assert len(sighting.crops) == len(sighting.symbols)
        assert all(min(crop.shape) > 30 for crop in sighting.crops)


@pytest.mark.slow
def test_live_picture_is_told_of_every_frame_and_of_the_labels_in_it(film: Path) -> None:
    _, shown = see(film)

    assert [told.frame.index for told in shown] == list(range(len(shown)))
    assert {seen.reading.data for told in shown for seen in told.in_view if seen.reading} >= {SIGN.data, UNIT.data}
    assert {seen.box for told in shown for seen in told.in_view} >= {1, 2}
    assert shown[-1].unread == 0


@pytest.mark.slow
def test_task_that_meets_no_matrix_codes_reads_none(film: Path) -> None:
    found, _ = see(film, wanted=Wanted(formats=("Code128",)))

    assert [[symbol.data for symbol in sighting.symbols] for sighting in found] == [[SIGN.data]]


@pytest.mark.parametrize("confirmed", [False, True])
def test_single_picture_is_believed_only_when_a_person_says_so(tmp_path: Path, *, confirmed: bool) -> None:
    found, (shown,) = see(picture(tmp_path / "unit.png", UNIT), confirmed=confirmed)

    assert [len(sighting.crops) for sighting in found] == [1] * confirmed
    assert [seen.reading.data for seen in shown.in_view if seen.reading] == [UNIT.data]


def test_enrolment_code_is_taken_from_the_first_look(tmp_path: Path) -> None:
    code = LabelSpec(kind=Kind.QR, content="scan-enrol:anything")

    assert [symbol.data for symbol in symbols(picture(tmp_path / "code.png", code))] == [b"scan-enrol:anything"]


def test_label_that_was_in_view_when_the_film_broke_off_is_dealt_before_the_end_is_told(tmp_path: Path) -> None:
    path = tmp_path / "held.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 30, (640, 480))
    scene = np.full((480, 640, 3), 210, np.uint8)
    drawn = label(LabelSpec(kind=Kind.EAN13, content="9506000134352"))[0]
    scene[180 : 180 + drawn.shape[0], 180 : 180 + drawn.shape[1]] = drawn
    for _ in range(60):
        writer.write(scene)
    writer.release()
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 5])
    dealt: list[Sighting] = []

    with pytest.raises(SourceError, match="breaks off"):
        dealt.extend(sightings(path, DEFAULT, on_bad_picture=_raise, confirm=lambda _: False))

    assert [[symbol.data for symbol in sighting.symbols] for sighting in dealt] == [[b"9506000134352"]]
