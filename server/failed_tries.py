"""Failed tries to get in: passwords, keys of other systems, enrolment codes. Whoever fails too often has to wait.

Counted in the database, so that all workers of a server count together. What was tried stands there as a digest: some
type their password where the name belongs.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Mapping
from typing import Final

import sqlalchemy as sa

from server import pace
from server.database import KEYS, reading, transact
from server.errors import Refusal
from server.tables import failed_tries

OF_ONE_MAX: Final = 5
"""Of one name, key or code within `WINDOW_MS`."""
OF_ADDRESS_MAX: Final = 50
"""From one address: a whole warehouse may sit behind it, and one who has forgotten their password stops nobody else."""
WINDOW_MS: Final = 5 * 60_000

Tried = Mapping[str, int]
"""Digests of what failures are counted against, each with how many it may have."""

_RECENT: Final = (
    sa.select(failed_tries.c.digest, failed_tries.c.tried_ms)
    .where(failed_tries.c.digest.in_(KEYS), failed_tries.c.tried_ms.between(sa.bindparam("since"), sa.bindparam("now")))
    .order_by(failed_tries.c.tried_ms.desc())
    .limit(OF_ONE_MAX + OF_ADDRESS_MAX)
)


def tried(kind: str, what: str) -> Tried:
    """What a try of this request is counted against: what was tried, and the address that it comes from.

    Args:
        kind: password, key or code; each is counted by itself.
        what: the name of a person, a key, or a code.
    """
    address = pace.asking_address()
    whose = {f"{kind} {what}": OF_ONE_MAX} | ({f"{kind} from {address}": OF_ADDRESS_MAX} if address else {})
    return {hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest(): most for key, most in whose.items()}


def check(of: Tried, now_ms: int) -> None:
    """Let nobody try again who has failed too often.

    Raises:
        Refusal: 429, wait.
    """
    with reading() as connection:
        left_ms = wait_ms(connection, of, now_ms)
    if left_ms > 0:
        wait_s = -(-left_ms // 1000)
        message = f"Too many tries have failed. Try again in {-(-wait_s // 60)} min."
        raise Refusal(429, "too_many", message, headers={"Retry-After": str(wait_s)})


def wait_ms(connection: sa.Connection, of: Tried, now_ms: int) -> int:
    """How long to wait before another try; 0 where there is no need."""
    found: dict[str, list[int]] = defaultdict(list)
    asked = {"keys": list(of), "since": now_ms - WINDOW_MS + 1, "now": now_ms}
    for digest, at_ms in connection.execute(_RECENT, asked):
        found[digest].append(at_ms)
    first = [found[digest][most - 1] for digest, most in of.items() if len(found[digest]) >= most]
    return max((at_ms + WINDOW_MS - now_ms for at_ms in first), default=0)


def failed(of: Tried, now_ms: int) -> None:
    """Note one failure."""

    def note(connection: sa.Connection) -> None:
        connection.execute(failed_tries.delete().where(failed_tries.c.tried_ms <= now_ms - WINDOW_MS))
        connection.execute(failed_tries.insert(), [{"digest": digest, "tried_ms": now_ms} for digest in of])

    transact(note)


def succeeded(of: Tried) -> None:
    """Forget the failures of what was tried; those of its address stay."""
    own = [digest for digest, most in of.items() if most == OF_ONE_MAX]
    with reading() as connection:
        if connection.execute(sa.select(failed_tries.c.id).where(failed_tries.c.digest.in_(own))).first() is None:
            return
    transact(lambda c: c.execute(failed_tries.delete().where(failed_tries.c.digest.in_(own))))
