"""What the office does on such a day, at either site. What the server refuses is refused, and that is all."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any, Final

import sqlalchemy as sa

from server import decisions, undo
from server.counts.plan import CountError
from server.database import reading, writing
from server.decisions import DecisionError
from server.modes import change
from server.modes.book import ModeError, open_changes
from server.orders import cancelling
from server.orders.cancelling import OrderError
from server.recalls import asked as recalling
from server.recalls import book, release
from server.recalls.asked import RecallError
from server.receipts.receipt import close_receipt
from server.set_aside import RepairError
from server.stolen import asked as stealing
from server.stolen import report
from server.stolen.asked import StolenError
from server.tables import cases, events
from server.undo import UndoError
from sync.actions import RESOLUTIONS
from sync.event import format_name
from tests.handheld import CABLE, PHONE
from tests.simulation.layout import SITE
from tests.simulation.muddle import aside, counting
from tests.simulation.muddle.files import IMEI, TEA

OTHER_SITE: Final = "north"
REFUSALS: Final = (
    CountError,
    DecisionError,
    LookupError,
    ModeError,
    OrderError,
    RecallError,
    RepairError,
    StolenError,
    UndoError,
)
_RECALLED: Final = (
    {"product": PHONE.rpartition("/")[2], "lots": ["LX"]},
    {"product": PHONE.rpartition("/")[2], "serials": ["S1"]},
    {"supplier": "Acme"},
    {"receipts": ["ASN-1"]},
    {"product": TEA.rpartition("/")[2], "lots": ["L1"]},
    {"product": CABLE.rpartition("/")[2]},
)
Who = dict[str, Any]
"""Who does it and when, as every office act takes it."""


def act(rng: Random, now_ms: int) -> str:
    """One office act; says which, and why it was refused where it was."""
    site = rng.choice((SITE, SITE, SITE, OTHER_SITE))
    what = rng.choice(_ACTS)
    try:
        said = what(rng, site, {"operator": "Sam", "now_ms": now_ms})
    except REFUSALS as error:
        said = f"refused: {error}"
    return f"{what.__name__.strip('_')} at {site}: {said}"


def _close_receipt(rng: Random, site: str, who: Who) -> str:
    number = rng.choice(("ASN-1", "ASN-2", "PO-1")) if site == SITE else "TRANSFER-1"
    with writing() as c:
        close_receipt(c, site=site, number=number, **who)
    return number


def _cancel(rng: Random, _site: str, who: Who) -> str:
    number = rng.choice(("SO-1", "SO-2", "TRANSFER-1"))
    do = rng.choice((cancelling.cancel, cancelling.resume))
    with writing() as c:
        do(c, site=SITE, number=number, reason="asked for", **who)
    return f"{do.__name__} {number}"


def _recall(rng: Random, site: str, who: Who) -> str:
    asked = recalling.Asked(reason="burns", **rng.choice(_RECALLED))
    with writing() as c:
        book.begin(c, site=site, asked=asked, **who)
    return str(asked)


def _release(rng: Random, site: str, who: Who) -> str:
    number = rng.choice(("RC-1", "RC-2"))
    with writing() as c:
        release.release(c, site=site, number=number, reason="looked at", leaving=99, **who)
    return number


def _report_theft(rng: Random, _site: str, who: Who) -> str:
    serial = rng.choice(("S0", "S1", "S3", IMEI, "490154203237510"))
    product = PHONE.rpartition("/")[2] if serial[0] == "S" and rng.random() < 0.6 else ""
    since = rng.choice(("", "2026-05-28"))
    with writing() as c:
        asked = stealing.Asked(reason="gone", serials=[serial], product=product, since=since)
        return report.report(c, site=SITE, asked=asked, **who)


def _find(rng: Random, _site: str, who: Who) -> str:
    with writing() as c:
        number, everywhere = rng.choice(("ST-1", "ST-2")), None
        return str(report.find(c, number=number, names=[], reason="under a shelf", let_into=everywhere, **who))


def _settle(rng: Random, site: str, who: Who) -> str:
    return _decide(rng, site, who, is_open=True)


def _reopen(rng: Random, site: str, who: Who) -> str:
    return _decide(rng, site, who, is_open=False)


def _decide(rng: Random, site: str, who: Who, *, is_open: bool) -> str:
    t = cases.c
    status = t.status == "open" if is_open else t.status != "open"
    query = sa.select(cases).where(t.site == site, status).order_by(t.unit, t.rule, t.episode)
    with writing() as c:
        found = c.execute(query).mappings().all()
        if not found:
            return "nothing"
        row = rng.choice(found)
        about = {name: row[name] for name in ("site", "unit", "rule", "episode")}
        if not is_open:
            decisions.reopen(c, reason="looked again", **about, **who)
            return str(about)
        resolution = rng.choice(tuple(RESOLUTIONS))
        decisions.settle(c, resolution=resolution, evidence=row["evidence"], **about, **who)
        return f"{about}: {resolution}"


def _undo(rng: Random, site: str, who: Who) -> str:
    t = events.c
    may = (t.site == site, t.outcome == "accepted", (t.device_no != 0) | (t.action == "void"))
    query = sa.select(t.device_no, t.epoch, t.seq).where(*may).order_by(t.received_ms, t.seq)
    with writing() as c:
        names = [format_name((device_no, epoch, seq)) for device_no, epoch, seq in c.execute(query)]
        if not names:
            return "nothing"
        name = rng.choice(names[-12:])
        undo.undo(c, site=site, name=name, reason="mistake", **who)
    return name


def _change_mode(rng: Random, site: str, who: Who) -> str:
    with reading() as c:
        under_way = open_changes(c, site)
    if under_way and rng.random() < 0.8:
        number = rng.choice(sorted(each.number for each in under_way.values()))
        if rng.random() < 0.2:
            with writing() as c:
                change.give_up(c, site=site, number=number, **who)
            return f"{number} given up"
        with_rest = rng.choice((None, "it stays so"))
        return str(change.close_change(site=site, number=number, with_rest=with_rest, **who))
    item, mode = rng.choice((PHONE, CABLE, TEA)), rng.choice(("serial", "quantity", "lot", "lpn"))
    with writing() as c:
        return change.open_change(c, site=site, item=item, mode=mode, **who)


_ACTS: Final[tuple[Callable[[Random, str, Who], str], ...]] = (
    _close_receipt, _close_receipt, _cancel, _recall, _release, _report_theft, _find, _settle, _settle, _settle,
    _reopen, _undo, _undo, _undo, *[counting.count] * 8,
    aside.repair, aside.repair, aside.take_away, _change_mode, _change_mode,
)  # fmt: skip
