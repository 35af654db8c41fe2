"""The same facts in two orders of arrival and in two batchings: scans at two sites, files, and what the office does.

Each fact has its own moment, whenever it arrives. What the server says because of it has the moment of arrival, which
is one for all.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any, Final

import sqlalchemy as sa
from hypothesis import note

from server.database import reading, stamp, writing
from server.effects import take_effect
from server.ledger import Entry, append
from server.tables import cases, sites, stock_levels, unit_states
from server.upkeep import verify
from sync.event import format_name
from tests.handheld import DAY
from tests.server.accepted import accepted
from tests.server.office import take
from tests.server.ready_tables import lay_file
from tests.server.site import FOLDED, SITE, site

NORTH: Final = "north"
SCANS: Final = (7, 12)
"""So many at least and at most."""
SECONDS: Final = range(30)
"""When a scan is made, unless its action says otherwise."""
_ARRIVES_MS: Final = DAY + 900_000
_AT: Final = {1: SITE, 2: SITE, 3: NORTH}
"""Handhelds, and where each is."""

Says = Mapping[str, Mapping[str, Sequence[Any]]]
"""Action -> what it may say in each field, None for nothing; `second` is when."""
Act = Callable[[], object]


@dataclass(frozen=True, slots=True)
class Scan:
    """One scan that arrives at a site."""

    site: str
    entry: Entry


@dataclass(frozen=True, slots=True)
class File:
    """A file, and the moment from which it counts."""

    kind: str
    content: str
    now_ms: int


Happening = Scan | File | Act


@dataclass(frozen=True, slots=True, kw_only=True)
class Trade:
    """What may be scanned, and what else happens: first of all, or at any time but in this order."""

    says: Says
    """At the site, and below at the other one."""
    north: Says | None = None
    first: Sequence[File | Act] = ()
    any_time: Sequence[File | Act] = ()


def story_of(trade: Trade, rng: Random) -> list[Scan]:
    """Some scans of three handhelds at two sites, with their moments."""
    made: list[Scan] = []
    for seq in range(1, rng.randint(*SCANS) + 1):
        device_no = rng.choice([1, 2] if trade.north is None else [1, 2, 3])
        where = _AT[device_no]
        says = (trade.says if where == SITE else trade.north) or {}
        action = rng.choice(sorted(says))
        said = {name: rng.choice(choices) for name, choices in {"second": SECONDS, **says[action]}.items()}
        second = said.pop("second")
        here = [event for scan in made if scan.site == where and (event := scan.entry.event)]
        if action == "void":
            if not here:
                continue
            undone = rng.choice(here)
            said |= {"subject": undone.subject, "voids": format_name(undone.name)}
        said = {name: value for name, value in said.items() if value is not None}
        doubt_ms = rng.choice([0, 500, 3_000])
        made.append(Scan(where, accepted(device_no, seq, action, second=second, uncertainty_ms=doubt_ms, **said)))
    return made


def arrival(trade: Trade, story: Sequence[Scan], rng: Random) -> list[list[Happening]]:
    """The scans of a story in some order, and in between what may happen at any time; in batches."""
    mixed: list[Happening] = rng.sample(story, len(story))
    for what in reversed(trade.any_time):
        last = next((n for n, one in enumerate(mixed) if not isinstance(one, Scan)), len(mixed))
        mixed.insert(rng.randint(0, last), what)
    return list(_batches(mixed, rng))


def _batches(happenings: Sequence[Happening], rng: Random) -> Iterator[list[Happening]]:
    """In this order; scans of one site together, and what is no scan by itself."""
    batch: list[Happening] = []
    room = 0
    for one in happenings:
        together = [each.site for each in (*batch, one) if isinstance(each, Scan)]
        if batch and (room == 0 or len(together) <= len(batch) or len({*together}) > 1):
            yield batch
            batch = []
        room = room - 1 if batch else rng.randrange(4)
        batch.append(one)
    yield batch


@dataclass(frozen=True, slots=True)
class Known:
    """What all of it came to."""

    rows: list[str]
    """Units, pieces and cases."""
    wrong: list[str]
    """What of it is stored otherwise than a fold of the whole ledger says."""


def in_two_orders(trade: Trade, rng: Random) -> tuple[Known, Known]:
    """What one story came to, told in two ways; a test that fails shows both."""
    story = story_of(trade, rng)
    one, other = (arrival(trade, story, rng) for _ in range(2))
    note(f"{one}\nand\n{other}")
    return comes_to(trade, one), comes_to(trade, other)


def comes_to(trade: Trade, batches: Sequence[Sequence[Happening]]) -> Known:
    """What is known in the end."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "warehouse.sqlite3"
        lay_file(path)
        with site(f"sqlite:///{path}"):
            with writing() as c:
                c.execute(sites.insert().values(site=NORTH, name=NORTH, codes={}))
            for batch in [*([one] for one in trade.first), *batches]:
                _happen(batch)
            tables = {table.name for table in FOLDED}
            wrong = [said for each in (SITE, NORTH) for said in verify(each, lambda _: None)]
            return Known(_known(), [said for said in wrong if said.partition(" ")[0] in tables])


def _happen(batch: Sequence[Happening]) -> None:
    entries: list[Entry] = []
    for one in batch:
        if isinstance(one, Scan):
            entries.append(one.entry)
        elif isinstance(one, File):
            take(one.kind, one.content, now_ms=one.now_ms)
        else:
            one()
    if entries:
        where = _AT[entries[0].device_no]
        with writing() as c:
            append(c, where, _ARRIVES_MS, sorted(entries, key=lambda entry: (entry.device_no, entry.seq)))
            take_effect(c, where, [entry.fact(_ARRIVES_MS) for entry in entries], _ARRIVES_MS, stamp(c))


_LEFT_OUT: Final = frozenset({"stamp", "episode", "evidence", "closed_by"})
_NUMBERED: Final = ((re.compile(r"\b0\.\d+\.\d+"), "the server"), (re.compile(r"(TRANSFER-\d)-\d+"), r"\1"))
"""What is numbered in the order in which it came: the server's own facts, and a transfer's notices."""


def _known() -> list[str]:
    """What is known of units and pieces, and every case."""
    found = []
    with reading() as c:
        for table in (unit_states, stock_levels, cases):
            for row in c.execute(sa.select(*(one for one in table.c if one.name not in _LEFT_OUT))).mappings():
                text = " ".join(f"{name}={value!r}" for name, value in row.items() if value not in (None, []))
                for pattern, instead in _NUMBERED:
                    text = pattern.sub(instead, text)
                found.append(f"{table.name} {text}")
    return sorted(found)
