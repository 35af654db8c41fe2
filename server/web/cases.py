"""The list of cases, and one decision about many of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa
from flask import render_template, request, url_for

from server import case_file, case_filter, case_list, case_words, context, many_decisions, naming, queries
from server.case_list import LISTED_MAX, CaseLine
from server.database import reading
from server.decisions import DecisionError
from server.errors import Refusal
from server.gate import takes_bytes
from server.many_decisions import Choice
from server.people import requires, signed_in
from server.prices import Price
from server.roles import Task
from server.rules import rules
from server.standing import read_standing
from server.web.navigation import Entry, Group
from server.web.pages import blueprint, linked_names
from server.whatif import Effect, WhatIf
from sync.actions import CLAIMS

NAV = Entry("Cases", "web.cases", Group.WORK, order=20, parts=frozenset({"web.case"}))

FORM_BYTES_MAX: Final = 1 << 20
PREVIEWED_MAX: Final = 100
"""Cases of a selection whose fate is worked out before it is decided."""


@blueprint.get("/cases")
@requires(Task.LOOK)
def cases() -> str:
    """All that does not match, filtered and sorted."""
    site = signed_in().site
    try:
        after = case_list.read_after(request.args.get("after"))
    except ValueError as error:
        raise Refusal(400, "bad_request", str(error)) from None
    with reading() as connection:
        asked = _asked(connection, site, request.args)
        found: list[CaseLine] = []
        counts: dict[str, int] = {}
        if not asked.problems:
            found = case_list.list_cases(connection, site, asked.wanted, sort=asked.sort, after=after)
            counts = dict(case_list.count_by_rule(connection, site, asked.wanted))
        names = linked_names(connection, site, _keys(found))
        devices = queries.device_names(connection, site)
        zones = case_words.zones(connection, site)
        aside = read_standing(connection, site)
    rule = asked.values.get("rule", "")
    following: dict[str, Any] | None = (
        {**asked.values, "after": found[-1].after} if len(found) == case_list.PAGE else None
    )
    return render_template(
        "cases.html",
        cases=found,
        asked=asked,
        counts=counts,
        matching=counts.get(rule, 0) if rule else sum(counts.values()),
        selectable=signed_in().may(Task.SETTLE) and asked.wanted.status == "open",
        whole_page=request.args.get("select") == "page",
        listed_max=LISTED_MAX,
        choices=case_filter,
        names=names,
        devices=devices,
        zones=zones,
        rules=rules(),
        rule=rule,
        aside=aside.quarantined + aside.held,
        next=url_for("web.cases", **following) if following else None,
        first=url_for("web.cases", **dict[str, Any](asked.values)) if after else None,
        here=request.args.get("after"),
    )


def _asked(connection: sa.Connection, site: str, values: Mapping[str, str]) -> case_filter.Asked:
    try:
        return case_filter.read(connection, site, values, context.now_ms())
    except LookupError as error:
        raise Refusal(404, "not_found", str(error.args[0])) from None


@dataclass(frozen=True, slots=True, kw_only=True)
class ForMany:
    """What one decision would do to a selection."""

    resolution: str
    fits: int
    """Cases of the selection that can be decided so."""
    moved: int
    """Units whose place, state or home would change."""
    closes: int
    """Further cases that would close with them."""
    opens: int
    values: list[Price]
    """What the stock would be worth more or less, by currency."""


@blueprint.post("/cases/many")
@requires(Task.SETTLE)
@takes_bytes(FORM_BYTES_MAX)
def many() -> str:
    """What one decision about the selected cases would do; nothing is decided yet."""
    site, now_ms = signed_in().site, context.now_ms()
    with reading() as connection:
        if request.form.get("scope") == "match":
            asked = _asked(connection, site, request.form)
            chosen = case_list.list_cases(connection, site, asked.wanted, sort=asked.sort, limit=LISTED_MAX)
        else:
            chosen = _selected(connection, site, request.form.getlist("case"))
        still_open = [case for case in chosen if case.status == "open"]
        previews = _previews(connection, site, still_open, now_ms)
        names = linked_names(connection, site, _keys(chosen))
    return render_template(
        "cases_many.html",
        cases=still_open,
        closed=len(chosen) - len(still_open),
        previews=previews,
        names=names,
        previewed_max=PREVIEWED_MAX,
        kinds=Counter(case.rule for case in still_open),
    )


@blueprint.post("/cases/many/settle")
@requires(Task.SETTLE)
@takes_bytes(FORM_BYTES_MAX)
def settle_many() -> str:
    """Decide the selected cases alike, and say which were not and why."""
    person = signed_in()
    choices = [_choice(value) for value in request.form.getlist("case")][:LISTED_MAX]
    resolution = request.form.get("resolution", "")
    who: dict[str, Any] = {"site": person.site, "operator": person.name, "role": person.role}
    try:
        decided, skipped = many_decisions.settle_all(choices, resolution=resolution, now_ms=context.now_ms(), **who)
    except DecisionError as error:
        raise Refusal(409, "conflict", str(error)) from None
    with reading() as connection:
        names = linked_names(connection, person.site, [choice.unit for choice in choices])
    return render_template("cases_decided.html", decided=decided, skipped=skipped, resolution=resolution, names=names)


def value_of(case: CaseLine | Choice) -> str:
    """A case as a checkbox holds it, with the evidence that the person sees."""
    return f"{case.rule}~{case.episode}~{case.evidence}~{case.unit}"


def _choice(value: str) -> Choice:
    parts = value.split("~", 3)
    if len(parts) != 4:
        raise Refusal(400, "bad_request", "A case was sent that is none: open the list again.")
    rule, episode, evidence, unit = parts
    return Choice(unit=unit, rule=rule, episode=episode, evidence=evidence)


def _selected(connection: sa.Connection, site: str, values: Sequence[str]) -> list[CaseLine]:
    """The cases of these checkboxes, as they are now, each with the evidence that the person saw."""
    choices = map(_choice, values[:LISTED_MAX])
    return case_list.read_cases(connection, site, [(one.unit, one.rule, one.episode) for one in choices])


def _previews(connection: sa.Connection, site: str, chosen: Sequence[CaseLine], now_ms: int) -> list[ForMany]:
    some = chosen[:PREVIEWED_MAX]
    what_if = WhatIf(connection, site, {case.unit for case in some}, now_ms)
    words = list(dict.fromkeys(word for case in chosen for word in case_file.offered(case) if word not in CLAIMS))
    found = []
    for word in words:
        fitting = [case for case in chosen if word in case_file.offered(case)]
        effects = [case_file.effect_in(connection, what_if, case, word, now_ms) for case in some if case in fitting]
        found.append(_for_many(word, len(fitting), effects))
    return found


def _for_many(word: str, fits: int, effects: Sequence[Effect]) -> ForMany:
    values: Counter[str] = Counter()
    for effect in effects:
        if effect.value:
            values[effect.value.currency] += effect.value.minor
    return ForMany(
        resolution=word,
        fits=fits,
        moved=sum(effect.stands_otherwise for effect in effects),
        closes=sum(len(effect.closes) - 1 for effect in effects if effect.closes),
        opens=sum(len(effect.opens) for effect in effects),
        values=[Price(minor, currency) for currency, minor in sorted(values.items()) if minor],
    )


def _keys(found: Iterable[CaseLine]) -> list[str | None]:
    return [key for case in found for key in (case.unit, case.expected, case.seen)]


def case_page(case: Any) -> str:
    """The address of a case's own page."""
    path = naming.path_of(case.unit)
    return url_for("web.case", rule=case.rule, episode=case.episode, path=path)


def register_words() -> dict[str, Any]:
    """What templates call to speak of cases."""
    return {"case_page": case_page, "case_value": value_of}


blueprint.app_context_processor(register_words)
