"""The operator's screen for tests: the real program, and its page in a real browser."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

import cv2
import numpy as np
import zxingcpp
from playwright.sync_api import CDPSession, ConsoleMessage, Page

from scanner_client.clock import system_clock
from scanner_client.handheld import open_handheld
from sync.event import ScanEvent, decode

ROOT = Path(__file__).parents[2]
ITEM = "https://id.gs1.org/01/09506000134352"
CTRL = 2
"""As Chrome's protocol numbers the keys that modify others."""
PRESSING = " \r"
"""The keys that press a button when they are let go of."""
WEDGE_S = 0.005
BETWEEN_SCANS_S = 0.1
LOOK_ROUND = ("--action", "inspect", "--location", "A-01", "--operator", "Mia")


@dataclass
class Station:
    """A packing station: the program with a folder of its own, and its screen."""

    home: Path
    page: Page
    said: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    program: subprocess.Popen[bytes] | None = None
    address: str = ""
    _keyboard: CDPSession | None = None
    _typed_at: float = 0

    def start(self, *options: str) -> None:
        words = [sys.executable, "-m", "scanner_client", "scan", "--home", str(self.home), "--page", *options]
        self.program = subprocess.Popen(words, cwd=ROOT, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE)
        assert self.program.stderr is not None
        told = ""
        while (found := re.search(r"http://\S+", told)) is None:
            line = self.program.stderr.readline().decode()
            assert line, told
            told += line
        self.page.on("console", self._hear)
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.address = found.group()
        self.page.goto(self.address)

    def _hear(self, message: ConsoleMessage) -> None:
        self.said.append(message.text)

    def wedge(self, text: str, held_up: Mapping[int, float] = MappingProxyType({})) -> None:
        """Type as a wedge scanner does, with Ctrl-] for FNC1 and Enter behind.

        Each key bears the moment at which the scanner sent it, as the operating system gives it to a browser: how long
        this machine takes to hand it over says nothing. `held_up` has the seconds that the key with that number waits.
        """
        waits = [held_up.get(number, WEDGE_S) for number in range(len(text) + 1)]
        at = max(time.time(), self._typed_at + BETWEEN_SCANS_S)
        self._keyboard = self._keyboard or self.page.context.new_cdp_session(self.page)
        for character, wait in zip((*text, "\r"), waits, strict=True):
            at += wait
            for kind in ("keyDown", "keyUp") if character in PRESSING else ("keyDown",):
                self._keyboard.send("Input.dispatchKeyEvent", {"type": kind, "timestamp": at, **_key(character)})
        self._typed_at = at

    def end(self) -> list[ScanEvent]:
        """End the program as the system does, and look at what it kept."""
        assert self.program is not None
        self.program.terminate()
        self.program.communicate(timeout=20)
        with open_handheld(self.home, system_clock()) as handheld:
            return [decode(line) for line in handheld.outbox.next_run().lines]


def _key(character: str) -> dict[str, object]:
    if character == "\r":
        return {"key": "Enter", "code": "Enter", "text": "\r", "windowsVirtualKeyCode": 13}
    if character == "\x1d":
        return {"key": "]", "code": "BracketRight", "modifiers": CTRL}
    return {"key": character, "text": character}


def label(serial: str) -> str:
    return f"]d2010950600013435221{serial}"


def picture(path: Path, *serials: str) -> Path:
    """A photograph of labels beside each other: QR codes with a Digital Link."""
    labels = []
    for serial in serials:
        code = zxingcpp.create_barcode(f"{ITEM}/21/{serial}", zxingcpp.BarcodeFormat.QRCode)
        modules = np.array(code.to_image(scale=6))
        small = cv2.resize(modules, (260, 260))
        labels.append(cv2.copyMakeBorder(small, 60, 60, 60, 60, cv2.BORDER_CONSTANT, value=(255,)))
    cv2.imwrite(str(path), np.hstack(labels))
    return path
