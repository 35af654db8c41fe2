"""Claims to suppliers: what each complains of, what became of it, and a page to print."""

from __future__ import annotations

import json
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from werkzeug import Response

from server import context
from server.claims import book, credit
from server.claims.claim import NEXT, WRONGS, Claim, ClaimError, task_of
from server.claims.dossier import dossier
from server.database import reading, transact
from server.errors import Refusal
from server.people import requires, signed_in
from server.roles import Task
from server.web.navigation import Entry, Group
from server.web.pages import blueprint, last_seen, linked_names

NAV = Entry("Claims", "web.claims", Group.WORK, 35, Task.CLAIM)
NOTE_MAX = 200
TYPED_MAX = 30


@blueprint.get("/claims")
@requires(Task.CLAIM)
def claims() -> str:
    """Claims, the latest first."""
    after, seen = last_seen("claims")
    with reading() as connection:
        found, following = book.list_claims(connection, signed_in().site, after=seen)
    return render_template("claims.html", claims=found, next=following, after=after)


def _page(template: str) -> str:
    number, site = request.args.get("number", ""), signed_in().site
    with reading() as connection:
        found = _read(number)
        keys = [key for line in found.lines for key in (line.subject, line.carton)]
        names = linked_names(connection, site, keys)
    return render_template(
        template, claim=found, names=names, wrongs=WRONGS, site=site, next_fates=NEXT[found.status],
        theirs=[fate for fate in NEXT[found.status] if signed_in().may(task_of(found, fate))],
        foreign=[currency for currency in found.credited or () if currency not in found.totals], **_typed(found),
    )  # fmt: skip


def _typed(found: Claim) -> dict[str, Any]:
    """What stands in the form: the amount in each currency that is claimed, and one in another."""
    said = dict(zip(request.args.getlist("currency"), request.args.getlist("amount"), strict=False))
    other = next((currency for currency in reversed(said) if currency not in found.totals), "")
    return {
        "amounts": {currency: said.get(currency, "") for currency in found.totals},
        "other": (said.get(other, ""), other),
    }


def _read(number: str) -> Claim:
    with reading() as connection:
        try:
            return book.read(connection, signed_in().site, number)
        except ClaimError as error:
            raise Refusal(404, "not_found", str(error)) from None


@blueprint.get("/claims/claim")
@requires(Task.CLAIM)
def claim() -> str:
    """One claim and what became of it; `?number=` names it."""
    return _page("claim.html")


@blueprint.get("/claims/print")
@requires(Task.CLAIM)
def claim_letter() -> str:
    """One claim as a letter to the supplier, to be printed or saved as PDF."""
    return _page("claim_letter.html")


@blueprint.get("/claims/claim.pdf")
@requires(Task.CLAIM)
def claim_pdf() -> Response:
    """The claim as a PDF, with the facts that prove where each unit came from."""
    found, made = _dossier()
    from server.claims.letter import letter  # noqa: PLC0415  # it brings fonts: a fifth of what it takes to start

    return _file(letter(made), f"{found.number}.pdf", "application/pdf")


@blueprint.get("/claims/claim.json")
@requires(Task.CLAIM)
def claim_json() -> Response:
    """The same as JSON, every letter and every digest as they are."""
    found, made = _dossier()
    return _file(json.dumps(made, ensure_ascii=False, indent=1).encode(), f"{found.number}.json", "application/json")


def _dossier() -> tuple[Claim, dict[str, Any]]:
    found, site = _read(request.args.get("number", "")), signed_in().site
    with reading() as connection:
        return found, dossier(connection, site, found, context.now_ms())


def _file(content: bytes, name: str, media_type: str) -> Response:
    answer = Response(content, mimetype=media_type)
    answer.headers.set("Content-Disposition", "attachment", filename=name)
    return answer


def _kept() -> dict[str, list[str]]:
    """The amounts of the form with their currencies, as they were typed."""
    return {
        name: [text[:TYPED_MAX] for text in request.form.getlist(name)[: credit.CURRENCIES_MAX + 1]]
        for name in ("amount", "currency")
    }


@blueprint.post("/claims/follow")
@requires(Task.DEFECT)
def follow_claim() -> Response:
    """Write down what became of a claim."""
    person, now_ms = signed_in(), context.now_ms()
    number, fate = request.form.get("number", ""), request.form.get("fate", "")
    note = request.form.get("note", "").strip()[:NOTE_MAX] or None
    try:
        credited = credit.typed(zip(*_kept().values(), strict=False))
        transact(
            lambda c: book.follow(
                c,
                site=person.site,
                number=number,
                fate=fate,
                operator=person.name,
                now_ms=now_ms,
                note=note,
                credited=credited or None,
                more_than_claimed="more_than_claimed" in request.form,
                admit=person.need,
            )
        )
    except ClaimError as error:
        flash(str(error), "bad")
        kept: dict[str, Any] = {"number": number, "note": note, **_kept()}
        return redirect(url_for("web.claim", **kept))
    flash(f"{number} is {fate}.", "good")
    return redirect(url_for("web.claim", number=number))
