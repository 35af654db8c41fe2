"""From rendered video to boxes: the camera, the decoder and the tracker together, judged by what was drawn."""

from collections import Counter
from pathlib import Path

import pytest

from scanner_client.vision.camera import frames
from scanner_client.vision.focus import Focus
from scanner_client.vision.reading import Reading
from scanner_client.vision.tracker import BoxRules, BoxSighting, Tracker
from tests.rendering import Bay, Box, Handling, Kind, LabelSpec, Shelf, Truth, render_video
from tests.scanner_client.vision.pages import patient

pytestmark = pytest.mark.slow

BRISK = Handling(speed_px=17, exposure=0.08)
"""A hurried hand in a well-lit aisle: each label is whole and sharp in some ten frames."""

GTIN = "9506000134352"


def sign(code: str) -> LabelSpec:
    return LabelSpec(kind=Kind.CODE128, content=f"LOC:{code}", human_text=code)


def drill(serial: str) -> Box:
    unit = LabelSpec(kind=Kind.GS1_DATAMATRIX, content=f"(01)0{GTIN}(21){serial}(10)L24A")
    return Box(name="Cordless drill 18V", labels=(unit,))


def phone(number: int) -> Box:
    return Box(
        name="Aurora Phone X2",
        labels=(
            LabelSpec(kind=Kind.EAN13, content="9506000134369"),
            LabelSpec(kind=Kind.CODE128, content=f"SN-A{number:06d}"),
            LabelSpec(
                kind=Kind.CODE128, content=f"35693803564{number:04d}", human_text=f"IMEI 35693803564{number:04d}"
            ),
        ),
    )


PAPER = Box(name="Copy paper A4", labels=(LabelSpec(kind=Kind.EAN13, content="4006381333931"),))
SHELF = Shelf(
    bays=(
        Bay(location=sign("A-01-02"), boxes=(drill("D-1001"), phone(1), phone(2))),
        Bay(location=sign("A-01-03"), boxes=(PAPER, PAPER)),
    )
)


def stands_alone(reading: Reading) -> bool:
    return reading.data.startswith(b"LOC:")


def pan(path: Path, seed: int) -> tuple[Truth, list[BoxSighting]]:
    truth = render_video(path, SHELF, seed, BRISK)
    tracker = Tracker(rules=BoxRules(stands_alone=stands_alone))
    focus = Focus(patient())
    boxes = [box for frame in frames(path) for box in tracker.see(frame, focus.look(frame))]
    return truth, boxes + tracker.finish()


@pytest.mark.parametrize("seed", [1, 2])
def test_a_pan_along_a_shelf_reads_each_label_once_and_nothing_else(tmp_path: Path, seed: int) -> None:
    truth, boxes = pan(tmp_path / "pan.mp4", seed)
    last = {box.box: box for box in boxes}.values()

    drawn = Counter((label.spec.symbology, label.spec.data) for label in truth.labels)
    assert Counter(label.content for box in last for label in box.labels) == drawn

    signs = [{(sign_.symbology, sign_.data)} for sign_ in (sign("A-01-02"), sign("A-01-03"))]
    expected = [signs[0], *truth.boxes()[:3], signs[1], *truth.boxes()[3:]]
    assert [{label.content for label in box.labels} for box in last] == expected
