"""What stands between an entry and the session: badges and PINs go to the sign-in, and never into the queue.

A line `pin:....` is a PIN wherever it comes from, typed, wedged or printed as a code; it is kept by nobody and said
nowhere. While a PIN is awaited, a typed line of four to eight digits is one too.
"""

from __future__ import annotations

import re
from typing import Final

from scanner_client.handheld import Handheld
from scanner_client.judging import site_codes
from scanner_client.sighting import Sighting, Told, Tone
from scanner_client.signing_in import SignIn
from scanner_client.typed import KEYED_PREFIX, SIGN_OUT, symbol
from scanner_client.wording import say
from sync.identity import Kind, split_key
from sync.labels import Label, parse

_PIN_LINE: Final = re.compile(rb"\s*pin:\s*(.*?)\s*", re.IGNORECASE | re.DOTALL)
_PIN: Final = re.compile(rb"\s*([0-9]{4,8})\s*")
BADGE_PREFIX: Final = "BADGE:"
"""Of the labels that a site prints unless it says otherwise: so a badge's code can be typed without it."""


class Gate:
    """Used by the thread that works, and by no other."""

    def __init__(self, handheld: Handheld) -> None:
        self.signing = SignIn(handheld)
        self._handheld = handheld

    def typed(self, line: bytes) -> list[Told] | None:
        """What a typed line led to where it is about who scans; None where it is not."""
        if line.strip() == SIGN_OUT:
            return [self.signing.sign_out()]
        pin = _PIN.fullmatch(line) if self.signing.asks else None
        if pin:
            return self._enter(pin[1])
        return self.seen(Sighting(symbols=(symbol(line.removeprefix(KEYED_PREFIX).strip()),)))

    def seen(self, sighting: Sighting) -> list[Told] | None:
        """The same of a label, by camera or wedge."""
        if len(sighting.symbols) != 1:
            return None
        data = sighting.symbols[0].data
        if pin := _PIN_LINE.fullmatch(data):
            return self._enter(pin[1])
        if self.signing.required:
            label = parse(data, sighting.symbols[0].symbology, site_codes(self._handheld.site_map))
            if isinstance(label, Label) and label.kind is Kind.BADGE:
                return [self.signing.present(split_key(label.key).elements[-1][1])]
        if self.signing.asks and self.signing.name is None:
            return [Told(tone=Tone.ASK, text=say("sign.pin_awaited"))]
        self.signing.forget()  # whoever is signed in goes on: another badge only came before the scanner
        return None

    def badge_typed(self, text: str) -> list[Told]:
        """A badge that a person typed: what its label says, or its code."""
        for said in (text, BADGE_PREFIX + text.upper()):
            label = parse(said.strip().encode(errors="replace"), None, site_codes(self._handheld.site_map))
            if isinstance(label, Label) and label.kind is Kind.BADGE:
                return [self.signing.present(split_key(label.key).elements[-1][1])]
        return [self.signing.present(text.strip())]

    def _enter(self, pin: bytes) -> list[Told]:
        return [self.signing.enter(pin.decode("latin-1"))]
