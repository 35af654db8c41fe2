"""Draws what a handheld's camera sees, with the truth beside it: for the tests and the demo."""

from tests.rendering.labels import Kind, LabelSpec
from tests.rendering.shelf import Bay, Box, Shelf
from tests.rendering.video import Handling, LabelTruth, Truth, render_video

__all__ = ["Bay", "Box", "Handling", "Kind", "LabelSpec", "LabelTruth", "Shelf", "Truth", "render_video"]
