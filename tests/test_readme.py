"""The README names what there is, and nothing is without a sentence that says what it is."""

from __future__ import annotations

import ast
import re
from dataclasses import fields
from itertools import pairwise
from pathlib import Path

import pytest

from server.config import PREFIX, Settings
from server.rules import rules
from sync.actions import ACTIONS

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
PAGES = ("README.md", "server/README.md", "scanner_client/README.md", "sync/README.md", "tests/bench/README.md")


@pytest.mark.parametrize("name", sorted(ACTIONS))
def test_the_readme_names_every_action(name: str) -> None:
    assert f"`{name}`" in README
    assert ": " in ACTIONS[name].text


@pytest.mark.parametrize("name", sorted(rules()))
def test_the_readme_names_every_rule(name: str) -> None:
    assert f"`{name}`" in README
    assert rules()[name].title.endswith(".")
    assert rules()[name].advice


@pytest.mark.parametrize("name", [f.name for f in fields(Settings)])
def test_the_readme_names_every_setting(name: str) -> None:
    assert f"`{PREFIX}{name.upper()}`" in README


def test_every_setting_says_what_it_is_for() -> None:
    tree = ast.parse((ROOT / "server/config.py").read_text())
    (settings,) = [n for n in tree.body if isinstance(n, ast.ClassDef) and n.name == "Settings"]
    body = settings.body[1:]  # behind the docstring
    told = [isinstance(after, ast.Expr) for node, after in pairwise(body) if isinstance(node, ast.AnnAssign)]
    assert all(told)
    assert isinstance(body[-1], ast.Expr)


def headings(text: str) -> set[str]:
    """The anchors that a page has, as they are made from its headings."""
    titles = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("page", PAGES)
def test_every_link_leads_to_a_page_and_to_a_heading_that_it_has(page: str) -> None:
    text = (ROOT / page).read_text()
    for path, anchor in re.findall(r"\]\(([^)#]*)#?([^)]*)\)", text):
        target = (ROOT / page).parent / path if path else ROOT / page
        assert target.is_file(), path
        assert not anchor or anchor in headings(target.read_text()), anchor
