"""Every symbology at every roll and at tilts about both axes, and what a still and a long pan must show."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping

import cv2
import numpy as np

from scanner_client.vision.decoder import Decoder
from tests.bench._camera_engines import ZBAR, ZBAR_FORMATS, Engine, engines, picture, scorer
from tests.bench._camera_videos import READABLE_FRAMES_MIN, Pipeline
from tests.rendering.carton import Box
from tests.rendering.contents import different_labels, random_label
from tests.rendering.handling import Handling
from tests.rendering.kinds import Kind
from tests.rendering.labels import LabelSpec
from tests.rendering.shelf import Bay, Shelf, paint
from tests.rendering.stills import STILL_PX, Single, still
from tests.rendering.video import shots

TILTS_DEG = (0, 15, 30, 45)
EYE = "an eye"
"""What the truth calls readable."""

WRONG_SHOWN_MAX = 20
LINEAR_PX, MATRIX_PX = 2.3, 4.0
SEED = 5
STILL_LABELS, PAN_LABELS = 40, 120
STILL_SIZES = (STILL_PX, (4000, 3000))
PACES_PX = (14.0, 17.0, 20.0, 11.0)
"""How many pixels of the shelf pass in a frame; at faster ones the shutter blurs bars beyond what an eye can read."""


def table(*, step_deg: int) -> None:
    """Print the share of rolls at which each engine reads each kind of label, a column for each tilt."""
    cv2.setNumThreads(1)
    spellings = scorer().spellings
    found = engines()
    heads = [f"{name} {tilt}°" for tilt in TILTS_DEG for name in (EYE, *found)]
    print(f"\n| % read over rolls of {step_deg}° | " + " | ".join(heads) + " |")
    print("|---" * (1 + len(heads)) + "|")
    wrong: dict[str, list[str]] = {name: [] for name in found}
    for kind in Kind:
        shares = _shares(kind, found, step_deg, spellings, wrong)
        print(f"| {kind} | " + " | ".join(shares) + " |", flush=True)
    for name, texts in wrong.items():
        print(f"wrong texts of {name}: {len(texts)} {texts[:WRONG_SHOWN_MAX]}")


def stills(*, first_seed: int | None = None) -> None:
    """Print whether stills of forty labels and a pan over 120 give every one, once.

    Without a seed it is always the same shelf at the same pace; a seed has labels, a shelf and a pace of its own.
    """
    cv2.setNumThreads(1)
    seed = SEED if first_seed is None else first_seed
    for size in STILL_SIZES:
        _still(size, seed)
    _pan(seed, PACES_PX[(seed - SEED) % len(PACES_PX)])


def _shares(
    kind: Kind,
    found: Mapping[str, Engine],
    step_deg: int,
    spellings: Callable[[str, str], set[str]],
    wrong: dict[str, list[str]],
) -> Iterator[str]:
    spec = random_label(kind, np.random.default_rng(SEED), module_px=MATRIX_PX if kind.is_matrix else LINEAR_PX)
    single, name_of_format = Single(spec, SEED), kind.traits.format
    due = spellings(spec.data.decode(), name_of_format)
    for tilt in TILTS_DEG:
        poses = [(roll, about) for roll in range(0, 360, step_deg) for about in {(tilt, 0), (0, tilt)}]
        right: Counter[str] = Counter()
        for roll, about in poses:
            shot = single.seen_at(roll, about)
            frame = picture(shot.picture)
            right[EYE] += bool(shot.readable)
            for name, engine in found.items():
                reads = engine(frame)
                is_right = [bool(due & spellings(read.text, name_of_format)) for read in reads]
                right[name] += any(is_right)
                wrong[name] += [
                    f"{kind} at {roll}, {about}: {read.format} {read.text!r}"
                    for read, good in zip(reads, is_right, strict=True)
                    if not good
                ]
        for name in (EYE, *found):
            unknown = name == ZBAR and name_of_format not in ZBAR_FORMATS.values()
            yield "-" if unknown else f"{100 * right[name] / len(poses):.0f}"


def _still(size: tuple[int, int], seed: int) -> None:
    labels = _mixed(STILL_LABELS, seed)
    painting, shot = still(labels, seed, size=size)
    read = Counter(reading.data for reading in Decoder().look(picture(shot.picture)).readings)
    _print(f"still of {len(labels)} labels, seed {seed}, {size[0]} x {size[1]}", {spec.data for spec in labels}, read)
    missed = [spec.kind for spec in labels if spec.data not in read]
    print(f"  an eye could read {len(shot.readable)} of {len(painting.placed)}; missed: {', '.join(missed) or 'none'}")


def _pan(seed: int, pace_px: float) -> None:
    rng = np.random.default_rng(seed)
    labels = _mixed(PAN_LABELS, seed)
    boxes = tuple(Box(name=f"Carton {n % 7}", labels=(spec,)) for n, spec in enumerate(labels))
    painting = paint(Shelf(bays=(Bay(location=None, boxes=boxes),)), rng)
    pipeline, readable = Pipeline(), Counter[int]()
    for shot in shots(painting, rng, Handling(speed_px=pace_px)):
        readable.update(shot.readable)
        pipeline.take(shot.picture)
    read = Counter(pipeline.finish())
    _print(
        f"pan over {len(labels)} labels, seed {seed}, {pace_px} px a frame, {len(pipeline.frame_ms)} frames",
        {spec.data for spec in labels},
        read,
    )
    enough = sum(count >= READABLE_FRAMES_MIN for count in readable.values())
    missed = [label.spec.kind for label in painting.placed if label.spec.data not in read]
    print(f"  an eye could read {enough} of {len(labels)} in {READABLE_FRAMES_MIN} frames; "
          f"missed: {', '.join(missed) or 'none'}")  # fmt: skip


def _mixed(count: int, seed: int) -> list[LabelSpec]:
    kinds = list(Kind)
    return different_labels((kinds[n % len(kinds)] for n in range(count)), np.random.default_rng(seed))


def _print(what: str, due: set[bytes], read: Counter[bytes]) -> None:
    once = sum(read[data] == 1 for data in due)
    twice = sum(read[data] > 1 for data in due)
    wrong = [data for data in read if data not in due]
    missed = len(due) - once - twice
    print(f"{what}: {once} read once, {twice} more than once, {missed} missed, {len(wrong)} wrong {wrong}")
