"""Events that were set aside: read the held ones after an upgrade, and let a person repair the quarantined ones.

Neither touches the bytes. A held line becomes what it says once this version can read it, and so does one on which this
server failed; a repair is a new fact of the server's that names the person, happens when the scan did, and points back
to the line that it stands for.
"""

from __future__ import annotations

import logging
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import sqlalchemy as sa

from server import ledger
from server.chain_mark import OF_CHAIN
from server.database import KEYS, reading, stamp, transact
from server.effects import take_effect
from server.follow import follow
from server.ledger import KEYS_PER_QUERY
from server.pushed_lines import APART, COPIED, OVERTAKEN, UNABLE, read_line
from server.tables import events
from server.taking_in import by_halves
from server.undone import standing_undos
from sync.actions import refuse
from sync.event import (
    FIELDS,
    EventError,
    EventName,
    ScanEvent,
    digest,
    fields_in,
    format_name,
    from_fields,
    parse_name,
)
from sync.history import Fact
from sync.protocol import Outcome

log = logging.getLogger(__name__)

_ENVELOPE: Final = frozenset(
    {"schema", "device_no", "epoch", "seq", "operator", "wall_ms", "boot", "boot_ms", "cursor", "evidence", "about"}
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
_PLACE: Final = [events.c[name] for name in ("device_no", "epoch", "seq", "received_ms", "digest")]
"""In which order they are read: by chain, and of two that bear one name the one that came first."""
_START: Final = (-1, -1, -1, -1, b"")
_FAILED: Final = events.c.note.startswith(UNABLE) & events.c.note.not_like("%Repaired as %")
_WAITS: Final = (events.c.outcome == Outcome.HELD) | ((events.c.outcome == Outcome.QUARANTINED) & _FAILED)
_Place = tuple[Any, ...]


def release_held(site: str, *, now_ms: int) -> Released:
    """Read again what was too new for the version that received it, or what the server failed on, and fold it.

    In transactions of some hundred lines each; begun again, it goes on where it stopped.
    """
    found: Counter[Outcome] = Counter()
    after: _Place | None = _START
    while after is not None:
        with reading() as connection:
            places, after = _next_places(connection, site, after)
        for part in by_halves(partial(_release, site, now_ms), _fails_again, places):
            found += part
    return Released(read=found[Outcome.ACCEPTED], quarantined=found[Outcome.QUARANTINED], held=found[Outcome.HELD])


def _next_places(connection: sa.Connection, site: str, after: _Place) -> tuple[list[_Place], _Place | None]:
    """Where the next lines stand that wait to be read again, and where the following ones go on."""
    query = sa.select(*_PLACE).where(events.c.site == site, _WAITS, sa.tuple_(*_PLACE) > sa.tuple_(*after))
    places = [tuple(row) for row in connection.execute(query.order_by(*_PLACE).limit(KEYS_PER_QUERY))]
    return places, places[-1] if len(places) == KEYS_PER_QUERY else None


def _fails_again(place: _Place, error: Exception) -> Counter[Outcome]:
    log.error("Event %d.%d.%d stays set aside: this server failed on it.", *place[:3], exc_info=error)
    return Counter({Outcome.QUARANTINED: 1})


def _release(site: str, now_ms: int, places: Sequence[_Place]) -> Counter[Outcome]:
    return transact(lambda connection: _read_again(connection, site, places, now_ms))


def _read_again(connection: sa.Connection, site: str, places: Sequence[_Place], now_ms: int) -> Counter[Outcome]:
    """Read these lines again, and fold what can be read now; how many became what, forked ones among the accepted."""
    rows = _rows_at(connection, places)
    near = _near(connection, rows)
    counts: Counter[Outcome] = Counter()
    becoming: list[dict[str, Any]] = []
    facts: list[Fact] = []
    for row in rows:
        name = (row["device_no"], row["epoch"], row["seq"])
        outcome, event, note = read_line(name, row["line"])
        counts[outcome] += 1
        if outcome is Outcome.HELD:
            continue
        was = row["note"] or ""
        marks = [mark for mark in (APART, OVERTAKEN) if mark in was]
        if outcome is Outcome.ACCEPTED and COPIED in was:
            outcome, note = Outcome.FORKED, COPIED
        elif outcome is Outcome.ACCEPTED and (OVERTAKEN in marks or _forks(near, row)):
            outcome, note = Outcome.FORKED, "Another event bears the same name, or stands where this one continues."
        note = " ".join([note, *marks]) if note else None
        values = dict.fromkeys(_SAID) if event is None else {said: getattr(event, said) for said in _SAID}
        key = {f"of_{name}": row[name] for name in _KEY}
        becoming.append({"outcome": outcome.value, "note": note, "read_ms": now_ms, **values, **key})
        near[name][row["digest"]] = outcome
        if event is not None:
            forked = outcome is Outcome.FORKED
            times = row["event_ms"], row["uncertainty_ms"], row["received_ms"]
            facts.append(Fact(times[0], name, 0, row["digest"], times[1], event, forked, times[2]))
    if becoming:
        connection.execute(_BECOMES, becoming)
    if facts:
        take_effect(connection, site, facts, now_ms, stamp(connection))
    return counts


_SAID: Final = [f.name for f in FIELDS if f.name not in ("device_no", "epoch", "seq")]
_ROWS: Final = (
    sa.select(events).where(OF_CHAIN).where(events.c.seq.in_(KEYS), _WAITS).order_by(*_PLACE).with_for_update()
)


def _rows_at(connection: sa.Connection, places: Sequence[_Place]) -> list[dict[str, Any]]:
    """The lines that stand there and wait still, in the same order, held until the transaction ends."""
    wanted: dict[tuple[int, int], list[int]] = defaultdict(list)
    for device_no, epoch, seq, *_ in places:
        wanted[device_no, epoch].append(seq)
    there = set(places)
    rows: list[dict[str, Any]] = []
    for (device_no, epoch), seqs in wanted.items():
        found = connection.execute(_ROWS, {"device": device_no, "of_epoch": epoch, "keys": seqs}).mappings()
        rows += [dict(row) for row in found if tuple(row[column.name] for column in _PLACE) in there]
    return rows


_E: Final = events.c
_NEAR: Final = sa.select(_E.seq, _E.digest, _E.outcome).where(OF_CHAIN, _E.seq.in_(KEYS))
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


def repair(
    connection: sa.Connection,
    *,
    site: str,
    name: str,
    corrections: Mapping[str, str],
    operator: str | None,
    now_ms: int,
) -> str:
    """Say in a new fact what a quarantined line should have said; returns the fact's name.

    Where whoever scanned it has undone it, the fact is undone with it, and stands once that undo is taken back.

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
        uncertainty_ms=row["uncertainty_ms"],
        received_ms=now_ms,  # what was closed meanwhile did not know of it
        about=name,
        **{"reason": f"repairs {name}"} | said | {"evidence": row["digest"].hex()},
    )
    done = format_name(fact.name)
    same = [events.c[k] == row[k] for k in ("device_no", "epoch", "seq", "digest")]
    connection.execute(events.update().where(*same).values(note=f"{row['note']} Repaired as {done}."))
    back = follow(connection, site, standing_undos(connection, site, name), row["event_ms"])  # of one that was undone
    take_effect(connection, site, [fact, *back], row["event_ms"], stamp(connection))
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
    known = {f.name for f in FIELDS}
    return {k: v for k, v in fields_in(line).items() if k in known}


def _value(field: str, kind: type, text: str) -> Any:
    if text == "":
        return None
    if kind is int:
        if not (text.isascii() and text.isdigit() and len(text) <= 16):
            raise RepairError(f"{field} takes a whole number, not {text!r}.")
        return int(text)
    return text.split(",") if kind is tuple else text
