"""Who is signed in at this handheld: badge, then PIN, with no network; and what their role does not include.

Where the map knows people with badges, nothing is kept without one of them. Elsewhere `--operator` names who scans,
nobody is asked for anything, and what the handheld itself is for is what can be done.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from scanner_client import crew
from scanner_client.assignment import AssignmentError, menu
from scanner_client.crew import Member
from scanner_client.handheld import Handheld
from scanner_client.page.protocol import CrewShown
from scanner_client.screen import ago
from scanner_client.sighting import Told, Tone
from scanner_client.task import Task
from scanner_client.throttle import Throttle
from scanner_client.wording import action_words, role_text, say
from sync.pin import PIN_LENGTH_MAX, check_pin

IDLE_MS: Final = 15 * 60_000
"""After so long without an entry somebody else may have the handheld. A break is longer, packing one carton is not."""
MINUTE_MS: Final = 60_000


class SignIn:
    """Used by the thread that works, and by no other."""

    def __init__(self, handheld: Handheld) -> None:
        self._site_map = handheld.site_map
        self._device_no = handheld.device.device_no
        self._clock = handheld.clock
        self._throttle = Throttle(handheld.database, handheld.clock)
        self._person: Member | None = None
        self._awaited: Member | None = None
        self._trouble = ""
        self._active_ms = 0

    @property
    def required(self) -> bool:
        """Whether somebody has to be signed in before anything is kept."""
        return crew.is_known(self._site_map)

    @property
    def name(self) -> str | None:
        """Who is signed in."""
        return self._person.name if self._person else None

    @property
    def asks(self) -> bool:
        """Whether a PIN is awaited."""
        return self._awaited is not None

    def present(self, badge: str) -> Told:
        """A badge was scanned: its PIN is awaited, whoever is signed in."""
        self._awaited, self._trouble = None, ""
        found = crew.find(self._site_map, badge)
        if found is None:
            return self._refused(say("sign.unknown_badge", badge=badge))
        if not found.role or found.pin is None:
            return self._refused(say("sign.inactive", name=found.name))
        if wait_ms := self._throttle.wait_ms(badge):
            return self._refused(say("sign.wait", time=ago(wait_ms)))
        self._awaited = found
        return Told(tone=Tone.INFO, text=say("sign.pin", name=found.name))

    def enter(self, pin: str) -> Told:
        """The PIN of the badge that was scanned last."""
        found = self._awaited
        if found is None or found.pin is None:
            return Told(tone=Tone.ASK, text=say("sign.badge_before_pin"))
        if wait_ms := self._throttle.wait_ms(found.badge):
            return self._refused(say("sign.wait", time=ago(wait_ms)))
        if len(pin) > PIN_LENGTH_MAX or not check_pin(pin, found.pin):
            self._throttle.failed(found.badge)
            wait_ms = self._throttle.wait_ms(found.badge)
            self._awaited = None if wait_ms else found
            return self._refused(say("sign.wait", time=ago(wait_ms)) if wait_ms else say("sign.wrong_pin"))
        self._throttle.succeeded(found.badge)
        self._person, self._awaited, self._trouble = found, None, ""
        self._active_ms = self._clock.boot_ms()
        return Told(tone=Tone.INFO, text=say("sign.welcome", name=found.name, role=role_text(found.role)))

    def forget(self) -> None:
        """No PIN is awaited any more."""
        self._awaited, self._trouble = None, ""

    def sign_out(self) -> Told:
        """Nobody is signed in any more."""
        name, self._person = self.name, None
        self.forget()
        return Told(tone=Tone.INFO, text=say("sign.out", name=name) if name else say("sign.nobody"))

    def notice(self, *, active: bool) -> list[Told]:
        """What has changed since the last entry: the server's word on this person, or nobody was here for long.

        Args:
            active: whether a person is at the handheld just now.
        """
        person, now_ms = self._person, self._clock.boot_ms()
        if person is None:
            return []
        found = crew.find(self._site_map, person.badge)
        if found is None or not found.role:
            self._person = None
            return [Told(tone=Tone.ASK, text=say("sign.left", name=person.name))]
        if now_ms - self._active_ms > IDLE_MS:
            self._person = None
            return [Told(tone=Tone.INFO, text=say("sign.idle", name=person.name, minutes=IDLE_MS // MINUTE_MS))]
        if active:
            self._active_ms = now_ms
        self._person = found
        if found.role == person.role:
            return []
        return [Told(tone=Tone.INFO, text=say("sign.role_changed", name=found.name, role=role_text(found.role)))]

    def refusal(self, action: str | None) -> str | None:
        """Why nothing may be kept of this action now, in a sentence; None where it may. No action: of any."""
        if not self.required:
            return self._not_its_own(action)
        if self._person is None:
            return say("sign.badge_first")
        if action is None or self._person.may(action):
            return None
        return say("sign.not_yours", action=action_words(action)[0], role=role_text(self._person.role))

    def signed(self, task: Task) -> Task:
        """The task in the name of whoever is signed in.

        Raises:
            AssignmentError: their role, or this handheld's, does not include its action.
        """
        refusal = self.refusal(task.action) if self._person or not self.required else None
        if refusal:
            raise AssignmentError(refusal)
        return replace(task, operator=self.name) if self.required else task

    def shown(self) -> CrewShown:
        """How it stands, for the page."""
        person = self._person
        return CrewShown(
            required=self.required,
            name=person.name if person else "",
            role=role_text(person.role) if person else "",
            actions=tuple(what.name for what in menu() if self._offers(what.name)),
            asks=self._awaited.name if self._awaited else "",
            trouble=self._trouble,
        )

    def _offers(self, action: str) -> bool:
        """Whether it can be chosen just now."""
        if self.required:
            return self._person is not None and self._person.may(action)
        return self._not_its_own(action) is None

    def _not_its_own(self, action: str | None) -> str | None:
        """Why this handheld is not for it, where nobody needs a badge."""
        role = crew.role_of_handheld(self._site_map, self._device_no)
        if role is None or action is None or crew.includes(role, action):
            return None
        return say("sign.another_handheld", action=action_words(action)[0], role=role_text(role))

    def _refused(self, words: str) -> Told:
        self._trouble = words
        return Told(tone=Tone.ASK, text=words)
