"""Transfers between sites: what was asked for, what is on its way, and what came of it."""

from __future__ import annotations

from typing import Final

from flask import flash, redirect, render_template, request, url_for
from werkzeug import Response

from server import context, naming, sites
from server.database import reading
from server.people import requires, signed_in
from server.roles import Task
from server.tabular import TableError
from server.transfers import book
from server.transfers.book import TransferError
from server.web.navigation import Entry, Group
from server.web.pages import blueprint, last_seen, linked_names

LACKING_SHOWN: Final = 5
MOVING_SHOWN: Final = 100
_BETWEEN: Final = str.maketrans(",;\t", "   ")
"""What may stand between a product and how many."""
NAV = Entry("Transfers", "web.transfers", Group.WORK, order=45)


@blueprint.get("/transfers")
@requires(Task.LOOK)
def transfers() -> str:
    """Transfers from here and to here, and what is on its way."""
    return _page()


def _page(to: str = "", lines: str = "") -> str:
    """The page, with what was written in its form and could not be made so."""
    site, now_ms = signed_in().site, context.now_ms()
    (after, seen), (moving_after, seen_moving) = last_seen("transfers"), last_seen("transfers", "moving_after")
    with reading() as connection:
        found, following = book.list_transfers(connection, site, now_ms, after=seen)
        moving, moving_next = book.in_transit(connection, site, limit=MOVING_SHOWN, after=seen_moving)
        names = linked_names(connection, site, [key for one in moving for key in (one.subject, one.container)])
        every = sites.names(connection)
    return render_template(
        "transfers.html",
        transfers=found,
        moving=moving,
        names=names,
        sites=every,
        others=[(code, name) for code, name in every.items() if code != site],
        next=following,
        after=after,
        moving_next=moving_next,
        moving_after=moving_after,
        written=lines,
        chosen=to,
    )


@blueprint.post("/transfers")
@requires(Task.ORDER)
def create_transfer() -> Response | str:
    """Send some of what is here to another site."""
    person, now_ms = signed_in(), context.now_ms()
    to, written = request.form.get("to", ""), request.form.get("lines", "")
    try:
        number = book.create(site=person.site, to=to, lines=_lines(written), operator=person.name, now_ms=now_ms)
    except (TransferError, TableError) as error:
        flash(str(error), "bad")
        return _page(to, written)
    flash(f"{number} can be picked: handhelds learn it at their next sync.", "good")
    with reading() as connection:
        lacking = book.lacking(connection, person.site, number, now_ms)
        names = naming.read(connection, person.site, [one.product for one in lacking])
    if lacking:
        said = "; ".join(f"{one.here:,} of {one.asked:,} {names(one.product).text}" for one in lacking[:LACKING_SHOWN])
        more = f" and {len(lacking) - LACKING_SHOWN} more" if len(lacking) > LACKING_SHOWN else ""
        flash(f"It asks for more than is here: {said}{more}. What is lacking can be picked when it has come in.", "bad")
    return redirect(url_for("web.order", number=number))


def _lines(text: str) -> list[tuple[str, int]]:
    """A product and how many on each line, the number last; a table's cells come with tabs between."""
    found = []
    for line in text.splitlines():
        if not line.strip():
            continue
        product, _, quantity = line.strip().translate(_BETWEEN).rpartition(" ")
        if not (product and quantity.isascii() and quantity.isdigit() and len(quantity) < 10):
            raise TransferError(
                f"{line.strip()!r:.60} is no line of a transfer: write a GTIN or SKU, then how many, such as P12 3."
            )
        found.append((product.strip(), int(quantity)))
    return found
