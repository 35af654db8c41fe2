"""A recall of a lot of 2,000 units in six places: a server in processes of its own, and handhelds as they are.

Three of six handhelds are offline when it begins. Whoever is online obeys as soon as it has heard, the others from
their next sync; then everything is set apart or answered for, and nothing may be left over.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from typing import Final

from flask import Flask

from scanner_client.background import Background
from scanner_client.clock import system_clock
from scanner_client.enrol_command import enrol
from scanner_client.handheld import Handheld, open_handheld
from scanner_client.session import Session
from scanner_client.sighting import Sighting, Symbol, Told, Tone
from scanner_client.task import Task
from scanner_client.transport import Answer, Transport, TransportError
from scanner_client.uploader import Uploader
from server import create_app
from server.context import now_ms, settings
from server.database import db, reading, transact
from server.recalls import book
from server.recalls.account import Progress, progress
from server.recalls.asked import Asked
from server.recalls.customers import answer, customers
from server.recalls.outcomes import Said
from server.setup import set_up
from sync.verdict import STOPPED
from tests.end_to_end.site import Site
from tests.server.office import LAMP, take

SITE: Final = "main"
BINS: Final = ("A-01", "A-02", "B-01", "B-02", "STAGE", "Q-01")
CARTONS: Final = {"A-02": "106141412345678908", "B-01": "106141412345678915", "B-02": "106141412345678922"}
"""By the bin that each stands in."""
PARCELS: Final = tuple(f"CTN-{n}" for n in range(1, 11))
HELD_IN_PARCELS: Final = 10
"""Units packed into each; half of the parcels have left before the recall."""
WAIT_SECONDS_MAX: Final = 120.0
"""A bound on liveness alone, however slow the machine is."""


@dataclass(kw_only=True)
class Hand:
    """One handheld at work, whose radio can be cut."""

    handheld: Handheld
    online: bool = True
    background: Background | None = None
    heard: Event = field(default_factory=Event)
    heard_ms: int | None = None

    def scans(self, action: str, *labels: bytes, **task: object) -> list[Told]:
        """A session of this action: what each label led to."""
        session = Session(self.handheld, Task(action=action, operator="Rosa", **task))  # type: ignore[arg-type]
        told = []
        for label in labels:
            symbology = {b"01": "]d2", b"00": "]C1"}.get(label[:2], "]C0")
            told += session.scan(Sighting(symbols=(Symbol(data=label, symbology=symbology),), entry="wedge"))
            if session.hand_over.asks():
                told += self._asks(session)
        return told

    def _asks(self, session: Session) -> list[Told]:
        """What the program does by itself: it asks the server, and goes on with the answer."""
        assert self.background is not None
        return session.go_on(heard=not self.background.sync_now(WAIT_SECONDS_MAX).failures)

    def looked(self) -> None:
        """After each round of the sync: does it hold the recall by now?"""
        if not self.heard.is_set() and self.handheld.site_map.recalls():
            self.heard_ms = now_wall_ms()
            self.heard.set()


class Radio(Transport):
    """The handheld's own HTTP, as long as it is in reach."""

    def __init__(self, reaches: Callable[[], bool]) -> None:
        super().__init__()
        self._reaches = reaches

    def post(self, address: str, path: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        if not self._reaches():
            raise TransportError("The radio is down.")
        return super().post(address, path, body, headers)


@dataclass(kw_only=True)
class Report:
    """What came of it."""

    units: int
    reached: int
    places: int
    heard_ms: list[int]
    """Of each handheld that was online: from the recall's beginning until it held it."""
    refused: int
    """Scans that were stopped."""
    let_through: list[str]
    """Movements of a recalled unit by a handheld that had heard of it."""
    held: int
    """Parcels that a handheld without a network kept here, before it had heard."""
    handed_over: int
    """Units handed over after the recall began, whatever the handheld knew."""
    took_ms: int | None
    open: int


def now_wall_ms() -> int:
    return time.time_ns() // 1_000_000


def unit_label(number: int) -> bytes:
    return b"01" + LAMP.encode() + b"21S" + str(number).encode()


def bin_label(code: str) -> bytes:
    return b"LOC:" + code.encode()


def fill(app: Flask, units: int, loose: int) -> None:
    """Products, bins, and the lot: some loose in a bin, the rest in cartons, an equal part in each."""
    take("products", f"gtin,sku,name,mode\n{LAMP},LAMP,Lamp,serial\n", now_ms=now_ms())
    zones = {"Q-01": "quarantine"}
    rows = "".join(f"{code},{zones.get(code, 'picking')}\n" for code in BINS)
    take("locations", "code,zone\n" + rows, now_ms=now_ms())
    cartons = [None] * loose + [list(CARTONS.values())[n % len(CARTONS)] for n in range(units - loose)]
    lines = [
        f"{LAMP},S{n},L1,{'' if carton else 'A-01'},{carton or ''}\n" for n, carton in enumerate(cartons)
    ]  # fmt: skip
    take("stock", "gtin,serial,lot,location,container\n" + "".join(lines), now_ms=now_ms())
    orders = "".join(f"SO-{n},{LAMP},{HELD_IN_PARCELS},Customer {n}\n" for n in range(1, len(PARCELS) + 1))
    for line in orders.splitlines():
        take("order", "number,gtin,quantity,customer\n" + line + "\n", now_ms=now_ms())


@contextmanager
def hands(site: Site, folder: Path, count: int) -> Iterator[list[Hand]]:
    """So many handhelds, enrolled and syncing by themselves."""
    with ExitStack() as stack:
        made = []
        for number, code in enumerate(site.invitations(count)):
            handheld = stack.enter_context(open_handheld(folder / f"hand-{number}", system_clock()))
            hand = Hand(handheld=handheld)
            radio = Radio(lambda hand=hand: hand.online)  # type: ignore[misc]
            stack.callback(radio.close)
            enrol(handheld, code, radio, name=f"HH-{number}")
            hand.background = Background(Uploader(handheld, radio), wall_ms=now_wall_ms)
            stack.callback(hand.background.close)
            hand.background.start(hand.looked)
            made.append(hand)
        yield made


def recall_a_lot(folder: Path, database_url: str, *, units: int = 2_000, loose: int = 150) -> Report:
    """The whole of it, on an empty database; `loose` of the units lie in a bin one by one."""
    app = create_app({"DATABASE_URL": database_url, "INSTANCE": folder / "instance", "SITE": SITE})
    with app.app_context():
        set_up(settings(), now_ms=now_ms(), password="correct horse battery")
        fill(app, units, loose)
    site = Site(folder=folder, database_url=database_url)
    site.start()
    try:
        site.wait_until_ready()
        with hands(site, folder, 6) as all_hands:
            return _recall(app, all_hands, units, loose)
    finally:
        site.kill()
        with app.app_context():
            db.engine.dispose()


def _recall(app: Flask, all_hands: list[Hand], units: int, loose: int) -> Report:
    online, offline = all_hands[:3], all_hands[3:]
    _stand(online[0], loose)
    _sync(all_hands)
    for hand in offline:
        hand.online = False
    with app.app_context():
        asked = Asked(number="RC-1", reason="battery", product=LAMP, lots=["L1"])
        begun = transact(lambda c: book.begin(c, site=SITE, asked=asked, operator="Quinn", now_ms=now_ms()))
    for hand in online:
        assert hand.heard.wait(WAIT_SECONDS_MAX), "a handheld that is online never heard of the recall"
    stopped = [_tries_everything(hand, n) for n, hand in enumerate(online)]
    kept_here = [
        hand.scans("ship", PARCELS[5 + n].encode(), document=f"SO-{6 + n}")[-1] for n, hand in enumerate(offline)
    ]
    for hand in offline:
        hand.online = True
    _sync(all_hands)
    stopped += [_tries_everything(hand, n) for n, hand in enumerate(offline)]
    _set_apart(all_hands, loose)
    _sync(all_hands)
    with app.app_context():
        _answered(app)
        found = _account()
    return Report(
        units=units,
        reached=found.pieces,
        places=len({(entry.thing.where, entry.thing.place) for entry in found.entries}),
        heard_ms=[hand.heard_ms - begun.since_ms for hand in online if hand.heard_ms is not None],
        refused=sum(len(told) for told in stopped),
        let_through=[one.text for told in stopped for one in told if not _is_stopped(one)],
        held=sum(told.event is None and told.tone is Tone.STOP for told in kept_here),
        handed_over=sum(entry.thing.quantity for entry in found.handed_over),
        took_ms=found.took_ms,
        open=found.open,
    )


def _stand(hand: Hand, loose: int) -> None:
    """The cartons are put into their bins, ten parcels are packed out of the loose ones, and half of them leave."""
    _sync([hand])
    for code, carton in CARTONS.items():
        hand.scans("put_away", bin_label(code), b"00" + carton.encode())
    for n, parcel in enumerate(PARCELS):
        picked = [unit_label(n * HELD_IN_PARCELS + k) for k in range(HELD_IN_PARCELS)]
        hand.scans("pack", parcel.encode(), *picked, document=f"SO-{n + 1}")
        if n < len(PARCELS) // 2:
            hand.scans("ship", parcel.encode(), document=f"SO-{n + 1}")
    assert loose > len(PARCELS) * HELD_IN_PARCELS


def _tries_everything(hand: Hand, number: int) -> list[Told]:
    """Each movement, of a loose unit, of a carton with such units, and of a parcel."""
    last = unit_label(101 + number)
    told = [hand.scans(action, bin_label("STAGE"), last)[-1] for action in ("put_away", "move", "receive")]
    told += [hand.scans("pick", last, document="SO-10", location=None)[-1]]
    told += [hand.scans("pack", b"CTN-99", last, document="SO-10")[-1]]
    told += [hand.scans("move", bin_label("STAGE"), b"00" + CARTONS["A-02"].encode())[-1]]
    return [*told, hand.scans("ship", PARCELS[6].encode(), document="SO-7")[-1]]


def _is_stopped(told: Told) -> bool:
    verdict = told.judgement.verdict if told.judgement else None
    return verdict in STOPPED and (told.event is None or told.event.action == "reject")


def _set_apart(all_hands: list[Hand], loose: int) -> None:
    """Cartons are taken to the recall's place as they are, parcels too; loose units one by one, shared out."""
    for hand, carton in zip(all_hands, CARTONS.values(), strict=False):
        hand.scans("move", bin_label("Q-01"), b"00" + carton.encode())
    for parcel in PARCELS[5:]:
        all_hands[0].scans("move", bin_label("Q-01"), parcel.encode())
    for number in range(len(PARCELS) * HELD_IN_PARCELS, loose):
        all_hands[number % len(all_hands)].scans("put_away", bin_label("Q-01"), unit_label(number))


def _sync(all_hands: list[Hand]) -> None:
    for hand in all_hands:
        assert hand.background is not None
        state = hand.background.sync_now(WAIT_SECONDS_MAX)
        assert state.trouble is None, state.trouble


def _account() -> Progress:
    with reading() as c:
        return progress(c, book.read(c, SITE, "RC-1"), site=SITE, now_ms=now_ms())


def _answered(app: Flask) -> None:
    """Every customer is written to, and answers."""
    found = _account()
    with reading() as c:
        orders = [one.order for one in customers(c, SITE, found)]
    for order in orders:
        said = Said(word="sends_back", operator="Quinn", now_ms=now_ms())
        transact(lambda c, order=order, said=said: answer(c, found, site=SITE, order=order, said=said))  # type: ignore[misc]
