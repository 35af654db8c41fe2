"""Open a count: choose its bins, see what that comes to, share them out."""

from __future__ import annotations

from typing import Any, Final

import sqlalchemy as sa
from flask import flash, redirect, render_template, request, url_for
from werkzeug import Response
from werkzeug.datastructures import MultiDict

from server import context, queries
from server.counts import choosing, opening, sharing
from server.counts.choosing import Ask, By, Choice
from server.counts.holdings import holdings
from server.counts.plan import CountError, Share, Sort
from server.database import reading, transact
from server.people import requires, signed_in
from server.roles import Task
from server.tables import people
from server.web.pages import blueprint

WAYS: Final = (
    (By.BINS, "Bins that I name"),
    (By.ZONE, "Every bin of a zone"),
    (By.PRODUCT, "Every bin that holds a product"),
    (By.CLASS, "Bins of a value class"),
    (By.SPOT, "A few bins by chance (spot count)"),
)


@blueprint.get("/counts/new")
@requires(Task.COUNT)
def new_count() -> str:
    """The form, and under it what the count would take, once something was asked for."""
    person, asked = signed_in(), request.args
    choice: Choice | None = None
    shares: list[Share] = []
    with reading() as connection:
        if "by" in asked:
            try:
                choice = choosing.choose(connection, person.site, _ask(asked), context.now_ms())
                counters = [sharing.counter(connection, person.site, name) for name in _words(asked.get("counters"))]
                shares = sharing.share_out(choice, blind="blind" in asked, counters=counters)
            except CountError as error:
                flash(str(error), "bad")
        return render_template(
            "count_new.html",
            ways=WAYS,
            asked=asked,
            zones=sorted({holding.zone for holding in holdings(connection, person.site) if holding.zone}),
            choice=choice,
            shares={share.place: share for share in shares},
            devices=queries.device_names(connection, person.site),
            counters=_counters(connection, person.site),
            number=asked.get("number") or choosing.next_number(connection, person.site),
        )


@blueprint.post("/counts/new")
@requires(Task.COUNT)
def open_count() -> Response:
    """Open the count that was previewed, with the shares as they stand in the form."""
    person, form, now_ms = signed_in(), request.form, context.now_ms()
    places = form.getlist("place")
    said = [
        {"bin": place, "counter": form.get(f"counter-{n}", "").strip(), "blind": f"blind-{n}" in form}
        for n, place in enumerate(places)
    ]

    def write(connection: sa.Connection) -> str:
        choice = choosing.choose(connection, person.site, _ask(form), now_ms)
        shares = sharing.read_shares(connection, person.site, choice, said)
        plan = opening.open_count(
            connection,
            site=person.site,
            number=form.get("number", "").strip() or choosing.next_number(connection, person.site),
            bins=[holding.place for holding in choice.bins],
            shares=shares,
            sort=Sort.TAKE_ON if "take_on" in form else choice.sort,
            chosen=choice.chosen,
            operator=person.name,
            now_ms=now_ms,
        )
        return plan.number

    try:
        number = transact(write)
    except CountError as error:
        flash(str(error), "bad")
        again: dict[str, Any] = {name: form.getlist(name) for name in form if name in _ASKED}
        return redirect(url_for("web.new_count", **again))
    flash(f"Count {number} is open: handhelds have it from their next sync on.", "good")
    return redirect(url_for("web.report", kind="count", number=number))


_ASKED: Final = (
    "by", "bins", "zone", "product", "class", "spots", "seed", "counters", "blind", "take_on", "number"
)  # fmt: skip


def _ask(said: MultiDict[str, str]) -> Ask:
    """What the form asks for; `Ask` has the words.

    Raises:
        CountError: it asks for nothing that there is.
    """
    spots = said.get("spots", "").strip() or str(choosing.SPOT_BINS)
    if not (spots.isascii() and spots.isdigit() and 1 <= int(spots) <= choosing.BINS_MAX):
        raise CountError(f"A spot count draws 1 to {choosing.BINS_MAX} bins.")
    try:
        by = By(said.get("by", "bins"))
    except ValueError:
        raise CountError("Choose one of the ways to choose bins.") from None
    return Ask(
        by=by,
        bins=_words(said.get("bins")),
        zones=said.getlist("zone"),
        product=said.get("product", "").strip(),
        classes=said.getlist("class"),
        spots=int(spots),
        seed=said.get("seed") or None,
    )


def _words(text: str | None) -> list[str]:
    """What stands between commas and line ends."""
    return [word for part in (text or "").replace("\n", ",").split(",") if (word := part.strip())]


def _counters(connection: sa.Connection, site: str) -> list[str]:
    """Names that a bin can be given to: people, and handhelds in use."""
    named = sa.select(people.c.name).where(people.c.site == site, people.c.active).order_by(people.c.name)
    handhelds: list[Any] = [row for row in queries.list_devices(connection, site) if row["revoked_ms"] is None]
    return [*connection.execute(named).scalars(), *(row["name"] for row in handhelds)]
