"""Draws what a handheld's camera sees, with the truth beside it: for the tests and the demo."""

from tests.rendering.carton import Box
from tests.rendering.handling import Handling
from tests.rendering.kinds import Kind
from tests.rendering.labels import LabelSpec
from tests.rendering.shelf import Bay, Shelf
from tests.rendering.video import LabelTruth, Truth, render_video

__all__ = ["Bay", "Box", "Handling", "Kind", "LabelSpec", "LabelTruth", "Shelf", "Truth", "render_video"]
