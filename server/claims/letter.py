"""A claim as a PDF: the letter to the supplier, and behind it the facts that prove where each unit came from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from fpdf import FPDF
from fpdf.enums import XPos, YPos

from server.prices import Price
from server.printing.content import CHARACTERS

FONT: Final = "helvetica"
SMALL: Final = 8
NORMAL: Final = 10
MARGIN_MM: Final = 18


class Letter(FPDF):
    """Pages with the claim's number at their foot."""

    def __init__(self, number: str) -> None:
        super().__init__(unit="mm", format="A4")
        self.core_fonts_encoding = CHARACTERS
        self.number = number
        self.lost = False
        """Whether a letter stood in it that the PDF's own fonts do not have."""
        self.set_title(f"Claim {number}")
        self.set_margin(MARGIN_MM)
        self.set_auto_page_break(auto=True, margin=MARGIN_MM)
        self.add_page()

    def footer(self) -> None:
        """On every page."""
        self.set_y(-12)
        self.set_font(FONT, size=SMALL)
        self.cell(0, 5, f"{self.plain(self.number)}, page {self.page_no()}", align="R")

    def plain(self, text: str) -> str:
        """What the PDF's own fonts can print; a letter that they lack is a question mark, and that is said."""
        shown = text.encode(CHARACTERS, "replace").decode(CHARACTERS)
        self.lost |= shown != text
        return shown

    def say(self, text: str, *, size: int = NORMAL, bold: bool = False) -> None:
        """A paragraph."""
        self.set_font(FONT, style="B" if bold else "", size=size)
        self.multi_cell(0, size * 0.5, self.plain(text), new_x=XPos.LMARGIN, new_y=YPos.NEXT)
        self.ln(1.5)

    def rows(self, heads: Sequence[str], rows: Iterable[Sequence[str]], widths: Sequence[int]) -> None:
        """A table; its head stands on each page again."""
        self.set_font(FONT, size=SMALL)
        with self.table(col_widths=tuple(widths), line_height=4.2, text_align="LEFT") as table:
            for row in [heads, *rows]:
                drawn = table.row()
                for cell in row:
                    drawn.cell(self.plain(cell))
        self.ln(3)


def letter(found: Mapping[str, Any]) -> bytes:
    """The PDF of what `dossier` gives."""
    pdf = Letter(found["number"])
    pdf.say(f"Claim {found['number']}", size=16, bold=True)
    pdf.say(f"To: {found['supplier'] or 'the supplier'}\nFrom: site {found['site']}\nDate: {day(found['made_ms'])}")
    version = f", version {found['version']} of our receipt" if found["version"] else ""
    pdf.say(f"Delivery: {found['delivery']}{version}")
    if found["reason"]:
        pdf.say(f"What is wrong: {found['reason']}")
    pdf.say("Please replace or credit the following, and name our number in your answer.")
    pdf.rows(
        ("What", "What is wrong", "Carton", "Pieces", "Value"),
        [
            (line["name"], line["what"], last(line["carton"]), str(line["quantity"]), worth(line))
            for line in found["lines"]
        ],
        (40, 26, 26, 10, 16),
    )
    for currency, total in found["totals"].items():
        pdf.say(f"Claimed in all: {Price(total, currency).text()}", bold=True)
    pdf.say(f"Recorded by {found['made_by'] or found['site']}.")
    for one in found["origins"]:
        _proved(pdf, one)
    if found["origins"]:
        pdf.say("How to check it: " + found["how_to_check"], size=SMALL)
    if pdf.lost:
        pdf.say(
            "Letters that this paper cannot print stand as '?'. The letter on this claim's page, printed from the "
            "browser, has them, and so has the claim's JSON document.",
            size=SMALL,
        )
    return bytes(pdf.output())


def _proved(pdf: Letter, one: Mapping[str, Any]) -> None:
    pdf.say(one["name"], size=12, bold=True)
    came = day(one["received_ms"]) if one["received_ms"] else "on a day that is not recorded"
    pdf.say(
        f"Came in {came} under {one['notice'] or 'no paper that is known'}"
        + (f", order {one['purchase_order']}" if one["purchase_order"] else "")
        + (f", in carton {last(one['carton'])}" if one["carton"] else "")
        + (f", lot {one['lot']}" if one["lot"] else "")
        + "."
    )
    who = ", ".join(f"{h['operator']} ({', '.join(h['actions'])})" for h in one["handled"])
    pdf.say(f"Handled by: {who or 'nobody who is recorded'}.", size=SMALL)
    shared = one["siblings"]
    pdf.say(f"{len(shared)} more of the same lot, carton or delivery are known here.", size=SMALL)
    pdf.rows(
        ("Fact", "What", "When", "By", "Digest (SHA-256)"),
        [
            (proof["event"], proof["action"], moment(proof["at_ms"]), proof["operator"] or "", proof["digest"])
            for proof in one["proof"]
        ],
        (30, 15, 22, 16, 46),
    )


def last(key: str | None) -> str:
    """The number in a canonical name."""
    return (key or "").rpartition("/")[2]


def worth(line: Mapping[str, Any]) -> str:
    """The value of a line, with its currency."""
    return Price(line["value"], line["currency"]).text() if line["value"] is not None else ""


def day(ms: int) -> str:
    """A day, UTC."""
    return f"{datetime.fromtimestamp(ms / 1000, UTC):%-d %b %Y}"


def moment(ms: int) -> str:
    """A moment, UTC."""
    return f"{datetime.fromtimestamp(ms / 1000, UTC):%Y-%m-%d %H:%M} UTC"
