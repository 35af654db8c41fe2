"""Who may do what at the server: one table. What a role may scan at a handheld stands in `sync/actions/`.

`tests/server/test_roles.py` asks every endpoint as every role, and expects the answers that this table gives.
`flask --app server roles` and *Roles* in the console show it.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class Task(StrEnum):
    """What a person, or another system with a key, can do at the console or through the API."""

    LOOK = "look"
    """See cases, units, counts, receipts, orders and handhelds."""
    SETTLE = "settle"
    """Decide what a case means, and write notes on it."""
    COUNT = "count"
    """Open, share out and close counts."""
    APPROVE = "approve"
    """What is above one person's limits: a count's large variance, a case that is opened again."""
    RECEIVE = "receive"
    """Close receipts, and write and follow claims to suppliers, to what they credit."""
    DEFECT = "defect"
    """Claim units that failed of whoever delivered them, and write down what they answer (a credit needs `receive`)."""
    CLAIM = "claim"
    """See claims to suppliers, and what they say that things are worth."""
    ORDER = "order"
    """Orders, cartons, parcels and their hand-over."""
    PRINT = "print"
    """Print labels: new plates and cartons, bins, and again what has one."""
    RETURN = "return"
    """The returns and warranty desk: what becomes of a sound return, or of one that is not theirs (what quality holds
    back needs `settle`); repairs, loans, replacements, other owners."""
    REPORT = "report"
    """Report things as stolen, and say that they were found."""
    RECALL = "recall"
    """Begin and end recalls."""
    OWN = "own"
    """See what stock costs, ages, loses and earns, and what that advises."""
    PRICE = "price"
    """Accept mark-downs, and set the rules and assumptions behind them."""
    IMPORT = "import"
    """Take in documents: products, places, stock, ASNs, orders."""
    EXPORT = "export"
    """Take lists out as files."""
    FEED = "feed"
    """Follow what changed, by polling and by webhooks."""
    PEOPLE = "people"
    """Say who may sign in, as what, and which other systems have a key."""
    ADMINISTER = "administer"
    """Enrol and revoke handhelds, read the audit, change settings."""


WORDS: Final = {
    Task.LOOK: "Look things up",
    Task.SETTLE: "Decide cases",
    Task.COUNT: "Open and close counts",
    Task.APPROVE: "Approve what is above a limit",
    Task.RECEIVE: "Close receipts, claim from suppliers, write down credits",
    Task.DEFECT: "Claim what failed from suppliers, write down the answer",
    Task.CLAIM: "See claims, and what they are worth",
    Task.ORDER: "Orders and parcels",
    Task.PRINT: "Print labels",
    Task.RETURN: "Returns, repairs, loans, other owners",
    Task.REPORT: "Report things as stolen, and say that they were found",
    Task.RECALL: "Recall and release",
    Task.OWN: "See costs, ageing and the advice",
    Task.PRICE: "Mark down, set what the advice assumes",
    Task.IMPORT: "Take documents in",
    Task.EXPORT: "Take lists out",
    Task.FEED: "Webhooks and the feed",
    Task.PEOPLE: "People and keys",
    Task.ADMINISTER: "Handhelds, settings, audit",
}
"""What each is called where people read it."""

INTEGRATION: Final = "integration"
"""Another system: it never signs in, and has a key with some of these tasks."""

ROLES: Final[dict[str, frozenset[Task]]] = {
    "admin": frozenset(Task),
    "supervisor": frozenset(Task) - {Task.RECALL, Task.PRICE, Task.FEED, Task.PEOPLE, Task.ADMINISTER},
    "quality": frozenset(
        {Task.LOOK, Task.SETTLE, Task.DEFECT, Task.CLAIM, Task.RETURN, Task.REPORT, Task.RECALL, Task.EXPORT}
    ),
    "receiver": frozenset({Task.LOOK, Task.RECEIVE, Task.DEFECT, Task.CLAIM, Task.PRINT}),
    "picker": frozenset({Task.LOOK, Task.PRINT}),
    "returns": frozenset({Task.LOOK, Task.RETURN, Task.PRINT}),
    INTEGRATION: frozenset({Task.LOOK, Task.CLAIM, Task.ORDER, Task.PRINT, Task.IMPORT, Task.EXPORT, Task.FEED}),
}

PERSONAL: Final = tuple(role for role in ROLES if role != INTEGRATION)
"""Roles that a person can have, and a handheld."""


def may(role: str, task: Task) -> bool:
    """Whether someone with this role may do it; an unknown role may nothing."""
    return task in ROLES.get(role, frozenset())
