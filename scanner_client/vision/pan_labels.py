"""Which labels a pan has shown, and where each lies on the sheets that its frames are pasted on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from math import dist
from typing import Final, TypeAlias

from scanner_client.vision.reading import Quad, Reading, centre, long_side
from scanner_client.vision.tracker import InView

LABELS_MAX: Final = 2_000
SAME_LABEL_REACH: Final = 0.6
"""How far a label may have drifted since it was read last, as a share of its long side."""
SAME_BOX_REACH: Final = 3.0
"""The same for what the tracker itself holds for the same label of the same box."""

Content: TypeAlias = tuple[str, bytes] | None
"""What a label says; None where nothing has read it."""


@dataclass(slots=True, eq=False)
class PanLabel:
    """One label of the pan; it lies on two sheets where the pan goes on from one to the next."""

    content: Content
    latest: Quad
    """Where it was when it was last read, in the newest sheet's coordinates."""
    reading: Reading | None = None
    """The last one; while it stays the same the tracker only reckons where the label is."""
    box: int | None = None
    places: dict[int, Quad] = field(default_factory=dict)
    """By the sheet's number: where that sheet's own pixels show it."""


class PanLabels:
    """Follows the labels of a pan from frame to frame; at most `LABELS_MAX`, the longest known are forgotten first."""

    def __init__(self) -> None:
        self.known: list[PanLabel] = []
        self._here: dict[Content, list[PanLabel]] = {}
        """Those of the newest sheet."""

    def see(self, seen: InView, quad: Quad, sheet: int, is_pasted: Callable[[Quad], bool]) -> None:
        """Note where a label lies, if it is new here or a frame's pixels were just pasted where it is.

        Args:
            seen: what the newest frame shows.
            quad: where that is in the newest sheet's coordinates.
            sheet: that sheet's number.
            is_pasted: whether the newest frame's pixels lie at a place of that sheet now.
        """
        label = self._find(seen, quad) or self._begin(seen, quad)
        if label.content is None and seen.reading is not None:  # it has been read at last
            self._here[None].remove(label)
            label.content = seen.reading.content
            self._here.setdefault(label.content, []).append(label)
        label.box = seen.box if seen.box is not None else label.box
        if seen.reading is None or seen.reading is not label.reading:
            label.reading, label.latest = seen.reading, quad
        if sheet not in label.places or is_pasted(label.latest):
            label.places[sheet] = label.latest

    def begin_sheet(self, in_view: Sequence[tuple[InView, Quad]], again: Callable[[Quad], Quad]) -> None:
        """Go on with a sheet on which only those labels of the last one are that the newest frame shows.

        Args:
            in_view: what that frame shows, each with its place in the last sheet's coordinates.
            again: the place in the newest sheet's coordinates of a place in the frame.
        """
        still_here = [(seen, label) for seen, quad in in_view if (label := self._find(seen, quad)) is not None]
        self._here = {}
        for seen, label in still_here:
            if label not in self._here.setdefault(label.content, []):
                self._here[label.content].append(label)
                label.latest = again(seen.quad)

    def drop_sheet(self, sheet: int) -> None:
        """A sheet is gone, and the labels that were on it alone."""
        for label in self.known:
            label.places.pop(sheet, None)
        self.known = [label for label in self.known if label.places]

    def on_sheet(self, sheet: int) -> list[tuple[Quad, PanLabel]]:
        """The labels of a sheet, each with its place there."""
        return [(label.places[sheet], label) for label in self.known if sheet in label.places]

    def _begin(self, seen: InView, quad: Quad) -> PanLabel:
        label = PanLabel(content=_content(seen), latest=quad)
        self.known.append(label)
        self._here.setdefault(label.content, []).append(label)
        if len(self.known) > LABELS_MAX:
            longest_known = self.known.pop(0)
            bucket = self._here.get(longest_known.content, [])
            if longest_known in bucket:
                bucket.remove(longest_known)
        return label

    def _find(self, seen: InView, quad: Quad) -> PanLabel | None:
        """The label of the newest sheet that this is, the latest first: what is in view was placed lately."""
        side, middle = long_side(quad), centre(quad)
        for content in dict.fromkeys((_content(seen), None)):
            for label in reversed(self._here.get(content, ())):
                if seen.reading is not None and label.reading is seen.reading:
                    return label
                same_box = seen.box is not None and label.box == seen.box
                if dist(centre(label.latest), middle) <= side * (SAME_BOX_REACH if same_box else SAME_LABEL_REACH):
                    return label
        return None


def _content(seen: InView) -> Content:
    return seen.reading.content if seen.reading else None
