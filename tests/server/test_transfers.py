"""Transfers between sites, by their numbers."""

from __future__ import annotations

import pytest

from server.database import reading, transact
from server.ledger import record
from server.transfers.book import _is_closed
from tests.server.running import NOW
from tests.server.site import SITE


@pytest.mark.parametrize(("number", "closed"), [("TRANSFER-A_1", [True, False]), ("TRANSFER-AX1", [False, True])])
def test_the_close_of_one_transfers_receipt_closes_none_whose_number_only_looks_alike(
    warehouse: str, number: str, closed: list[bool]
) -> None:
    transact(
        lambda c: record(
            c, site=SITE, action="close_receipt", operator="Sam", now_ms=NOW, document=f"{number}/A", evidence="e"
        )
    )
    with reading() as c:
        assert [_is_closed(c, SITE, one) for one in ("TRANSFER-A_1", "TRANSFER-AX1")] == closed
