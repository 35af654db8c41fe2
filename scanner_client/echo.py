"""Whether the terminal shows what is typed: a PIN is nobody else's business."""

from __future__ import annotations

import sys

try:
    import termios
except ImportError:  # Windows: the line is shown there, and the page's keys are the better way
    termios = None  # type: ignore[assignment]


class Echo:
    """The terminal's echo; where there is no terminal it does nothing."""

    def __init__(self, *, tty: bool) -> None:
        self._tty = tty and termios is not None
        self._shown = True

    def hide(self, hidden: bool) -> None:  # noqa: FBT001 - what it is called with says it
        """Show what is typed from now on no more, or show it again."""
        shown = not hidden
        if not self._tty or shown == self._shown or sys.stdin is None:
            return
        self._shown = shown
        modes = termios.tcgetattr(sys.stdin.fileno())
        modes[3] = modes[3] | termios.ECHO if shown else modes[3] & ~termios.ECHO
        termios.tcsetattr(sys.stdin.fileno(), termios.TCSANOW, modes)

    def restore(self) -> None:
        """Show it again, at the end."""
        self.hide(False)  # noqa: FBT003
