"""Pictures that handhelds send of what was scanned: files under the instance folder, and a row for each.

A file is named after its content and its event, so that storing it twice changes nothing, and so that the rows can be
made again from the files (`adopt`) where a restored backup does not know them.

Nothing here decodes a picture, so none can harm the server. It goes to a browser as the JPEG or PNG that it begins as,
with `nosniff` and a policy that runs no script, whatever else stands in it. One that was cut off behind its head is
kept, for it may be all that there is; the handheld refuses it while somebody can take it again.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import sqlalchemy as sa

from server.durable import sync
from server.ledger import in_chunks
from server.tables import devices, events, pictures
from server.upsert import insert_missing
from sync.event import EventError, format_name, parse_name
from sync.picture import BYTES_MAX, PER_EVENT_MAX, PIXELS_MAX, media_type, pixels

FOLDER: Final = "pictures"
_NAME: Final = re.compile(r"([0-9a-f]{64})~([0-9]+\.[0-9]+\.[0-9]+)")


class PictureError(ValueError):
    """The picture is not taken; the message says why."""


class NotYet(PictureError):
    """The event that it belongs to has not arrived."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """One picture of one event."""

    event: str
    digest: str
    media_type: str
    bytes: int
    received_ms: int


def store(
    connection: sa.Connection, instance: Path, *, site: str, device_no: int, event: str, content: bytes, now_ms: int
) -> bool:
    """Keep a picture of an event; False where it was here already.

    The file is whole on the disk before its row is written. Two that store the same one write the same file.

    Raises:
        NotYet: the event is not here.
        PictureError: it is no picture, too large, one too many, or of another handheld's event.
    """
    kind = media_type(content)
    if kind is None:
        raise PictureError("That is no picture: JPEG and PNG are taken.")
    if len(content) > BYTES_MAX:
        raise PictureError(f"The picture has {len(content)} bytes; {BYTES_MAX} are taken.")
    size = pixels(content)
    if not size:
        raise PictureError("The picture is cut off before it says how large it is: nothing can show it.")
    if size > PIXELS_MAX:
        raise PictureError(f"The picture has {size:,} pixels; {PIXELS_MAX:,} are taken.")
    _check_event(connection, site, device_no, event)
    digest = hashlib.sha256(content).hexdigest()
    known = set(
        connection.execute(sa.select(pictures.c.digest).where(pictures.c.site == site, pictures.c.event == event))
        .scalars()
        .all()
    )
    if digest in known:
        return False
    if len(known) >= PER_EVENT_MAX:
        raise PictureError(f"There are {len(known)} pictures of {event} already, which is as many as one event has.")
    _write(path_of(instance, digest, event), content)
    insert_missing(connection, pictures, _row(site, event, digest, kind, len(content), now_ms))
    return True


def _check_event(connection: sa.Connection, site: str, device_no: int, event: str) -> None:
    try:
        device, epoch, seq = parse_name(event)
    except EventError as error:
        raise PictureError(str(error)) from None
    if format_name((device, epoch, seq)) != event:  # with zeros before a number it would count as another event
        raise PictureError(f"{event} names an event with zeros that no handheld writes.")
    if device != device_no:
        raise PictureError(f"{event} was made by another handheld.")
    here = sa.select(events.c.seq).where(
        events.c.device_no == device, events.c.epoch == epoch, events.c.seq == seq, events.c.site == site
    )
    if connection.execute(here).first() is None:
        raise NotYet(f"{event} has not arrived yet: send it first.")


def _row(site: str, event: str, digest: str, kind: str, size: int, now_ms: int) -> dict[str, object]:
    return {"site": site, "event": event, "digest": digest, "media_type": kind, "bytes": size, "received_ms": now_ms}


def path_of(instance: Path, digest: str, event: str) -> Path:
    """Where a picture's file lies."""
    return instance / FOLDER / digest[:2] / f"{digest}~{event}"


def _write(path: Path, content: bytes) -> None:
    """Whole on the disk, also after a power cut: the handheld deletes its own when this is done."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f"{path.name}.", suffix=".part", dir=path.parent)
    unfinished = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
        for folder in path.parents[:3]:  # each may be new
            sync(folder)
    finally:
        unfinished.unlink(missing_ok=True)


def of_events(connection: sa.Connection, site: str, names: Iterable[str]) -> Mapping[str, list[Picture]]:
    """The pictures of some events, the oldest first."""
    found: dict[str, list[Picture]] = defaultdict(list)
    columns = [pictures.c[name] for name in ("event", "digest", "media_type", "bytes", "received_ms")]
    for chunk in in_chunks(names):
        query = (
            sa.select(*columns)
            .where(pictures.c.site == site, pictures.c.event.in_(chunk))
            .order_by(pictures.c.received_ms, pictures.c.digest)
        )
        for row in connection.execute(query).mappings():
            found[row["event"]].append(Picture(**row))
    return found


def find(connection: sa.Connection, site: str, event: str, digest: str) -> Picture | None:
    """One picture, or None."""
    return next((p for p in of_events(connection, site, [event]).get(event, ()) if p.digest == digest), None)


def files(folder: Path) -> Iterator[tuple[Path, str, str]]:
    """Every picture's file in a folder, with its digest and its event."""
    for path in sorted(folder.glob("*/*")):
        named = _NAME.fullmatch(path.name)
        if named:
            yield path, named[1], named[2]


def copy(source: Path, target: Path) -> int:
    """Copy the files that are not there yet; returns how many. What is there never changes."""
    copied = 0
    for path, _, _ in files(source):
        to = target / path.parent.name / path.name
        if not to.exists():
            to.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            part = to.with_name(to.name + ".part")
            shutil.copyfile(path, part)
            part.replace(to)
            copied += 1
    return copied


def adopt(connection: sa.Connection, instance: Path, *, now_ms: int) -> int:
    """Make the rows again of files that have none, as after a restore; returns how many."""
    sites = {row.device_no: row.site for row in connection.execute(sa.select(devices.c.device_no, devices.c.site))}
    known = {(row.digest, row.event) for row in connection.execute(sa.select(pictures.c.digest, pictures.c.event))}
    adopted = 0
    for path, digest, event in files(instance / FOLDER):
        site = sites.get(parse_name(event)[0])
        if (digest, event) in known or site is None:
            continue
        content = path.read_bytes()
        kind = media_type(content)
        if kind is not None and hashlib.sha256(content).hexdigest() == digest:
            insert_missing(connection, pictures, _row(site, event, digest, kind, len(content), now_ms))
            adopted += 1
    return adopted


def missing(connection: sa.Connection, instance: Path) -> list[str]:
    """Events of which a picture's row is here and its file is not."""
    rows = connection.execute(sa.select(pictures.c.digest, pictures.c.event).order_by(pictures.c.event)).all()
    return [row.event for row in rows if not path_of(instance, row.digest, row.event).exists()]
