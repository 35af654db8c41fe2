"""`count`: open, share out, look at, recount, close and approve cycle counts; `count-limit`."""

from __future__ import annotations

from typing import Any, Final

import click

from server import case_list, naming
from server.case_list import CaseFilter
from server.cli.command import command, counted, operator, site
from server.cli.reports import LINES_SHOWN, say_report
from server.context import now_ms
from server.counts import (
    choosing,
    closing,
    late,
    limits,
    listing,
    opening,
    recount,
    sharing,
    shown,
    standing,
    versions,
)
from server.counts.choosing import Ask, By
from server.counts.holdings import lying
from server.counts.limits import Limit
from server.counts.plan import CountError, Sort
from server.counts.reckoning import reckon
from server.counts.report import CountReport
from server.database import reading, transact

_ACTS: Final = ("open", "preview", "show", "recount", "close", "approve", "reject", "cancel", "share", "list")


@command("count")
@click.argument("what", type=click.Choice(_ACTS), metavar="WHAT")
@click.argument("number", required=False)
@click.option("--bin", "bins", multiple=True, help="Code of a bin to count; once for each.")
@click.option("--zone", "zones", multiple=True, help="Every bin of this zone; once for each.")
@click.option("--product", help="Every bin where the records hold this GTIN or SKU.")
@click.option("--class", "classes", multiple=True, type=click.Choice(["A", "B", "C"]), help="Bins of this value class.")
@click.option("--spot", type=click.IntRange(1, choosing.BINS_MAX), help="So many bins by chance, long uncounted first.")
@click.option("--seed", help="Of a spot count: the same seed draws the same bins.")
@click.option("--take-on", is_flag=True, help="Going live: what is seen becomes stock where it was seen.")
@click.option("--blind", is_flag=True, help="Handhelds are sent nothing of what to expect.")
@click.option("--counter", "counters", multiple=True, help="A person or handheld who gets a stretch of the way.")
@click.option("--note", default="", help="Why: for approve, reject and cancel.")
@click.option("--now", is_flag=True, help="Show what closing it again would say, with whatever came since.")
def count(*, what: str, number: str | None, note: str, now: bool, **asked: Any) -> None:
    """WHAT is done with a cycle count: open, preview, show, recount, close, approve, reject, cancel, share or list."""
    if what == "list":
        _list()
        return
    if what in ("open", "preview"):
        _open(number, preview=what == "preview", **asked)
        return
    if number is None:
        raise CountError("Say which count: its number.")
    said: dict[str, Any] = {"site": site(), "number": number, "operator": operator(), "now_ms": now_ms()}
    if what == "recount":
        counters = asked["counters"]
        if len(counters) > 1:
            raise CountError("A recount is given to one counter; open one for each.")
        plan = transact(
            lambda c: recount.recount_of(c, bins=asked["bins"], counter=counters[0] if counters else None, **said)
        )
        click.echo(f"Recount {plan.number} of {counted(len(plan.bins), 'bin')} is open.")
    elif what == "share":
        plan = transact(lambda c: sharing.share_anew(c, counters=asked["counters"], **said))
        click.echo(f"Count {plan.number} is shared out anew.")
    elif what in _DECISIONS:
        transact(lambda c: _DECISIONS[what](c, note=note, **said))
        click.echo(f"Count {number}: {_DONE[what]}.")
    else:
        if what == "close":
            transact(lambda c: closing.close_count(c, **said))
        _show(number, now=now)


_DECISIONS: Final[dict[str, Any]] = {
    "approve": closing.approve,
    "reject": closing.reject,
    "cancel": closing.cancel,
}
_DONE: Final = {"approve": "approved, and closed", "reject": "sent back", "cancel": "given up"}


def _ask(bins: tuple[str, ...], zones: tuple[str, ...], asked: dict[str, Any]) -> Ask:
    by = By.BINS
    if asked["spot"]:
        by = By.SPOT
    elif asked["product"]:
        by = By.PRODUCT
    elif asked["classes"]:
        by = By.CLASS
    elif zones:
        by = By.ZONE
    return Ask(
        by=by,
        bins=bins,
        zones=zones,
        product=asked["product"],
        classes=asked["classes"],
        spots=asked["spot"] or choosing.SPOT_BINS,
        seed=asked["seed"],
    )


def _open(number: str | None, *, preview: bool, bins: tuple[str, ...], zones: tuple[str, ...], **asked: Any) -> None:
    with reading() as connection:
        choice = choosing.choose(connection, site(), _ask(bins, zones, asked), now_ms())
        counters = [sharing.counter(connection, site(), name) for name in asked["counters"]]
        shares = sharing.share_out(choice, blind=asked["blind"], counters=counters)
        number = number or choosing.next_number(connection, site())
    whose = {
        share.place: share.person or (f"handheld {share.device_no}" if share.device_no else "") for share in shares
    }
    for holding in choice.bins:
        who = whose[holding.place]
        click.echo(f"  {holding.code:<12} {lying([holding])} expected{', ' + who if who else ''}")
    said = f"{counted(len(choice.bins), 'bin')}, {choice.lying} expected"
    if preview:
        click.echo(f"{said}. Nothing was opened.")
        return
    plan = transact(
        lambda c: opening.open_count(
            c,
            site=site(),
            number=number,
            bins=[holding.place for holding in choice.bins],
            shares=shares,
            sort=Sort.TAKE_ON if asked["take_on"] else choice.sort,
            chosen=choice.chosen,
            operator=operator(),
            now_ms=now_ms(),
        )
    )
    click.echo(f"Count {plan.number} is open: {said}.")


def _show(number: str, *, now: bool = False) -> None:
    """Print a count: as it was closed or is proposed, else as far as it is.

    Args:
        now: what closing it again would say.
    """
    with reading() as connection:
        if now:
            found: CountReport = reckon(connection, site=site(), number=number)
        else:
            found = shown.report(connection, site=site(), number=number, most=LINES_SHOWN)
        names = naming.read(
            connection, site(), [key for m in found.moves for key in (m.subject, m.origin, m.destination)]
        )
        waiting = standing.pending(connection, site(), number)
        late_scans = CaseFilter(rule=late.RULE, document=number)
        exceptions = case_list.count_by_rule(connection, site(), late_scans).get(late.RULE, 0)
        closer = versions.closed_by(connection, site(), number, found.version) if found.version else None
    say_report(found, f", version {found.version}, closed by {closer or '?'}" if found.version else "")
    for move in found.moves:
        where = f" (found by {move.found_under})" if move.found_under else ""
        where += f" (missed by {move.missed_under})" if move.missed_under else ""
        if not move.carried:
            less, more = names(move.destination).text, names(move.origin).text
            what = f"{move.quantity} x {names(move.subject).text}"
            click.echo(f"  nothing to carry: the records had {what} less than none in {less}, and too many in {more}")
            continue
        taken = "it" if move.quantity == 1 else "them"
        way = f"from {names(move.destination).text} to {names(move.origin).text}"
        click.echo(f"  to move: {move.quantity} x {names(move.subject).text}: take {taken} {way}{where}")
    if waiting:
        click.echo(f"  waits for approval: {' '.join(waiting.reasons)}")
    if exceptions:
        again = f"`count show {number} --now` shows what closing it again would say"
        click.echo(f"  {counted(exceptions, 'late scan')}, each a case: {again}.")


def _list() -> None:
    with reading() as connection:
        found, more = listing.list_counts(connection, site())
    for each in found:
        accuracy = f", accuracy {each.matched} of {each.expected}" if each.expected and each.matched is not None else ""
        click.echo(f"{each.number:<16} {each.sort:<8} {each.state:<9} {each.done} of {each.bins} bins done{accuracy}")
    click.echo(f"{counted(len(found), 'count')}{', the latest; there are more' if more else ''}.")


@command("count-limit")
@click.argument("whose", required=False)
@click.option("--units", type=click.IntRange(0), help="Units and pieces written off and on together.")
@click.option("--value", type=click.IntRange(0), help="Their value in each currency, in its smallest unit.")
@click.option("--percent", type=click.FloatRange(0), help="Of what was expected in any one bin.")
def count_limit(*, whose: str | None, units: int | None, value: int | None, percent: float | None) -> None:
    """Up to what variance WHOSE (role:supervisor, person:Sam) closes a count alone; without options it is lifted."""
    if whose is not None:
        limit = Limit(units=units, value=value, percent=percent)
        transact(
            lambda c: limits.set_limit(c, site=site(), whose=whose, limit=limit, operator=operator(), now_ms=now_ms())
        )
    with reading() as connection:
        found = limits.limits(connection, site())
    for name, each in found.items():
        said = (("units", each.units), ("value", each.value), ("percent", each.percent))
        click.echo(f"{name}: " + ", ".join(f"{what} {'any' if most is None else most}" for what, most in said))
    if not found:
        click.echo("Nobody has a limit: who may close counts closes any.")


COMMANDS = (count, count_limit)
