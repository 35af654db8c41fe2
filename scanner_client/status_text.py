"""`status` in words."""

from __future__ import annotations

import time
from typing import Any

from scanner_client.background import SyncState
from scanner_client.screen import Footer, footing
from scanner_client.wording import say


def status_text(outcome: dict[str, Any]) -> str:
    """What a person reads of a handheld's status; `outcome` is what the ``status`` request was answered."""
    footer = Footer(
        waiting=outcome["waiting"],
        carried=outcome["carried"],
        enrolled=outcome["enrolled"],
        has_data=outcome["has_data"],
        age_ms=outcome["age_ms"],
        unread=outcome["unread"],
        sync=SyncState(**outcome["sync"]),
        now_ms=time.time_ns() // 1_000_000,
    )
    lines = [
        say("status.who", name=outcome["name"], device_no=outcome["device_no"], site=outcome["site"] or "?"),
        *footing(footer),
        say("status.map", units=outcome["units"], addresses=", ".join(outcome["addresses"]) or "-"),
    ]
    return "\n".join(line for line in lines if line)
