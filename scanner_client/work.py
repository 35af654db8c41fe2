"""One run of `scan`: whatever comes in, from the camera, the keyboard or the page, in one thread and in order."""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from scanner_client.assignment import AssignmentError, task_of, unknown_document_text
from scanner_client.awaited_document import AwaitedDocument
from scanner_client.bin_labels import entered
from scanner_client.checked_bin import CheckedBin
from scanner_client.count_list import bins_of
from scanner_client.ended_counts import EndedCounts
from scanner_client.gate import Gate
from scanner_client.handheld import Handheld
from scanner_client.inbox import BadPicture, Doubtful, Seen, Synced, Typed, TypingEnded, WatchEnded
from scanner_client.judging import is_unknown_bin, place_text, site_codes, thing_text
from scanner_client.office_undos import OfficeUndos
from scanner_client.page import requests
from scanner_client.page.protocol import BegunShown, PicksShown
from scanner_client.page.view import count_shown, packing_shown, picks_shown, put_back_shown, returning_shown
from scanner_client.questions import Questions
from scanner_client.scan_pictures import ScanPictures
from scanner_client.session import Session
from scanner_client.sighting import Sighting, Told, Tone, printable
from scanner_client.task import Assignment
from scanner_client.telling import Teller
from scanner_client.typed import PICTURE, SHOWN_MAX, Typing, is_command
from scanner_client.wishes import Wishes
from scanner_client.wording import say
from sync.identity import Kind
from sync.labels import Label, parse
from sync.picture import BYTES_MAX

if TYPE_CHECKING:
    from scanner_client.evidence import Evidence
    from scanner_client.eye import Eye

PHOTOGRAPH_SECONDS_MAX: Final = 2.0
"""A camera that gives no picture for so long is no help."""
BEGUN_MAX: Final = 8
"""Tasks of which a page still has to hear: one for each page, and some to spare."""
UNATTENDED: Final = (Synced, BadPicture, TypingEnded, WatchEnded)
"""Entries that come by themselves, whether or not anybody is there."""
NAMING_MANY: Final = frozenset({Kind.ITEM, Kind.LOT, Kind.OTHER})
"""What many boxes say alike; every other label names one unit, place or person."""


class Work:
    """Takes every entry; what was kept is committed before it is told."""

    def __init__(
        self,
        handheld: Handheld,
        teller: Teller,
        *,
        sync: Callable[[], object],
        eye: Eye | None = None,
        evidence: Evidence | None = None,
        confirm: Callable[[Sighting], bool] | None = None,
        hide_typing: Callable[[bool], None] = lambda _: None,
    ) -> None:
        """Prepare; nothing is watched or kept yet.

        Args:
            handheld: where scans are kept.
            teller: tells each outcome.
            sync: wakes the sync, whatever its pause.
            eye: watches the source; None where everything is typed.
            evidence: keeps crops of what was read; None where nobody wants them.
            confirm: asks a person at once whether a doubtful sighting is right; None where the page asks.
            hide_typing: says whether the terminal hides what is typed.
        """
        self.session: Session | None = None
        self._handheld = handheld
        self._teller = teller
        self._sync = sync
        self._eye = eye
        self._pictures = ScanPictures(handheld, evidence)
        self._confirm = confirm
        self._gate = Gate(handheld)
        self._hide_typing = hide_typing
        self._kept_before = 0
        self._typing: Typing | None = None
        self._questions = Questions()
        self._undone = OfficeUndos(handheld)
        self._ended = EndedCounts(handheld)
        self._awaited = AwaitedDocument(handheld)
        self._revoked = False
        self._check = CheckedBin(eye)
        self._begun: deque[BegunShown] = deque(maxlen=BEGUN_MAX)
        self._steps: dict[type[Any], Callable[[Any], list[Told]]] = {
            Seen: lambda entry: self._scan(entry.sighting),
            Doubtful: lambda entry: self._doubt(entry.sighting),
            BadPicture: lambda bad: [Told(tone=Tone.ASK, text=str(bad.trouble))],
            WatchEnded: self._watch_ended,
            TypingEnded: lambda ended: [Told(tone=Tone.INFO, text=str(ended.trouble))] if ended.trouble else [],
            Typed: lambda entry: self._type(entry.line),
            Synced: lambda entry: self._go_on(heard=entry.heard),
            requests.Asked: self._asked,
            requests.Scanned: self._scanned,
            requests.Photograph: lambda _: self._photograph(None),
            requests.Photographed: lambda request: self._photograph(request.picture),
            requests.Answer: self._answer,
            requests.SyncNow: lambda _: self._sync_now(),
            requests.OpenCamera: lambda _: self._open_eye(),
            requests.SavePicture: lambda _: [Told(tone=Tone.INFO, text=self.save_picture())],
            **Wishes(handheld, self._gate, teller, in_session=self._in_session).steps,
        }

    @property
    def kept(self) -> int:
        """What was committed so far and stands."""
        return self._kept_before + (self.session.kept if self.session else 0)

    @property
    def waits(self) -> bool:
        """Whether something waits for the server's answer before it goes."""
        return self.session is not None and self.session.hand_over.waits

    def take(self, entry: Any) -> None:
        """Deal with one entry: a class of `inbox.py`, or what a page asked for."""
        before = self._gate.signing.name
        noticed = self._gate.signing.notice(active=not isinstance(entry, UNATTENDED))
        outcomes = self._steps[type(entry)](entry)
        if self._gate.signing.name != before:
            self._changed_hands()
        self._ended.watch(self.session.task.document if self.session else None)
        self._awaited.watch(self.session.task if self.session else None)
        self._tell([*noticed, *outcomes])
        self._pictures.write()
        if not self._teller.is_offline:
            self._pictures.show_the_office(outcomes)

    def begin(self, assignment: Assignment) -> None:
        """Take up a task; what was done before ends in good order.

        Raises:
            AssignmentError: it is no task; what was done before goes on.
        """
        task = self._gate.signing.signed(task_of(assignment, self._handheld.site_map))
        self.finish()
        self._kept_before = self.kept
        self.session = Session(self._handheld, task)
        self._typing = Typing(self.session)
        self._questions.clear()
        self._check.begin(self.session)
        if self._eye and (self._eye.live or not self._eye.opened):
            self._eye.open(self.session.codes)  # what lies before the camera is read anew for the new task
        unknown = unknown_document_text(task, self._handheld.site_map)
        self._ended.watch(task.document)
        self._awaited.watch(task)
        told = [*self._undone.news(), *([Told(tone=Tone.LOOK, text=unknown)] if unknown else [])]
        if is_unknown_bin(self._handheld.site_map, task.location):
            told.append(entered(self.session.keeping, task.location or ""))
        self._tell(told)

    def wait_for_a_choice(self) -> None:
        """Show that there is no task yet."""
        self._tell([])

    def finish(self) -> None:
        """Nothing more belongs to the task: an open bin is finished."""
        if self.session:
            self._tell([*self.session.go_on(heard=False), *self.session.leave()])

    # What the camera saw.

    def _scan(self, sighting: Sighting) -> list[Told]:
        if self._is_stale(sighting):
            return []
        about_who = self._gate.seen(sighting)
        if about_who is not None:
            return about_who
        names_one = any(label.kind not in NAMING_MANY for label in self._labels(sighting))
        self._questions.settle(sighting, names_one=names_one)
        outcomes = self._in_session(lambda session: session.scan(sighting), sighting.box)
        if sighting.crops:
            self._pictures.cropped([told.event for told in outcomes if told.event], sighting.crops)
        return outcomes

    def _doubt(self, sighting: Sighting) -> list[Told]:
        if self._is_stale(sighting):
            return []
        about_who = self._gate.seen(sighting)  # a badge is confirmed by its PIN, and a PIN is shown to nobody
        if about_who is not None:
            return about_who
        if self._confirm is None:
            self._questions.add(sighting)
            return []
        return self._scan(sighting) if self._confirm(sighting) else []

    def _is_stale(self, sighting: Sighting) -> bool:
        """Whether it was seen for the task before this one, and only comes to be dealt with now."""
        return self._eye is not None and sighting.box is not None and self._eye.is_stale(sighting.box)

    def _labels(self, sighting: Sighting) -> list[Label]:
        codes = self.session.codes if self.session else site_codes(self._handheld.site_map)
        parsed = (parse(symbol.data, symbol.symbology, codes) for symbol in sighting.symbols)
        return [label for label in parsed if isinstance(label, Label)]

    def _thing(self, sighting: Sighting) -> str:
        """What people call what was read; empty where it names nothing that this handheld understands."""
        return " + ".join(thing_text(self._handheld.site_map, label.key) for label in self._labels(sighting))

    def _watch_ended(self, ended: WatchEnded) -> list[Told]:
        trouble = self._eye.shown().trouble if self._eye and ended.trouble else ""
        return [Told(tone=Tone.INFO, text=trouble)] if trouble else []

    def _open_eye(self) -> list[Told]:
        if self._eye and self.session and not self._eye.running:
            self._questions.clear()  # whatever it was will be seen, and asked about, once more
            self._eye.open(self.session.codes)
        return []

    def picture(self, after: int, timeout_s: float) -> tuple[int, bytes] | None:
        """The newest picture, as `Eye.newest` gives it; for the page's threads."""
        return self._eye.newest(after, timeout_s) if self._eye else None

    def save_picture(self) -> str:
        """Write the whole marked picture; what there is to say of it."""
        if self._eye is None:
            return say("page.no_picture")
        return self._eye.save(self._check.lines(self._eye.unread))

    def close(self) -> None:
        """Let go of the camera."""
        if self._eye:
            self._eye.close()

    # What a person types, or asks for at the page; the rest of it are wishes.

    def _type(self, line: bytes) -> list[Told]:
        about_who = self._gate.typed(line)
        if about_who is not None:
            return about_who
        if line.strip() == PICTURE or line.startswith(PICTURE + b" "):
            return self._picture_named(line[len(PICTURE) :].decode("utf-8", "replace").strip())
        return self._in_session(lambda _: self._typing.enter(line) if self._typing else [])

    def _scanned(self, scanned: requests.Scanned) -> list[Told]:
        line = scanned.text.encode()
        if scanned.by_wedge and is_command(line):
            return [Told(tone=Tone.ASK, text=say("scan.label_commands", text=printable(scanned.text[:SHOWN_MAX])))]
        return self._type(line)

    def _asked(self, asked: requests.Asked) -> list[Told]:
        if isinstance(asked.request, Assignment):
            return self._begin_another(asked.number, asked.request)
        return self._steps[type(asked.request)](asked.request)

    def _begin_another(self, number: str, assignment: Assignment) -> list[Told]:
        try:
            self.begin(assignment)
        except AssignmentError as error:
            self._begun.appendleft(BegunShown(number=number, field=error.field, trouble=str(error)))
            return [Told(tone=Tone.ASK, text=str(error))]
        self._begun.appendleft(BegunShown(number=number, field="", trouble=""))
        return []

    def _answer(self, answer: requests.Answer) -> list[Told]:
        about = self._questions.answered(answer.question, last=answer.last)
        return [told for sighting in about if answer.keep for told in self._scan(sighting)]

    def _picture_named(self, name: str) -> list[Told]:
        """A picture for the last scan: from a file, such as a telephone's, or by the camera where none is named."""
        if not name:
            return self._photograph(None)
        try:
            with Path(name).expanduser().open("rb") as file:
                return self._photograph(file.read(BYTES_MAX + 1))
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) and error.strerror else error
            return [Told(tone=Tone.ASK, text=say("picture.unreadable", name=printable(name), reason=reason))]

    def _photograph(self, picture: bytes | None) -> list[Told]:
        """Keep a picture with the last scan: the page's own, or the camera's newest."""
        last = self.session.last_kept if self.session else None
        refusal = self._gate.signing.refusal(None)
        if refusal or last is None:
            return [Told(tone=Tone.ASK, text=refusal or say("picture.no_scan"))]
        if picture is None:
            newest = self.picture(0, PHOTOGRAPH_SECONDS_MAX)
            if newest is None:
                return [Told(tone=Tone.ASK, text=say("picture.no_camera"))]
            picture = newest[1]
        told = self._pictures.keep(*last, picture)
        if self.session is None or self.session.desk.in_hand is None or told.tone is not Tone.INFO:
            return [told]
        return [told, *self.session.desk.pictured(hashlib.sha256(picture).hexdigest())]

    def _sync_now(self) -> list[Told]:
        self._sync()
        return []

    # What it leads to.

    def _in_session(self, step: Callable[[Session], list[Told]], box: int | None = None) -> list[Told]:
        refusal = self._gate.signing.refusal(self.session.task.action if self.session else None)
        if refusal or self.session is None:
            return [Told(tone=Tone.ASK, text=refusal or say("page.choose_first"))]
        outcomes = step(self.session)
        self._check.told(self.session, outcomes, box)
        frame = self._eye.frame() if self._eye else None
        if frame is not None:  # what a person keyed in, or could not read, lies before the camera
            keyed = [told.event for told in outcomes if told.event and told.event.entry == "keyed"]
            self._pictures.cropped(keyed, (frame,))
        if self.session.hand_over.asks():
            self._sync()
        return outcomes

    def _go_on(self, *, heard: bool) -> list[Told]:
        """Whatever waited for a sync."""
        told = [*self._standing_news(), *self._undone.news(), *self._ended.news(), *self._awaited.news()]
        return [*told, *self._in_session(partial(Session.go_on, heard=heard))] if self.waits else told

    def _standing_news(self) -> list[Told]:
        """That the office has revoked this handheld; once while that lasts."""
        before, self._revoked = self._revoked, self._handheld.device.revoked
        return [Told(tone=Tone.STOP, text=say("status.revoked"))] if self._revoked and not before else []

    def _changed_hands(self) -> None:
        """Somebody else scans from now on, or nobody: an open bin stays open, and whoever goes on finishes it."""
        if self.session is None:
            return
        self.session.keeping.task = replace(self.session.task, operator=self._gate.signing.name)
        if self._gate.signing.name and self._eye and self._eye.live:
            self._eye.open(self.session.codes)  # what came into view meanwhile was not kept

    # Showing.

    def _tell(self, outcomes: list[Told]) -> None:
        self._hide_typing(self._gate.signing.asks)
        if self._eye:
            self._eye.ask(self._questions.box)
        self._teller.tell(outcomes, self.session.task if self.session else None)
        self._teller.show(
            open_bin=self._open_bin(),
            begun=tuple(self._begun),
            kept=self.kept,
            check=self._check.shown(),
            picks=self._list() if self.session else None,
            packing=packing_shown(self.session.packed) if self.session else None,
            returning=returning_shown(self.session.desk) if self.session else None,
            camera=self._eye.shown() if self._eye else None,
            question=self._questions.shown(self._thing),
            crew=self._gate.signing.shown(),
            count=count_shown(bins_of(self._handheld, self.session.task)) if self.session else None,
        )

    def _list(self) -> PicksShown | None:
        """What the work in hand is led by: what to pick, or what to put back."""
        if self.session is None:
            return None
        picked = picks_shown(self.session.pick_list, self.session.picks)
        return picked or put_back_shown(self.session.put_back, self.session.put_backs)

    def _open_bin(self) -> str:
        session = self.session
        return place_text(self._handheld.site_map, session.task.location) if session and session.opening else ""
