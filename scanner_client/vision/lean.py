"""How far the bars, or the rows, of a region still lean, by the edges in it."""

from __future__ import annotations

from dataclasses import replace
from math import atan2

import cv2
import numpy as np

from scanner_client.vision.frame import Grey
from scanner_client.vision.region import Region

LEANING_PX_MAX = 96.0
"""So much of the bars' length tells how they lean."""

ROW_TURNS = 2
ROW_SECTOR = np.tan(np.deg2rad(25))
"""Edges that lie as flat as this are edges between rows: a tilt of 30 degrees shears them by 14 at the most."""

MIDDLE_PX_MAX = 256.0
"""So much of a region about its middle tells how its rows lie."""


def bars_upright(grey: Grey, region: Region) -> Region:
    """The region turned so that its bars stand upright in it."""
    middle = replace(region, along_px=min(region.along_px, LEANING_PX_MAX))
    return region.turned(_bar_angle(middle.crop(grey, 1.0, quiet_share=0).grey))


def rows_level(grey: Grey, region: Region) -> Region:
    """The region turned so that rows lie level in it, though the bars may then lean.

    A tilt leaves rows and bars no more at right angles, and the engine reads along rows: at 30 degrees of tilt a
    PDF417 turned by its bars lay up to 14 degrees aslant. The second turn sees less of what is no row.
    """
    region = bars_upright(grey, region)
    for _ in range(ROW_TURNS):
        middle = replace(
            region, across_px=min(region.across_px, MIDDLE_PX_MAX), along_px=min(region.along_px, MIDDLE_PX_MAX)
        )
        region = region.turned(_row_angle(middle.crop(grey, 1.0, quiet_share=0).grey))
    return region


def _bar_angle(upright: Grey) -> float:
    """How far the bars still lean. Differences of single pixels draw an angle by up to 4 degrees towards 45."""
    across = cv2.Scharr(upright, cv2.CV_32F, 1, 0)
    down = cv2.Scharr(upright, cv2.CV_32F, 0, 1)
    xx, yy = float(cv2.norm(across, cv2.NORM_L2SQR)), float(cv2.norm(down, cv2.NORM_L2SQR))
    return 0.5 * atan2(2 * float(cv2.multiply(across, down).sum()), xx - yy)


def _row_angle(upright: Grey) -> float:
    """How far the rows still lean, by the edges that are about level."""
    across = cv2.Scharr(upright, cv2.CV_32F, 1, 0)
    down = cv2.Scharr(upright, cv2.CV_32F, 0, 1)
    level = np.abs(across) < ROW_SECTOR * np.abs(down)
    x, y = across[level], down[level]
    # Edges that run along x have gradients along y, a quarter turn from it.
    return 0.5 * atan2(-2 * float(x @ y), float(y @ y) - float(x @ x))
