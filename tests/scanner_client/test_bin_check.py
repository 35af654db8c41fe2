from __future__ import annotations

import pytest

from scanner_client.bin_check import NAMES_MAX, WRONG, BinCheck, expectation, legend
from scanner_client.handheld import Handheld
from scanner_client.judging import TONES
from scanner_client.session import Session
from scanner_client.sighting import Sighting, Symbol, Told, Tone
from scanner_client.site_map import Cursor
from scanner_client.task import Task
from scanner_client.vision.mark import MarkTone
from sync.verdict import Verdict

DRILL = "https://id.gs1.org/01/09506000134352"
CARTON = "https://id.gs1.org/00/395060001343520018"
A_01, A_02 = (f"https://warehouse.example/414/main/254/{code}" for code in ("A-01", "A-02"))
BIN_1, CARTON_LABEL, IMEI_LABEL = (
    Symbol(data=b"LOC:A-01", symbology="]C0"),
    Symbol(data=b"00395060001343520018", symbology="]C1"),
    Symbol(data=b"490154203237518", symbology="]C0"),
)


def unit(serial: str) -> str:
    return f"{DRILL}/21/{serial}"


def label(serial: str) -> Symbol:
    return Symbol(data=b"010950600013435221" + serial.encode(), symbology="]d2")


def stored(serial: str, place: str = A_01) -> list[object]:
    return ["unit", unit(serial), ["stored", place, place, None, None, None]]


class Bin:
    """A session, and the check of the bin that it is in, as the work at a handheld runs them."""

    def __init__(self, handheld: Handheld, action: str = "count", document: str | None = "CC-1") -> None:
        self.session = Session(handheld, Task(action=action, document=document))
        self.check = BinCheck(expectation(handheld, self.session.task, self.session.opening))
        self._handheld = handheld

    def see(self, *symbols: Symbol, box: int | None = None) -> list[Told]:
        outcomes = self.session.scan(Sighting(symbols=symbols, box=box))
        if not self.check.is_for(self.session.task, self.session.opening):
            self.check = BinCheck(expectation(self._handheld, self.session.task, self.session.opening))
        self.tell(outcomes, box)
        return outcomes

    def tell(self, outcomes: list[Told], box: int | None = None) -> None:
        for told in outcomes:
            self.check.told(told, box)


def learn(handheld: Handheld, *changes: list[object]) -> None:
    handheld.site_map.apply(changes, Cursor(cursor="7", incarnation="i"), more=False, clock=handheld.clock)


@pytest.fixture
def stocked(handheld: Handheld) -> Handheld:
    """Four drills in A-01, one in A-02, a shipped one."""
    learn(
        handheld,
        ["item", DRILL, {"name": "Cordless drill 18V", "mode": "serial"}],
        ["location", A_01, {"code": "A-01"}],
        ["location", A_02, {"code": "A-02"}],
        *(stored(f"D-100{n}") for n in range(1, 5)),
        stored("D-2001", A_02),
        ["unit", unit("D-3001"), ["shipped", None, None, None, None, None]],
    )
    return handheld


def test_bin_that_was_only_opened_misses_everything_by_name(stocked: Handheld) -> None:
    bin_ = Bin(stocked)
    bin_.see(BIN_1)
    assert bin_.check.summary() == (
        "0 read; 4 still missing: Cordless drill 18V D-1001, Cordless drill 18V D-1002, "
        "Cordless drill 18V D-1003, Cordless drill 18V D-1004."
    )


def test_sentence_says_what_is_read_what_is_missing_and_what_belongs_elsewhere(stocked: Handheld) -> None:
    bin_ = Bin(stocked)
    for symbol in (BIN_1, label("D-1001"), label("D-1002"), label("D-1003"), label("D-2001")):
        bin_.see(symbol)
    assert bin_.check.summary(unread=1) == (
        "4 of 5 read; 1 still missing: Cordless drill 18V D-1004; 1 belongs in A-02."
    )
    assert bin_.check.lines() == [
        "A-01: 4 read; 1 still missing: Cordless drill 18V D-1004; 1 belongs in A-02.",
        "Cordless drill 18V D-2001: belongs in A-02",
    ]


def test_bin_in_which_all_was_read_misses_nothing(stocked: Handheld) -> None:
    bin_ = Bin(stocked)
    for symbol in (BIN_1, *(label(f"D-100{n}") for n in range(1, 5))):
        bin_.see(symbol)
    assert bin_.check.summary() == "4 read; nothing missing."


def test_bin_of_which_the_data_say_nothing_expects_nothing(handheld: Handheld) -> None:
    bin_ = Bin(handheld)
    bin_.see(BIN_1)
    bin_.see(label("D-9"))
    assert bin_.check.summary() == ("1 read; nothing is expected here; 1 that this handheld's data do not hold.")


def test_unit_that_was_shipped_must_not_be_here(stocked: Handheld) -> None:
    bin_ = Bin(stocked)
    bin_.see(BIN_1)
    [told] = bin_.see(label("D-3001"))
    assert bin_.check.wrong == ["Cordless drill 18V D-3001: shipped already"]
    assert bin_.check.mark(told) == (MarkTone.WRONG, "shipped already")


def test_recalled_unit_is_wrong_but_not_missing(stocked: Handheld) -> None:
    learn(stocked, ["recall", "R-1", {"number": "R-1", "reason": "Fire", "item": DRILL, "serials": ["D-1001"]}])
    bin_ = Bin(stocked)
    bin_.see(BIN_1)
    [told] = bin_.see(label("D-1001"))
    assert bin_.check.mark(told) == (MarkTone.WRONG, "RECALLED")
    assert "3 still missing" in bin_.check.summary()
    assert bin_.check.summary().endswith("; 1 RECALLED.")


@pytest.mark.parametrize(
    ("serial", "tone", "mark"),
    [
        ("D-1001", Tone.GOOD, MarkTone.RIGHT),
        ("D-2001", Tone.STOP, MarkTone.WRONG),  # another bin's
        ("D-3001", Tone.STOP, MarkTone.WRONG),  # shipped
        ("D-1002", Tone.STOP, MarkTone.WRONG),  # recalled
        ("D-9", Tone.LOOK, MarkTone.LOOK),  # not in this handheld's data
    ],
)
def test_picture_and_sound_say_the_same_of_a_unit(stocked: Handheld, serial: str, tone: Tone, mark: MarkTone) -> None:
    learn(
        stocked, ["recall", "R-1", {"number": "R-1", "reason": "", "item": None, "lots": [], "units": [unit("D-1002")]}]
    )
    bin_ = Bin(stocked)
    bin_.see(BIN_1)
    [told] = bin_.see(label(serial))
    assert (told.tone, bin_.check.mark(told)[0]) == (tone, mark)


def test_list_of_what_is_wrong_holds_whatever_must_not_go_on() -> None:
    assert set(WRONG) == {verdict for verdict, tone in TONES.items() if tone in (Tone.STOP, Tone.ALARM)}
    assert set(TONES) == set(Verdict)


def test_blind_counter_is_told_neither_what_is_expected_nor_what_is_wrong(stocked: Handheld) -> None:
    learn(stocked, ["document", "CC-1", {"blind": True}])
    bin_ = Bin(stocked)
    bin_.see(BIN_1)
    outcomes = [bin_.see(label(serial))[0] for serial in ("D-1001", "D-2001", "D-3001", "D-9")]
    assert bin_.check.summary(unread=1) == "4 of 5 read."
    assert (bin_.check.missing, bin_.check.wrong) == ([], [])
    assert {bin_.check.mark(told)[0] for told in outcomes} == {MarkTone.KEPT}


def test_blind_counter_is_told_of_a_recall(stocked: Handheld) -> None:
    learn(
        stocked,
        ["document", "CC-1", {"blind": True}],
        ["recall", "R-1", {"number": "R-1", "reason": "Fire", "item": DRILL, "serials": ["D-2001"]}],
    )
    bin_ = Bin(stocked)
    bin_.see(BIN_1)
    bin_.see(label("D-2001"))
    assert bin_.check.summary() == "1 read; 1 RECALLED."


def test_unit_whose_scan_was_undone_is_missing_again(stocked: Handheld) -> None:
    bin_ = Bin(stocked)
    for symbol in (BIN_1, label("D-1001")):
        bin_.see(symbol)
    assert "3 still missing" in bin_.check.summary()
    bin_.tell([bin_.session.undo()])
    assert bin_.check.summary().startswith("0 read; 4 still missing: Cordless drill 18V D-1001,")


def test_box_of_which_a_further_label_was_read_counts_once(stocked: Handheld) -> None:
    bin_ = Bin(stocked)
    bin_.see(BIN_1)
    bin_.see(IMEI_LABEL, box=7)
    bin_.see(IMEI_LABEL, label("D-1001"), box=7)
    assert (bin_.check.read, len(bin_.check.missing)) == (1, 3)


def test_unit_that_was_scanned_by_its_imei_is_not_missing(stocked: Handheld) -> None:
    learn(stocked, ["alias", "urn:gsma:imei:49015420-323751-0", unit("D-1004")])
    bin_ = Bin(stocked)
    bin_.see(BIN_1)
    bin_.see(IMEI_LABEL)
    assert "Cordless drill 18V D-1004" not in bin_.check.missing
    assert len(bin_.check.missing) == 3


def test_unit_seen_again_keeps_its_mark(stocked: Handheld) -> None:
    bin_ = Bin(stocked)
    bin_.see(BIN_1)
    [first] = bin_.see(label("D-2001"), box=1)
    [again] = bin_.see(label("D-2001"), box=2)
    assert again.event is None
    assert bin_.check.mark(again) == bin_.check.mark(first) == (MarkTone.WRONG, "belongs in A-02")


def test_mark_of_a_right_unit_names_its_number(stocked: Handheld) -> None:
    bin_ = Bin(stocked)
    [opened] = bin_.see(BIN_1)
    [told] = bin_.see(label("D-1001"))
    [refused] = bin_.see(Symbol(data=b"9506000134377", symbology="]E0"))  # its check digit is wrong
    assert bin_.check.mark(told) == (MarkTone.RIGHT, "D-1001")
    assert bin_.check.mark(opened) == (MarkTone.KEPT, "")
    assert bin_.check.mark(refused) == (MarkTone.LOOK, "")


def test_long_lists_are_cut_and_say_how_many_more_there_are(stocked: Handheld) -> None:
    learn(stocked, *(stored(f"E-{n:03d}") for n in range(NAMES_MAX + 3)))
    bin_ = Bin(stocked)
    bin_.see(BIN_1)
    assert len(bin_.check.missing) == NAMES_MAX + 1
    assert bin_.check.missing[-1] == "and 7 more"
    assert f"{NAMES_MAX + 7} still missing: " in bin_.check.summary()


def test_open_carton_is_expected_to_hold_what_its_supplier_announced(stocked: Handheld) -> None:
    announced = ["announced", None, CARTON, "ASN-1", CARTON, None]
    learn(stocked, ["unit", unit("N-1"), announced], ["unit", unit("N-2"), announced])
    bin_ = Bin(stocked, action="receive", document="ASN-1")
    for symbol in (CARTON_LABEL, label("N-1"), label("D-1001")):
        bin_.see(symbol)
    assert bin_.check.summary() == "2 read; 1 still missing: Cordless drill 18V N-2; 1 not expected here."


@pytest.mark.parametrize("action", ["pick", "put_away", "move"])
def test_who_takes_or_brings_things_is_not_told_that_the_rest_of_the_bin_is_missing(
    stocked: Handheld, action: str
) -> None:
    bin_ = Bin(stocked, action=action, document=None)
    bin_.see(BIN_1)
    bin_.see(label("D-1001"))
    assert bin_.check.summary() == "1 read."


def test_next_bin_is_another_check(stocked: Handheld) -> None:
    bin_ = Bin(stocked)
    bin_.see(BIN_1)
    first = bin_.check
    for _ in range(2):  # nothing was scanned in the first: the label of the next one asks whether it is empty
        bin_.see(Symbol(data=b"LOC:A-02", symbology="]C0"))
    assert bin_.check is not first
    assert bin_.check.summary() == "0 read; 1 still missing: Cordless drill 18V D-2001."


def test_every_sign_on_a_picture_is_explained() -> None:
    assert set(legend()) == set(MarkTone) - {MarkTone.PENDING}
