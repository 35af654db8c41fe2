"""From one grey frame to the readings in it: the steps of `stages`, as far as the time for a frame allows."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from scanner_client.vision.attempt import Attempt
from scanner_client.vision.frame import Frame
from scanner_client.vision.look import Look
from scanner_client.vision.stages import STAGES, Stage, Turn
from scanner_client.vision.wanted import Wanted

__all__ = ["EVERYTHING", "STAGES", "Decoder", "Wanted"]

EVERYTHING = Wanted()

STILL_BUDGET_MS = 400.0
STILL_BUDGET_MS_PER_PIXEL = 400.0 / 1_000_000
"""A still has no next frame to try again with, and a person waits for it: half a second for a small one, five for a
phone's twelve megapixels with forty labels."""

VIDEO_BUDGET_MS = 20.0
"""Of the 33 ms between two frames at 30 a second; decompressing, following and drawing take the rest."""

STILL_REGIONS_MAX = 48
VIDEO_REGIONS_MAX = 16


class Decoder:
    """One task's way of reading: which formats there can be, and how much time a frame is worth.

    Its clock is the time of its own core, so that the same picture is read alike on a machine that is busy otherwise.
    """

    def __init__(
        self,
        *,
        wanted: Wanted = EVERYTHING,
        stages: Sequence[str] = tuple(STAGES),
        still_budget_ms: float = STILL_BUDGET_MS,
        video_budget_ms: float = VIDEO_BUDGET_MS,
        clock: Callable[[], float] = time.thread_time,
    ) -> None:
        self._wanted = wanted
        chosen = [STAGES[name] for name in stages]
        self._for_stills = [stage for stage in chosen if stage.turn is not Turn.FILMS_ONLY]
        self._for_every_frame = [stage for stage in chosen if stage.turn is Turn.EVERY_FRAME]
        self._in_turn = [stage for stage in chosen if stage.turn in (Turn.IN_TURN, Turn.FILMS_ONLY)]
        self._still_budget_ms = still_budget_ms
        self._video_budget_ms = video_budget_ms
        self._clock = clock

    def look(self, frame: Frame) -> Look:
        """Read a frame; no two readings contradict each other at one place."""
        if frame.still:
            budget_ms = self._still_budget_ms + STILL_BUDGET_MS_PER_PIXEL * frame.grey.size
            return self._look(frame, self._for_stills, budget_ms, STILL_REGIONS_MAX)
        turn = self._in_turn[frame.index % len(self._in_turn) :][:1] if self._in_turn else []
        return self._look(frame, self._for_every_frame + turn, self._video_budget_ms, VIDEO_REGIONS_MAX)

    def _look(self, frame: Frame, stages: Sequence[Stage], budget_ms: float, regions_max: int) -> Look:
        deadline = self._clock() + budget_ms / 1000
        attempt = Attempt(
            grey=frame.grey,
            number=0 if frame.still else frame.index,
            still=frame.still,
            wanted=self._wanted,
            regions_max=regions_max,
            in_time=lambda: self._clock() < deadline,
        )
        for stage in stages:
            stage.take(attempt)
        return Look(readings=attempt.believed(), unread=attempt.unread())
