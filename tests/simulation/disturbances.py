"""What disturbs the handhelds of a day: networks that are away, clocks that jump, batteries that are changed."""

from __future__ import annotations

from collections import Counter
from random import Random

from tests.simulation.clockwork import HOUR_MS, Clockwork, Process
from tests.simulation.rates import Rates
from tests.simulation.station import Station


class Disturbances:
    """Each is drawn from the seed, and counted."""

    def __init__(self, rates: Rates, rng: Random, time: Clockwork) -> None:
        self.counted: Counter[str] = Counter()
        self._rates = rates
        self._rng = rng
        self._time = time

    def on_a_day(self, hand: Station, opens: float, hours: float) -> None:
        """Outages, clocks and batteries of one handheld and day."""
        for name, share, process in (
            ("outages", self._rates.outages, self._outage),
            ("clock faults", self._rates.clock_faults, self._clock_fault),
            ("reboots", self._rates.reboots, self._reboot),
        ):
            if self._rng.random() < share:
                self.counted[name] += 1
                self._time.start(process(hand), opens + self._rng.random() * hours * HOUR_MS)

    def syncs(self, hand: Station) -> None:
        """A sync, whose reply may be lost: the server has the scans, and the handheld does not learn of it."""
        hand.network.lose_next_reply = self._rng.random() < self._rates.lost_replies
        self.counted["lost replies"] += hand.network.lose_next_reply
        hand.sync()
        hand.network.lose_next_reply = False

    def _outage(self, hand: Station) -> Process:
        hand.network.online = False
        yield self._rng.expovariate(1 / self._rates.outage_hours) * 3600
        hand.network.online = True

    def _clock_fault(self, hand: Station) -> Process:
        hours = self._rng.choice((-48, -3, -0.2, 0.2, 5, 72))
        hand.wall_error_ms += int(hours * HOUR_MS)
        yield from ()

    def _reboot(self, hand: Station) -> Process:
        while hand.in_use:
            yield 20.0
        hand.reboot()
