from __future__ import annotations

import ast
import json
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from string import Formatter

import pytest

import scanner_client
from scanner_client import wording
from scanner_client.__main__ import main
from scanner_client.page.protocol import hello
from scanner_client.wording import (
    LANGUAGE_VARIABLE,
    SOURCE_LANGUAGE,
    action_words,
    catalogue,
    languages,
    role_text,
    say,
)

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
        "because.",
        "outcome.",
        "warranty.",
        "unclear.",
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


TRANSLATIONS = [language for language in languages() if language != SOURCE_LANGUAGE]
ALIKE = {"picks.take", "picks.bin", "picks.first", "check.place", "check.wrong", "head.operator", "sample.after"}
"""Texts with no words of their own, only blanks."""


def written(language: str) -> dict[str, str]:
    """What stands in a language's own file."""
    tables = tomllib.loads((wording.FOLDER / f"{language}.toml").read_text())
    return {f"{table}.{name}": text for table, texts in tables.items() for name, text in texts.items()}


def test_hindi_is_shipped_beside_english() -> None:
    assert "hi" in TRANSLATIONS


@pytest.mark.parametrize("language", TRANSLATIONS)
def test_a_translation_says_everything_and_nothing_else(language: str) -> None:
    english, translated = catalogue(SOURCE_LANGUAGE), written(language)
    lacking = sorted(english.keys() - translated.keys())
    assert lacking == [], f"add to {language}.toml: " + ", ".join(f"{key} ({english[key]!r})" for key in lacking)
    assert sorted(translated.keys() - english.keys()) == []


@pytest.mark.parametrize("language", TRANSLATIONS)
def test_a_translation_has_the_same_blanks_and_is_no_english(language: str) -> None:
    english, translated = catalogue(SOURCE_LANGUAGE), written(language)
    both = sorted(english.keys() & translated.keys())
    assert [key for key in both if blanks(english[key]) != blanks(translated[key])] == []
    assert [key for key in both if english[key] == translated[key] and key not in ALIKE] == []
    named = [key for key in both if key.startswith("action.")]
    assert [key for key in named if ": " not in translated[key]] == [], "a menu shows what stands before the colon"


def test_the_handheld_speaks_the_language_that_was_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(LANGUAGE_VARIABLE, "hi")
    assert say("verdict.right") == "सही है।"
    assert action_words("pick") == ("निकालें", "ऑर्डर के लिए इसे बिन से निकाला गया।")
    assert role_text("picker") == "पिकर"
    assert json.loads(hello())["language"] == "hi"
    monkeypatch.setenv(LANGUAGE_VARIABLE, "xx")
    assert say("verdict.right") == "Right.", "a language that is not there is answered in English"


def test_a_language_that_is_not_there_is_refused_with_those_that_are(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["scan", "--language", "xx", "--action", "pick"])
    assert "'en', 'hi'" in capsys.readouterr().err
