"""The kinds of documents that can be imported: one table of columns each, and what a row of it says.

The same table checks the files, makes the templates, and is the documentation (`flask --app server import --help`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from server import cells
from server import document_lines as lines
from server.cells import CellError
from server.document_lines import Line, Names, Values, named
from server.tabular import Cell
from sync import identity
from sync.check_digits import CSET_82

MODES: Final = ("serial", "lpn", "implicit", "lot", "quantity", "made_to_order")
PATTERN_CHARS_MAX: Final = 100
AI_TEXT_MAX: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column: its heading, what it means, and how a cell of it is read."""

    name: str
    text: str
    read: Callable[[Cell], Any]
    required: bool = False
    also: tuple[str, ...] = ()
    """Other headings that it goes by."""
    example: str = ""


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


def _pattern(cell: Cell) -> str:
    pattern = cells.text(cell)
    try:
        if len(pattern) > PATTERN_CHARS_MAX:
            raise CellError(f"The serial pattern has {len(pattern)} characters; {PATTERN_CHARS_MAX} are allowed.")
        re.compile(pattern)
    except re.error as wrong:
        raise CellError(f"The serial pattern {pattern!r} is no regular expression: {wrong}.") from None
    return pattern


GTIN: Final = Column(
    name="gtin",
    text="GTIN-8, 12, 13 or 14 with its check digit; or give the sku",
    read=_gtin,
    also=("ean", "upc", "barcode", "gtin14", "gtin13", "ean13"),
    example="09506000134352",
)
SKU: Final = Column(
    name="sku",
    text="your own product code, where there is no GTIN",
    read=cells.code,
    also=("article", "item", "item_code", "product_code", "article_no"),
    example="LAMP-7",
)
SERIAL: Final = Column(
    name="serial",
    text="serial number, for a row that is about one unit",
    read=_ai_text,
    also=("serial_no", "serial_number", "sn", "s_n"),
    example="SN0001",
)
LOT: Final = Column(
    name="lot", text="batch or lot", read=_ai_text, also=("batch", "lot_no", "batch_no", "charge"), example="L2406"
)
QUANTITY: Final = Column(
    name="quantity",
    text="pieces, for a row without a serial",
    read=cells.quantity,
    also=("qty", "pieces"),
    example="12",
)
EXPIRY: Final = Column(
    name="expiry",
    text="use-by or best-before date, 2026-12-31",
    read=cells.date,
    also=("expires", "best_before", "use_by", "expiry_date"),
    example="2027-12-31",
)
SUPPLIER: Final = Column(name="supplier", text="who sends it", read=cells.text, also=("vendor",), example="Acme")


def _number(*also: str) -> Column:
    return Column(
        name="number",
        text="the document's number; without this column, give --number",
        read=cells.exact,
        also=("no", "document", *also),
        example="1001",
    )


KINDS: Final[dict[str, DocumentKind]] = {
    kind.name: kind
    for kind in (
        DocumentKind(
            name="products",
            text="Products: what is sold, and how each is tracked.",
            line=lines.product,
            alone=lambda line: line.subject,
            columns=(
                GTIN,
                SKU,
                Column(name="name", text="what people call it", read=cells.text, required=True, also=("description", "title"), example="Desk lamp"),
                Column(name="mode", text=f"how it is tracked: {', '.join(MODES)}; serial where nothing is said", read=_mode, also=("tracking", "tracking_mode"), example="serial"),
                Column(name="serial_pattern", text="regular expression of its serials, to know one that stands alone", read=_pattern, example="SN[0-9]{4}"),
                Column(name="price", text="price of one piece, such as 12.50", read=cells.decimal, also=("unit_price", "cost"), example="12.50"),
                Column(name="currency", text="its currency, such as EUR", read=cells.currency, example="EUR"),
            ),
        ),
        DocumentKind(
            name="locations",
            text="Locations: bins, docks, stations.",
            line=lines.location,
            alone=lambda line: line.subject,
            columns=(
                Column(name="code", text="what stands on its label and what people say", read=cells.code, required=True, also=("location", "bin", "bin_code", "location_code"), example="A-01-02"),
                Column(name="name", text="a longer name", read=cells.text, also=("description",), example="Aisle A, bay 1, level 2"),
                Column(name="zone", text="the area that it is in", read=cells.text, also=("area",), example="picking"),
                Column(name="gln", text="GLN of the site, where it is not this server's own", read=cells.exact, example="9506000140445"),
                Column(name="extension", text="GLN extension component on its label, where it is not the code", read=cells.exact, also=("ext",)),
            ),
        ),
        DocumentKind(
            name="stock",
            text="Expected places: what is in stock, and where it belongs.",
            line=lines.stock,
            alone=lines.unit_once,
            columns=(
                GTIN,
                SKU,
                SERIAL,
                LOT,
                QUANTITY,
                Column(name="location", text="code of the bin", read=cells.code, also=("bin", "location_code", "bin_code", "place"), example="A-01-02"),
                Column(name="container", text="SSCC or plate of the carton that it is in", read=cells.exact, also=("sscc", "carton", "pallet")),
                EXPIRY,
            ),
        ),
        DocumentKind(
            name="asn",
            text="Advance ship notice: what a supplier says is on its way, carton by carton.",
            line=lines.asn,
            named=True,
            alone=lines.unit_once,
            cartons=True,
            columns=(
                _number("asn", "asn_no", "asn_number", "despatch_advice"),
                SUPPLIER,
                Column(name="sscc", text="the carton's SSCC or plate", read=cells.exact, also=("carton", "container", "case"), example="106141412345678908"),
                Column(name="parent", text="SSCC or plate of the pallet that the carton stands on", read=cells.exact, also=("pallet", "parent_sscc")),
                GTIN,
                SKU,
                SERIAL,
                LOT,
                QUANTITY,
                EXPIRY,
            ),
        ),
        DocumentKind(
            name="purchase_order",
            text="Purchase order: what was ordered from a supplier.",
            line=lines.purchase_order,
            named=True,
            columns=(
                _number("po", "po_no", "po_number", "purchase_order"),
                SUPPLIER,
                GTIN,
                SKU,
                Column(name="quantity", text="pieces", read=cells.quantity, required=True, also=("qty", "pieces"), example="12"),
            ),
        ),
        DocumentKind(
            name="order",
            text="Customer order: what is to be picked, packed and shipped.",
            line=lines.order,
            named=True,
            alone=lines.unit_once,
            columns=(
                _number("order", "order_no", "order_number"),
                GTIN,
                SKU,
                QUANTITY,
                Column(name="serial", text="the unit made for this order, never another", read=_ai_text, also=("serial_no", "serial_number"), example="SN0001"),
                Column(name="customer", text="who gets it; kept where it can be erased", read=cells.text, also=("customer_name", "ship_to")),
                Column(name="address", text="where to; kept where it can be erased", read=cells.text, also=("customer_address", "ship_to_address")),
            ),
        ),
    )
}  # fmt: skip


def template(kind: DocumentKind) -> str:
    """A CSV file with the headings and one example row."""
    return ",".join(c.name for c in kind.columns) + "\n" + ",".join(c.example for c in kind.columns) + "\n"


def described(kind: DocumentKind) -> Iterator[str]:
    """The kind as lines of help: its sentence, then a line for each column."""
    yield f"{kind.name}: {kind.text}"
    for column in kind.columns:
        yield f"  {column.name:<15} {column.text}{' (required)' if column.required else ''}"
