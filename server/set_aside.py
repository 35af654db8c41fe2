"""Events that were set aside: read the held ones after an upgrade, and let a person repair the quarantined ones.

Neither touches the bytes. A held line becomes what it says once this version can read it; a repair is a new fact of
the server's that names the person, happens when the scan did, and points back to the line that it stands for.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa

from server import ledger
from server.database import KEYS, stamp
from server.effects import take_effect
from server.ingest import APART, COPIED
from server.ledger import FOLDED, KEYS_PER_QUERY, fact_of
from server.tables import events
from sync.actions import refuse
from sync.event import (
    FIELDS,
    EventError,
    EventName,
    NewerSchema,
    ScanEvent,
    decode,
    digest,
    format_name,
    from_fields,
    parse_name,
)
from sync.protocol import Outcome

_ENVELOPE: Final = frozenset(
    {"schema", "device_no", "epoch", "seq", "operator", "wall_ms", "boot", "boot_ms", "cursor", "evidence"}
)
"""Fields that a repair says for itself."""


class RepairError(ValueError):
    """The event cannot be repaired like this; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Released:
    """What became of held events."""

    read: int
    quarantined: int
    held: int


_KEY: Final = ("device_no", "epoch", "seq", "digest")
_BECOMES: Final = events.update().where(*(events.c[name] == sa.bindparam(f"of_{name}") for name in _KEY))


def release_held(connection: sa.Connection, site: str, *, now_ms: int) -> Released:
    """Read again what was too new for the version that received it, and fold what can be read now."""
    held = sa.select(events).where(events.c.site == site, events.c.outcome == Outcome.HELD).with_for_update()
    query = held.order_by(*(events.c[name] for name in ("received_ms", "device_no", "epoch", "seq")))
    rows = connection.execute(query).mappings().all()
    near = _near(connection, rows)
    becoming: list[dict[str, Any]] = []
    digests: list[bytes] = []
    counts = dict.fromkeys((Outcome.ACCEPTED, Outcome.QUARANTINED, Outcome.HELD), 0)
    for row in rows:
        outcome, note, values = _read(row["line"])
        counts[outcome] += 1
        if outcome is Outcome.HELD:
            continue
        if outcome is Outcome.ACCEPTED and COPIED in (row["note"] or ""):
            outcome, note = Outcome.FORKED, COPIED
        if outcome is Outcome.ACCEPTED and _forks(near, row):
            outcome, note = Outcome.FORKED, "Another event bears the same name, or stands where this one continues."
        elif outcome is Outcome.QUARANTINED and APART in (row["note"] or ""):
            note = f"{note} {APART}"
        key = {f"of_{name}": row[name] for name in _KEY}
        becoming.append({"outcome": outcome.value, "note": note, **values, **key})
        near[row["device_no"], row["epoch"], row["seq"]][row["digest"]] = outcome
        if outcome in FOLDED:
            digests.append(row["digest"])
    if becoming:
        connection.execute(_BECOMES, becoming)
    for start in range(0, len(digests), KEYS_PER_QUERY):
        chunk = sa.select(events).where(events.c.digest.in_(digests[start : start + KEYS_PER_QUERY]))
        facts = [fact_of(found) for found in connection.execute(chunk).mappings()]
        take_effect(connection, site, facts, now_ms, stamp(connection))
    return Released(read=counts[Outcome.ACCEPTED], quarantined=counts[Outcome.QUARANTINED], held=counts[Outcome.HELD])


_E: Final = events.c
_NEAR: Final = sa.select(_E.seq, _E.digest, _E.outcome).where(
    _E.device_no == sa.bindparam("device"), _E.epoch == sa.bindparam("of_epoch"), _E.seq.in_(KEYS)
)
_Near = dict[EventName, dict[bytes, str]]
"""What is stored under each name: digests, and the outcome of each."""


def _near(connection: sa.Connection, rows: Iterable[Mapping[Any, Any]]) -> _Near:
    """What is stored under the names of these lines, and just before each."""
    wanted: dict[tuple[int, int], set[int]] = defaultdict(set)
    for row in rows:
        wanted[row["device_no"], row["epoch"]] |= {row["seq"] - 1, row["seq"]}
    found: _Near = defaultdict(dict)
    for (device_no, epoch), seqs in wanted.items():
        ordered = sorted(seqs)
        for start in range(0, len(ordered), KEYS_PER_QUERY):
            keys = ordered[start : start + KEYS_PER_QUERY]
            stored = connection.execute(_NEAR, {"device": device_no, "of_epoch": epoch, "keys": keys})
            for seq, digest_, outcome in stored:
                found[device_no, epoch, seq][digest_] = outcome
    return found


def _forks(near: _Near, row: Mapping[Any, Any]) -> bool:
    """Whether a line that waited is of a copied queue: a namesake counts already, or what is here goes on otherwise."""
    device_no, epoch, seq, own = (row[name] for name in _KEY)
    before = near.get((device_no, epoch, seq - 1), ())
    namesakes = near[device_no, epoch, seq]
    namesake = any(outcome == Outcome.ACCEPTED for digest_, outcome in namesakes.items() if digest_ != own)
    return namesake or bool(before and all(digest(d, row["line"]) != own for d in before))


def _read(line: bytes) -> tuple[Outcome, str | None, dict[str, Any]]:
    """What a line is, why it is set aside, and the columns that say the same as it."""
    names = [f.name for f in FIELDS if f.name not in ("device_no", "epoch", "seq")]
    unread = dict.fromkeys(names)
    try:
        event = decode(line)
    except NewerSchema as newer:
        return Outcome.HELD, str(newer), unread
    except EventError as wrong:
        return Outcome.QUARANTINED, str(wrong), unread
    reason = refuse(event)
    if reason:
        return Outcome.QUARANTINED, reason, unread
    return Outcome.ACCEPTED, None, {name: getattr(event, name) for name in names}


def repair(
    connection: sa.Connection,
    *,
    site: str,
    name: str,
    corrections: Mapping[str, str],
    operator: str | None,
) -> str:
    """Say in a new fact what a quarantined line should have said; returns the fact's name.

    Args:
        name: of the quarantined event, ``device.epoch.seq``.
        corrections: field -> value; an empty value takes the field out.

    Raises:
        RepairError: there is no such line, it was repaired already, or it is still not right.
    """
    row = _quarantined(connection, site, name)
    fields, event = _corrected(row, name, corrections)
    said = {f.name: getattr(event, f.name) for f in FIELDS if f.name in fields}
    action = said.pop("action")
    fact = ledger.record(
        connection,
        site=site,
        action=action,
        operator=operator,
        now_ms=row["event_ms"],
        **{"reason": f"repairs {name}"} | said | {"evidence": row["digest"].hex()},
    )
    done = format_name(fact.name)
    same = [events.c[k] == row[k] for k in ("device_no", "epoch", "seq", "digest")]
    connection.execute(events.update().where(*same).values(note=f"{row['note']} Repaired as {done}."))
    take_effect(connection, site, [fact], row["event_ms"], stamp(connection))
    return done


def problem_with(row: Mapping[str, Any], corrections: Mapping[str, str]) -> str | None:
    """Why a quarantined row of `events` could not be repaired so, in a sentence; None where it could."""
    name = format_name((row["device_no"], row["epoch"], row["seq"]))
    if "Repaired as " in (row["note"] or ""):
        return f"{name}: {row['note']}"
    try:
        _corrected(row, name, corrections)
    except RepairError as error:
        return str(error)
    return None


def is_allowed(event: ScanEvent) -> bool:
    """Whether a handheld may say it."""
    return refuse(event) is None


def _corrected(row: Mapping[str, Any], name: str, corrections: Mapping[str, str]) -> tuple[dict[str, Any], ScanEvent]:
    """The line's fields with the corrections, and the event that they would make.

    Raises:
        RepairError: it is still not right.
    """
    fields = {k: v for k, v in _json(row["line"]).items() if k not in _ENVELOPE}
    for field, value in corrections.items():
        kinds = {f.name: f.type for f in FIELDS}
        if field not in kinds or field in _ENVELOPE:
            raise RepairError(f"{field!r} is no field that can be repaired.")
        fields[field] = _value(field, kinds[field], value)
    fields = {k: v for k, v in fields.items() if v is not None}
    envelope = {"schema": 1, "device_no": 0, "epoch": 1, "seq": 1, "wall_ms": 0, "boot": "repair", "boot_ms": 0}
    try:
        event = from_fields(envelope | fields)
    except EventError as wrong:
        raise RepairError(f"{name} is still not right. {wrong}") from None
    problem = refuse(event)
    if problem:
        raise RepairError(f"{name} is still not right. {problem}")
    return fields, event


def _quarantined(connection: sa.Connection, site: str, name: str) -> Mapping[str, Any]:
    device_no, epoch, seq = parse_name(name)
    row = (
        connection.execute(
            sa.select(events)
            .where(events.c.site == site, events.c.outcome == Outcome.QUARANTINED)
            .where(events.c.device_no == device_no, events.c.epoch == epoch, events.c.seq == seq)
            .with_for_update()
        )
        .mappings()
        .first()
    )
    if row is None:
        raise RepairError(f"There is no quarantined event {name}.")
    if "Repaired as " in (row["note"] or ""):
        raise RepairError(f"{name}: {row['note']}")
    return dict(row)


def _json(line: bytes) -> dict[str, Any]:
    """What can be read of a line that is not an event."""
    try:
        row = json.loads(line)
    except (ValueError, RecursionError):
        return {}
    known = {f.name for f in FIELDS}
    return {k: v for k, v in row.items() if k in known} if isinstance(row, dict) else {}


def _value(field: str, kind: type, text: str) -> Any:
    if text == "":
        return None
    if kind is int:
        if not (text.isascii() and text.isdigit() and len(text) <= 16):
            raise RepairError(f"{field} takes a whole number, not {text!r}.")
        return int(text)
    return text.split(",") if kind is tuple else text
