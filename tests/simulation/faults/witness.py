"""What truly happened, written down beside the machines, and what was found to disagree with it."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from dataclasses import dataclass, field

from sync.event import EventName
from tests.simulation.faults.plan import Fault

Kept = tuple[EventName, bytes]
"""An event: its name and its canonical bytes."""
Chain = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Finding:
    """A promise that was not kept."""

    promise: int
    what: str

    def __str__(self) -> str:
        return f"promise {self.promise}: {self.what}"


@dataclass(slots=True)
class Witness:
    """The only one who sees both ends."""

    typed: set[bytes] = field(default_factory=set)
    """Barcodes, each scanned once."""
    happened_ms: dict[bytes, int] = field(default_factory=dict)
    """True time of each scan, by its barcode."""
    beeped: int = 0
    committed: set[Kept] = field(default_factory=set)
    """Whatever was in any queue at any time."""
    poison: dict[EventName, str] = field(default_factory=dict)
    """Events of a broken release, and what has to become of each."""
    perhaps_poison: dict[Kept, str] = field(default_factory=dict)
    """Likewise of a handheld that was killed while it committed one."""
    of_a_release: set[EventName] = field(default_factory=set)
    """Events as a released version of the program wrote them."""
    perhaps_of_a_release: set[Kept] = field(default_factory=set)
    """Likewise of a handheld that was killed while it committed one."""
    tangled: set[Chain] = field(default_factory=set)
    """Chains of which there was a copy, so that two events may bear one name."""
    muddled: set[Chain] = field(default_factory=set)
    """Chains whose times nobody can tell well: of some boot the first request that came was long on its way."""
    sampled: defaultdict[Chain, dict[str, tuple[int, int]]] = field(default_factory=lambda: defaultdict(dict))
    """Of each chain the two boots of which the server has heard last, with their clocks (boot, wall) at the sending."""
    revoked_ms: dict[int, int] = field(default_factory=dict)
    released: set[str] = field(default_factory=set)
    """Numbers of recalls."""
    backed_up: dict[Chain, int] = field(default_factory=dict)
    """How far each chain is in some backup."""
    estimates: dict[tuple[EventName, bytes], int] = field(default_factory=dict)
    """When the server said that each event happened, by name and digest."""
    frozen: dict[str, list[str]] = field(default_factory=dict)
    """Each closed version of a count as it was first seen."""
    injected: Counter[Fault] = field(default_factory=Counter)
    tried: Counter[int] = field(default_factory=Counter)
    """How often each promise was looked at."""
    findings: list[Finding] = field(default_factory=list)
    trace: list[str] = field(default_factory=list)
    _digest: hashlib._Hash = field(default_factory=hashlib.sha256)

    def note(self, text: str) -> None:
        """One more line of what happened."""
        self.trace.append(text)
        self._digest.update(text.encode() + b"\n")

    @property
    def digest(self) -> str:
        """Stands for everything that was noted."""
        return self._digest.hexdigest()

    def check(self, promise: int, *, holds: bool, else_say: str = "") -> None:
        """A look at a promise."""
        self.tried[promise] += 1
        if not holds:
            self.findings.append(Finding(promise, else_say))
            self.note(f"! {self.findings[-1]}")

    def chains_of(self) -> dict[Chain, dict[int, set[bytes]]]:
        """Everything that was committed, by chain and number."""
        found: dict[Chain, dict[int, set[bytes]]] = defaultdict(lambda: defaultdict(set))
        for (device_no, epoch, seq), line in self.committed:
            found[device_no, epoch][seq].add(line)
        return found
