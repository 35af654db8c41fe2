"""The kinds of documents that can be imported: one table of columns each, and what a row of it says.

The same table checks the files, makes the templates, and is the documentation (`flask --app server import --help`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from textwrap import wrap
from typing import Any, Final

from server import cells
from server import document_lines as lines
from server.cells import CellError
from server.document_lines import Line, Names, Values, named
from server.tabular import Cell
from sync import identity
from sync.check_digits import CSET_82
from sync.labels import compiled
from sync.returning import REASONS
from sync.warranty import Starts

MODES: Final = ("serial", "lpn", "implicit", "lot", "quantity", "made_to_order")
PATTERN_CHARS_MAX: Final = 100
AI_TEXT_MAX: Final = 20
HELP_WIDTH: Final = 78
"""A terminal's 80 columns without the two that stand before each line of a help text."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a kind of document."""

    name: str
    read: Callable[[Cell], Any]
    """Gives the value of a cell, or raises `CellError`."""
    text: str
    """What it means, for the documentation."""
    also: str = ""
    """Other headings that it goes by, with blanks between."""
    example: str = ""
    required: bool = False

    @property
    def headings(self) -> tuple[str, ...]:
        """Every heading that it goes by."""
        return (self.name, *self.also.split())


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentKind:
    """One kind of document."""

    name: str
    text: str
    columns: tuple[Column, ...]
    line: Callable[[Values, Names], Line]
    named: bool = False
    """Whether people give it a number, which then stands in a column or beside the file."""
    alone: Callable[[Line], str | None] = lambda _: None
    """What may stand in a document only once: a unit, a product's code."""
    cartons: bool = False
    """Whether the containers that it names are announced by it as well."""


def _gtin(cell: Cell) -> str:
    digits = cells.gtin_digits(cell)
    named(identity.item_key, digits)
    return digits


def _ai_text(cell: Cell) -> str:
    """A serial (AI 21) or lot (AI 10): 1 to 20 characters of GS1's set 82 (General Specifications, 3.4.4, 3.5.2)."""
    plain = cells.exact(cell)
    strange = [c for c in plain if c not in CSET_82]
    if strange or len(plain) > AI_TEXT_MAX:
        problem = f"{strange[0]!r} cannot stand in one" if strange else f"it has more than {AI_TEXT_MAX} characters"
        raise CellError(f"{plain!r} is no serial or lot number: {problem}.")
    return plain


def _mode(cell: Cell) -> str:
    mode = cells.word(cell)
    if mode not in MODES:
        raise CellError(f"{mode!r} is no tracking mode: it is one of {', '.join(MODES)}.")
    return mode


def _starts(cell: Cell) -> Starts:
    word = cells.word(cell)
    try:
        return Starts(word)
    except ValueError:
        raise CellError(f"A warranty does not run from {word!r}: it is one of {', '.join(Starts)}.") from None


def _months(cell: Cell) -> int:
    try:
        return cells.quantity(cell)
    except CellError:
        raise CellError(f"{str(cell)[:30]!r} is no number of months: write a whole one, like 24.") from None


def _pattern(cell: Cell) -> str:
    pattern = cells.text(cell)
    if len(pattern) > PATTERN_CHARS_MAX:
        raise CellError(f"The serial pattern has {len(pattern)} characters; {PATTERN_CHARS_MAX} are allowed.")
    try:
        compiled(pattern)
    except ValueError as wrong:
        raise CellError(f"The serial pattern {wrong}") from None
    return pattern


def _why(cell: Cell) -> str:
    reason = cells.word(cell)
    if reason not in REASONS:
        raise CellError(f"{reason!r} is no reason of a return: it is one of {', '.join(REASONS)}.")
    return reason


CUSTOMER_KEY: Final = Column(
    "customer_key",
    cells.exact,
    "the customer's number in the shop; only a hash of it is kept, to tell one customer from another",
    "customer_no customer_number customer_id",
    "C-1007",
)
GTIN: Final = Column(
    "gtin",
    _gtin,
    "GTIN-8, 12, 13 or 14 with its check digit; or give the sku",
    "ean upc barcode gtin14 gtin13 ean13",
    "09506000134352",
)
SKU: Final = Column(
    "sku",
    cells.code,
    "your own product code, where there is no GTIN",
    "article item item_code product_code article_no",
    "LAMP-7",
)
SERIAL: Final = Column(
    "serial", _ai_text, "serial number, for a row that is about one unit", "serial_no serial_number sn", "SN0001"
)
LOT: Final = Column("lot", _ai_text, "batch or lot", "batch lot_no batch_no charge", "L2406")
PIECES: Final = Column("quantity", cells.quantity, "pieces, for a row without a serial", "qty pieces")
EXPIRY: Final = Column(
    "expiry",
    cells.date,
    "use-by or best-before date, 2026-12-31",
    "expires best_before use_by expiry_date",
    "2027-12-31",
)
COST: Final = Column("cost", cells.decimal, "what one piece costs the shop", "unit_cost purchase_price", "7.80")
CURRENCY: Final = Column("currency", cells.currency, "of the amounts in the row, such as EUR", "", "EUR")
SUPPLIER: Final = Column("supplier", cells.text, "who sends it", "vendor", "Acme")


def _number(also: str, example: str) -> Column:
    text = "the document's number; without this column, give --number"
    return Column("number", cells.exact, text, f"no document {also}", example)


_PRODUCTS: Final = DocumentKind(
    name="products",
    text="what is sold, and how each is tracked",
    line=lines.product,
    alone=lambda line: line.subject,
    columns=(
        GTIN,
        SKU,
        Column("name", cells.text, "what people call it", "description title", "Desk lamp", required=True),
        Column("mode", _mode, f"{', '.join(MODES)}; serial where nothing is said", "tracking tracking_mode", "serial"),
        Column("serial_pattern", _pattern, "regular expression of its serials, to know one that stands alone"),
        Column("supplier", cells.text, "who alone delivers it, where that is so", "vendor", "Acme"),
        Column("zone", cells.text, "its home zone, where it is put away", "home_zone", "small"),
        Column("price", cells.decimal, "price of one piece, such as 12.50", "unit_price", "12.50"),
        COST,
        CURRENCY,
    ),
)
_LOCATIONS: Final = DocumentKind(
    name="locations",
    text="bins, docks, stations",
    line=lines.location,
    alone=lambda line: line.subject,
    columns=(
        Column(
            "code",
            cells.code,
            "what stands on its label and what people say",
            "location bin bin_code location_code",
            "A-01-02",
            required=True,
        ),
        Column("name", cells.text, "a longer name", "description", "Aisle A bay 1 level 2"),
        Column("zone", cells.text, "the area that it is in", "area", "picking"),
        Column("gln", cells.exact, "GLN of the site, where it is not this server's own"),
        Column("extension", cells.exact, "GLN extension component on its label, where it is not the code", "ext"),
    ),
)
_STOCK: Final = DocumentKind(
    name="stock",
    text="expected places: what is in stock, and where it belongs",
    line=lines.stock,
    alone=lines.unit_once,
    columns=(
        GTIN,
        SKU,
        SERIAL,
        LOT,
        PIECES,
        Column("location", cells.code, "code of the bin", "bin location_code bin_code place", "A-01-02"),
        Column("container", cells.exact, "SSCC or plate of the carton that it is in", "sscc carton pallet"),
        EXPIRY,
        COST,
        CURRENCY,
    ),
)
_ASN: Final = DocumentKind(
    name="asn",
    text="advance ship notice: what a supplier says is on its way, carton by carton",
    line=lines.asn,
    named=True,
    alone=lines.unit_once,
    cartons=True,
    columns=(
        _number("asn asn_no asn_number despatch_advice", "ASN-1001"),
        SUPPLIER,
        Column("po", cells.code, "the purchase order that it fulfils", "purchase_order po_number po_no order", "PO-17"),
        Column("sscc", cells.exact, "the carton's SSCC or plate", "carton container case", "106141412345678908"),
        Column("parent", cells.exact, "SSCC or plate of the pallet that it stands on", "pallet parent_sscc"),
        GTIN,
        SKU,
        SERIAL,
        LOT,
        PIECES,
        EXPIRY,
        COST,
        CURRENCY,
    ),
)
_PURCHASE_ORDER: Final = DocumentKind(
    name="purchase_order",
    text="what was ordered from a supplier",
    line=lines.purchase_order,
    named=True,
    columns=(
        _number("po po_no po_number purchase_order", "PO-17"),
        SUPPLIER,
        GTIN,
        SKU,
        Column("quantity", cells.quantity, "pieces", "qty pieces", "12", required=True),
        COST,
        CURRENCY,
    ),
)
_ORDER: Final = DocumentKind(
    name="order",
    text="a customer's order: what is to be picked, packed and shipped",
    line=lines.order,
    named=True,
    alone=lines.unit_once,
    columns=(
        _number("order order_no order_number", "SO-5001"),
        GTIN,
        SKU,
        Column("quantity", cells.quantity, "pieces, for a row without a serial", "qty pieces", "12"),
        Column("serial", _ai_text, "the unit made for this order, never another", "serial_no serial_number sn"),
        Column("lot", _ai_text, "only this batch of it", "batch lot_no batch_no charge"),
        Column("due", cells.date, "day by which it has to leave, 2026-12-31", "due_date ship_by", "2026-12-31"),
        Column("priority", cells.priority, "the higher goes first; 0 where nothing is said", "prio urgency"),
        Column("to_site", cells.code, "site that it goes to, which makes it a transfer between sites", "site"),
        Column("channel", cells.text, "where it was sold, such as shop or marketplace", "sales_channel", "web"),
        CUSTOMER_KEY,
        Column("customer", cells.text, "who gets it; kept where it can be erased", "customer_name ship_to"),
        Column("address", cells.text, "where to; kept where it can be erased", "customer_address ship_to_address"),
    ),
)
_RMA: Final = DocumentKind(
    name="rma",
    text="what a customer announces to send back",
    line=lines.rma,
    named=True,
    alone=lines.unit_once,
    columns=(
        _number("rma rma_no rma_number return return_no", "RMA-31"),
        Column("order", cells.code, "the order that it was bought on", "order_no order_number sales_order", "SO-5001"),
        CUSTOMER_KEY,
        GTIN,
        SKU,
        Column("serial", _ai_text, "the unit, where the customer says it", "serial_no serial_number sn", "SN0001"),
        Column("quantity", cells.quantity, "pieces, for a row without a serial; 1 where nothing is said", "qty pieces"),
        Column("reason", _why, f"why: {', '.join(REASONS)}", "why return_reason", "fit"),
        Column("customer", cells.text, "who sends it; kept where it can be erased", "customer_name"),
    ),
)
_WARRANTY: Final = DocumentKind(
    name="warranty",
    text="how long a product, a lot or a unit is covered; what says it of one unit goes before its lot and product",
    line=lines.warranty,
    alone=lambda line: line.subject,
    columns=(
        GTIN,
        SKU,
        SERIAL,
        LOT,
        Column("months", _months, "how many months it is covered; or give until", "duration term", "24"),
        Column(
            "starts", _starts, f"what it runs from: {', '.join(Starts)}; sale where nothing is said", "from", "sale"
        ),
        Column("made", cells.date, "day of manufacture, where its label does not say it", "manufactured produced"),
        Column("since", cells.date, "a first day, instead of what it runs from", "start valid_from"),
        Column("until", cells.date, "a last day, instead of months", "end valid_until"),
        Column("covers", cells.text, "what is covered, in the words of the terms", "scope terms", "parts and labour"),
    ),
)
KINDS: Final = {k.name: k for k in (_PRODUCTS, _LOCATIONS, _STOCK, _ASN, _PURCHASE_ORDER, _ORDER, _RMA, _WARRANTY)}
"""Every kind by its name."""


def template(kind: DocumentKind) -> str:
    """A CSV file with the headings and one example row."""
    return ",".join(c.name for c in kind.columns) + "\n" + ",".join(c.example for c in kind.columns) + "\n"


def described(kind: DocumentKind) -> Iterator[str]:
    """The kind as lines of help: its sentence, then a line for each column."""
    yield from wrap(f"{kind.name}: {kind.text}", HELP_WIDTH, subsequent_indent=" " * 4)
    for column in kind.columns:
        told = f"  {column.name:<15} {column.text}{' (required)' if column.required else ''}"
        yield from wrap(told, HELP_WIDTH, subsequent_indent=" " * 18)
