"""Pictures of what was scanned: crops that lie in the evidence, and what people take or the office will want to see."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from scanner_client.handheld import Handheld
from scanner_client.pictures import PictureError, Pictures
from scanner_client.sighting import Told, Tone
from scanner_client.wording import say
from sync.event import ScanEvent, format_name

if TYPE_CHECKING:
    from scanner_client.evidence import Evidence
    from scanner_client.vision.frame import Grey

CROP_BYTES_MAX: Final = 60_000
"""A box's labels have 13 kB; a larger crop waits in the handheld for somebody to ask for it."""


class ScanPictures:
    """Of scans that were committed; `evidence` is None where nobody wants crops."""

    def __init__(self, handheld: Handheld, evidence: Evidence | None) -> None:
        self._pictures = Pictures(handheld.home)
        self._evidence = evidence
        self._crops: list[tuple[ScanEvent, tuple[Grey, ...]]] = []

    def cropped(self, events: Sequence[ScanEvent], crops: tuple[Grey, ...]) -> None:
        """These were seen of each of the scans; they are written once those have been told."""
        self._crops += [(event, crops) for event in events]

    def write(self) -> None:
        """After the beep: nobody waits for a picture."""
        crops, self._crops = self._crops, []
        for event, pictures in crops:
            if self._evidence:
                self._evidence.keep(format_name(event.name), pictures)

    def show_the_office(self, outcomes: Sequence[Told]) -> None:
        """Send the crops of scans that will be cases, where that costs little: small, and while the server answers."""
        for told in outcomes:
            odd = told.tone in (Tone.ALARM, Tone.STOP, Tone.LOOK)
            if told.event is None or told.judgement is None or not odd or self._evidence is None:
                continue
            name = format_name(told.event.name)
            crop = self._evidence.find(name)
            if crop is not None and crop.stat().st_size <= CROP_BYTES_MAX:
                with suppress(PictureError, OSError):  # it lies in the evidence all the same
                    self._pictures.keep(name, crop.read_bytes())

    def keep(self, event: ScanEvent, thing: str, picture: bytes) -> Told:
        """Keep a picture that a person took of this scan; `thing` is what people call it."""
        try:
            self._pictures.keep(format_name(event.name), picture)
        except PictureError as error:
            return Told(tone=Tone.ASK, text=str(error), thing=thing)
        return Told(tone=Tone.INFO, text=say("picture.kept", thing=thing))
