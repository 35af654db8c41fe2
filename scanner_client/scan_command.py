"""`scan`: one person's work, from its first label to its last, with the sync running beside it.

One thread does the work and nothing else touches the session: the camera, the keyboard and the page put what they
have into its inbox.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import count
from pathlib import Path
from typing import Final

from scanner_client.assignment import task_of, unknown_document
from scanner_client.background import Background
from scanner_client.clock import Clock
from scanner_client.commands import answer_request, uploader_for
from scanner_client.control import listening
from scanner_client.echo import Echo
from scanner_client.handheld import Handheld, open_handheld
from scanner_client.inbox import Inbox, Synced, TypingEnded, WatchEnded
from scanner_client.interruption import Interrupted, Interruption
from scanner_client.page.requests import Asked
from scanner_client.questions import ask_at_terminal
from scanner_client.task import Assignment
from scanner_client.telling import Teller
from scanner_client.wording import say
from scanner_client.work import Work

TYPED: Final = "-"
LAST_PUSHES_SECONDS_MAX: Final = 15.0
"""A long pull may be under way; nobody waits longer at the end of a shift."""
FIRST_SYNC_SECONDS_MAX: Final = 3.0
"""Whoever names a document that is not known here waits no longer to be asked whether it is meant."""
EVIDENCE_FOLDER: Final = "evidence"
PICTURES_FOLDER: Final = "pictures"
BYTES_PER_MB: Final = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What was asked for on the command line."""

    home: Path
    assignment: Assignment | None = None
    """None: it is chosen on the page."""
    source: str = TYPED
    formats: Sequence[str] = ()
    """The formats that the task can meet, as `Wanted.parse` takes them; none: every one."""
    page: int | None = None
    """The port of the page, 0 for any that is free; None for no page."""
    save_picture: Path | None = None
    evidence_mb: int = 0
    """How many megabytes of crops are kept beside the scans."""
    as_json: bool = False


def scan(order: Order, clock: Clock) -> int:
    """Work until the source ends, or with a page until somebody interrupts; the exit code.

    Raises:
        AssignmentError, FormatError, SourceError, PageError, DatabaseError, DeviceError, OutboxError: it cannot begin,
            or cannot go on.
    """
    interruption = Interruption()
    with ExitStack() as stack:
        stack.enter_context(interruption.listening())
        handheld = stack.enter_context(open_handheld(order.home, clock))
        if handheld.renewed:
            print(say("command.renewed", reason=handheld.renewed), file=sys.stderr)
        background = Background(uploader_for(handheld), wall_ms=clock.wall_ms)
        stack.callback(background.close)
        answer = partial(answer_request, handheld, background)
        what = f" --action {order.assignment.action}" if order.assignment else ""
        stack.enter_context(listening(order.home, f"scan{what}", answer))
        teller = Teller(handheld, background, as_json=order.as_json)
        inbox = Inbox()
        echo = Echo(tty=_at_terminal())
        stack.callback(echo.restore)
        background.start(partial(_after_sync, teller, inbox, background))
        if order.assignment and order.page is None and not _goes_on(order.assignment, handheld, background):
            print(say("command.not_begun"), file=sys.stderr)
            return 1
        work = _prepared(order, handheld, teller, background, inbox, echo)
        stack.callback(work.close)
        if order.page is not None:
            stack.enter_context(_page(order.page, teller, inbox, work))
        trouble = _work(order, work, inbox, interruption, background)
        _send_the_rest(handheld, background)
        waiting = handheld.outbox.waiting()
        if waiting and handheld.device.server_key is not None:
            reason = background.state.trouble or say("command.no_time")
            print(say("command.still_waits", waiting=waiting, reason=reason), file=sys.stderr)
        print(say("command.scanned", count=work.kept, waiting=waiting), file=sys.stderr)
        if handheld.device.revoked:
            print(say("status.revoked"), file=sys.stderr)
        if trouble:
            raise trouble
    return 0


def _prepared(
    order: Order, handheld: Handheld, teller: Teller, background: Background, inbox: Inbox, echo: Echo
) -> Work:
    """The work with its camera and what is kept of its pictures."""
    eye = evidence = None
    if order.source != TYPED:
        from scanner_client.evidence import Evidence  # noqa: PLC0415 - a wedge needs no OpenCV
        from scanner_client.eye import Eye  # noqa: PLC0415
        from scanner_client.vision.wanted import Wanted  # noqa: PLC0415

        eye = Eye(
            order.source,
            wanted=Wanted.parse(order.formats),
            put=inbox.put,
            picture_path=lambda: order.save_picture or _free_name(order.home / PICTURES_FOLDER),
            looked=teller.looked,
        )
        if order.evidence_mb:
            evidence = Evidence(order.home / EVIDENCE_FOLDER, order.evidence_mb * BYTES_PER_MB)
    return Work(
        handheld,
        teller,
        sync=partial(background.sync_now, 0),  # it is only woken; the page hears of the end from the next state
        eye=eye,
        evidence=evidence,
        confirm=partial(ask_at_terminal, tty=_at_terminal()) if order.page is None else None,
        hide_typing=echo.hide,
    )


def _goes_on(assignment: Assignment, handheld: Handheld, background: Background) -> bool:
    """Whether the person at the terminal means a number that this handheld does not know; who cannot be asked does.

    A sync may bring it, so that one is waited for first.
    """
    task = task_of(assignment, handheld.site_map)
    if not _at_terminal() or unknown_document(task, handheld.site_map) is None:
        return True
    background.sync_now(FIRST_SYNC_SECONDS_MAX)
    number = unknown_document(task, handheld.site_map)
    if number is None:
        return True
    try:
        return input(say("command.go_on", document=number) + " ").strip().lower() in ("y", "yes")
    except (EOFError, OSError):
        print(file=sys.stderr)
        return False


def _free_name(folder: Path) -> Path:
    """A picture's file that no other one has taken, by the time of day."""
    name = time.strftime("%Y-%m-%d-%H-%M-%S")
    names = (folder / f"{name}{f'-{number}' if number > 1 else ''}.jpg" for number in count(1))
    return next(path for path in names if not path.exists())


def _at_terminal() -> bool:
    return sys.stdin is not None and sys.stdin.isatty()  # None: the program was started with its input closed


@contextmanager
def _page(port: int, teller: Teller, inbox: Inbox, work: Work) -> Iterator[None]:
    """The page, served while the block runs."""
    from scanner_client.page.server import Behind, serving  # noqa: PLC0415 - needless without a page

    with serving(Behind(board=teller.board, take=inbox.offer, picture=work.picture), port) as address:
        print(say("command.page", address=address), file=sys.stderr, flush=True)
        yield


def _work(
    order: Order, work: Work, inbox: Inbox, interruption: Interruption, background: Background
) -> Exception | None:
    """Deal with every entry until the source ends; why it did, where something was wrong.

    A file or a pipe that ends has said everything, so that an open bin is finished then. Whoever interrupts has not,
    and a camera that was lost has not: the bin stays open.
    """
    trouble: Exception | None = None
    if order.assignment:
        work.begin(order.assignment)
    else:
        work.wait_for_a_choice()
    if order.source == TYPED or (order.page is not None and _at_terminal()):
        inbox.read_typing()
    try:
        for entry in interruption.between(inbox.take()):
            if order.page is None and isinstance(entry, TypingEnded | WatchEnded):
                trouble = entry.trouble
                break
            work.take(entry)
        if trouble is None:
            _finish(work, background)
    except Interrupted:
        for entry in inbox.close():
            if isinstance(entry, Asked):  # the page was told that it is taken
                work.take(entry)
        print(say("command.interrupted"), file=sys.stderr)
    if order.save_picture:
        print(work.save_picture(), file=sys.stderr)
    return trouble


def _finish(work: Work, background: Background) -> None:
    if work.waits:  # the last line of a file may be the label of a carton that the server is asked of
        work.take(Synced(heard=not background.sync_now(LAST_PUSHES_SECONDS_MAX).failures))
    work.finish()


def _after_sync(teller: Teller, inbox: Inbox, background: Background) -> None:
    teller.refresh()
    inbox.nudge(Synced(heard=not background.state.failures))


def _send_the_rest(handheld: Handheld, background: Background) -> None:
    """Push until nothing waits or the time is up, so that the number said at the end is what really waits.

    A server that was away is asked once more: it may be back. One that is away now ends it.
    """
    until = time.monotonic() + LAST_PUSHES_SECONDS_MAX
    while handheld.outbox.waiting() and (left := until - time.monotonic()) > 0:
        if background.sync_now(left).trouble:
            break
    background.close()
