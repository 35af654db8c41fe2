from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from string import Formatter

import pytest

import scanner_client
from scanner_client.wording import SOURCE_LANGUAGE, catalogue, say

FOLDER = Path(scanner_client.__file__).parent
SOURCES = sorted(FOLDER.rglob("*.py"))
SCRIPTS = sorted((FOLDER / "page" / "static").glob("*.*"))


def calls() -> Iterator[tuple[str, set[str]]]:
    """Every text that the program says by a literal key, and the values that it puts in."""
    for source in SOURCES:
        for node in ast.walk(ast.parse(source.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "say":
                key = node.args[0]
                if isinstance(key, ast.Constant) and isinstance(key.value, str):
                    yield key.value, {word.arg for word in node.keywords if word.arg}


CALLS = sorted(calls(), key=lambda call: call[0])
ON_THE_PAGE = {
    f"page.{name}" for script in SCRIPTS for name in re.findall(r'"page\.(?!css"|js")([a-z_]+)"', script.read_text())
}


def blanks(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


@pytest.mark.parametrize(("key", "values"), CALLS, ids=[f"{key}-{n}" for n, (key, _) in enumerate(CALLS)])
def test_every_text_that_is_said_is_in_the_catalogue_and_is_filled_in(key: str, values: set[str]) -> None:
    assert blanks(catalogue(SOURCE_LANGUAGE)[key]) <= values


def test_no_text_of_the_catalogue_is_left_unsaid() -> None:
    by_a_made_up_key = (
        "verdict.",
        "wrong.",
        "role.",
        "action.",
        "reason.",
        "status.days",
        "status.hours",
        "status.minutes",
        "status.seconds",
    )
    made_up = {"place.open_bin", "place.finish_bin", "command.exported", "command.nothing_to_export"}
    said = {key for key, _ in CALLS if not key.startswith(by_a_made_up_key)} | made_up | ON_THE_PAGE
    assert {key for key in catalogue(SOURCE_LANGUAGE) if not key.startswith(by_a_made_up_key)} == said


def test_values_are_put_in() -> None:
    assert say("status.waiting", count=3) == "3 waiting"
