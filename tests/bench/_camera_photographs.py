"""Photographs of real labels: what each engine finds and misreads, how long it takes, and what each stage gains."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from statistics import fmean, median
from typing import Any

from scanner_client.vision.camera import frames
from scanner_client.vision.decoder import STAGES
from scanner_client.vision.frame import Frame
from tests.bench._camera_engines import ALONE, OURS, SHARED, Engine, engines, ours, scorer

PASSES = 3
TUNE, REPORT, BOTH = "tune half", "report half", "both halves"


@dataclass(slots=True)
class Score:
    """What one engine did with one half of the photographs."""

    shares: list[float] = field(default_factory=list)
    ms: list[float] = field(default_factory=list)
    misread: list[str] = field(default_factory=list)
    phantoms: list[str] = field(default_factory=list)

    def take(self, truth: Mapping[str, Any], reads: list[dict[str, Any]], ms: float, judge: Any) -> None:
        self.ms.append(ms)
        if not truth["expected"]:
            self.phantoms += [truth["path"]] * bool(reads)
            return
        share, wrong = judge(truth, reads)
        self.shares.append(share)
        self.misread += [f"{truth['path']}: {wrong}"] * bool(wrong)


def half_of(path: str) -> str:
    """Which half a photograph belongs to: stable, and without regard to what is in it."""
    return TUNE if sha256(path.encode()).digest()[0] % 2 == 0 else REPORT


def photographs(*, list_wrong: bool) -> None:
    """Print, for each half and for both, every engine's score; the engines take turns at each picture."""
    judge = scorer().judge
    found = engines()
    scores = {half: {name: Score() for name in found} for half in (TUNE, REPORT, BOTH)}
    for truth, frame in _pictures():
        said = _interleaved(found, frame)
        for name, (reads, ms) in said.items():
            for half in (half_of(truth["path"]), BOTH):
                scores[half][name].take(truth, reads, ms, judge)
    for half, by_engine in scores.items():
        print(f"\n| photographs, {half} | found % | misread | phantoms | mean ms | mean ms, {ALONE} = 1 |")
        print("|---|---|---|---|---|---|")
        base = fmean(by_engine[ALONE].ms)
        for name, score in by_engine.items():
            print(_row(name, score, base))
        if list_wrong and half != BOTH:
            ours_wrong = by_engine[OURS].misread + by_engine[OURS].phantoms
            print("\n".join(f"  wrong: {line}" for line in ours_wrong))


def stages() -> None:
    """Print what leaving out each stage of the decoder changes, on the half that is tuned on."""
    judge = scorer().judge
    variants: dict[str, Engine] = {"all": ours()}
    variants |= {f"without {name}": ours(stages=[other for other in STAGES if other != name]) for name in STAGES}
    scores = {name: Score() for name in variants}
    for truth, frame in _pictures():
        if half_of(truth["path"]) == TUNE:
            for name, (reads, ms) in _interleaved(variants, frame).items():
                scores[name].take(truth, reads, ms, judge)
    full = scores["all"]
    print("\n| stages, tune half | found % | change | misread | mean ms | change |\n|---|---|---|---|---|---|")
    for name, score in scores.items():
        found, ms = 100 * fmean(score.shares), fmean(score.ms)
        gain, cost = found - 100 * fmean(full.shares), ms - fmean(full.ms)
        print(f"| {name} | {found:.1f} | {gain:+.1f} | {len(score.misread)} | {ms:.1f} | {cost:+.1f} |")


def _row(name: str, score: Score, base: float) -> str:
    ms = fmean(score.ms)
    found = 100 * fmean(score.shares)
    count = f"{found:.1f} of {len(score.shares)}"
    return f"| {name} | {count} | {len(score.misread)} | {len(score.phantoms)} | {ms:.1f} | {ms / base:.2f} |"


def _pictures() -> Iterator[tuple[Mapping[str, Any], Frame]]:
    """The photographs that count, by the same rule as the scorer's."""
    left_out = scorer().LEFT_OUT | {"QRCode-count"}
    with (SHARED / "frames" / "index.jsonl").open(encoding="utf-8") as lines:
        for truth in map(json.loads, lines):
            if truth["kind"] == "photo" and truth["format"] not in left_out:
                yield truth, next(frames(SHARED / "frames" / truth["path"]))


def _interleaved(found: Mapping[str, Engine], frame: Frame) -> dict[str, tuple[list[dict[str, Any]], float]]:
    """What each engine read, with the median of its times; each pass begins with another engine."""
    times: dict[str, list[float]] = {name: [] for name in found}
    reads: dict[str, list[dict[str, Any]]] = {}
    for turn in range(PASSES):
        for name in _rotated(list(found), turn):
            began = time.perf_counter()
            said = found[name](frame)
            times[name].append(1000 * (time.perf_counter() - began))
            reads[name] = [one.as_json() for one in said]
    return {name: (reads[name], median(times[name])) for name in found}


def _rotated(names: Sequence[str], turn: int) -> list[str]:
    return [*names[turn % len(names) :], *names[: turn % len(names)]]
