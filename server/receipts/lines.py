"""The lines of a receipt: one for each unit, and one for each product or lot that has no serial numbers. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass, fields, replace
from typing import Final, NamedTuple

from server.counts.compare import Expected, Line, Quantity, ReportLine, Sighting, compare
from server.receipts.evidence import Received
from server.receipts.notice import Notice, Pieces
from sync.condition import is_damage
from sync.event import format_name
from sync.history import Fact
from sync.identity import is_stock, item_of, lot_key
from sync.labels import Label, parse


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiptLine(ReportLine):
    """What became of one unit, or of the pieces of one item or lot."""

    how: str = "scanned"
    """`scanned`, `listed` (in a symbol with others), `inferred` (its carton was scanned), `elsewhere` (under another
    document), or `` where it is not here."""
    inferred: int = 0
    """Of the quantity, what only a carton's label speaks for."""
    condition: str | None = None
    """As it was found, by the last scan that says."""

    @property
    def damaged(self) -> bool:
        """Whether it came in a state to complain of."""
        return is_damage(self.condition)


_BASE: Final = tuple(f.name for f in fields(ReportLine))


def _line(line: ReportLine, **further: object) -> ReceiptLine:
    return ReceiptLine(**{name: getattr(line, name) for name in _BASE}, **further)  # type: ignore[arg-type]


def unit_lines(
    due: Notice,
    came: Received,
    scans: Iterable[tuple[str, Fact]],
    known: Collection[str],
    *,
    held: Collection[str],
    opened: Collection[str],
) -> list[ReceiptLine]:
    """One line for each unit that was due or came.

    Args:
        scans: of units that fill no line given by quantity.
        known: units of which something was known before.
        held: cartons of which too few units were read one by one.
        opened: cartons of which every unit has to be read, and some were: what was not read is not in them.
    """
    scans = list(scans)
    expected = [Expected(unit=unit, place=carton or due.number) for unit, carton in due.units.items()]
    sightings = [_sighting(unit, fact, due, known) for unit, fact in scans]
    facts: dict[str, list[Fact]] = {}
    for unit, fact in scans:
        facts.setdefault(unit, []).append(fact)
    lines = compare(expected, sightings)
    return [_of_unit(line, facts.get(line.subject, []), due, came, held, opened) for line in lines]


def _sighting(unit: str, fact: Fact, due: Notice, known: Collection[str]) -> Sighting:
    belongs = (due.units[unit] or due.number) if unit in due.units else None
    place = fact.event.container or belongs or due.number  # who scans no carton says nothing against the announced one
    return Sighting(unit=unit, place=place, event=format_name(fact.name), known=unit in known, belongs=belongs)


def _of_unit(
    line: ReportLine,
    facts: list[Fact],
    due: Notice,
    came: Received,
    held: Collection[str],
    opened: Collection[str],
) -> ReceiptLine:
    condition = came.conditions.get(line.subject)
    if facts:
        listed = all(f.digest.hex() in came.listed for f in facts)
        kind = Line.DUPLICATE if line.subject in came.twins else line.kind
        return replace(_line(line, how="listed" if listed else "scanned", condition=condition), kind=kind)
    here = came.came.get(line.subject)
    if here is None:
        return _line(line, how="")
    place = due.units[line.subject]
    seen = (place,) if place else ()
    if not here.inferred:
        return replace(_line(line, how="elsewhere", condition=condition), kind=Line.MATCHED, seen=seen, quantity=1)
    if place in opened:
        return _line(line, how="")
    kind = Line.NOT_SAMPLED if place in held else Line.MATCHED
    return replace(_line(line, how="inferred", inferred=1), kind=kind, seen=seen, quantity=1)


def piece_lines(due: Notice, came: Received) -> tuple[list[ReceiptLine], list[tuple[str, Fact]]]:
    """Lines given by quantity, and the scans of units that fill none of them.

    A serial number, a plate or a lot counts towards the line of its product, each unit once.
    """
    filled = _filled(due, came)
    unread = [item_of(u) for u in due.sent if u in came.came and u not in filled.units]
    subjects = sorted({p.subject for p in due.pieces} | filled.facts.keys())
    return [_of_pieces(s, due, came, filled.facts.get(s, []), unread.count(s)) for s in subjects], filled.others


class _Filled(NamedTuple):
    facts: dict[str, list[Fact]]
    """Subject of a line given by quantity -> the scans that count towards it."""
    units: set[str]
    """Units that are among these."""
    others: list[tuple[str, Fact]]
    """Scans of units that fill no line."""


def _filled(due: Notice, came: Received) -> _Filled:
    names = {p.subject for p in due.pieces}
    fillers: dict[str, tuple[str, Fact]] = {}
    others: list[tuple[str, Fact]] = []
    for unit, fact in came.units:
        line = None if unit in due.units else _line_of(unit, fact, names)
        if line is None:
            others.append((unit, fact))
        else:
            fillers.setdefault(unit, (line, fact))
    got: dict[str, list[Fact]] = {}
    for fact in came.pieces:
        subject = str(fact.event.subject)
        got.setdefault(_line_of(subject, fact, names) or subject, []).append(fact)
    for line, fact in fillers.values():
        got.setdefault(line, []).append(fact)
    return _Filled(got, set(fillers), others)


def _line_of(subject: str, fact: Fact, names: Collection[str]) -> str | None:
    """The line given by quantity that this belongs to: of its own name, of its lot, or of its product."""
    item = item_of(subject) or _item_beside(fact)
    lot = fact.event.lot
    wanted = [subject, lot_key(item, lot) if item and lot else None, item]
    return next((name for name in wanted if name in names), None)


def _item_beside(fact: Fact) -> str | None:
    """The product whose barcode was read together with a plate: a plate alone says nothing of what it is on."""
    for symbol in fact.event.beside or ():
        label = parse(symbol[3:].encode("latin-1", "replace"), symbol[:3])
        if isinstance(label, Label) and label.item:
            return label.item
    return None


def _of_pieces(subject: str, due: Notice, came: Received, facts: list[Fact], unread: int) -> ReceiptLine:
    """One line; `unread` units of the product are here by their cartons' labels alone."""
    expected = sum(p.quantity for p in due.pieces if p.subject == subject)
    counted = sum(map(_pieces_of, facts))
    sealed = unread + sum(one.inferred for one in _cartons_of(subject, due, came, facts))
    inferred = min(sealed, max(0, expected - counted))
    quantity = Quantity(
        subject=subject,
        place=None,
        expected=expected,
        counted=counted + inferred,
        events=tuple(format_name(f.name) for f in facts),
    )
    (line,) = compare([], [], [quantity])
    said = [came.conditions.get(str(f.event.subject)) for f in facts]
    condition = next((word for word in said if is_damage(word)), None)
    how = "scanned" if facts else "inferred" if inferred else ""
    return _line(line, how=how, inferred=inferred, condition=condition)


def _pieces_of(fact: Fact) -> int:
    counts = fact.event.quantity is not None and is_stock(str(fact.event.subject))
    return fact.event.quantity or 0 if counts else 1


@dataclass(frozen=True, slots=True, kw_only=True)
class CartonPieces:
    """Pieces of one line that were announced in one carton."""

    container: str
    subject: str
    announced: int
    read: int
    """Scanned in it."""
    inferred: int
    """Here by its label, where no piece of the line was scanned in it."""
    short: int = 0
    """What it lacks of those that the line is short of."""


def pieces_by_carton(due: Notice, came: Received, lines: Iterable[ReceiptLine]) -> list[CartonPieces]:
    """The lines given by quantity, carton by carton, as far as the notice says a carton.

    Pieces that were scanned in no carton, or beyond what was in theirs, are taken for those that the last ones lack.
    """
    facts = _filled(due, came).facts
    left = {line.subject: max(0, line.expected_quantity - line.quantity) for line in lines if is_stock(line.subject)}
    found = []
    for subject in sorted({_subject(line, due) for line in due.sealed}):
        short = left.get(subject, 0)
        for one in _cartons_of(subject, due, came, facts.get(subject, [])):
            lacks = min(short, max(0, one.announced - one.read - one.inferred))
            short -= lacks
            found.append(replace(one, short=lacks))
    return found


def _cartons_of(subject: str, due: Notice, came: Received, facts: Iterable[Fact]) -> list[CartonPieces]:
    announced, read = Counter[str](), Counter[str | None]()
    for line in due.sealed:
        if line.container is not None and _subject(line, due) == subject:
            announced[line.container] += line.quantity
    for fact in facts:
        read[fact.event.container] += _pieces_of(fact)
    return [
        CartonPieces(
            container=carton,
            subject=subject,
            announced=pieces,
            read=read[carton],
            inferred=pieces if carton in came.came and carton not in read else 0,
        )
        for carton, pieces in announced.items()
    ]


def _subject(line: Pieces, due: Notice) -> str:
    """Of the receipt's line: a purchase order's does not say the lot, which its notices may."""
    item = item_of(line.subject) if due.kind == "purchase_order" else None
    return item or line.subject
