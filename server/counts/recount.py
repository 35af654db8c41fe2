"""Recounts: bins of a count, counted again by somebody else; the result speaks for them in the next version."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Sequence
from dataclasses import replace

import sqlalchemy as sa

from server import naming, papers
from server.counts import exceptions, opening, sharing
from server.counts.compare import Line
from server.counts.plan import CountError, Plan, Share, Sort
from server.counts.reckoning import reckon
from server.counts.report import CountReport
from server.database import lock, stamp


def open_recount(
    connection: sa.Connection,
    *,
    site: str,
    number: str,
    bins: Sequence[str],
    shares: Sequence[Share] = (),
    blind: bool = True,
    operator: str | None,
    now_ms: int,
) -> Plan:
    """Have these bins of a count counted again, by anyone but who counted them before.

    Args:
        bins: location keys; none: every bin with a difference.
        shares: whose each bin is.
        blind: whether the second counter is told nothing.

    Raises:
        CountError: it is no count that can be recounted, a bin is not finished, or is given to who counted it before.
    """
    lock(connection, site, [number])
    found = reckon(connection, site=site, number=number)
    if found.plan.of:
        raise CountError(f"{number} is a recount itself: recount {found.plan.of}.")
    out = {line.subject for line in found.looked_at if is_out(line.kind)}
    wanted = list(dict.fromkeys(bins)) or bins_of(found, out)
    standing = {b.share.place: b for b in found.bins}
    names = naming.read(connection, site, wanted)
    known = {share.place: share for share in shares}
    made = []
    for place in wanted:
        report = standing.get(place)
        if report is None or report.interval is None or not report.finished:
            raise CountError(f"Bin {names(place).text} is not finished, so that it cannot be counted again yet.")
        before = tuple(dict.fromkeys([*report.share.refused, *report.interval.people]))
        share = replace(known.get(place, Share(place=place)), refused=before)
        if share.person and share.is_refused(share.person):
            raise CountError(f"{share.person} counted bin {names(place).text} before: somebody else has to do it.")
        made.append(share)
    recount = opening.open_count(
        connection,
        site=site,
        number=_next_number(connection, site, number, len(found.recounts) + 1),
        bins=wanted,
        shares=made,
        blind=blind,
        sort=Sort.RECOUNT,
        chosen={"by": "recount"},
        of=number,
        operator=operator,
        now_ms=now_ms,
    )
    # a restored server gives the number again: what was scanned under it before speaks for the count from now on
    exceptions.refold(connection, site, number, stamp(connection))
    return recount


def _next_number(connection: sa.Connection, site: str, number: str, nth: int) -> str:
    """`COUNT-1-R1` for its first recount; the next one that is free where somebody called something else so."""
    numbers = (f"{number}-R{n}" for n in itertools.count(nth))
    return next(one for one in numbers if papers.taken_by(connection, site, one) is None)


def recount_of(
    connection: sa.Connection,
    *,
    site: str,
    number: str,
    bins: Sequence[str] = (),
    subjects: Collection[str] = (),
    counter: str | None = None,
    blind: bool = True,
    operator: str | None,
    now_ms: int,
) -> Plan:
    """Have bins counted again as a person asks for it; see `open_recount`.

    Args:
        bins: codes or location keys.
        subjects: units or products, whose bins are counted again.
        counter: a handheld's or a person's name, for all of the bins.
    """
    found = reckon(connection, site=site, number=number)
    names = naming.read(connection, site, found.plan.bins)
    places = {name: place for place in found.plan.bins for name in (place, names(place).text)}
    strange = [code for code in bins if code not in places]
    if strange:
        raise CountError(f"Bin {strange[0]!r:.80} is not among those of count {number}.")
    wanted = [places[code] for code in bins] + (bins_of(found, subjects) if subjects else [])
    whose = sharing.counter(connection, site, counter) if counter else Share(place="")
    return open_recount(
        connection,
        site=site,
        number=number,
        bins=wanted,
        shares=[replace(whose, place=place) for place in found.plan.bins],
        blind=blind,
        operator=operator,
        now_ms=now_ms,
    )


def is_out(kind: Line) -> bool:
    """Whether a line says that something does not match."""
    return kind is not Line.MATCHED


def bins_of(found: CountReport, subjects: Collection[str]) -> list[str]:
    """The bins of the count in which these units or products were missed or seen, to be counted again.

    Raises:
        CountError: there are none.
    """
    wanted = {
        place
        for line in found.lines
        if line.subject in subjects
        for place in (line.expected, *line.seen)
    }  # fmt: skip
    bins = [place for place in found.plan.bins if place in wanted]
    if not bins:
        raise CountError(f"Nothing of count {found.number} has to be counted again.")
    return bins
