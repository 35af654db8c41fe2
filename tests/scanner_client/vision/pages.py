"""Pages with labels on them, upright and clean or turned, soft and noisy: what a decoder is tried on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
import zxingcpp

from scanner_client.vision.decoder import STAGES, Decoder
from scanner_client.vision.frame import Frame, Grey
from tests.rendering.labels import Kind, LabelSpec, label

UNIT = LabelSpec(kind=Kind.GS1_DATAMATRIX, content="(01)09506000134352(10)L1(21)A1")
LINK = LabelSpec(kind=Kind.QR, content="https://id.gs1.org/01/09506000134352/21/W77")
CARTON = LabelSpec(kind=Kind.GS1_128, content="(00)340123450000000017")
PRODUCT = LabelSpec(kind=Kind.EAN13, content="9506000134352")


def page(*specs: LabelSpec) -> Grey:
    """Labels one below the other on a white page."""
    canvas = np.full((160 * len(specs) + 60, 900), 255, np.uint8)
    for row, spec in enumerate(specs):
        picture, _ = label(spec)
        top = 40 + 160 * row
        canvas[top : top + picture.shape[0], 60 : 60 + picture.shape[1]] = picture[:, :, 0]
    return canvas


def turned(grey: Grey, degrees: float, *, side: int = 720) -> Grey:
    """A page turned about its middle, on a grey ground."""
    turn = cv2.getRotationMatrix2D((grey.shape[1] / 2, grey.shape[0] / 2), degrees, 1.0)
    turn[:, 2] += (side - grey.shape[1]) / 2, (side - grey.shape[0]) / 2
    return np.asarray(cv2.warpAffine(grey, turn, (side, side), borderValue=(160,)), np.uint8)


def sticker(format_name: str, content: str, *, module_px: int = 3, bars_px: int = 90) -> Grey:
    """One linear symbol with its quiet zone, grey on white, as a picture of its own."""
    symbol = zxingcpp.create_barcode(content, getattr(zxingcpp.BarcodeFormat, format_name))
    modules = np.array(symbol.to_image(scale=1, add_quiet_zones=True), dtype=np.uint8)
    bars = np.repeat(np.repeat(modules[:1], bars_px, axis=0), module_px, axis=1)
    return np.pad(bars, 24, constant_values=255)


def databar(format_name: str, gtin: str, *, module_px: int = 3) -> Grey:
    """A DataBar of a GTIN-14 with its quiet zone, which may have two rows."""
    symbol = zxingcpp.create_barcode(f"(01){gtin}", getattr(zxingcpp.BarcodeFormat, format_name))
    return np.array(symbol.to_image(scale=module_px, add_quiet_zones=True), dtype=np.uint8)


def soft(grey: Grey, sigma_px: float, *, noise: float = 2.0, seed: int = 1) -> Grey:
    """Out of focus, with a sensor's noise."""
    blurred = cv2.GaussianBlur(grey, (0, 0), sigma_px).astype(np.float64)
    return np.clip(blurred + np.random.default_rng(seed).normal(0, noise, grey.shape), 0, 255).astype(np.uint8)


def patient(*stages: str, **options: Any) -> Decoder:
    """A decoder with all the time in the world, so that no test hangs on how busy the machine is."""
    chosen = stages or tuple(STAGES)
    return Decoder(stages=chosen, still_budget_ms=600_000, video_budget_ms=600_000, **options)


def still(grey: Grey) -> Frame:
    return Frame(index=0, t_ms=0.0, grey=grey, path=None, still=True)


def film(greys: Sequence[Grey]) -> list[Frame]:
    return [Frame(index=n, t_ms=33.3 * n, grey=grey, path=None, still=False) for n, grey in enumerate(greys)]
