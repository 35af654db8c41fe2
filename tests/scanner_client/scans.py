"""Scans for tests: events as a session makes them, before the queue gives them a name."""

from __future__ import annotations

from typing import Any

from sync.event import ScanEvent

ITEM = "https://id.gs1.org/01/09506000134352"
BIN_A = "https://warehouse.example/414/HH/254/A-01"
BIN_B = "https://warehouse.example/414/HH/254/B-02"


def unit(serial: object) -> str:
    return f"{ITEM}/21/{serial}"


def scan_of(serial: object, **values: Any) -> ScanEvent:
    given: dict[str, Any] = {
        "device_no": 0,
        "epoch": 0,
        "seq": 1,
        "action": "put_away",
        "subject": unit(serial),
        "location": BIN_A,
        "wall_ms": 1_700_000_000_000,
        "boot": "boot-1",
        "boot_ms": 1,
    }
    return ScanEvent(**(given | values))
