"""How a container takes along what is in it."""

from __future__ import annotations

import pytest

from sync.unit import Status, UnitState, carried, is_inferred
from tests.handheld import BIN_A, CARTON_1

ANNOUNCED = UnitState(status=Status.ANNOUNCED, place=CARTON_1, announced_by="ASN-1", announced_in=CARTON_1)


def carton(status: str, *, at: int = 10, came_under: str | None = "ASN-1") -> UnitState:
    return UnitState(status=Status(status), status_ms=at, place=BIN_A, came_under=came_under)


def inside(status: str, *, since: int = 5) -> UnitState:
    return UnitState(status=Status(status), place=CARTON_1, place_ms=since, expected=CARTON_1, observed=True)


@pytest.mark.parametrize(
    ("own", "carrier"),
    [
        (ANNOUNCED, None),
        (ANNOUNCED, carton("announced")),
        (ANNOUNCED, carton("seen")),
        pytest.param(ANNOUNCED, carton("stored", came_under="ASN-0"), id="a tote that is here since an earlier notice"),
        (inside("stored"), carton("received")),
        (inside("picked"), carton("stored")),
        pytest.param(inside("packed", since=20), carton("shipped"), id="put into a box that had come back"),
        (inside("shipped"), carton("stored")),
        (inside("seen"), carton("stored")),
    ],
)
def test_container_says_nothing_of_what_is_in_it(own: UnitState, carrier: UnitState | None) -> None:
    assert carried(own, carrier) == own


@pytest.mark.parametrize(
    ("own", "carrier", "now"),
    [
        (ANNOUNCED, carton("received"), "received"),
        (ANNOUNCED, carton("stored"), "stored"),
        (ANNOUNCED, carton("shipped"), "shipped"),
        (inside("received"), carton("stored", at=1), "stored"),
        (inside("stored"), carton("picked"), "picked"),
        (inside("packed"), carton("shipped"), "shipped"),
        (inside("packed"), carton("returned"), "returned"),
    ],
)
def test_container_takes_what_is_in_it_along(own: UnitState, carrier: UnitState, now: str) -> None:
    assert carried(own, carrier).status.value == now


def test_what_came_in_with_its_carton_is_inferred_and_belongs_into_the_carton() -> None:
    now = carried(ANNOUNCED, carton("received"))
    assert (now.place, now.expected, now.observed) == (CARTON_1, CARTON_1, False)
    assert is_inferred(ANNOUNCED, now)
    assert not is_inferred(inside("received"), carried(inside("received"), carton("stored")))


def test_what_left_with_its_carton_is_in_no_place() -> None:
    now = carried(inside("packed"), carton("shipped"))
    assert (now.place, now.expected) == (None, None)


@pytest.mark.parametrize("name", UnitState._fields)
def test_what_changes_of_a_unit_changes_alone(name: str) -> None:
    known = UnitState(**{field: f"its {field}" for field in UnitState._fields})  # type: ignore[arg-type]
    changed = known._replace(**{name: "another"})  # type: ignore[arg-type]
    assert {field for field in UnitState._fields if getattr(changed, field) != getattr(known, field)} == {name}
    assert getattr(changed, name) == "another"
    assert type(changed) is UnitState


def test_a_unit_has_no_field_of_another_name() -> None:
    with pytest.raises(KeyError, match="colour"):
        UnitState()._replace(colour="red")  # type: ignore[call-arg]
