"""Real handhelds whose clock is an hour, a day or years wrong, against a real server: `make clocks`.

`faketime` (Debian's package of that name) shifts the wall clock that each handheld's program is told, and a time
namespace (`unshare --time`, Linux, root) the clock since the boot; the server has the true time.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import sqlalchemy as sa

from server.database import sqlite_module
from server.tables import events
from tests.end_to_end.site import Site

ROOT: Final = Path(__file__).parents[2]
FAKETIME: Final = shutil.which("faketime")
ROUNDS: Final = 2
SCANS: Final = 3
"""Of each handheld in each round."""
SECONDS_MAX: Final = 120.0
"""Of one program; they take a second or two."""


@dataclass(frozen=True, slots=True)
class Wrong:
    """How far a handheld's wall clock is out while it scans, and while it sends: somebody may have set it between."""

    scanning: str
    sending: str
    kept_s: int = 0
    """So long its scans wait before it sends them, by the clock since the boot."""


CLOCKS: Final = {
    "right": Wrong("+0", "+0"),
    "an hour behind": Wrong("-1h", "-1h"),
    "a day ahead": Wrong("+1d", "+1d"),
    "twenty years behind": Wrong("-20y", "-20y"),
    "ten years ahead": Wrong("+10y", "+10y"),
    "set right before it sends": Wrong("-20y", "+0"),
    "set wrong before it sends": Wrong("+0", "+1d"),
    "years behind, a day in its cradle": Wrong("-20y", "+1d", kept_s=86_400),
}
FEW: Final = ("years behind, a day in its cradle",)
"""What the tests run: a server that believed its wall clock would be a day off, or more."""


def missing() -> str | None:
    """What this needs and is not here."""
    if FAKETIME is None:
        return "This needs faketime (Debian: apt install faketime)."
    tried = subprocess.run([*_later(1), "true"], check=False, capture_output=True)
    return None if tried.returncode == 0 else "This needs time namespaces: Linux 5.6, unshare, and to be root."


def _later(seconds: int) -> list[str]:
    """Begins a command whose clock since the boot is so far on."""
    return ["unshare", "--fork", "--time", "--boottime", str(seconds), "--monotonic", str(seconds)]


@dataclass(frozen=True, slots=True)
class Round:
    """So many scans of one handheld, and between which true moments they were made, Unix milliseconds."""

    name: str
    began_ms: int
    ended_ms: int


def run(folder: Path, names: tuple[str, ...]) -> list[str]:
    """Let each of these handhelds scan without a server and send, twice; what is wrong afterwards, a sentence each."""
    site = Site(folder=folder, database_url=f"sqlite:///{folder / 'warehouse.sqlite3'}")
    done: list[Round] = []
    site.start()
    try:
        site.wait_until_ready()
        for name, invitation in zip(names, site.invitations(len(names)), strict=True):
            words = ("enrol", "--code", invitation, "--name", name)
            _handheld(folder / name, CLOCKS[name].scanning, words)
        for number in range(ROUNDS):
            site.kill()
            done += [_scan(folder / name, name, number) for name in names]
            site.start()
            site.wait_until_ready()
            for name in names:
                _handheld(folder / name, CLOCKS[name].sending, ("sync",), later_s=CLOCKS[name].kept_s)
    finally:
        site.kill()
    verified = site.flask("verify")
    return [*_wrong(site, done), *([] if verified.returncode == 0 else verified.stdout.splitlines())]


def _scan(home: Path, name: str, number: int) -> Round:
    wrong, began_ms = CLOCKS[name], _now_ms()
    typed = "".join(f"]d2010950600013435221{number}{n}\x1d99{_mark(name)}\n" for n in range(SCANS))
    words = ("scan", "--action", "inspect", "--location", "LOC:A-01", "--source", "-")
    _handheld(home, wrong.scanning, words, typed=typed)
    return Round(name, began_ms - wrong.kept_s * 1000, _now_ms() - wrong.kept_s * 1000)


def _mark(name: str) -> str:
    """What its labels bear (AI 99), which takes no spaces."""
    return name.replace(" ", "-")


def _handheld(home: Path, shift: str, words: tuple[str, ...], *, typed: str = "", later_s: int = 0) -> None:
    """Run its program to the end with a wall clock that is out by so much, and so long after the scans.

    Raises:
        RuntimeError: it failed.
    """
    program = ["faketime", "-f", shift, sys.executable, "-m", "scanner_client", *words, "--home", str(home)]
    command = [*(_later(later_s) if later_s else []), *program]
    only_the_wall_clock = {"FAKETIME_DONT_FAKE_MONOTONIC": "1"}
    done = subprocess.run(
        command, cwd=ROOT, env=os.environ | only_the_wall_clock, input=typed, capture_output=True, text=True,
        timeout=SECONDS_MAX, check=False,
    )  # fmt: skip
    if done.returncode:
        raise RuntimeError(f"{home.name}: {words[0]} failed: {done.stdout[-300:]}{done.stderr[-300:]}")


def _wrong(site: Site, done: list[Round]) -> Iterator[str]:
    """Every scan is accepted, in the order of its chain, and at its true moment, as near as the server says."""
    engine = sa.create_engine(site.database_url, module=sqlite_module())
    e = events.c
    query = sa.select(e.barcode, e.outcome, e.event_ms, e.uncertainty_ms, e.wall_ms).where(e.action == "inspect")
    with engine.connect() as connection:
        rows = connection.execute(query.order_by(e.device_no, e.epoch, e.seq)).all()
    engine.dispose()
    for name in dict.fromkeys(one.name for one in done):
        here = [row for row in rows if row.barcode.endswith(f"\x1d99{_mark(name)}".encode())]
        if len(here) != ROUNDS * SCANS or any(row.outcome != "accepted" for row in here):
            yield f"{name}: {[row.outcome for row in here]} instead of {ROUNDS * SCANS} accepted scans."
        if [row.event_ms for row in here] != sorted(row.event_ms for row in here):
            yield f"{name}: its scans are not in their order."
        rounds = [one for one in done if one.name == name]
        for row, one in zip(here, (one for one in rounds for _ in range(SCANS)), strict=False):
            off = max(one.began_ms - row.event_ms, row.event_ms - one.ended_ms, 0)
            if off > row.uncertainty_ms:
                yield f"{name}: a scan is {off} ms off, by its word {row.uncertainty_ms} at most."
            shift = (row.wall_ms - row.event_ms) / 3_600_000
            print(f"{name}: clock out by {shift:+.1f} h, moment off by {off} ms", file=sys.stderr)


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


def main() -> int:
    """All of them; 1 where anything is wrong, 2 where it cannot be tried."""
    if (lacks := missing()) is not None:
        print(lacks, file=sys.stderr)
        return 2
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="clocks-") as folder:
        found = run(Path(folder), tuple(CLOCKS))
    print(f"{len(CLOCKS)} handhelds, {len(CLOCKS) * ROUNDS * SCANS} scans, {time.monotonic() - began:.0f} s")
    print("\n".join(found) or "Every scan is there once, in its order, at its true moment.")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
