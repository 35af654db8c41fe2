"""What each role may do, as everybody can read it."""

from __future__ import annotations

import re

import pytest
from flask import Flask

from server.roles import PERSONAL, ROLES, WORDS, Task, may
from sync.actions import ACTIONS
from tests.server.running import sign_in

ON_THE_FLOOR = [action for action in ACTIONS.values() if action.roles]


@pytest.mark.parametrize("role", PERSONAL)
def test_everybody_sees_what_each_role_may_do_and_which_is_theirs(app: Flask, role: str) -> None:
    page = sign_in(app, role).get("/roles").text
    lines = dict(re.findall(r'<tr><th scope="row">([^<]+)</th>(.*?)</tr>', page))
    said = {text: re.findall(r'aria-label="(yes|no)"', cells) for text, cells in lines.items()}
    at_server = {WORDS[task]: [may(one, task) for one in ROLES] for task in Task}
    at_handheld = {action.text.partition(":")[0]: [one in action.roles for one in PERSONAL] for action in ON_THE_FLOOR}
    assert {text: [word == "yes" for word in words] for text, words in said.items()} == at_server | at_handheld
    assert set(re.findall(r'class="mine">(\w+)<', page)) == {role}


def test_the_command_prints_the_same_table(app: Flask) -> None:
    said = app.test_cli_runner().invoke(args=["roles"]).output
    console, floor = said.split("With a handheld\n")
    assert console.splitlines()[1].split() == list(ROLES)
    assert floor.splitlines()[0].split() == list(PERSONAL)
    assert _line(console, "Recall and release") == [may(role, Task.RECALL) for role in ROLES]
    assert _line(floor, "Take back") == [role in ACTIONS["take_back"].roles for role in PERSONAL]
    rows = [line for line in said.splitlines() if re.search(r"  (yes|-)", line)]
    assert len(rows) == len(Task) + len(ON_THE_FLOOR)


def _line(table: str, text: str) -> list[bool]:
    (found,) = [line for line in table.splitlines() if line.startswith(f"{text}  ")]
    return [word == "yes" for word in found.removeprefix(text).split()]
