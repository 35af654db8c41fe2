"""The engines that the camera's benchmark compares, each as a function from a frame to what it read."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from scanner_client.decode_command import text_of
from scanner_client.vision.decoder import Decoder
from scanner_client.vision.engine import EVERYTHING, FORMATS, read
from scanner_client.vision.frame import Frame, Grey
from scanner_client.vision.reading import Reading
from tests.zbar import Zbar, ZbarReading, ZbarUnavailableError

SHARED: Final = Path(__file__).parents[2] / ".." / "shared"
OURS, ALONE, ZBAR = "ours", "zxing-cpp", "ZBar"

ZBAR_FORMATS: Final = {
    "EAN13": "EAN13", "EAN8": "EAN8", "UPCA": "UPCA", "UPCE": "UPCE", "I25": "ITF", "DATABAR": "DataBarOmni",
    "DATABAR_EXP": "DataBarExp", "CODABAR": "Codabar", "CODE39": "Code39", "CODE93": "Code93", "CODE128": "Code128",
    "QRCODE": "QRCode",
}  # fmt: skip
"""zxing-cpp's name for each of ZBar's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """One symbol as an engine gave it."""

    format: str
    text: str
    """As `decode --json` writes it."""

    def as_json(self) -> dict[str, Any]:
        return {"format": self.format, "text": self.text}


Engine = Callable[[Frame], list[Read]]


def engines() -> Mapping[str, Engine]:
    """Every engine that is here, by name; says so where ZBar is not."""
    found: dict[str, Engine] = {OURS: ours(), ALONE: _alone}
    try:
        zbar = Zbar()
    except ZbarUnavailableError as missing:
        print(f"{missing} Its columns are left out.")
        return found

    def by_zbar(frame: Frame) -> list[Read]:
        return [_by_zbar(one) for one in zbar.read(frame.grey)]

    return found | {ZBAR: by_zbar}


def ours(**options: Any) -> Engine:
    """Our decoder with its defaults or other options, judged by single frames."""
    decoder = Decoder(**options)

    def look(frame: Frame) -> list[Read]:
        return [_as_read(reading) for reading in decoder.look(frame).readings]

    return look


def picture(grey: Grey) -> Frame:
    """A grey picture that stands alone."""
    return Frame(index=0, t_ms=0.0, grey=grey, path=None, still=True)


def scorer() -> Any:
    """The module that judges readings of photographs.

    Raises FileNotFoundError where the shared data are not beside the checkout.
    """
    path = SHARED / "harness" / "score_frames.py"
    if not path.exists():
        raise FileNotFoundError(f"{path} does not exist; photographs and the table are judged by it.")
    spec = importlib.util.spec_from_file_location("score_frames", path)
    if spec is None or spec.loader is None:
        raise FileNotFoundError(f"{path} cannot be loaded.")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _alone(frame: Frame) -> list[Read]:
    """zxing-cpp by itself: our formats, every switch as it comes."""
    return [_as_read(reading) for reading in read(frame.grey, formats=FORMATS, effort=EVERYTHING).readings]


def _as_read(reading: Reading) -> Read:
    return Read(format=reading.format, text=text_of(reading))


def _by_zbar(one: ZbarReading) -> Read:
    # The library has turned every character set into UTF-8 itself.
    return Read(format=ZBAR_FORMATS[one.symbol], text=one.data.decode("utf-8", "replace"))
