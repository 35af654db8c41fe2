"""Labels, and what a session makes of them, for tests."""

from __future__ import annotations

from collections.abc import Callable

from scanner_client.handheld import Handheld
from scanner_client.session import Session
from scanner_client.sighting import Sighting, Symbol, Told
from sync.event import ScanEvent, decode

ITEM = "https://id.gs1.org/01/09506000134352"
CABLE = "https://id.gs1.org/01/09506000134376"
CARTON = "https://id.gs1.org/00/395060001343520018"
A_01, A_02 = (f"https://warehouse.example/414/main/254/{code}" for code in ("A-01", "A-02"))
Begin = Callable[..., Session]
Learn = Callable[..., None]
BIN_1, BIN_2 = (Symbol(data=b"LOC:" + code, symbology="]C0") for code in (b"A-01", b"A-02"))
CARTON_LABEL = Symbol(data=b"00395060001343520018", symbology="]C1")
CABLE_LABEL = Symbol(data=b"9506000134376", symbology="]E0")
PHONE_LABEL = Symbol(data=b"9506000134352", symbology="]E0")
SERIAL_LABEL = Symbol(data=b"C39XK12QQZ", symbology="]C0")
IMEI_LABEL = Symbol(data=b"490154203237518", symbology="]C0")


def unit_label(serial: str) -> Symbol:
    return Symbol(data=b"010950600013435221" + serial.encode(), symbology="]d2")


def unit(serial: str) -> str:
    return f"{ITEM}/21/{serial}"


def see(session: Session, *symbols: Symbol, box: int | None = None, frame: int | None = 0) -> list[Told]:
    return session.scan(Sighting(symbols=symbols, box=box, frame=frame))


def kept(handheld: Handheld) -> list[ScanEvent]:
    return [decode(line) for line in handheld.outbox.next_run().lines]


def asn(*items: str) -> list[object]:
    lines = [{"item": item, "lot": None, "quantity": 5, "container": None} for item in items]
    return ["document", "ASN-1", {"kind": "asn", "state": "open", "lines": lines, "bins": [], "blind": False}]


def product(key: str, mode: str) -> list[object]:
    return ["item", key, {"name": "Thing", "sku": "T", "mode": mode, "serial_pattern": None}]


def pieces(subject: str, place: str, quantity: int, day: int | None = None, expiry: str | None = None) -> list[object]:
    """So many pieces on a shelf, as they are pulled."""
    return ["stock", f"{subject} {place}", [quantity, day, expiry]]
