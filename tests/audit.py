"""Ask whether faults are known in what is installed: `make lint`, or `python -m tests.audit PIP_AUDIT FILE...`.

pip-audit says "no known vulnerabilities" as well where it could ask about nothing. Here that is said, and fails
nothing: whoever has no network has no advisories, and the next run that has one asks again.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from typing import Any, Final

SECONDS_MAX: Final = 60
"""For one file of requirements."""
OPTIONS: Final = (
    "--require-hashes",
    "--disable-pip",
    "--format",
    "json",
    "--progress-spinner",
    "off",
    "--timeout",
    "5",
)


def ask(program: str, file: str) -> list[dict[str, Any]] | None:
    """What is known of each package that the file pins; None where nobody could be asked."""
    try:
        done = subprocess.run(
            [program, "--requirement", file, *OPTIONS], capture_output=True, text=True, check=False, timeout=SECONDS_MAX
        )
        found: list[dict[str, Any]] = json.loads(done.stdout)["dependencies"]
    except (OSError, ValueError, KeyError, subprocess.TimeoutExpired):
        return None
    return found


def sentences(file: str, found: list[dict[str, Any]] | None) -> tuple[list[str], bool]:
    """What to tell of one file, and whether anything is wrong with it."""
    unasked = [package["name"] for package in found or () if "skip_reason" in package]
    if not found or len(unasked) == len(found):
        return [f"{file}: not audited, for no advisory database can be reached from here."], False
    faults = [
        f"{file}: {package['name']} {package['version']} has {fault['id']}; mended in {_versions(fault)}."
        for package in found
        for fault in package.get("vulns", ())
    ]
    if unasked:
        faults.insert(0, f"{file}: nobody knows of {', '.join(unasked)}.")
    told = faults or [f"{file}: no fault is known in its {len(found)} packages."]
    return told, any(package.get("vulns") for package in found)


def _versions(fault: dict[str, Any]) -> str:
    return ", ".join(fault["fix_versions"]) or "no version yet"


def main(argv: Sequence[str]) -> int:
    """One run; 1 where a fault is known."""
    program, *files = argv
    wrong = False
    for file in files:
        told, bad = sentences(file, ask(program, file))
        print("\n".join(told))
        wrong = wrong or bad
    return int(wrong)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
