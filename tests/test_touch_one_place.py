"""A field, an action, a rule or a label format is added in one place; here each is added to a copy and used."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the two packages that the server runs."""
    for package in ("sync", "server"):
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


def insert(path: Path, before: str, lines: str) -> None:
    """Put lines before the first place where `before` stands."""
    text = path.read_text()
    assert before in text
    path.write_text(text.replace(before, lines + before, 1))


def run(root: Path, program: str) -> list[str]:
    """What a program prints that sees only the copy."""
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=root,
        env={"PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


EVENT = "ScanEvent(device_no=1, epoch=2, seq=3, action='count', subject='x', wall_ms=4, boot='b', boot_ms=5{more})"


def test_a_field_of_the_event_is_one_line(copy: Path) -> None:
    insert(copy / "sync/event.py", "    condition: str | None = None\n", "    shelf_height_mm: int | None = None\n")
    said = run(
        copy,
        "from sync.event import ScanEvent, decode, encode\n"
        "from server.schemas import ScanEventSchema\n"
        "from server.tables import events\n"
        f"event = {EVENT.format(more=', shelf_height_mm=1200')}\n"
        "print(decode(encode(event)).shelf_height_mm, events.c.shelf_height_mm.type)\n"
        "print('shelf_height_mm' in ScanEventSchema().fields)\n"
        f"print(encode({EVENT.format(more='')}).hex())\n",
    )
    before = run(ROOT, f"from sync.event import ScanEvent, encode\nprint(encode({EVENT.format(more='')}).hex())")
    assert said[:3] == ["1200", "BIGINT", "True"]
    assert said[3:] == before, "an event without the new field keeps its bytes, and so its digest"


def test_an_action_is_one_function(copy: Path) -> None:
    insert(
        copy / "sync/actions/observing.py",
        '@action("unreadable"',
        '@action("polish", roles={"returns"}, needs=("subject", "location"), step="repairing")\n'
        "def polish(state: UnitState, event: ScanEvent) -> UnitState:\n"
        '    """Polish: it shines again."""\n'
        "    return state._replace(condition='as new')\n\n\n",
    )
    said = run(
        copy,
        "from sync.actions import ACTIONS, refuse\nfrom sync.unit import UnitState\n"
        "from sync.event import ScanEvent\n"
        "at = 'https://id.gs1.org/414/9506000134352/254/A-01'\n"
        "unit = 'https://id.gs1.org/01/09506000134352/21/S1'\n"
        "event = ScanEvent(device_no=1, epoch=1, seq=1, action='polish', subject=unit, location=at,"
        " wall_ms=1, boot='b', boot_ms=1)\n"
        "print(refuse(event), ACTIONS['polish'].apply(UnitState(), event).condition, ACTIONS['polish'].text)\n",
    )
    assert " ".join(said) == "None as new Polish: it shines again."


def test_a_discrepancy_rule_is_one_file(copy: Path) -> None:
    (copy / "server/rules/twice_taken_back.py").write_text(
        '"""Came back twice: somebody keeps returning it.\n\nSend it to inspection.\n"""\n\n'
        "from server.rules import Finding, Step\n\n\n"
        "def check(step: Step) -> Finding | None:\n"
        "    return Finding(detail='again') if step.fact.event.action == 'take_back' else None\n"
    )
    said = run(
        copy,
        "from server.rules import rules\nrule = rules()['twice_taken_back']\nprint(rule.title, rule.advice)\n",
    )
    assert " ".join(said) == "Came back twice: somebody keeps returning it. Send it to inspection."


def test_a_label_format_is_one_file(copy: Path) -> None:
    (copy / "sync/labels/locker.py").write_text(LOCKER)
    said = run(
        copy,
        "from sync.labels import parse\nlabel = parse(b'LOCKER-7', ']C0')\nprint(label.format, label.key)\n",
    )
    assert said == ["locker", "https://warehouse.example/414/main/254/LOCKER-7"]


LOCKER = '''"""Where people keep their coats: LOCKER-7."""

from sync.identity import Kind, own_location_key
from sync.labels._label import Label
from sync.labels._registry import Scan, label_format, not_gs1


@label_format(rank=5, symbologies=not_gs1)
def read(scan: Scan) -> Label | None:
    """Read a locker's door."""
    if not scan.text.startswith("LOCKER-"):
        return None
    key = own_location_key(scan.codes.domain, scan.codes.site, scan.text)
    return Label(kind=Kind.LOCATION, key=key, format="locker")
'''
