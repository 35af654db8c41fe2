from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from scanner_client.database import DatabaseError
from scanner_client.handheld import Handheld
from scanner_client.session import Session
from scanner_client.sighting import Sighting, Symbol, Told, Tone
from scanner_client.site_map import Cursor
from scanner_client.task import Task
from sync.actions import refuse
from sync.event import BARCODE_BYTES_MAX, ScanEvent, decode, format_name
from sync.verdict import Verdict

ITEM = "https://id.gs1.org/01/09506000134352"
CABLE = "https://id.gs1.org/01/09506000134376"
CARTON = "https://id.gs1.org/00/395060001343520018"
A_01, A_02 = (f"https://warehouse.example/414/main/254/{code}" for code in ("A-01", "A-02"))
Begin = Callable[..., Session]


def unit_label(serial: str) -> Symbol:
    return Symbol(data=b"010950600013435221" + serial.encode(), symbology="]d2")


def unit(serial: str) -> str:
    return f"{ITEM}/21/{serial}"


BIN_1, BIN_2 = (Symbol(data=b"LOC:" + code, symbology="]C0") for code in (b"A-01", b"A-02"))
CARTON_LABEL = Symbol(data=b"00395060001343520018", symbology="]C1")
CABLE_LABEL = Symbol(data=b"9506000134376", symbology="]E0")
PHONE_LABEL = Symbol(data=b"9506000134352", symbology="]E0")
SERIAL_LABEL = Symbol(data=b"C39XK12QQZ", symbology="]C0")
IMEI_LABEL = Symbol(data=b"490154203237518", symbology="]C0")


@pytest.fixture
def begin(handheld: Handheld) -> Begin:
    def make(action: str, **task: object) -> Session:
        given = Task(action=action, **task)  # type: ignore[arg-type]
        return Session(handheld, given)

    return make


@pytest.fixture
def learn(handheld: Handheld) -> Callable[..., None]:
    def take(*changes: list[object]) -> None:
        handheld.site_map.apply(changes, Cursor(cursor="7", incarnation="i"), more=False, clock=handheld.clock)

    return take


def see(session: Session, *symbols: Symbol, box: int | None = None, frame: int | None = 0) -> list[Told]:
    return session.scan(Sighting(symbols=symbols, box=box, frame=frame))


def kept(handheld: Handheld) -> list[ScanEvent]:
    return [decode(line) for line in handheld.outbox.next_run().lines]


def test_scan_is_on_the_disk_before_it_is_told(handheld: Handheld, begin: Begin) -> None:
    session = begin("put_away", location=A_01, operator="mia", document="PA-1")
    [told] = see(session, unit_label("S1"))
    [event] = kept(handheld)
    assert told.event == event
    assert (event.action, event.subject, event.location, event.operator) == ("put_away", unit("S1"), A_01, "mia")
    assert (event.barcode, event.symbology, event.boot) == (b"010950600013435221S1", "]d2", "boot-1")


def test_scan_that_could_not_be_kept_is_not_told(handheld: Handheld, begin: Begin) -> None:
    session = begin("put_away", location=A_01)
    handheld.database.close()
    with pytest.raises(DatabaseError):
        see(session, unit_label("S1"))
    assert session.kept == 0


def test_full_disk_is_said_in_a_sentence_and_nothing_more_is_told(handheld: Handheld, begin: Begin) -> None:
    session = begin("put_away", location=A_01)
    [[pages]] = handheld.database.rows("PRAGMA page_count")
    handheld.database.rows(f"PRAGMA max_page_count={pages + 4}")  # what a full disk is to SQLite
    with pytest.raises(DatabaseError, match=r"cannot be used: database or disk is full\.$"):
        all(see(session, unit_label(f"S{number}")) for number in range(400))
    assert 0 < session.kept == len(kept(handheld)) < 400


def test_pieces_counted_say_in_which_opening_of_the_bin(handheld: Handheld, begin: Begin) -> None:
    for _ in range(2):  # the first session was killed: its bin was never finished
        session = begin("count", document="CC-1")
        for box, symbol in enumerate((BIN_1, CABLE_LABEL, CABLE_LABEL)):
            see(session, symbol, box=box)
    events = kept(handheld)
    openings = [format_name(event.name) for event in events if event.action == "open_bin"]
    assert [e.opening for e in events if e.subject == CABLE] == [o for o in openings for _ in range(2)]


def test_bin_label_switches_the_bin(handheld: Handheld, begin: Begin) -> None:
    session = begin("put_away")
    for symbol in (BIN_1, unit_label("S1"), BIN_2, unit_label("S2")):
        see(session, symbol)
    assert [(e.subject, e.location) for e in kept(handheld)] == [(unit("S1"), A_01), (unit("S2"), A_02)]


def test_count_without_a_document_keeps_nothing_and_says_what_is_needed(begin: Begin) -> None:
    [told] = see(begin("count", location=A_01), unit_label("S1"))
    words = "Scan the label of the document first: the count, the order, the delivery."
    assert (told.tone, told.text, told.event) == (Tone.ASK, words, None)


def test_scan_without_a_bin_is_not_kept_and_says_what_is_needed(handheld: Handheld, begin: Begin) -> None:
    [told] = see(begin("put_away"), unit_label("S1"))
    assert (told.tone, told.text, told.event) == (Tone.ASK, "Scan the label of the bin first.", None)
    assert kept(handheld) == []


def test_units_after_a_carton_are_received_in_it(handheld: Handheld, begin: Begin) -> None:
    session = begin("receive", document="ASN-1", location=A_01)
    see(session, CARTON_LABEL)
    see(session, unit_label("S1"))
    assert [(e.subject, e.container) for e in kept(handheld)] == [(CARTON, None), (unit("S1"), CARTON)]


def test_packing_takes_the_carton_as_the_place_to_pack_into(handheld: Handheld, begin: Begin) -> None:
    session = begin("pack", document="SO-1")
    assert [told.tone for told in see(session, unit_label("S1"))] == [Tone.ASK]
    see(session, CARTON_LABEL)
    see(session, unit_label("S1"))
    assert [(e.action, e.subject, e.container) for e in kept(handheld)] == [("pack", unit("S1"), CARTON)]


def test_counted_bin_is_opened_and_finished_by_its_label(handheld: Handheld, begin: Begin) -> None:
    session = begin("count", document="CC-1")
    for number, symbol in enumerate((BIN_1, unit_label("S1"), BIN_2, BIN_2)):
        see(session, symbol, frame=100 * number)
    assert [(e.action, e.location) for e in kept(handheld)] == [
        ("open_bin", A_01), ("count", A_01), ("finish_bin", A_01), ("open_bin", A_02), ("finish_bin", A_02)
    ]  # fmt: skip


def test_bin_label_that_flickers_in_the_picture_does_not_finish_the_bin(handheld: Handheld, begin: Begin) -> None:
    session = begin("count", document="CC-1")
    for frame in (0, 40):
        see(session, BIN_1, frame=frame)
    assert [e.action for e in kept(handheld)] == ["open_bin"]


@pytest.mark.parametrize(("frame", "finished"), [(100, ["finish_bin"]), (2, [])])
def test_bin_label_counts_its_frames_anew_when_the_camera_was_opened_again(
    handheld: Handheld, begin: Begin, frame: int, finished: list[str]
) -> None:
    session = begin("count", document="CC-1")
    for shown in (5_000, frame):
        see(session, BIN_1, frame=shown)
    assert [e.action for e in kept(handheld)] == ["open_bin", *finished]


def test_labels_of_one_box_are_one_scan(handheld: Handheld, begin: Begin) -> None:
    session = begin("put_away", location=A_01)
    [told] = see(session, PHONE_LABEL, SERIAL_LABEL, IMEI_LABEL)
    [event] = kept(handheld)
    assert told.event == event
    assert (event.subject, event.barcode) == (unit("C39XK12QQZ"), b"C39XK12QQZ")
    assert event.beside == ("]E09506000134352", "]C0490154203237518")
    assert event.identifiers == ("urn:gsma:imei:49015420-323751-0",)
    assert event.quantity is None


def test_serial_typed_after_its_product_is_one_unit(
    handheld: Handheld, begin: Begin, learn: Callable[..., None]
) -> None:
    learn(["item", ITEM, {"name": "Phone", "sku": "P", "mode": "serial", "serial_pattern": None}])
    session = begin("put_away", location=A_01)
    [asked] = session.scan(Sighting(symbols=(PHONE_LABEL,), entry="wedge"))
    assert (asked.tone, asked.text) == (Tone.ASK, "Phone is tracked by serial number: scan that too.")
    session.scan(Sighting(symbols=(SERIAL_LABEL,), entry="wedge"))
    assert [(e.subject, e.entry) for e in kept(handheld)] == [(unit("C39XK12QQZ"), "wedge")]


def test_unit_whose_serial_the_camera_reads_late_is_one_unit(
    handheld: Handheld, begin: Begin, learn: Callable[..., None]
) -> None:
    learn(["item", ITEM, {"name": "Phone", "sku": "P", "mode": "serial", "serial_pattern": None}])
    session = begin("put_away", location=A_01)
    [early] = see(session, PHONE_LABEL, box=1)
    see(session, PHONE_LABEL, SERIAL_LABEL, box=1)
    assert see(session, PHONE_LABEL, SERIAL_LABEL, IMEI_LABEL, box=1)[0].event is None
    first, undone, real = kept(handheld)
    assert early.event == first
    assert (first.action, undone.voids, real.subject) == ("unreadable", format_name(first.name), unit("C39XK12QQZ"))


def test_unit_seen_twice_in_one_place_is_kept_once(handheld: Handheld, begin: Begin) -> None:
    session = begin("move")
    for symbol in (BIN_1, unit_label("S1"), unit_label("S1"), BIN_2, unit_label("S1"), BIN_1, unit_label("S1")):
        see(session, symbol)
    assert [e.location for e in kept(handheld)] == [A_01, A_02, A_01]


def test_each_package_without_a_serial_counts_one(handheld: Handheld, begin: Begin) -> None:
    session = begin("count", document="CC-1")
    see(session, BIN_1)
    for box in (1, 2, 2):
        see(session, CABLE_LABEL, box=box)
    assert [(e.subject, e.quantity) for e in kept(handheld)[1:]] == [(CABLE, 1), (CABLE, 1)]


def test_multiplier_counts_for_the_next_package_only(handheld: Handheld, begin: Begin) -> None:
    session = begin("count", document="CC-1")
    see(session, BIN_1)
    session.counts(12)
    see(session, unit_label("S1"))
    see(session, CABLE_LABEL)
    see(session, CABLE_LABEL)
    assert [e.quantity for e in kept(handheld)[1:]] == [None, 12, 1]
    assert session.counts(0).tone is Tone.ASK


def test_label_that_nobody_can_use_is_kept_with_its_bytes_and_the_reason(handheld: Handheld, begin: Begin) -> None:
    session = begin("put_away", location=A_01)
    [told] = see(session, Symbol(data=b"\xff\x00\x1d", symbology="]d1"))
    [event] = kept(handheld)
    assert (event.action, event.barcode, event.symbology) == ("unreadable", b"\xff\x00\x1d", "]d1")
    assert event.reason is not None
    assert event.reason in told.text
    assert told.tone is Tone.LOOK


LONG_LABEL = Symbol(data=b"7" * (BARCODE_BYTES_MAX + 101), symbology="]Q1")


def binary_label(byte: int) -> Symbol:
    """As long as a binary QR code can be, of bytes that take six characters each in an event's line."""
    return Symbol(data=bytes([byte]) * 2_953, symbology="]Q1")


def test_label_that_is_too_long_is_kept_as_far_as_it_goes_and_scanning_goes_on(
    handheld: Handheld, begin: Begin
) -> None:
    session = begin("put_away", location=A_01)
    [told] = see(session, LONG_LABEL, box=1)
    see(session, unit_label("S1"), box=2)
    first, after = kept(handheld)
    assert (first.action, first.barcode, told.tone) == ("unreadable", LONG_LABEL.data[:BARCODE_BYTES_MAX], Tone.LOOK)
    assert first.reason == "It holds 3101 bytes, and only the first 3000 are kept."
    assert after.subject == unit("S1")


def test_box_whose_labels_are_all_too_long_says_so(handheld: Handheld, begin: Begin) -> None:
    see(begin("put_away", location=A_01), LONG_LABEL, replace(LONG_LABEL, symbology="]d2"))
    [event] = kept(handheld)
    assert event.reason == "It holds 3101 bytes, and only the first 3000 are kept."


def test_box_with_two_of_the_longest_binary_codes_is_kept_with_the_beginning_of_the_second(
    handheld: Handheld, begin: Begin
) -> None:
    first, second = binary_label(0x82), binary_label(0x83)
    [told] = see(begin("put_away", location=A_01), first, second)
    [event] = kept(handheld)
    assert (told.event, event.barcode) == (event, first.data)
    assert event.beside is not None
    assert "]Q1\x83\x83" in event.beside[0]
    assert second.data.startswith(event.beside[0].removeprefix("]Q1").encode("latin-1"))


def test_unit_is_kept_however_much_stands_beside_its_label(handheld: Handheld, begin: Begin) -> None:
    endless = [binary_label(0x80 + number) for number in range(20)]
    see(begin("put_away", location=A_01), unit_label("S1"), LONG_LABEL, *endless)
    [event] = kept(handheld)
    assert (event.action, event.subject, event.barcode) == ("put_away", unit("S1"), unit_label("S1").data)
    assert event.beside is not None
    assert len(event.beside) == 21


def test_box_with_two_products_is_kept_and_asked_about(handheld: Handheld, begin: Begin) -> None:
    session = begin("put_away", location=A_01)
    [told] = see(session, PHONE_LABEL, CABLE_LABEL)
    [event] = kept(handheld)
    assert (event.action, event.beside) == ("unreadable", ("]E09506000134376",))
    assert "The box shows 2 products" in told.text


def test_unit_known_by_its_imei_alone_is_judged(handheld: Handheld, begin: Begin, learn: Callable[..., None]) -> None:
    imei = "urn:gsma:imei:49015420-323751-0"
    learn(["unit", unit("S1"), ["stored", A_02, A_02, None, None, None]], ["alias", imei, unit("S1")])
    [told] = see(begin("inspect", location=A_01), IMEI_LABEL)
    assert told.judgement is not None
    assert (told.judgement.verdict, told.judgement.belongs) == (Verdict.KNOWN_ELSEWHERE, A_02)
    assert kept(handheld)[0].subject == imei


def test_verdict_names_the_place_by_its_code(begin: Begin, learn: Callable[..., None]) -> None:
    learn(
        ["unit", unit("S1"), ["stored", A_02, A_02, None, None, None]],
        ["location", A_02, {"code": "Aisle A 2", "name": "", "zone": ""}],
        ["item", ITEM, {"name": "Phone", "sku": "P", "mode": "serial", "serial_pattern": None}],
    )
    [told] = see(begin("inspect", location=A_01), unit_label("S1"))
    assert (told.thing, told.text, told.tone) == ("Phone S1", "Belongs in Aisle A 2.", Tone.LOOK)


def test_recall_bites_on_a_unit_that_the_map_has_never_heard_of(begin: Begin, learn: Callable[..., None]) -> None:
    learn(["recall", "R", {"number": "R", "reason": "Battery.", "item": ITEM, "lots": [], "units": []}])
    [told] = see(begin("put_away", location=A_01), unit_label("NEW"))
    assert (told.tone, told.text) == (Tone.STOP, "RECALLED: do not move it. Battery.")


def test_blind_counter_is_told_nothing_but_a_recall(begin: Begin, learn: Callable[..., None]) -> None:
    learn(
        ["document", "CC-1", {"kind": "count", "state": "open", "lines": [], "bins": [A_01], "blind": True}],
        ["unit", unit("S1"), ["stored", A_02, A_02, None, None, None]],
        ["unit", unit("S3"), ["shipped", None, None, None, None, None]],
        ["recall", "R", {"number": "R", "reason": "Battery.", "item": None, "lots": [], "units": [unit("S2")]}],
    )
    session = begin("count", document="CC-1")
    see(session, BIN_1)
    [hidden], [bitten] = see(session, unit_label("S1")), see(session, unit_label("S2"))
    [shipped] = see(session, unit_label("S3"))
    assert (hidden.judgement, hidden.text, hidden.tone) == (None, "Kept.", Tone.GOOD)
    assert (shipped.judgement, shipped.text, shipped.tone) == (None, "Kept.", Tone.GOOD)
    assert bitten.judgement is not None
    assert bitten.judgement.verdict is Verdict.RECALLED


@pytest.mark.parametrize(
    ("lines", "verdict"),
    [
        ([{"item": CABLE, "lot": None, "quantity": 5, "container": None}], Verdict.RIGHT),
        ([{"item": ITEM, "lot": None, "quantity": 5, "container": None}], Verdict.NOT_EXPECTED),
        ([], Verdict.CANNOT_TELL),
    ],
)
def test_product_without_serials_is_compared_with_the_document(
    begin: Begin, learn: Callable[..., None], lines: list[object], verdict: Verdict
) -> None:
    learn(["document", "ASN-1", {"kind": "asn", "state": "open", "lines": lines, "bins": [], "blind": False}])
    [told] = see(begin("receive", document="ASN-1", location=A_01), CABLE_LABEL)
    assert told.judgement is not None
    assert told.judgement.verdict is verdict


def test_last_scan_is_undone_by_another_fact(handheld: Handheld, begin: Begin) -> None:
    session = begin("put_away", location=A_01)
    see(session, unit_label("S1"))
    session.undo()
    see(session, unit_label("S1"))
    first, undone, again = kept(handheld)
    assert (undone.action, undone.voids, undone.subject) == ("void", format_name(first.name), first.subject)
    assert again.subject == first.subject
    session.undo()
    assert session.undo().text == "Nothing to undo."


def test_undone_box_is_taken_when_the_camera_shows_it_again(handheld: Handheld, begin: Begin) -> None:
    session = begin("put_away", location=A_01)
    see(session, unit_label("S1"), box=5)
    undone = session.undo()
    see(session, unit_label("S1"), box=5)
    assert undone.text == "Undone. To keep it after all, type it, or show it again in a few minutes."
    assert [e.action for e in kept(handheld)] == ["put_away", "void", "put_away"]


def test_undone_box_is_taken_when_it_is_typed(handheld: Handheld, begin: Begin) -> None:
    session = begin("put_away", location=A_01)
    see(session, unit_label("S1"), box=5)
    session.undo()
    session.scan(Sighting(symbols=(unit_label("S1"),), entry="wedge"))
    assert [e.action for e in kept(handheld)] == ["put_away", "void", "put_away"]


def test_undo_passes_over_what_a_further_label_of_the_box_undid(handheld: Handheld, begin: Begin) -> None:
    session = begin("put_away", location=A_01)
    see(session, unit_label("S1"), box=1)
    see(session, IMEI_LABEL, box=2)
    see(session, IMEI_LABEL, unit_label("S2"), box=2)
    first, imei, _, second = kept(handheld)
    for _ in range(2):
        session.undo()
    assert [e.voids for e in kept(handheld) if e.voids] == [format_name(e.name) for e in (imei, second, first)]


def test_undone_scan_is_not_among_those_kept(begin: Begin) -> None:
    session = begin("put_away", location=A_01)
    for serial in ("S1", "S2"):
        see(session, unit_label(serial))
    session.undo()
    assert session.kept == 1


def test_symbol_that_lists_units_is_a_scan_of_each(handheld: Handheld, begin: Begin) -> None:
    session = begin("put_away", location=A_01)
    see(session, Symbol(data=b"010950600013435221A1\x1d21A2\x1d21A3", symbology="]d2"), box=4)
    assert [e.subject for e in kept(handheld)] == [unit("A1"), unit("A2"), unit("A3")]


def test_document_and_badge_are_switched_by_scanning_them(handheld: Handheld, begin: Begin) -> None:
    session = begin("receive", location=A_01)
    see(session, Symbol(data=b"BADGE:MIA", symbology="]C0"))
    see(session, Symbol(data=b"ASN-77", symbology="]C0"))
    see(session, unit_label("S1"))
    assert [(e.operator, e.document) for e in kept(handheld)] == [("MIA", "ASN-77")]


def asn(*items: str) -> list[object]:
    lines = [{"item": item, "lot": None, "quantity": 5, "container": None} for item in items]
    return ["document", "ASN-1", {"kind": "asn", "state": "open", "lines": lines, "bins": [], "blind": False}]


def product(key: str, mode: str) -> list[object]:
    return ["item", key, {"name": "Thing", "sku": "T", "mode": mode, "serial_pattern": None}]


def typed(session: Session, text: bytes) -> list[Told]:
    return session.scan(Sighting(symbols=(Symbol(data=text),), entry="wedge"))


@pytest.mark.parametrize("mode", ["quantity", "lot", "implicit"])
def test_text_out_of_the_blue_is_no_unit_of_a_product_without_serials(
    handheld: Handheld, begin: Begin, learn: Callable[..., None], mode: str
) -> None:
    learn(asn(CABLE), product(CABLE, mode))
    [told] = typed(begin("receive", document="ASN-1", location=A_01), b"hello")
    [event] = kept(handheld)
    assert (event.action, event.subject, event.barcode, told.tone) == ("unreadable", None, b"hello", Tone.LOOK)


@pytest.mark.parametrize("mode", ["serial", "lpn", "made_to_order"])
def test_lone_serial_is_of_the_one_product_with_serials_that_the_asn_lists(
    handheld: Handheld, begin: Begin, learn: Callable[..., None], mode: str
) -> None:
    learn(asn(CABLE, ITEM), product(CABLE, "quantity"), product(ITEM, mode))
    typed(begin("receive", document="ASN-1", location=A_01), b"SN-0001")
    assert [e.subject for e in kept(handheld)] == [unit("SN-0001")]


def test_own_product_code_without_its_prefix_is_the_product(
    handheld: Handheld, begin: Begin, learn: Callable[..., None]
) -> None:
    own = "https://warehouse.example/01/CABLE-1"
    learn(asn(own, ITEM), product(own, "quantity"), product(ITEM, "serial"))
    session = begin("receive", document="ASN-1", location=A_01)
    session.counts(5)
    typed(session, b"CABLE-1")
    assert [(e.subject, e.quantity) for e in kept(handheld)] == [(own, 5)]


def test_unknown_code_after_a_quantity_is_not_taken_for_a_serial(
    handheld: Handheld, begin: Begin, learn: Callable[..., None]
) -> None:
    learn(asn(ITEM), product(ITEM, "serial"))
    session = begin("receive", document="ASN-1", location=A_01)
    session.counts(5)
    [told] = typed(session, b"CABLE-9")
    assert (told.tone, kept(handheld)) == (Tone.ASK, [])
    assert told.text.startswith("CABLE-9 is no product that this handheld knows, and 5 pieces were said.")


@pytest.mark.parametrize("serial", [b"TW2", b"7", b"A,B"])
def test_short_serial_is_taken_where_the_handheld_asked_for_it(
    handheld: Handheld, begin: Begin, learn: Callable[..., None], serial: bytes
) -> None:
    learn(product(ITEM, "serial"))
    session = begin("put_away", location=A_01)
    typed(session, b"9506000134352")
    typed(session, serial)
    [event] = kept(handheld)
    assert (event.subject, event.barcode) == (f"{ITEM}/21/{serial.decode().replace(',', '%2C')}", serial)


def test_short_text_that_nobody_asked_for_is_no_serial(
    handheld: Handheld, begin: Begin, learn: Callable[..., None]
) -> None:
    learn(asn(ITEM), product(ITEM, "serial"))
    typed(begin("receive", document="ASN-1", location=A_01), b"TW2")
    assert [e.action for e in kept(handheld)] == ["unreadable"]


def test_label_that_nobody_can_read_is_kept_and_undone_before_any_bin_is_known(
    handheld: Handheld, begin: Begin
) -> None:
    session = begin("put_away")
    [told] = session.unreadable()
    session.undo()
    events = kept(handheld)
    assert [(e.action, e.location, e.subject) for e in events] == [("unreadable", None, None), ("void", None, None)]
    assert [refuse(e) for e in events] == [None, None]
    assert told.event == events[0]


@pytest.mark.parametrize("entry", ["wedge", None])
@pytest.mark.parametrize("finish", [lambda s: s.finish(), lambda s: see(s, BIN_1, frame=100)])
def test_nothing_is_counted_between_two_bins(
    handheld: Handheld, begin: Begin, entry: str | None, finish: Callable[[Session], object]
) -> None:
    session = begin("count", document="CC-1", location=A_01)
    label = Sighting(symbols=(CABLE_LABEL,), entry=entry)
    before = session.scan(label)
    see(session, BIN_1)
    session.scan(label)
    finish(session)
    after = session.scan(label)
    assert [(t.tone, t.text) for t in before + after] == [(Tone.ASK, "Scan the label of the bin first.")] * 2
    assert [e.action for e in kept(handheld)] == ["open_bin", "count", "finish_bin"]
    assert session.task.location is None, "the panel names no bin, and nothing is said to be in it"


def test_unit_in_a_bin_that_is_opened_again_is_counted_again(handheld: Handheld, begin: Begin) -> None:
    session = begin("count", document="CC-1")
    for _ in range(2):
        see(session, BIN_1)
        see(session, unit_label("S1"))
        see(session, unit_label("S1"))
        session.finish()
    assert [e.action for e in kept(handheld)] == ["open_bin", "count", "finish_bin"] * 2


def test_serial_of_a_product_that_the_asn_announces_by_quantity_is_right(
    begin: Begin, learn: Callable[..., None]
) -> None:
    learn(asn(ITEM), product(ITEM, "serial"))
    [told] = see(begin("receive", document="ASN-1", location=A_01), unit_label("S1"))
    assert told.judgement is not None
    assert told.judgement.verdict is Verdict.RIGHT


def pack_one(begin: Begin) -> Session:
    session = begin("pack", document="SO-1", location=A_01)
    see(session, CARTON_LABEL)
    see(session, unit_label("S1"))
    return session


def ship_carton(begin: Begin) -> Verdict | None:
    [told] = see(begin("ship", document="SO-1"), CARTON_LABEL)
    return told.judgement.verdict if told.judgement else None


def test_carton_packed_on_this_handheld_is_known_when_it_is_shipped(begin: Begin) -> None:
    pack_one(begin)
    assert ship_carton(begin) is Verdict.RIGHT
    assert ship_carton(begin) is Verdict.SHIPPED_ALREADY


def test_carton_whose_packing_was_undone_is_not_known(begin: Begin) -> None:
    pack_one(begin).undo()
    assert ship_carton(begin) is Verdict.CANNOT_TELL


def test_carton_that_nobody_packed_here_is_not_known(begin: Begin) -> None:
    assert ship_carton(begin) is Verdict.CANNOT_TELL
