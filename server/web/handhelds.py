"""Handhelds: who is in use, a QR code for a new one, and revocation."""

from __future__ import annotations

import io

import segno
from flask import flash, redirect, render_template, request, url_for
from markupsafe import Markup
from werkzeug import Response

from server import config, context, devices, queries
from server.database import reading
from server.devices import Offer
from server.errors import Refusal
from server.glance import lagging
from server.people import requires, signed_in
from server.roles import Task
from server.web.navigation import Entry, Group
from server.web.pages import blueprint
from sync.actions import FLOOR

NAV = Entry("Handhelds", "web.handhelds", Group.SITE, order=20)

ROLES = sorted(FLOOR)


@blueprint.get("/handhelds")
@requires(Task.LOOK)
def handhelds() -> str:
    """The site's handhelds."""
    return _page(None, None)


@blueprint.post("/handhelds")
@requires(Task.ADMINISTER)
def invite() -> str:
    """The same page with a fresh code on it; the code is shown once and kept only as a digest."""
    role = request.form.get("role", "")
    if role not in ROLES:
        raise Refusal(400, "bad_request", f"There is no role {role!r:.40}.")
    return _page(devices.invite(signed_in(), role), role)


def _page(offer: Offer | None, role: str | None) -> str:
    with reading() as connection:
        found = queries.list_devices(connection, signed_in().site)
    in_use = [device for device in found if device["revoked_ms"] is None]
    qr = _qr(offer.invitation) if offer else None
    return render_template(
        "handhelds.html",
        in_use=in_use,
        copied=[device for device in in_use if device["copied_ms"] is not None and not device["lacks"]],
        lacking=[device for device in in_use if device["lacks"]],
        revoked=[device for device in found if device["revoked_ms"] is not None],
        lagging=lagging(in_use, context.now_ms()),
        roles=[(name, name) for name in ROLES],
        offer=offer,
        role=role,
        qr=qr,
        unreachable=config.unreachable(context.settings()),
    )


def _qr(text: str) -> Markup:
    """The QR code as SVG within the page; error correction M, for it is read off a screen and not off a carton."""
    drawn = io.BytesIO()
    segno.make(text, error="m", micro=False).save(
        drawn, kind="svg", xmldecl=False, svgns=False, omitsize=True, border=4, dark="#000", light="#fff"
    )
    return Markup(drawn.getvalue().decode())  # noqa: S704  # drawn by segno; the text is only dots in it


@blueprint.post("/handhelds/<int:number>/revoke")
@requires(Task.ADMINISTER)
def revoke(number: int) -> Response:
    """Trust one no longer."""
    devices.revoke(signed_in(), number)
    flash("Revoked. What it still sends will be quarantined.", "good")
    return redirect(url_for("web.handhelds"))
