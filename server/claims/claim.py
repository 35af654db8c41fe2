"""What a claim is, whatever it is about: a document that never changes, and what became of it. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from server.roles import Task

WRONGS: Final = {
    "short": "Announced, and did not come",
    "damaged": "Came damaged",
    "over": "Came, and was not announced",
    "wrong_carton": "Came in another carton than announced",
    "duplicate": "Its serial number is in stock already",
    "defective": "Was found defective",
}
"""What a line of a claim complains of."""
VALUED: Final = ("short", "damaged", "defective")
"""What the supplier owes something for; the rest has to be explained or fetched."""
NEXT: Final[Mapping[str, tuple[str, ...]]] = {
    "drafted": ("sent",),
    "sent": ("accepted", "rejected"),
    "accepted": ("credited",),
    "rejected": ("sent",),
    "credited": (),
}
"""What may follow on each fate."""


def task_of(claim: Claim, fate: str) -> Task:
    """What somebody needs to write this down: a credit is money, and what a delivery lacked is for who received it."""
    return Task.DEFECT if claim.is_of_defects and fate != "credited" else Task.RECEIVE


class ClaimError(ValueError):
    """The claim cannot be made or followed; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimLine:
    """One thing that is wrong."""

    subject: str
    wrong: str
    """One of `WRONGS`."""
    carton: str | None
    quantity: int
    condition: str | None = None
    value: int | None = None
    """In the currency's smallest unit; None where no price is known, or nothing is owed."""
    currency: str | None = None
    events: tuple[str, ...] = ()
    """The facts that show it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fate:
    """One step of what became of a claim."""

    word: str
    at_ms: int
    operator: str | None
    note: str | None = None
    credited: Mapping[str, int] | None = None
    """Of a credit: currency -> its smallest units."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A claim with all that became of it."""

    number: str
    receipt: str
    """The delivery that it is about: the number of its notice or purchase order."""
    supplier: str | None
    lines: Sequence[ClaimLine]
    fates: Sequence[Fate]
    reason: str | None = None
    """What is wrong with the units, in the words of who claims; None where the receipt itself says it."""
    version: int = 0
    """Of the receipt that it was made from; 0 where it rests on the units' own histories."""
    latest: int = 0
    """The receipt's latest version by now; a higher one re-opens the question."""
    changed: bool = False
    """Whether the receipt by now says something else than its latest version."""

    @property
    def status(self) -> str:
        """The latest fate."""
        return self.fates[-1].word

    @property
    def is_of_defects(self) -> bool:
        """Whether it is about units that failed, and not about how a delivery came."""
        return self.version == 0

    @property
    def is_outdated(self) -> bool:
        """Whether its receipt says something newer."""
        return not self.is_of_defects and (self.latest > self.version or self.changed)

    @property
    def totals(self) -> Mapping[str, int]:
        """What is claimed, by currency, in its smallest unit."""
        found: dict[str, int] = {}
        for line in self.lines:
            if line.value is not None and line.currency is not None:
                found[line.currency] = found.get(line.currency, 0) + line.value
        return found

    @property
    def credited(self) -> Mapping[str, int] | None:
        """What the supplier gave back, by currency, in its smallest unit; None until it has."""
        return self.fates[-1].credited

    @property
    def currencies(self) -> Sequence[str]:
        """Of what is claimed, and of what was credited; those of the claim first."""
        return list(dict.fromkeys([*self.totals, *(self.credited or ())]))


def row_of(line: ClaimLine) -> dict[str, Any]:
    """The line as a row of the claim's document."""
    said = {
        "wrong": line.wrong,
        "carton": line.carton,
        "condition": line.condition,
        "value": line.value,
        "currency": line.currency,
        "events": list(line.events),
    }
    return {"subject": line.subject, "quantity": line.quantity, "attributes": said}


def line_of(row: Mapping[Any, Any]) -> ClaimLine:
    """The line in a row of the claim's document."""
    said = row["attributes"]
    return ClaimLine(
        subject=row["subject"],
        wrong=said["wrong"],
        carton=said["carton"],
        quantity=row["quantity"],
        condition=said["condition"],
        value=said["value"],
        currency=said["currency"],
        events=tuple(said["events"]),
    )
