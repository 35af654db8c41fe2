"""The real server with one bug planted, so that the harness can show that it finds it: it acknowledges max(seq).

Run as `python -m tests.end_to_end.planted_server WORDS...`; WORDS are flask's own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import sqlalchemy as sa
from flask.cli import main

from server import chain_mark, ingest
from server.tables import events
from sync.protocol import PushHeader

_honest = chain_mark.advance_mark


def advance_mark(
    connection: sa.Connection, header: PushHeader, digests: Sequence[bytes], row: Mapping[str, Any]
) -> chain_mark.Mark:
    """The highest number that is here, whatever is missing below."""
    honest = _honest(connection, header, digests, row)
    mine = (events.c.device_no == header.device_no) & (events.c.epoch == header.epoch)
    highest = sa.select(events.c.seq, events.c.digest).where(mine).order_by(events.c.seq.desc()).limit(1)
    found = connection.execute(highest).one_or_none()
    return replace(honest, acked_through=found.seq, head=found.digest) if found else honest


if __name__ == "__main__":
    setattr(ingest, "advance_mark", advance_mark)  # noqa: B010  # it exports no such name
    main()
