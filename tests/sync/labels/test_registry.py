"""A label format is one file: found by itself, asked in its turn."""

import subprocess
import sys
from pathlib import Path

import pytest

from sync.labels import Refusal, formats, parse
from tests.sync.labels.reading import refusal

ROOT = Path(__file__).parents[3]
NEW_FORMAT = '''
"""Crates of the milk round: MILK and a number."""

from sync.identity import Kind, own_container_key
from sync.labels._label import Label
from sync.labels._registry import Scan, label_format, not_gs1


@label_format(rank=16, symbologies=not_gs1)
def read(scan: Scan) -> Label | None:
    """Read a crate."""
    if not scan.text.startswith("MILK"):
        return None
    return Label(kind=Kind.CONTAINER, key=own_container_key(scan.codes.domain, scan.text), format="milk")
'''


def test_a_format_is_added_in_one_file(tmp_path: Path) -> None:
    """The package's path is extended by a folder with one more file, in a process of its own."""
    (tmp_path / "milk.py").write_text(NEW_FORMAT)
    program = (
        "import sys, importlib.util as u\n"
        f"spec = u.spec_from_file_location('sync.labels', {str(ROOT / 'sync/labels/__init__.py')!r},"
        f" submodule_search_locations=[{str(ROOT / 'sync/labels')!r}, {str(tmp_path)!r}])\n"
        "package = u.module_from_spec(spec); sys.modules['sync.labels'] = package; spec.loader.exec_module(package)\n"
        "print(package.parse(b'MILK 7', ']C0').key)\n"
    )
    ran = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "https://warehouse.example/00/MILK%207"
    assert isinstance(parse(b"MILK 7", "]C0"), Refusal)


def test_every_format_file_is_registered_under_its_name() -> None:
    files = {path.stem for path in (ROOT / "sync/labels").glob("[a-z]*.py")}
    assert set(formats()) == files - {"box"}


def test_the_sites_own_codes_are_asked_before_what_only_looks_alike() -> None:
    asked = formats()
    assert asked.index("serial_pattern") < asked.index("imei") < asked.index("gs1_element_string")
    assert asked[-1] == "serial"


@pytest.mark.parametrize("symbology", ["d2", "]", "]d", "]2d", "]dd2", "\u0661"])
def test_what_is_no_symbology_identifier_is_refused(symbology: str) -> None:
    assert refusal("0109506000134352", symbology) == f"{symbology!r} is no AIM symbology identifier, such as ]d2."


def test_a_barcode_longer_than_any_symbol_is_refused() -> None:
    assert refusal("A" * 8191, "]Q1").startswith("The barcode has 8191 bytes, and 8190 are the most: 'AAA")
