"""Tells each outcome of a session: as lines of JSON for a program, or on the screens and with a beep for a person."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Sequence
from threading import Lock
from typing import Any, TextIO

from scanner_client import carried, judging
from scanner_client.background import Background
from scanner_client.feedback import beep
from scanner_client.handheld import Handheld
from scanner_client.page.board import Board
from scanner_client.page.view import queue_shown, task_shown
from scanner_client.screen import Footer, Names, Screen
from scanner_client.sighting import Told
from scanner_client.task import Task
from sync.event import format_name


class Teller:
    """Everything told here is on the disk already. `board` is what the page shows."""

    def __init__(self, handheld: Handheld, background: Background, *, as_json: bool, out: TextIO = sys.stdout) -> None:
        self.board = Board(lambda: queue_shown(self._footer()))
        self._handheld = handheld
        self._background = background
        self._as_json = as_json
        self._out = out
        self._tty = out.isatty() and not as_json
        self._screen = Screen(out, tty=self._tty)
        self._turn = Lock()
        self._task: Task | None = None

    def refresh(self) -> None:
        """Show how the queue and the data stand now; the thread that syncs calls it."""
        self.board.show()
        task = self._task
        if task and self._tty:
            with self._turn:
                self._screen.draw(task, self._names(task), self._footer())

    @property
    def is_offline(self) -> bool:
        """Whether the last try to sync found no server, or none was made yet."""
        state = self._background.state
        return state.trouble is not None or state.last_ms is None

    def tell(self, outcomes: Sequence[Told], task: Task | None) -> None:
        """Tell what one sighting led to, and wake the sync if something was kept.

        The page comes first: on a terminal a pattern of beeps takes a moment.
        """
        changed, self._task = task != self._task, task
        for told in outcomes:
            self.board.tell(told, time.strftime("%H:%M:%S"))
        self.show(task=task_shown(task, self._names(task)) if task else None)
        if changed and not outcomes:
            self.refresh()
        if task:  # before a page has chosen one, the terminal has nothing to show
            for told in outcomes:
                self._tell_at_terminal(told, task)
        if any(told.event for told in outcomes):
            self._background.wake()

    def show(self, **parts: Any) -> None:
        """Replace parts of what the page shows, by the names of the fields of its `State`."""
        self.board.show(**parts)

    def looked(self, reads: str) -> None:
        """How many of the labels before the camera are read, in words; the thread that watches calls it."""
        self.board.show(reads=reads)

    def _tell_at_terminal(self, told: Told, task: Task) -> None:
        if self._as_json:
            if told.event:
                print(json_line(told), file=self._out, flush=True)
            return
        with self._turn:
            self._screen.show(told, time.strftime("%H:%M:%S"), task, self._names(task), self._footer())
            if self._tty:
                beep(told.tone, self._out, time.sleep)

    def _names(self, task: Task) -> Names:
        site_map = self._handheld.site_map
        return Names(
            location=judging.place_text(site_map, task.location) if task.location else None,
            container=judging.place_text(site_map, task.container) if task.container else None,
        )

    def _footer(self) -> Footer:
        handheld = self._handheld
        return Footer(
            waiting=handheld.outbox.waiting(),
            carried=carried.waiting_events(handheld.database),
            enrolled=handheld.device.server_key is not None,
            has_data=handheld.site_map.cursor().cursor is not None,
            age_ms=handheld.site_map.age_ms(handheld.clock),
            unread=handheld.site_map.unread.count(),
            sync=self._background.state,
            now_ms=handheld.clock.wall_ms(),
        )


def json_line(told: Told) -> str:
    """One committed event as a line of JSON: it has beeped."""
    event, judgement = told.event, told.judgement
    if event is None:
        raise ValueError("Only what was committed is told as JSON.")
    return json.dumps(
        {
            "event": format_name(event.name),
            "action": event.action,
            "subject": event.subject,
            "location": event.location,
            "container": event.container,
            "document": event.document,
            "quantity": event.quantity,
            "verdict": judgement.verdict.value if judgement else None,
            "belongs": judgement.belongs if judgement else None,
            "tone": told.tone.value,
            "text": told.text,
        }
    )
