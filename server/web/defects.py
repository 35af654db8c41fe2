"""Defects back to the maker: where units came from, where their siblings are, and a claim for them."""

from __future__ import annotations

import re
from typing import Final

from flask import flash, redirect, render_template, request, url_for
from werkzeug import Response

from server import context, queries
from server.claims.claim import ClaimError
from server.claims.defect import all_named, draft, sorted_out
from server.database import reading, transact
from server.defects.origin import origin
from server.people import requires, signed_in
from server.roles import Task
from server.web.navigation import Entry, Group
from server.web.pages import blueprint, linked_names

NAV = Entry("Defects", "web.defects", Group.QUALITY, order=30)
SHOWN_MAX: Final = 20
WRONG_SHOWN_MAX: Final = 3
TEXT_MAX: Final = 20_000


@blueprint.get("/defects")
@requires(Task.LOOK)
def defects() -> str:
    """Where the units came from that `?units=` names, one a line; with none the form alone."""
    site, now_ms, typed = signed_in().site, context.now_ms(), request.args.get("units", "")[:TEXT_MAX]
    with reading() as connection:
        units, wrong = sorted_out(connection, site, _texts(typed))
        for sentence in wrong[:WRONG_SHOWN_MAX]:
            flash(sentence, "bad")
        if len(wrong) > WRONG_SHOWN_MAX:
            flash(f"And {len(wrong) - WRONG_SHOWN_MAX} more like these.", "bad")
        origins = [origin(connection, site, unit, now_ms) for unit in units[:SHOWN_MAX]]
        keys = [key for one in origins for key in (one.unit, one.carton, one.state.place)]
        keys += [key for one in origins for sibling in one.siblings for key in (sibling.unit, sibling.place)]
        names, devices = linked_names(connection, site, keys), queries.device_names(connection, site)
    return render_template(
        "defects.html", origins=origins, typed=typed, units=units, names=names, devices=devices, shown_max=SHOWN_MAX
    )


def _texts(typed: str) -> list[str]:
    return re.split(r"[\r\n,;]+", typed)


@blueprint.post("/defects/claim")
@requires(Task.DEFECT)
def claim_defects() -> Response:
    """Claim them of whoever delivered them: one claim for each delivery."""
    person, now_ms, typed = signed_in(), context.now_ms(), request.form.get("units", "")[:TEXT_MAX]
    try:
        made = transact(
            lambda c: draft(
                c,
                site=person.site,
                units=all_named(c, person.site, _texts(typed)),
                reason=request.form.get("reason", ""),
                operator=person.name,
                now_ms=now_ms,
            )
        )
    except ClaimError as error:
        flash(str(error), "bad")
        return redirect(url_for("web.defects", units=typed))
    flash(f"Made: {', '.join(made)}. Print it or send it as PDF, and say here when it was sent.", "good")
    return redirect(url_for("web.claim", number=made[0]))
