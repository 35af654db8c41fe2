"""What `status`, `sync`, `export` and `import` do, in whichever process holds the queue."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, Final

from scanner_client import carried
from scanner_client.background import Background, SyncState
from scanner_client.carried import CarriedError
from scanner_client.clock import system_clock
from scanner_client.control import ask
from scanner_client.database import DatabaseError
from scanner_client.device import DEVICE_FILE, DeviceError
from scanner_client.ended_counts import EndedCounts
from scanner_client.handheld import Handheld, open_handheld, standing
from scanner_client.office_undos import OfficeUndos
from scanner_client.outbox import OutboxError, damage
from scanner_client.transfer import TransferError, export_queue, read_export
from scanner_client.transport import Transport
from scanner_client.uploader import SyncError, Uploader
from scanner_client.wording import say

SYNC_SECONDS_MAX: Final = 100.0

Outcome = dict[str, Any]
"""``ok``, ``text``, and what else there is to say, as JSON."""

FAILURES: Final = (DatabaseError, DeviceError, OutboxError, CarriedError, TransferError)


def perform(home: Path, request: dict[str, Any]) -> Outcome:
    """Have a request dealt with by the process that holds the queue, or open the queue for it."""
    answer = ask(home, request)
    if answer is not None:
        return answer
    if not (home / DEVICE_FILE).is_file():
        return {"ok": False, "text": say("command.no_handheld", home=home)}
    try:
        with open_handheld(home, system_clock()) as handheld:
            return answer_request(handheld, None, request)
    except FAILURES as error:
        return {"ok": False, "text": str(error)}


def answer_request(handheld: Handheld, background: Background | None, request: dict[str, Any]) -> Outcome:
    """Deal with one request; `background` is what syncs in this process, where something does."""
    command = _COMMANDS.get(str(request.get("do")))
    if command is None:
        return {"ok": False, "text": f"{request.get('do')!r:.40} is no request."}
    try:
        return command(handheld, background, request)
    except FAILURES as error:
        return {"ok": False, "text": str(error)}


def uploader_for(handheld: Handheld) -> Uploader:
    """The uploader with the real network."""
    from scanner_client.discovery import find_servers  # noqa: PLC0415 - slow to load, and `status` needs none of it

    return Uploader(handheld, Transport(), discover=find_servers)


def _status(handheld: Handheld, background: Background | None, _: dict[str, Any]) -> Outcome:
    sync = background.state if background else SyncState()
    run = handheld.outbox.next_run()
    if handheld.device.revoked and not sync.trouble:  # the last sync was another process's
        sync = replace(sync, trouble=say("status.revoked"), code="revoked")
    if run.altered:
        sync = replace(sync, trouble=damage([run]), code="damaged")
    return {"ok": True, "text": "", "sync": asdict(sync), **asdict(standing(handheld))}


def _sync(handheld: Handheld, background: Background | None, _: dict[str, Any]) -> Outcome:
    events = changes = 0
    trouble: str | None = None
    counts = EndedCounts(handheld)
    for number in handheld.own_scans.documents():
        counts.watch(number)
    if background is not None:
        before = handheld.outbox.waiting()
        trouble = background.sync_now(SYNC_SECONDS_MAX).trouble
        events = before - handheld.outbox.waiting()
    else:
        try:
            for sent in uploader_for(handheld).drain():
                events, changes = events + sent.events, changes + sent.changes
        except SyncError as error:
            trouble = str(error)
    waiting = handheld.outbox.waiting()
    text = trouble or say("command.synced", events=events, changes=changes, waiting=waiting)
    if background is None:  # who is scanning is told by the scan itself
        news = [f"{told.thing}: {told.text}" for told in OfficeUndos(handheld).news()]
        text = "\n".join([text, *news, *(told.text for told in counts.news())])
    return {"ok": trouble is None, "text": text, "events": events, "changes": changes, "waiting": waiting}


def _export(handheld: Handheld, _: Background | None, request: dict[str, Any]) -> Outcome:
    path = Path(str(request.get("path")))
    runs = export_queue(handheld, path)
    events, altered = sum(len(run.lines) for run in runs), [run for run in runs if run.altered]
    text = say("command.exported" if events else "command.nothing_to_export", events=events, path=path)
    return {"ok": True, "text": f"{text} {damage(altered)}" if altered else text, "events": events}


def _import(handheld: Handheld, background: Background | None, request: dict[str, Any]) -> Outcome:
    export = read_export(Path(str(request.get("path"))))
    new = carried.take_in(handheld.database, export.envelopes)
    if background is not None:
        background.wake()
    text = say("command.imported", envelopes=len(export.envelopes), events=export.events, device_no=export.device_no)
    again = "" if new else " " + say("command.imported_before")
    return {"ok": True, "text": text + again, "events": export.events, "new": new}


_COMMANDS: Final[dict[str, Callable[[Handheld, Background | None, dict[str, Any]], Outcome]]] = {
    "status": _status,
    "sync": _sync,
    "export": _export,
    "import": _import,
}
