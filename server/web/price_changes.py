"""Which prices should change, under the owner's rules: suggestions, what was accepted, and the rules themselves."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeVar

import sqlalchemy as sa
from flask import flash, redirect, render_template, request, url_for
from werkzeug import Response

from server import cells, context, prices
from server.cells import CellError
from server.database import reading, transact
from server.life_cycle import picture, price_list, rules
from server.life_cycle.grouping import chosen, grouped
from server.life_cycle.markdown import Rule, When
from server.life_cycle.price_list import PriceError
from server.life_cycle.rules import RuleError
from server.life_cycle.stage import Stage
from server.people import requires, signed_in
from server.roles import Task
from server.typed_number import NumberError, read_number
from server.web.navigation import Entry, Group
from server.web.pages import blueprint, linked_names

NAV = Entry("Prices", "web.price_changes", Group.OWNER, 50, Task.OWN)
GROUPS_MAX: Final = 200
OFFERED_MAX: Final = 200
"""On a page; the exports have them all."""
DAYS: Final = 30
"""So long an accepted price holds, unless the owner says otherwise."""
SUBJECTS_SHOWN: Final = 6
T = TypeVar("T")


@blueprint.get("/prices")
@requires(Task.OWN)
def price_changes() -> str:
    """Suggestions by product, rule and price; prices in force; the rules."""
    site, now_ms = signed_in().site, context.now_ms()
    with reading() as connection:
        found = picture.read(connection, site, now_ms)
        groups = grouped(found.suggestions())
        offered = price_list.offered_now(connection, site, now_ms)
        keys = [one.subject for group in groups[:GROUPS_MAX] for one in group.suggestions[:SUBJECTS_SHOWN]]
        names = linked_names(connection, site, [*keys, *(one.subject for one in offered[:OFFERED_MAX])])
    return render_template(
        "price_changes.html", found=found, groups=groups[:GROUPS_MAX], left=len(groups[GROUPS_MAX:]), names=names,
        offered=offered[:OFFERED_MAX], more=len(offered[OFFERED_MAX:]), rules=rules.ordered(found.rules.rules),
        when=When, stages=[stage for stage in Stage if stage is not Stage.UNKNOWN], days=DAYS, shown=SUBJECTS_SHOWN,
    )  # fmt: skip


@blueprint.post("/prices/accept")
@requires(Task.PRICE)
def accept_prices() -> Response:
    """Put the ticked suggestions in force."""
    person, now_ms, keys = signed_in(), context.now_ms(), frozenset(request.form.getlist("group"))

    def write(connection: sa.Connection, days: int) -> str:
        found = picture.read(connection, person.site, now_ms)
        currencies = {item: product.price.currency for item, product in found.products.items() if product.price}
        these = chosen(found.suggestions(), keys)
        if keys and not these:
            raise PriceError("What you ticked is no longer suggested: look at the list as it is now.")
        return price_list.accept(
            connection,
            site=person.site,
            suggestions=these,
            currencies=currencies,
            days=days,
            operator=person.name,
            now_ms=now_ms,
        )

    return _told(
        lambda: transact(lambda c: write(c, _whole("days", "days"))),
        lambda number: f"{number} is in force from now on.",
    )


@blueprint.post("/prices/end")
@requires(Task.PRICE)
def end_prices() -> Response:
    """Take the ticked prices back."""
    person, now_ms, subjects = signed_in(), context.now_ms(), request.form.getlist("subject")
    return _told(
        lambda: transact(
            lambda c: price_list.end(c, site=person.site, subjects=subjects, operator=person.name, now_ms=now_ms)
        ),
        lambda number: f"{number} {'price is' if number == 1 else 'prices are'} those of the product again.",
    )


@blueprint.post("/prices/rules")
@requires(Task.PRICE)
def set_price_rule() -> Response:
    """Set a rule."""
    person, now_ms, form = signed_in(), context.now_ms(), request.form

    def write() -> Rule:
        when, stage = form.get("when", ""), form.get("stage", "")
        if when not in list(When):
            raise RuleError(f"A rule looks at one of {', '.join(When)}, and not at {when!r:.40}.")
        wanted = stage if When(when) in (When.STAGE, When.RISE) else ""
        rule = Rule(
            name=form.get("name", "").strip(),
            when=When(when),
            days=_whole("days", "days"),
            percent=read_number(form.get("percent", "").strip(), "percentage"),
            stage=Stage(wanted) if wanted in list(Stage) else None,
        )
        transact(lambda c: rules.set_rule(c, site=person.site, rule=rule, operator=person.name, now_ms=now_ms))
        return rule

    return _told(write, lambda rule: f"{rule.name}: {rule.text}.")


@blueprint.post("/prices/rules/drop")
@requires(Task.PRICE)
def drop_price_rule() -> Response:
    """Drop a rule."""
    person, now_ms, name = signed_in(), context.now_ms(), request.form.get("name", "")
    return _told(
        lambda: transact(
            lambda c: rules.drop_rule(c, site=person.site, name=name, operator=person.name, now_ms=now_ms)
        ),
        lambda _: f"{name} is dropped.",
    )


@blueprint.post("/prices/floor")
@requires(Task.PRICE)
def set_price_floor() -> Response:
    """Set the floor of everything, or one product's own; an empty amount takes that back."""
    person, now_ms, item = signed_in(), context.now_ms(), request.form.get("item", "")

    def write() -> str:
        if not item:
            percent = read_number(request.form.get("percent", "").strip(), "percentage")
            transact(
                lambda c: rules.set_floor(
                    c, site=person.site, percent=percent, operator=person.name, now_ms=now_ms
                )
            )  # fmt: skip
            return f"Nothing goes below {percent:g} % of its cost."
        amount = _floor_amount(person.site, item, request.form.get("amount", "").strip())
        transact(
            lambda c: rules.set_own_floor(
                c, site=person.site, item=item, amount=amount, operator=person.name, now_ms=now_ms
            )
        )
        return "The product has a floor of its own." if amount is not None else "It has the floor of everything again."

    return _told(write, str)


def _floor_amount(site: str, item: str, text: str) -> int | None:
    if not text:
        return None
    with reading() as connection:
        price = prices.read(connection, site, [item]).get(item)
    return cells.minor_units(cells.decimal(text), price.currency if price else "")


def _whole(name: str, what: str) -> int:
    found = read_number(request.form.get(name, "").strip(), what)
    if found != int(found):
        raise NumberError(f"{found:g} {what} will not do: it takes whole ones.")
    return int(found)


def _told(write: Callable[[], T], done: Callable[[T], str]) -> Response:
    """Do it, and say what came of it on the page."""
    try:
        result = write()
    except (PriceError, RuleError, NumberError, CellError) as error:
        flash(str(error), "bad")
    else:
        flash(done(result), "good")
    return redirect(url_for("web.price_changes"))
