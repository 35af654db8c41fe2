"""Folded rows are a function of the ledger: any order, any batching, and a rebuild give the same."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from server.database import stamp, writing
from server.ledger import Entry, append
from server.rebuild import advance, rebuild
from sync.event import format_name
from tests.handheld import BIN_A, BIN_B, CABLE, CARTON_1, CARTON_2, DAY, DOCK, unit
from tests.server.accepted import accepted
from tests.server.ready_tables import Emptied
from tests.server.site import SITE, differences, folded, site, state_document

IMEI = "urn:gsma:imei:49015420-323751-0"
PLATE = "https://warehouse.example/21/LPN7"
UNITS = [unit("S1"), unit("S2"), unit("S3")]
PARCEL = "https://warehouse.example/21/1Z999AA10123456784"
SUBJECTS = [*UNITS, CARTON_1, CARTON_2, IMEI, PLATE, CABLE, PARCEL]
PLACES = [DOCK, BIN_A, BIN_B]

ACTIONS = ["receive", "put_away", "move", "pick", "pack", "count", "ship", "link", "void", "settle"]


class Drawn(NamedTuple):
    """One scan in numbers, so that a failing history is short to read."""

    device: int
    action: str
    subject: int
    place: int
    carton: int
    name: int
    """Which further identifier it bears; 0 for none."""
    target: int
    """Which earlier scan a void undoes."""
    quantity: int
    second: int
    uncertainty: int


drawn_scans = st.lists(
    st.builds(
        Drawn,
        st.integers(1, 3),
        st.sampled_from(ACTIONS),
        st.integers(0, len(SUBJECTS) - 1),
        st.integers(0, 2),
        st.integers(0, 1),
        st.integers(0, 2),
        st.integers(0, 20),
        st.integers(0, 9),
        st.integers(0, 12),
        st.sampled_from([0, 500, 3000]),
    ),
    min_size=1,
    max_size=20,
)


def entries_of(drawn: list[Drawn]) -> list[Entry]:
    """The scans as entries of the ledger, with their times fixed."""
    made: list[Entry] = []
    for seq, d in enumerate(drawn, 1):
        said = _fields(d, made)
        made.append(accepted(d.device, seq, d.action, second=d.second, uncertainty_ms=d.uncertainty, **said))
    return made


def _fields(d: Drawn, earlier: list[Entry]) -> dict[str, Any]:
    fields: dict[str, Any] = {"subject": SUBJECTS[d.subject], "location": PLACES[d.place]}
    if d.action == "void" and earlier:
        target = earlier[d.target % len(earlier)].event
        assert target is not None
        return {"subject": target.subject, "voids": format_name(target.name), "reason": "mistake"}
    if d.action in ("receive", "pack"):
        fields["container"] = [CARTON_1, CARTON_2][d.carton]
    fields["document"] = {"receive": "ASN-1", "count": "CC-1", "settle": "case:misplaced:1.1.1"}.get(d.action)
    if d.name and d.action in ("link", "receive"):
        fields["identifiers"] = ([IMEI, PLATE][d.name - 1],)
    if d.action in ("label_parcel", "unlink"):
        fields |= {"identifiers": (PARCEL,), "reason": "mistake"}
    if d.action == "settle":
        fields |= {"reason": "stays", "evidence": "none"}
    if fields["subject"] == CABLE:
        fields |= {"quantity": d.quantity, "origin": PLACES[d.carton]}
    return fields


def take_in(entries: list[Entry]) -> None:
    with writing() as c:
        append(c, SITE, DAY, sorted(entries, key=lambda e: (e.device_no, e.seq)))
        advance(c, SITE, [e.fact(DAY) for e in entries], stamp(c))


def rebuilt(entries: list[Entry]) -> dict[str, Any]:
    """The rows of a server that got everything at once and folded it from the beginning."""
    with writing() as c:
        append(c, SITE, DAY, entries)
        rebuild(c, SITE, SUBJECTS, stamp(c))
    return folded()


def announce(until_ms: int = DAY + 60_000) -> None:
    state_document(
        "stock",
        "S",
        [{"subject": UNITS[0], "location": BIN_A}, {"subject": CABLE, "location": BIN_A, "quantity": 5}],
        now_ms=DAY - 5,
    )
    announced = [{"subject": UNITS[2], "container": CARTON_1}, {"subject": CARTON_1, "container": CARTON_2}]
    state_document("asn", "ASN-0", [*announced, {"subject": CARTON_2}], now_ms=DAY - 4)
    if until_ms >= DAY + 3000:
        state_document("asn", "ASN-1", [{"subject": UNITS[1], "container": CARTON_1}], now_ms=DAY + 3000)


def in_batches(entries: list[Entry], order: list[int], sizes: list[int]) -> list[list[Entry]]:
    rest = [e for _, e in sorted(zip(order, entries, strict=False), key=lambda pair: pair[0])]
    batches = []
    for size in [*sizes, len(rest)]:
        batches.append(rest[:size])
        rest = rest[size:]
    return [b for b in batches if b]


SAME: dict[str, list[str]] = {"rebuilt": [], "in another order": []}


def check(database: Callable[[], str], drawn: list[Drawn], order: list[int], sizes: list[int]) -> dict[str, list[str]]:
    """What a rebuild of what came piecemeal changes, and what another order of arrival does.

    Args:
        database: URL of one with no row, each time.
    """
    history = entries_of(drawn)
    with site(database()):
        announce()
        for batch in in_batches(history, order, sizes):
            take_in(batch)
        piecemeal = folded()
        with writing() as c:
            rebuild(c, SITE, SUBJECTS, stamp(c))
        found = {"rebuilt": differences(piecemeal, folded())}
    with site(database()):
        announce()
        return found | {"in another order": differences(piecemeal, rebuilt(history))}


def in_memory() -> str:
    return "sqlite://"


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(drawn_scans, st.permutations(range(20)), st.lists(st.integers(1, 6), max_size=8))
def test_the_order_in_which_scans_arrive_does_not_change_what_is_known(
    drawn: list[Drawn], order: list[int], sizes: list[int]
) -> None:
    assert check(in_memory, drawn, order, sizes) == SAME


@pytest.mark.postgres
@settings(
    max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
)
@given(drawn_scans, st.permutations(range(20)), st.lists(st.integers(1, 6), max_size=8))
def test_neither_does_it_on_postgresql(
    emptied: Emptied, drawn: list[Drawn], order: list[int], sizes: list[int]
) -> None:
    assert check(emptied.url, drawn, order, sizes) == SAME


drawn_moves = st.lists(
    st.builds(
        Drawn,
        st.integers(1, 3),
        st.sampled_from(
            [
                "receive",
                "put_away",
                "move",
                "pick",
                "pack",
                "ship",
                "take_back",
                "inspect",
                "label_parcel",
                "unlink",
                "void",
            ]
        ),
        st.sampled_from([1, 2, 3, 4, SUBJECTS.index(PARCEL)]),
        st.integers(0, 2),
        st.integers(0, 1),
        st.just(0),
        st.integers(0, 20),
        st.just(1),
        st.integers(0, 12),
        st.just(500),
    ),
    min_size=2,
    max_size=14,
)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(drawn_moves, st.permutations(range(14)), st.lists(st.integers(1, 4), max_size=8))
def test_moves_of_cartons_and_scans_of_what_is_in_them_give_the_same_in_any_order(
    drawn: list[Drawn], order: list[int], sizes: list[int]
) -> None:
    assert check(in_memory, drawn, order, sizes) == SAME
