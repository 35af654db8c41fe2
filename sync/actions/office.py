"""What only the server says: documents, closed counts, recalls, decisions, administration."""

from __future__ import annotations

from sync.actions.registry import Stock, action
from sync.actions.resolutions import RESOLUTIONS, write_off
from sync.event import ScanEvent
from sync.identity import is_container
from sync.unit import MERGED_FROM, Status, UnitState, came_with_its_carton, emptied, left_empty


@action("import", needs=("document", "reason", "evidence"))
def import_document(state: UnitState, event: ScanEvent) -> UnitState:
    """Import: a document was taken in; its rows are facts from here on."""
    return state


@action("expect", stock=Stock.STATED)
def expect(state: UnitState, event: ScanEvent) -> UnitState:
    """Expect: a stock list says that it is in this place (one row of an import)."""
    place = event.container or event.location
    status = state.status if state.status is Status.RETURNED else Status.STORED  # a list releases nothing
    stated = state._replace(
        status=status, expected=place, lot=event.lot or state.lot, expiry=event.expiry or state.expiry
    )
    return stated if state.observed else stated._replace(place=place)


@action("announce", stock=Stock.ANNOUNCED)
def announce(state: UnitState, event: ScanEvent) -> UnitState:
    """Announce: a supplier says that it is in this carton (one row of an ASN)."""
    stayed = left_empty(state, event.reason)
    known = state._replace(closed=False) if stayed else state
    if is_container(event.subject or "") and not stayed:
        known = emptied(state)  # what it brings now is what is said now
    told = known._replace(
        announced_in=event.container,
        announced_by=event.document,
        lot=state.lot or event.lot,
        expiry=state.expiry or event.expiry,
    )
    gone = (Status.SEEN, Status.SHIPPED, Status.MISSING)
    if state.status not in gone and not stayed:
        return told
    return told._replace(status=Status.ANNOUNCED, place=event.container, observed=False, expected=None)


@action("not_found", needs=("subject", "location", "document"), stock=Stock.FOUND)
def not_found(state: UnitState, event: ScanEvent) -> UnitState:
    """Not found: a closed count did not see it where it belongs (one row of the count's result)."""
    return state


@action("not_received", needs=("subject", "document"))
def not_received(state: UnitState, event: ScanEvent) -> UnitState:
    """Not received: a closed receipt lacks it though it was announced (one row of the receipt's result)."""
    if state.status is Status.ANNOUNCED or came_with_its_carton(state):
        return state._replace(status=Status.ANNOUNCED, place=None, expected=None, came_under=None)  # not in its carton
    return state


@action("settle", needs=("subject", "document", "reason", "evidence"))
def settle(state: UnitState, event: ScanEvent) -> UnitState:
    """Settle: a person decided what a case means."""
    effect = RESOLUTIONS.get(event.reason or "")
    return effect(state, event) if effect else state


@action("note", needs=("subject", "document", "reason"))
def note(state: UnitState, event: ScanEvent) -> UnitState:
    """Note: a person wrote something about a case."""
    return state


@action("assign", needs=("subject", "document"))
def assign(state: UnitState, event: ScanEvent) -> UnitState:
    """Assign: somebody is to settle a case; nobody, where none is named."""
    return state


@action("reopen", needs=("subject", "document", "reason"))
def reopen(state: UnitState, event: ScanEvent) -> UnitState:
    """Reopen: a case is to be decided anew; the decision that closed it is taken back."""
    return state  # the decision is what it undoes


@action("open_count", needs=("document", "evidence"))
def open_count(state: UnitState, event: ScanEvent) -> UnitState:
    """Open count: these bins are to be counted."""
    return state


@action("share_count", needs=("document", "evidence"))
def share_count(state: UnitState, event: ScanEvent) -> UnitState:
    """Share count: its unfinished bins are given to other counters."""
    return state


@action("propose_count", needs=("document", "evidence"))
def propose_count(state: UnitState, event: ScanEvent) -> UnitState:
    """Propose count: a result above the limit of who closed it waits for approval."""
    return state


@action("reject_count", needs=("document", "reason", "evidence"))
def reject_count(state: UnitState, event: ScanEvent) -> UnitState:
    """Reject count: a proposed result was sent back, to be counted again."""
    return state


@action("close_count", needs=("document", "evidence"))
def close_count(state: UnitState, event: ScanEvent) -> UnitState:
    """Close count: a version of its result is frozen."""
    return state


@action("open_receipt", needs=("document", "reason"))
def open_receipt(state: UnitState, event: ScanEvent) -> UnitState:
    """Open receipt: it is received blind, or guided again."""
    return state


@action("close_receipt", needs=("document", "evidence"))
def close_receipt(state: UnitState, event: ScanEvent) -> UnitState:
    """Close receipt: no more of this ASN is awaited."""
    return state


@action("cancel_order", needs=("document", "reason"))
def cancel_order(state: UnitState, event: ScanEvent) -> UnitState:
    """Cancel order: the customer gets nothing of it any more; what was picked for it is put back."""
    return state


@action("resume_order", needs=("document", "reason"))
def resume_order(state: UnitState, event: ScanEvent) -> UnitState:
    """Resume order: its cancellation is taken back, and it is picked like any other."""
    return state


@action("draft_claim", needs=("document", "evidence"))
def draft_claim(state: UnitState, event: ScanEvent) -> UnitState:
    """Draft claim: a receipt's differences, or units that failed, are put to the supplier."""
    return state


@action("follow_claim", needs=("document", "reason"))
def follow_claim(state: UnitState, event: ScanEvent) -> UnitState:
    """Follow claim: it was sent, accepted, rejected or credited."""
    return state


@action("recall", needs=("document", "evidence"))
def recall(state: UnitState, event: ScanEvent) -> UnitState:
    """Recall: what matches this predicate must not move."""
    return state


@action("release", needs=("document", "reason"))
def release(state: UnitState, event: ScanEvent) -> UnitState:
    """Release: a recall has ended."""
    return state


@action("report_missing", needs=("document", "evidence"))
def report_missing(state: UnitState, event: ScanEvent) -> UnitState:
    """Report missing: the site that a transfer went to closed its receipt without some of it."""
    return state


@action("report_arrived", needs=("document", "evidence"))
def report_arrived(state: UnitState, event: ScanEvent) -> UnitState:
    """Report arrived: it received more than was sent to it, or what had been missing."""
    return state


@action("withdraw", needs=("document", "reason", "evidence"))
def withdraw(state: UnitState, event: ScanEvent) -> UnitState:
    """Withdraw: the hand-over that announced these things was undone; each row undoes what was said of one."""
    return state


@action("not_arrived", needs=("subject", "document"))
def not_arrived(state: UnitState, event: ScanEvent) -> UnitState:
    """Not arrived: the other site did not receive it (one row of its report)."""
    return state


@action("arrived", needs=("subject", "document"))
def arrived(state: UnitState, event: ScanEvent) -> UnitState:
    """Arrived: the other site received it (one row of its report), and what was in a carton with it."""
    return emptied(state) if is_container(event.subject or "") else state


@action("report_stolen", needs=("document", "reason", "evidence"))
def report_stolen(state: UnitState, event: ScanEvent) -> UnitState:
    """Report stolen: these things were stolen, from us or from others."""
    return state


@action("report_found", needs=("document", "reason", "evidence"))
def report_found(state: UnitState, event: ScanEvent) -> UnitState:
    """Report found: what was reported stolen turned up, or the report is withdrawn."""
    return state


@action("stolen", needs=("subject", "document"))
def stolen(state: UnitState, event: ScanEvent) -> UnitState:
    """Stolen: it was reported stolen (one row of a report); what stood here is stock no longer."""
    return write_off(state, event)


@action("found", needs=("subject", "document"))
def found(state: UnitState, event: ScanEvent) -> UnitState:
    """Found: its report was withdrawn (one row); where it is now, the next scan says."""
    return state


@action("open_mode_change", needs=("document", "evidence"))
def open_mode_change(state: UnitState, event: ScanEvent) -> UnitState:
    """Open change of mode: a product in stock is to be tracked otherwise."""
    return state


@action("close_mode_change", needs=("document", "reason"))
def close_mode_change(state: UnitState, event: ScanEvent) -> UnitState:
    """Close change of mode: the product is tracked otherwise from here on, or the change is given up."""
    return state


@action("merge", needs=("subject", "document"), stock=Stock.ARRIVES)
def merge(state: UnitState, event: ScanEvent) -> UnitState:
    """Merge: it is one piece among others from here on (one row of a change of mode).

    What had left before, or was held back, by a scan that nobody had heard of when the change was closed keeps its
    number: the piece that was booked for it is one too many, which the next count of its bin finds.
    """
    if state.status not in MERGED_FROM or state.held is not None:
        return state
    return state._replace(status=Status.MERGED, place=None, expected=None, observed=False)


@action("allot_numbers", needs=("document", "quantity"))
def allot_numbers(state: UnitState, event: ScanEvent) -> UnitState:
    """Allot numbers: so many of this series are given, and never again."""
    return state


@action("print_labels", needs=("document", "evidence"))
def print_labels(state: UnitState, event: ScanEvent) -> UnitState:
    """Print: labels were printed."""
    return state


@action("reprice", needs=("document", "evidence"))
def reprice(state: UnitState, event: ScanEvent) -> UnitState:
    """Reprice: some units, lots or products are offered at another price for a while, or no longer."""
    return state


@action("administer", needs=("reason",))
def administer(state: UnitState, event: ScanEvent) -> UnitState:
    """Administer: a handheld was enrolled or revoked, a person or a setting changed."""
    return state


@action("account_recall", needs=("document", "reason", "evidence"))
def account_recall(state: UnitState, event: ScanEvent) -> UnitState:
    """Account recall: what a customer answered to a recall, or what was done with what it reached."""
    return state


@action("retract_account", needs=("document", "reason", "evidence"))
def retract_account(state: UnitState, event: ScanEvent) -> UnitState:
    """Retract account: a word in a recall's account was a mistake; each row undoes it for one thing."""
    return state


@action("remove", needs=("subject", "document", "reason"), stock=Stock.LEAVES)
def remove(state: UnitState, event: ScanEvent) -> UnitState:
    """Remove: recalled, it was destroyed, sent back to its supplier or written off (one row of an answer)."""
    if state.status in (Status.SHIPPED, Status.LENT, Status.MERGED):
        return state  # a scan that came later says where it went
    status = Status.MISSING if event.reason == "written_off" else Status.DISPOSED
    return state._replace(status=status, place=None, expected=None, observed=False)
