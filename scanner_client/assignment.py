"""The task that an assignment makes, as a person writes or scans it."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from scanner_client.judging import site_codes
from scanner_client.site_map import SiteMap
from scanner_client.task import QUANTITY_MAX, Assignment, Task
from scanner_client.wording import say
from sync.actions import ACTIONS, Action
from sync.event import EventError, ScanEvent, decode, encode
from sync.identity import Kind, split_key
from sync.labels import Label, parse

SCANNED_NEEDS: Final = frozenset({"subject", "identifiers", "location", "container", "document", "reason"})
"""What labels can give, and why it is done, which the task itself says; an action that needs more is no task."""
RETURNING: Final = frozenset({"take_back", "examine", "restock"})
"""What is done with something that came back, mostly under an order that was finished long ago."""
IN_EVENTS: Final = ("document", "location", "container", "origin", "operator", "condition", "reason")
"""Fields of a task that go into its events as they are."""


class AssignmentError(Exception):
    """The work cannot begin like this; the message says why."""

    def __init__(self, words: str, field: str = "") -> None:
        super().__init__(words)
        self.field = field
        """Of the assignment, the one that is wrong; empty where that is none alone."""


def menu() -> list[Action]:
    """The actions that a person at a handheld can choose."""
    chosen = (what for what in ACTIONS.values() if what.roles and what.chosen)
    return [what for what in chosen if {"subject"} <= {*what.needs} <= SCANNED_NEEDS]


def task_of(assignment: Assignment, site_map: SiteMap) -> Task:
    """The task in canonical names.

    Raises:
        AssignmentError: there is no such action or place, or an event cannot hold what was given.
    """
    if assignment.action not in ACTIONS or not ACTIONS[assignment.action].roles:
        names = ", ".join(name for name, what in ACTIONS.items() if what.roles)
        raise AssignmentError(say("command.no_action", action=repr(assignment.action), actions=names))

    def place(name: str, kind: Kind) -> str | None:
        text: str | None = getattr(assignment, name)
        try:
            return place_key(text, kind, site_map) if text else None
        except AssignmentError as error:
            raise AssignmentError(str(error), name) from error

    if not 1 <= assignment.quantity <= QUANTITY_MAX:
        raise AssignmentError(say("scan.too_many", quantity=assignment.quantity, most=QUANTITY_MAX), "quantity")
    task = Task(
        action=assignment.action,
        document=_number(assignment.document, Kind.DOCUMENT, site_map),
        location=place("location", Kind.LOCATION),
        container=place("container", Kind.CONTAINER),
        origin=place("origin", Kind.LOCATION),
        operator=_number(assignment.operator, Kind.BADGE, site_map),
        condition=assignment.condition or None,
        reason=(assignment.reason or "").strip() or None,
        quantity=assignment.quantity,
    )
    _check(task)
    if "reason" in ACTIONS[task.action].needs and task.reason is None:
        raise AssignmentError(say("command.no_reason"), "reason")
    return task


def unknown_document(task: Task, site_map: SiteMap) -> str | None:
    """The number of the task's document where this handheld does not know it."""
    number = task.document
    return number if number is not None and site_map.entry("document", number) is None else None


def unknown_document_text(task: Task, site_map: SiteMap) -> str | None:
    """What is said of a document that this handheld does not know; None where it knows it.

    An order leaves the handhelds once it is finished, so that what comes back for one is nothing odd.
    """
    number = unknown_document(task, site_map)
    if number is None:
        return None
    if task.action in RETURNING:
        return say("command.finished_order", document=number)
    return say("command.unknown_document", document=number)


def _check(task: Task) -> None:
    """Refuse what no event of this task could hold: it has to be said now, and not when the first label is read."""
    bare = ScanEvent(device_no=0, epoch=0, seq=1, action=task.action, wall_ms=0, boot="0", boot_ms=0)
    for name in IN_EVENTS:
        try:
            decode(encode(replace(bare, **{name: getattr(task, name)})))
        except EventError as error:
            raise AssignmentError(str(error), name) from error


def place_key(text: str, kind: Kind, site_map: SiteMap) -> str:
    """The canonical name of a location or container: from itself, from what its label says, or from its code.

    Raises:
        AssignmentError: it is none of these.
    """
    label = parse(text.encode(errors="replace"), None, site_codes(site_map))
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
    raise AssignmentError(say("command.no_place", text=repr(text), kind=kind.value))


def _number(text: str | None, kind: Kind, site_map: SiteMap) -> str | None:
    """A document's number or a person's name: what its label says where it was scanned, else as it was typed."""
    if not text:
        return None
    label = parse(text.encode(errors="replace"), None, site_codes(site_map))
    return split_key(label.key).elements[-1][1] if isinstance(label, Label) and label.kind is kind else text
