"""Customers' orders: placed through several channels, picked and packed by two shifts, handed to the carrier."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from sync.identity import container_key
from tests.simulation.shop import inbound
from tests.simulation.shop.catalogue import PRODUCTS, Product
from tests.simulation.shop.desk import may_come_back
from tests.simulation.shop.scene import Scene, Walk
from tests.simulation.shop.staff import CLERK, PORTER, Shift
from tests.simulation.shop.stockroom import place
from tests.simulation.shop.truth import Order, Sale

CHANNELS: Final = {"shop": 0.25, "web": 0.5, "marketplace": 0.25}
CUSTOMERS: Final = 900
LINES_MAX: Final = 20
UNDELIVERED: Final = 0.012
"""Of the parcels; about 1 in 100 home deliveries fails for good. Assumed."""
GATE = place("GATE")


@dataclass(kw_only=True)
class Basket:
    """What one customer ordered."""

    order: Order
    wanted: list[tuple[Product, int]]
    unit: str | None = None
    """Made for this order."""
    packed: list[tuple[str, int]] = field(default_factory=list)
    """Subject and pieces."""


def places_orders(scene: Scene) -> tuple[list[Basket], list[Basket]]:
    """Today's orders, taken in: those for the early shift, and those of the evening, which hold units alone."""
    wants: list[Product] = []
    for product in PRODUCTS:
        asked = scene.poisson(product.demand(scene.day) * scene.scale)
        if product.kind.mode == "serial":
            asked = min(asked, len(scene.stock.free[product.item]))
        wants += [product] * asked
    scene.rng.shuffle(wants)
    evening = [p for n, p in enumerate(wants) if p.kind.mode == "serial" and n % 2]
    morning = [p for n, p in enumerate(wants) if p.kind.mode != "serial" or not n % 2]
    early, late = _baskets(scene, morning), _baskets(scene, evening)
    rows = [row for basket in early + late for row in _rows(basket)]
    if rows:
        scene.papers.imports("order", rows, scene.at(6.0))
    return [basket for basket in early if basket.unit is None], late


def _baskets(scene: Scene, wants: list[Product]) -> list[Basket]:
    baskets: list[Basket] = []
    while wants:
        size = scene.rng.randint(1, LINES_MAX)
        mine, wants = wants[:size], wants[size:]
        lines = {p.item: (p, mine.count(p)) for p in mine if p.kind.mode != "made_to_order"}
        if lines:
            baskets.append(_basket(scene, list(lines.values())))
        baskets += [_bespoke(scene, p) for p in mine if p.kind.mode == "made_to_order"]
    return baskets


def _basket(scene: Scene, wanted: list[tuple[Product, int]], unit: str | None = None) -> Basket:
    rng, truth = scene.rng, scene.truth
    (channel,) = rng.choices(list(CHANNELS), list(CHANNELS.values()))
    number = f"SO-{len(truth.orders) + 1:05d}"
    customer = f"Customer {int(CUSTOMERS * rng.random() ** 2) + 1}"
    truth.orders[number] = Order(number=number, customer=customer, channel=channel, at_ms=scene.at(6.0))
    return Basket(order=truth.orders[number], wanted=wanted, unit=unit)


def _bespoke(scene: Scene, product: Product) -> Basket:
    serial = scene.purchasing.serial(product)
    basket = _basket(scene, [], unit=f"{product.item}/21/{serial}")
    scene.purchasing.bespoke.append((product, serial, basket.order.number))
    return basket


def _rows(basket: Basket) -> list[dict[str, object]]:
    order = basket.order
    head: dict[str, object] = {"number": order.number, "channel": order.channel, "customer": order.customer}
    head["customer_key"] = f"C-{order.customer[9:]}"
    head["address"] = f"{order.customer[9:]} High Street"
    if basket.unit is not None:
        item, _, serial = basket.unit.partition("/21/")
        return [head | {"gtin": item.rpartition("/")[2], "serial": serial}]
    return [head | {"gtin": product.gtin, "quantity": quantity} for product, quantity in basket.wanted]


def ships(scene: Scene, shift: Shift, hand: str, baskets: list[Basket], starts: float) -> None:
    """One shift picks, packs and hands over these orders."""
    if not baskets:
        return
    first, second = (scene.walk(hand, name, starts) for name in shift.pickers)
    for basket in baskets:
        for walk in (first, second):
            walk.now_ms = max(first.now_ms, second.now_ms)
            _picks(scene, walk, shift, basket)
    for basket in baskets:
        second.now_ms = max(first.now_ms, second.now_ms)
        if basket.packed:
            _packs(scene, second, basket)
    for basket in baskets:
        if basket.packed:
            _hands_over(scene, second, basket)


def _picks(scene: Scene, walk: Walk, shift: Shift, basket: Basket) -> None:
    """What this picker has charge of."""
    number = basket.order.number
    for product, quantity in basket.wanted:
        if shift.picks_in(product.kind.zone) != walk.operator:
            continue
        if product.kind.mode != "serial":
            _picks_pieces(scene, walk, basket, product, quantity)
            continue
        for _ in range(quantity):
            unit = scene.stock.takes(product.item)
            if unit is None:
                said = {"document": number, "quantity": 1, "reason": "none there"}
                walk.scan("short_pick", product.item, **said)
                continue
            walk.scan("pick", unit, location=scene.stock.booked[unit], document=number)
            basket.packed.append((unit, 1))
    if basket.unit is not None and shift.picks_in("X") == walk.operator:
        walk.scan("pick", basket.unit, location=scene.stock.booked[basket.unit], document=number)
        basket.packed.append((basket.unit, 1))


def _picks_pieces(scene: Scene, walk: Walk, basket: Basket, product: Product, quantity: int) -> None:
    for subject, where, there in scene.stock.pieces_of(product):
        taken = min(quantity, there)
        if taken:
            said = {"location": where, "document": basket.order.number, "quantity": taken}
            walk.scan("pick", subject, **said)
            scene.stock.adds(subject, where, -taken)
            basket.packed.append((subject, taken))
            quantity -= taken


def _packs(scene: Scene, walk: Walk, basket: Basket) -> None:
    order = basket.order
    order.carton = container_key(scene.purchasing.carton())
    for subject, quantity in basket.packed:
        said = {} if subject in scene.truth.units else {"quantity": quantity}
        walk.scan("pack", subject, container=order.carton, document=order.number, **said)
    walk.scan("close_carton", order.carton, document=order.number, location=place("PACK"))


def _hands_over(scene: Scene, walk: Walk, basket: Basket) -> None:
    order = basket.order
    walk.scan("ship", order.carton, document=order.number, location=GATE)
    order.shipped_ms = walk.now_ms
    for subject, _ in basket.packed:
        scene.stock.leaves(subject)
    order.undelivered = scene.rng.random() < UNDELIVERED
    if order.undelivered:
        scene.later(scene.rng.randint(5, 11), lambda: _comes_back(scene, basket), noon=True)
    else:
        _is_sold(scene, basket)


def _is_sold(scene: Scene, basket: Basket) -> None:
    order = basket.order
    for subject, quantity in basket.packed:
        unit = scene.truth.units.get(subject)
        lot = scene.truth.lots.get(subject)
        item = unit.item if unit else lot.item if lot else subject
        sale = Sale(
            subject=subject,
            item=item,
            order=order.number,
            customer=order.customer,
            channel=order.channel,
            at_ms=order.shipped_ms or 0,
            quantity=quantity,
        )
        scene.truth.sales.append(sale)
        if unit is not None:
            may_come_back(scene, sale)


def _comes_back(scene: Scene, basket: Basket) -> None:
    """The carrier brings the parcel back; what is in it goes to its bins again."""
    walk = scene.walk("desk", CLERK, 11.0)
    carton, returns = basket.order.carton, place("RETURNS")
    walk.scan("parcel_back", carton, location=returns, reason="address unknown", document=basket.order.number)
    walk.operator = PORTER
    for turn, (subject, quantity) in enumerate(basket.packed):
        said = {} if subject in scene.truth.units else {"quantity": quantity}
        unit = scene.truth.units.get(subject)
        item = unit.item if unit else scene.truth.lots[subject].item if subject in scene.truth.lots else subject
        where = scene.stock.home(item, scene.day + turn)
        walk.scan("unpack", subject, location=returns, **said, **({"origin": carton} if said else {}))
        walk.scan("put_away", subject, location=where, **said, **({"origin": returns} if said else {}))
        if unit is not None:
            scene.stock.puts(subject, where)
        else:
            scene.stock.adds(subject, where, quantity)


def arrived_bespoke(scene: Scene, deliveries: list[inbound.Delivery]) -> list[Basket]:
    """Orders whose made-to-order unit came in today."""
    lines = [line for delivery in deliveries for line in delivery.lines if line.made_for]
    return [Basket(order=scene.truth.orders[str(line.made_for)], wanted=[], unit=line.subject) for line in lines]
