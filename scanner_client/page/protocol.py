"""What the page and the program behind it say to each other: plain JSON, defined here and nowhere else.

The program sends messages, each an object with a `type`:

- ``hello``, once for each connection: ``language``, ``texts`` (every text of the page by its key), ``signals`` (how
  each tone looks, sounds and shakes, see `feedback.py`), ``conditions``, ``seals``, ``reasons`` (word and text of each
  that can be said of a thing, of its seal, and of why it came back), ``actions``
  (what can be chosen: ``name``, ``title``, ``explanation``, ``needs``).
- ``state``, at once and after every change: the fields of `State`, whole each time. A change that comes before the one
  ahead of it was sent replaces it; nothing queues up. `ScanShown.n` tells which scans the page has not sounded yet.
- ``full``, after ``hello`` and instead of any state: ``pages`` are open already, and more there may not be.
- ``ended``, when the program ends in good order.

The page sends requests (`requests.py`). A request is answered with nothing but whether it was taken; what it led to
comes with the next state.

Over HTTP (`server.py`, `engine.js`) messages are server-sent events of ``GET /messages``, requests the bodies of
``POST /requests``, a picture of the last scan the body of ``POST /photograph``, and ``GET /picture?after=N`` is the
newest camera picture as JPEG, once there is one numbered above N. In an Android browser that
decodes by itself another engine keeps to the same messages and requests.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any

from scanner_client.assignment import menu
from scanner_client.feedback import SIGNALS
from scanner_client.sighting import Tone
from scanner_client.wording import action_words, language, texts
from sync.condition import CONDITIONS
from sync.returning import REASONS, SEALS


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
class BegunShown:
    """What became of a task that a page asked for."""

    number: str
    """Of the request."""
    field: str
    """The one of its fields that is wrong; empty where none alone is."""
    trouble: str
    """Why the task cannot begin, in a sentence; empty where it has begun."""


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
class StopShown:
    """One bin of the pick list, and what to take there."""

    bin: str
    takes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PicksShown:
    """The pick list of the order that is being picked. Bounded."""

    order: str
    progress: str
    """"3 of 7"."""
    next: StopShown | None
    """None where nothing is to be taken any more."""
    then: tuple[StopShown, ...]
    more: str
    """How many bins follow these, in words; empty where none do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CountBinShown:
    """One bin of the count in hand."""

    code: str
    state: str
    """``todo``, ``open`` or ``done``."""
    note: str
    """Whose it is, where that is somebody else; or that one counted it before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CountShown:
    """The bins that one is to count, in walking order; bounded by what one count takes."""

    title: str
    bins: tuple[CountBinShown, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PackingShown:
    """The order that is being packed. Bounded."""

    order: str
    progress: str
    """"2 of 3"."""
    missing: tuple[str, ...]
    inside: str
    """What is in the open carton, in words; empty where none is open."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturningShown:
    """What came back and is being examined; or a parcel's label was read, and nobody has said whether it was opened."""

    thing: str
    outcome: str
    """Word of the verdict; empty for a parcel."""
    reasons: tuple[str, ...]
    """Why, in words."""
    next: str
    """What lacks, in words; empty where nothing does."""
    lacks: tuple[str, ...]
    """Words of what lacks: `seal_missing`, ..."""
    parcel: bool


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
class CrewShown:
    """Who is signed in."""

    required: bool = False
    """Whether somebody has to be, before anything is kept."""
    name: str = ""
    """Who is signed in; empty where nobody is."""
    role: str = ""
    """In words."""
    actions: tuple[str, ...] = ()
    """What they may choose."""
    asks: str = ""
    """Whose PIN is awaited."""
    trouble: str = ""
    """Why the last badge or PIN was not taken."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PastShown:
    """A scan of this handheld that can be undone, or was."""

    name: str
    time: str
    title: str
    thing: str
    where: str
    undone: bool
    sent: bool
    """Whether the server has it."""
    depends: tuple[str, ...]
    """What hangs on it, a sentence each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PastList:
    """The last scans of this handheld, while a page looks at them."""

    scans: tuple[PastShown, ...]
    reasons: tuple[str, ...]
    """Why one might be undone; any other words will do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """All that the page shows."""

    task: TaskShown | None = None
    open_bin: str = ""
    """The bin whose count has begun and is not finished: another task finishes it. Empty where there is none."""
    begun: tuple[BegunShown, ...] = ()
    """The last ones, the newest first."""
    scans: tuple[ScanShown, ...] = ()
    """The last ones, the newest first."""
    stops: tuple[ScanShown, ...] = ()
    """The last ones that must not be moved, likewise: one that scrolled by still waits for a person to put it away."""
    kept: int = 0
    """Events committed since the program began."""
    check: CheckShown | None = None
    picks: PicksShown | None = None
    count: CountShown | None = None
    packing: PackingShown | None = None
    returning: ReturningShown | None = None
    camera: CameraShown | None = None
    reads: str = ""
    """How many of the labels before the camera are read, in words."""
    question: QuestionShown | None = None
    queue: QueueShown | None = None
    crew: CrewShown | None = None
    past: PastList | None = None


def hello() -> str:
    """The first message, as JSON."""
    signals = {
        tone.value: asdict(signal) | {"pause_ms": signal.pause_ms, "shakes_ms": signal.shakes_ms}
        for tone, signal in SIGNALS.items()
    }
    actions = []
    for what in menu():
        title, explanation = action_words(what.name)
        actions.append({"name": what.name, "title": title, "explanation": explanation, "needs": what.needs})
    return _dumped(
        {
            "type": "hello",
            "language": language(),
            "texts": texts("page"),
            "signals": signals,
            "actions": actions,
            "conditions": list(CONDITIONS.items()),
            "seals": list(SEALS.items()),
            "reasons": list(REASONS.items()),
        }
    )


def message_of(state: State) -> str:
    """A state as JSON."""
    return _dumped({"type": "state", **asdict(state)})


def full(pages: int) -> str:
    """What a page is told beside which so many are open, as JSON."""
    return _dumped({"type": "full", "pages": pages})


def ended() -> str:
    """The last message, as JSON."""
    return _dumped({"type": "ended"})


def _dumped(row: dict[str, Any]) -> str:
    return json.dumps(row, ensure_ascii=False, separators=(",", ":"))
