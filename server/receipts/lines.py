"""The lines of a receipt: one for each unit, and one for each product or lot that has no serial numbers. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, fields, replace
from typing import Final

from server.counts.compare import Expected, Line, Quantity, ReportLine, Sighting, compare
from server.receipts.evidence import Received
from server.receipts.notice import Notice
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
    unread = [item_of(u) for u in due.sent if u in came.came and u not in fillers]
    lines = [_of_pieces(s, due, came, got.get(s, []), unread.count(s)) for s in sorted(names | got.keys())]
    return lines, others


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
    counted = sum(1 if f.event.quantity is None or not _is_pieces(f) else f.event.quantity for f in facts)
    sealed = unread + _sealed(subject, due, came, facts)
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


def _is_pieces(fact: Fact) -> bool:
    return is_stock(str(fact.event.subject))


def _sealed(subject: str, due: Notice, came: Received, facts: Iterable[Fact]) -> int:
    """Pieces in cartons whose label was scanned, and of which no piece was scanned in that carton."""
    opened = {f.event.container for f in facts}
    by_item = due.kind == "purchase_order"  # whose notices may say the lot, which the order does not
    of = {p: (item_of(p.subject) if by_item else p.subject) for p in due.sealed}
    lines = [p for p in due.sealed if p.container is not None and of[p] == subject]
    return sum(p.quantity for p in lines if p.container in came.came and p.container not in opened)
