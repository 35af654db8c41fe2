"""What the page asks of the program behind it: the other half of `protocol.py`, plain JSON likewise.

A request is an object with a `type` of `REQUESTS`, the fields of the class named there, and a `number` of its own: 1 to
`NUMBER_MAX` printable ASCII characters that no other page and no other request has. Where no answer came, the page asks
again with the same number: it is taken once (`register.py`), and the answer says whether it was.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields
from types import UnionType
from typing import Any, Final, get_args, get_type_hints

from scanner_client.task import Assignment
from sync.event import BARCODE_BYTES_MAX

PIECES_MAX: Final = 2**53 - 1
NUMBER_MAX: Final = 64
_NUMBER: Final = re.compile(rf"[!-~]{{1,{NUMBER_MAX}}}")


class RequestError(ValueError):
    """What the page sent is no request; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scanned:
    """A wedge scanner typed this, FNC1 as U+001D; or one of the commands of `typed.py`."""

    text: str
    by_wedge: bool = False
    """Whether it stood in a label: then it is no command, whoever printed it."""


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
    """Take back the last scan; or any one of the list, with a reason."""

    event: str | None = None
    """Its name, as the list has it."""
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ListScans:
    """Show the last scans of this handheld, with what hangs on each."""

    shown: bool = True
    """No: the list is closed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """In what condition the last scan's unit is, or with `last` false the next one's."""

    condition: str
    last: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Photograph:
    """Keep the camera's newest picture with the last scan."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Photographed:
    """A picture that the page itself took or chose, for the last scan; it comes as the body of a request of its own."""

    picture: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreadable:
    """A label is here that a person cannot read either."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Short:
    """What the pick list asks for next cannot be found, and why."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseCarton:
    """The carton in hand is full: close it for its order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FinishBin:
    """Everything in the open bin has been scanned, or it is empty."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Present:
    """A badge, typed by hand: what its label says, or its code alone."""

    badge: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EnterPin:
    """The PIN of the badge that was presented last."""

    pin: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ForgetPin:
    """Whoever presented the badge does not sign in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignOut:
    """Whoever is signed in goes away."""


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
    "scans": ListScans,
    "condition": Condition,
    "photograph": Photograph,
    "unreadable": Unreadable,
    "short": Short,
    "close": CloseCarton,
    "finish": FinishBin,
    "present": Present,
    "pin": EnterPin,
    "forget_pin": ForgetPin,
    "sign_out": SignOut,
    "sync": SyncNow,
    "camera": OpenCamera,
    "save": SavePicture,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A request with its number."""

    number: str
    request: Any
    """An instance of one of the classes in `REQUESTS`."""


def asked_of(row: object) -> Asked:
    """The request in a decoded JSON value, with its number.

    Raises:
        RequestError: it is none.
    """
    if not isinstance(row, Mapping) or not isinstance(row.get("type"), str) or row["type"] not in REQUESTS:
        raise RequestError("A request is an object whose type is one of " + ", ".join(REQUESTS) + ".")
    number = row.get("number")
    if not isinstance(number, str) or not _NUMBER.fullmatch(number):
        raise RequestError(f"A request has a number of 1 to {NUMBER_MAX} printable ASCII characters.")
    given = {name: value for name, value in row.items() if name not in ("type", "number")}
    return Asked(number=number, request=_request(row["type"], given))


def photographed(number: str, picture: bytes) -> Asked:
    """A picture as the request that it is.

    Raises:
        RequestError: the number is none.
    """
    if not _NUMBER.fullmatch(number):
        raise RequestError(f"A request has a number of 1 to {NUMBER_MAX} printable ASCII characters.")
    return Asked(number=number, request=Photographed(picture=picture))


def _request(name: str, given: dict[str, Any]) -> Any:
    kind = REQUESTS[name]
    hints = get_type_hints(kind)
    unknown = given.keys() - hints.keys()
    absent = [f.name for f in fields(kind) if f.default is MISSING and f.name not in given]
    if unknown or absent:
        raise RequestError(f"A request of type {name} takes {', '.join(hints) or 'no field'}.")
    for given_name, value in given.items():
        _check(given_name, value, hints[given_name])
    return kind(**given)


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
