"""Two sites send a tote to and fro, and people scan only some of what they do: the stock is what lies there in truth.

Each story is played by things that are really somewhere. Whoever has the tote packs it and hands it over by a scan, or
carries it back empty, by a scan or not. Who receives it scans its label, and takes the things out by a scan or not. The
receipt is closed at once, or after the tote has left again.
"""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from random import Random
from typing import Any, Final

import pytest
import sqlalchemy as sa

from server import document_names, documents
from server.database import reading, transact
from server.document_file import draft
from server.document_kinds import KINDS
from server.receipts.receipt import close_receipt
from server.tables import document_rows
from server.tables import documents as papers
from tests.handheld import BIN_A, BIN_B, CABLE, DAY, DOCK, PHONE, unit
from tests.server import test_transfer_notices as two_sites
from tests.server.site import SITE
from tests.server.test_totes import TOTE
from tests.server.test_transfer_notices import (
    MINUTE_MS,
    NORTH,
    Handheld,
    nothing_is_stored_otherwise_than_folded,
    open_cases,
    scan,
    stock,
)

here, door, there = two_sites.here, two_sites.door, two_sites.there
TRIPS: Final = 6
SEEDS: Final = range(6)
Said = tuple[str, str, dict[str, Any]]
"""A scan: action, subject, further fields."""


@dataclass
class Shop:
    """A site, and what is there in truth."""

    where: str
    handheld: Handheld
    transfer: str
    """Under which it sends to the other one."""
    units: set[str]
    cables: int
    in_bin: set[str] = field(default_factory=set)
    """Units that were last scanned into a bin; and cables, below."""
    cables_in_bin: int = 0


@dataclass
class Story:
    rng: Random
    minute: int = 100
    told: list[str] = field(default_factory=list)
    to_close: list[tuple[str, str]] = field(default_factory=list)
    """Site and number of receipts that are not closed yet."""

    def says(self, shop: Shop, *scans: Said) -> None:
        """Scan these one after the other, and send them."""
        scans_at = []
        for action, thing, about in scans:
            self.minute += 1
            self.told.append(f"{self.minute} {shop.where}: {action} {thing[-6:]} {', '.join(map(str, about.values()))}")
            scans_at.append(scan(self.minute, action, thing, **about))
        shop.handheld.says(*scans_at, at=self.minute)

    def close_some(self, *, every: bool = False) -> None:
        for where, number in [*self.to_close]:
            if every or self.rng.random() < 0.5:
                self.minute += 2
                self.told.append(f"{self.minute} {where}: close {number}")
                self.to_close.remove((where, number))
                self.close(where, number)

    def close(self, where: str, number: str) -> None:
        now_ms = DAY + self.minute * MINUTE_MS
        transact(lambda c: close_receipt(c, site=where, number=number, operator="Noor", now_ms=now_ms))


def order_from_north() -> None:
    """A transfer from there to the first site."""
    lines = "".join(f"TRANSFER-9,{item.rpartition('/')[2]},9,{SITE}\n" for item in (PHONE, CABLE))
    with reading() as c:
        names = document_names.read(c, NORTH)
    file = io.BytesIO(f"number,gtin,quantity,to_site\n{lines}".encode())
    found = draft(file, KINDS["order"], site=NORTH, names=names)
    with found.spool:
        documents.take(found, operator="Rosa", now_ms=DAY, pause=lambda _: None)


def announced_under(where: str) -> str:
    """The number under which the tote was announced there last."""
    d, r = papers.c, document_rows.c
    query = (
        sa.select(d.number)
        .join(document_rows, r.document == d.digest)
        .where(d.site == where, d.kind == "asn", r.subject == TOTE)
        .order_by(d.event_ms.desc(), d.number.desc())
    )
    with reading() as c:
        return str(c.execute(query).scalars().first())


def travels(story: Story, sender: Shop, to: Shop) -> bool:
    """The tote goes with a load, is received and unloaded; whether all that came in it was taken out by a scan."""
    rng = story.rng
    load = sorted(rng.sample(sorted(sender.in_bin), min(len(sender.in_bin), rng.randint(0, 2))))
    cables = min(sender.cables_in_bin, rng.choice((0, 0, 2, 5) if load else (1, 2, 5)))
    if rng.random() < 0.4:
        story.says(sender, ("move", TOTE, {"location": BIN_B}))
    things: list[tuple[str, dict[str, Any]]] = [(unit(serial), {}) for serial in load]
    things += [(CABLE, {"quantity": cables})] if cables else []
    scans = []
    for thing, about in things:
        from_bin = {"origin": BIN_A} if thing == CABLE else {}
        scans.append(("pick", thing, about | from_bin | {"document": sender.transfer}))
        scans.append(("pack", thing, about | {"container": TOTE, "document": sender.transfer}))
    story.says(sender, *scans, ("ship", TOTE, {"document": sender.transfer}))
    sender.units -= {*load}
    sender.in_bin -= {*load}
    sender.cables, sender.cables_in_bin = sender.cables - cables, sender.cables_in_bin - cables
    story.close_some()
    number = announced_under(to.where)
    story.says(to, ("receive", TOTE, {"document": number, "location": DOCK}))
    scanned = {serial for serial in load if rng.random() < 0.6}
    put_away = rng.choice((0, cables // 2, cables, cables))
    out: list[tuple[str, str, dict[str, Any]]] = [
        ("put_away", unit(serial), {"location": BIN_A}) for serial in sorted(scanned)
    ]
    out += [("move", CABLE, {"quantity": put_away, "origin": TOTE, "location": BIN_A})] if put_away else []
    if out:
        story.says(to, *out)
    to.units |= {*load}
    to.in_bin |= scanned
    to.cables, to.cables_in_bin = to.cables + cables, to.cables_in_bin + put_away
    if (to.where, number) not in story.to_close:
        story.to_close.append((to.where, number))
    story.close_some()
    return scanned == {*load} and put_away == cables


@pytest.mark.parametrize("seed", SEEDS)
def test_whatever_is_scanned_of_a_totes_trips_the_stock_of_both_sites_is_what_lies_there(
    here: Handheld, there: Handheld, seed: int
) -> None:
    order_from_north()
    home = {f"S{n}" for n in range(5)}
    main = Shop(SITE, here, "TRANSFER-1", {*home}, 40, {*home}, 40)
    away = {f"N{n}" for n in range(3)}
    north = Shop(NORTH, there, "TRANSFER-9", {*away}, 10, {*away}, 10)
    story = Story(Random(seed))
    arrive = [("receive", unit(serial), {"location": BIN_A}) for serial in sorted(away)]
    story.says(north, *arrive, ("put_away", CABLE, {"quantity": 10, "location": BIN_A}))
    sender, to = main, north
    for _ in range(TRIPS):
        all_out = travels(story, sender, to)
        back = story.rng.choice(("full", "by a scan", "unscanned")) if all_out else "unscanned"
        if back == "full":
            sender, to = to, sender
        elif back == "by a scan":  # whoever scans it out says that it leaves with what is in it
            story.says(to, ("ship", TOTE, {}))
    story.close_some(every=True)
    for shop in (main, north):
        lies = {PHONE: len(shop.units), CABLE: shop.cables}
        standing = {item: count for item, count in stock(shop.where).items() if count}
        assert standing == {item: count for item, count in lies.items() if count}, "\n".join([shop.where, *story.told])
    assert {rule for rule, _ in open_cases()} <= {"more_than_ordered"}, "nobody has to look at anything"
    nothing_is_stored_otherwise_than_folded()
