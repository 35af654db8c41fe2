"""`scan`: one person's work with one source, from its first label to its last, with the sync running beside it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from scanner_client.background import Background
from scanner_client.clock import Clock
from scanner_client.commands import answer_request, uploader_for
from scanner_client.control import listening
from scanner_client.handheld import Handheld, open_handheld
from scanner_client.interruption import Interrupted, Interruption
from scanner_client.judging import site_codes
from scanner_client.session import Session
from scanner_client.sighting import Sighting, Told
from scanner_client.site_map import SiteMap
from scanner_client.task import Task
from scanner_client.telling import Teller
from scanner_client.typed import Typing, lines
from scanner_client.wording import say
from sync.actions import ACTIONS
from sync.identity import Kind, split_key
from sync.labels import Label, parse

TYPED: Final = "-"
LAST_PUSH_SECONDS_MAX: Final = 5.0


class ScanError(Exception):
    """The work cannot begin like this; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What was asked for on the command line; places as people write them."""

    home: Path
    action: str
    source: str = TYPED
    document: str | None = None
    location: str | None = None
    container: str | None = None
    origin: str | None = None
    operator: str | None = None
    condition: str | None = None
    quantity: int = 1
    as_json: bool = False


def scan(order: Order, clock: Clock) -> int:
    """Work through a source; the exit code.

    Raises:
        ScanError, SourceError, DatabaseError, DeviceError, OutboxError: it cannot begin, or cannot go on.
    """
    if order.action not in ACTIONS or not ACTIONS[order.action].roles:
        names = ", ".join(name for name, what in ACTIONS.items() if what.roles)
        raise ScanError(say("command.no_action", action=repr(order.action), actions=names))
    interruption = Interruption()
    with ExitStack() as stack:
        stack.enter_context(interruption.listening())
        handheld = stack.enter_context(open_handheld(order.home, clock))
        if handheld.renewed:
            print(say("command.renewed", reason=handheld.renewed), file=sys.stderr)
        background = Background(uploader_for(handheld), wall_ms=clock.wall_ms)
        teller = Teller(handheld, background, as_json=order.as_json)
        stack.callback(background.close)
        answer = partial(answer_request, handheld, background)
        stack.enter_context(listening(order.home, f"scan --action {order.action}", answer))
        session = Session(handheld, _task(order, handheld.site_map))
        background.start(teller.refresh)
        _work(order, session, interruption, teller)
        _send_the_rest(handheld, background)
        print(say("command.scanned", count=session.kept, waiting=handheld.outbox.waiting()), file=sys.stderr)
    return 0


def _send_the_rest(handheld: Handheld, background: Background) -> None:
    """One last push, so that the number said at the end is what really waits; a server known to be away is left."""
    if handheld.outbox.waiting() and not background.state.trouble:
        background.sync_now(LAST_PUSH_SECONDS_MAX)
    background.close()


def _work(order: Order, session: Session, interruption: Interruption, teller: Teller) -> None:
    """Deal with every sighting until the source ends.

    A file or a pipe that ends has said everything, so that an open bin is finished then. Whoever interrupts has not:
    the bin stays open.
    """
    teller.begin(session.task)
    try:
        for outcome in interruption.between(_steps(order, session)):
            teller.tell(outcome(), session.task)
    except Interrupted:
        print(say("command.interrupted"), file=sys.stderr)
    else:
        teller.tell(session.finish(), session.task)


def _steps(order: Order, session: Session) -> Iterator[Callable[[], list[Told]]]:
    """What is to be done for each sighting; the source is only waited for in here."""
    if order.source == TYPED:
        typing = Typing(session)
        yield from (partial(typing.enter, line) for line in lines(sys.stdin.buffer))
        return
    from scanner_client.scene import sightings, source_of  # noqa: PLC0415 - a wedge needs no OpenCV

    found = sightings(
        source_of(order.source),
        session.codes,
        on_bad_picture=lambda error: print(error, file=sys.stderr),
        confirm=_confirm,
    )
    yield from (partial(session.scan, sighting) for sighting in found)


def _confirm(sighting: Sighting) -> bool:
    """Ask the person whether what one picture alone says is what stands there."""
    text = " + ".join(symbol.data.decode("latin-1") for symbol in sighting.symbols)
    if not sys.stdin.isatty():
        print(f"{text!r}: {say('scan.needs_second_look')}", file=sys.stderr)
        return False
    return input(say("scan.confirm", text=repr(text)) + " ").strip().lower() in ("y", "yes")


def _task(order: Order, site_map: SiteMap) -> Task:
    def place(text: str | None, kind: Kind) -> str | None:
        return place_key(text, kind, site_map) if text else None

    return Task(
        action=order.action,
        document=order.document,
        location=place(order.location, Kind.LOCATION),
        container=place(order.container, Kind.CONTAINER),
        origin=place(order.origin, Kind.LOCATION),
        operator=order.operator,
        condition=order.condition,
        quantity=order.quantity,
    )


def place_key(text: str, kind: Kind, site_map: SiteMap) -> str:
    """The canonical name of a location or container: from itself, from what its label says, or from its code.

    Raises:
        ScanError: it is none of these.
    """
    label = parse(text.encode(), None, site_codes(site_map))
    if isinstance(label, Label) and label.kind is kind:
        return label.key
    by_code = site_map.location(text) if kind is Kind.LOCATION else None
    if by_code:
        return by_code
    try:
        if split_key(text).kind is kind:
            return text
    except ValueError:
        pass
    raise ScanError(say("command.no_place", text=repr(text), kind=kind.value))
