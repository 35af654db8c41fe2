"""The verdict on one scan from what the offline map holds, by the same rules as on the server."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any, Final

from scanner_client import return_words
from scanner_client.handheld import Handheld
from scanner_client.order_now import ordered
from scanner_client.parcel import held_inside
from scanner_client.pieces_now import pieces_in
from scanner_client.recalled import Stop, stopping, words
from scanner_client.return_now import facts_of, own_name
from scanner_client.sighting import Tone
from scanner_client.site_map import SiteMap
from scanner_client.stolen import Stolen, stolen_here
from scanner_client.unit_now import known_now
from scanner_client.wording import say
from sync.actions import ACTIONS, Compare, Stock, refuse
from sync.because import Outcome
from sync.condition import CONDITIONS, is_damage
from sync.event import ScanEvent, format_name
from sync.history import undone_names
from sync.identity import imei_of, is_container, is_stock, item_of, split_key
from sync.labels import SerialPattern, SiteCodes
from sync.labels.box import Question
from sync.returning import verdict
from sync.stock import NUMBERED
from sync.unit import NOT_TOLD, Status
from sync.verdict import REFUSED, STOPPED, Judgement, Known, Verdict, day, judge, refused

SERIAL_MODE: Final = "serial"
PLATE_MODE: Final = "lpn"
TONES: Final = {
    Verdict.RIGHT: Tone.GOOD,
    Verdict.CANNOT_TELL: Tone.LOOK,
    Verdict.UNKNOWN: Tone.LOOK,
    Verdict.UNKNOWN_BIN: Tone.LOOK,
    Verdict.NO_MORE_HERE: Tone.LOOK,
    Verdict.KNOWN_ELSEWHERE: Tone.STOP,
    Verdict.NOT_EXPECTED: Tone.STOP,
    Verdict.CLOSED_ALREADY: Tone.STOP,
    **dict.fromkeys(REFUSED, Tone.STOP),
    Verdict.STOLEN: Tone.ALARM,
}
"""How a person is told of each: the words, the sound and the mark on the picture follow from this and nothing else."""

LOOKED_BACK_MAX: Final = 1_000
"""Newest events among which it is looked for what came in already under the document in hand."""


class SettingError(Exception):
    """A setting of the site cannot be used; the message names it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A verdict and the words for it."""

    judgement: Judgement
    tone: Tone
    text: str


def judged(event: ScanEvent, handheld: Handheld) -> Judged:
    """Judge a scan of a unit or container, or of stock that has no units (a product, a lot)."""
    site_map, subject = handheld.site_map, event.subject or ""
    item = item_of(subject)
    stolen = stolen_here(handheld, event)
    if stolen is not None:
        return _stolen(stolen, site_map)
    known = None if is_stock(subject) else known_now(handheld, subject)
    stop, inside = stopping(handheld, event, known), None
    if stop is None and ACTIONS[event.action].stock is Stock.LEAVES and is_container(subject):
        inside = held_inside(handheld, subject)
        known = replace(known or Known(status=Status.PACKED), held=True) if inside else known
    asked, today = ordered(handheld, event, known), day(site_map.now_ms(handheld.clock))
    if is_stock(subject) and (stop is None or not (stop.sure or ACTIONS[event.action].stops_recalled)):
        fault = refused(event, None, asked, today) if ACTIONS[event.action].guarded else None
        judgement = fault or Judgement(verdict=_stock_verdict(event, handheld, item))
    else:
        listed = item is not None and item in document_items(site_map, event.document)
        sure, perhaps = stop is not None and stop.sure, stop is not None and not stop.sure
        judgement = judge(
            event,
            known,
            recalled=sure,
            perhaps_recalled=perhaps,
            listed=listed,
            whole=False,
            ordered=asked,
            today=today,
        )
    if event.action == "restock" and judgement.verdict not in STOPPED:
        return _released(event, handheld, judgement)
    if judgement.verdict is Verdict.RIGHT and is_unknown_bin(site_map, event.location):
        judgement = replace(judgement, verdict=Verdict.UNKNOWN_BIN, belongs=event.location)
    left = left_here(event, handheld) if judgement.verdict is Verdict.NO_MORE_HERE else None
    reason = stop.recall.reason if stop else ""
    text = _words(judgement, site_map, event, reason=reason, known=known, left=left or 0)
    if stop is not None and judgement.verdict in STOPPED:
        text = _stopped(stop, site_map, text)
    elif inside:
        text = say("hand_over.inside", thing=thing_text(site_map, inside), text=text)
    found = Judged(judgement=judgement, tone=TONES[judgement.verdict], text=text)
    return _graded(event, known, found) if event.action == "put_away" else found


def _graded(event: ScanEvent, known: Known | None, found: Judged) -> Judged:
    """What is put away though something is wrong with it is said so: no order is given it."""
    graded = event.condition or (known.condition if known else None)
    if found.judgement.verdict is not Verdict.RIGHT or not is_damage(graded):
        return found
    return replace(found, tone=Tone.LOOK, text=say("shelf.graded", condition=CONDITIONS.get(graded or "", graded)))


def _fewer(event: ScanEvent, site_map: SiteMap, left: int) -> str:
    what = ACTIONS[event.action]
    if what.compare is Compare.ANNOUNCED:
        return say("place.announced", left=left, document=event.document)
    if what.stock is Stock.MOVES:
        return say("place.fewer", left=left, place=place_text(site_map, event.origin))
    return say("verdict.no_more_here", left=left)


def _released(event: ScanEvent, handheld: Handheld, judgement: Judgement) -> Judged:
    """Whether a return may go back among what is sold: by all that is known of it here."""
    found = verdict(facts_of(handheld, own_name(handheld, event.subject or "")))
    if found.outcome is not Outcome.RESTOCK:
        judgement = replace(judgement, verdict=Verdict.NOT_RELEASED)
        return Judged(judgement=judgement, tone=Tone.STOP, text=return_words.words(found))
    return Judged(judgement=replace(judgement, verdict=Verdict.RIGHT), tone=Tone.GOOD, text=say("returns.released"))


def _stolen(found: Stolen, site_map: SiteMap) -> Judged:
    text = say("verdict.stolen", reason=found.theft.reason, order=found.theft.report)
    text = say("hand_over.inside", thing=thing_text(site_map, found.inside), text=text) if found.inside else text
    return Judged(judgement=Judgement(verdict=Verdict.STOLEN), tone=TONES[Verdict.STOLEN], text=text)


def _stopped(stop: Stop, site_map: SiteMap, text: str) -> str:
    place = place_text(site_map, stop.recall.place) if stop.recall.place else ""
    return words(stop, text, place=place, thing=thing_text(site_map, stop.inside) if stop.inside else "")


def document_items(site_map: SiteMap, number: str | None) -> tuple[str, ...]:
    """The products of a document's lines; none where the map does not hold it."""
    row = site_map.entry("document", number) if number else None
    items = [line.get("item") for line in (row or {}).get("lines") or []]
    return tuple(dict.fromkeys(item for item in items if item))


def serial_items(site_map: SiteMap, number: str | None) -> tuple[str, ...]:
    """Those products of a document's lines that a serial number could be of."""
    rows = [(item, site_map.entry("item", item)) for item in document_items(site_map, number)]
    return tuple(item for item, row in rows if row and row.get("mode") in NUMBERED)


def is_unknown_bin(site_map: SiteMap, place: str | None) -> bool:
    """Whether the site has bins, and this is none of them."""
    return place is not None and site_map.entry("location", place) is None and site_map.holds("location")


def is_blind(site_map: SiteMap, number: str | None, place: str | None) -> bool:
    """Whether whoever counts this bin is told nothing but a recall."""
    row = site_map.entry("document", number) if number else None
    return bool(row and (row.get("blind") or place in (row.get("blind_bins") or ())))


def says_nothing(site_map: SiteMap, event: ScanEvent) -> str | None:
    """What stands in place of a verdict where a count gives none: a blind one, or one that takes stock on."""
    if is_blind(site_map, event.document, event.location):
        return say("verdict.hidden")
    row = site_map.entry("document", event.document) if event.document else None
    return say("verdict.taken_on") if row and row.get("sort") == "take_on" else None


def bears_plates(site_map: SiteMap, item: str | None) -> bool:
    """Whether this product's units bear the warehouse's own plates, each of which is a serial number."""
    row = site_map.entry("item", item) if item else None
    return bool(row and row.get("mode") == PLATE_MODE)


def needs_serial(site_map: SiteMap, item: str | None) -> bool:
    """Whether this product's units have serial numbers, so that the product's own barcode is only half a scan."""
    row = site_map.entry("item", item) if item else None
    return bool(row and row.get("mode") == SERIAL_MODE)


def site_codes(site_map: SiteMap) -> SiteCodes:
    """The site's own label formats, as the server last said; the default ones before that.

    Raises:
        SettingError: what the server said cannot be used. Scanning by other formats would misread, so it waits.
    """
    row: dict[str, Any] = dict(site_map.entry("site", "codes") or {})
    names = {f.name for f in fields(SiteCodes)} - {"serial_patterns"}
    try:
        patterns = tuple(SerialPattern(**pattern) for pattern in row.get("serial_patterns") or ())
        return SiteCodes(serial_patterns=patterns, **{k: row[k] for k in names if row.get(k) is not None})
    except (TypeError, ValueError) as error:
        raise SettingError(f"The site's label settings cannot be used: {error} Mend them and sync.") from error


def lacking(event: ScanEvent) -> str | None:
    """What has to be scanned before the action can hold this scan, in a sentence; None where nothing is lacking."""
    reason = refuse(event)
    if reason is None:
        return say("scan.bin_first") if _comes_from_nowhere(event) else None
    needs = ACTIONS[event.action].needs
    if "document" in needs and event.document is None:
        return say("scan.document_first")
    if "location" in needs and event.location is None:
        return say("scan.bin_first")
    if "container" in needs and event.container is None:
        return say("scan.carton_first")
    return say("scan.lacks", reason=reason)


def _comes_from_nowhere(event: ScanEvent) -> bool:
    """Whether pieces are taken and nobody says where from: they would be in stock there still."""
    taken = ACTIONS[event.action].stock is Stock.TAKEN and is_stock(event.subject or "")
    return taken and event.location is None and event.origin is None


def place_text(site_map: SiteMap, key: str | None) -> str:
    """What people call a location or a container."""
    if key is None:
        return "?"
    if key == NOT_TOLD:
        return "?"
    row = site_map.entry("location", key)
    return str(row["code"]) if row and row.get("code") else split_key(key).elements[-1][1]


def number_text(key: str) -> str:
    """The number that tells a unit apart, as it stands on it."""
    return imei_of(key) or split_key(key).elements[-1][1]


def thing_text(site_map: SiteMap, key: str) -> str:
    """What people call a unit, a product or a carton: the product's name, and the number that tells it apart."""
    item = item_of(key)
    row = site_map.entry("item", item) if item else None
    name = str(row.get("name") or row.get("sku") or "") if row else ""
    number = number_text(key)
    return f"{name} {number}" if name and key != item else name or number


def question_text(site_map: SiteMap, question: Question | None) -> str:
    """What is to be asked about a box, with what people call its products; empty where nothing is."""
    if question is None:
        return ""
    choices = [thing_text(site_map, key) for key in question.things] or question.texts
    return say(
        f"unclear.{question.unclear.name.lower()}",
        serial=question.serial,
        item=thing_text(site_map, question.item) if question.item else "",
        count=len(choices),
        choices=say("unclear.or").join(choices),
    )


def _stock_verdict(event: ScanEvent, handheld: Handheld, item: str | None) -> Verdict:
    """Stock without units: is the product on the document, or at least one of ours, and are there so many here?"""
    on_document = document_items(handheld.site_map, event.document)
    if on_document and item not in on_document:
        return Verdict.NOT_EXPECTED
    receives = ACTIONS[event.action].compare is Compare.ANNOUNCED
    lots = {line.get("lot") for line in _lines(handheld, event, item)} if receives and event.lot else set()
    if lots and None not in lots and event.lot not in lots:
        return Verdict.NOT_EXPECTED
    left = left_here(event, handheld)
    if left is not None and left < (event.quantity or 1):
        return Verdict.NO_MORE_HERE
    known = item in on_document or (item and handheld.site_map.entry("item", item))
    return Verdict.RIGHT if known else Verdict.CANNOT_TELL


def left_here(event: ScanEvent, handheld: Handheld) -> int | None:
    """How many of it the records have where pieces are taken from, this scan not counted.

    Of what comes in, how many are announced beyond those that came in at this handheld. None where nothing is taken,
    where the place is not said, and where this handheld cannot tell.
    """
    what = ACTIONS[event.action]
    if what.compare is Compare.ANNOUNCED:
        return _still_announced(event, handheld)
    place = event.origin or (event.location if what.stock is Stock.TAKEN else None)
    takes = what.stock in (Stock.TAKEN, Stock.MOVES) and is_stock(event.subject or "")
    if not takes or place is None or handheld.site_map.cursor().cursor is None:
        return None
    lying = pieces_in(handheld, place)
    return None if lying is None else max(0, lying.get(event.subject or "", 0))


def _lines(handheld: Handheld, event: ScanEvent, item: str | None) -> list[dict[str, Any]]:
    row = handheld.site_map.entry("document", event.document) if event.document else None
    return [line for line in (row or {}).get("lines") or [] if line.get("item") == item]


def _still_announced(event: ScanEvent, handheld: Handheld) -> int | None:
    """By the document in hand; None where it says nothing of this. What other handhelds took in is not known here."""
    lines = [each for each in _lines(handheld, event, item_of(event.subject or "")) if each.get("quantity")]
    lines = [each for each in lines if each.get("lot") in (None, event.lot)]
    if not lines:
        return None
    newest = [each for each, _ in handheld.outbox.newest(LOOKED_BACK_MAX)]
    undone = undone_names((format_name(each.name), each.voids) for each in reversed(newest) if each.voids)
    came = sum(
        each.quantity or 1
        for each in newest
        if (each.action, each.document, each.subject) == (event.action, event.document, event.subject)
        if format_name(each.name) not in undone
    )
    return max(0, sum(int(each["quantity"]) for each in lines) - came)


def _words(
    judgement: Judgement, site_map: SiteMap, event: ScanEvent, *, reason: str, known: Known | None, left: int
) -> str:
    if judgement.verdict is Verdict.NO_MORE_HERE:
        return _fewer(event, site_map, left)
    if judgement.verdict is Verdict.NOT_EXPECTED and known and (why := _why_unexpected(event, known)):
        return why
    if judgement.verdict is Verdict.ORDER_CANCELLED and ACTIONS[event.action].hands_over:
        return say("hand_over.cancelled", order=judgement.claimed_by)
    if judgement.verdict is Verdict.CANNOT_TELL and ACTIONS[event.action].hands_over:
        return say("hand_over.cannot_tell")
    expiry = event.expiry or (known.expiry if known else None)
    graded = event.condition or (known.condition if known else None)
    return say(
        f"verdict.{judgement.verdict.value}",
        place=place_text(site_map, judgement.belongs),
        reason=reason,
        order=judgement.claimed_by or event.document or "?",
        expiry=expiry or "?",
        condition=CONDITIONS.get(graded or "", graded),
    ).strip()


def _why_unexpected(event: ScanEvent, known: Known) -> str:
    """Why it is not expected, where that can be named; empty where it cannot."""
    what, mine = ACTIONS[event.action], event.document
    another = known.announced_by if known.status is Status.ANNOUNCED and known.announced_by != mine else None
    if what.compare is Compare.ANNOUNCED and another and mine:
        return say("place.announced_otherwise", document=mine, other=another)
    if what.stock is Stock.TAKEN and known.status is Status.PICKED and mine and known.document == mine:
        return say("picks.already", order=mine)
    return ""
