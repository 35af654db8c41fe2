"""In whatever order and batches the same facts arrive, the same is known of each thing, and the same cases are open."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from random import Random
from typing import Any, Final

from hypothesis import given, settings
from hypothesis import strategies as st

from server.database import transact
from server.receipts.receipt import close_receipt
from server.stolen.asked import Asked
from server.stolen.report import find, report
from tests.handheld import BIN_A, BIN_B, CABLE, CARTON_1, CARTON_2, DAY, DOCK, PHONE, unit
from tests.server.accepted import accepted
from tests.server.site import SITE
from tests.server.two_orders import File, Scan, Trade, comes_to, in_two_orders

GTIN, CABLE_GTIN = PHONE.rpartition("/")[2], CABLE.rpartition("/")[2]
BOX, PALLET = (key.rpartition("/")[2] for key in (CARTON_1, CARTON_2))
IMEI: Final = "urn:gsma:imei:49015420-323751-0"
EXAMPLES: Final = 10
IMEI_DIGITS: Final = "490154203237510"
UNITS: Final = [unit(f"S{n}") for n in range(3)]
PLACES: Final = [DOCK, BIN_A, BIN_B]
Fields = dict[str, Sequence[Any]]
HERE: Final[Fields] = {"location": PLACES}
WHY: Final[Fields] = {"reason": ["why"]}
LABELS: Final[Fields] = {"subject": UNITS, "identifiers": [(IMEI,)], **WHY}


UNDER: Final = ["RMA-1", "RMA-2", "SO-1"]
SOLD: Final = UNITS[:2]
RETURNS: Final = Trade(
    says={
        "put_away": {"subject": SOLD, **HERE},
        "pack": {"subject": SOLD, "container": [CARTON_1], "document": ["SO-1", "SO-2", None]},
        "ship": {"subject": [*SOLD, CARTON_1], "document": ["SO-1", "SO-2"]},
        "take_back": {"subject": [*SOLD, IMEI], "document": [*UNDER, None], "reason": ["fit"], **HERE},
        "examine": {"subject": SOLD, "numbers": [(IMEI,), tuple(SOLD[:1])], "condition": ["opened"]},
        "restock": {"subject": SOLD, **HERE, **WHY},
        "parcel_back": {"subject": [CARTON_1, *SOLD], **HERE, **WHY},
        "link": {**LABELS, "subject": SOLD},
        "void": WHY,
    },
    any_time=[
        File("order", f"number,gtin,quantity,customer_key\nSO-1,{GTIN},1,K1\n", DAY - 5_000),
        File("rma", f"number,order,customer_key,gtin,reason\nRMA-1,SO-1,K1,{GTIN},defect\n", DAY - 4_000),
        File("order", f"number,gtin,quantity,customer_key\nSO-2,{GTIN},1,K2\n", DAY + 9_000),
        File("rma", f"number,order,customer_key,gtin,serial,reason\nRMA-2,SO-2,K2,{GTIN},S1,fit\n", DAY + 12_000),
    ],
)


@settings(max_examples=EXAMPLES)
@given(st.randoms(use_true_random=True))
def test_what_is_known_of_returns_hangs_on_no_order_of_arrival(rng: Random) -> None:
    one, other = in_two_orders(RETURNS, rng)
    assert one.wrong == other.wrong == []
    assert one.rows == other.rows


def closing(number: str, now_ms: int) -> None:
    transact(lambda c: close_receipt(c, site=SITE, number=number, operator="Sam", now_ms=now_ms))


COMES_IN: Final = [*UNITS, CARTON_1, CARTON_2, IMEI]
RECEIPTS: Final = Trade(
    says={
        "receive": {"subject": COMES_IN, "document": ["ASN-1", "ASN-2", "PO-1"], **HERE},
        "put_away": {"subject": COMES_IN, **HERE},
        "move": {"subject": [CABLE], "quantity": [1, 2], **HERE},
        "pack": {"subject": [*UNITS, CARTON_1], "container": [CARTON_2]},
        "ship": {"subject": COMES_IN},
        "grade": {"subject": [*UNITS, CABLE], "condition": ["damaged"]},
        "link": LABELS,
        "unlink": LABELS,
        "void": WHY,
    },
    first=[
        File(
            "purchase_order",
            f"number,supplier,gtin,quantity\nPO-1,Acme,{GTIN},2\nPO-1,Acme,{CABLE_GTIN},4\n",
            DAY - 6_000,
        ),
        File(
            "asn",
            "number,supplier,po,sscc,parent,gtin,serial,quantity,lot\n"
            f"ASN-1,Acme,PO-1,{BOX},{PALLET},{GTIN},S0,,\nASN-1,Acme,PO-1,{BOX},,{GTIN},S1,,\n"
            f"ASN-1,Acme,PO-1,{BOX},,{CABLE_GTIN},,3,\n",
            DAY - 5_000,
        ),
        partial(closing, "ASN-1", DAY - 2_000),
        partial(closing, "PO-1", DAY - 1_000),
    ],
    any_time=[
        File(
            "asn",
            f"number,supplier,sscc,gtin,serial,quantity\nASN-2,Bolt,{BOX},{GTIN},S2,\nASN-2,Bolt,{BOX},{CABLE_GTIN},,2\n",
            DAY + 9_000,
        )
    ],
)
"""Closed before anything came: each scan comes late for a receipt that lacks it."""


@settings(max_examples=EXAMPLES)
@given(st.randoms(use_true_random=True))
def test_what_is_known_of_receipts_hangs_on_no_order_of_arrival(rng: Random) -> None:
    one, other = in_two_orders(RECEIPTS, rng)
    assert one.wrong == other.wrong == []
    assert one.rows == other.rows


def test_pieces_did_not_come_with_a_tote_that_another_notice_had_announced_again_though_it_is_imported_later() -> None:
    pieces = accepted(1, 1, "receive", second=27, uncertainty_ms=0, subject=CABLE, document="ASN-1", quantity=2)
    tote = accepted(1, 2, "receive", second=13, uncertainty_ms=0, subject=CARTON_1, document="ASN-2", location=DOCK)
    left = accepted(2, 1, "ship", second=0, uncertainty_ms=0, subject=CARTON_1)
    scans = [Scan(SITE, entry) for entry in (left, pieces, tote)]
    one, other = (comes_to(RECEIPTS, way) for way in ([scans, RECEIPTS.any_time], [RECEIPTS.any_time, scans]))
    assert one.wrong == other.wrong == []
    assert one.rows == other.rows


ALONE, BOXED, CARTONS = UNITS[:1], UNITS[1:], [CARTON_1, CARTON_2]
UNDER_WAY: Final[Fields] = {"second": range(6, 20)}
ARRIVED: Final[Fields] = {"second": range(40, 60), **HERE}
TRANSFERS: Final = Trade(
    says={
        "put_away": {"subject": UNITS, "second": range(5), **HERE},
        "pack": {
            "subject": [*BOXED, CABLE],
            "quantity": [2],
            "container": CARTONS,
            "document": ["TRANSFER-1"],
            **UNDER_WAY,
        },
        "unpack": {"subject": BOXED, "container": CARTONS, **UNDER_WAY, **HERE},
        "ship": {"subject": [*ALONE, *CARTONS], "document": ["TRANSFER-1", None], "second": range(20, 30)},
    },
    north={
        "receive": {"subject": [*UNITS, *CARTONS], "document": ["TRANSFER-1", None], **ARRIVED},
        "put_away": {"subject": [*UNITS, CARTON_1], **ARRIVED},
        "move": {"subject": [*UNITS, *CARTONS], **ARRIVED},
        "void": WHY,
    },
    first=[
        File(
            "order",
            f"number,gtin,quantity,to_site\nTRANSFER-1,{GTIN},2,north\nTRANSFER-1,{CABLE_GTIN},4,north\n",
            DAY - 5_000,
        )
    ],
)
"""No hand-over is undone: what has arrived by then stays as it was told, and so hangs on which came first."""


@settings(max_examples=EXAMPLES)
@given(st.randoms(use_true_random=True))
def test_what_two_sites_know_of_a_transfer_hangs_on_no_order_of_arrival(rng: Random) -> None:
    one, other = in_two_orders(TRANSFERS, rng)
    assert one.wrong == other.wrong == []
    assert one.rows == other.rows


def steal(serial: str, now_ms: int, since: str = "") -> None:
    asked = Asked(reason="gone", serials=[serial], since=since)
    transact(lambda c: report(c, site=SITE, asked=asked, operator="Sam", now_ms=now_ms))


def turn_up(number: str, now_ms: int) -> None:
    said: dict[str, Any] = {"reason": "under a shelf", "operator": "Sam", "let_into": None, "now_ms": now_ms}
    transact(lambda c: find(c, number=number, names=[], **said))


SCANNED: Final[dict[str, Fields]] = {
    "receive": {"subject": UNITS, "document": ["ASN-1"], "identifiers": [(IMEI,), None], **HERE},
    "move": {"subject": [*UNITS, IMEI], **HERE},
    "inspect": {"subject": [*UNITS, IMEI], **HERE},
    "take_back": {"subject": [*UNITS, IMEI], "reason": ["fit"], **HERE},
    "examine": {"subject": UNITS, "numbers": [(IMEI,)], "condition": ["opened"]},
    "link": LABELS,
    "unlink": LABELS,
    "void": WHY,
}
THEFTS: Final = Trade(
    says=SCANNED,
    north=SCANNED,
    any_time=[
        partial(steal, "S1", DAY + 2_000),
        partial(turn_up, "ST-1", DAY + 15_000),
        partial(steal, IMEI_DIGITS, DAY + 20_000, "2026-05-28"),
    ],
)


@settings(max_examples=EXAMPLES)
@given(st.randoms(use_true_random=True))
def test_what_is_known_of_stolen_things_hangs_on_no_order_of_arrival(rng: Random) -> None:
    one, other = in_two_orders(THEFTS, rng)
    assert one.wrong == other.wrong == []
    assert one.rows == other.rows
