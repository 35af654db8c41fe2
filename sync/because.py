"""What is done with a return, and the reasons for it. Words are each side's own."""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class Outcome(StrEnum):
    """What is done with a return."""

    RESTOCK = "restock"
    INSPECT = "inspect"
    """Somebody looks at it, or reads what is still missing."""
    QUARANTINE = "quarantine"
    REJECT = "reject"
    """It is not what we sold to them: it goes back to whoever sent it."""
    CANNOT_TELL = "cannot_tell_here"
    """The data at hand do not hold what is needed: it waits in the returns hold place."""


class Because(StrEnum):
    """One reason of a verdict; what both sides say of it in words is theirs."""

    # It must go nowhere.
    TWIN_IN_STOCK = "twin_in_stock"
    """By the records one of this number is in stock."""
    TWIN_RETURNED = "twin_returned"
    """One of this number came back before, under another document, and is here still."""
    GONE_BEFORE = "gone_before"
    """One of this number was scrapped, or went back to its vendor."""
    NUMBERS_DISAGREE = "numbers_disagree"
    """Its own number, or one on its box, is not what was received with this serial number."""
    NUMBER_OF_ANOTHER = "number_of_another"
    """Its own number is another unit's of ours."""
    FOREIGN_SEAL = "foreign_seal"
    STOLEN = "stolen"
    RECALLED = "recalled"
    HELD = "held"
    """Quality holds it back."""
    NEVER_RECEIVED = "never_received"
    """It was announced to us, and never came in: so we cannot have sold it."""
    MISSING_BEFORE = "missing_before"
    """It was missing from our stock, and never sold."""
    FIRST_FAILURE = "first_failure"
    """It came back defective, the first of its lot."""
    LOT_FAILS = "lot_fails"
    """It came back defective, and others of its lot did before."""
    # It is not theirs, or not ours.
    NOT_OURS = "not_ours"
    OTHER_CUSTOMER = "other_customer"
    """It was sold to another customer than the one who returns it."""
    # Nobody can say here.
    NOT_IN_DATA = "not_in_data"
    STALE_DATA = "stale_data"
    """By the data here one of this number is in stock; but they are old, and it may have been sold since."""
    NUMBER_NOT_IN_DATA = "number_not_in_data"
    """The number that was read cannot be compared with anything here."""
    CLAIM_NOT_IN_DATA = "claim_not_in_data"
    """The return or order that it came with is not known here."""
    # Somebody has to look.
    NEVER_SOLD = "never_sold"
    """It is in stock, here: it is no return."""
    RELEASED = "released"
    """It came back, was released, and is in stock here again: whose it was is no question any more."""
    NEVER_LEFT = "never_left"
    """It is picked or packed for an order, and was never handed over: its parcel was mislaid, or its scan forgotten."""
    OTHER_ORDER = "other_order"
    """It was sold on another order than is said, and nothing tells whether it is another customer's."""
    OTHER_UNIT = "other_unit"
    """The return announces another unit."""
    NO_CLAIM = "no_claim"
    """It came with neither a return nor an order, so that nobody checked whose it is."""
    CLAIM_UNKNOWN = "claim_unknown"
    """There is no such return or order."""
    UNIT_LOOPS = "unit_loops"
    PRODUCT_LOOPS = "product_loops"
    ALWAYS_INSPECTED = "always_inspected"
    SIBLING_FAILED = "sibling_failed"
    """Another unit of its lot came back defective."""
    CAME_BACK_DEFECTIVE = "came_back_defective"
    NOT_AS_DESCRIBED = "not_as_described"
    CONDITION = "condition"
    """Its condition is not for the shelf."""
    EXPIRED = "expired"
    NO_SERIAL = "no_serial"
    """It has no number of its own, so that nothing can be compared."""
    NUMBER_NOT_ON_RECORD = "number_not_on_record"
    """No number was received with it that its own could be compared with."""
    # Something was not said yet.
    NUMBER_MISSING = "number_missing"
    SEAL_MISSING = "seal_missing"
    CONDITION_MISSING = "condition_missing"
    PICTURE_MISSING = "picture_missing"
    REASON_MISSING = "reason_missing"


ORDER: Final = tuple(Because)
"""The gravest first."""
QUARANTINE: Final = frozenset(ORDER[: ORDER.index(Because.NOT_OURS)])
REJECT: Final = frozenset({Because.NOT_OURS, Because.OTHER_CUSTOMER})
CANNOT_TELL: Final = frozenset(
    {Because.NOT_IN_DATA, Because.STALE_DATA, Because.NUMBER_NOT_IN_DATA, Because.CLAIM_NOT_IN_DATA}
)
STILL_NEEDED: Final = (
    Because.NUMBER_MISSING,
    Because.SEAL_MISSING,
    Because.CONDITION_MISSING,
    Because.REASON_MISSING,
    Because.PICTURE_MISSING,
)
"""What the clerk can still give, in the order in which it is asked for."""
