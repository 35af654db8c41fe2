"""Orders: the list, one order with its lines and parcels, cancelling, and the packing slip of a carton."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import sqlalchemy as sa
from flask import flash, redirect, render_template, request, url_for
from markupsafe import Markup
from werkzeug import Response

from server import context, site_codes
from server.database import reading, transact
from server.errors import Refusal
from server.orders import cancelling, parcels, progress, to_do
from server.orders.book import read_said
from server.orders.cancelling import OrderError
from server.orders.to_do import Step
from server.parties import parties
from server.people import requires, signed_in
from server.printing.content import PrintError
from server.printing.svg import symbol_of
from server.printing.symbol import Carrier
from server.roles import Task
from server.web.navigation import Entry, Group
from server.web.pages import blueprint, last_seen, linked_names
from sync.identity import item_of, split_key

NAV = Entry("Orders", "web.orders", Group.WORK, order=40)

PAGE: Final = 50
LISTED_MAX: Final = 200
"""Orders that wait for something, on one page."""
ANYTHING: Final = "anything"
TO_DO: Final = {
    "": "all",
    ANYTHING: "anything to do",
    Step.PICK.value: "to pick",
    Step.PACK.value: "to pack",
    Step.SHIP.value: "to hand over",
    Step.PUT_BACK.value: "to put back",
}
STANDINGS: Final = {
    "open": "not begun",
    "begun": "being picked",
    "picked": "to be packed",
    "packed": "to be shipped",
    "shipped": "shipped",
    "short": "shipped short",
    "cancelled": "cancelled",
}


@blueprint.get("/orders")
@requires(Task.LOOK)
def orders() -> str:
    """Every order, the latest first, with how far it is; of `?todo=` what waits for it, by whose turn it is."""
    (after, seen), site, now_ms = last_seen("orders"), signed_in().site, context.now_ms()
    chosen = asked if (asked := request.args.get("todo", "")) in TO_DO else ""
    following = None
    with reading() as connection:
        waiting = to_do.read_to_do(connection, site, now_ms)
        found = [one for one in waiting if to_do.steps(one) & _asked(chosen)]
        if not _asked(chosen):
            numbers, following = progress.list_numbers(connection, site, limit=PAGE, after=seen)
            found = list(progress.read_progress(connection, site, numbers, now_ms).values())
    return render_template(
        "orders.html",
        orders=found[:LISTED_MAX],
        more=max(0, len(found) - LISTED_MAX),
        back=[one for one in waiting if one.to_put_back],
        words=STANDINGS,
        choices=TO_DO,
        chosen=chosen,
        next=following,
        after=after,
    )


def _asked(chosen: str) -> set[Step]:
    return set(Step) if chosen == ANYTHING else {step for step in Step if step == chosen}


@blueprint.get("/order")
@requires(Task.LOOK)
def order() -> str:
    """One order; `?number=` names it."""
    number, site = request.args.get("number", ""), signed_in().site
    with reading() as connection:
        found = progress.read_progress(connection, site, [number], context.now_ms()).get(number)
        if found is None:
            raise Refusal(404, "not_found", f"There is no order {number:.100}.")
        speaks_of = [
            *(line.line.unit or line.line.item for line in found.lines),
            *(key for one in found.units for key in (one.subject, one.container, one.location)),
            *(key for one in found.parcels for key in (one.container, one.location)),
            *(one.subject for one in found.shortages),
        ]
        names = linked_names(connection, site, speaks_of)
        customer, to_site = _customer(connection, site, number), _to_site(connection, site, number)
    return render_template(
        "order.html", order=found, names=names, words=STANDINGS, customer=customer, to_site=to_site, text=_text
    )


@blueprint.post("/order/cancel")
@requires(Task.ORDER)
def cancel_order() -> Response:
    """Call it off."""
    return _decide(cancelling.cancel, "{} is cancelled. Handhelds learn it at their next sync.")


@blueprint.post("/order/resume")
@requires(Task.ORDER)
def resume_order() -> Response:
    """Take its cancellation back."""
    return _decide(cancelling.resume, "{} is picked like any other again. Handhelds learn it at their next sync.")


def _decide(decide: Callable[..., None], done: str) -> Response:
    person, number, now_ms = signed_in(), request.form.get("number", ""), context.now_ms()
    reason = request.form.get("reason", "")[:300]
    try:
        transact(
            lambda c: decide(c, site=person.site, number=number, reason=reason, operator=person.name, now_ms=now_ms)
        )
    except LookupError as error:
        raise Refusal(404, "not_found", str(error.args[0])) from None
    except OrderError as error:
        flash(str(error), "bad")
    else:
        flash(done.format(number), "good")
    return redirect(url_for("web.order", number=number))


@blueprint.post("/order/parcel")
@requires(Task.ORDER)
def label_parcel() -> Response:
    """Join a carton and its tracking number."""
    person, number, now_ms = signed_in(), request.form.get("number", ""), context.now_ms()
    pair = (request.form.get("container", ""), request.form.get("tracking", ""))
    try:
        transact(
            lambda c: parcels.label_parcels(c, site=person.site, parcels=[pair], operator=person.name, now_ms=now_ms)
        )
    except ValueError as error:
        flash(str(error), "bad")
    else:
        flash("The parcel is found by its tracking number from now on.", "good")
    return redirect(url_for("web.order", number=number))


@blueprint.get("/order/slip")
@requires(Task.LOOK)
def slip() -> str:
    """The packing slip of one carton, to be printed; `?number=` and `?carton=` name it."""
    number, carton, site = request.args.get("number", ""), request.args.get("carton", ""), signed_in().site
    with reading() as connection:
        found = progress.read_progress(connection, site, [number], context.now_ms()).get(number)
        parcel = next((one for one in found.parcels if one.container == carton), None) if found else None
        if found is None or parcel is None:
            raise Refusal(404, "not_found", "There is no such carton of this order.")
        names = linked_names(connection, site, [_product(one.subject) for one in parcel.contents])
        customer, to_site = _customer(connection, site, number), _to_site(connection, site, number)
        qr = _symbol(connection, site, carton, Carrier.QR)
        bars = _symbol(connection, site, carton, Carrier.LINEAR)
    return render_template(
        "slip.html",
        order=found,
        parcel=parcel,
        names=names,
        customer=customer,
        to_site=to_site,
        code=_text(carton),
        qr=qr,
        bars=bars,
        pieces=sum(one.quantity for one in parcel.contents),
        text=_text,
        product=_product,
    )


def _product(subject: str) -> str:
    """The product of a unit or lot; what has none stands for itself."""
    return item_of(subject) or subject


def _customer(connection: sa.Connection, site: str, number: str) -> tuple[str, str | None] | None:
    """Name and address, where they were not erased."""
    query = sa.select(parties.c.name, parties.c.address).where(parties.c.site == site, parties.c.document == number)
    row = connection.execute(query).first()
    return None if row is None else (row.name, row.address)


def _to_site(connection: sa.Connection, site: str, number: str) -> str | None:
    """The site that a transfer goes to; None for a customer's order."""
    return read_said(connection, site, [number], "to_site").get(number)


def _text(key: str) -> str:
    """What stands on the label that bears this name: the SSCC, the plate, the tracking number."""
    return split_key(key).elements[-1][1]


def _symbol(connection: sa.Connection, site: str, key: str, carrier: Carrier) -> Markup | None:
    """The carton's symbol as any handheld reads it; None where no label can say its name."""
    try:
        return symbol_of(key, carrier, site_codes.load(connection, site))
    except PrintError:
        return None
