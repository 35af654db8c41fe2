"""A handheld's chain without a handheld: commits events and makes pushes of any run of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sync.event import GENESIS, ScanEvent, digest, encode
from sync.protocol import PushHeader

LOC = "https://id.gs1.org/414/9506000134352/254/"
DOCK, BIN_A, BIN_B, BIN_C = LOC + "DOCK", LOC + "A-01", LOC + "B-01", LOC + "C-01"
PHONE = "https://id.gs1.org/01/09506000134352"
CABLE = "https://id.gs1.org/01/00614141000036"
CARTON_1, CARTON_2 = "https://id.gs1.org/00/395060001343520018", "https://id.gs1.org/00/395060001343520025"
JPEG = bytes.fromhex("ffd8 ffc0000b080001000101011100 ffda0008010100003f00") + b"a picture" + bytes.fromhex("ffd9")
"""As much of one as is looked at: one pixel, a scan, and its end."""
DAY = 1_780_000_000_000
"""A moment in 2026, Unix milliseconds."""


def unit(serial: str, item: str = PHONE) -> str:
    return f"{item}/21/{serial}"


@dataclass
class Chain:
    """One device's events, in memory."""

    device_no: int
    epoch: int = 1
    boot: str = "boot-1"
    boot_at_ms: int = DAY - 1_000_000
    """True time at which it booted."""
    wall_error_ms: int = 0
    lines: list[bytes] = field(default_factory=list)
    digests: list[bytes] = field(default_factory=lambda: [GENESIS])

    def scan(self, at_ms: int, action: str, subject: str | None, **fields: Any) -> ScanEvent:
        """Commit one event that truly happens at `at_ms`."""
        event = ScanEvent(
            device_no=self.device_no,
            epoch=self.epoch,
            seq=len(self.lines) + 1,
            action=action,
            subject=subject,
            barcode=fields.pop("barcode", b"\x1d" + (subject or "?").encode()),
            symbology=fields.pop("symbology", "]d2"),
            wall_ms=at_ms + self.wall_error_ms,
            boot=self.boot,
            boot_ms=at_ms - self.boot_at_ms,
            **fields,
        )
        self.commit(encode(event))
        return event

    def commit(self, line: bytes) -> None:
        """Commit any bytes as the next event."""
        self.digests.append(digest(self.digests[-1], line))
        self.lines.append(line)

    def push(self, first: int, last: int, *, now_ms: int, **header: Any) -> tuple[PushHeader, Sequence[bytes]]:
        """The run of events from `first` to `last`, sent at `now_ms`."""
        run = self.lines[first - 1 : last]
        return (
            PushHeader(
                device_no=self.device_no,
                epoch=self.epoch,
                first=first,
                count=len(run),
                before=self.digests[first - 1].hex(),
                after=self.digests[first - 1 + len(run)].hex(),
                wall_ms=now_ms + self.wall_error_ms,
                boot=self.boot,
                boot_ms=now_ms - self.boot_at_ms,
                client="1.0.0",
                waiting=len(self.lines) - first + 1,
                **header,
            ),
            run,
        )
