"""One run of `scan`: whatever comes in, from the camera, the keyboard or the page, in one thread and in order."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from scanner_client.assignment import AssignmentError, task_of
from scanner_client.bin_check import BinCheck, expectation
from scanner_client.count_list import bins_of
from scanner_client.gate import Gate
from scanner_client.handheld import Handheld
from scanner_client.inbox import BadPicture, Doubtful, Seen, Synced, Typed, TypingEnded, WatchEnded
from scanner_client.judging import place_text, site_codes, thing_text
from scanner_client.page import requests
from scanner_client.page.protocol import BegunShown
from scanner_client.page.view import check_shown, count_shown, packing_shown, past_shown, picks_shown
from scanner_client.past import last_scans
from scanner_client.pictures import PictureError, Pictures
from scanner_client.questions import Questions
from scanner_client.session import Session
from scanner_client.sighting import Sighting, Told, Tone
from scanner_client.task import Assignment
from scanner_client.telling import Teller
from scanner_client.typed import KEYED_PREFIX, Typing
from scanner_client.vision.mark import MarkTone
from scanner_client.wording import say
from sync.event import ScanEvent, format_name
from sync.identity import Kind
from sync.labels import Label, parse

if TYPE_CHECKING:
    from scanner_client.evidence import Evidence
    from scanner_client.eye import Eye
    from scanner_client.vision.frame import Grey

PHOTOGRAPH_SECONDS_MAX: Final = 2.0
"""A camera that gives no picture for so long is no help."""
CROP_BYTES_MAX: Final = 60_000
"""A box's labels have 13 kB; a larger crop waits in the handheld for somebody to ask for it."""
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
        self._evidence = evidence
        self._pictures = Pictures(handheld.home)
        self._confirm = confirm
        self._gate = Gate(handheld)
        self._hide_typing = hide_typing
        self._kept_before = 0
        self._typing: Typing | None = None
        self._questions = Questions()
        self._check: BinCheck | None = None
        self._begun: deque[BegunShown] = deque(maxlen=BEGUN_MAX)
        self._crops: list[tuple[ScanEvent, tuple[Grey, ...]]] = []
        self._steps: dict[type[Any], Callable[[Any], list[Told]]] = {
            Seen: lambda entry: self._scan(entry.sighting),
            Doubtful: lambda entry: self._doubt(entry.sighting),
            BadPicture: lambda bad: [Told(tone=Tone.ASK, text=str(bad.trouble))],
            WatchEnded: self._watch_ended,
            TypingEnded: lambda ended: [Told(tone=Tone.INFO, text=str(ended.trouble))] if ended.trouble else [],
            Typed: lambda entry: self._type(entry.line),
            Synced: lambda _: self._go_on(),
            requests.Asked: self._asked,
            requests.Scanned: lambda request: self._type(request.text.encode()),
            requests.KeyedIn: self._key,
            requests.Quantity: lambda request: self._in_session(lambda session: [session.counts(request.pieces)]),
            requests.Undo: self._undo,
            requests.ListScans: self._list_scans,
            requests.Short: lambda request: self._in_session(lambda session: session.short(request.reason)),
            requests.Condition: self._grade,
            requests.Photograph: lambda _: self._photograph(None),
            requests.Photographed: lambda request: self._photograph(request.picture),
            requests.CloseCarton: lambda _: self._in_session(Session.close_carton),
            requests.Unreadable: lambda _: self._in_session(Session.unreadable),
            requests.FinishBin: lambda _: self._in_session(_finished),
            requests.Answer: self._answer,
            requests.Present: lambda request: self._gate.badge_typed(request.badge),
            requests.EnterPin: lambda request: [self._gate.signing.enter(request.pin)],
            requests.ForgetPin: lambda _: self._forget_pin(),
            requests.SignOut: lambda _: [self._gate.signing.sign_out()],
            requests.SyncNow: lambda _: self._sync_now(),
            requests.OpenCamera: lambda _: self._open_eye(),
            requests.SavePicture: lambda _: [Told(tone=Tone.INFO, text=self.save_picture())],
        }

    @property
    def kept(self) -> int:
        """What was committed so far and stands."""
        return self._kept_before + (self.session.kept if self.session else 0)

    def take(self, entry: Any) -> None:
        """Deal with one entry: a class of `inbox.py`, or what a page asked for."""
        before = self._gate.signing.name
        noticed = self._gate.signing.notice(active=not isinstance(entry, UNATTENDED))
        outcomes = self._steps[type(entry)](entry)
        if self._gate.signing.name != before:
            self._changed_hands()
        self._tell([*noticed, *outcomes])
        crops, self._crops = self._crops, []
        for event, pictures in crops:
            if self._evidence:  # after the beep: nobody waits for a picture
                self._evidence.keep(format_name(event.name), pictures)
        for told in outcomes:
            self._show_the_office(told)

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
        self._check = None
        self._check_bin([])
        if self._eye and (self._eye.live or not self._eye.opened):
            self._eye.open(self.session.codes)  # what lies before the camera is read anew for the new task
        self._tell([])

    def wait_for_a_choice(self) -> None:
        """Show that there is no task yet."""
        self._tell([])

    def finish(self) -> None:
        """Nothing more belongs to the task: an open bin is finished."""
        if self.session:
            self._tell(self.session.leave())

    def picture(self, after: int, timeout_s: float) -> tuple[int, bytes] | None:
        """The newest picture, as `Eye.newest` gives it; for the page's threads."""
        return self._eye.newest(after, timeout_s) if self._eye else None

    def save_picture(self) -> str:
        """Write the whole marked picture; what there is to say of it."""
        if self._eye is None:
            return say("page.no_picture")
        return self._eye.save(self._check.lines(self._eye.unread) if self._check else ())

    def close(self) -> None:
        """Let go of the camera."""
        if self._eye:
            self._eye.close()

    def _changed_hands(self) -> None:
        """Somebody else scans from now on, or nobody: an open bin stays open, and whoever goes on finishes it."""
        if self.session is None:
            return
        self.session.keeping.task = replace(self.session.task, operator=self._gate.signing.name)
        if self._gate.signing.name and self._eye and self._eye.live:
            self._eye.open(self.session.codes)  # what came into view meanwhile was not kept

    def _forget_pin(self) -> list[Told]:
        self._gate.signing.forget()
        return []

    def _tell(self, outcomes: list[Told]) -> None:
        self._hide_typing(self._gate.signing.asks)
        self._teller.tell(outcomes, self.session.task if self.session else None)
        self._teller.show(
            open_bin=self._open_bin(),
            begun=tuple(self._begun),
            kept=self.kept,
            check=check_shown(self._check, self._eye.unread if self._eye else 0) if self._check else None,
            picks=picks_shown(self.session.pick_list, self.session.picks) if self.session else None,
            packing=packing_shown(self.session.packed) if self.session else None,
            camera=self._eye.shown() if self._eye else None,
            question=self._questions.shown(self._thing),
            crew=self._gate.signing.shown(),
            count=count_shown(bins_of(self._handheld, self.session.task)) if self.session else None,
        )

    def _check_bin(self, outcomes: list[Told], box: int | None = None) -> None:
        """Hold what came out against what is expected here.

        A finished bin stays in sight until the next is opened, or another document taken up: its counters may be blind.
        """
        if self.session is None:
            return
        task, opening = self.session.task, self.session.opening
        if self._check is None or not self._check.is_for(task, opening):
            fresh = BinCheck(expectation(self._handheld.site_map, task, opening))
            if not self._check or fresh.expected.place or task.document != self._check.expected.document:
                self._check = fresh
        is_listing = len(outcomes) > 1  # one symbol that lists many units: each of them is a scan of its own
        for told in outcomes:
            self._check.told(told, None if is_listing else box)
            if self._eye and box is not None:
                self._eye.mark(box, *self._check.mark(told))
            if self._eye and told.undone_box is not None:
                self._eye.mark(told.undone_box, MarkTone.PENDING, "")

    def _in_session(self, step: Callable[[Session], list[Told]], box: int | None = None) -> list[Told]:
        refusal = self._gate.signing.refusal(self.session.task.action if self.session else None)
        if refusal or self.session is None:
            return [Told(tone=Tone.ASK, text=refusal or say("page.choose_first"))]
        outcomes = step(self.session)
        self._check_bin(outcomes, box)
        frame = self._eye.frame() if self._eye else None
        if frame is not None:  # what a person keyed in, or could not read, lies before the camera
            keyed = [told.event for told in outcomes if told.event and told.event.entry == "keyed"]
            self._crops += [(event, (frame,)) for event in keyed]
        if self.session.hand_over.waits:
            self._sync()  # who is online is told to go in a second
        return outcomes

    def _go_on(self) -> list[Told]:
        """Whatever waited for a sync."""
        waits = self.session is not None and self.session.hand_over.waits
        return self._in_session(Session.go_on) if waits else []

    def _open_bin(self) -> str:
        session = self.session
        return place_text(self._handheld.site_map, session.task.location) if session and session.opening else ""

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

    def _scan(self, sighting: Sighting) -> list[Told]:
        if self._is_stale(sighting):
            return []
        about_who = self._gate.seen(sighting)
        if about_who is not None:
            return about_who
        names_one = any(label.kind not in NAMING_MANY for label in self._labels(sighting))
        self._questions.settle(sighting, names_one=names_one)
        outcomes = self._in_session(lambda session: session.scan(sighting), sighting.box)
        self._crops += [(told.event, sighting.crops) for told in outcomes if told.event and sighting.crops]
        return outcomes

    def _is_stale(self, sighting: Sighting) -> bool:
        """Whether it was seen for the task before this one, and only comes to be dealt with now."""
        return self._eye is not None and sighting.box is not None and self._eye.is_stale(sighting.box)

    def _type(self, line: bytes) -> list[Told]:
        about_who = self._gate.typed(line)
        if about_who is not None:
            return about_who
        return self._in_session(lambda _: self._typing.enter(line) if self._typing else [])

    def _key(self, keyed: requests.KeyedIn) -> list[Told]:
        about_who = self._gate.typed(keyed.first.encode())
        if about_who is not None:
            return about_who
        return self._in_session(lambda session: _keyed(session, keyed))

    # What only a person can say.

    def _thing(self, sighting: Sighting) -> str:
        """What people call what was read; empty where it names nothing that this handheld understands."""
        return " + ".join(thing_text(self._handheld.site_map, label.key) for label in self._labels(sighting))

    def _labels(self, sighting: Sighting) -> list[Label]:
        codes = self.session.codes if self.session else site_codes(self._handheld.site_map)
        parsed = (parse(symbol.data, symbol.symbology, codes) for symbol in sighting.symbols)
        return [label for label in parsed if isinstance(label, Label)]

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

    def _answer(self, answer: requests.Answer) -> list[Told]:
        about = self._questions.answered(answer.question, last=answer.last)
        return [told for sighting in about if answer.keep for told in self._scan(sighting)]

    # What was scanned before.

    def _undo(self, undo: requests.Undo) -> list[Told]:
        if undo.event is None:
            return self._in_session(lambda session: [session.undo()])
        past = next((scan for scan in last_scans(self._handheld) if scan.name == undo.event), None)
        if past is None:
            return [Told(tone=Tone.ASK, text=say("past.gone"))]
        if not (undo.reason or "").strip():
            return [Told(tone=Tone.ASK, text=say("past.why"), thing=past.thing)]
        outcomes = self._in_session(lambda session: [session.take_back(past, str(undo.reason).strip())])
        self._list_scans(requests.ListScans())
        return outcomes

    def _list_scans(self, asked: requests.ListScans) -> list[Told]:
        self._teller.show(past=past_shown(last_scans(self._handheld)) if asked.shown else None)
        return []

    def _grade(self, asked: requests.Condition) -> list[Told]:
        return self._in_session(lambda session: [session.grade(asked.condition, last=asked.last)])

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
        event, thing = last
        try:
            self._pictures.keep(format_name(event.name), picture)
        except PictureError as error:
            return [Told(tone=Tone.ASK, text=str(error), thing=thing)]
        return [Told(tone=Tone.INFO, text=say("picture.kept", thing=thing))]

    def _show_the_office(self, told: Told) -> None:
        """Send the crop of a scan that will be a case, where that costs little: small, and while the server answers."""
        doubtful = told.event is not None and told.judgement is not None and told.tone in (Tone.STOP, Tone.LOOK)
        if not doubtful or told.event is None or self._evidence is None or self._teller.is_offline:
            return
        name = format_name(told.event.name)
        crop = self._evidence.find(name)
        if crop is not None and crop.stat().st_size <= CROP_BYTES_MAX:
            with suppress(PictureError, OSError):  # it lies in the evidence all the same
                self._pictures.keep(name, crop.read_bytes())

    def _sync_now(self) -> list[Told]:
        self._sync()
        return []

    # The camera.

    def _watch_ended(self, ended: WatchEnded) -> list[Told]:
        trouble = self._eye.shown().trouble if self._eye and ended.trouble else ""
        return [Told(tone=Tone.INFO, text=trouble)] if trouble else []

    def _open_eye(self) -> list[Told]:
        if self._eye and self.session and not self._eye.running:
            self._questions.clear()  # whatever it was will be seen, and asked about, once more
            self._eye.open(self.session.codes)
        return []


def _keyed(session: Session, keyed: requests.KeyedIn) -> list[Told]:
    """Both times at once: what the first alone leads to is not told."""
    typing = Typing(session)
    typing.enter(KEYED_PREFIX + keyed.first.encode())
    return typing.enter(KEYED_PREFIX + keyed.second.encode())


def _finished(session: Session) -> list[Told]:
    return session.finish() or [Told(tone=Tone.ASK, text=say("page.no_bin_open"))]
