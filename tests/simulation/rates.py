"""How often things go wrong in the simulated warehouse, and where each figure comes from.

Real rates are small: at 1.33 % a year, 20,000 units lose five to thieves in a week, and nobody could say from five
whether all are found. So what had gone wrong before the week began stands in the shelves already, as after a year
without a count, and what goes wrong within the week is `pressure` times as frequent.
"""

from __future__ import annotations

from dataclasses import dataclass

WEEKS = 52


@dataclass(frozen=True, kw_only=True)
class Rates:
    """Shares, and means per day; what has no source is our own assumption and says so."""

    pressure: float = 10.0
    """What happens within the week happens so many times as often as the source says."""

    theft_a_year: float = 0.0133 * 0.69
    """Of the units. Shrink averaged 1.33 % of sales, 69 % of it theft from outside or inside (National Retail
    Security Survey 2018, National Retail Federation)."""
    misplaced_before: float = 0.02
    """Of the units, when the week begins: assumed. Of nearly 370,000 records of products in shops, 65 % were wrong
    (DeHoratius and Raman 2008, Management Science 54(4), 627-641); `wrong_records` in the result is the same measure
    (product and bin, quantity) for this warehouse."""
    misplaced_a_year: float = 0.02
    """Of the units: assumed, as much as stands in the wrong place before."""
    strangers: float = 0.001
    """Units on no list, of those in stock: assumed."""
    clones: float = 0.0005
    """A second box under the number of a unit in stock, of those in stock: assumed."""
    came_back: float = 0.0005
    """Of those in stock, so many were shipped, and stand in a bin all the same: assumed."""
    met_at_once: float = 1.0
    """A day: a copy and its original are looked at by two people at one moment. Staged, for chance would do it once in
    a hundred years; nothing else shows a copy so surely."""

    inbound_errors: float = 0.03
    """Of the units delivered: 3 % of all units shipped were in error (Retail Value Chain Federation, survey of 42
    retailers, 2010). 8 % of cartons hold something else than announced (Compliance Networks 2011-2016)."""
    short_share: float = 0.35
    wrong_carton_share: float = 0.25
    unannounced_share: float = 0.2
    received_twice_share: float = 0.1
    clone_received_share: float = 0.1
    """How the errors of deliveries divide: assumed."""

    unread_inbound: float = 0.002
    """Of units received: missed by the scanner at the dock, and put away with a scan all the same. Assumed."""
    unscanned: float = 0.002
    """Of units put away: laid into their bin without a scan. Assumed."""
    wrong_bin: float = 0.003
    """Of units put away: scanned for one bin and laid into its neighbour. Assumed."""
    mispick: float = 0.005
    """Of units picked: the label of one box is scanned and its neighbour taken. Picking accuracy has a median of
    99.5 % (WERC and DC Velocity, annual measures 2013)."""

    unread: float = 0.001
    """Of labels passed in a count: neither read nor noticed. Assumed. A wrong number never comes of a Data Matrix: 0
    in 35 million characters (Ohio University, Center for Automatic Identification, 1993)."""
    keyed: float = 0.002
    """Of labels passed in a count: unreadable, noticed and typed. Assumed."""
    miskeyed: float = 1 - (1 - 1 / 300) ** 10
    """Of numbers typed, ten characters long: one error in 300 characters (often quoted; 1 in 200 to 1 in 400 by
    Michaels 1977 and by Gilb and Weinberg 1977)."""

    pieces_stolen: float = 0.02
    """Of heaps of pieces and day: some are stolen. Assumed."""
    miscounted: float = 0.01
    """Of heaps counted: one piece too few is typed. Assumed."""
    carried: float = 0.5
    """Of heaps and day: pieces are taken out or to another bin. Assumed."""

    outages: float = 0.5
    """A handheld and day: without a network for a while. Assumed, as are the clocks below."""
    outage_hours: float = 3.0
    site_outages: float = 1 / 7
    lost_replies: float = 0.01
    """Of syncs: the server has the scans, and the handheld does not learn of it."""
    clock_faults: float = 0.3
    """A handheld and day: the wall clock jumps, forward or back, by minutes to days."""
    reboots: float = 0.2
    """A handheld and day: the battery is changed, and the boot clock begins anew."""
    drift_ppm: float = 50.0
    """The quartz of each handheld runs at most so fast or slow."""

    def a_day(self, share_a_year: float, units: int) -> float:
        """How many a day, of so many units."""
        return share_a_year * units * self.pressure / (WEEKS * 7)
