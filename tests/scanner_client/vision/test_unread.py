"""Labels that are seen and not read, and those that the camera comes back to."""

from scanner_client.vision.frame import Frame
from scanner_client.vision.look import Look
from scanner_client.vision.reading import Reading, centre
from scanner_client.vision.tracker import BoxRules, InView, Tracker
from scanner_client.vision.unread import LOOKS_MIN
from tests.scanner_client.vision.shelf_film import VIEW, Film, place, reading

SERIAL = b"SN-0001"


def test_label_that_nothing_reads_is_said_to_be_unread_and_where() -> None:
    film = Film()
    film.show([reading(SERIAL, place(100))], [place(700)], times=30)

    assert film.end() == [[SERIAL]]
    assert film.tracker.unread == 1
    assert [label.quad for label in film.tracker.in_view() if label.reading is None] == [place(700)]


def test_what_looks_like_bars_in_a_frame_or_two_is_no_label() -> None:
    film = Film()
    for x in (100, 500, 900):
        film.show(unread=[place(x)], times=LOOKS_MIN - 1)
        film.show(times=10)
    film.show(unread=[place(100)], times=LOOKS_MIN - 1)
    film.end()

    assert film.tracker.unread == 0


def test_label_that_is_read_at_last_is_not_unread_any_more() -> None:
    film = Film()
    film.show(unread=[place(700)], times=20)
    before = film.tracker.unread
    film.show([reading(SERIAL, place(702, 305, 196, 10))], times=3)

    assert (before, film.tracker.unread, film.end()) == (1, 0, [[SERIAL]])


def test_label_that_was_read_and_then_is_only_seen_is_not_unread() -> None:
    film = Film()
    film.show([reading(SERIAL, place(700))], times=10)
    film.show(unread=[place(705, 298)], times=30)
    film.end()

    assert film.tracker.unread == 0


def test_unread_label_under_a_fixed_camera_counts_once_though_a_hand_covers_it() -> None:
    film = Film()
    for _ in range(3):
        film.show(unread=[place(700)], times=10)
        film.show(times=150)
    film.end()

    assert film.tracker.unread == 1


def test_unread_label_that_a_pan_comes_back_to_counts_once() -> None:
    film, dead = Film(), [place(900), place(2500)]
    at = film.pan({}, dead, start=0, step=20, times=120)
    film.pan({}, dead, start=at, step=-20, times=120)
    film.end()

    assert film.tracker.unread == 2


def test_label_read_on_the_way_back_is_not_unread() -> None:
    film = Film()
    at = film.pan({}, [place(900)], start=0, step=20, times=90)
    film.pan({SERIAL: place(900)}, [], start=at, step=-20, times=90)

    assert (film.end(), film.tracker.unread) == ([[SERIAL]], 0)


def test_label_at_the_edge_of_the_picture_is_not_yet_unread() -> None:
    film = Film()
    film.show(unread=[place(1080)], times=30)
    film.end()

    assert film.tracker.unread == 0


def test_two_texts_that_contradict_each_other_are_one_unread_label() -> None:
    film = Film()
    for data in (b"4006381333931", b"4006381333948"):
        film.show([reading(data, place(700), "]E0")], times=2)
    film.end()

    assert film.tracker.unread == 1


def test_thirteenth_label_of_a_pan_is_the_one_that_is_missing() -> None:
    labels = {b"SN-%04d" % n: place(400 + 500 * n) for n in range(13)}
    dead = labels.pop(b"SN-0007")
    film = Film()
    film.pan(labels, [dead], start=0, step=17, times=420)

    assert sorted(text for box in film.end() for text in box) == sorted(labels)
    assert film.tracker.unread == 1


def test_still_picture_says_what_it_shows_unread() -> None:
    tracker = Tracker()
    picture = Frame(index=3, t_ms=0.0, grey=VIEW, path="shelf.png", still=True)
    tracker.see(picture, Look(readings=(reading(SERIAL, place(100)),), unread=(place(700),)))

    assert tracker.unread == 1
    assert [(seen.quad, seen.reading is None) for seen in tracker.in_view()] == [
        (place(100), False),
        (place(700), True),
    ]


def test_pan_and_back_reads_each_label_once() -> None:
    labels = {b"SN-%04d" % n: place(400 + 500 * n) for n in range(9)}
    film = Film()
    at = film.pan(labels, [], start=0, step=17, times=240)
    film.pan(labels, [], start=at, step=-17, times=240)

    assert sorted(text for box in film.end() for text in box) == sorted(labels)


def test_next_piece_of_a_product_is_another_one_though_the_first_has_left_the_picture() -> None:
    film = Film()
    at = film.pan({SERIAL: place(400)}, [], start=0, step=17, times=60)
    film.show(times=60)
    film.show([reading(SERIAL, place(50))], times=30)

    assert at + 50 - 400 == 670
    assert film.end() == [[SERIAL], [SERIAL]]


def test_bin_label_is_told_each_time_that_the_camera_comes_to_it() -> None:
    film = Film(tracker=Tracker(rules=BoxRules(stands_alone=lambda label: label.data.startswith(b"LOC:"))))
    at = film.pan({b"LOC:A-01": place(400)}, [], start=0, step=17, times=120)
    film.pan({b"LOC:A-01": place(400)}, [], start=at, step=-17, times=120)

    assert film.end() == [[b"LOC:A-01"], [b"LOC:A-01"]]


def test_frames_that_were_not_looked_at_carry_the_labels_along() -> None:
    film = Film()
    film.show([reading(SERIAL, place(900))], [place(600, 500)], times=6)
    film.skip(shift=(-20.0, 0.0), times=4)
    shown = film.tracker.in_view()
    film.show([reading(SERIAL, place(820))], [place(520, 500)], times=6)

    assert [(round(centre(seen.quad)[0]), seen.reading is None) for seen in shown] == [(920, False), (620, True)]
    assert (film.end(), film.tracker.unread) == ([[SERIAL]], 1)


def test_live_picture_shows_what_is_believed_read_once_and_not_read() -> None:
    film = Film()
    film.show([reading(SERIAL, place(100))], [place(700)], times=3)
    film.show([reading(SERIAL, place(100)), reading(b"SN-0002", place(400, 500))], [place(700)])

    assert film.tracker.in_view() == (
        InView(quad=place(100), reading=reading(SERIAL, place(100)), box=1),
        InView(quad=place(400, 500), reading=reading(b"SN-0002", place(400, 500)), box=None),
        InView(quad=place(700), reading=None, box=None),
    )


def test_shift_that_no_camera_makes_is_not_followed() -> None:
    film = Film()
    film.show([reading(SERIAL, place(400))], times=10)
    film.show(shift=(-3912.0, -2090.0))
    film.show([reading(SERIAL, place(400))], times=10)

    assert film.end() == [[SERIAL]]


def test_labels_say_how_far_the_picture_moved_where_a_blurred_frame_does_not() -> None:
    def box(x: float) -> list[Reading]:
        """The EAN is too narrow to be found again 162 px farther; the others are wide enough."""
        product = reading(b"4006381333931", place(x, 200), "]E0")
        return [product, reading(SERIAL, place(x, 280, 345)), reading(b"356938035643809", place(x, 360, 380))]

    film = Film()
    film.show(box(300), times=20)
    film.show(box(462), times=20)

    assert film.end() == [[b"4006381333931", SERIAL, b"356938035643809"]]
