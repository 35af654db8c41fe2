"""The picture of a whole pan, joined from its frames, with a mark on every label that it showed.

Each strip comes from the frame in which it lay well inside the picture, and a label's mark stands where that very
frame showed it: what adds up in following the camera then shifts both alike. The joined picture drifts a little where
the camera rolls or tilts; the marks sit on their labels.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, Protocol

import numpy as np

from scanner_client.vision.frame import Frame, shift_of
from scanner_client.vision.mark import Mark, MarkTone
from scanner_client.vision.marking import marked, report_picture, spotlit
from scanner_client.vision.pan_labels import PanLabels
from scanner_client.vision.pen import Picture
from scanner_client.vision.reading import Quad, area, centre, moved, scaled
from scanner_client.vision.sheet import EMPTY, Sheet
from scanner_client.vision.shrink import shrunk
from scanner_client.vision.tracker import InView

PIXELS_MAX: Final = 16_000_000
"""Of all sheets together, a byte each; drawn in colour they take three. The oldest sheet goes first."""

SHORT_SIDE_PX: Final = 360
"""Frames are pasted this small: a module of a label that was read at 720p still has a pixel or more."""

STILL_SIDE_MAX_PX: Final = 4_096
LIVE_SIDE_MAX_PX: Final = 1_920
"""No screen of a handheld or a packing station shows more."""

STEP_SHARE: Final = 0.125
"""After the camera moved by this share of the picture, the next strip is pasted."""

KEPT_SHARE: Final = 0.4
"""The trailing part of the picture that a strip leaves as it was: seams then lie well inside the frames."""

BOXES_MAX: Final = 10_000
STRIP_TEXT_PX: Final = 20
"""On a strip captions are as high as they are beside it on a screen, not as its width would make them."""

SEAM_MARGIN_PX: Final = 10
"""So far from every label in view a seam stays, in pixels of the frame."""

SHEET_GAP_PX: Final = 12


class Shown(Protocol):
    """One frame and what is known of it: `scene.Shown`, of which this file must not know."""

    @property
    def frame(self) -> Frame: ...
    @property
    def in_view(self) -> Sequence[InView]: ...


class PanPicture:
    """Draws what a camera shows, and joins what it has shown. Its methods are called by one thread at a time.

    Args:
        legend: what each tone means, in words, for the foot of the whole picture.
    """

    def __init__(self, legend: Mapping[MarkTone, str] | None = None) -> None:
        self.asked: int | None = None
        """The box that a person is asked about, by the tracker's number: the live picture shows which it is."""

        self._legend = legend or {}
        self._told: dict[int, tuple[MarkTone, str]] = {}
        self._newest: Frame | None = None
        self._in_view: tuple[InView, ...] = ()
        self._sheets: dict[int, Sheet] = {}
        self._number = 0
        """Of the sheet that is being pasted on."""
        self._labels = PanLabels()
        self._offset = (0.0, 0.0)
        """Where the newest frame's left upper corner lies, in pixels of frames from the sheet's first one."""
        self._pasted = (0.0, 0.0)
        """The same of the frame that was pasted last."""

    def see(self, shown: Shown) -> None:
        """Take in the next frame of the source; a still picture replaces what was there."""
        frame, before = shown.frame, self._newest
        self._newest, self._in_view = frame, tuple(shown.in_view)
        if frame.still:
            self._sheets.clear()
            self._labels = PanLabels()
        shift = shift_of(frame)
        if frame.still or before is None or shift is None or before.grey.shape != frame.grey.shape:
            part: Quad | None = self._begin_sheet(frame)
        else:
            self._offset = (self._offset[0] - shift[0], self._offset[1] - shift[1])
            part = self._paste(frame, STEP_SHARE)
        self._place_labels(part)

    def told(self, box: int, tone: MarkTone, caption: str = "") -> None:
        """What became of a box, by the tracker's number: its labels are marked so from now on."""
        self._told.pop(box, None)
        self._told[box] = (tone, caption)
        if len(self._told) > BOXES_MAX:
            del self._told[next(iter(self._told))]

    def live(self) -> Picture:
        """The newest frame with its labels marked, no side longer than `LIVE_SIDE_MAX_PX`.

        Raises:
            ValueError: no frame has come in.
        """
        if self._newest is None:
            raise ValueError("There is no picture before the first frame.")
        grey = self._newest.grey
        scale = min(1.0, LIVE_SIDE_MAX_PX / max(grey.shape))
        seen = [(scaled(s.quad, scale), s.reading is not None, s.box) for s in self._in_view]
        picture = marked(shrunk(grey, scale), self._marks(seen))
        asked = [quad for quad, _, box in seen if box is not None and box == self.asked]
        return spotlit(picture, asked) if asked else picture

    def whole(self, lines: Sequence[str] = ()) -> Picture:
        """Everything that the source has shown, marked, with the legend and these lines below it.

        A pan along a shelf is one strip, or several below each other; a still picture is itself.

        Raises:
            ValueError: no frame has come in.
        """
        if self._newest is None:
            raise ValueError("There is no picture before the first frame.")
        if not self._newest.still:
            self._place_labels(self._paste(self._newest, 0.0))
        pictures = {number: sheet.picture() for number, sheet in self._sheets.items()}
        width = max(picture.shape[1] for picture in pictures.values())
        height = sum(picture.shape[0] + SHEET_GAP_PX for picture in pictures.values()) - SHEET_GAP_PX
        page = np.full((height, width), EMPTY, np.uint8)
        marks: list[Mark] = []
        top = 0
        for number, picture in pictures.items():
            page[top : top + picture.shape[0], : picture.shape[1]] = picture
            x, y = self._sheets[number].origin
            here = self._labels.on_sheet(number)
            marks += self._marks([(moved(quad, -x, top - y), la.content is not None, la.box) for quad, la in here])
            top += picture.shape[0] + SHEET_GAP_PX
        text_px = None if self._newest.still else STRIP_TEXT_PX
        return report_picture(page, marks, lines, self._legend, text_px)

    def _begin_sheet(self, frame: Frame) -> Quad:
        """Go on with a new sheet that the whole frame lies on; what of the frame was pasted."""
        sides = frame.grey.shape
        scale = min(1.0, STILL_SIDE_MAX_PX / max(sides) if frame.still else SHORT_SIDE_PX / min(sides))
        before = [(seen, self._on_sheet(seen.quad)) for seen in self._in_view] if self._sheets else []
        self._number += 1
        sheet = Sheet(scale, STILL_SIDE_MAX_PX) if frame.still else Sheet(scale)
        sheet.paste(frame.grey, 0, 0)
        self._sheets[self._number] = sheet
        self._offset = self._pasted = (0.0, 0.0)
        self._labels.begin_sheet(before if frame.shift is not None else (), self._on_sheet)
        self._keep_within_bounds()
        return _rectangle(0, 0, sides[1], sides[0])

    def _keep_within_bounds(self) -> None:
        while sum(sheet.pixels for sheet in self._sheets.values()) > PIXELS_MAX and len(self._sheets) > 1:
            oldest = next(iter(self._sheets))
            del self._sheets[oldest]
            self._labels.drop_sheet(oldest)

    def _paste(self, frame: Frame, step_share: float) -> Quad | None:
        """Paste what came into view if the camera moved so far since the last strip; what of the frame was pasted."""
        height, width = frame.grey.shape
        dx, dy = self._offset[0] - self._pasted[0], self._offset[1] - self._pasted[1]
        if max(abs(dx) / width, abs(dy) / height) <= step_share:
            return None
        left, top, right, bottom = 0, 0, width, height
        if abs(dx) / width >= abs(dy) / height:
            left, right = self._strip(0, width, dx)
        else:
            top, bottom = self._strip(1, height, dy)
        x, y = self._offset
        if not self._sheets[self._number].paste(frame.grey[top:bottom, left:right], x + left, y + top):
            return self._begin_sheet(frame)  # that one is full
        self._keep_within_bounds()
        self._pasted = self._offset
        return _rectangle(left, top, right, bottom)

    def _strip(self, axis: int, length: int, way: float) -> tuple[int, int]:
        """From where to where along an axis (0 is x) a frame is pasted, so that the seam cuts no label."""
        if abs(way) >= (1 - KEPT_SHARE) * length:
            return 0, length
        spans = [(min(p[axis] for p in seen.quad), max(p[axis] for p in seen.quad)) for seen in self._in_view]
        seam = KEPT_SHARE * length if way > 0 else (1 - KEPT_SHARE) * length
        for low, high in sorted(spans, reverse=way > 0):  # each further away than the one before
            if low - SEAM_MARGIN_PX < seam < high + SEAM_MARGIN_PX:
                seam = low - SEAM_MARGIN_PX if way > 0 else high + SEAM_MARGIN_PX
        seam = min(max(seam, 0), length)
        return (round(seam), length) if way > 0 else (0, round(seam))

    def _place_labels(self, part: Quad | None) -> None:
        """Note where the labels in view lie; `part` of the frame was just pasted."""
        left, top, right, bottom = 0.0, 0.0, 0.0, 0.0
        if part is not None:
            (left, top), _, (right, bottom), _ = self._on_sheet(part)

        def is_pasted(quad: Quad) -> bool:
            x, y = centre(quad)
            return part is not None and left <= x <= right and top <= y <= bottom

        for seen in self._in_view:
            self._labels.see(seen, self._on_sheet(seen.quad), self._number, is_pasted)

    def _on_sheet(self, quad: Quad) -> Quad:
        return self._sheets[self._number].placed(quad, *self._offset)

    def _marks(self, labels: Sequence[tuple[Quad, bool, int | None]]) -> list[Mark]:
        """A mark for each label (place, whether it is read, box); of a box, the largest has the sign and the words."""
        largest: dict[int, Quad] = {}
        for quad, _, box in labels:
            if box is not None and (box not in largest or area(quad) > area(largest[box])):
                largest[box] = quad
        marks: list[Mark] = []
        for quad, is_read, box in labels:
            unjudged = MarkTone.PENDING if is_read else MarkTone.UNREAD
            tone, caption = self._told.get(box, (unjudged, "")) if box is not None else (unjudged, "")
            signed = box is None or largest[box] is quad
            marks.append(Mark(quad=quad, tone=tone, caption=caption, signed=signed))
        return marks


def _rectangle(left: float, top: float, right: float, bottom: float) -> Quad:
    return (left, top), (right, top), (right, bottom), (left, bottom)
