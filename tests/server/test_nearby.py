"""Where things are now is told by the stored rows, and by whole histories only where these cannot say it."""

from __future__ import annotations

from server import nearby
from server.database import reading
from server.surroundings import containers_at
from server.unit_rows import states_of
from tests.handheld import BIN_A, BIN_B, CARTON_1, CARTON_2, DAY, Chain, unit
from tests.server.site import SITE, enrol, push

A1, PALLET = unit("A1"), CARTON_2


def test_what_is_in_a_carton_on_a_pallet_is_where_the_pallet_was_taken(warehouse: str) -> None:
    enrol(1)
    chain = Chain(1)
    chain.scan(DAY, "pack", A1, container=CARTON_1)
    chain.scan(DAY + 1_000, "pack", CARTON_1, container=PALLET)
    chain.scan(DAY + 2_000, "put_away", PALLET, location=BIN_A)
    chain.scan(DAY + 60_000, "move", PALLET, location=BIN_B)
    push(chain, now_ms=DAY + 90_000)
    with reading() as c:
        own = states_of(c, SITE, [A1, CARTON_1])
        for now_ms, place in ((DAY + 90_000, BIN_B), (DAY + 30_000, BIN_A)):
            told = nearby.movements_of(c, SITE, own.values(), now_ms)
            replayed = containers_at(c, SITE, {CARTON_1, PALLET})
            for state in own.values():
                assert told.carried(state, now_ms) == replayed.carried(state, now_ms)
                assert told.locate(state.place, now_ms) == replayed.locate(state.place, now_ms) == place
