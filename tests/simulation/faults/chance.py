"""The machines' own chance comes from the seed too: new epochs, codes, incarnations, keys of server processes."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def seeded(seed: str) -> Iterator[None]:
    """Whatever asks the operating system for random bytes gets the seed's."""
    source = random.Random(seed)
    true = os.urandom, random._urandom  # type: ignore[attr-defined]  # `secrets` draws through it
    os.urandom = random._urandom = source.randbytes  # type: ignore[attr-defined]
    try:
        yield
    finally:
        os.urandom, random._urandom = true  # type: ignore[attr-defined]
