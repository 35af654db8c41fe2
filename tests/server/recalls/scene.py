"""A warehouse with one lot in every kind of place, for recalls."""

from __future__ import annotations

from typing import Any

from server.database import reading, transact, writing
from server.parties import remember
from server.recalls import book
from server.recalls.account import Progress, progress
from server.recalls.asked import Asked
from server.recalls.book import Standing
from server.recalls.release import release as end
from tests.handheld import BIN_A, BIN_B, CABLE, CARTON_1, CARTON_2, DOCK, PHONE, unit
from tests.server.running import NOW, SITE, Handheld
from tests.server.site import state_document

GTIN = PHONE.rpartition("/")[2]
MINUTE = 60_000
BEGUN = NOW - 30 * MINUTE
LOT_C = f"{CABLE}/10/C1"


def fill(handheld: Handheld) -> None:
    """Lot L1 came from Acme: 2 in a bin, 1 in a carton, 1 picked, 1 packed, 1 shipped, 1 on its way. L2 is another."""
    notice = {"attributes": {"supplier": "Acme"}}
    came = [{"subject": unit(s), "lot": "L1"} | notice for s in ("BIN1", "BIN2", "BOXED", "PICKED", "PACKED", "SOLD")]
    came += [{"subject": unit("OTHER"), "lot": "L2"} | notice, {"subject": unit("UNREAD")} | notice]
    state_document("asn", "ASN-1", came, now_ms=NOW - 200 * MINUTE)
    way = [{"subject": unit("COMING"), "lot": "L1", "container": CARTON_2} | notice, {"subject": CARTON_2} | notice]
    state_document("asn", "ASN-2", way, now_ms=NOW - 190 * MINUTE)
    state_document("stock", "S-1", [{"subject": LOT_C, "location": BIN_A, "quantity": 40}], now_ms=NOW - 180 * MINUTE)
    for serial in ("BIN1", "BIN2", "OTHER", "UNREAD", "PICKED", "PACKED", "SOLD"):
        handheld.scan("receive", unit(serial), document="ASN-1", location=DOCK, minutes_ago=49)
        handheld.scan("put_away", unit(serial), location=BIN_A, minutes_ago=48)
    handheld.scan("receive", unit("BOXED"), document="ASN-1", location=DOCK, minutes_ago=49)
    handheld.scan("put_away", "https://id.gs1.org/00/106141412345678939", location=BIN_B, minutes_ago=48)
    handheld.scan(
        "move", unit("BOXED"), container="https://id.gs1.org/00/106141412345678939", location=BIN_B, minutes_ago=47
    )
    handheld.scan("pick", unit("PICKED"), location=BIN_A, document="SO-1", minutes_ago=46)
    for serial, order, carton in (
        ("PACKED", "SO-2", CARTON_1),
        ("SOLD", "SO-3", "https://id.gs1.org/00/106141412345678946"),
    ):
        handheld.scan("pack", unit(serial), container=carton, document=order, minutes_ago=45)
    handheld.scan("ship", "https://id.gs1.org/00/106141412345678946", document="SO-3", minutes_ago=44)
    handheld.push()
    with writing() as c:
        remember(c, SITE, "SO-3", "Ada Lovelace", "1 Main Street")


def begin(number: str = "RC-1", *, now_ms: int = BEGUN, **asked: Any) -> Standing:
    given = Asked(number=number, reason="battery", **asked)
    return transact(lambda c: book.begin(c, site=SITE, asked=given, operator="Quinn", now_ms=now_ms))


def release(number: str, *, leaving: int = 0, now_ms: int = NOW) -> Progress:
    said: dict[str, Any] = {"reason": "checked", "leaving": leaving, "operator": "Quinn", "now_ms": now_ms}
    return transact(lambda c: end(c, site=SITE, number=number, **said))


def account(number: str = "RC-1", *, now_ms: int = NOW) -> Progress:
    with reading() as c:
        return progress(c, book.read(c, SITE, number), site=SITE, now_ms=now_ms)


def told(found: Progress) -> dict[str, str]:
    """Serial number, or product and lot -> what became of it."""
    return {entry.thing.subject.rpartition("/")[2]: str(entry.account) for entry in found.entries}
