"""A handheld is sent no expectations for bins that it may count blind, and skips nothing when they are revealed."""

from __future__ import annotations

import json
from threading import Thread
from typing import Any

import pytest
import sqlalchemy as sa
from flask import current_app

from server.changes import pull
from server.counts import closing
from server.counts.plan import Share
from server.database import reading, writing
from server.ingest import ingest
from server.tables import devices
from sync.unit import NOT_TOLD
from tests.handheld import BIN_A, BIN_B, CABLE, CARTON_1, DAY, Chain, unit
from tests.server.counting import NOW, Counting, begin, close
from tests.server.site import SITE, enrol, push, state_document

A1, B1, IN_CARTON = unit("A1"), unit("B1"), unit("C1")
Known = dict[tuple[str, str], Any]


class Puller:
    """What one handheld knows, three rows at a time."""

    def __init__(self, device_no: int) -> None:
        self.device_no, self.sent = device_no, 0
        self.cursor: str | None = None
        self.known: Known = {}

    def __call__(self) -> dict[str, Any]:
        more = True
        while more:
            with reading() as c:
                rows, self.cursor, more = pull(c, SITE, self.cursor, 3, device_no=self.device_no)
            self.sent += len(rows)
            self.known |= {(kind, key): row for kind, key, row in rows}
        return {key: row for (kind, key), row in self.known.items() if kind == "unit"}


@pytest.fixture
def handhelds(warehouse: str) -> tuple[Puller, Puller]:
    """Two handhelds that know what lies in A and B; a carton stands in A."""
    rows = [{"subject": A1, "location": BIN_A}, {"subject": B1, "location": BIN_B}]
    state_document("stock", "STOCK", [*rows, {"subject": IN_CARTON, "container": CARTON_1}], now_ms=DAY - 100_000)
    enrol(1)
    enrol(2)
    chain = Chain(1)
    chain.scan(DAY - 60_000, "move", CARTON_1, location=BIN_A)
    push(chain, now_ms=NOW)
    pullers = Puller(1), Puller(2)
    for puller in pullers:
        puller()
    return pullers


def test_nobody_is_told_what_lies_in_a_blind_bin_until_it_is_closed(handhelds: tuple[Puller, Puller]) -> None:
    begin("CC-1", BIN_A, blind=True)
    for puller in handhelds:
        units = puller()
        assert BIN_A not in json.dumps(list(units.values()))
        assert units[A1][:3] == ["stored", NOT_TOLD, NOT_TOLD]
        assert units[B1][1] == BIN_B
    chain = Chain(2)
    Counting(chain)(BIN_A, A1, B1)
    push(chain, now_ms=NOW)
    assert BIN_A not in json.dumps(list(handhelds[0]().values())), "what was scanned there says nothing of it either"
    close()
    units = handhelds[0]()
    assert (units[A1][1], units[CARTON_1][2]) == (BIN_A, BIN_A)
    before = handhelds[0].sent
    handhelds[0]()
    assert handhelds[0].sent == before, "everything is told once"


def test_a_bin_that_is_one_handhelds_is_hidden_from_that_one_alone(handhelds: tuple[Puller, Puller]) -> None:
    begin("CC-1", BIN_A, BIN_B, shares=[Share(place=BIN_A, device_no=1, blind=True), Share(place=BIN_B)])
    mine, other = handhelds[0](), handhelds[1]()
    assert (mine[A1][1], other[A1][1], mine[B1][1]) == (NOT_TOLD, BIN_A, BIN_B)


def test_a_handheld_that_is_enrolled_during_a_blind_count_is_not_told_either(handhelds: tuple[Puller, Puller]) -> None:
    begin("CC-1", BIN_A, blind=True)
    assert Puller(3)()[A1][1] == NOT_TOLD
    with writing() as c:
        closing.cancel(c, site=SITE, number="CC-1", operator="Sam", note="mistake", now_ms=NOW)
    assert handhelds[0]()[A1][1] == BIN_A


def test_what_is_put_into_a_blind_bin_meanwhile_is_told_when_it_is_closed(handhelds: tuple[Puller, Puller]) -> None:
    begin("CC-1", BIN_A, blind=True)
    chain = Chain(2)
    Counting(chain)(BIN_A, A1)
    chain.scan(DAY + 900_000, "put_away", unit("NEW"), location=BIN_A)
    push(chain, now_ms=NOW)
    assert handhelds[0]()[unit("NEW")][1] == NOT_TOLD
    close()
    assert handhelds[0]()[unit("NEW")][1] == BIN_A


def test_a_row_that_is_being_written_while_a_blind_count_is_closed_is_told_afterwards(
    handhelds: tuple[Puller, Puller],
) -> None:
    begin("CC-1", BIN_A, blind=True)
    chain = Chain(2)
    Counting(chain)(BIN_A, A1)
    push(chain, now_ms=NOW)
    chain.scan(DAY + 900_000, "put_away", unit("NEW"), location=BIN_A)
    head, lines = chain.push(len(chain.lines), len(chain.lines), now_ms=NOW)
    app = current_app._get_current_object()  # type: ignore[attr-defined]  # a proxy means another thing in a thread

    def close_it() -> None:
        with app.app_context():
            close()

    closing_it = Thread(target=close_it)
    with writing() as c:
        device = c.execute(sa.select(devices).where(devices.c.device_no == 2)).mappings().one()
        ingest(c, device, head, lines, now_ms=NOW)
        closing_it.start()
        closing_it.join(0.3)
        assert closing_it.is_alive(), "whoever closes waits until nobody else writes"
    closing_it.join()
    assert handhelds[0]()[unit("NEW")][1] == BIN_A


def test_pieces_in_a_bin_that_is_counted_blind_are_forgotten_and_told_again_afterwards(
    handhelds: tuple[Puller, Puller],
) -> None:
    rows = [{"subject": CABLE, "location": place, "quantity": 5} for place in (BIN_A, BIN_B)]
    state_document("stock", "CABLES", rows, now_ms=DAY - 90_000)
    in_a, in_b = (("stock", f"{CABLE} {place}") for place in (BIN_A, BIN_B))
    one, _ = handhelds
    one()
    assert (one.known[in_a][0], one.known[in_b][0]) == (5, 5)
    begin("CC-1", BIN_A, blind=True)
    one()
    assert ("stock", f"* {BIN_A}") in one.known
    fresh = Puller(3)
    fresh()
    assert in_a not in fresh.known
    assert fresh.known[in_b][0] == 5
    with writing() as c:
        closing.cancel(c, site=SITE, number="CC-1", operator="Sam", note="another day", now_ms=NOW)
    one.known.clear()
    one()
    assert one.known[in_a][0] == 5
