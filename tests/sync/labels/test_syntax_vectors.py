"""The inputs and verdicts that stand in the unit tests of GS1's own engine and linters."""

import re
from typing import Any

import pytest

from sync.labels._elements import (
    Elements,
    InvalidLabelError,
    RepeatedError,
    canonical_link,
    check_together,
    check_value,
    element_string,
    split_elements,
)
from sync.labels._linters import LINTERS
from sync.labels._syntax import AIS
from sync.labels.digital_link import link_elements
from tests.sync.labels.reading import needs_vectors, vectors

_ALLOWED_FLAGS = {"ValidationEnabled:vUNKNOWN_AI_NOT_DL_ATTR"}


def at_default(record: dict[str, Any]) -> bool:
    """Whether the engine judged this record with no option on that is off by default."""
    return not any(value for flag, value in record["flags"].items() if flag not in _ALLOWED_FLAGS)


def linter_cases() -> list[dict[str, Any]]:
    """All but those that need an online list of company prefixes, and bodies longer than any AI's."""
    return [
        record
        for record in vectors("gs1-syntax/linter.jsonl")
        if record["error"] not in {"INVALID_GCP_PREFIX", "GCP_DATASOURCE_OFFLINE"} or not _is_plausible(record["data"])
        if record["linter"] != "csumalpha" or len(record["data"]) <= 25
    ]


def _is_plausible(data: str) -> bool:
    """Well-formed, so that only the test's stand-in for the online list refused it."""
    return re.fullmatch("I?[0-9]{7,}", data) is not None


def elements_of(text: str) -> Elements:
    pairs = re.findall(r"\(([0-9]+)\)((?:[^(\\]|\\\(|\\)*)", text)
    return tuple((ai, value.replace("\\(", "(")) for ai, value in pairs)


@needs_vectors
def test_nearly_all_linter_vectors_apply() -> None:
    assert len(linter_cases()) >= len(vectors("gs1-syntax/linter.jsonl")) - 10


@pytest.mark.parametrize("name", sorted({record["linter"] for record in linter_cases()}))
def test_a_linter_judges_as_gs1s_does(name: str) -> None:
    for record in linter_cases():
        if record["linter"] == name:
            assert (LINTERS[name](record["data"]) is None) == (record["error"] is None), record


@pytest.mark.parametrize("record", vectors("gs1-syntax/ai_linter_error.jsonl"), ids=lambda record: record["ai"])
def test_a_value_is_judged_as_gs1_does(record: dict[str, Any]) -> None:
    def fault() -> str | None:
        try:
            for ai, value in elements_of(record["ai"]):
                check_value(AIS[ai], value)
        except InvalidLabelError as error:
            return str(error)
        return None

    assert (fault() is None) == (record["error"] == "GS1_LINTER_OK"), fault()


@pytest.mark.parametrize("record", vectors("gs1-syntax/ai_raw_parse.jsonl"), ids=lambda record: record["elements"])
def test_an_element_string_is_judged_as_gs1_does(record: dict[str, Any]) -> None:
    text = record["elements"].removeprefix("^").replace("^", "\x1d")
    if record["valid"]:
        assert split_elements(text)
    else:
        with pytest.raises(InvalidLabelError):
            split_elements(text)


@pytest.mark.parametrize(
    "record",
    [record for record in vectors("gs1-syntax/ai_association.jsonl") if "(89)" not in record["ai"]],
    ids=lambda record: record["ai"],
)
def test_company_of_ais_is_judged_as_gs1_does(record: dict[str, Any]) -> None:
    """Each record isolates one rule, which its `check` names; what another rule says of it does not count here."""
    elements = elements_of(record["ai"])
    fault: InvalidLabelError | None = None
    try:
        check_together(elements)
    except InvalidLabelError as error:
        fault = error
    if record["valid"]:
        about_this = {
            "validateAIrepeats": isinstance(fault, RepeatedError),
            "validateDigSigRequiresSerialisedKey": "no serial number" in str(fault),
        }.get(record["check"], fault is not None)
        assert not about_this, fault
    else:
        assert fault is not None


@pytest.mark.parametrize(
    "record", [record for record in vectors("gs1-syntax/dl_parse.jsonl") if at_default(record)], ids=lambda r: r["uri"]
)
def test_a_link_is_read_as_gs1_does(record: dict[str, Any]) -> None:
    if record["valid"]:
        read = "^" + element_string(link_elements(record["uri"])).replace("\x1d", "^")
        assert read == record["elements"]
    else:
        with pytest.raises(InvalidLabelError):
            link_elements(record["uri"])


@pytest.mark.parametrize(
    "record",
    [record for record in vectors("gs1-syntax/dl_generate.jsonl") if at_default(record) and "(89)" not in record["ai"]],
    ids=lambda record: record["ai"],
)
def test_the_canonical_link_is_gs1s(record: dict[str, Any]) -> None:
    link = canonical_link(elements_of(record["ai"]))
    expected = record["uri"] and record["uri"].replace(record["stem"].rstrip("/"), "https://id.gs1.org", 1)
    assert link == expected
