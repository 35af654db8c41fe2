"""What people, printers, spreadsheets and strangers send where something else was meant."""

from __future__ import annotations

import csv
import io
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from server.document_kinds import KINDS
from sync.labels._syntax import AIS
from tests.handheld import PHONE

FACTOR: Final = int(os.environ.get("FUZZ", "1"))
"""How many times as many examples as CI takes; `make fuzz` sets it. By itself each run is the same."""
PATIENT: Final = pytest.mark.timeout(max(120, 60 * FACTOR))
"""Of each file of these tests: a hundred times as many examples take longer than other tests may."""
SLOW_SECONDS: Final = 5.0
"""Of the processor's time, for one answer: most take milliseconds. What never ends is ended by pytest."""


@contextmanager
def quickly() -> Iterator[None]:
    """What is done in the block must not take long, however much else the machine has to do."""
    began = time.process_time()
    yield
    assert time.process_time() - began < SLOW_SECONDS


def tries(examples: int) -> settings:
    """Settings of one property, for `examples` in CI."""
    return once(examples * FACTOR)


def once(examples: int) -> settings:
    """Settings of one property for exactly so many examples."""
    return settings(
        max_examples=examples,
        deadline=None,
        derandomize=FACTOR == 1,
        database=None,
        suppress_health_check=list(HealthCheck),
    )


TEXTS: Final = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)

_EPC_TYPES: Final = ("sgtin", "sscc", "sgln", "grai", "giai", "lgtin", "gdti", "sgtin-96", "raw", "x")
_EPC_PARTS: Final = st.lists(st.text("0123456789.:*%2F\x00éA-", max_size=14), max_size=5).map(".".join)
EPCS: Final = st.builds(
    lambda kind, name, parts: f"urn:epc:{kind}:{name}:{parts}",
    st.sampled_from(["id", "class", "tag", "raw", "pat", ""]),
    st.sampled_from(_EPC_TYPES),
    _EPC_PARTS,
) | st.sampled_from(
    ["urn:epc:id:sgtin:9506000.013435.A1", "urn:epc:raw:96.x3034257BF7194E4000001A85", "urn:epc:id:sscc:0614141.1"]
)
"""EPC URIs (GS1 Tag Data Standard 1.13, section 6), right, wrong and nearly right."""

_ELEMENTS: Final = st.lists(
    st.tuples(st.sampled_from(sorted(AIS)), st.text("0123456789A(]%/+\x1d\\é", max_size=24)).map("".join), max_size=9
)
_LINKS: Final = st.builds(
    lambda scheme, host, path, query: f"{scheme}://{host}/{path}?{query}",
    st.sampled_from(["https", "http", "HTTPS", "javascript", ""]),
    st.sampled_from(["id.gs1.org", "example.com", "xn--", "[::1]", "a" * 300, ""]),
    st.text("0123456789/%.#;&=A2Fé", max_size=60),
    st.text("0123456789&=;%17A", max_size=30),
)
_BOMBS: Final = st.sampled_from(
    ["9" * 8_190, "\x1d" * 8_190, "(01)" * 2_000, "21" * 4_000, "\n" * 5_000, "A1," * 2_700, "%25" * 2_700, "=" * 100]
)
LABELS: Final = (
    st.binary(max_size=200) | (_ELEMENTS.map("\x1d".join) | _LINKS | EPCS | TEXTS | _BOMBS).map(str.encode)
)  # fmt: skip
SYMBOLOGIES: Final = st.sampled_from(["]d2", "]C1", "]Q1", "]Q3", "]e0", "]E0", "]C0", "]L2", "", "]"]) | st.none()

CELLS: Final = (
    TEXTS
    | EPCS
    | st.sampled_from([
        "", " ", "0", "-1", "1E+13", "9,50600E+12", "1.234,56", "1,234.56", "31.12.2026", "12/31/2026", "45657", "#N/A",
        "=1+1", "=cmd|'/c calc'!A1", "@SUM(A1)", "'0123", "TRUE", "NaN", "inf", "09506000134352", "9506000134352",
        "SN0001", "A" * 3_000, "\ufeff", "a\nb", 'a"b', "\x00", "\u202e", "\uff12",
        "1" * 400, "(A+)+B", ".*" * 40, "[",
        "106141412345678908", "A-01", "EUR", "serial", "quantity", "LAMP-7", "yes", "2026-02-30", PHONE,
    ])
)  # fmt: skip
"""Cells as people type them and spreadsheets spoil them."""
_HEADINGS: Final = tuple(sorted({h for kind in KINDS.values() for column in kind.columns for h in column.headings}))
_MOSTLY: Final = st.sampled_from([True, True, True, False])
_HEADING: Final = st.sampled_from(_HEADINGS) | TEXTS
_ENCODINGS: Final = ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252", "utf-7", "utf-32")


@st.composite
def rows(draw: st.DrawFn, cells: st.SearchStrategy[Any]) -> tuple[str, list[list[Any]]]:
    """A kind of document, and headings and rows that are nearly its own: most are right, so that much is taken in."""
    kind = KINDS[draw(st.sampled_from(sorted(KINDS)))]
    own = [c.name for c in kind.columns if c.required or draw(_MOSTLY)]
    more = [] if draw(_MOSTLY) else draw(st.lists(_HEADING, max_size=2))
    names = draw(st.permutations(own + more))
    examples = {c.name: c.example for c in kind.columns}
    found = []
    for _ in range(draw(st.sampled_from([1, 2, 4, 0]))):
        is_right = draw(_MOSTLY)
        row = [examples.get(name, "") if is_right or draw(_MOSTLY) else draw(cells) for name in names]
        found.append(row if is_right else row + draw(st.lists(cells, max_size=1)))
    return kind.name, [list(names), *found]


@st.composite
def tables(draw: st.DrawFn) -> tuple[str, bytes]:
    """A kind of document, and a file that is nearly one: a spreadsheet's CSV with each of its habits at random."""
    kind, found = draw(rows(CELLS))
    return kind, _as_written(draw, found)


def _as_written(draw: st.DrawFn, found: list[list[str]]) -> bytes:
    text = io.StringIO(newline="")
    options: dict[str, Any] = {
        "delimiter": draw(st.sampled_from(",;\t|")),
        "quoting": draw(st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL])),
        "lineterminator": draw(st.sampled_from(["\r\n", "\n", "\r"])),
    }
    csv.writer(text, **options).writerows(found)
    before = draw(st.sampled_from(["", "", "", "sep=;\r\n", "\r\n\r\n", ";;;\n"]))
    content = (before + text.getvalue()).encode(draw(st.sampled_from(_ENCODINGS)), errors="replace")
    return draw(st.just(content) | cut(content))


@st.composite
def cut(draw: st.DrawFn, content: bytes) -> bytes:
    """The same bytes with some of them changed, some missing and some twice."""
    spoilt = bytearray(content)
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(spoilt)))
        match draw(st.sampled_from(["change", "drop", "end", "insert"])):
            case "change" if at < len(spoilt):
                spoilt[at] = draw(st.integers(0, 255))
            case "drop":
                del spoilt[at : at + draw(st.integers(1, 9))]
            case "end":
                del spoilt[at:]
            case _:
                spoilt[at:at] = draw(st.binary(max_size=9))
    return bytes(spoilt)
