"""The terminal view: what was read, where, the verdict in words, how many are waiting, when it last synced.

On a terminal it is one panel that is drawn anew; where the output goes elsewhere, each scan is one line.
"""

from __future__ import annotations

import shutil
import unicodedata
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TextIO

from scanner_client.background import SyncState
from scanner_client.feedback import SIGNALS
from scanner_client.sighting import Told
from scanner_client.task import Task
from scanner_client.wording import action_words, say

LAST_MAX: Final = 50
WIDTH_MAX: Final = 100
ROWS_TAKEN: Final = 10
"""Lines of the panel beside the list of the last scans."""

_CLEAR: Final = "\x1b[H\x1b[2J"
_UNITS: Final = (("days", 86_400_000), ("hours", 3_600_000), ("minutes", 60_000), ("seconds", 1_000))


@dataclass(frozen=True, slots=True, kw_only=True)
class Footer:
    """How the queue and the data stand."""

    waiting: int
    carried: int
    enrolled: bool
    has_data: bool
    age_ms: int | None
    unread: int
    """What the server told that this handheld cannot take over."""
    sync: SyncState | None
    now_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """What people call the places of the task."""

    location: str | None
    container: str | None


class Screen:
    """Draws one session. `size` gives columns and rows."""

    def __init__(
        self, stream: TextIO, *, tty: bool, size: Callable[[], tuple[int, int]] = shutil.get_terminal_size
    ) -> None:
        self._stream = stream
        self._tty = tty
        self._size = size
        self._last: deque[tuple[str, Told]] = deque(maxlen=LAST_MAX)

    def show(self, told: Told, time: str, task: Task, names: Names, footer: Footer) -> None:
        """One more sighting was dealt with at this time of day."""
        self._last.appendleft((time, told))
        if self._tty:
            self.draw(task, names, footer)
        else:
            self._write(_one_line(time, told) + "\n")

    def draw(self, task: Task, names: Names, footer: Footer) -> None:
        """The whole panel, on a terminal; nothing elsewhere."""
        if not self._tty:
            return
        columns, rows = self._size()
        width = min(columns, WIDTH_MAX)
        lines = [_bold(_fit(heading(task, names), width)), _rule(width), *self._newest(width), _rule(width)]
        older = list(self._last)[1 : max(1, rows - ROWS_TAKEN)]
        lines += [_fit(_one_line(time, told), width) for time, told in older]
        lines += [_rule(width), *(_fit(line, width) for line in footing(footer))]
        self._write(_CLEAR + "\n".join(lines) + "\n")

    def _newest(self, width: int) -> list[str]:
        if not self._last:
            return ["", "", ""]
        told = self._last[0][1]
        signal = SIGNALS[told.tone]
        lines = (f" {signal.sign} {told.thing or told.text}", f"   {told.text if told.thing else ''}")
        return [f"\x1b[{signal.colour}m{_fit(line, width):<{width}}\x1b[0m" for line in ("", *lines, "")]

    def _write(self, text: str) -> None:
        self._stream.write(text)
        self._stream.flush()


def heading(task: Task, names: Names) -> str:
    """The action, and where and for what it is done."""
    parts = [
        action_words(task.action)[0].upper(),
        say("head.document", document=task.document) if task.document else None,
        say("head.bin", bin=names.location) if names.location else None,
        say("head.carton", carton=names.container) if names.container else None,
        say("head.operator", operator=task.operator) if task.operator else None,
    ]
    return " · ".join(part for part in parts if part)


def footing(footer: Footer) -> list[str]:
    """How many wait, when it last synced, how old the data are; and what hinders it."""
    counts = [say("status.waiting", count=footer.waiting)]
    if footer.carried:
        counts.append(say("status.carried", count=footer.carried))
    if not (footer.enrolled and footer.has_data) or (footer.sync and footer.sync.last_ms is not None):
        counts.append(_synced(footer))  # a process that has just begun does not know when another one synced
    if not footer.has_data:
        counts.append(say("status.no_data"))
    elif footer.age_ms is None:
        counts.append(say("status.age_unknown"))
    else:
        counts.append(say("status.age", age=ago(footer.age_ms)))
    if footer.unread:
        counts.append(say("status.unread", count=footer.unread))
    trouble = footer.sync.trouble if footer.sync and footer.enrolled else None
    if trouble and footer.sync and footer.sync.code == "unknown_device":
        trouble = say("status.unknown_device")
    return [" · ".join(counts), say("status.trouble", reason=trouble) if trouble else ""]


def ago(ms: int) -> str:
    """A length of time in its largest whole unit."""
    name, unit = next(((n, u) for n, u in _UNITS if ms >= u), _UNITS[-1])
    return say(f"status.{name}", n=ms // unit)


def _synced(footer: Footer) -> str:
    if not footer.enrolled:
        return say("status.not_enrolled")
    if footer.sync is None or footer.sync.last_ms is None:
        return say("status.never_synced")
    return say("status.synced", age=ago(max(0, footer.now_ms - footer.sync.last_ms)))


def _one_line(time: str, told: Told) -> str:
    return " ".join(part for part in (time, SIGNALS[told.tone].sign, told.thing, told.text) if part)


def _fit(text: str, width: int) -> str:
    """The text in so many columns; what a label says must not move the cursor or recolour the screen."""
    plain = "".join(c if unicodedata.category(c)[0] != "C" else "\N{REPLACEMENT CHARACTER}" for c in text)
    return plain if len(plain) <= width else plain[: width - 1] + "…"


def _bold(text: str) -> str:
    return f"\x1b[1m{text}\x1b[0m"


def _rule(width: int) -> str:
    return "─" * width
