"""The real handheld with less patience, so that a run of seconds reaches its time-outs and what comes after them.

Nor does it ask the network for other servers, which takes two seconds each time. Run as
`python -m tests.end_to_end.hasty_handheld WORDS...`; WORDS are the handheld's own.
"""

from __future__ import annotations

import sys
from functools import partial
from typing import Final

from scanner_client import scan_command
from scanner_client.__main__ import main
from scanner_client.background import Background
from scanner_client.handheld import Handheld
from scanner_client.transport import Transport
from scanner_client.uploader import Uploader

SECONDS_MAX: Final = 1.5
"""To connect, and without a byte."""
BACKOFF_MS_MIN: Final = 100


def uploader_for(handheld: Handheld) -> Uploader:
    """As the program makes it, with other bounds."""
    return Uploader(handheld, Transport(connect_s=SECONDS_MAX, read_s=SECONDS_MAX))


if __name__ == "__main__":
    # Nothing outside the program sets them.
    setattr(scan_command, "uploader_for", uploader_for)  # noqa: B010
    setattr(scan_command, "Background", partial(Background, backoff_ms_min=BACKOFF_MS_MIN))  # noqa: B010
    sys.exit(main())
