"""The README names what there is, and nothing is without a sentence that says what it is."""

from __future__ import annotations

import ast
import re
import shlex
from collections.abc import Iterator
from dataclasses import fields
from itertools import pairwise
from pathlib import Path

import click
import pytest
from flask import Flask

from scanner_client.__main__ import main as handheld
from server.cli import register
from server.config import PREFIX, Settings
from server.rules import rules
from sync.actions import ACTIONS

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
PAGES = (
    "README.md",
    "server/README.md",
    "scanner_client/README.md",
    "sync/README.md",
    "tests/bench/README.md",
    "tests/failover/README.md",
)


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
    links = re.findall(r"\]\(([^)#]*)#?([^)]*)\)", (ROOT / page).read_text())
    assert links
    for path, anchor in links:
        target = (ROOT / page).parent / path if path else ROOT / page
        assert target.is_file(), path
        assert not anchor or anchor in headings(target.read_text()), anchor


def code(page: str) -> Iterator[str]:
    """What stands as code on a page: each line of its blocks, and each span within a sentence."""
    prose, *rest = (ROOT / page).read_text().split("```")
    for block, after in zip(rest[::2], rest[1::2], strict=True):
        yield from block.splitlines()
        prose += after
    yield from (" ".join(span.split()) for span in re.findall(r"`([^`]+)`", prose))


def said_after(start: str, page: str) -> list[list[str]]:
    """The words of each command of a page that begins so."""
    found = [line.split(start, 1)[1].split(" | ")[0] for line in code(page) if start in line]
    return [shlex.split(words, comments=True) for words in found]


@pytest.mark.parametrize("page", PAGES)
def test_every_command_of_the_server_is_one_and_takes_these_options(page: str) -> None:
    app = Flask("server")
    register(app)
    commands = said_after("flask --app server ", page)
    assert commands or page != "README.md"
    for words in commands:
        command: click.Command = app.cli
        while isinstance(command, click.Group) and words and words[0] in command.commands:
            command = command.commands[words.pop(0)]
        assert command is not app.cli, words
        options = {"--help"} | {option for parameter in command.params for option in parameter.opts}
        assert {word for word in words if word.startswith("--")} <= options, words


@pytest.mark.parametrize("page", PAGES)
def test_every_command_of_a_handheld_is_one_and_takes_these_options(
    page: str, capsys: pytest.CaptureFixture[str]
) -> None:
    for command, *words in said_after("python -m scanner_client ", page):
        with pytest.raises(SystemExit, match=r"^0$"):
            handheld([command, "--help"])
        options = set(re.findall(r"--[a-z-]+", capsys.readouterr().out))
        assert {word for word in words if word.startswith("--")} <= options, words


@pytest.mark.parametrize("page", PAGES)
def test_whatever_can_be_made_run_or_opened_is_there(page: str) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    lines = list(code(page))
    assert lines
    for line in lines:
        for target in re.findall(r"^make ([a-z-]+\b(?!-[A-Z]))", line):
            assert target in targets or target.startswith("bench-"), line
        for name in re.findall(r"^(?:make )?bench-([a-z_]+)", line):
            assert (ROOT / f"tests/bench/{name}.py").is_file(), line
        for module in re.findall(r"^python -m (tests[a-z_.]*)(?= |$)", line):
            path = ROOT / module.replace(".", "/")
            assert path.with_suffix(".py").is_file() or (path / "__main__.py").is_file(), line
        files = re.sub(r"<\w+>", "*", line)
        for path in re.findall(r"(?:^|(?<= ))((?:sync|scanner_client|server|tests)/[\w/.*]+)", files):
            assert list(ROOT.glob(path)), line
