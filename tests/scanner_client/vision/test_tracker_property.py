"""Whatever moves past the camera, and however badly it is read."""

from dataclasses import dataclass
from itertools import chain

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scanner_client.vision.reading import Quad, Reading, moved
from tests.scanner_client.vision.shelf_film import Film, is_whole, place, reading

PITCH_PX = 420
"""Labels stand so far apart that each is a box of its own."""

WRONG_EVERY = 40
"""No wrong text ever appeared in two frames of a film; here one does every so often, another one each time."""


@dataclass(frozen=True, kw_only=True)
class Pan:
    """A camera that moves along labels, of which some are never read."""

    dead: list[bool]
    step: float
    back: bool
    misses: list[int]
    """Which of a hundred chances to read or see a label are missed."""

    wrong: int


pans = st.builds(
    Pan,
    dead=st.lists(st.booleans(), min_size=1, max_size=8),
    step=st.floats(5, 30),
    back=st.booleans(),
    misses=st.lists(st.integers(0, 99), max_size=50, unique=True),
    wrong=st.integers(0, WRONG_EVERY - 1),
)


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(pans)
def test_each_label_of_a_pan_is_reported_once_and_each_other_one_is_unread(pan: Pan) -> None:
    places = [place(500 + PITCH_PX * n, 200 + 40 * (n % 5)) for n in range(len(pan.dead))]
    film = Film()
    positions = [n * pan.step for n in range(int((PITCH_PX * len(places) + 900) / pan.step))]
    at = 0.0
    for here in chain(positions, positions[::-1] if pan.back else ()):
        film.show(*_seen(pan, places, here, film.frames), shift=(at - here, 0.0))
        at = here

    alive = [[b"SN-%04d" % n] for n, dead in enumerate(pan.dead) if not dead]
    assert sorted(film.end()) == alive
    assert film.tracker.unread == sum(pan.dead)


def _seen(pan: Pan, places: list[Quad], here: float, frame: int) -> tuple[list[Reading], list[Quad]]:
    """What one frame gives; a label that is missed is not even seen."""
    read: list[Reading] = []
    unread: list[Quad] = []
    for n, quad in enumerate(moved(quad, -here, 0) for quad in places):
        chance = (frame * 37 + n * 11) % 100
        if not is_whole(quad) or chance in pan.misses:
            continue
        if pan.dead[n]:
            unread.append(quad)
        elif (frame + n) % WRONG_EVERY == pan.wrong:
            read.append(reading(b"XX-%04d" % frame, quad))
        else:
            read.append(reading(b"SN-%04d" % n, quad))
    return read, unread
