"""The verdict on a return in the console's words, and whether each reason can still be given by the clerk."""

from __future__ import annotations

from typing import Final

from sync.because import Because, Outcome

OUTCOMES: Final = {
    Outcome.RESTOCK: "Restock",
    Outcome.INSPECT: "Inspect",
    Outcome.QUARANTINE: "Quarantine",
    Outcome.REJECT: "Reject",
    Outcome.CANNOT_TELL: "Cannot tell",
}
SAYS: Final = {
    Because.TWIN_IN_STOCK: "By the records one of this number is in stock: one of the two is not genuine.",
    Because.TWIN_RETURNED: "One of this number came back before, under another document, and is here still.",
    Because.GONE_BEFORE: "One of this number was scrapped, or went back to its vendor.",
    Because.NUMBERS_DISAGREE: "The numbers read on it are not what was received with this serial number.",
    Because.NUMBER_OF_ANOTHER: "A number read on it is another unit's of ours.",
    Because.FOREIGN_SEAL: "It is not closed as the maker closes it.",
    Because.STOLEN: "It was reported stolen.",
    Because.RECALLED: "It is recalled.",
    Because.HELD: "Quality holds it back.",
    Because.NEVER_RECEIVED: "It was announced to us and never came in, so we cannot have sold it.",
    Because.MISSING_BEFORE: "It was missing from our stock, and never sold.",
    Because.FIRST_FAILURE: "It is the first of its lot that came back defective.",
    Because.LOT_FAILS: "It came back defective, and others of its lot did before.",
    Because.NOT_OURS: "We never had this serial number.",
    Because.OTHER_CUSTOMER: "It was sold to another customer than the one who returns it.",
    Because.NOT_IN_DATA: "The data do not hold it.",
    Because.STALE_DATA: "By old data one of this number is in stock; it may have been sold since.",
    Because.NUMBER_NOT_IN_DATA: "The number that was read cannot be compared there.",
    Because.CLAIM_NOT_IN_DATA: "The return or order that it came with is not known there.",
    Because.NEVER_SOLD: "By the records it is in stock, here: it was never sold, so it is no return.",
    Because.RELEASED: "It came back, was released, and is in stock again.",
    Because.NEVER_LEFT: "By the records its order has not left yet: look whether its parcel was mislaid.",
    Because.OTHER_ORDER: "It was sold on another order than is said.",
    Because.OTHER_UNIT: "The return announces another unit.",
    Because.NO_CLAIM: "It came with neither a return nor an order, so that nobody checked whose it is.",
    Because.CLAIM_UNKNOWN: "There is no such return or order.",
    Because.UNIT_LOOPS: "This unit came back more often than the site allows.",
    Because.PRODUCT_LOOPS: "This product comes back more often than the site allows.",
    Because.ALWAYS_INSPECTED: "Every return of this product is looked at.",
    Because.SIBLING_FAILED: "Another unit of its lot came back defective.",
    Because.CAME_BACK_DEFECTIVE: "The customer says that it does not work.",
    Because.NOT_AS_DESCRIBED: "The customer says that it is not as described.",
    Because.CONDITION: "Its condition is not for the shelf.",
    Because.EXPIRED: "It has expired.",
    Because.NO_SERIAL: "It has no number of its own, so that nothing can be compared.",
    Because.NUMBER_NOT_ON_RECORD: "No number was received with it that its own could be compared with.",
    Because.NUMBER_MISSING: "The number on the device itself was not read yet.",
    Because.SEAL_MISSING: "Nobody has said how the seal is.",
    Because.CONDITION_MISSING: "Nobody has said in what condition it is.",
    Because.PICTURE_MISSING: "There is no picture of it.",
    Because.REASON_MISSING: "Nobody has said why it came back.",
}


def says(why: str) -> str:
    """A reason as a sentence."""
    return SAYS[Because(why)]


def short(why: str) -> str:
    """A reason in a word or two, for a list."""
    return why.replace("_", " ")


def outcome(word: str) -> str:
    """A verdict as people call it."""
    return OUTCOMES[Outcome(word)]
