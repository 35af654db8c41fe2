"""Where the camera looks: from pixels of the newest frame to pixels of the scene, which are those of the first one."""

from __future__ import annotations

from cmath import exp
from dataclasses import dataclass

from scanner_client.vision.reading import Point, Quad


@dataclass(frozen=True, slots=True)
class View:
    """A turn (radians, clockwise) and a shift. Points are complex numbers here, x + iy: a turn is then one factor."""

    turned: complex = 1 + 0j
    moved: complex = 0j

    def followed(self, shift: Point, turn: float, middle: Point) -> View:
        """The view after the scene has moved by so many pixels and turned about the frame's middle."""
        back, centre = exp(-1j * turn), complex(*middle)
        return View(self.turned * back, self.turned * (centre - back * (centre + complex(*shift))) + self.moved)

    def slipped(self, off: Point) -> View:
        """The view if everything in the frame stands so far from where it was expected."""
        return View(self.turned, self.moved - self.turned * complex(*off))

    def to_scene(self, quad: Quad) -> Quad:
        """A quad of the newest frame in pixels of the first one."""
        a, b, c, d = (self.turned * complex(*p) + self.moved for p in quad)
        return (a.real, a.imag), (b.real, b.imag), (c.real, c.imag), (d.real, d.imag)

    def to_frame(self, place: Quad) -> Quad:
        """A place of the scene in pixels of the newest frame."""
        back = self.turned.conjugate()
        a, b, c, d = (back * (complex(*p) - self.moved) for p in place)
        return (a.real, a.imag), (b.real, b.imag), (c.real, c.imag), (d.real, d.imag)
