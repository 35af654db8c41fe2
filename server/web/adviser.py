"""When to serialise, and when not: the advice on each product with its money, what is assumed, and a worked case."""

from __future__ import annotations

from typing import Any, Final

from flask import flash, redirect, render_template, request, url_for
from werkzeug import Response

from server import context, naming
from server.adviser import advice_list, settings, worked_case
from server.adviser.advice_list import Told
from server.adviser.assumptions import ASSUMPTIONS, CURRENCIES, Scope, Unit
from server.adviser.model import number
from server.adviser.presets import PRESETS
from server.adviser.regulations import MARKETS, Mode
from server.adviser.settings import SettingError
from server.adviser.worked_case import Case, CaseError
from server.database import reading, transact
from server.errors import Refusal
from server.people import requires, signed_in
from server.roles import Task
from server.typed_number import NumberError, read_number
from server.web.navigation import Entry, Group
from server.web.pages import blueprint
from server.web.wording import mode_word

NAV = Entry("Serialise?", "web.adviser", Group.OWNER, 30, Task.OWN)
ROWS_MAX: Final = 200
"""On a page; the filter narrows them, and the export has them all."""


@blueprint.get("/adviser")
@requires(Task.OWN)
def adviser() -> str:
    """Every product with what is advised; `?q=` is a part of its name, `?show=change` leaves those to be changed."""
    q, show = request.args.get("q", "").strip()[:100], request.args.get("show", "")
    with reading() as connection:
        site = signed_in().site
        found = advice_list.read_all(connection, site, context.now_ms())
        kept = settings.read(connection, site)
    shown = [one for one in found if q.casefold() in one.name.casefold() and (show != "change" or one.differs)]
    return render_template(
        "adviser.html", found=found, shown=shown[:ROWS_MAX], left=len(shown[ROWS_MAX:]), q=q, show=show,
        presets=PRESETS, markets=MARKETS, sells_in=kept.markets, rows_max=ROWS_MAX, kinds_set=bool(kept.kinds),
    )  # fmt: skip


@blueprint.get("/adviser/products/<path:path>")
@requires(Task.OWN)
def advised(path: str) -> str:
    """One product: each way of tracking it with its costs and savings, line by line, and what that assumes."""
    with reading() as connection:
        site, key = signed_in().site, naming.key_of_path(path)
        try:
            told = advice_list.read_one(connection, site, context.now_ms(), key)
        except LookupError as error:
            raise Refusal(404, "not_found", str(error.args[0])) from None
        sells_in = settings.read(connection, site).markets
    groups = [
        (text, [one for one in ASSUMPTIONS.values() if one.scope is scope])
        for scope, text in (
            (Scope.PRESET, "About goods of this kind"),
            (Scope.CURRENCY, "What labels and work cost"),
            (Scope.SITE, "About the work in this shop"),
        )
    ]
    return render_template(
        "adviser_product.html", told=told, groups=groups, presets=PRESETS, sells_in=sells_in, modes=list(Mode)
    )


@blueprint.get("/adviser/assumptions")
@requires(Task.OWN)
def assumptions() -> str:
    """What is assumed of the shop and of one kind of goods; `?preset=` and `?currency=` say which."""
    preset = request.args.get("preset") or "general"
    currency = (request.args.get("currency") or "INR").strip().upper()[:3]
    if preset not in PRESETS:
        raise Refusal(404, "not_found", f"There is no kind of goods {preset!r:.40}.")
    with reading() as connection:
        figures = settings.read(connection, signed_in().site).figures_for(preset, currency)
    groups = [
        ("site", "", "The work in this shop"),
        ("currency", currency, f"What labels and work cost in {currency}"),
        ("preset", preset, PRESETS[preset].title),
    ]
    return render_template(
        "adviser_assumptions.html", groups=groups, figures=figures, all=ASSUMPTIONS.values(), preset=preset,
        presets=PRESETS, currency=currency, currencies=list(CURRENCIES),
    )  # fmt: skip


@blueprint.get("/adviser/case")
@requires(Task.OWN)
def adviser_case() -> str:
    """The worked case: so many orders a month at so much a unit, and when that pays."""
    currency = (request.args.get("currency") or "INR").strip().upper()[:3]
    problem, case = None, Case(currency=currency)
    try:
        asked = {
            name: read_number(text, what)
            for name, what in (("orders", "orders"), ("units_order", "units an order"), ("unit_cost", "cost of a unit"))
            if (text := request.args.get(name, "").strip())
        }
        case = Case(currency=currency, **asked)
    except (NumberError, CaseError) as error:
        problem = str(error)
    with reading() as connection:
        kept = settings.read(connection, signed_in().site)
    figures = {name: kept.figures_for(name, currency) for name in PRESETS}
    if any("wage" not in of or "label" not in of for of in figures.values()):
        figures = {name: kept.figures_for(name, "INR") for name in PRESETS}  # shares of the price need no currency
    return render_template(
        "adviser_case.html", case=case, problem=problem, needed=worked_case.needed(case),
        break_evens=worked_case.break_evens(case, figures), stock_months=worked_case.STOCK_MONTHS,
    )  # fmt: skip


@blueprint.post("/adviser/figures")
@requires(Task.PRICE)
def set_figures() -> Response:
    """Take over the figures that were changed in a form; an emptied field goes back to where it came from."""
    person, now_ms, form = signed_in(), context.now_ms(), request.form
    scope, of = form.get("scope", ""), form.get("of", "")
    changed = {
        name: form.get(name, "").strip()
        for name in ASSUMPTIONS
        if name in form and form.get(name, "").strip() != form.get(f"was_{name}", "")
    }
    try:
        values = {n: read_number(text, ASSUMPTIONS[n].text) if text else None for n, text in changed.items()}

        def write(connection: Any) -> None:
            for name, value in values.items():
                settings.set_figure(
                    connection,
                    site=person.site,
                    scope=scope,
                    of=of,
                    name=name,
                    value=value,
                    operator=person.name,
                    now_ms=now_ms,
                )

        transact(write)
    except (SettingError, NumberError) as error:
        flash(f"{error} Nothing was changed.", "bad")
    else:
        many = "1 figure is" if len(changed) == 1 else f"{len(changed)} figures are"
        flash(f"{many} set, and each product is advised anew." if changed else "No figure was changed.", "good")
    return redirect(_back())


def _back() -> str:
    """The page that the form stood on."""
    scope, of = request.form.get("scope", ""), request.form.get("of", "")
    if scope == Scope.ITEM:
        return url_for("web.advised", path=naming.path_of(of))
    preset = of if scope == Scope.PRESET else request.form.get("preset")
    return url_for("web.assumptions", preset=preset or None, currency=of if scope == Scope.CURRENCY else None)


@blueprint.post("/adviser/kinds")
@requires(Task.PRICE)
def set_kinds() -> Response:
    """Say what kind of goods the ticked products are."""
    person, now_ms = signed_in(), context.now_ms()
    items, preset = request.form.getlist("item"), request.form.get("preset", "")
    try:
        transact(
            lambda c: settings.set_kind(
                c, site=person.site, items=items, preset=preset, operator=person.name, now_ms=now_ms
            )
        )
    except SettingError as error:
        flash(str(error), "bad")
    else:
        many = "1 product is" if len(items) == 1 else f"{len(items)} products are"
        flash(f"{many} {PRESETS[preset].title.lower()} from now on.", "good")
    if request.form.get("back") == "product" and len(items) == 1:
        return redirect(url_for("web.advised", path=naming.path_of(items[0])))
    return redirect(url_for("web.adviser", q=request.form.get("q") or None))


@blueprint.post("/adviser/markets")
@requires(Task.PRICE)
def set_markets() -> Response:
    """Say where the shop sells."""
    person, now_ms, markets = signed_in(), context.now_ms(), request.form.getlist("market")
    try:
        transact(
            lambda c: settings.set_markets(
                c, site=person.site, markets=markets, operator=person.name, now_ms=now_ms
            )
        )  # fmt: skip
    except SettingError as error:
        flash(str(error), "bad")
    else:
        flash("The laws of these markets count from now on.", "good")
    return redirect(url_for("web.adviser"))


# Words.


@blueprint.app_template_filter()
def main_money(of: tuple[float, str]) -> str:
    """An expected amount; its cents would be a pretence unless it is small."""
    value, currency = of
    return f"{value:,.2f} {currency}" if abs(value) < 100 else f"{value:,.0f} {currency}"


@blueprint.app_template_filter()
def plain_number(value: float) -> str:
    """A figure without noughts that say nothing."""
    return number(value)


@blueprint.app_template_filter()
def typed_number(value: float) -> str:
    """A figure as a field of a form holds it."""
    return number(value).replace(",", "")


@blueprint.app_template_filter()
def figure_unit(unit: Unit) -> str:
    """What stands behind a field."""
    return {Unit.COUNT: "", Unit.TIMES: "", Unit.YES: "1 yes, 0 no"}.get(unit, unit.value)


@blueprint.app_template_filter()
def advice_sentence(told: Told) -> str:
    """The advice in a sentence."""
    advice = told.advice
    if advice is None:
        return told.why_not or ""
    net, currency = main_money((abs(advice.net), advice.product.currency)), "a month"
    gain = f"It saves {net} {currency} more than it costs" if advice.net >= 0 else f"It costs {net} {currency}"
    if advice.recommended is Mode.QUANTITY:
        gain = "No other way brings an hour's wage a month more"
    if advice.decided_by_law:
        return f"The law asks for it; money alone would say {mode_word(advice.by_money)}. {gain}."
    return f"{gain}."
