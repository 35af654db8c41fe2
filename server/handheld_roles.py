"""What each handheld is for: the role of the code that it enrolled with, from when on, told to it and kept.

Reference rows of kind `handheld`, under its number: ``{"device_no", "roles": [[since_ms, role or null], ...]}``, null
where it has gone to another site. As with people (`server/badges.py`) the roles only ever grow at their end, so that a
rebuild judges a scan as it was judged when it arrived. They count while nobody at the site has a badge; then the role
follows the person.
"""

from __future__ import annotations

import sqlalchemy as sa

from server.badges import later
from server.changes import publish
from server.database import stamp
from server.permissions import HANDHELD
from server.tables import reference


def tell(connection: sa.Connection, device_no: int, site: str, role: str, now_ms: int) -> None:
    """From now on this handheld is for that role at that site, and for nothing anywhere else."""
    t = reference.c
    query = sa.select(t.site, t.row).where(t.kind == HANDHELD, t.key == str(device_no), t.row.isnot(None))
    told = {where: row["roles"] for where, row in connection.execute(query)}
    for where in sorted({site, *told}):
        roles = later(told.get(where, []), role if where == site else None, now_ms)
        row = {"device_no": device_no, "roles": roles}
        publish(connection, where, HANDHELD, str(device_no), row, stamp(connection))
