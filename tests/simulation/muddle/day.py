"""One muddled day: files, scans and office acts in any order at two sites, from a seed.

Handhelds send what part of their queue gets through, with gaps and again, hours after it was scanned. Whatever comes
first, what is stored has to be what a fold of the whole ledger says (promise 7).
"""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any, Final

import sqlalchemy as sa

from server import document_names, documents
from server.database import reading, writing
from server.document_file import draft
from server.document_kinds import KINDS
from server.documents import DocumentError
from server.ingest import ingest
from server.sites import add_site
from server.tables import devices
from server.upkeep import verify
from sync.event import EventError, ScanEvent, decode
from tests.handheld import DAY, Chain
from tests.server.office import office
from tests.simulation.layout import SITE
from tests.simulation.muddle import acts, scans
from tests.simulation.muddle.aside import copy_of, garble
from tests.simulation.muddle.files import FILES

STEPS: Final = 45
LOOKED_AT_EVERY: Final = 4
AT: Final = {1: SITE, 2: SITE, 3: SITE, 4: acts.OTHER_SITE, 5: acts.OTHER_SITE}
"""Handhelds, and where each is."""
_OPENS_MS: Final = DAY + 4_000_000
_STEP_MS: Final = 30_000


@dataclass(slots=True)
class _Queue:
    """A handheld's scans, and which of them it sent."""

    chain: Chain
    sent: set[int] = field(default_factory=set)

    @property
    def number(self) -> int:
        return self.chain.device_no


class Day:
    """One day, on an empty database."""

    def __init__(self, seed: int, database_url: str, folder: Path) -> None:
        self.told: list[str] = []
        """What happened, a line each."""
        self._rng = Random(seed)
        self._database_url = database_url
        self._folder = folder
        self._now_ms = _OPENS_MS
        self._scanned = 0
        self._queues = [_Queue(Chain(n, wall_error_ms=self._rng.choice((0, 0, 60_000)))) for n in AT]
        self._counted = self._rng.choice((0.05, 0.4))
        """How much of the day's work is counting."""
        self._files = sorted(self._rng.sample(FILES, len(FILES)), key=self._is_early)

    def _is_early(self, file: tuple[str, str]) -> bool:
        """Mostly the list of products comes first."""
        return file[0] != "products" or self._rng.random() < 0.15

    def happen(self, steps: int = STEPS) -> list[str]:
        """Let it happen; the first things that are stored otherwise than the ledger says."""
        with office(self._database_url, self._folder, now_ms=lambda: self._now_ms):
            self._open()
            for step in range(steps):
                self._step()
                if step % LOOKED_AT_EVERY == LOOKED_AT_EVERY - 1 or step == steps - 1:
                    wrong = [said for site in (SITE, acts.OTHER_SITE) for said in verify(site, lambda _: None)]
                    if wrong:
                        return wrong
        return []

    def _open(self) -> None:
        with writing() as c:
            add_site(
                c, code=acts.OTHER_SITE, name="North", company_prefix=None, beside=SITE, operator="Sam", now_ms=DAY
            )
            for number, where in AT.items():
                role = "admin" if number != 2 else "picker"
                values = {"device_no": number, "site": where, "name": f"HH-{number}", "role": role}
                c.execute(devices.insert().values(public_key=bytes(32), enrolled_ms=DAY - 10_000_000, **values))

    def _step(self) -> None:
        self._now_ms += _STEP_MS
        (what,) = self._rng.choices(
            (self._scan, self._take_in, self._act), (10, 2.5 if self._files else 0, 5)
        )  # fmt: skip
        what()

    def _act(self) -> None:
        self.told.append(acts.act(self._rng, self._now_ms))

    def _take_in(self) -> None:
        """A file, now and then one that came before."""
        is_new = self._rng.random() < 0.8
        kind, content = self._files.pop(0) if is_new else self._rng.choice(FILES)
        site = acts.OTHER_SITE if kind in ("products", "locations") and self._rng.random() < 0.2 else SITE
        self.told.append(f"{kind} at {site}: {content!r}")
        with reading() as c:
            names = document_names.read(c, site)
        found = draft(io.BytesIO(content.encode()), KINDS[kind], site=site, names=names)
        with found.spool:
            if found.errors:
                self.told.append(f"refused: {found.errors[0]}")
                return
            try:
                documents.take(found, operator="Rosa", now_ms=self._now_ms, pause=lambda _: None)
            except DocumentError as error:
                self.told.append(f"refused: {error}")

    def _scan(self) -> None:
        """Somebody scans up to three things, or counts a bin, and sends what gets through."""
        rng = self._rng
        number = rng.choice((1, 1, 2, 3, 3, 4, 5))
        queue = rng.choice([queue for queue in self._queues if queue.number == number])
        if len(self._queues) == len(AT) and rng.random() < 0.02:
            self._queues.append(_Queue(copy_of(queue.chain), set(queue.sent)))
            self.told.append(f"{number} is copied after {len(queue.chain.lines)}")
        if rng.random() < self._counted:
            things = scans.counted(rng)
        else:
            things = [scans.draw(rng, self._before(number)) for _ in range(rng.randint(1, 3))]
        for thing in things:
            self._commit(queue.chain, *thing)
        self._send(queue, is_whole=things[0][0] == "open_bin" and rng.random() < 0.6)

    def _commit(self, chain: Chain, action: str, subject: str | None, said: dict[str, Any]) -> None:
        rng = self._rng
        self._scanned += 1
        at_ms = min(DAY + rng.choice((20_000 * self._scanned, rng.randint(0, 3_900_000))), self._now_ms - 1)
        name = f"{chain.device_no}{chain.boot[6:]}.{len(chain.lines) + 1}"
        try:
            event = chain.scan(at_ms, action, subject, operator=rng.choice(("Ravi", "Rosa")), **said)
            if rng.random() < 0.04:
                garble(chain, event)
        except EventError as error:
            self.told.append(f"not scanned: {error}")
            return
        self.told.append(f"{name} at {(at_ms - DAY) // 1000} s: {action} {subject} {said}")
        if rng.random() < 0.05:
            chain.boot += "'"  # what it holds is known to within five minutes from now on

    def _before(self, number: int) -> list[ScanEvent]:
        """Scans that somebody at this handheld may undo: mostly their own."""
        near = [n for n, where in AT.items() if where == AT[number] and (n == number or self._rng.random() < 0.3)]
        return [decode(line) for queue in self._queues if queue.number in near for line in queue.chain.lines]

    def _send(self, queue: _Queue, *, is_whole: bool) -> None:
        rng, chain, number = self._rng, queue.chain, queue.number
        waiting = [seq for seq in range(1, len(chain.lines) + 1) if seq not in queue.sent]
        if not waiting or (rng.random() < 0.3 and not is_whole):
            return
        first, last = waiting[0], len(chain.lines)
        middle = (first + last) // 2
        if not is_whole:
            first, last = rng.choice(((first, last), (first, last), (first, middle), (min(last, middle + 1), last)))
        first = rng.choice((1, first)) if rng.random() < 0.1 else first  # a reply was lost
        queue.sent |= set(range(first, last + 1))
        self.told.append(f"{number}{chain.boot[6:]} sends {first} to {last}")
        header, lines = chain.push(first, last, now_ms=self._now_ms)
        with writing() as c:
            device = c.execute(sa.select(devices).where(devices.c.device_no == number)).mappings().one()
            done = ingest(c, device, header, lines, now_ms=self._now_ms)
        assert not done.failed, done
