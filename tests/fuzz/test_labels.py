"""No print on a label makes the gatekeeper fail, hang, or say something that is no sentence."""

import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sync.labels import Label, Refusal, SerialPattern, SiteCodes, compiled, parse_all
from sync.labels._patterns import TEXT_CHARS_MAX
from tests.fuzz.hostile import EPCS, LABELS, PATIENT, SLOW_SECONDS, SYMBOLOGIES, quickly, tries
from tests.handheld import PHONE

pytestmark = PATIENT

SITE = SiteCodes(serial_patterns=(SerialPattern(item=PHONE, pattern=".*S.*"),))


@tries(150)
@given(LABELS, SYMBOLOGIES)
@example(b"9" * 8_190, "]d2")
def test_every_print_is_read_or_refused_with_a_sentence(data: bytes, symbology: str | None) -> None:
    with quickly():
        found = parse_all(data, symbology, SITE)
    for read in found:
        if isinstance(read, Refusal):
            assert read.reason[-1] in ".?!"
            assert len(read.reason) < 1_000
        else:
            assert read.key


@tries(60)
@given(EPCS, SYMBOLOGIES)
def test_an_epc_becomes_no_unit_by_accident(epc: str, symbology: str | None) -> None:
    (read, *_) = parse_all(epc.encode(), symbology, SiteCodes())
    assert not isinstance(read, Label) or read.item is None


@pytest.mark.parametrize(
    "pattern",
    ["(A+)+B", "(A|A)*B", "(A|AA)+B", "(A*)*", "(.*)*X", ".*.*.*.*X", "(A?){50}A{50}", "((A{1,9}){1,9}){1,9}"],
)
def test_a_pattern_that_a_label_could_make_run_for_ever_is_refused(pattern: str) -> None:
    with pytest.raises(ValueError, match="so many ways that a label could stop a handheld"):
        compiled(pattern)


@pytest.mark.parametrize(
    "pattern", ["C39.*", "S?(?P<serial>C39[A-Z0-9]{7})", "[A-Z]{2,3}-[0-9]{6,12}", r"\d+", "(?:[A-Z][0-9])+", ".*-.*"]
)
def test_a_pattern_that_a_site_writes_is_taken(pattern: str) -> None:
    assert compiled(pattern).pattern == pattern


PIECES = st.sampled_from(
    ["A", "A*", "A+", "A?", "A{2,9}", "(A|B)", ".*", "A+?", "(?=A)", "(?:A|AA)", "[AB]*", "B", "$"]
)


@tries(60)
@given(st.lists(PIECES, max_size=5), st.sampled_from(["", "*", "+", "{3}", "{1,5}", "?"]), st.text("AB", max_size=3))
def test_a_pattern_that_is_taken_never_hangs(inside: list[str], times: str, after: str) -> None:
    try:
        ready = compiled(f"({''.join(inside)}){times}{after}")
    except ValueError:
        return
    for text in ("A" * TEXT_CHARS_MAX, "A" * (TEXT_CHARS_MAX - 1) + "X", "AB" * (TEXT_CHARS_MAX // 2)):
        began = time.process_time()
        ready.fullmatch(text)
        assert time.process_time() - began < SLOW_SECONDS
