"""What a scanner makes of a printed page: PDF and ZPL as pictures, read by the handheld's own decoder."""

from __future__ import annotations

import re

import numpy as np
import pypdfium2  # type: ignore[import-untyped]
from numpy.typing import NDArray

from scanner_client.vision.decoder import Decoder
from scanner_client.vision.frame import Frame
from sync.labels import Label, SiteCodes, parse

Picture = NDArray[np.uint8]
DPI = 200
MM_PER_INCH = 25.4


def pages(pdf: bytes, dpi: int = DPI) -> list[Picture]:
    """Each page as a scanner on a desk sees it, grey."""
    document = pypdfium2.PdfDocument(pdf)
    try:
        return [np.asarray(page.render(scale=dpi / 72, grayscale=True).to_numpy()).squeeze() for page in document]
    finally:
        document.close()


def keys_in(picture: Picture, codes: SiteCodes) -> list[str]:
    """The canonical names of the labels in a picture."""
    frame = Frame(index=0, t_ms=0.0, grey=np.ascontiguousarray(picture), path=None, still=True)
    labels = [parse(reading.data, reading.symbology, codes) for reading in Decoder().look(frame).readings]
    return [label.key if isinstance(label, Label) else label.reason for label in labels]


def cut(page: Picture, corner: tuple[float, float], size: tuple[float, float], dpi: int = DPI) -> Picture:
    """One label cut out of its sheet, with the white of a table around it."""
    x, y, width, height = (round(mm * dpi / MM_PER_INCH) for mm in (*corner, *size))
    return np.pad(page[max(y, 0) : y + height, max(x, 0) : x + width], 60, constant_values=255)


FIELD = re.compile(r"\^FO(\d+),(\d+)\^GFA,(\d+),(\d+),(\d+),([^\^]*)\^FS")


def printed(zpl: str) -> list[Picture]:
    """What a thermal printer makes of ZPL, a picture a label: its graphics alone, two pixels a dot."""
    found = []
    for label in re.findall(r"\^XA.*?\^XZ", zpl, re.DOTALL):
        width, height = (int(re.search(rf"\^{command}(\d+)", label)[1]) for command in ("PW", "LL"))  # type: ignore[index]
        paper = np.full((height, width), 255, dtype=np.uint8)
        for x, y, _, total, row, data in FIELD.findall(label):
            dots = _dots(data, int(total), int(row))
            assert int(y) + dots.shape[0] <= height, "the symbol leaves the label"
            dark = np.argwhere(dots)
            assert int(x) + dark[:, 1].max() < width, "the symbol leaves the label"
            paper[dark[:, 0] + int(y), dark[:, 1] + int(x)] = 0
        found.append(np.pad(np.kron(paper, np.ones((2, 2), dtype=np.uint8)), 60, constant_values=255))
    return found


def _dots(data: str, total: int, bytes_a_row: int) -> NDArray[np.bool_]:
    """ZPL's run lengths undone (ZPL II Programming Guide, alternative data compression scheme)."""
    rows: list[str] = []
    row, count = "", 0
    for sign in data:
        if "G" <= sign <= "Y":
            count += ord(sign) - ord("G") + 1
        elif "g" <= sign <= "z":
            count += 20 * (ord(sign) - ord("g") + 1)
        elif sign == ":":
            rows.append(rows[-1])
        else:
            row = row.ljust(bytes_a_row * 2, "0" if sign == "," else "F") if sign in ",!" else row + sign * (count or 1)
            count = 0
        if len(row) == bytes_a_row * 2:
            rows.append(row)
            row = ""
    bits = np.unpackbits(np.frombuffer(bytes.fromhex("".join(rows)), dtype=np.uint8))
    assert len(bits) == total * 8
    return bits.reshape(-1, bytes_a_row * 8).astype(bool)
