"""Films to measure by: warehouses drawn by chance, each filmed in one of the ways in which people hold a handheld."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from tests.rendering.carton import Box, pile
from tests.rendering.contents import different_labels
from tests.rendering.handling import Handling
from tests.rendering.kinds import Kind
from tests.rendering.labels import LabelSpec
from tests.rendering.painting import Painting
from tests.rendering.shelf import Bay, Shelf, paint
from tests.rendering.video import Shot, shots
from tests.rendering.wrap import shrink_wrapped, strapped

LABELS_PER_FILM = 16
LINEAR_PX, MATRIX_PX = (1.7, 2.4), (3.0, 4.6)
"""The narrowest and the widest modules that are printed, in pixels of the surface."""

NAMES = ("Aurora P5", "Tempo watch", "Vitamin D", "USB-C cable", "Cordless drill", "Copy paper")


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """What is filmed, and how."""

    name: str
    build: Callable[[list[Box], np.random.Generator], Painting]
    handling: Handling


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Film:
    """One film, not rendered yet."""

    scene: str
    seed: int
    painting: Painting
    handling: Handling

    def shots(self) -> Iterator[Shot]:
        """Its frames, grey. Each call gives the same ones."""
        return shots(self.painting, np.random.default_rng([self.seed, 1]), self.handling)


def _on_a_shelf(boxes: list[Box], rng: np.random.Generator) -> Painting:
    sign = LabelSpec(kind=Kind.QR, content=f"LOC:A-{rng.integers(1, 99):02d}", human_text="A-01")
    return paint(Shelf(bays=(Bay(location=sign, boxes=tuple(boxes)),)), rng)


def _in_a_carton(boxes: list[Box], rng: np.random.Generator) -> Painting:
    return pile(boxes, rng, shape=1.0)


def _in_film(boxes: list[Box], rng: np.random.Generator) -> Painting:
    return shrink_wrapped(_in_a_carton(boxes, rng), rng)


def _strapped(boxes: list[Box], rng: np.random.Generator) -> Painting:
    return strapped(_in_a_carton(boxes, rng), rng)


DARK = Handling(brightness=0.32, noise=5, exposure=0.3, speed_px=6)
TURNING = Handling(turning_deg_per_s=45, exposure=0.08)

SCENES = (
    Scene(name="shelf, steady hand", build=_on_a_shelf, handling=Handling()),
    Scene(name="shelf, in a hurry", build=_on_a_shelf, handling=Handling(speed_px=19, exposure=0.08, shake_px=8)),
    Scene(name="shelf, held at 30 degrees", build=_on_a_shelf, handling=Handling(held_deg=30, speed_px=14)),
    Scene(name="shelf, from the side", build=_on_a_shelf, handling=Handling(held_tilt_deg=(14, 24), speed_px=14)),
    Scene(name="shelf, under a lamp", build=_on_a_shelf, handling=Handling(glare=170, speed_px=14)),
    Scene(name="open carton, turning wrist", build=_in_a_carton, handling=TURNING),
    Scene(name="open carton, dark", build=_in_a_carton, handling=DARK),
    Scene(name="pallet in shrink-wrap", build=_in_film, handling=Handling(glare=60)),
    Scene(name="pallet with straps and a hand", build=_strapped, handling=Handling(hand_every_frames=110, held_deg=90)),
)  # fmt: skip


def film(seed: int) -> Film:
    """The film of a seed; one after the other they go through all scenes and all kinds of label."""
    rng = np.random.default_rng([seed, 0])
    scene = SCENES[seed % len(SCENES)]
    kinds = rng.permutation(np.array(list(Kind) * 2))[:LABELS_PER_FILM]
    labels = [
        LabelSpec(kind=spec.kind, content=spec.content, module_px=_module_px(spec.kind, rng))
        for spec in different_labels(map(Kind, kinds), rng)
    ]
    boxes = [Box(name=NAMES[int(rng.integers(len(NAMES)))], labels=(spec,)) for spec in labels]
    return Film(scene=scene.name, seed=seed, painting=scene.build(boxes, rng), handling=scene.handling)


def _module_px(kind: Kind, rng: np.random.Generator) -> float:
    low, high = MATRIX_PX if kind.is_matrix else LINEAR_PX
    return float(rng.uniform(low, high))
