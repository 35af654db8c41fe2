"""A real terminal, in which a PIN is typed and not seen."""

import os
import sys
import termios
from collections.abc import Iterator

import pytest

from scanner_client.echo import Echo

HIDDEN = True


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """A terminal as standard input; its file descriptor."""
    keyboard, screen = os.openpty()
    with os.fdopen(screen) as stdin:
        monkeypatch.setattr(sys, "stdin", stdin)
        yield screen
    os.close(keyboard)


def echoes(terminal: int) -> bool:
    return bool(termios.tcgetattr(terminal)[3] & termios.ECHO)


def test_what_is_typed_is_hidden_and_shown_again(terminal: int) -> None:
    echo = Echo(tty=True)
    for hidden in (True, True, False):
        echo.hide(hidden)
        assert echoes(terminal) is not hidden
    echo.hide(HIDDEN)
    echo.restore()
    assert echoes(terminal)


def test_a_pipe_is_left_alone(terminal: int) -> None:
    Echo(tty=False).hide(HIDDEN)
    assert echoes(terminal)
