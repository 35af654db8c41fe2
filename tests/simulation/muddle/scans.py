"""What people scan on such a day: mostly sense, but never in the order that the office would wish."""

from __future__ import annotations

from random import Random
from typing import Any, Final

from sync.actions import ACTIONS
from sync.event import ScanEvent, format_name
from tests.handheld import BIN_A, BIN_B, BIN_C, DOCK
from tests.simulation.muddle.counting import BINS, SCANNED
from tests.simulation.muddle.files import BOXES, IMEI, LOTS, PARCEL, PIECES, PLATE, QUARANTINE, UNITS

PLACES: Final = (DOCK, BIN_A, BIN_B, BIN_C, QUARANTINE)
_OFTEN: Final = {
    "void": 6, "pick": 5, "pack": 5, "receive": 4, "put_away": 4, "ship": 4, "take_back": 4, "move": 3, "link": 3,
    "unpack": 2, "examine": 2, "unlink": 2, "parcel_back": 2, "label_parcel": 2, "short_pick": 2, "inspect": 2,
    "restock": 1, "refurbish": 1, "scrap": 1, "reject_return": 1, "quarantine": 1, "clear": 1, "close_carton": 1,
    "count": 3, "open_bin": 3, "finish_bin": 3, "grade": 1, "reject": 1, "open_repair": 1, "close_repair": 1,
    "lend": 1, "end_loan": 1, "give_replacement": 1, "keep_replaced": 1, "unreadable": 1, "tell_apart": 1,
    "return_to_vendor": 1,
}  # fmt: skip
"""Actions, each with how often it is drawn."""
_THINGS: Final = (*UNITS, *UNITS, *BOXES, IMEI, PLATE, PARCEL, *PIECES)
_FOR_ORDERS: Final = frozenset({
    "pick", "pack", "ship", "short_pick", "close_carton", "unpack", "label_parcel", "put_away", "move", "lend",
    "give_replacement", "reject_return",
})  # fmt: skip
_UNDER: Final = {
    "receive": ("ASN-1", "ASN-1", "ASN-2", "PO-1", "TRANSFER-1", None),
    "count": SCANNED,
    "take_back": ("RMA-1", "RMA-2", "SO-1", None),
    "examine": ("RMA-1", None),
    "tell_apart": ("ASN-1",),
} | dict.fromkeys(_FOR_ORDERS, ("SO-1", "SO-1", "SO-2", "TRANSFER-1", "TRANSFER-1", None))
_EXAMINED: Final = {"seal": "broken", "evidence": "sha256:1", "condition": "opened"}
_WHERE_ONLY: Final = ("open_bin", "finish_bin", "unreadable")

Scan = tuple[str, str | None, dict[str, Any]]
"""Action, subject, and what else it says."""


def draw(rng: Random, before: list[ScanEvent]) -> Scan:
    """One scan; `before` are those that one of these people may take back, the latest last."""
    (action,) = rng.choices(tuple(_OFTEN), tuple(_OFTEN.values()))
    if action == "void" and before:
        return _undo(rng, rng.choice(before[-8:]))
    if action == "void":
        action = "inspect"
    said: dict[str, Any] = {"location": rng.choice(PLACES), "document": rng.choice(_UNDER.get(action, (None,)))}
    if action in _WHERE_ONLY:
        return action, None, said | {"document": None if action == "unreadable" else rng.choice(SCANNED)}
    subject = rng.choice(UNITS if action in ("link", "unlink", "label_parcel") else _THINGS)
    said |= _around(rng, action, subject) | _of_pieces(rng, subject)
    if action in ("take_back", "examine"):
        said["reason"] = rng.choice(("defect", "defect", "fit"))
    said |= _EXAMINED if action == "examine" else {"condition": "damaged"} if action == "grade" else {}
    needed = {"reason": "why", "document": rng.choice(("SO-1", "SO-2"))}
    said |= {name: needed[name] for name in ACTIONS[action].needs if name in needed and not said.get(name)}
    return action, subject, {name: value for name, value in said.items() if value is not None}


def counted(rng: Random) -> list[Scan]:
    """Somebody counts bins, mostly all of a count: opens each, scans this and that, finishes it."""
    number = rng.choice(SCANNED)
    bins = BINS.get(number, PLACES[:3])
    found: list[Scan] = []
    for place in bins if rng.random() < 0.7 else rng.sample(bins, 1):
        said = {"location": place, "document": number}
        things = [rng.choice((*UNITS, *UNITS, IMEI, BOXES[0], *PIECES)) for _ in range(rng.randint(0, 3))]
        found.append(("open_bin", None, said))
        found += [("count", thing, said | _of_pieces(rng, thing)) for thing in things]
        found.append(("finish_bin", None, said))
    return found


def _undo(rng: Random, undone: ScanEvent) -> Scan:
    document = undone.document if rng.random() < 0.7 else None
    said = {"voids": format_name(undone.name), "reason": "mistake", "location": undone.location, "document": document}
    return "void", undone.subject, {name: value for name, value in said.items() if value is not None}


def _around(rng: Random, action: str, subject: str) -> dict[str, Any]:
    """In what it is, and what else is read on it."""
    said: dict[str, Any] = {}
    if action in ("receive", "pack", "unpack") or (action in ("move", "put_away") and rng.random() < 0.25):
        said["container"] = rng.choice([box for box in BOXES if box != subject])
    is_read = action in ("receive", "put_away", "inspect") and rng.random() < 0.15 and subject not in PIECES
    if action in ("link", "unlink", "label_parcel") or is_read:
        said["identifiers"] = (PARCEL if subject in BOXES else rng.choice((IMEI, PLATE, PARCEL, UNITS[0])),)
    return said


def _of_pieces(rng: Random, subject: str) -> dict[str, Any]:
    if subject not in PIECES:
        return {"lot": rng.choice(("LX", "LY"))} if rng.random() < 0.12 else {}
    said: dict[str, Any] = {"quantity": rng.randint(1, 3)}
    if rng.random() < 0.5:
        said["origin"] = rng.choice((*PLACES, BOXES[0]))
    return said | ({"lot": subject[-2:]} if subject in LOTS else {})
