"""How the tests read a barcode, and where the vectors of GS1 lie."""

import json
from pathlib import Path
from typing import Any

import pytest

from sync.labels import DEFAULT, Label, Refusal, SiteCodes, parse

GS1 = Path(__file__).parents[3] / "../shared/gs1"

needs_vectors = pytest.mark.skipif(not GS1.exists(), reason="../shared is not there")


def vectors(name: str) -> list[dict[str, Any]]:
    path = GS1 / name
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()] if path.exists() else []


def label(text: str, symbology: str | None, codes: SiteCodes = DEFAULT, **options: int) -> Label:
    read = parse(text.encode(), symbology, codes, **options)
    assert isinstance(read, Label), read
    return read


def refusal(text: str, symbology: str | None, codes: SiteCodes = DEFAULT) -> str:
    read = parse(text.encode(), symbology, codes)
    assert isinstance(read, Refusal), read
    return read.reason
