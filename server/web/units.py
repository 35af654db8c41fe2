"""One unit, container, product or lot: its state, its cases and its trail."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import sqlalchemy as sa
from flask import redirect, render_template, request, url_for
from werkzeug import Response

from server import case_list, context, naming, pictures, queries, search, whereabouts
from server.case_list import CaseFilter, CaseLine
from server.database import reading
from server.errors import Refusal
from server.people import requires, signed_in
from server.queries import TrailLine
from server.roles import Task
from server.stolen import read as stolen
from server.transfers import departure
from server.warranty import answer
from server.web.pages import blueprint, linked_names
from server.web.places_drawn import draw
from server.web.wording import clock
from sync.event import BARCODE_BYTES_MAX, TEXT_MAX, format_name
from sync.identity import is_container, is_stock
from sync.unit import Status


@blueprint.get("/units/<path:path>")
@requires(Task.LOOK)
def unit(path: str) -> str:
    """Everything that is known of one name."""
    site, key, now_ms = signed_in().site, naming.key_of_path(path), context.now_ms()
    if len(key) > TEXT_MAX:
        raise Refusal(404, "not_found", "No name is that long.")
    with reading() as connection:
        view = queries.read_unit(connection, site, key, now_ms)
        key = view.key if view else key
        lines = queries.whole_trail(connection, site, key)
        cases = case_list.list_cases(connection, site, CaseFilter(status=None, unit=key))
        balances = queries.balances(connection, site, key)
        own = [line for line in lines if line.carried_in is None]
        places = [] if is_stock(key) else whereabouts.over_time(connection, site, key, own, now_ms)
        inside, inside_count = whereabouts.contents(connection, site, key) if is_container(key) else ([], 0)
        keys = [key, *_keys(view, lines, cases), *(place for place, _ in balances), *(each.unit for each in inside)]
        names = linked_names(connection, site, [*keys, *(stay.place for stay in places)])
        devices = queries.device_names(connection, site)
        left = departure.read(connection, site, key, view.state, [each.unit for each in inside]) if view else None
        gone = view is not None and view.state.status in (Status.SHIPPED, Status.IN_REPAIR)
        sold = gone and left is None and not is_container(key)
        theft = stolen.of_units(connection, site, [key]).get(key)
        warranty = answer.ask(connection, site, key, now_ms).sentence if sold else None
        shown = pictures.of_events(connection, site, [format_name(line.fact.name) for line in lines])
    return render_template(
        "unit.html",
        pictures=[picture for line in lines for picture in shown.get(format_name(line.fact.name), ())],
        key=key,
        labelled=not is_stock(key),
        name=names(key),
        view=view,
        left=left,
        warranty=warranty,
        theft=theft,
        lines=lines,
        cases=sorted(cases, key=lambda case: (case.status != "open", -case.opened_ms)),
        balances=balances,
        places=places,
        drawn=draw(places, now_ms, lambda place: names(place).text, clock) if len(places) > 1 else None,
        inside=inside,
        inside_count=inside_count,
        names=names,
        devices=devices,
        trail_max=queries.TRAIL_MAX,
    )


def _keys(view: queries.UnitView | None, lines: list[TrailLine], cases: list[CaseLine]) -> list[str | None]:
    """Every name that the page speaks of."""
    keys: list[str | None] = []
    if view is not None:
        state = view.state
        keys += [
            view.location,
            view.expected_location,
            view.shipped_in,
            state.place,
            state.expected,
            state.announced_in,
        ]
    keys += [k for line in lines for k in (line.fact.event.location, line.fact.event.container, line.carried_in)]
    return keys + [key for case in cases for key in (case.expected, case.seen)]


_PAGE_OF: Final = {
    "order": "web.order",
    "asn": "web.receipt_page",
    "purchase_order": "web.receipt_page",
    "claim": "web.claim",
    "rma": "web.announced_return",
}


def _page_of(kind: str, number: str) -> str:
    """The page of a document that `search` found by its number."""
    if kind == "count":
        return url_for("web.report", kind=kind, number=number)
    return url_for(_PAGE_OF[kind], number=number)


@blueprint.get("/scan")
@requires(Task.LOOK)
def scan() -> str | Response | tuple[str, int]:
    """What was typed or scanned into the field at the top: go to what it names."""
    typed = request.args.get("scan", "").strip(" \r\n")[:BARCODE_BYTES_MAX]
    if not typed:
        return redirect(url_for("web.overview"))
    site = signed_in().site
    with reading() as connection:
        found = search.find(connection, site, typed)
        if found.document is not None:
            kind, number = found.document
            return redirect(_page_of(kind, number))
        if not found.known:
            try:
                each = search.find_each(connection, site, typed)
            except ValueError as error:
                found, each = search.Found(problem=str(error)), {}
            if any(one.known for one in each.values()):
                return _several(connection, site, each)
        names = linked_names(connection, site, found.keys)
        products = [key for key in found.keys if names(key).is_product]
    if len(found.keys) == len(products) == 1:
        return redirect(url_for("web.product", path=naming.path_of(products[0])))
    if len(found.keys) == 1:
        return redirect(names(found.keys[0]).page or url_for("web.unit", path=naming.path_of(found.keys[0])))
    page = render_template("not_understood.html", scan=typed, message=found.problem, choices=found.keys, names=names)
    return page, 200 if found.keys else 404


def _several(connection: sa.Connection, site: str, each: Mapping[str, search.Found]) -> str:
    """What a column of numbers means, a line for each."""
    keys = [key for found in each.values() if found.known for key in found.keys]
    return render_template(
        "found.html",
        each=each,
        known=sum(found.known for found in each.values()),
        names=linked_names(connection, site, keys),
        document_page=_page_of,
    )
