"""The table of Application Identifiers has two sources, which must not contradict each other."""

import json
import re
from pathlib import Path

import pytest
from biip.gs1_application_identifiers import _GS1_APPLICATION_IDENTIFIERS, GS1ApplicationIdentifier

from sync.labels._syntax import AI_LENGTH, AIS, PATHS
from tests.sync.labels.reading import GS1, needs_vectors
from tests.sync.labels.syntax_table import table, text

DICTIONARY = GS1 / "syntax-dictionary/gs1-syntax-dictionary.txt"
TABLE = Path(__file__).parents[3] / "sync/labels/gs1_syntax.json"


def test_biips_table_and_ours_have_the_same_541_ais() -> None:
    assert set(AIS) == set(_GS1_APPLICATION_IDENTIFIERS)
    assert len(AIS) == 541


@pytest.mark.parametrize("ai", AIS)
def test_biip_describes_values_of_the_same_lengths(ai: str) -> None:
    entry, described = AIS[ai], GS1ApplicationIdentifier.extract(ai)
    for length in range(1, entry.length_max + 2):
        # Where a value is letters, ones are letters enough; biip knows nothing of our further checks.
        if re.fullmatch(described.pattern, ai + "1" * length):
            assert entry.length_min <= length <= entry.length_max


def test_no_ai_begins_another() -> None:
    assert all(AI_LENGTH[ai[:2]] == len(ai) for ai in AIS)


def test_a_made_to_order_gtin_heads_no_link() -> None:
    assert PATHS["01"][0] == ("01", "22", "10", "21")
    assert "03" not in PATHS


@needs_vectors
def test_the_coming_dictionary_changes_nothing_but_companies() -> None:
    """The file in ../shared is newer than GS1's last release; when it is released, only associations change."""
    coming, ours = table(DICTIONARY.read_text("utf-8"))["ais"], json.loads(TABLE.read_text("utf-8"))["ais"]
    assert coming.keys() == ours.keys()
    for ais, entry in ours.items():
        for field in ("components", "qualifiers", "attribute"):
            assert coming[ais].get(field) == entry.get(field), ais


@needs_vectors
def test_the_script_writes_what_python_reads() -> None:
    syntax = table(DICTIONARY.read_text("utf-8"))
    assert json.loads(text(syntax)) == syntax
