"""What a person asks for at the page about the session and about who scans; what the camera does is asked elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from scanner_client.gate import Gate
from scanner_client.handheld import Handheld
from scanner_client.page import requests
from scanner_client.page.view import past_shown
from scanner_client.past import last_scans
from scanner_client.session import Session
from scanner_client.sighting import Told, Tone
from scanner_client.telling import Teller
from scanner_client.typed import KEYED_PREFIX, Typing
from scanner_client.wording import say

Step = Callable[[Session], list[Told]]


class Wishes:
    """Each request of a page, and what it leads to."""

    def __init__(
        self, handheld: Handheld, gate: Gate, teller: Teller, *, in_session: Callable[[Step], list[Told]]
    ) -> None:
        """Prepare; `in_session` takes a step where there is a task and who scans may do it, and else says why not."""
        self._handheld = handheld
        self._gate = gate
        self._teller = teller
        self._in_session = in_session
        self.steps: dict[type[Any], Callable[[Any], list[Told]]] = {
            requests.KeyedIn: self._key,
            requests.Quantity: lambda request: in_session(lambda session: [session.counts(request.pieces)]),
            requests.Undo: self._undo,
            requests.ListScans: self._list_scans,
            requests.Short: lambda request: in_session(lambda session: session.short(request.reason)),
            requests.Condition: self._grade,
            requests.CloseCarton: lambda _: in_session(Session.close_carton),
            requests.Unreadable: lambda _: in_session(Session.unreadable),
            requests.FinishBin: lambda _: in_session(_finished),
            requests.Present: lambda request: gate.badge_typed(request.badge),
            requests.EnterPin: lambda request: [gate.signing.enter(request.pin)],
            requests.ForgetPin: lambda _: self._forget_pin(),
            requests.SignOut: lambda _: [gate.signing.sign_out()],
        }

    def _key(self, keyed: requests.KeyedIn) -> list[Told]:
        about_who = self._gate.typed(keyed.first.encode())
        if about_who is not None:
            return about_who
        return self._in_session(lambda session: _keyed(session, keyed))

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

    def _forget_pin(self) -> list[Told]:
        self._gate.signing.forget()
        return []


def _keyed(session: Session, keyed: requests.KeyedIn) -> list[Told]:
    """Both times at once: what the first alone leads to is not told."""
    typing = Typing(session)
    typing.enter(KEYED_PREFIX + keyed.first.encode())
    return typing.enter(KEYED_PREFIX + keyed.second.encode())


def _finished(session: Session) -> list[Told]:
    return session.finish() or [Told(tone=Tone.ASK, text=say("page.no_bin_open"))]
