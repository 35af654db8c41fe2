"""Badge and PIN at the handheld, with no network: who scans, what their role refuses, and what wrong PINs cost."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from scanner_client.assignment import menu
from scanner_client.clock import system_clock
from scanner_client.handheld import open_handheld
from scanner_client.inbox import Doubtful, Seen, Synced, Typed
from scanner_client.page.protocol import CrewShown
from scanner_client.page.requests import (
    EnterPin,
    FinishBin,
    ForgetPin,
    KeyedIn,
    Present,
    Quantity,
    Scanned,
    SignOut,
    Undo,
    Unreadable,
)
from scanner_client.sighting import Sighting, Symbol, Tone
from scanner_client.signing_in import IDLE_MS
from scanner_client.task import Assignment
from scanner_client.throttle import FADES_MS, FREE, FREE_OF_ALL, WAIT_MS_MAX, WAIT_MS_MIN, Throttle
from sync.actions import ACTIONS, FLOOR
from sync.pin import hash_pin
from tests.scanner_client.conftest import Hands
from tests.scanner_client.test_page_work import COUNT, ITEM, LOOK_ROUND, Page, label, page, sighting

__all__ = ["page"]
RAVI, MEERA = "7391", "40921756"


def person(badge: str, name: str, role: str | None, pin: str | None = None) -> list[Any]:
    """What the server tells of somebody; nobody's role is a badge that was given back."""
    hashed = hash_pin(pin, badge.encode(), cost=2) if pin else None
    row = {"name": name, "roles": [[1, role]], "pin": hashed, "active": role is not None, "since_ms": 1}
    return ["person", badge, row]


@pytest.fixture
def crew(page: Page) -> Page:
    """A handheld that knows two people with badges, and one who has left."""
    page.take_over(
        person("K-17", "Ravi", "picker", RAVI),
        person("K-18", "Meera", "returns", MEERA),
        person("K-19", "Tom", None),
    )
    return page


def sign_in(page: Page, badge: str = "K-17", pin: str = RAVI) -> CrewShown:
    shown = page.do(Scanned(text=f"BADGE:{badge}"), EnterPin(pin=pin)).crew
    assert shown is not None
    return shown


def test_badge_and_pin_sign_somebody_in_and_their_scans_name_them(crew: Page) -> None:
    crew.do(Assignment(action="inspect", location="A-01", operator="somebody else"))
    asked = crew.do(Scanned(text="BADGE:K-17"))
    assert asked.crew is not None
    assert (asked.crew.asks, asked.crew.name) == ("Ravi", "")
    shown = crew.do(EnterPin(pin=RAVI))
    assert shown.scans[0].text == "Good day, Ravi. You are signed in as picker."
    crew.do(Scanned(text=label("D1")))
    [event] = crew.events()
    assert (event.operator, event.subject) == ("Ravi", f"{ITEM}/21/D1")


def test_nothing_is_kept_before_somebody_has_signed_in(crew: Page) -> None:
    crew.do(LOOK_ROUND)
    for entry in (
        Scanned(text=label("D1")),
        Typed(line=label("D1").encode()),
        Seen(sighting=sighting("D1")),
        KeyedIn(first="X-1", second="X-1"),
        Unreadable(),
        Undo(),
        FinishBin(),
        Quantity(pieces=3),
    ):
        assert crew.last(entry).text == "Scan your badge first: here only who has signed in can scan."
    assert crew.events() == []


def test_where_nobody_has_a_badge_scanning_works_as_before(page: Page) -> None:
    page.do(Assignment(action="inspect", location="A-01", operator="Mia"), Scanned(text=label("D1")))
    assert [event.operator for event in page.events()] == ["Mia"]
    page.do(Scanned(text="BADGE:0042"), Scanned(text=label("D2")))
    assert [event.operator for event in page.events()] == ["Mia", "0042"]


@pytest.mark.parametrize(
    ("badge", "words"),
    [("K-20", "Badge K-20 is not known here."), ("K-19", "Tom may not sign in. Ask at the office.")],
)
def test_a_badge_of_nobody_and_of_who_has_left_is_refused(crew: Page, badge: str, words: str) -> None:
    assert words in crew.last(Scanned(text=f"BADGE:{badge}")).text
    assert not crew.work._gate.signing.asks


@pytest.mark.parametrize(
    "entry",
    [
        Typed(line=b"pin:7391"),
        Typed(line=b"PIN: 7391 "),
        Typed(line=b"]C0pin:7391"),
        Typed(line=b"key:pin:7391"),
        Scanned(text="pin:7391"),
        KeyedIn(first="pin:7391", second="pin:7391"),
        Seen(sighting=Sighting(symbols=(Symbol(data=b"pin:7391", symbology="]Q1"),), box=1, frame=1)),
        Doubtful(sighting=Sighting(symbols=(Symbol(data=b"pin:7391", symbology="]Q1"),), box=1, frame=1)),
    ],
)
@pytest.mark.parametrize("awaited", [True, False])
def test_a_pin_line_is_never_kept_and_never_said(crew: Page, entry: Any, *, awaited: bool) -> None:
    crew.do(LOOK_ROUND)
    if awaited:
        crew.do(Scanned(text="BADGE:K-17"))
    state = crew.do(entry)
    assert "7391" not in repr(state)
    assert crew.events() == []
    assert state.crew is not None
    assert state.crew.name == ("Ravi" if awaited else "")


def test_a_pin_line_is_never_kept_where_nobody_has_a_badge_either(page: Page) -> None:
    page.do(LOOK_ROUND)
    assert page.last(Typed(line=b"pin:7391")).text == "Scan the badge first, then enter its PIN."
    assert page.events() == []


def test_at_a_terminal_the_bare_digits_are_the_pin_while_one_is_awaited(crew: Page) -> None:
    crew.do(LOOK_ROUND, Typed(line=b"BADGE:K-17"))
    assert crew.last(Typed(line=b"7391")).text.startswith("Good day, Ravi.")
    assert crew.events() == []


def test_the_terminal_hides_what_is_typed_while_a_pin_is_awaited(crew: Page) -> None:
    hidden: list[bool] = []
    crew.work._hide_typing = hidden.append
    crew.do(LOOK_ROUND, Typed(line=b"BADGE:K-17"), Typed(line=b"7391"), Scanned(text=label("D1")))
    assert hidden == [False, False, True, False, False]


def test_a_request_with_a_pin_does_not_show_it() -> None:
    assert "7391" not in repr(EnterPin(pin="7391"))


def test_what_the_role_does_not_include_is_refused_before_anything_is_kept(crew: Page) -> None:
    crew.do(Assignment(action="take_back", location="A-01"))
    sign_in(crew)
    refused = crew.last(Scanned(text=label("D1")))
    words = "Take back is not for your role (picker). Choose something else, or let somebody else sign in."
    assert (refused.tone, refused.text) == (Tone.ASK, words)
    assert crew.events() == []


def test_a_task_outside_the_role_is_refused_at_once(crew: Page) -> None:
    sign_in(crew)
    state = crew.do(Assignment(action="take_back", location="A-01"))
    assert state.begun[0].trouble.startswith("Take back is not for your role (picker).")
    assert state.task is None


@pytest.mark.parametrize("role", sorted(FLOOR))
def test_the_menu_has_what_the_registry_gives_the_role_and_the_handheld_refuses_the_rest(crew: Page, role: str) -> None:
    crew.take_over(person("K-30", "Asha", role, RAVI))
    offered = sign_in(crew, "K-30").actions
    for name, action in ACTIONS.items():
        refusal = crew.work._gate.signing.refusal(name)
        assert (refusal is None) == (role in action.roles), name
        assert name not in offered or role in action.roles
    assert "inspect" in offered


@pytest.mark.parametrize("role", sorted(FLOOR))
def test_where_nobody_has_a_badge_a_handheld_does_what_it_is_for_and_refuses_the_rest(page: Page, role: str) -> None:
    number = page.handheld.device.device_no
    page.take_over(["handheld", str(number), {"device_no": number, "roles": [[1, "quality"], [2, role]]}])
    crew = page.do(Synced()).crew
    assert crew is not None
    assert crew.actions == tuple(what.name for what in menu() if role in what.roles)
    for name, action in ACTIONS.items():
        assert (page.work._gate.signing.refusal(name) is None) == (role in action.roles), name


def test_a_task_that_the_handheld_is_not_for_is_refused_at_once_in_words(page: Page) -> None:
    number = page.handheld.device.device_no
    page.take_over(["handheld", str(number), {"device_no": number, "roles": [[1, "picker"]]}])
    state = page.do(Assignment(action="take_back", location="A-01"))
    assert state.begun[0].trouble.startswith("Take back is not what this handheld is for (role: picker).")
    page.do(LOOK_ROUND, Scanned(text=label("D1")))
    assert page.actions() == ["inspect"]


def test_a_handheld_that_was_told_of_no_role_yet_does_what_it_is_given(page: Page) -> None:
    page.take_over(["handheld", "999", {"device_no": 999, "roles": [[1, "picker"]]}])
    assert page.do(Assignment(action="take_back", location="A-01")).begun[0].trouble == ""


def test_another_badge_switches_the_person_and_the_open_bin_stays_open(crew: Page) -> None:
    crew.take_over(person("K-18", "Meera", "receiver", MEERA))
    sign_in(crew)
    crew.do(COUNT, Scanned(text="LOC:A-01"), Scanned(text=label("D1")))
    assert sign_in(crew, "K-18", MEERA).name == "Meera"
    crew.do(Scanned(text=label("D2")), FinishBin())
    assert [(e.action, e.operator) for e in crew.events()] == [
        ("open_bin", "Ravi"),
        ("count", "Ravi"),
        ("count", "Meera"),
        ("finish_bin", "Meera"),
    ]


def test_somebody_elses_badge_alone_signs_nobody_out(crew: Page) -> None:
    sign_in(crew)
    crew.do(LOOK_ROUND, Scanned(text="BADGE:K-18"), Scanned(text=label("D1")))
    assert [event.operator for event in crew.events()] == ["Ravi"]
    state = crew.do(Scanned(text="BADGE:K-18"), ForgetPin())
    assert state.crew is not None
    assert (state.crew.name, state.crew.asks) == ("Ravi", "")


@pytest.mark.parametrize("out", [SignOut(), Typed(line=b"/sign-out")])
def test_who_has_signed_out_scans_nothing_more(crew: Page, out: Any) -> None:
    sign_in(crew)
    crew.do(LOOK_ROUND)
    assert crew.last(out).text == "Ravi has signed out."
    crew.do(Scanned(text=label("D1")))
    assert crew.events() == []


def test_a_handheld_that_was_put_down_signs_its_person_out(crew: Page, hands: Hands) -> None:
    sign_in(crew)
    crew.do(LOOK_ROUND)
    hands.pass_ms(IDLE_MS - 1)
    crew.do(Scanned(text=label("D1")))
    hands.pass_ms(IDLE_MS - 1)
    assert crew.do(Synced()).crew == crew.do(Synced()).crew
    hands.pass_ms(2)
    assert crew.last(Synced()).text == "Ravi was signed out: nothing was done for 15 min."
    crew.do(Scanned(text=label("D2")))
    assert len(crew.events()) == 1


def test_who_is_let_go_or_gets_another_role_is_noticed_at_the_next_sync(crew: Page) -> None:
    sign_in(crew)
    crew.take_over(person("K-17", "Ravi", "returns", RAVI))
    assert crew.last(Synced()).text == "Ravi is returns desk from now on, says the server."
    assert "pick" not in (crew.do(Synced()).crew or CrewShown()).actions
    crew.take_over(person("K-17", "Ravi", None))
    assert crew.last(Synced()).text == "Ravi may not sign in any more, says the server."
    assert (crew.do(LOOK_ROUND, Scanned(text=label("D1"))).crew or CrewShown()).name == ""
    assert crew.events() == []


def test_a_badge_may_be_typed_without_what_its_label_adds(crew: Page) -> None:
    assert (crew.do(Present(badge="k-17")).crew or CrewShown()).asks == "Ravi"
    assert (crew.do(Present(badge="BADGE:K-18")).crew or CrewShown()).asks == "Meera"
    assert (crew.do(Present(badge="nobody's")).crew or CrewShown()).trouble.startswith("Badge nobody's is not known")


def test_wrong_pins_make_the_next_try_wait_also_the_right_one(crew: Page, hands: Hands) -> None:
    crew.do(Scanned(text="BADGE:K-17"))
    for _ in range(FREE - 1):
        assert crew.last(EnterPin(pin="9999")).text == "That is not the PIN of this badge."
    assert crew.last(EnterPin(pin="9999")).text == "Too many wrong PINs. Try again in 15 s."
    hands.pass_ms(WAIT_MS_MIN - 1)
    assert crew.last(Scanned(text="BADGE:K-17")).text.startswith("Too many wrong PINs.")
    hands.pass_ms(1)
    assert sign_in(crew).name == "Ravi"
    crew.do(Scanned(text="BADGE:K-17"))
    assert crew.last(EnterPin(pin="9999")).text == "That is not the PIN of this badge."


def test_a_program_that_is_started_again_forgets_no_wait_where_the_system_has_no_name_for_its_boot(
    tmp_path: Path,
) -> None:
    for fails in (FREE, 0):
        with open_handheld(tmp_path, system_clock(tmp_path / "no boot_id")) as handheld:
            throttle = Throttle(handheld.database, handheld.clock)
            for _ in range(fails):
                throttle.failed("K-17")
            assert throttle.wait_ms("K-17") > 0


def test_the_wait_doubles_outlives_a_restart_and_begins_anew_with_it(tmp_path: Path, hands: Hands) -> None:
    with open_handheld(tmp_path / "home", hands.clock) as handheld:
        throttle = Throttle(handheld.database, handheld.clock)
        for _ in range(FREE + 1):
            throttle.failed("K-17")
        assert throttle.wait_ms("K-17") == 2 * WAIT_MS_MIN
    hands.pass_ms(10_000)
    with open_handheld(tmp_path / "home", hands.clock) as handheld:
        assert Throttle(handheld.database, handheld.clock).wait_ms("K-17") == 2 * WAIT_MS_MIN - 10_000
    hands.clock = type(hands.clock)(wall_ms=lambda: hands.wall + 10**9, boot_ms=lambda: 1_000, boot="boot-2")
    with open_handheld(tmp_path / "home", hands.clock) as handheld:
        assert Throttle(handheld.database, handheld.clock).wait_ms("K-17") == 2 * WAIT_MS_MIN - 1_000


def test_one_pin_on_every_badge_has_to_wait_too(crew: Page, hands: Hands) -> None:
    throttle = crew.work._gate.signing._throttle
    for number in range(FREE_OF_ALL):
        throttle.failed(f"K-{number}")
    assert throttle.wait_ms("K-99") == WAIT_MS_MIN


def test_ones_own_pin_forgets_nothing_of_what_was_tried_on_the_badges_of_others(crew: Page) -> None:
    throttle = crew.work._gate.signing._throttle
    for number in range(FREE_OF_ALL):
        throttle.failed(f"K-{number}")
        throttle.succeeded("K-17")
    assert throttle.wait_ms("K-99") == WAIT_MS_MIN


def test_what_was_tried_on_all_badges_fades_with_time(crew: Page, hands: Hands) -> None:
    throttle = crew.work._gate.signing._throttle
    for number in range(20 * FREE_OF_ALL):
        throttle.failed(f"K-{number}")
    assert throttle.wait_ms("K-999") == WAIT_MS_MAX
    hands.pass_ms(FADES_MS)
    throttle.failed("K-999")
    assert throttle.wait_ms("K-998") == WAIT_MS_MAX
    hands.pass_ms((FREE_OF_ALL + 6) * FADES_MS)
    for number in range(FREE_OF_ALL - 1):
        throttle.failed(f"K-{number}")
    assert throttle.wait_ms("K-999") == 0
