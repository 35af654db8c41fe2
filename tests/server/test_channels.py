"""Stock and sales by channel, and the serial and lot numbers that an order's export carries."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from server import exports
from server.channels import Channel, read_channels
from server.database import reading, writing
from server.sites import add_site
from server.transfers.book import list_transfers
from server.warranty.answer import ask
from sync.identity import container_key, item_key, unit_key
from sync.warranty import Claim
from tests.handheld import Chain
from tests.server.office import LAMP, LOCATIONS, NOW, PEN, PRODUCTS, SITE, office, problems, take
from tests.server.site import enrol, push

STOCK = f"gtin,serial,quantity,location\n{LAMP},L1,,A-01\n{LAMP},L2,,A-01\n{PEN},,40,A-02\n"
ORDERS = {
    "SO-1": f"number,gtin,quantity,channel\nSO-1,{LAMP},1,web\nSO-1,{PEN},5,web\n",
    "SO-2": f"number,gtin,quantity,channel\nSO-2,{PEN},3,shop\n",
    "SO-3": f"number,gtin,quantity\nSO-3,{PEN},2\n",
    "TRANSFER-1": f"number,gtin,quantity,to_site\nTRANSFER-1,{PEN},4,north\nTRANSFER-1,{LAMP},1,north\n",
}
BIN = "https://warehouse.example/414/main/254/A-01"
PENS = BIN.replace("A-01", "A-02")
CARTON = container_key("106141412345678991")


@pytest.fixture
def sold(database_url: str, tmp_path: Path) -> Iterator[Flask]:
    """One lamp was sent for the web's order, and one to our own other site."""
    with office(database_url, tmp_path) as app:
        with writing() as c:
            add_site(c, code="north", name="North", company_prefix=None, beside=SITE, operator=None, now_ms=NOW)
        for kind, content in (("products", PRODUCTS), ("locations", LOCATIONS), ("stock", STOCK)):
            take(kind, content)
        for content in ORDERS.values():
            take("order", content)
        chain = Chain(7, boot_at_ms=NOW - 3_000_000)
        enrol(7, enrolled_ms=NOW - 9_000_000)
        lamp = unit_key(LAMP, "L1")
        chain.scan(NOW + 60_000, "pick", lamp, location=BIN, document="SO-1")
        chain.scan(NOW + 120_000, "pack", lamp, container=CARTON, location=BIN, document="SO-1")
        chain.scan(NOW + 180_000, "ship", CARTON, location=BIN, document="SO-1")
        other, away = unit_key(LAMP, "L2"), container_key("106141412345679004")
        chain.scan(NOW + 190_000, "pick", other, location=BIN, document="TRANSFER-1")
        chain.scan(NOW + 200_000, "pack", other, container=away, location=BIN, document="TRANSFER-1")
        chain.scan(NOW + 210_000, "ship", away, location=BIN, document="TRANSFER-1")
        chain.scan(NOW + 220_000, "pick", item_key(PEN), quantity=2, location=PENS, document="SO-1")
        push(chain, now_ms=NOW + 240_000)
        yield app


def found(item: str | None = None) -> list[Channel]:
    with reading() as c:
        return read_channels(c, SITE, NOW + 300_000, item)


def test_each_channel_keeps_what_its_open_orders_ask_for_and_has_what_left(sold: Flask) -> None:
    assert found() == [
        Channel(name="web", orders=1, reserved=5, to_pick=3, sold=1),
        Channel(name="transfer to north", orders=1, reserved=4, to_pick=4, sold=0),
        Channel(name="shop", orders=1, reserved=3, to_pick=3, sold=0),
        Channel(name="", orders=1, reserved=2, to_pick=2, sold=0),
    ]
    assert found(item_key(LAMP)) == [Channel(name="web", orders=0, reserved=0, to_pick=0, sold=1)], (
        "a transfer is no sale"
    )


def test_an_orders_export_has_serial_numbers_for_the_invoice(sold: Flask) -> None:
    with reading() as c:
        listing = exports.listings()["order_units"]
        (row,) = (one for one in listing.rows(c, SITE, {"number": "SO-1"}) if one["container"])
    assert (row["serial"], row["channel"], row["product"], row["container"], row["quantity"]) == (
        "L1",
        "web",
        "Lamp",
        "106141412345678991",
        1,
    )


def test_a_carton_that_two_people_hand_over_is_announced_to_the_other_site_once(sold: Flask) -> None:
    again = Chain(8, boot_at_ms=NOW - 3_000_000)
    enrol(8, enrolled_ms=NOW - 9_000_000)
    carton = container_key("106141412345679004")
    again.scan(NOW + 230_000, "ship", carton, location=BIN, document="TRANSFER-1")
    push(again, now_ms=NOW + 250_000)
    with reading() as c:
        ((transfer,), _) = list_transfers(c, "north", NOW + 300_000)
    assert (transfer.notices, transfer.in_transit) == (("TRANSFER-1",), 1)


def test_what_comes_back_and_is_sent_to_the_same_site_again_is_announced_there_again(sold: Flask) -> None:
    take("order", f"number,gtin,quantity,to_site\nTRANSFER-2,{LAMP},1,north\n")
    chain = Chain(8, boot_at_ms=NOW - 3_000_000)
    enrol(8, enrolled_ms=NOW - 9_000_000)
    lamp, carton = unit_key(LAMP, "L2"), container_key("106141412345679004")
    chain.scan(NOW + 230_000, "receive", carton, location=BIN)
    chain.scan(NOW + 231_000, "unpack", lamp, origin=carton, location=BIN)
    chain.scan(NOW + 240_000, "pick", lamp, location=BIN, document="TRANSFER-2")
    chain.scan(NOW + 241_000, "pack", lamp, container=carton, location=BIN, document="TRANSFER-2")
    chain.scan(NOW + 242_000, "ship", carton, location=BIN, document="TRANSFER-2")
    push(chain, now_ms=NOW + 250_000)
    with reading() as c:
        (first, second), _ = list_transfers(c, "north", NOW + 300_000)
    assert (first.notices, second.notices) == (("TRANSFER-1",), ("TRANSFER-2",))


def test_one_sites_transfers_do_not_crowd_out_those_of_another(sold: Flask) -> None:
    with writing() as c:
        for code in ("south", "east"):
            add_site(c, code=code, name=code, company_prefix=None, beside=SITE, operator=None, now_ms=NOW)
    for n in (2, 3):
        take("order", f"number,gtin,quantity,to_site\nTRANSFER-{n},{PEN},1,south\n")
    with reading() as c:
        found, following = list_transfers(c, "north", NOW + 300_000, limit=1)
    assert ([one.number for one in found], following) == (["TRANSFER-1"], None)


def test_an_imported_transfer_that_no_list_would_show_is_refused_with_a_sentence(sold: Flask) -> None:
    [problem] = problems("order", f"number,gtin,quantity,to_site\nSO-9,{LAMP},1,north\n")
    assert problem.endswith("It goes to another site: the number of a transfer begins with TRANSFER-.")


def test_what_went_to_another_site_of_ours_was_not_sold_and_is_under_nobodys_warranty(sold: Flask) -> None:
    with reading() as c:
        claims = [ask(c, SITE, unit_key(LAMP, serial), NOW + 300_000).answer.claim for serial in ("L1", "L2")]
    assert claims == [Claim.NO_TERMS, Claim.NOT_SOLD]
