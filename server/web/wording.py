"""The words of the console, in one place, and how it writes moments and raw bytes."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from flask import Flask
from markupsafe import Markup, escape

from server import context, naming
from server.case_list import CaseLine
from server.prices import Price
from server.rules import rules
from server.undo import may_be_undone
from sync.actions import ACTIONS
from sync.event import format_name
from sync.history import Fact

STATUSES: Final = {
    "seen": "Seen, but not known to be ours",
    "announced": "Announced, on its way",
    "received": "Received",
    "stored": "In stock",
    "picked": "Picked",
    "packed": "Packed",
    "shipped": "Shipped",
    "returned": "Taken back",
    "in_repair": "A customer's, here for repair",
    "lent": "Lent to a customer",
    "missing": "Written off as missing",
    "merged": "A piece among others now",
    "disposed": "Left for good: scrapped, or sent back to its vendor",
}
RESOLUTIONS: Final = {
    "put_back": "Carry it back to where it belongs",
    "stays": "It stays where it was last seen",
    "claim_first": "The first scan holds",
    "claim_second": "The second scan holds",
    "write_off": "Write it off",
    "take_over": "Close the count again with this scan",
    "dismiss": "Nothing is wrong",
}
SET_ASIDE: Final = {
    "quarantined": "Not counted: someone has to look at it",
    "held": "Not counted yet: it waits for a newer version of this server",
    "forked": "Counted, but two queues go on under its handheld's name: it was copied or restored",
}
_SECOND_MS: Final = 1_000
_SPANS: Final = ((86_400_000, "d"), (3_600_000, "h"), (60_000, "min"))


def register(app: Flask) -> None:
    """Make the words available to templates, as filters."""
    words = (rule_word, status_word, action_word, resolution_words, line_word, closing, with_code, set_aside_word)
    for name in (*words, iso, clock, ago, mode_word, took, certainty, symbol, money, event_id, event_name, undoable):
        app.add_template_filter(name)
    app.add_template_filter(naming.path_of)


def rule_word(rule: str) -> str:
    """What a case is called: the first words of its rule's docstring, up to the colon."""
    found = rules().get(rule)
    return found.title.partition(":")[0].rstrip(".") if found else rule.replace("_", " ").capitalize()


def status_word(status: str) -> str:
    """Where a unit stands."""
    return STATUSES.get(status, status)


def action_word(action: str) -> str:
    """What an action is called."""
    found = ACTIONS.get(action)
    return found.word if found else action


def resolution_words(resolution: str) -> str:
    """What a decision says."""
    return RESOLUTIONS.get(resolution, resolution.replace("_", " ").capitalize())


def line_word(kind: str) -> str:
    """What a line of a report says, or a kind of document."""
    return "ASN" if kind == "asn" else kind.replace("_", " ").capitalize()


def set_aside_word(outcome: str) -> str:
    """What became of a scan that was set aside."""
    return SET_ASIDE.get(outcome, outcome)


def with_code(text: str) -> Markup:
    """Text with what stands between backquotes set as code."""
    parts = text.split("`")
    return Markup("").join(
        Markup("<code>{}</code>").format(part) if number % 2 else escape(part) for number, part in enumerate(parts)
    )


def closing(case: CaseLine) -> str:
    """How a case was closed."""
    return f"settled: {resolution_words(case.resolution)}" if case.resolution else f"{case.status} by a later scan"


def money(price: Price, *, signed: bool = False) -> str:
    """An amount with its currency: 1,234.50 EUR."""
    return price.text(signed=signed)


def brief_amount(price: Price) -> str:
    """An amount as it stands beside a bar: 1.2 M, 77 k, 640."""
    whole = price.whole
    for size, letter in ((1_000_000, "M"), (1_000, "k")):
        if abs(whole) >= size:
            return f"{whole / size:.1f} {letter}" if abs(whole) < 100 * size else f"{whole / size:.0f} {letter}"
    return f"{whole:.0f}"


def event_id(fact: Fact) -> str:
    """What a line of a trail is called within its page."""
    return "event-" + format_name(fact.name) + (f"-{fact.row}" if fact.row else "")


def event_name(fact: Fact) -> str:
    """The name of a fact's event, as an address holds it."""
    return format_name(fact.name)


def undoable(fact: Fact) -> bool:
    """Whether it is a scan, or an undo."""
    return may_be_undone(fact)


def iso(ms: int) -> str:
    """A moment for programs: ISO 8601, UTC."""
    return datetime.fromtimestamp(ms / _SECOND_MS, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


MODES: Final = {
    "quantity": "pieces only",
    "lot": "lot",
    "implicit": "implicit plate",
    "lpn": "printed plate",
    "serial": "serial number",
    "made_to_order": "made to order",
}


def mode_word(mode: str | None) -> str:
    """How a product is tracked; by its serial number where nothing is said."""
    return MODES.get(mode or "serial", str(mode))


def clock(ms: int) -> str:
    """A moment for people, UTC; the page's script writes it in the reader's own time zone."""
    return f"{datetime.fromtimestamp(ms / _SECOND_MS, UTC):%-d %b %Y, %H:%M} UTC"


def ago(ms: int) -> str:
    """How long ago that was, in one unit."""
    passed = max(0, context.now_ms() - ms)
    for span, unit in _SPANS:
        if passed >= span:
            return f"{passed // span} {unit} ago"
    return "just now"


def took(ms: int) -> str:
    """How long something took, in one unit with one digit behind the point."""
    for span, unit in _SPANS:
        if ms >= span:
            return f"{ms / span:.1f} {unit}"
    return f"{ms / _SECOND_MS:.0f} s"


def certainty(uncertainty_ms: int) -> str:
    """How well a moment is known; a few seconds go without saying."""
    if uncertainty_ms < 5 * _SECOND_MS:
        return ""
    seconds = uncertainty_ms // _SECOND_MS
    return f"± {seconds} s" if seconds < 120 else f"± {-(-seconds // 60)} min"


def symbol(raw: bytes) -> str:
    """The bytes of a symbol or a line, readable: control characters by their code, as in <1D>."""
    return "".join(chr(b) if 0x20 <= b < 0x7F else f"<{b:02X}>" for b in bytes(raw))
