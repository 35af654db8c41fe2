"""Files and envelopes that are nearly right: taken, or refused with a sentence, and never a fault of our own."""

import io
import json
import zlib
from contextlib import closing

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from server import tabular
from server.document_file import draft
from server.document_kinds import KINDS
from server.document_lines import Names
from server.tabular import TableError
from sync import protocol
from sync.event import EventError, decode, encode
from sync.labels import SiteCodes
from tests.fuzz.hostile import PATIENT, cut, quickly, tables, tries
from tests.fuzz.office_files import HALF_OF_A_CELL, HALF_OF_A_HEADING, json_files, with_rows, workbooks
from tests.handheld import BIN_A, DAY, DOCK, PHONE, Chain, unit
from tests.server.office import workbook

pytestmark = PATIENT

NAMES = Names(codes=SiteCodes(), items={"LAMP-7": PHONE}, places={"A-01": BIN_A}, here="main")


def _is_sentence(said: Exception | str) -> None:
    assert str(said)[-1] in ".?!)"
    assert len(str(said)) < 1_000
    str(said).encode()


@tries(80)
@given(tables() | workbooks() | json_files())
@example(HALF_OF_A_HEADING)
@example(HALF_OF_A_CELL)
def test_every_file_of_rows_is_read_or_refused_with_a_sentence(given_file: tuple[str, bytes]) -> None:
    kind, content = given_file
    try:
        with quickly():
            found = draft(io.BytesIO(content), KINDS[kind], site="main", names=NAMES, number="X-1")
    except TableError as refused:
        _is_sentence(refused)
        return
    with closing(found.spool):
        for error in found.errors:
            _is_sentence(error.problem)
        found.write_bad(io.TextIOWrapper(io.BytesIO(), "utf-8"))
        for document in found.documents.values():
            assert len(list(found.lines(document, 0, 100))) <= 100


HEADINGS = workbook([["code", "name"], ["A-01", "Bin 1"]])


def _read(content: bytes) -> int:
    """How many rows a file has that something stands in."""
    with quickly():
        return sum(1 for _ in tabular.read(io.BytesIO(content)).rows)


def test_a_sheet_that_was_formatted_to_its_end_is_read_at_once() -> None:
    assert _read(with_rows(HEADINGS, b'<row r="1048576"><c r="A1048576"><v>1</v></c></row>')) == 2


BOMBS = {
    "a row far behind the end": b'<row r="2000000000"><c r="A2000000000"><v>1</v></c></row>',
    "a row of a million cells": b'<row r="3">' + b"<c/>" * 1_000_000 + b"</row>",
    "one row in another": b'<row r="3">' + b"<c/><row></row>" * 300_000 + b"</row>",
    "a cell that never ends": b'<row r="3"><c t="inlineStr"><is><t>' + b"A" * 4_000_000 + b"</t></is></c></row>",
    "much behind the rows": b"</sheetData><mergeCells>" + b"<mergeCell/>" * 300_000 + b"</mergeCells><sheetData>",
}


@pytest.mark.parametrize("rows", BOMBS.values(), ids=BOMBS.keys())
def test_a_small_workbook_that_would_take_hours_or_gigabytes_is_refused(rows: bytes) -> None:
    bomb = with_rows(HEADINGS, rows)
    assert len(bomb) < 100_000
    with pytest.raises(TableError) as refused:
        _read(bomb)
    _is_sentence(refused.value)


def test_a_first_line_longer_than_a_cell_may_be_is_refused() -> None:
    with pytest.raises(TableError, match="The headings cannot be read"):
        _read(b"A" * 200_000)


def test_a_key_that_stands_twice_in_json_is_told_and_neither_is_chosen() -> None:
    with pytest.raises(TableError, match="Two columns have the heading 'serial'"):
        _read(b'[{"gtin": "09506000134352", "serial": "A1", "serial": "A2"}]')


def _envelope() -> bytes:
    chain = Chain(7)
    chain.scan(DAY, "receive", unit("S1"), location=DOCK)
    chain.scan(DAY + 1, "put_away", unit("S1"), location=BIN_A, operator="René")
    return protocol.pack(*chain.push(1, 2, now_ms=DAY + 9))


def _inflated(envelope: bytes) -> bytes:
    return zlib.decompressobj(wbits=-15, zdict=protocol.DICTIONARY).decompress(envelope)


def _deflated(text: bytes) -> bytes:
    packer = zlib.compressobj(level=1, wbits=-15, zdict=protocol.DICTIONARY)
    return packer.compress(text) + packer.flush()


ENVELOPE = _envelope()


@tries(150)
@given(cut(ENVELOPE) | cut(_inflated(ENVELOPE)).map(_deflated) | st.binary(max_size=100))
@example(ENVELOPE)
def test_every_envelope_is_read_or_refused(body: bytes) -> None:
    try:
        header, lines = protocol.unpack(body)
    except protocol.ProtocolError as refused:
        _is_sentence(refused)
        return
    assert header.count == len(lines)
    for line in lines:
        try:
            assert encode(decode(line)) == line
        except EventError as wrong:
            _is_sentence(wrong)


@tries(60)
@given(st.binary(max_size=100) | cut(b'{"protocol":1,"incarnation":"i","acked_through":1,"head":"","changes":[]}'))
def test_every_answer_that_is_no_reply_is_known_for_none(body: bytes) -> None:
    try:
        protocol.read_reply(body)
    except protocol.ProtocolError as refused:
        _is_sentence(refused)
    else:
        assert json.loads(body)["protocol"] == 1
