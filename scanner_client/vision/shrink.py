"""A picture made smaller, each pixel the mean of those that it stands for."""

from __future__ import annotations

import cv2
import numpy as np

from scanner_client.vision.frame import Grey


def shrunk(grey: Grey, scale: float) -> Grey:
    """The picture (height x width) at so much of its size, at least one pixel a side; itself at full size."""
    if scale == 1.0:
        return grey
    size = (max(1, round(grey.shape[1] * scale)), max(1, round(grey.shape[0] * scale)))
    return np.asarray(cv2.resize(grey, size, interpolation=cv2.INTER_AREA), np.uint8)
