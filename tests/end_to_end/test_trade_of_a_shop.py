"""What a shop tracks in six ways, prints, sells through its channels and sends to its other shop; truth beside it."""

from __future__ import annotations

from collections import Counter, defaultdict

import sqlalchemy as sa

from server import inventory, sites
from server.database import reading, transact, writing
from server.ledger import history
from server.month.value import read_stock
from server.orders.progress import read_progress
from server.recalls import book as recalls
from server.recalls.account import progress
from server.recalls.asked import Asked
from server.recalls.reach import Where
from server.tables import unit_states
from server.transfers import book as transfers
from sync.identity import container_key, unit_key
from sync.labels import DEFAULT
from tests.server.printing.reading_back import keys_in, pages
from tests.server.running import sign_in
from tests.simulation.shop.catalogue import PRODUCTS
from tests.simulation.shop.fixture import Shop
from tests.simulation.shop.scene import DAY_MS
from tests.simulation.shop.stockroom import SITE
from tests.simulation.shop.truth import Sale, Truth

MODE_OF = {product.item: product.kind.mode for product in PRODUCTS}
SOLD_DAYS = 30


def sold_by_order(truth: Truth) -> dict[str, list[Sale]]:
    found: dict[str, list[Sale]] = defaultdict(list)
    for sale in truth.sales:
        found[sale.order].append(sale)
    return found


def test_units_lots_and_pieces_lie_side_by_side_and_what_left_in_one_carton_left_its_order(shop_year: Shop) -> None:
    truth = shop_year.truth
    sold = sold_by_order(truth)
    mixed = [order for order, sales in sold.items() if len({MODE_OF[sale.item] for sale in sales}) >= 3]
    assert len(mixed) >= 5
    with shop_year.open(), reading() as c:
        stock = read_stock(c, SITE, truth.months[-1].at_ms - 1)
        told = read_progress(c, SITE, mixed[-100:], truth.end_ms)
        here = Counter[str]()
        for item, worth in stock.by(lambda item, _: item).items():
            here[MODE_OF[item]] += worth.pieces
    booked = Counter[str]()
    for item, (pieces, _) in truth.months[-1].booked.items():
        booked[MODE_OF[item]] += pieces
    assert here == booked
    assert {"serial", "lot", "quantity"} <= here.keys()
    back = {(one.unit, one.order) for one in truth.returns}
    for number in mixed[-100:]:
        left = Counter[str]()
        for unit in told[number].units:
            left[unit.subject] += unit.quantity
        true = Counter[str]()
        for sale in sold[number]:
            true[sale.subject] += sale.quantity
        again = {sale.subject for sale in sold[number] if (sale.subject, number) in back}
        assert {s: n for s, n in left.items() if s not in again} == {s: n for s, n in true.items() if s not in again}


def test_a_bad_lot_is_found_on_the_shelf_and_at_each_customer_whether_units_or_pieces(shop_year: Shop) -> None:
    truth = shop_year.truth
    bad = [lot for key, lot in truth.lots.items() if lot.bad] or [
        max((lot for lot in truth.lots.values()), key=lambda lot: lot.received)
    ]
    units = {key for key, unit in truth.units.items() if f"{unit.item}/10/{unit.lot}" in truth.bad_lots}
    with shop_year.open():
        for number, lot in enumerate(bad, start=1):
            asked = Asked(number=f"RC-{number}", reason="spoilt", product=gtin(lot.item), lots=[lot.lot])
            begun = transact(
                lambda c, asked=asked: recalls.begin(  # type: ignore[misc]
                    c, site=SITE, asked=asked, operator="Quinn", now_ms=truth.end_ms
                )
            )
            with reading() as c:
                found = progress(c, begun, site=SITE, now_ms=truth.end_ms)
            sold = Counter[str]()
            for sale in truth.sales:
                sold[sale.order] += sale.quantity if sale.subject == f"{lot.item}/10/{lot.lot}" else 0
            reached = Counter[str]()
            for entry in found.entries:
                if entry.thing.where is Where.CUSTOMER:
                    reached[entry.thing.order or "?"] += entry.thing.quantity
            assert reached == +sold
            here = sum(e.thing.quantity for e in found.entries if e.thing.where is not Where.CUSTOMER)
            assert here == lot.received - sum(sold.values()) - stolen(truth, lot.item, lot.lot)
        if units:
            (name,) = {(truth.units[unit].item, truth.units[unit].lot) for unit in units}
            asked = Asked(number="RC-U", reason="battery", product=gtin(name[0]), lots=[str(name[1])])
            begun = transact(lambda c: recalls.begin(c, site=SITE, asked=asked, operator="Quinn", now_ms=truth.end_ms))
            with reading() as c:
                found = progress(c, begun, site=SITE, now_ms=truth.end_ms)
            assert {e.thing.subject for e in found.entries if e.thing.sure and e.thing.state is not None} == units
            at_customers = {e.thing.subject: e.thing.order for e in found.entries if e.thing.where is Where.CUSTOMER}
            theirs = {u: sale.order for u, sale in truth.with_customers().items() if u in units}
            assert at_customers == theirs


def gtin(item: str) -> str:
    return item.rpartition("/")[2]


def stolen(truth: Truth, item: str, lot: str) -> int:
    """Pieces of a lot that a count has missed: the records have them no longer."""
    return sum(one.quantity for one in truth.losses if one.subject == f"{item}/10/{lot}" and one.missed_ms)


def test_mugs_get_plates_while_they_are_in_stock_and_no_trail_ends(shop_year: Shop) -> None:
    truth = shop_year.truth
    mug = next(product for product in PRODUCTS if product.name == "Mug")
    with shop_year.open(now_ms=truth.end_ms + DAY_MS) as app:
        owner = sign_in(app, "Omar")
        with reading() as c:
            before = len(history(c, SITE, [mug.item])[mug.item])
            lying = {row["place"]: row["quantity"] for row in inventory.levels(c, SITE, item=mug.item)}
        pieces, _ = truth.months[-1].booked[mug.item] if truth.months[-1].at_ms == truth.end_ms else (None, None)
        assert pieces is None or sum(lying.values()) == pieces
        number = owner.post("/api/v1/mode-changes", json={"item": mug.item, "mode": "lpn"}).get_json()["number"]
        walk = shop_year.visitor("Priya")
        plates: list[str] = []
        for bin_, quantity in lying.items():
            for _ in range(quantity):
                plate = unit_key(mug.gtin, f"LPN{len(plates) + 1:08d}")
                walk.scan("tell_apart", plate, location=bin_, document=number)
                plates.append(plate)
        walk.hand.send(walk.now_ms + 60_000)
        closed = owner.post(f"/api/v1/mode-changes/{number}/close", json={})
        assert closed.status_code == 200, closed.text
        with reading() as c:
            assert not [row for row in inventory.levels(c, SITE, item=mug.item) if row["quantity"]]
            u = unit_states.c
            stored = set(c.execute(sa.select(u.unit).where(u.unit.in_(plates), u.status == "stored")).scalars())
            assert len(history(c, SITE, [mug.item])[mug.item]) >= before
            assert inventory.on_hand(c, SITE)[mug.item] == len(plates)
    assert stored == set(plates)


def test_labels_of_the_shops_units_cartons_and_bins_read_back(shop_year: Shop) -> None:
    truth = shop_year.truth
    with shop_year.open() as app:
        sam = sign_in(app, "Sam")
        with reading() as c:
            u = unit_states.c
            stored = sa.select(u.unit).where(u.status == "stored", u.unit.contains("/21/")).order_by(u.unit)
            units = [unit for unit in c.execute(stored).scalars() if unit in truth.units]
        units = units[:: max(1, len(units) // 24)][:20]
        cartons = [order.carton for order in truth.orders.values() if order.carton][:4]
        wish = {"what": "named", "names": [*units, *cartons], "medium": "a4-3x8"}
        answer = sam.post("/api/v1/labels", json=wish)
        assert answer.status_code == 200, answer.text
        read = [key for page in pages(answer.data) for key in keys_in(page, DEFAULT)]
        bins = sam.post("/api/v1/labels", json={"what": "bins", "names": ["A-01", "V-02"], "medium": "a4-3x8"})
        places = [key.rpartition("/")[2] for page in pages(bins.data) for key in keys_in(page, DEFAULT)]
        again = sam.post("/api/v1/labels", json=wish)
        jobs = sam.get("/api/v1/labels").get_json()["jobs"]
    assert Counter(read) == Counter([*units, *cartons])
    assert sorted(places) == ["A-01", "V-02"]
    assert again.status_code == 200
    assert sorted(job["again"] for job in jobs) == [0, 0, 24], "printed once more, and told so"


def test_each_channel_sold_what_it_truly_sold_and_the_invoice_has_the_serials(shop_year: Shop) -> None:
    truth = shop_year.truth
    since_ms = truth.end_ms - SOLD_DAYS * DAY_MS
    sold = Counter[str]()
    for sale in truth.sales:
        sold[sale.channel] += sale.quantity if sale.at_ms >= since_ms else 0
    by_order = sold_by_order(truth)
    back = {one.unit for one in truth.returns}
    of_units = [
        n for n, sales in by_order.items() if all(s.subject in truth.units and s.subject not in back for s in sales)
    ]
    with shop_year.open() as app:
        owner = sign_in(app, "Omar")
        channels = {one["name"]: one["sold"] for one in owner.get("/api/v1/channels").get_json()["channels"]}
        page = owner.get("/channels").text
        for number in of_units[:: max(1, len(of_units) // 40)]:
            rows = owner.get(f"/exports/order_units.json?number={number}").get_json()
            true = {(truth.units[s.subject].serial, truth.orders[number].channel) for s in by_order[number]}
            assert {(row["serial"], row["channel"]) for row in rows} == true
    assert channels == dict(sold)
    assert all(f"{pieces:,}" in page for pieces in sold.values())


def test_what_goes_to_the_other_shop_leaves_here_and_arrives_there(shop_year: Shop) -> None:
    truth = shop_year.truth
    shirt = next(product for product in PRODUCTS if product.name == "Cotton shirt")
    with shop_year.open(now_ms=truth.end_ms + DAY_MS):
        with writing() as c:
            sites.add_site(c, code="north", name="North", company_prefix=None, beside=SITE, operator="Omar",
                           now_ms=truth.end_ms)  # fmt: skip
        with reading() as c:
            u = unit_states.c
            stored = sa.select(u.unit, u.place).where(u.item == shirt.item, u.status == "stored", u.held.is_(None))
            rows = c.execute(stored.order_by(u.unit).limit(5)).all()
            had = inventory.on_hand(c, SITE)[shirt.item]
        number = transfers.create(site=SITE, to="north", lines=[(shirt.gtin, 5)], operator="Omar", now_ms=truth.end_ms)
        carton = container_key("389010099999999993")
        walk = shop_year.visitor("Ravi")
        for unit, bin_ in rows:
            walk.scan("pick", unit, location=bin_, document=number)
        for unit, _ in rows:
            walk.scan("pack", unit, container=carton, document=number)
        walk.scan("ship", carton, document=number)
        walk.hand.send(walk.now_ms + 60_000)
        with reading() as c:
            ((here,), _) = transfers.list_transfers(c, SITE, truth.end_ms + DAY_MS)
            ((there,), _) = transfers.list_transfers(c, "north", truth.end_ms + DAY_MS)
            left = inventory.on_hand(c, SITE)[shirt.item]
            t = unit_states.c
            coming = sa.select(t.unit).where(t.site == "north", t.status == "announced", t.unit.contains("/21/"))
            announced = set(c.execute(coming).scalars())
    assert (here.state, here.in_transit) == (there.state, there.in_transit) == ("on its way", 5)
    assert left == had - 5
    assert announced == {unit for unit, _ in rows}
