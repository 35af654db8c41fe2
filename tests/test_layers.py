import json
import subprocess
import venv
from pathlib import Path

import pytest

from tests.layers import violations

ROOT = Path(__file__).parents[1]


def test_every_file_imports_only_what_its_layer_may() -> None:
    assert violations(ROOT) == []


SOUND = {
    "sync/event.py": "import hashlib\nimport biip\nfrom sync import actions\n",
    "scanner_client/vision/camera.py": "import cv2\nfrom sync.event import ScanEvent\n",
    "scanner_client/vision/decoder.py": "import zxingcpp\n",
    "scanner_client/outbox.py": "import sqlite3\nimport time\n",
    "scanner_client/uploader.py": "import urllib3\n",
    "scanner_client/discovery.py": "import zeroconf\n",
    "scanner_client/page/server.py": "from http.server import ThreadingHTTPServer\n",
    "scanner_client/requirements.txt": "opencv-python-headless==5\nurllib3==2\nzeroconf==0\nzxing-cpp==3\n",
    "server/__init__.py": "from server import api, web\nimport flask\n",
    "server/api/sync.py": "from server.api.errors import refuse\nfrom server import ingest\n",
    "server/printing/symbol.py": "import zxingcpp\n",
    "server/rules/missing.py": "from server.rules.finding import Finding\nfrom sync import event\n",
    "server/requirements.txt": "flask==3\nflask-sqlalchemy==3\nzxing-cpp==3\n",
}


def _tree(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return root


def test_a_sound_tree_breaks_no_rule(tmp_path: Path) -> None:
    assert violations(_tree(tmp_path, SOUND)) == []


@pytest.mark.parametrize(
    ("file", "text", "sentence"),
    [
        ("sync/fold.py", "import server.tables", "sync/fold.py:1: sync must not import server.tables."),
        ("sync/fold.py", "import cv2", "sync/fold.py:1: sync does not install cv2."),
        ("sync/fold.py", "import sqlite3", "sync/fold.py:1: a pure file must not import sqlite3."),
        ("sync/fold.py", "\nfrom time import time", "sync/fold.py:2: a pure file must not import time.time."),
        ("sync/fold.py", "open('units')", "sync/fold.py:1: a pure file must not call open()."),
        ("sync/utils.py", "", "sync/utils.py: the name does not say what is inside."),
        (
            "sync/fold.py",
            "import datetime as d\nd.datetime.now(d.UTC)",
            "sync/fold.py:2: a pure file must not ask for the time with now().",
        ),
        (
            "scanner_client/verdict.py",
            "def late():\n    from server.rules import missing",
            "scanner_client/verdict.py:2: scanner_client must not import server.rules.missing.",
        ),
        (
            "scanner_client/verdict.py",
            "import importlib\nimportlib.import_module('server.rules')",
            "scanner_client/verdict.py:2: scanner_client must not import server.rules.",
        ),
        (
            "scanner_client/verdict.py",
            "import marshmallow",
            "scanner_client/verdict.py:1: scanner_client does not install marshmallow.",
        ),
        (
            "scanner_client/verdict.py",
            "from sqlalchemy import orm",
            "scanner_client/verdict.py:1: scanner_client does not install sqlalchemy.",
        ),
        (
            "scanner_client/screen.py",
            "from cv2.typing import MatLike",
            "scanner_client/screen.py:1: OpenCV belongs in scanner_client/vision.",
        ),
        (
            "scanner_client/outbox.py",
            "",
            "scanner_client: SQLite belongs in exactly one file, and is in: none.",
        ),
        (
            "scanner_client/status.py",
            "import urllib.request",
            (
                "scanner_client: HTTP to the server belongs in exactly one file, and is in: "
                "scanner_client/status.py, scanner_client/uploader.py."
            ),
        ),
        (
            "scanner_client/control.py",
            "import http.server",
            (
                "scanner_client: the page's HTTP server belongs in exactly one file, and is in: "
                "scanner_client/control.py, scanner_client/page/server.py."
            ),
        ),
        (
            "server/ingest.py",
            "from scanner_client import outbox",
            "server/ingest.py:1: server must not import scanner_client.outbox.",
        ),
        (
            "server/printing/zpl.py",
            "import zxingcpp",
            "server/printing/zpl.py:1: zxing-cpp belongs in server/printing/symbol.py.",
        ),
        ("server/ingest.py", "import cv2", "server/ingest.py:1: server does not install cv2."),
        ("server/ingest.py", "import tests.demo", "server/ingest.py:1: server must not import tests.demo."),
        (
            "server/ingest.py",
            "from server import web",
            "server/ingest.py:1: only create_app may import server.web.",
        ),
        (
            "server/web/cases.py",
            "import server.api.sync",
            "server/web/cases.py:1: only create_app may import server.api.sync.",
        ),
        (
            "server/rules/short.py",
            "from server.tables import events",
            "server/rules/short.py:1: server/rules must not import server.tables.events.",
        ),
        (
            "server/rules/short.py",
            "import pathlib",
            "server/rules/short.py:1: a pure file must not import pathlib.",
        ),
    ],
)
def test_a_broken_rule_is_named(tmp_path: Path, file: str, text: str, sentence: str) -> None:
    assert violations(_tree(tmp_path, {**SOUND, file: text})) == [sentence]


@pytest.fixture(scope="module")
def handheld(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of a machine that has the handheld's own requirements and nothing else."""
    home = tmp_path_factory.mktemp("handheld")
    venv.create(home, with_pip=True)
    python = home / "bin" / "python"
    requirements = str(ROOT / "scanner_client" / "requirements.txt")
    install = ["-m", "pip", "install", "-qq", "--no-input", "--require-hashes", "-r", requirements]
    subprocess.run([python, *install], check=True, timeout=500)
    return python


def _run(python: Path, *arguments: str, stdin: str = "") -> str:
    done = subprocess.run(
        [python, *arguments], cwd=ROOT, check=False, capture_output=True, text=True, input=stdin, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.xdist_group("handheld")
def test_a_handheld_works_with_nothing_of_the_servers_installed(handheld: Path) -> None:
    find = "import importlib.util as u; print([n for n in {} if u.find_spec(n)])"
    assert _run(handheld, "-c", find.format(["flask", "marshmallow", "sqlalchemy"])) == "[]\n"
    assert "enrol" in _run(handheld, "-m", "scanner_client", "--help")


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.xdist_group("handheld")
def test_a_bare_handheld_reads_a_gs1_label(handheld: Path) -> None:
    # The GTIN of GS1's own examples (GS1 General Specifications, section 7.9: its check digit is 2).
    scan = json.dumps({"scan": "010950600013435221ABC", "symbology": "]d2"})
    answer = json.loads(_run(handheld, "-m", "scanner_client", "parse", "--json", stdin=f"{scan}\n"))
    assert (answer["valid"], answer["canonical"]) == (True, "https://id.gs1.org/01/09506000134352/21/ABC")
