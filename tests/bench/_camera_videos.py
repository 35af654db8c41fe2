"""Rendered films through the whole pipeline: labels reported, misreads, the time of each frame, memory."""

from __future__ import annotations

import resource
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field

import cv2
import numpy as np

from scanner_client.vision.boxes import BoxSighting
from scanner_client.vision.decoder import Decoder
from scanner_client.vision.focus import Focus
from scanner_client.vision.frame import Frame, Grey
from scanner_client.vision.tracker import Tracker
from scanner_client.vision.way import Way
from tests.bench._camera_engines import OURS, Read, engines, scorer
from tests.rendering.films import SCENES, Film, film
from tests.rendering.handling import FRAMES_PER_S
from tests.rendering.labels import LabelSpec

READABLE_FRAMES_MIN = 3
"""A label counts that is sharp and whole in at least so many frames."""

FRAMES_MAX_AGAINST_OTHERS = 5000
"""The other engines take part in runs of up to this many frames: they are slower than ours."""

FILMS_AT_A_TIME = 8


@dataclass(slots=True, kw_only=True)
class Outcome:
    """What came of one film, or of several."""

    scene: str
    frames: int = 0
    due: Counter[str] = field(default_factory=Counter)
    """Labels that an eye could read in enough frames, by kind."""

    missed: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    twice: int = 0
    """Labels that were reported for two boxes."""

    frame_ms: list[float] = field(default_factory=list)
    others: Counter[str] = field(default_factory=Counter)
    """What the other engines read of the labels that are due, and "NAME wrong" for texts that stand nowhere."""

    peak_mb: float = 0.0

    def add(self, other: Outcome) -> None:
        self.frames += other.frames
        self.due += other.due
        self.missed += other.missed
        self.wrong += other.wrong
        self.twice += other.twice
        self.frame_ms += other.frame_ms
        self.others += other.others
        self.peak_mb = max(self.peak_mb, other.peak_mb)


class Pipeline:
    """The handheld's own way from frames to boxes, with the time that each frame took."""

    def __init__(self) -> None:
        # What one core does for us, whatever else this machine is at: a handheld's camera has its core to itself.
        self._focus, self._tracker = Focus(Decoder()), Tracker()
        self._way = Way()
        self.frame_ms: list[float] = []
        self.boxes: dict[int, BoxSighting] = {}
        """Each box as it was reported last."""

    def take(self, grey: Grey) -> Frame:
        """Read and follow one more frame."""
        began = time.thread_time()
        shift, turn = self._way.shift(grey), self._way.turn
        index = len(self.frame_ms)
        frame = Frame(
            index=index, t_ms=1000 * index / FRAMES_PER_S, grey=grey, path=None, still=False, shift=shift, turn=turn
        )
        self._keep(self._tracker.see(frame, self._focus.look(frame)))
        self.frame_ms.append(1000 * (time.thread_time() - began))
        return frame

    def finish(self) -> list[bytes]:
        """What was reported, once for each box that it was reported for."""
        self._keep(self._tracker.finish())
        return [label.data for box in self.boxes.values() for label in box.labels]

    def _keep(self, boxes: list[BoxSighting]) -> None:
        self.boxes |= {box.box: box for box in boxes}


def outcome_of(shown: Film, *, against_others: bool) -> Outcome:
    """Render a film and read it, one thread each."""
    cv2.setNumThreads(1)
    pipeline, readable = Pipeline(), Counter[int]()
    others = {name: engine for name, engine in engines().items() if name != OURS} if against_others else {}
    by_others: dict[str, set[Read]] = {name: set() for name in others}
    for shot in shown.shots():
        readable.update(shot.readable)
        frame = pipeline.take(shot.picture)
        for name, engine in others.items():
            by_others[name].update(engine(frame))
    reported = Counter(pipeline.finish())
    placed = shown.painting.placed
    due = [label.spec for n, label in enumerate(placed) if readable[n] >= READABLE_FRAMES_MIN]
    truth = Counter(label.spec.data for label in placed)
    result = Outcome(scene=shown.scene, frames=len(pipeline.frame_ms), frame_ms=pipeline.frame_ms)
    result.due.update(spec.kind for spec in due)
    result.missed.update(spec.kind for spec in due if spec.data not in reported)
    result.wrong = [f"{shown.scene}, seed {shown.seed}: {data!r}" for data in reported if data not in truth]
    result.twice = sum(max(0, count - truth[data]) for data, count in reported.items() if data in truth)
    for name, reads in by_others.items():
        result.others += _score(name, reads, due, [label.spec for label in placed])
    result.peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return result


def _score(name: str, reads: set[Read], due: list[LabelSpec], drawn: list[LabelSpec]) -> Counter[str]:
    """What an engine read in any frame. Each has its own way to write a UPC-E or a DataBar, and all of them count."""
    spellings = scorer().spellings
    said = [spellings(read.text, read.format) for read in reads]
    found = sum(any(spellings(spec.data.decode(), spec.kind.traits.format) & one for one in said) for spec in due)
    right = set().union(*(spellings(spec.data.decode(), spec.kind.traits.format) for spec in drawn))
    return Counter({name: found, f"{name} wrong": sum(not one & right for one in said)})


def videos(*, frames: int, workers: int, first_seed: int) -> None:
    """Print what comes of films of at least so many frames, and at least one of each scene."""
    against_others = frames <= FRAMES_MAX_AGAINST_OTHERS
    total, by_scene = Outcome(scene="all"), dict[str, Outcome]()
    for outcome in _outcomes(first_seed, workers, against_others=against_others):
        total.add(outcome)
        by_scene.setdefault(outcome.scene, Outcome(scene=outcome.scene)).add(outcome)
        for line in outcome.wrong:
            print(f"  wrong: {line}", flush=True)
        if not against_others:
            print(f"  {total.frames} of {frames} frames, {_found(total)} found, {len(total.wrong)} wrong", flush=True)
        if total.frames >= frames and len(by_scene) == len(SCENES):
            break
    _print(total, by_scene)


def _outcomes(seed: int, workers: int, *, against_others: bool) -> Iterator[Outcome]:
    """Films for ever, in the order of their seeds."""
    if workers == 1:
        while True:
            yield outcome_of(film(seed), against_others=against_others)
            seed += 1
    with ProcessPoolExecutor(workers, max_tasks_per_child=FILMS_AT_A_TIME) as pool:
        while True:
            seeds = range(seed, seed + FILMS_AT_A_TIME)
            yield from pool.map(_by_seed, seeds, [against_others] * FILMS_AT_A_TIME)
            seed += FILMS_AT_A_TIME


def _by_seed(seed: int, against_others: bool) -> Outcome:  # noqa: FBT001  # A pool maps over positions.
    return outcome_of(film(seed), against_others=against_others)


def _found(outcome: Outcome) -> str:
    due = outcome.due.total()
    return f"{due - outcome.missed.total()} of {due} ({100 * (1 - outcome.missed.total() / max(1, due)):.1f} %)"


def _print(total: Outcome, by_scene: dict[str, Outcome]) -> None:
    names = [name for name in total.others if not name.endswith("wrong")]
    print("\n| films | frames | readable labels reported | wrong | twice | median ms | " + " | ".join(names) + " |")
    print("|---" * (6 + len(names)) + "|")
    for one in (*by_scene.values(), total):
        others = [f"{one.others[name]} ({one.others[name + ' wrong']} wrong)" for name in names]
        cells = [one.scene, one.frames, _found(one), len(one.wrong), one.twice, f"{np.median(one.frame_ms):.1f}"]
        print("| " + " | ".join(map(str, [*cells, *others])) + " |")
    ms = np.array(total.frame_ms)
    p50, p90, p99 = np.percentile(ms, [50, 90, 99])
    print(f"decode and track, time of one core: p50 {p50:.1f}, p90 {p90:.1f}, p99 {p99:.1f}, max {ms.max():.1f} ms; "
          f"{1000 / ms.mean():.0f} frames a second; peak {total.peak_mb:.0f} MB with the renderer")  # fmt: skip
    print(
        "missed: " + (", ".join(f"{kind} {n} of {total.due[kind]}" for kind, n in total.missed.most_common()) or "none")
    )
