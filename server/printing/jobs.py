"""Printing: which labels, on what, and the record of it. Every file that is made is a fact, the second one too.

A print job is a document of its own, `LABELS-7`, with a row for each label: so its subject's trail shows it, and the
fold, which it says nothing to, does not see it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa

from server import naming, papers, site_codes
from server.database import lock
from server.ledger import in_chunks
from server.printing import media, zpl
from server.printing.content import CHARACTERS, PrintError, content_of
from server.printing.layout import Placed, place
from server.printing.media import Roll
from server.printing.numbers import AT_ONCE_MAX
from server.printing.symbol import Carrier, draw
from server.tables import document_rows, documents, events, people, unit_states
from sync.event import ScanEvent, parse_name
from sync.history import Fact
from sync.identity import Kind, item_of, split_key
from sync.labels import SiteCodes

KIND: Final = "labels"
JOBS_MAX: Final = 50
NOT_READ: Final = "two plates with one number may exist"


@dataclass(frozen=True, slots=True, kw_only=True)
class Printed:
    """A file to be sent to a printer, and what the ledger says of it."""

    number: str
    data: bytes
    media_type: str
    file_name: str
    labels: int
    again: int
    """How many of them had been printed before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One print job as it stands in the ledger."""

    number: str
    at_ms: int
    operator: str | None
    keys: tuple[str, ...]
    carrier: str
    medium: str
    again: int


def print_labels(
    connection: sa.Connection,
    *,
    site: str,
    keys: Sequence[str],
    carrier: Carrier,
    medium: str,
    operator: str | None,
    now_ms: int,
    start: int = 1,
    headings: dict[str, str] | None = None,
) -> Printed:
    """Make the file for these labels and record that they were printed; all of them, or none.

    Args:
        keys: canonical names, in the order in which they are printed; one may come twice.
        medium: a sheet's name (`a4-3x8`), or a roll's with its printer's resolution (`50x25@203`).
        headings: what to write beside a symbol, where it is not what the books call it.

    Raises:
        PrintError: one of them cannot be printed so.
    """
    if not 1 <= len(keys) <= AT_ONCE_MAX:
        raise PrintError(f"{len(keys)} labels cannot be printed at once: 1 to {AT_ONCE_MAX} can.")
    wanted = media.find(medium)
    codes = site_codes.load(connection, site)
    called = _headings(connection, site, keys) | (headings or {})
    said = _said(connection, site, keys)
    placed = [_place(key, carrier, wanted, codes, called.get(key, ""), said.get(key, (None, None))) for key in keys]
    data, media_type, ending = _file(placed, wanted, start)
    of_all = {"carrier": carrier.value, "medium": medium, "operator": operator}
    number, again = _record(connection, site, keys, called, of_all, now_ms)
    return Printed(
        number=number,
        data=data,
        media_type=media_type,
        file_name=f"{number.lower()}.{ending}",
        labels=len(keys),
        again=again,
    )


def _record(
    connection: sa.Connection,
    site: str,
    keys: Sequence[str],
    called: dict[str, str],
    of_all: dict[str, str | None],
    now_ms: int,
) -> tuple[str, int]:
    """State that these labels are printed: the number of the job, and how many of them had been printed before."""
    lock(connection, site, [KIND])
    before = printed_before(connection, site, keys)
    number = _next_number(connection, site)
    again = sum(key in before for key in keys)
    count = f"{len(keys)} label{'s' if len(keys) > 1 else ''}"
    papers.write(
        connection,
        site=site,
        kind=KIND,
        number=number,
        action="print_labels",
        rows=[
            {"subject": k, "attributes": of_all | {"heading": called.get(k, ""), "times": before.get(k, 0) + 1}}
            for k in keys
        ],
        operator=of_all["operator"],
        now_ms=now_ms,
        reason=f"{count}, {again} of them again: {NOT_READ}" if again else count,
    )
    return number, again


def _file(placed: list[Placed], wanted: media.Sheet | media.Printer, start: int) -> tuple[bytes, str, str]:
    """What the printer is sent, its media type, and how the file's name ends."""
    if isinstance(wanted, media.Sheet):
        from server.printing import pdf  # noqa: PLC0415  # it brings fonts: a fifth of what it takes to start

        return pdf.sheets(placed, wanted, start=start), "application/pdf", "pdf"
    return zpl.labels(placed, wanted.roll, wanted.dpi).encode(), "application/zpl", "zpl"


def _place(
    key: str,
    carrier: Carrier,
    medium: media.Sheet | media.Printer,
    codes: SiteCodes,
    heading: str,
    said: tuple[str | None, str | None],
) -> Placed:
    content = content_of(key, codes, lot=said[0], expiry=said[1])
    symbol = draw(content, carrier, codes)
    if isinstance(medium, media.Sheet):
        return place(content, symbol, heading, medium.width, medium.height, margin=medium.margin)
    roll: Roll = medium.roll
    return place(content, symbol, heading, roll.width, roll.height, dot=1 / media.DOTS_PER_MM[medium.dpi])


def jobs(connection: sa.Connection, site: str, *, number: str | None = None) -> list[Job]:
    """Print jobs, the latest first; or the one with this number."""
    t = documents.c
    query = sa.select(t.number, t.digest, t.event, t.event_ms).where(t.site == site, t.kind == KIND)
    query = query.where(t.number == number) if number else query
    found = []
    for row in connection.execute(query.order_by(t.event_ms.desc(), t.number.desc()).limit(JOBS_MAX)).all():
        lines = papers.rows_in(connection, row.digest)
        of = lines[0]["attributes"]
        found.append(
            Job(
                number=row.number,
                at_ms=row.event_ms,
                operator=of["operator"],
                keys=tuple(line["subject"] for line in lines),
                carrier=of["carrier"],
                medium=of["medium"],
                again=sum(line["attributes"]["times"] > 1 for line in lines),
            )
        )
    return found


def headings_of(connection: sa.Connection, site: str, number: str) -> dict[str, str]:
    """What a job wrote beside its symbols."""
    rows = papers.rows_of(connection, site, KIND, number)
    return {row["subject"]: row["attributes"]["heading"] for row in rows if row["attributes"]["heading"]}


def printed_before(connection: sa.Connection, site: str, keys: Sequence[str]) -> dict[str, int]:
    """How often each of these labels has been printed; those that never were are left out."""
    found: dict[str, int] = {}
    for chunk in in_chunks(keys):
        query = _lines(site, chunk).with_only_columns(document_rows.c.subject, sa.func.count())
        found.update(connection.execute(query.group_by(document_rows.c.subject)).all())
    return found


def facts_of(connection: sa.Connection, site: str, keys: Sequence[str]) -> list[Fact]:
    """Each printing of these labels, as a line of their trail."""
    found = []
    for chunk in in_chunks(keys):
        for row in connection.execute(_lines(site, chunk)).mappings():
            device_no, epoch, seq = parse_name(row["event"])
            times = row["attributes"]["times"]
            event = ScanEvent(
                device_no=device_no,
                epoch=epoch,
                seq=seq,
                action="print_labels",
                subject=row["subject"],
                document=row["number"],
                operator=row["attributes"]["operator"],
                reason=f"printed for the {_ordinal(times)} time: {NOT_READ}" if times > 1 else None,
                wall_ms=row["event_ms"],
                boot="print",
                boot_ms=0,
            )
            found.append(
                Fact(
                    event_ms=row["event_ms"],
                    name=event.name,
                    row=row["row"],
                    digest=bytes.fromhex(row["document"]),
                    uncertainty_ms=0,
                    event=event,
                )
            )
    return found


def wanted_labels(connection: sa.Connection, site: str, since_ms: int) -> list[tuple[str, str | None, int]]:
    """Labels that a handheld asked for and that were not printed since: name, who asked, when; the latest first."""
    t = events.c
    query = (
        sa.select(t.subject, t.operator, t.event_ms)
        .where(t.site == site, t.action == "ask_label", t.event_ms >= since_ms, t.outcome == "accepted")
        .order_by(t.event_ms.desc())
        .limit(JOBS_MAX)
    )
    asked = {row.subject: row for row in reversed(connection.execute(query).all())}
    last: dict[str, int] = {}
    for chunk in in_chunks(asked):
        lines = _lines(site, chunk).with_only_columns(document_rows.c.subject, sa.func.max(documents.c.event_ms))
        last.update(connection.execute(lines.group_by(document_rows.c.subject)).all())
    return [
        (key, row.operator, row.event_ms) for key, row in reversed(asked.items()) if last.get(key, 0) < row.event_ms
    ]


def _lines(site: str, keys: Sequence[str]) -> sa.Select[Any]:
    """Lines of print jobs about these names."""
    return (
        sa.select(document_rows, documents.c.number, documents.c.event, documents.c.event_ms)
        .join(documents, documents.c.digest == document_rows.c.document)
        .where(document_rows.c.site == site, document_rows.c.subject.in_(keys), documents.c.kind == KIND)
    )


def _next_number(connection: sa.Connection, site: str) -> str:
    query = sa.select(sa.func.count()).where(documents.c.site == site, documents.c.kind == KIND)
    return f"LABELS-{connection.execute(query).scalar_one() + 1}"


def _ordinal(times: int) -> str:
    return {2: "second", 3: "third"}.get(times, f"{times}th")


def _said(connection: sa.Connection, site: str, keys: Sequence[str]) -> dict[str, tuple[str | None, str | None]]:
    """Lot and expiry of those of which they are known."""
    found: dict[str, tuple[str | None, str | None]] = {}
    t = unit_states.c
    for chunk in in_chunks(keys):
        rows = connection.execute(sa.select(t.unit, t.lot, t.expiry).where(t.site == site, t.unit.in_(chunk)))
        found.update((row.unit, (row.lot, row.expiry)) for row in rows)
    return found


def _headings(connection: sa.Connection, site: str, keys: Sequence[str]) -> dict[str, str]:
    """What people call each of these; what the printers' types cannot write is called by its number."""
    names = naming.read(connection, site, keys)
    badges = {key: split_key(key).elements[-1][1] for key in keys if split_key(key).kind is Kind.BADGE}
    query = sa.select(people.c.badge, people.c.name).where(
        people.c.site == site, people.c.badge.in_(list(badges.values()))
    )
    wearers = dict(connection.execute(query).all()) if badges else {}
    earlier: dict[str, str] = {}
    for chunk in in_chunks(key for key in keys if split_key(key).kind is Kind.PLATE):
        for row in connection.execute(_lines(site, chunk).order_by(documents.c.event_ms)).mappings():
            earlier[row["subject"]] = row["attributes"]["heading"]
    found = {}
    for key in keys:
        item, kind = item_of(key), split_key(key).kind
        if key in badges:
            found[key] = writable(wearers.get(badges[key]), badges[key])
        elif item is not None:
            found[key] = writable(names.product(item), split_key(item).elements[-1][1])
        elif kind is Kind.CONTAINER:
            found[key] = "Carton"
        else:
            found[key] = earlier.get(key, "") if kind is Kind.PLATE else writable(names(key).text, "")
    return found


def writable(text: str | None, instead: str) -> str:
    """The text, where the printers' types have all of its letters."""
    try:
        (text or "").encode(CHARACTERS)
    except UnicodeEncodeError:
        return instead
    return text or instead
