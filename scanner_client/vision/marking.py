"""Draws on pictures: labels outlined and captioned, and what is to be said of the whole picture at its foot.

No meaning rests on colour alone: each tone has a sign and a line of its own (`pen.STYLES`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import sqrt
from typing import Final, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from scanner_client.vision.foot import foot
from scanner_client.vision.frame import Grey
from scanner_client.vision.mark import PICTURE_ENDINGS, Mark, MarkTone
from scanner_client.vision.pen import (
    BLACK,
    STYLES,
    TEXT_PX_MIN,
    Picture,
    Style,
    dashes,
    outline,
    shortened,
    sign,
    text_height,
    text_width,
    write,
)
from scanner_client.vision.reading import Quad, long_side

__all__ = ["Mark", "MarkTone", "Picture", "encoded", "jpeg", "marked", "report_picture", "side_by_side", "spotlit"]

CAPTION_CHARACTERS_MAX: Final = 24
CAPTIONS_SHARE_MAX: Final = 0.12
"""Of the picture, that captions of eight letters may cover."""
CAPTION_SQUARES: Final = 9
"""What such a caption with its sign covers, in squares of the text's height."""
MARKS_MAX: Final = 1_000
JPEG_SIDE_MAX: Final = 65_535
"""ITU-T T.81, B.2.2: sixteen bits."""
CROPS_GAP_PX: Final = 8

SPOT_MARGIN_SHARE: Final = 0.3
"""Of a label's long side: so much around it stays lit, for a linear label's place is often a few lines only."""
UNLIT: Final = 0.45
SPOT_COLOUR: Final = (242, 230, 159)
SPOT_LINES_PER_WIDTH: Final = 150
"""The picture's width divided by this is the thickness of the line, for a phone shows a tall picture 150 px wide."""

Rect: TypeAlias = tuple[int, int, int, int]
"""Left, top, right, bottom in pixels; right and bottom are outside."""


def marked(picture: Grey | Picture, marks: Sequence[Mark], text_px: int | None = None) -> Picture:
    """A copy of a grey (height x width) or colour picture with its labels marked; text as high as suits its size.

    Captions lie beside their labels, never off the picture, and on no other caption: where there is no room, a label
    has its sign alone. At most `MARKS_MAX`, the most important of them.
    """
    canvas = _in_colour(picture)
    order = list(STYLES)
    chosen = sorted(marks, key=lambda mark: order.index(mark.tone))[:MARKS_MAX]
    text_px = text_px or _caption_height(canvas.shape, sum(mark.signed for mark in chosen))
    for mark in reversed(chosen):
        _outline(canvas, mark, text_px)
    room = _Room(canvas.shape, [mark.quad for mark in chosen])
    for number, mark in enumerate(chosen):
        if mark.signed:
            _caption(canvas, mark, text_px, room, number)
    return canvas


def spotlit(picture: Picture, places: Sequence[Quad]) -> Picture:
    """A copy of a colour picture in which these places are lit and framed, and all the rest lies in the dark."""
    lit = [_corners_of(_grown(quad, SPOT_MARGIN_SHARE * long_side(quad))) for quad in places]
    canvas = np.asarray(cv2.convertScaleAbs(picture, alpha=UNLIT), np.uint8)
    cover = np.zeros(picture.shape[:2], np.uint8)
    for corners in lit:
        cv2.fillConvexPoly(cover, corners, 255)
    canvas[cover > 0] = picture[cover > 0]
    cv2.polylines(canvas, lit, True, SPOT_COLOUR, max(2, picture.shape[1] // SPOT_LINES_PER_WIDTH), cv2.LINE_AA)  # noqa: FBT003 - closed
    return canvas


def jpeg(picture: Grey | Picture, quality: int = 80) -> bytes:
    """The picture as a JPEG file, quality from 0 to 100.

    Raises:
        ValueError: it is empty, or longer than a JPEG can be.
    """
    if not picture.size or max(picture.shape[:2]) > JPEG_SIDE_MAX:
        raise ValueError(f"A picture of {picture.shape[1]} x {picture.shape[0]} pixels cannot be a JPEG.")
    _, coded = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return coded.tobytes()


def encoded(picture: Grey | Picture, ending: str) -> bytes:
    """The picture as a file of the kind that an ending of `PICTURE_ENDINGS` names, in capitals or not.

    Raises:
        ValueError: there is no such ending, or the picture is empty or longer than a JPEG can be.
    """
    if ending.lower() not in PICTURE_ENDINGS:
        raise ValueError(f"A picture is written as {', '.join(PICTURE_ENDINGS)}, and not as {ending!r}.")
    if ending.lower() != ".png":
        return jpeg(picture)
    if not picture.size:
        raise ValueError("An empty picture cannot be a PNG.")
    return cv2.imencode(".png", picture)[1].tobytes()


def report_picture(
    picture: Grey | Picture,
    marks: Sequence[Mark],
    lines: Sequence[str],
    legend: Mapping[MarkTone, str] | None = None,
    text_px: int | None = None,
) -> Picture:
    """The marked picture, and below it what the signs on it mean and some lines of text.

    Args:
        legend: each tone in words; only those that the picture shows are explained.
        lines: broken where they are too long for the picture's width.
        text_px: how high the captions on the picture are; None for what suits its size.
    """
    top = marked(picture, marks, text_px)
    shown = {mark.tone for mark in marks if STYLES[mark.tone].sign}
    below = foot(top.shape[1], [(tone, words) for tone, words in (legend or {}).items() if tone in shown], lines)
    return np.concatenate([top, below])


def side_by_side(crops: Sequence[Grey]) -> Grey:
    """Some grey pictures (height x width) as one, the first on the left, white between them.

    Raises:
        ValueError: there is none, or one is empty.
    """
    if not crops or any(crop.ndim != 2 or not crop.size for crop in crops):
        raise ValueError("There are no pictures to put side by side, or one is empty.")
    width = sum(crop.shape[1] for crop in crops) + CROPS_GAP_PX * (len(crops) - 1)
    sheet = np.full((max(crop.shape[0] for crop in crops), width), 255, np.uint8)
    left = 0
    for crop in crops:
        sheet[: crop.shape[0], left : left + crop.shape[1]] = crop
        left += crop.shape[1] + CROPS_GAP_PX
    return sheet


class _Room:
    """Where on one picture a caption may lie."""

    def __init__(self, shape: tuple[int, ...], quads: Sequence[Quad]) -> None:
        self._height, self._width = shape[:2]
        corners = np.array(quads, np.float64).reshape(-1, 4, 2)
        self.labels = np.hstack([corners.min(axis=1), corners.max(axis=1)])
        """Left, top, right, bottom of each label."""
        self._captions = np.zeros((len(quads), 4))
        self._count = 0

    def place(self, number: int, size: tuple[int, int], *, on_labels: bool) -> Rect | None:
        """Take a place for the caption of one label, the nearest that is free; None where there is none.

        Args:
            size: width and height in pixels.
            on_labels: whether it may lie on a label.
        """
        width, height = size
        if width > self._width - 2 or height > self._height - 2:
            return None
        wanted = self._beside(number, width, height)
        blocked = self._hits(wanted, self._captions[: self._count])
        if not on_labels:
            blocked |= self._hits(wanted, self.labels)
        if blocked.all():
            return None
        left, top, right, bottom = map(int, wanted[int(np.argmin(blocked))])
        self._captions[self._count] = left, top, right, bottom
        self._count += 1
        return left, top, right, bottom

    def _beside(self, number: int, width: int, height: int) -> NDArray[np.float64]:
        """Below, above, to the right, to the left, and on the label itself: moved into the picture, a row each."""
        left, top, right, bottom = self.labels[number]
        gap = height // 4
        at = np.array([
            (left, bottom + gap), (right - width, bottom + gap), (left, top - gap - height),
            (right - width, top - gap - height), (right + gap, top), (left - gap - width, top),
            (left + gap, bottom - gap - height), (left + gap, top + gap),
        ])  # fmt: skip
        at = np.rint(np.clip(at, 1, (self._width - width - 1, self._height - height - 1)))
        return np.hstack([at, at + np.array([width, height])])

    @staticmethod
    def _hits(rects: NDArray[np.float64], others: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Which of the rectangles share a pixel with any of the others."""
        a, b = rects[:, None], others[None]
        apart = (a[..., :2] >= b[..., 2:]).any(axis=2) | (a[..., 2:] <= b[..., :2]).any(axis=2)
        return np.asarray(np.any(np.logical_not(apart), axis=1))


def _in_colour(picture: Grey | Picture) -> Picture:
    if picture.ndim == 2:
        return np.asarray(cv2.cvtColor(picture, cv2.COLOR_GRAY2BGR), np.uint8)
    return picture.copy()


def _caption_height(shape: tuple[int, ...], captions: int) -> int:
    """As high as other text on the picture, or lower so that many captions leave most of it to be seen."""
    height, width = shape[:2]
    crowded = sqrt(CAPTIONS_SHARE_MAX * width * height / (CAPTION_SQUARES * max(1, captions)))
    return max(TEXT_PX_MIN, min(text_height(width), round(crowded)))


def _outline(canvas: Picture, mark: Mark, text_px: int) -> None:
    style = STYLES[mark.tone]
    thickness = max(1, round(style.thickness * text_px / 8))
    if style.dash:
        dashes(canvas, mark.quad, style.fill, thickness, style.dash * text_px)
        return
    outline(canvas, mark.quad, style.fill, thickness)
    if style.doubled:
        outline(canvas, _grown(mark.quad, 2.5 * thickness), style.fill, thickness)


def _grown(quad: Quad, by_px: float) -> Quad:
    """The quad with each side moved outwards by about so much."""
    corners = np.array(quad)
    rays = corners - corners.mean(axis=0)
    a, b, c, d = corners + np.sign(rays) * by_px
    return tuple(a), tuple(b), tuple(c), tuple(d)


def _corners_of(quad: Quad) -> NDArray[np.int32]:
    return np.rint(quad).astype(np.int32)


def _caption(canvas: Picture, mark: Mark, text_px: int, room: _Room, number: int) -> None:
    """Sign and words beside the label; for want of room on another label, or the sign alone."""
    style = STYLES[mark.tone]
    words = shortened(mark.caption, CAPTION_CHARACTERS_MAX)
    for text, on_labels in ((words, False), (words, style.insists), ("", False), ("", True)):
        size = _caption_size(style, text, text_px)
        rect = room.place(number, size, on_labels=on_labels) if size[0] else None
        if rect is not None:
            _draw_caption(canvas, style, text, rect, text_px)
            return


def _caption_size(style: Style, text: str, text_px: int) -> tuple[int, int]:
    height = round(1.5 * text_px)
    words = text_width(text, text_px) + round((0.5 if style.sign else 0.8) * text_px) if text else 0
    return words + (height if style.sign else 0), height


def _draw_caption(canvas: Picture, style: Style, text: str, rect: Rect, text_px: int) -> None:
    left, top, right, bottom = rect
    side = bottom - top if style.sign else 0
    cv2.rectangle(canvas, (left - 1, top - 1), (right, bottom), BLACK, 1)
    cv2.rectangle(canvas, (left, top), (right - 1, bottom - 1), style.fill, -1)
    if side:
        sign(canvas, style, (left, top), side)
    write(canvas, text, (left + (side or round(0.4 * text_px)), bottom - round(0.45 * text_px)), text_px, style.text)
