"""A unit of which nothing is to be found out gets the line that its history would give, though nobody reads that."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import replace
from itertools import chain, repeat
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from server import papers
from server.counts import shown
from server.counts.compare import Line, in_order
from server.counts.freeze import freeze
from server.counts.late import late_scans
from server.counts.plan import CountError
from server.counts.reckoning import reckon
from server.counts.recount import open_recount
from server.counts.report import Reckoned
from server.counts.still import Quiet, first_lines
from server.counts.versions import read_version
from server.database import reading, stamp, writing
from server.ledger import Entry, append
from server.rebuild import advance
from server.web.counts import REPORT_LINES_MAX, by_kind
from sync.event import format_name
from tests.handheld import BIN_A, BIN_B, BIN_C, CABLE, CARTON_1, DAY, unit
from tests.server.accepted import accepted
from tests.server.counting import NOW, begin, close, result
from tests.server.ready_tables import Emptied
from tests.server.site import SITE, site, state_document

IMEI = "urn:gsma:imei:49015420-323751-0"
UNITS = [unit(f"Q{n}") for n in range(5)]
SUBJECTS = [*UNITS, CARTON_1, CABLE, IMEI]
PLACES = [BIN_A, BIN_B, BIN_C]
BELONG = {BIN_A: (0, 1, 3), BIN_B: (2,)}
"""By the records, which of the units."""
PEOPLE = ["Rosa", "Ravi"]
PHASES = (Phase.explicit, Phase.generate)  # each example is a count: to shrink takes minutes
ELSEWHERE = {"none"}
"""A mark that no scan bears: to leave one out, every unit's history is looked through."""


class Drawn(NamedTuple):
    """One scan outside the count, in numbers."""

    second: int
    action: str
    subject: int
    place: int
    boxed: bool
    target: int
    """Which earlier scan a void undoes."""


class Sweep(NamedTuple):
    """One bin, counted once."""

    second: int
    device: int
    person: int
    missed: frozenset[int]
    """Which of those that belong there are overlooked."""
    more: list[int]
    """What is scanned there beside them."""
    again: list[int] | None
    """What is scanned after the bin was opened anew, where it was."""
    finished: bool


class Drawing(NamedTuple):
    outside: list[Drawn]
    first: list[Sweep]
    again: Sweep | None
    """A recount of bin A."""
    uncertainties: list[int]
    undone: list[int]
    """Which scans of the count are taken back."""
    relisted: int | None
    """When another stock list names the first unit in bin B."""


ACTIONS = ["receive", "put_away", "move", "inspect", "pick", "pack", "unpack", "ship", "link", "void", "settle"]
drawn = st.builds(
    Drawn,
    st.integers(-30, 60),
    st.sampled_from(ACTIONS),
    st.integers(0, len(SUBJECTS) - 1),
    st.integers(0, 2),
    st.booleans(),
    st.integers(0, 9),
)
more = st.lists(st.integers(0, len(SUBJECTS) - 1), max_size=2)
sweep = st.builds(
    Sweep,
    st.integers(0, 20),
    st.integers(1, 2),
    st.integers(0, 1),
    st.frozensets(st.integers(0, 3), max_size=1),
    more,
    st.none() | st.none() | st.none() | more,
    st.sampled_from([True, True, True, False]),
)
drawing = st.builds(
    Drawing,
    st.lists(drawn, max_size=3),
    st.tuples(sweep, sweep).map(list),
    st.none() | st.none() | st.none() | sweep,
    st.lists(st.sampled_from([0, 0, 500, 3_000]), min_size=3, max_size=7),
    st.lists(st.integers(0, 12), max_size=1),
    st.none() | st.none() | st.integers(-20, 30),
)


class Ledger:
    """Writes what was scanned, with times and their uncertainties as they are drawn."""

    def __init__(self, uncertainties: list[int]) -> None:
        self.uncertainties = uncertainties
        self.made: list[Entry] = []
        self.sent = 0

    def say(self, device: int, second: int, action: str, **fields: Any) -> str:
        """The event's name."""
        seq = len(self.made) + 1
        uncertainty_ms = self.uncertainties[seq % len(self.uncertainties)]
        self.made.append(accepted(device, seq, action, second=second, uncertainty_ms=uncertainty_ms, **fields))
        return format_name((device, 1, seq))

    def send(self) -> None:
        """Let the server have what it has not yet."""
        new, self.sent = self.made[self.sent :], len(self.made)
        with writing() as c:
            append(c, SITE, DAY, new)
            advance(c, SITE, [entry.fact(DAY) for entry in new], stamp(c))

    def outside(self, each: Drawn) -> None:
        subject = SUBJECTS[each.subject]
        fields: dict[str, Any] = {"subject": subject, "location": PLACES[each.place]}
        if each.action == "void":
            if not self.made:
                return
            voided = self.made[each.target % len(self.made)].event
            assert voided is not None
            fields = {"subject": voided.subject, "voids": format_name(voided.name), "reason": "mistake"}
        if each.action == "pack" or (each.boxed and each.action in ("receive", "inspect", "move")):
            fields["container"] = CARTON_1
        if each.action == "link":
            fields["identifiers"] = (IMEI,)
        if each.action == "settle":
            fields |= {"document": "case:misplaced:1.1.1", "reason": "stays", "evidence": "none"}
        if subject == CARTON_1:
            fields.pop("container", None)
        if each.action != "pack" or "container" in fields:
            self.say(3, each.second, each.action, **fields)

    def sweep(self, number: str, place: str, one: Sweep) -> list[str]:
        """Count a bin; the names of its scans."""
        said = {"location": place, "document": number, "operator": PEOPLE[one.person]}
        names: list[str] = []
        second = one.second
        due = [index for index in BELONG[place] if index not in one.missed]
        for subjects in ([*due, *one.more], one.again):
            if subjects is None:
                continue
            opening = self.say(one.device, second, "open_bin", **said)
            for index in subjects:
                second += 1
                fields = {"subject": SUBJECTS[index], "opening": opening} | said
                names.append(self.say(one.device, second, "count", **fields))
            second += 1
        if one.finished:
            names.append(self.say(one.device, second, "finish_bin", **said))
        return names


def expect() -> None:
    """What the records put where, by lists and by a notice."""
    rows = [(UNITS[0], BIN_A), (UNITS[1], BIN_A), (UNITS[2], BIN_B)]
    state_document("stock", "S", [{"subject": u, "location": p} for u, p in rows], now_ms=DAY - 100_000)
    boxed = [{"subject": UNITS[3], "container": CARTON_1}, {"subject": CARTON_1}]
    state_document("asn", "ASN-0", boxed, now_ms=DAY - 90_000)


def happen(drawing: Drawing) -> None:
    """All that was drawn."""
    ledger = Ledger(drawing.uncertainties)
    expect()
    ledger.say(3, -50, "receive", subject=CARTON_1, location=BIN_C, document="ASN-0")
    ledger.say(3, -40, "put_away", subject=UNITS[3], location=BIN_A)
    ledger.send()
    begin(now_ms=DAY - 1)
    for each in drawing.outside:
        if each.second < 0:
            ledger.outside(each)
    if drawing.relisted is not None:
        moved = [{"subject": UNITS[0], "location": BIN_B}]
        state_document("stock", "S2", moved, now_ms=DAY + drawing.relisted * 1000)
    names = ledger.sweep("CC-1", BIN_A, drawing.first[0]) + ledger.sweep("CC-1", BIN_B, drawing.first[1])
    for each in drawing.outside:
        if each.second >= 0:
            ledger.outside(each)
    if drawing.again is not None:
        ledger.send()
        with suppress(CountError):
            with writing() as c:
                open_recount(c, site=SITE, number="CC-1", bins=[BIN_A], operator="Sam", now_ms=NOW)
            names += ledger.sweep("CC-1-R1", BIN_A, drawing.again._replace(second=drawing.again.second + 40))
    for index in drawing.undone:
        if index < len(names):
            ledger.say(1, 70, "void", voids=names[index], reason="mistake", document="CC-1")
    ledger.send()


def looked_through() -> Reckoned:
    """The report for which each unit's history was replayed."""
    with reading() as c:
        return reckon(c, site=SITE, number="CC-1", without=ELSEWHERE)


SAID = ("lines", "totals", "bins", "moves", "variance", "marks", "counters", "refused", "unheard", "unfinished")


def told_as_replayed() -> Reckoned:
    """The report, every word of which is the same as if each unit's history had been replayed."""
    told, replayed = result(), looked_through()
    assert not replayed.quiet
    assert {name: getattr(told, name) for name in SAID} == {name: getattr(replayed, name) for name in SAID}
    return told


def shown_as_frozen(told: Reckoned) -> None:
    """What pages show of a closed count is what was reckoned as it was closed, or the beginning of that."""
    with reading() as c:
        found = shown.report(c, site=SITE, number="CC-1")
        few = shown.report(c, site=SITE, number="CC-1", most=1)
        every = shown.each_line(c, site=SITE, number="CC-1")
        assert in_order(every) == told.lines
    said = [name for name in (*SAID, "provisional") if name != "marks"]
    assert {name: getattr(found, name) for name in said} == {name: getattr(told, name) for name in said}
    assert [line.kind for line in few.lines] == [kind for kind, lines in told.totals.items() if lines]
    assert set(few.looked_at) <= set(told.lines)


def check(drawing: Drawing) -> int:
    """How many units were told without their history, before the count is closed and since."""
    happen(drawing)
    told = told_as_replayed()
    with suppress(CountError):
        close()
        with reading() as c:
            frozen = read_version(c, SITE, "CC-1", 1)
        assert frozen.intact
        assert frozen.lines == told.lines
        assert frozen.head["bins"] == freeze(told)["bins"]
        shown_as_frozen(told)
        told_as_replayed()
        with reading() as c:
            assert late_scans(c, site=SITE, number="CC-1") == []
    return sum(still.units for still in told.quiet.values())


WHOLE = Sweep(0, 1, 0, frozenset(), [], None, finished=True)
BOXED = Drawn(-10, "inspect", 1, 2, boxed=True, target=0)
CARTON_LEAVES = Drawn(1, "ship", SUBJECTS.index(CARTON_1), 2, boxed=False, target=0)
IN_A_CARTON_THAT_LEFT = Drawing([BOXED, CARTON_LEAVES], [WHOLE, WHOLE], None, [0, 0, 0], [], None)
"""It belongs in its bin, was seen in a carton, and that is handed over while the bin is counted."""


def test_a_unit_whose_history_is_not_replayed_gets_the_line_that_it_would_give() -> None:
    met: list[int] = []

    @settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow], phases=PHASES)
    @given(drawing)
    @example(IN_A_CARTON_THAT_LEFT)
    def try_one(drawing: Drawing) -> None:
        with site("sqlite://"):
            met.append(check(drawing))

    try_one()
    assert sum(met) > len(met) / 2, "hardly any unit was told without its history, so this shows nothing"
    assert 0 in met, "and none was ever looked through"


@pytest.mark.postgres
def test_so_it_does_on_postgresql(emptied: Emptied) -> None:
    met: list[int] = []

    @settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.too_slow], phases=PHASES)
    @given(drawing)
    def try_one(drawing: Drawing) -> None:
        with site(emptied.url()):
            met.append(check(drawing))

    try_one()
    assert any(met), "no unit was told without its history, so this shows nothing"


def test_a_packed_row_is_written_as_its_digest_is_checked() -> None:
    packed = papers.Packed(BIN_A, '{"quiet":[["https://id.gs1.org/01/09506000134352/21/Q\\u00e4","1.2.3","a1","b2"]]}')
    row = {"subject": BIN_A, "location": BIN_A, "attributes": json.loads(packed.attributes)}
    assert packed.digested() == papers._canonical(papers._full(row))


def test_of_a_count_that_is_too_large_for_an_answer_what_differs_is_shown_before_what_matched() -> None:
    quiet = [Quiet(each, BIN_A, "1.2.3", "a1", ()) for each in UNITS]
    missing = [replace(each.line, kind=Line.MISSING, subject=f"{each.subject}X") for each in quiet[:2]]
    assert [line.kind for line in first_lines(missing, quiet, most=3)] == ["matched", "missing", "missing"]
    assert len(first_lines(missing, quiet)) == len(UNITS) + 2


def test_a_page_shows_the_first_lines_of_each_kind_and_says_how_many_there_are() -> None:
    line = Quiet(UNITS[0], BIN_A, "1.2.3", "a1", ()).line
    missing = replace(line, kind=Line.MISSING)
    shown = by_kind({"matched": 1_000_000, "missing": 2}, chain([missing, missing], repeat(line)))
    assert {kind: (some.total, len(some.lines)) for kind, some in shown.items()} == {
        "missing": (2, 2),
        "matched": (1_000_000, REPORT_LINES_MAX),
    }
