"""How long each page of the console takes on a ledger of a shop's year, and what memory it needs at its peak (Linux).

`make bench-pages` builds the year first, which takes minutes; `--ledger FOLDER` keeps it there and uses it again.
"""

from __future__ import annotations

import argparse
import re
import tempfile
import time
from pathlib import Path
from typing import Final

from tests.server.running import Person, sign_in
from tests.simulation.shop.fixture import built, copied
from tests.simulation.shop.year import YEAR

PAGES: Final = (
    "/", "/month", "/exports/month.xlsx", "/shrinkage", "/adviser", "/life-cycle", "/prices", "/channels",
    "/stock", "/cases", "/orders", "/receipts", "/claims", "/counts",
    "/returns", "/returns/patterns", "/recalls", "/defects", "/warranty", "/stolen",
)  # fmt: skip
KB_A_MB: Final = 1024


def _memory(what: str) -> int:
    """`VmRSS` or `VmHWM` of this process, MB."""
    found = re.search(rf"^{what}:\s+(\d+) kB", Path("/proc/self/status").read_text(), re.MULTILINE)
    return int(found[1]) // KB_A_MB if found else 0


def measure(person: Person, page: str) -> tuple[int, float, int]:
    """Status, seconds of one core, and MB at the peak over what there was before."""
    Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew: proc(5)
    before, began = _memory("VmRSS"), time.process_time()
    status = person.get(page).status_code
    return status, time.process_time() - began, _memory("VmHWM") - before


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--ledger", type=Path, help="folder of a year that was built before, or to build it in")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        shared = given.ledger or Path(scratch)
        shared.mkdir(parents=True, exist_ok=True)
        copy = Path(scratch) / "copy"
        copy.mkdir()
        with copied(built(shared, "shop_year", YEAR), copy) as shop, shop.open() as app:
            owner = sign_in(app, "Omar")
            print(f"{shop.truth.events:,} events")
            for page in PAGES:
                status, seconds, megabytes = measure(owner, page)
                print(f"{page:20} {status} {seconds:6.2f} s {megabytes:5} MB")


if __name__ == "__main__":
    main()
