"""Parses per second over GS1's judged scans, beside biip's parser in the same run."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any, Final

import biip

from sync.labels import parse

SCANS: Final = Path(__file__).parents[2] / "../shared/gs1/gs1-oracle/scan.jsonl"
ROUNDS: Final = 15


def seconds(read: Callable[[Any], object], inputs: list[Any]) -> float:
    begun = time.perf_counter()
    for value in inputs:
        read(value)
    return time.perf_counter() - begun


def main() -> int:
    if not SCANS.exists():
        print(f"{SCANS} does not exist.", file=sys.stderr)
        return 1
    with SCANS.open() as lines:
        texts = [json.loads(line)["scan"] for line in lines]
    labels = [text.encode() for text in texts]
    ours, theirs = [], []
    for _ in range(ROUNDS):
        ours.append(seconds(lambda data: parse(data, "]d2"), labels))
        theirs.append(seconds(lambda text: biip.parse("]d2" + text), texts))
    print(f"{len(texts)} scans: {len(texts) / median(ours):,.0f} parses/s; biip {len(texts) / median(theirs):,.0f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
