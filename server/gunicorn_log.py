"""gunicorn's log without what was sent to it.

Of a request that it cannot read gunicorn repeats the part that it stumbled over. A key that was copied with a line end,
a password behind a length that was counted in characters, half of a request whose line broke: each would stand there.
"""

from __future__ import annotations

import logging
import sys
from typing import Any

from gunicorn.glogging import Logger  # type: ignore[import-untyped]
from gunicorn.http.errors import NoMoreData, ParseException  # type: ignore[import-untyped]


class Log(Logger):  # type: ignore[misc]  # gunicorn has no types
    """What `gunicorn_conf` names."""

    def setup(self, cfg: Any) -> None:
        super().setup(cfg)
        self.error_log.addFilter(_leave_out)


def _leave_out(record: logging.LogRecord) -> bool:
    """Say of a request that cannot be read from where it came and what kind of fault it has; all else goes through.

    gunicorn's sentences begin with the one and repeat the request behind it.
    """
    fault = sys.exc_info()[1]
    if isinstance(fault, ParseException | NoMoreData):
        whence = record.getMessage().partition(": ")[0]
        record.msg, record.args = f"{whence}: {type(fault).__name__}", ()
    return True
