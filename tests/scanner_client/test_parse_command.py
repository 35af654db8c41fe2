import json
from typing import Any

import pytest

from scanner_client.parse_command import LINE_LENGTH_MAX, run
from sync.labels import SiteCodes
from tests.sync.labels.reading import vectors


def ask(*lines: str, codes: SiteCodes | None = None) -> list[dict[str, Any]]:
    return [json.loads(answer) for answer in run(lines, codes or SiteCodes())]


def test_a_label_is_answered_with_its_name_and_its_elements() -> None:
    (answer,) = ask('{"scan": "010950600013435221A1\\u001d10L(1", "symbology": "]d2"}')
    assert answer == {
        "valid": True,
        "kind": "unit",
        "canonical": "https://id.gs1.org/01/09506000134352/21/A1",
        "elements": [["01", "09506000134352"], ["21", "A1"], ["10", "L(1"]],
        "ai": "(01)09506000134352(21)A1(10)L\\(1",
        "digital_link": "https://id.gs1.org/01/09506000134352/10/L%281/21/A1",
        "error": None,
    }


def test_a_refusal_is_answered_with_its_sentence() -> None:
    (answer,) = ask('{"scan": "0109506000134353", "symbology": "]d2"}')
    assert answer == {
        "valid": False,
        "kind": None,
        "canonical": None,
        "elements": None,
        "ai": None,
        "digital_link": None,
        "error": "(01) GTIN: The check digit of '09506000134353' is 3, and 2 was expected.",
    }


def test_a_sites_own_code_has_no_elements() -> None:
    (answer,) = ask('{"scan": "A7"}', codes=SiteCodes(location_pattern="(?P<code>[A-Z][0-9])"))
    assert (answer["kind"], answer["elements"], answer["ai"], answer["digital_link"]) == ("location", None, None, None)


@pytest.mark.parametrize(
    "line",
    [
        "",
        "[",
        "[]",
        "null",
        "{}",
        '{"scan": 1}',
        '{"scan": "A", "symbology": 1}',
        '{"symbology": "]d2"}',
        "[" * 5000,
        "9" * 5000,
        "x" * (LINE_LENGTH_MAX + 1),
    ],
    ids=range(11),
)
def test_a_malformed_line_is_refused_alone(line: str) -> None:
    first, second = ask(line, '{"scan": "9506000134352", "symbology": "]E0"}')
    assert (first["valid"], second["valid"]) == (False, True)
    assert first["error"]


def test_a_line_has_an_end() -> None:
    (answer,) = ask("x" * (LINE_LENGTH_MAX + 1))
    assert answer["error"] == "The line has 100001 characters, and 100000 are the most."


@pytest.mark.parametrize("scan", ["\\u0661", "\\ud800", "\\u00e9", "\\u0000"])
def test_what_no_label_holds_is_refused(scan: str) -> None:
    (answer,) = ask(f'{{"scan": "{scan}", "symbology": "]d2"}}')
    assert (answer["valid"], answer["canonical"]) == (False, None)


@pytest.mark.parametrize(
    ("name", "field", "symbology"), [("scan", "scan", "]d2"), ("dl", "uri", "]Q1")], ids=["scans", "links"]
)
def test_all_that_gs1s_engine_judged_is_answered_alike(name: str, field: str, symbology: str) -> None:
    records = vectors(f"gs1-oracle/{name}.jsonl")
    if not records:
        pytest.skip("../shared is not there")
    answers = ask(*[json.dumps({"scan": record[field], "symbology": symbology}) for record in records])
    assert [answer["valid"] for answer in answers] == [record["valid"] for record in records]
    assert [answer["ai"] for answer in answers] == [record.get("ai") for record in records]
    if name == "scan":
        assert [answer["digital_link"] for answer in answers] == [record.get("digital_link") for record in records]
