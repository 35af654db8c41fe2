"""The tracker on made-up readings, frame by frame; `test_pan.py` drives it with rendered videos."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from scanner_client.vision.frame import Frame
from scanner_client.vision.look import Look
from scanner_client.vision.reading import Quad, Reading
from scanner_client.vision.tracker import BoxRules, BoxSighting, Tracker

EAN, SERIAL, IMEI, UNIT, BIN = (
    b"9506000134352",
    b"SN-0001",
    b"356938035643809",
    b"0109506000134352" + b"21A1",
    b"LOC:A-01",
)
SYMBOLOGY = {EAN: "]E0", UNIT: "]d2"}
VIEW = np.zeros((720, 1280), np.uint8)
MS_PER_FRAME = 1000 / 30

Step = Sequence[Reading]


def at(x: float, y: float, data: bytes, width: float = 200, height: float = 50) -> Reading:
    quad: Quad = (x, y), (x + width, y), (x + width, y + height), (x, y + height)
    return Reading(format="any", symbology=SYMBOLOGY.get(data, "]C0"), data=data, quad=quad)


def watch(
    tracker: Tracker, steps: Sequence[Step], *, shift: tuple[float, float] | None = (0.0, 0.0)
) -> list[BoxSighting]:
    """What the tracker reports for one list of readings a frame, at 30 frames a second."""
    reported: list[BoxSighting] = []
    for index, readings in enumerate(steps):
        frame = Frame(
            index=index, t_ms=index * MS_PER_FRAME, grey=VIEW, path=None, still=False, shift=shift if index else None
        )
        reported += tracker.see(frame, seen(*readings))
    return reported + tracker.finish()


def still(index: int) -> Frame:
    return Frame(index=index, t_ms=0.0, grey=VIEW, path=f"{index}.png", still=True)


def seen(*readings: Reading, unread: Sequence[Quad] = ()) -> Look:
    return Look(readings=readings, unread=tuple(unread))


def texts(reported: Sequence[BoxSighting]) -> list[list[bytes]]:
    return [[label.data for label in box.labels] for box in reported]


def is_bin(reading: Reading) -> bool:
    return reading.data.startswith(b"LOC:")


def test_label_seen_in_many_frames_is_one_scan() -> None:
    (box,) = watch(Tracker(), [[at(400, 300, UNIT)]] * 60)

    assert texts([box]) == [[UNIT]]
    assert box.first_frame == 0
    assert box.tracked[0].frames_agreeing >= 12


def itf(x: float, y: float, data: bytes) -> Reading:
    return replace(at(x, y, data), symbology="]I0")


def test_first_digits_of_a_carton_s_number_are_no_scan_where_the_whole_number_was_read() -> None:
    whole, part = b"19506003167774", b"19506003"
    steps = [[itf(100, 300, whole)]] * 10 + [[itf(400, 500, part)]] * 10

    assert texts(watch(Tracker(), steps)) == [[whole]]
    assert texts(watch(Tracker(), [[itf(400, 500, part)]] * 10)) == [[part]], "by itself it may be somebody's number"


def test_label_is_reported_while_it_is_still_in_view() -> None:
    tracker = Tracker()
    waited = 0
    for index in range(30):
        frame = Frame(index=index, t_ms=index * MS_PER_FRAME, grey=VIEW, path=None, still=False, shift=(0.0, 0.0))
        if tracker.see(frame, seen(at(400, 300, UNIT))):
            break
        waited += 1

    assert waited * MS_PER_FRAME < 500


def test_text_seen_in_one_frame_only_is_no_scan_but_is_counted_as_unread() -> None:
    tracker = Tracker()

    assert watch(tracker, [[at(400, 300, UNIT)], *[[]] * 60]) == []
    assert tracker.unread == 1


def test_misread_in_one_frame_between_good_ones_is_neither_a_scan_nor_unread() -> None:
    good, misread = [at(400, 300, EAN)], [at(400, 300, b"2693441402601")]
    tracker = Tracker()

    assert texts(watch(tracker, [*[good] * 10, misread, *[good] * 40])) == [[EAN]]
    assert tracker.unread == 0


def test_of_two_texts_that_are_read_by_turns_at_one_place_only_one_read_twice_as_often_is_a_scan() -> None:
    right, wrong = [at(400, 300, b"00395060065321718248")], [at(400, 300, b"00395018065390718948")]

    assert texts(watch(Tracker(), [right, right, wrong] * 12)) == [[b"00395060065321718248"]]
    assert watch(Tracker(), [right, wrong] * 12) == [], "and where neither is, nobody knows"


def test_same_misread_in_two_frames_before_the_label_is_sharp_is_no_scan() -> None:
    misread = [Reading(format="EAN13", symbology="]E0", data=b"2693441402601", quad=at(400, 310, EAN, 200, 11).quad)]

    assert texts(watch(Tracker(), [misread, *[[]] * 7, misread, *[[]] * 5, *[[at(400, 300, EAN)]] * 40])) == [[EAN]]


def test_lines_of_blurred_bars_that_say_something_else_are_no_scan_though_a_frame_also_shows_the_right_text() -> None:
    """As a pan of 24 pixels a frame had it: sharpened lines of a Code 128 said one wrong text in four frames."""
    right, wrong = at(400, 300, b"SN-L8608366", 330, 70), at(400, 305, b"&N-%7608366", 330, 40)
    both = [at(400, 310, b"SN-L8608366", 330, 30), at(400, 352, b"&N-%7608366", 330, 6)]

    assert texts(watch(Tracker(), [*[[right]] * 2, *[[wrong]] * 3, both, *[[right]] * 20])) == [[right.data]]
    assert texts(watch(Tracker(), [*[both] * 2, [wrong], *[[right]] * 20])) == [[right.data]]


def test_misread_that_was_believed_is_taken_back_before_the_box_is_reported() -> None:
    misread = [at(400, 300, b"SN-0007")]

    assert texts(watch(Tracker(), [*[misread] * 3, *[[at(400, 300, SERIAL)]] * 60])) == [[SERIAL]]


@pytest.mark.parametrize(("data", "frames"), [(EAN, 3), (SERIAL, 3), (UNIT, 2)])
def test_bars_need_a_frame_more_than_a_symbol_that_corrects_errors(data: bytes, frames: int) -> None:
    assert texts(watch(Tracker(), [[at(400, 300, data)]] * frames)) == [[data]]
    assert texts(watch(Tracker(), [[at(400, 300, data)]] * (frames - 1))) == []


def test_label_that_left_and_came_back_is_a_new_pass() -> None:
    shown = [[at(400, 300, UNIT)]] * 20

    assert texts(watch(Tracker(), [*shown, *[[]] * 120, *shown])) == [[UNIT], [UNIT]]


def test_label_that_was_blurred_for_two_seconds_is_still_the_same() -> None:
    shown = [[at(400, 300, UNIT)]] * 20

    assert texts(watch(Tracker(), [*shown, *[[]] * 60, *shown])) == [[UNIT]]


def test_two_pieces_of_one_product_side_by_side_are_two_boxes() -> None:
    assert texts(watch(Tracker(), [[at(100, 300, EAN), at(700, 300, EAN)]] * 30)) == [[EAN], [EAN]]


def test_three_pieces_of_one_product_that_pass_one_after_the_other_are_three() -> None:
    steps = [
        [at(x, 300, EAN) for x in (1200 + 700 * n - 12 * f for n in range(3)) if 0 <= x <= 1080] for f in range(230)
    ]

    assert texts(watch(Tracker(), steps, shift=(-12.0, 0.0))) == [[EAN], [EAN], [EAN]]


def test_label_stays_one_when_the_camera_jumps_by_an_unknown_distance() -> None:
    steps = [[at(100 + 300 * (f % 3), 300, UNIT)] for f in range(30)]

    assert texts(watch(Tracker(), steps, shift=None)) == [[UNIT]]


def test_labels_of_a_phone_box_come_together() -> None:
    box = [at(400, 200, EAN, 180), at(400, 290, SERIAL), at(400, 380, IMEI, 260)]

    assert texts(watch(Tracker(), [box] * 30)) == [[EAN, SERIAL, IMEI]]


def test_label_that_is_now_and_then_read_in_few_lines_keeps_its_place_on_the_box() -> None:
    whole, thin, serial = at(400, 200, EAN, 200, 60), at(400, 200, EAN, 200, 4), at(400, 300, SERIAL)

    assert texts(watch(Tracker(), [*[[whole]] * 4, *[[thin, serial]] * 30])) == [[EAN, SERIAL]]


def upce(y: float, height: float = 3) -> Reading:
    """A UPC-E, which at its full height is 166 pixels high, or a few of its lines."""
    quad: Quad = (400, y), (522, y), (522, y + height), (400, y + height)
    return Reading(format="UPCE", symbology="]E0", data=b"0086100007880", quad=quad)


def test_high_label_that_is_read_in_a_line_at_its_top_then_at_its_foot_then_whole_is_one() -> None:
    top, foot, whole = [upce(300)], [upce(460)], [upce(300, 166)]

    assert len(watch(Tracker(), [*[top] * 12, *[foot] * 12])) == 1
    assert len(watch(Tracker(), [*[top] * 12, *[whole] * 12])) == 1
    assert len(watch(Tracker(), [*[foot, top] * 12, *[whole] * 30])) == 1


def test_two_pieces_of_one_product_one_above_the_other_of_which_lines_are_read_are_two_boxes() -> None:
    assert len(watch(Tracker(), [[upce(300), upce(420)]] * 12)) == 2
    assert len(watch(Tracker(), [*[[upce(300)]] * 12, *[[upce(480)]] * 12])) == 2
    assert len(watch(Tracker(), [*[[upce(200, 90)]] * 12, *[[upce(330, 90)]] * 12])) == 2


def test_two_pieces_of_one_product_laid_closely_are_two_boxes() -> None:
    assert texts(watch(Tracker(), [[at(400, 200, EAN), at(400, 270, EAN)]] * 30)) == [[EAN], [EAN]]


def test_label_beside_where_a_box_lay_some_seconds_ago_is_not_on_that_box() -> None:
    steps = [*[[at(400, 290, SERIAL)]] * 25, *[[]] * 45, *[[at(400, 360, b"SN-0002")]] * 25]

    assert texts(watch(Tracker(), steps)) == [[SERIAL], [b"SN-0002"]]


def test_labels_of_two_boxes_side_by_side_stay_apart() -> None:
    boxes = [at(100, 200, EAN), at(100, 290, SERIAL), at(500, 200, EAN), at(500, 290, b"SN-0002")]

    assert texts(watch(Tracker(), [boxes] * 30)) == [[EAN, SERIAL], [EAN, b"SN-0002"]]


def test_label_first_read_a_little_later_joins_its_box() -> None:
    early, whole = [at(400, 290, SERIAL)], [at(400, 200, EAN), at(400, 290, SERIAL)]

    assert texts(watch(Tracker(), [*[early] * 8, *[whole] * 30])) == [[EAN, SERIAL]]


def test_label_found_after_its_box_was_reported_gives_the_box_a_second_sighting() -> None:
    early, whole = [at(400, 290, SERIAL)], [at(400, 200, EAN), at(400, 290, SERIAL)]

    first, second = watch(Tracker(), [*[early] * 30, *[whole] * 30])

    assert texts([first, second]) == [[SERIAL], [EAN, SERIAL]]
    assert first.box == second.box


def test_box_at_the_edge_of_the_picture_is_waited_for() -> None:
    edge, whole = [at(1070, 290, SERIAL)], [at(1070, 200, EAN), at(1070, 290, SERIAL)]

    assert texts(watch(Tracker(), [*[edge] * 30, *[whole] * 30])) == [[EAN, SERIAL]]


def test_bin_label_stands_alone_and_is_reported_at_once() -> None:
    rules = BoxRules(stands_alone=is_bin)
    readings = [at(400, 200, BIN), at(400, 290, SERIAL)]
    tracker = Tracker(rules=rules)
    told = [
        tracker.see(
            Frame(index=n, t_ms=n * MS_PER_FRAME, grey=VIEW, path=None, still=False, shift=(0.0, 0.0)), seen(*readings)
        )
        for n in range(3)
    ]

    assert [texts(boxes) for boxes in told] == [[], [], [[BIN]]]
    assert texts(tracker.finish()) == [[SERIAL]]


def test_box_of_the_last_bin_is_reported_before_the_next_bin_label() -> None:
    box, sign = at(100, 290, SERIAL), at(900, 200, BIN)
    steps = [*[[box]] * 4, *[[box, sign]] * 30]

    assert texts(watch(Tracker(rules=BoxRules(stands_alone=is_bin)), steps)) == [[SERIAL], [BIN]]


def test_two_serials_of_one_product_are_kept_apart_when_the_caller_says_so() -> None:
    both = [at(400, 200, SERIAL), at(400, 290, b"SN-0002")]

    assert texts(watch(Tracker(), [both] * 30)) == [[SERIAL, b"SN-0002"]]
    assert texts(watch(Tracker(rules=BoxRules(apart=lambda *_: True)), [both] * 30)) == [[SERIAL], [b"SN-0002"]]


def test_next_box_under_a_fixed_camera_is_another_box() -> None:
    one = [[at(400, 200, EAN), at(400, 290, SERIAL)]] * 25
    other = [[at(405, 203, EAN), at(405, 293, b"SN-0002")]] * 40

    reported = watch(Tracker(), [*one, *[[]] * 100, *other])

    assert texts(reported) == [[EAN, SERIAL], [EAN, b"SN-0002"]]


def test_serial_laid_quickly_over_the_last_one_is_another_box_all_the_same() -> None:
    steps = [*[[at(400, 290, SERIAL)]] * 25, *[[]] * 5, *[[at(400, 290, b"SN-0002")]] * 25]

    assert texts(watch(Tracker(), steps)) == [[SERIAL], [b"SN-0002"]]


def test_single_picture_needs_a_second_look() -> None:
    (box,) = Tracker().see(still(0), seen(at(400, 200, EAN), at(400, 290, SERIAL)))

    assert (texts([box]), box.needs_second_look) == ([[EAN, SERIAL]], True)


def test_second_picture_of_the_same_box_confirms_it() -> None:
    tracker = Tracker()
    tracker.see(still(0), seen(at(400, 290, SERIAL)))

    (confirmed,) = tracker.see(still(1), seen(at(100, 90, SERIAL)))
    (half_new,) = tracker.see(still(2), seen(at(400, 290, SERIAL), at(400, 200, EAN)))

    assert (confirmed.needs_second_look, half_new.needs_second_look) == (False, True)


def test_same_label_twice_in_one_picture_is_not_a_second_look() -> None:
    boxes = Tracker().see(still(0), seen(at(100, 290, EAN), at(800, 290, EAN)))

    assert [box.needs_second_look for box in boxes] == [True, True]


def test_boxes_are_numbered_through_one_tracker() -> None:
    tracker = Tracker()
    numbers = [tracker.see(still(n), seen(at(400, 290, b"SN-%d" % n)))[0].box for n in range(3)]

    assert numbers == [1, 2, 3]


def test_label_at_which_the_camera_looks_again_is_the_same_though_only_its_edge_shows_at_first() -> None:
    """The way there is known to some dozen pixels, so that the label may still be outside the picture."""
    tracker, reported = Tracker(), list[BoxSighting]()
    steps = [(0.0, [at(400, 660, UNIT)])] * 20 + [(40.0, [])] * 60 + [(-40.0, [])] * 60
    steps += [(0.0, [])] * 120 + [(0.0, [at(430, 670, UNIT)])] * 5
    for index, (right, readings) in enumerate(steps):
        frame = Frame(
            index=index,
            t_ms=index * MS_PER_FRAME,
            grey=VIEW,
            path=None,
            still=False,
            shift=(right, 0.0) if index else None,
        )
        reported += tracker.see(frame, seen(*readings))

    assert texts(reported + tracker.finish()) == [[UNIT]]
