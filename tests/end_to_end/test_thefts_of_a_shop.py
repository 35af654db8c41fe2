"""What was stolen in a shop's year is reported, and flagged wherever it is scanned again; truth beside it."""

from __future__ import annotations

from random import Random

import sqlalchemy as sa

from server import sites
from server.database import reading, writing
from server.month.report import day_of
from server.tables import cases
from tests.server.running import sign_in
from tests.simulation.shop.fixture import Shop
from tests.simulation.shop.hand import Hand
from tests.simulation.shop.scene import DAY_MS, Walk
from tests.simulation.shop.stockroom import SITE, place
from tests.simulation.shop.truth import Truth

RETURNS, DOCK = place("RETURNS"), place("DOCK")


def stolen_units(truth: Truth) -> list[str]:
    """What somebody took, a count missed, and nobody has."""
    losses = (one for one in truth.losses if one.how == "stolen" and one.subject in truth.units)
    return sorted({one.subject for one in losses if one.missed_ms and not one.found_ms})


def told(site: str) -> dict[str, str]:
    """Unit -> how its case of a theft stands at a site."""
    with reading() as c:
        t = cases.c
        return dict(c.execute(sa.select(t.unit, t.status).where(t.site == site, t.rule == "stolen")).all())


def test_what_was_stolen_is_flagged_wherever_it_is_scanned_until_it_is_found(simulated_shop: Shop) -> None:
    truth = simulated_shop.truth
    gone = stolen_units(truth)
    brought, at_the_other_shop, *never_seen = gone
    honest = max(truth.with_customers().values(), key=lambda sale: sale.at_ms)
    with simulated_shop.open(now_ms=truth.end_ms + DAY_MS) as app:
        with writing() as c:
            sites.add_site(c, code="north", name="North", company_prefix=None, beside=SITE, operator="Omar",
                           now_ms=truth.end_ms)  # fmt: skip
        sam, clerk = sign_in(app, "Sam"), sign_in(app, "Meera")
        assert told(SITE) == {}
        wish = {"reason": "gone from the cage", "reference": "77/26", "serials": gone, "since": day_of(truth.end_ms)}
        answer = sam.post("/api/v1/stolen", json=wish)
        assert answer.status_code == 201, answer.text
        number = answer.get_json()["number"]

        desk = simulated_shop.visitor("Meera")
        for unit in (brought, honest.subject):
            desk.scan("take_back", unit, location=RETURNS, document=honest.order, reason="fit")
        desk.hand.send(desk.now_ms + 60_000)
        north = Walk(Hand("north's", "north", Random("north"), truth.end_ms), "Ravi", truth.end_ms)
        north.scan("receive", at_the_other_shop, location=DOCK)
        north.hand.send(north.now_ms + 60_000)

        assert (told(SITE), told("north")) == ({brought: "open"}, {at_the_other_shop: "open"})
        restocked = clerk.post(
            "/api/v1/returns/decide", json={"unit": brought, "decision": "restock", "reason": "looks fine"}
        )
        assert restocked.status_code == 409, "a stolen thing does not go back on the shelf"
        seen = sam.get(f"/api/v1/stolen/{number}").get_json()["sightings"]
        assert {(one["site"], one["unit"], one.get("operator")) for one in seen} == {
            (SITE, brought, "Meera"),
            ("north", at_the_other_shop, None),  # Sam is not let into it
        }
        page = sam.get("/stolen").text
        assert truth.units[brought].serial in page

        found = {"subjects": [brought], "reason": "the buyer brought it back"}
        assert sam.post(f"/api/v1/stolen/{number}/found", json=found).status_code == 200
        things = sam.get(f"/api/v1/stolen/{number}").get_json()["things"]
        assert {one["subject"] for one in things if one["found_ms"] is None} == {at_the_other_shop, *never_seen}
        assert (told(SITE)[brought], told("north")[at_the_other_shop]) == ("explained", "open")
