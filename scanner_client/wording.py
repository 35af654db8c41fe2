"""The one catalogue of what the handheld says to people, ready to be translated.

A translation is another file beside ``wording/en.toml`` with the same keys, and the tables ``action`` and ``unclear``
beside them: in English what an action is called stands in the registry of actions, and what is asked about a box where
its labels are put together.
"""

from __future__ import annotations

import os
import tomllib
from functools import cache
from pathlib import Path
from typing import Any, Final

from sync.actions import ACTIONS
from sync.labels.box import OR, Unclear

FOLDER: Final = Path(__file__).with_name("wording")
SOURCE_LANGUAGE: Final = "en"
LANGUAGE_VARIABLE: Final = "SCANNER_LANGUAGE"


def languages() -> list[str]:
    """What the handheld can speak."""
    return sorted(path.stem for path in FOLDER.glob("*.toml"))


def language() -> str:
    """What it speaks now."""
    return os.environ.get(LANGUAGE_VARIABLE) or SOURCE_LANGUAGE


def say(key: str, /, **values: object) -> str:
    """The text under a key such as ``verdict.right``, with values put in.

    Raises:
        KeyError: the catalogue has no such text: a mistake of ours.
    """
    return catalogue(language())[key].format(**values)


def role_text(role: str) -> str:
    """What people call a role; one of a newer server by its own word."""
    return catalogue(language()).get(f"role.{role}", role)


def action_words(action: str) -> tuple[str, str]:
    """What an action is called, and what that means."""
    title, _, explanation = catalogue(language()).get(f"action.{action}", action).partition(": ")
    return title, explanation


def texts(table: str) -> dict[str, str]:
    """Every text of one table by its whole key, values not put in: for a page that says them itself."""
    return {key: text for key, text in catalogue(language()).items() if key.startswith(f"{table}.")}


@cache
def catalogue(language: str) -> dict[str, str]:
    """Every text of a language by its key; what is not translated stays in English."""
    actions = {name: what.text for name, what in ACTIONS.items() if what.roles}
    unclear = {why.name.lower(): why.value for why in Unclear} | {"or": OR}
    texts = _flat(_read(SOURCE_LANGUAGE) | {"action": actions, "unclear": unclear})
    if language != SOURCE_LANGUAGE and (FOLDER / f"{language}.toml").is_file():
        texts |= _flat(_read(language))
    return texts


def _read(language: str) -> dict[str, Any]:
    with (FOLDER / f"{language}.toml").open("rb") as file:
        return tomllib.load(file)


def _flat(tables: dict[str, Any]) -> dict[str, str]:
    return {f"{table}.{name}": text for table, texts in tables.items() for name, text in texts.items()}
