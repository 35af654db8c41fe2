"""Files and envelopes that are nearly right: taken, or refused with a sentence, and never a fault of our own."""

import io
import json
import zlib
from contextlib import closing

from hypothesis import example, given
from hypothesis import strategies as st

from server.document_file import draft
from server.document_kinds import KINDS
from server.document_lines import Names
from server.tabular import TableError
from sync import protocol
from sync.event import EventError, decode, encode
from sync.labels import SiteCodes
from tests.fuzz.hostile import PATIENT, cut, tables, tries
from tests.handheld import BIN_A, DAY, DOCK, PHONE, Chain, unit

pytestmark = PATIENT

NAMES = Names(codes=SiteCodes(), items={"LAMP-7": PHONE}, places={"A-01": BIN_A}, here="main")


def _is_sentence(refused: Exception) -> None:
    assert str(refused)[-1] in ".?!)"


@tries(80)
@given(tables())
def test_every_file_of_rows_is_read_or_refused_with_a_sentence(given_file: tuple[str, bytes]) -> None:
    kind, content = given_file
    try:
        found = draft(io.BytesIO(content), KINDS[kind], site="main", names=NAMES, number="X-1")
    except TableError as refused:
        _is_sentence(refused)
        return
    with closing(found.spool):
        assert all(error.problem[-1] in ".?!)" for error in found.errors)
        for document in found.documents.values():
            assert len(list(found.lines(document, 0, 100))) <= 100


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
