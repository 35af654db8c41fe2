"""The one catalogue of what the handheld says to people, ready to be translated.

A translation is another file beside ``wording/en.toml`` with the same keys.
"""

from __future__ import annotations

import os
import tomllib
from functools import cache
from pathlib import Path
from typing import Any, Final

FOLDER: Final = Path(__file__).with_name("wording")
SOURCE_LANGUAGE: Final = "en"


def say(key: str, /, **values: object) -> str:
    """The text under a key such as ``verdict.right``, with values put in.

    Raises:
        KeyError: the catalogue has no such text: a mistake of ours.
    """
    return catalogue(os.environ.get("SCANNER_LANGUAGE", SOURCE_LANGUAGE))[key].format(**values)


def texts(table: str) -> dict[str, str]:
    """Every text of one table by its whole key, values not put in: for a page that says them itself."""
    language = os.environ.get("SCANNER_LANGUAGE", SOURCE_LANGUAGE)
    return {key: text for key, text in catalogue(language).items() if key.startswith(f"{table}.")}


@cache
def catalogue(language: str) -> dict[str, str]:
    """Every text of a language by its key; what is not translated stays in English."""
    texts = _flat(_read(SOURCE_LANGUAGE))
    if language != SOURCE_LANGUAGE and (FOLDER / f"{language}.toml").is_file():
        texts |= _flat(_read(language))
    return texts


def _read(language: str) -> dict[str, Any]:
    with (FOLDER / f"{language}.toml").open("rb") as file:
        return tomllib.load(file)


def _flat(tables: dict[str, Any]) -> dict[str, str]:
    return {f"{table}.{name}": text for table, texts in tables.items() for name, text in texts.items()}
