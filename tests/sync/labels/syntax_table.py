"""Rewrites sync/labels/gs1_syntax.json from GS1's Barcode Syntax Dictionary.

    python -m tests.sync.labels.syntax_table gs1-syntax-dictionary.txt > sync/labels/gs1_syntax.json

Titles and the need of a separator are left out: they come from biip's table, so each fact has one home.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any, Final

_NOTICE: Final = (
    "Derived from the GS1 Barcode Syntax Dictionary, https://ref.gs1.org/tools/gs1-barcode-syntax-resource/, "
    "(c) 2020-2021 BWIPP project, (c) 2020-2021 Zint Project, (c) 2021-2026 GS1 AISBL, "
    "licensed under the Apache License, Version 2.0. Changed: rewritten as JSON; titles and separators left out."
)
_COMPONENT: Final = re.compile(r"\[?[NXYZ][0-9.]+\]?[a-z0-9,]*")


def table(dictionary: str) -> dict[str, Any]:
    """The dictionary's release and, for each AI or range of AIs, its components, flags and associations."""
    release = re.search(r"^# Release: (\S+)", dictionary, re.MULTILINE)
    return {
        "notice": _NOTICE,
        "release": release[1] if release else "UNSET",
        "ais": dict(_entry(line) for line in dictionary.splitlines() if line[:1].isdigit()),
    }


def _entry(line: str) -> tuple[str, dict[str, Any]]:
    ais, *words = line.split("#", maxsplit=1)[0].split()
    rest = [word for word in words if not set(word) <= set("*?")]
    components = [word for word in rest if _COMPONENT.fullmatch(word)]
    attributes = [word.partition("=")[::2] for word in rest if word not in components]
    entry: dict[str, Any] = {"components": components}
    for name, field in (("req", "required"), ("ex", "excluded"), ("dlpkey", "qualifiers")):
        if found := [value for key, value in attributes if key == name]:
            entry[field] = found if name == "req" else found[0]
    if any(set(word) <= set("*?") and "?" in word for word in words):
        entry["attribute"] = True
    return ais, entry


def text(syntax: dict[str, Any]) -> str:
    """The table as JSON with one entry a line, so that a new release reads well as a diff."""
    lines = [f"  {json.dumps(ais)}: {json.dumps(entry)}" for ais, entry in syntax["ais"].items()]
    head = "".join(f' "{name}": {json.dumps(syntax[name])},\n' for name in ("notice", "release"))
    return "{\n" + head + ' "ais": {\n' + ",\n".join(lines) + "\n }\n}\n"


if __name__ == "__main__":
    sys.stdout.write(text(table(Path(sys.argv[1]).read_text("utf-8"))))
