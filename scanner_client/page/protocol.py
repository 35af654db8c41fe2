"""What the page and the program behind it say to each other: plain JSON, defined here and nowhere else.

The program sends messages, each an object with a `type`:

- ``hello``, once for each connection: ``texts`` (every text of the page by its key), ``signals`` (how each tone looks,
  sounds and shakes, see `feedback.py`), ``actions`` (what can be chosen: ``name``, ``title``, ``explanation``,
  ``needs``).
- ``state``, at once and after every change: the fields of `State`, whole each time. A change that comes before the one
  ahead of it was sent replaces it; nothing queues up. `ScanShown.n` tells which scans the page has not sounded yet.
- ``ended``, when the program ends in good order.

The page sends requests, each an object with a `type` of `REQUESTS` and the fields of the class named there. A request
is answered with nothing but whether it was taken; what it led to comes with the next state.

Over HTTP (`server.py`, `engine.js`) messages are server-sent events of ``GET /messages``, requests the bodies of
``POST /requests``, and ``GET /picture?after=N`` is the newest camera picture as JPEG, once there is one numbered above
N. In an Android browser that decodes by itself another engine keeps to the same messages and requests.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import MISSING, asdict, dataclass, fields
from types import UnionType
from typing import Any, Final, get_args, get_type_hints

from scanner_client.assignment import Assignment, menu
from scanner_client.feedback import SIGNALS
from scanner_client.sighting import Tone
from scanner_client.wording import texts
from sync.event import BARCODE_BYTES_MAX

PIECES_MAX: Final = 2**53 - 1


class RequestError(ValueError):
    """What the page sent is no request; the message says why."""


# What the page sends.


@dataclass(frozen=True, slots=True, kw_only=True)
class Scanned:
    """A wedge scanner typed this, FNC1 as U+001D; or one of the commands of `typed.py`."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyedIn:
    """A person keyed a label in that cannot be scanned, twice."""

    first: str
    second: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantity:
    """The next product or lot counts so many pieces."""

    pieces: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """Whether what one still picture said is kept; `question` is the number of the one that was asked."""

    question: int
    keep: bool
    last: int | None = None
    """The same for all that wait behind it, up to this number: what came up since then was not seen by the person."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Undo:
    """Take back the last scan."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreadable:
    """A label is here that a person cannot read either."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FinishBin:
    """Everything in the open bin has been scanned, or it is empty."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncNow:
    """Sync, whatever the pause."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenCamera:
    """Open the camera (or read the file) again after it ended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SavePicture:
    """Write the whole marked picture to a file."""


REQUESTS: Final[dict[str, type[Any]]] = {
    "begin": Assignment,
    "scanned": Scanned,
    "keyed": KeyedIn,
    "quantity": Quantity,
    "answer": Answer,
    "undo": Undo,
    "unreadable": Unreadable,
    "finish": FinishBin,
    "sync": SyncNow,
    "camera": OpenCamera,
    "save": SavePicture,
}


# What the page shows.


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskShown:
    """What is being done."""

    action: str
    title: str
    document: str | None
    bin: str | None
    carton: str | None
    operator: str | None
    quantity: int
    counting: bool
    """Whether bins are opened and finished."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanShown:
    """What one sighting led to."""

    n: int
    """Counts from 1 while the program runs."""
    time: str
    tone: Tone
    thing: str
    text: str
    kept: bool
    """Whether it is on the disk."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckShown:
    """The open bin or carton: what was expected against what was seen. Its lists are bounded."""

    place: str
    summary: str
    wrong: tuple[str, ...]
    missing: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraShown:
    """The source that is watched."""

    source: str
    running: bool
    trouble: str
    """Why it ended, in a sentence; empty while it runs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QuestionShown:
    """Is what one still picture says what stands there?"""

    n: int
    thing: str
    """What that would be, for people."""
    text: str
    """What stands there."""
    behind: int
    """Questions that wait behind it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueShown:
    """How the queue and the data stand, in words."""

    text: str
    trouble: str
    """What hinders the sync; empty where nothing does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """All that the page shows."""

    task: TaskShown | None = None
    scans: tuple[ScanShown, ...] = ()
    """The last ones, the newest first."""
    stops: tuple[ScanShown, ...] = ()
    """The last ones that must not go on, likewise: one that scrolled by still waits for a person to put it away."""
    kept: int = 0
    """Events committed since the program began."""
    check: CheckShown | None = None
    camera: CameraShown | None = None
    reads: str = ""
    """How many of the labels before the camera are read, in words."""
    question: QuestionShown | None = None
    queue: QueueShown | None = None


def request_of(row: object) -> Any:
    """The request in a decoded JSON value: an instance of one of the classes in `REQUESTS`.

    Raises:
        RequestError: it is none.
    """
    if not isinstance(row, Mapping) or not isinstance(row.get("type"), str) or row["type"] not in REQUESTS:
        raise RequestError("A request is an object whose type is one of " + ", ".join(REQUESTS) + ".")
    kind = REQUESTS[row["type"]]
    hints = get_type_hints(kind)
    given = {name: value for name, value in row.items() if name != "type"}
    unknown = given.keys() - hints.keys()
    absent = [f.name for f in fields(kind) if f.default is MISSING and f.name not in given]
    if unknown or absent:
        raise RequestError(f"A request of type {row['type']} takes {', '.join(hints) or 'no field'}.")
    for name, value in given.items():
        _check(name, value, hints[name])
    return kind(**given)


def hello() -> str:
    """The first message, as JSON."""
    signals = {
        tone.value: asdict(signal) | {"pause_ms": signal.pause_ms, "shakes_ms": signal.shakes_ms}
        for tone, signal in SIGNALS.items()
    }
    actions = []
    for what in menu():
        title, _, explanation = what.text.partition(": ")
        actions.append({"name": what.name, "title": title, "explanation": explanation, "needs": what.needs})
    return _dumped({"type": "hello", "texts": texts("page"), "signals": signals, "actions": actions})


def message_of(state: State) -> str:
    """A state as JSON."""
    return _dumped({"type": "state", **asdict(state)})


def ended() -> str:
    """The last message, as JSON."""
    return _dumped({"type": "ended"})


def _check(name: str, value: object, wanted: Any) -> None:
    allowed = get_args(wanted) if isinstance(wanted, UnionType) else (wanted,)
    if type(value) not in allowed:  # a bool is no int here
        raise RequestError(f"{name} cannot be {value!r:.40}.")
    if isinstance(value, int) and abs(value) > PIECES_MAX:
        raise RequestError(f"{name} is too large.")
    if isinstance(value, str):
        try:
            length = len(value.encode())
        except UnicodeEncodeError:
            raise RequestError(f"{name} holds half a character.") from None
        if length > BARCODE_BYTES_MAX:
            raise RequestError(f"{name} is {length} bytes long; at most {BARCODE_BYTES_MAX} are taken.")


def _dumped(row: dict[str, Any]) -> str:
    return json.dumps(row, ensure_ascii=False, separators=(",", ":"))
