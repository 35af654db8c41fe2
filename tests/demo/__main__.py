"""Run a small warehouse through the whole path and say what was found.

Exits with 0 if that is what the rendered truth implies, else with 1.
"""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from pathlib import Path
from threading import Thread
from typing import Any, Final

from openpyxl import Workbook

from server import create_app
from server.case_list import CaseFilter, list_cases
from server.counts.compare import ReportLine
from server.counts.reckoning import reckon
from server.database import reading
from server.receipts import receipt
from tests.demo import warehouse
from tests.demo.stage import PASSWORD, DemoError, Stage, set_stage
from tests.rendering import Handling, Shelf, render_video

SITE: Final = "main"
HANDLING: Final = Handling(speed_px=17, exposure=0.08)
KILL_AFTER_LINES: Final = 6
RECEIVER, COUNTER = "handheld-1", "handheld-2"


def main() -> int:
    """The whole story."""
    stage = set_stage()
    try:
        _prepare(stage)
        _work_without_server(stage)
        _bring_together(stage)
        wrong = _differences(stage)
    except DemoError as error:
        print(f"The demo stopped: {error}", file=sys.stderr)
        return 1
    finally:
        stage.stop_server()
    if wrong:
        print("\nThis is not what stands in the warehouse:", *wrong, sep="\n  ", file=sys.stderr)
        return 1
    stage.say("Everything that was found is what stands in the warehouse, and nothing else.")
    print(
        f"\nTo look around: SCAN_INSTANCE={stage.folder / 'server'} make serve\n"
        f"then open http://127.0.0.1:8000 and sign in as admin with the password {PASSWORD}."
    )
    return 0


def _prepare(stage: Stage) -> None:
    stage.say("Writing the papers: products, bins, expected stock, an ASN of two cartons.")
    papers = _papers(stage.folder)
    stage.say("Filming the cartons and shelves (four videos, 1280 x 720, 30 frames a second).")
    _film(stage.folder)
    stage.say("Setting up the server on SQLite and importing the papers.")
    stage.flask("init", "--password-stdin", typed=PASSWORD + "\n")
    for kind, path in papers:
        print("  " + stage.flask("import", kind, str(path)).strip().splitlines()[-1])
    stage.flask("sampling", "all")  # the cartons are unpacked: what is not read is not in them
    stage.flask("count", "open", "COUNT-1", "--bin", "A-01", "--bin", "A-02")
    stage.start_server()
    stage.say("Enrolling two handhelds: each reads its one-time code with its own camera.")
    for home, role in ((RECEIVER, "receiver"), (COUNTER, "supervisor")):
        code = stage.folder / f"{home}.png"
        stage.flask("code", "--role", role, "--png", str(code))
        print("  " + stage.handheld(home, "enrol", "--source", str(code), "--name", home).strip().splitlines()[-1])
        stage.handheld(home, "sync")


def _work_without_server(stage: Stage) -> None:
    stage.stop_server()
    stage.say("The server is down. Two people work on: one receives the cartons, one counts the shelves.")
    receiving = Thread(target=_receive, args=(stage,))
    receiving.start()
    count = ("--action", "count", "--document", "COUNT-1", "--operator", "Ines")
    shelf = stage.folder / "shelf-A-01.mp4"
    counter = stage.scanning(COUNTER, *count, "--source", str(shelf))
    _show(counter, COUNTER, lines_max=KILL_AFTER_LINES)
    counter.kill()
    counter.wait()
    print(f"  {COUNTER}: killed in the middle of the shelf (SIGKILL), and started again")
    for name in ("shelf-A-01", "shelf-A-02"):
        _finish(stage.scanning(COUNTER, *count, "--source", str(stage.folder / f"{name}.mp4")), COUNTER)
    receiving.join()


def _receive(stage: Stage) -> None:
    for name in warehouse.CARTONS:
        video = str(stage.folder / f"{name}.mp4")
        words = ("--action", "receive", "--document", "ASN-1001", "--location", "DOCK", "--operator", "Ravi")
        _finish(stage.scanning(RECEIVER, *words, "--source", video), RECEIVER)


def _bring_together(stage: Stage) -> None:
    stage.say("The server is up again; the handhelds send what they have.")
    stage.start_server()
    for home in (RECEIVER, COUNTER):
        print(f"  {home}: " + " ".join(stage.handheld(home, "sync").split()))
    stage.say("Closing the receipt and the count.")
    print(stage.flask("receipt", "close", "ASN-1001"))
    print(stage.flask("count", "close", "COUNT-1"))
    stage.say("Open cases.")
    print(stage.flask("cases"))
    for what, unit in warehouse.TRAILS.items():
        stage.say(f"Trail of a unit that is {what}.")
        print(stage.flask("trail", unit))


def _papers(folder: Path) -> list[tuple[str, Path]]:
    """The same people who send CSV, XLSX and JSON in real life."""
    products, locations = folder / "products.csv", folder / "locations.json"
    stock, asn = folder / "stock.xlsx", folder / "ASN-1001.csv"
    _write_csv(products, warehouse.PRODUCTS)
    locations.write_text(json.dumps(warehouse.LOCATIONS))
    book = Workbook()
    sheet = book.create_sheet("stock", 0)
    columns = _columns(warehouse.STOCK)
    sheet.append(columns)
    for row in warehouse.STOCK:
        sheet.append([row.get(c) for c in columns])
    book.save(stock)
    _write_csv(asn, [{"number": "ASN-1001", "supplier": "Aurora GmbH", **row} for row in warehouse.ASN])
    return [("products", products), ("locations", locations), ("stock", stock), ("asn", asn)]


def _columns(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    return list(dict.fromkeys(name for row in rows for name in row))


def _write_csv(path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, _columns(rows))
        writer.writeheader()
        writer.writerows(rows)


def _film(folder: Path) -> None:
    scenes: dict[str, Shelf] = {**warehouse.CARTONS, **warehouse.SHELVES}
    with ProcessPoolExecutor(2) as pool:
        films: dict[Future[Any], str] = {
            pool.submit(render_video, folder / f"{name}.mp4", shelf, seed, HANDLING): name
            for seed, (name, shelf) in enumerate(scenes.items(), 1)
        }
        for film in as_completed(films):
            print(f"  {films[film]}.mp4, {film.result().frames} frames", flush=True)


def _show(process: subprocess.Popen[str], name: str, *, lines_max: int | None = None) -> None:
    """Pass on what a handheld says, up to so many lines of it."""
    if process.stdout is None:
        raise DemoError(f"{name} cannot be heard.")
    for n, line in enumerate(process.stdout, 1):
        print(f"  {name}: {line.rstrip()}", flush=True)
        if n == lines_max:
            return


def _finish(process: subprocess.Popen[str], name: str) -> None:
    _show(process, name)
    if process.wait():
        raise DemoError(f"{name} ended with {process.returncode}.")


def _differences(stage: Stage) -> list[str]:
    """What the server found that the truth does not imply, and the other way round."""
    app = create_app({"INSTANCE": stage.folder / "server", "DATABASE_URL": ""})
    with app.app_context(), reading() as connection:
        said: dict[str, Sequence[ReportLine]] = {
            "ASN-1001": receipt.report(connection, site=SITE, number="ASN-1001").lines,
            "COUNT-1": reckon(connection, site=SITE, number="COUNT-1").lines,
        }
        opened = {(case.rule, case.unit) for case in list_cases(connection, SITE, CaseFilter(), limit=500)}
    wrong = []
    for number, truth in warehouse.TRUTH.items():
        found: dict[str, set[str]] = {}
        for line in said[number]:
            found.setdefault(line.kind.value, set()).add(line.subject)
        for kind in truth.keys() | found.keys():
            wrong += _told(f"{number} {kind}", truth.get(kind, set()), found.get(kind, set()))
    due = {f"{rule} {unit}" for rule, unit in warehouse.CASES}
    return wrong + _told("case", due, {f"{rule} {unit}" for rule, unit in opened})


def _told(what: str, due: Iterable[str], found: Iterable[str]) -> list[str]:
    due, found = set(due), set(found)
    return [f"{what}: {x} should be there" for x in sorted(due - found)] + [
        f"{what}: {x} should not be there" for x in sorted(found - due)
    ]


if __name__ == "__main__":
    sys.exit(main())
