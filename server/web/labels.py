"""Labels: new plates and cartons, bins, labels of what is here, badges; what was printed, and asked for."""

from __future__ import annotations

from io import BytesIO
from typing import Final

from flask import Response, flash, redirect, render_template, request, send_file, url_for

from server import context
from server.database import reading, transact
from server.people import requires, signed_in
from server.printing import jobs, media
from server.printing.content import PrintError
from server.printing.jobs import Printed
from server.printing.symbol import Carrier
from server.printing.wanted import SHEET, Wanted, print_again, print_wanted, zones
from server.roles import Task
from server.web.navigation import Entry, Group
from server.web.pages import blueprint, linked_names

NAV = Entry("Labels", "web.labels", Group.STOCK, order=80, task=Task.PRINT)
CARRIERS: Final = (
    ("", "the usual symbol"),
    ("datamatrix", "Data Matrix"),
    ("128", "Code 128"),
    ("qr", "QR Code"),
)
ASKED_FOR_MS: Final = 30 * 86_400_000
"""Wishes older than this are taken for settled."""


@blueprint.get("/labels")
@requires(Task.PRINT)
def labels() -> str:
    """What can be printed, what handhelds asked for, and what was printed; `?item=` and `?count=` fill in plates."""
    site, now_ms = signed_in().site, context.now_ms()
    with reading() as connection:
        asked = jobs.wanted_labels(connection, site, now_ms - ASKED_FOR_MS)
        done = jobs.jobs(connection, site)
        names = linked_names(connection, site, [*(key for key, _, _ in asked), *(job.keys[0] for job in done)])
        in_zones = zones(connection, site)
    return render_template(
        "labels.html",
        asked=asked,
        jobs=done,
        names=names,
        zones=[("", "all bins"), *((zone, zone) for zone in in_zones)],
        media=list(media.names().items()),
        media_names=media.names(),
        carriers=CARRIERS,
        sheet=SHEET,
        item=request.args.get("item", ""),
        count=request.args.get("count", 1, type=int),
        text="\n".join(request.args.getlist("key")),
    )


@blueprint.post("/labels")
@requires(Task.PRINT)
def print_labels() -> Response:
    """Make a file of labels."""
    return _print("plates", "cartons", "bins", "named")


@blueprint.post("/labels/badges")
@requires(Task.PEOPLE)
def print_badges() -> Response:
    """Make a file of badges."""
    return _print("badges")


@blueprint.post("/labels/again")
@requires(Task.PRINT)
def print_labels_again() -> Response:
    """Print a job's labels once more."""
    person, now_ms = signed_in(), context.now_ms()
    number = request.form.get("number", "")
    try:
        start = _number("start")
        return _file(
            transact(
                lambda c: print_again(c, number, site=person.site, operator=person.name, now_ms=now_ms, start=start)
            )
        )
    except PrintError as error:
        return _refused(error)


def _print(*allowed: str) -> Response:
    person, now_ms = signed_in(), context.now_ms()
    what = request.form.get("what", allowed[0])
    if what not in allowed:
        return _refused(PrintError(f"There are no labels of {what!r:.40}."))
    try:
        wanted = Wanted(
            what=what,
            count=_number("count"),
            item=request.form.get("item", "").strip() or None,
            zone=request.form.get("zone") or None,
            text=request.form.get("text", ""),
            carrier=_carrier(request.form.get("carrier", "")),
            medium=request.form.get("medium", SHEET),
            start=_number("start"),
        )
        return _file(transact(lambda c: print_wanted(c, wanted, site=person.site, operator=person.name, now_ms=now_ms)))
    except PrintError as error:
        return _refused(error)


def _carrier(name: str) -> Carrier | None:
    if not name:
        return None
    try:
        return Carrier(name)
    except ValueError:
        raise PrintError(f"There is no symbol {name!r:.40}.") from None


def _number(name: str) -> int:
    text = request.form.get(name, "").strip() or "1"
    if not (text.isascii() and text.isdigit() and len(text) <= 6):
        raise PrintError(f"{text!r:.40} is no number of labels.")
    return int(text)


def _file(printed: Printed) -> Response:
    return send_file(
        BytesIO(printed.data), mimetype=printed.media_type, as_attachment=True, download_name=printed.file_name
    )


def _refused(error: PrintError) -> Response:
    flash(str(error), "bad")
    return redirect(url_for("web.labels"))  # type: ignore[return-value]  # werkzeug's Response, which Flask takes
