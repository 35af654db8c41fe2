"""Orders, and the parcels that leave for them."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any, Final

from flask import request
from marshmallow import Schema, fields
from marshmallow.validate import Length, Range

from server import context, tabular
from server.api.paging import seen
from server.api.resource import Resource
from server.cells import CellError
from server.database import reading, transact
from server.errors import Refusal
from server.orders import cancelling, parcels, progress, small_file, to_do
from server.orders.cancelling import OrderError
from server.orders.standing import OrderProgress
from server.orders.to_do import Step
from server.people import requires, signed_in
from server.roles import Task
from server.schemas import moment, text
from server.tabular import TableError

resource = Resource("orders", __name__, description="Customers' orders: how far they are, cancelling, parcels.")

PAGE: Final = 50
PAGE_MAX: Final = 200
FILE_BYTES_MAX: Final = 4 << 20
_FILE: Final = f"The file: at most {small_file.ROWS_MAX:,} rows, {small_file.TEXT_MAX} characters in a cell."


class OrderLineSchema(Schema):
    """One line, and how far it is; what is packed was picked, what is shipped was packed."""

    item = fields.String(attribute="line.item")
    lot = fields.String(attribute="line.lot", allow_none=True)
    unit = fields.String(attribute="line.unit", allow_none=True, metadata={"description": "Made for this order"})
    quantity = fields.Integer(attribute="line.quantity")
    picked = fields.Integer()
    packed = fields.Integer()
    shipped = fields.Integer()
    short = fields.Integer(metadata={"description": "Reported as not to be found"})


class OrderUnitSchema(Schema):
    """A unit, or pieces of a product without units, that the order has."""

    subject = fields.String()
    lot = fields.String(allow_none=True)
    quantity = fields.Integer()
    status = fields.String()
    container = fields.String(allow_none=True)
    location = fields.String(allow_none=True)


class ParcelSchema(Schema):
    """One carton."""

    container = fields.String()
    closed = fields.Boolean()
    shipped = fields.Boolean()
    came_back = fields.String(allow_none=True, metadata={"description": "Why, where it came back unopened"})
    location = fields.String(allow_none=True)
    tracking = fields.List(fields.String())
    contents = fields.List(fields.Nested(OrderUnitSchema))


class ShortageSchema(Schema):
    """Somebody could not find so many of this."""

    subject = fields.String()
    quantity = fields.Integer()
    reason = fields.String()
    operator = fields.String(allow_none=True)
    event_ms = moment()


class OrderSchema(Schema):
    """One order as it stands now."""

    number = fields.String(attribute="order.number")
    standing = fields.String(metadata={"description": "open, begun, picked, packed, shipped, short or cancelled"})
    due = fields.String(attribute="order.due", allow_none=True)
    priority = fields.Integer(attribute="order.priority")
    imported_ms = moment()
    cancelled_ms = moment(allow_none=True)
    cancelled_why = fields.String(allow_none=True)
    lines = fields.List(fields.Nested(OrderLineSchema))
    units = fields.List(fields.Nested(OrderUnitSchema))
    parcels = fields.List(fields.Nested(ParcelSchema))
    shortages = fields.List(fields.Nested(ShortageSchema))
    to_put_back = fields.List(fields.Nested(OrderUnitSchema), metadata={"description": "Here, and not going out"})
    people = fields.Dict(keys=fields.String(), values=fields.List(fields.String()))


class OrderQuerySchema(Schema):
    """Which orders."""

    after = text(load_default=None, validate=Length(1, 500), metadata={"description": "`next` of the page before"})
    limit = fields.Integer(load_default=PAGE, validate=Range(1, PAGE_MAX))
    waits_for = fields.Enum(
        Step,
        by_value=True,
        load_default=None,
        metadata={"description": "Only what waits for this step, in the order of its turn, on one page"},
    )


class OrderPageSchema(Schema):
    """Orders, the latest first; those that wait for a step by whose turn it is."""

    orders = fields.List(fields.Nested(OrderSchema))
    next = fields.String(allow_none=True, metadata={"description": "Ask with it as `after`; null on the last page"})


class CancelSchema(Schema):
    """Why it is cancelled, or wanted after all."""

    reason = text(required=True, validate=Length(1, 300))


class TakenSchema(Schema):
    """How many."""

    taken = fields.Integer()


class ParcelLabelSchema(Schema):
    """A carton and its tracking number."""

    container = text(required=True, metadata={"description": "SSCC, plate or canonical name"})
    tracking = text(required=True, validate=Length(1, parcels.TRACKING_CHARS_MAX))


@resource.get("/orders")
@resource.arguments(OrderQuerySchema, location="query")
@resource.response(200, OrderPageSchema)
@requires(Task.LOOK)
def list_orders(query: dict[str, Any]) -> dict[str, Any]:
    """Orders, the latest first, or what waits for a step"""
    site = signed_in().site
    after = seen(query)
    with reading() as connection:
        if query["waits_for"]:
            waiting = to_do.read_to_do(connection, site, context.now_ms(), only={query["waits_for"]})
            return {"orders": waiting[: query["limit"]], "next": None}
        numbers, following = progress.list_numbers(connection, site, limit=query["limit"], after=after)
        found = progress.read_progress(connection, site, numbers, context.now_ms())
    return {"orders": list(found.values()), "next": following}


@resource.get("/orders/<path:number>")
@resource.response(200, OrderSchema)
@requires(Task.LOOK)
def show_order(number: str) -> OrderProgress:
    """One order: lines, parcels, who did what"""
    return _read(number)


@resource.post("/orders/<path:number>/cancel")
@resource.arguments(CancelSchema)
@resource.response(200, OrderSchema)
@requires(Task.ORDER)
def cancel_order(asked: dict[str, str], number: str) -> OrderProgress:
    """Cancel an order

    What was picked for it is then to be put back. 409 where it was cancelled before.
    """
    return _decide(cancelling.cancel, number, asked["reason"])


@resource.post("/orders/<path:number>/resume")
@resource.arguments(CancelSchema)
@resource.response(200, OrderSchema)
@requires(Task.ORDER)
def resume_order(asked: dict[str, str], number: str) -> OrderProgress:
    """Take an order's cancellation back

    What was not put back meanwhile is of the order again. 409 where it is not cancelled.
    """
    return _decide(cancelling.resume, number, asked["reason"])


def _decide(decide: Callable[..., None], number: str, reason: str) -> OrderProgress:
    person, now_ms = signed_in(), context.now_ms()
    try:
        transact(
            lambda c: decide(c, site=person.site, number=number, reason=reason, operator=person.name, now_ms=now_ms)
        )
    except LookupError as error:
        raise Refusal(404, "not_found", str(error.args[0])) from None
    except OrderError as error:
        raise Refusal(409, "conflict", str(error)) from None
    return _read(number)


@resource.post("/cancellations")
@resource.response(200, TakenSchema)
@resource.body(*tabular.MEDIA_TYPES, bytes_max=FILE_BYTES_MAX, description=_FILE)
@requires(Task.ORDER)
def cancel_orders() -> dict[str, int]:
    """Cancel the orders of a file

    The body is the file: CSV, XLSX or JSON with the columns `number` and `reason`. All of them, or none.
    """
    person, now_ms = signed_in(), context.now_ms()
    try:
        rows = small_file.read(io.BytesIO(request.get_data()), small_file.CANCELLATIONS)
        taken = transact(
            lambda c: cancelling.cancel_all(c, site=person.site, rows=rows, operator=person.name, now_ms=now_ms)
        )
    except TableError as error:
        raise Refusal(422, "not_a_table", str(error)) from None
    except (LookupError, OrderError) as error:
        raise Refusal(409, "conflict", str(error.args[0])) from None
    return {"taken": taken}


@resource.post("/parcels")
@resource.arguments(ParcelLabelSchema)
@resource.response(200, TakenSchema)
@requires(Task.ORDER)
def label_parcel(asked: dict[str, str]) -> dict[str, int]:
    """Join a carton and its tracking number"""
    return _label([asked])


@resource.post("/parcels/file")
@resource.response(200, TakenSchema)
@resource.body(*tabular.MEDIA_TYPES, bytes_max=FILE_BYTES_MAX, description=_FILE)
@requires(Task.ORDER)
def label_parcels() -> dict[str, int]:
    """Join the cartons and tracking numbers of a file

    The body is the file: CSV, XLSX or JSON with the columns `container` and `tracking`, and `carrier` where it is
    known. All of them, or none.
    """
    try:
        return _label(small_file.read(io.BytesIO(request.get_data()), small_file.PARCELS))
    except TableError as error:
        raise Refusal(422, "not_a_table", str(error)) from None


def _label(rows: list[dict[str, str]]) -> dict[str, int]:
    person, now_ms = signed_in(), context.now_ms()
    pairs = [(row["container"], row["tracking"], row.get("carrier", "")) for row in rows]
    try:
        taken = transact(
            lambda c: parcels.label_parcels(c, site=person.site, parcels=pairs, operator=person.name, now_ms=now_ms)
        )
    except (OrderError, CellError) as error:
        raise Refusal(409, "conflict", str(error)) from None
    return {"taken": taken}


def _read(number: str) -> OrderProgress:
    with reading() as connection:
        found = progress.read_progress(connection, signed_in().site, [number], context.now_ms())
    if number not in found:
        raise Refusal(404, "not_found", f"There is no order {number:.100}.")
    return found[number]
