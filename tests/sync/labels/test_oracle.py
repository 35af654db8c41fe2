"""Every scan and Digital Link that GS1's reference engine judged gets its verdict and its reading here."""

from typing import Any

import pytest

from sync.labels import Label, bracketed, canonical_link, parse
from tests.sync.labels.reading import needs_vectors, vectors

SCANS = vectors("gs1-oracle/scan.jsonl")
LINKS = vectors("gs1-oracle/dl.jsonl")


@needs_vectors
def test_there_are_vectors_of_both_verdicts() -> None:
    assert {record["valid"] for record in SCANS} == {record["valid"] for record in LINKS} == {True, False}


@pytest.mark.parametrize("record", SCANS, ids=range(len(SCANS)))
def test_a_scan_is_judged_and_read_as_gs1_does(record: dict[str, Any]) -> None:
    read = parse(record["scan"].encode(), "]d2")
    assert isinstance(read, Label) == record["valid"], read
    if isinstance(read, Label):
        assert bracketed(read.elements) == record["ai"]
        assert canonical_link(read.elements) == record["digital_link"]


@pytest.mark.parametrize("record", LINKS, ids=range(len(LINKS)))
def test_a_digital_link_is_judged_and_read_as_gs1_does(record: dict[str, Any]) -> None:
    read = parse(record["uri"].encode(), "]Q1")
    assert isinstance(read, Label) == record["valid"], read
    if isinstance(read, Label):
        assert bracketed(read.elements) == record["ai"]
