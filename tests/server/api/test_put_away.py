"""The bin that the server suggests."""

from __future__ import annotations

from tests.handheld import BIN_B, CABLE, DOCK, PHONE, unit
from tests.server.running import Handheld, Person


def test_what_is_received_goes_where_the_same_product_is(handheld: Handheld, supervisor: Person) -> None:
    assert supervisor.get(f"/api/v1/put-away/{PHONE}").get_json() == {"place": None, "why": None}
    handheld.scan("put_away", unit("A1"), location=BIN_B)
    handheld.scan("receive", unit("A2"), location=DOCK)
    handheld.scan("receive", CABLE, location=BIN_B, quantity=5)
    handheld.push()
    for key in (unit("A2"), CABLE):
        found = supervisor.get(f"/api/v1/put-away/{key}").get_json()
        assert found == {"place": BIN_B, "why": "same_item"}
