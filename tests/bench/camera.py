"""Reading labels: photographs, rendered films, rolls and tilts, beside zxing-cpp alone and ZBar in the same run.

python -m tests.bench.camera                                   # every section; about half an hour
python -m tests.bench.camera photographs stages                # some of them
python -m tests.bench.camera videos --frames 100000 --workers 2
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable

from tests import zbar
from tests.bench import _camera_photographs, _camera_table, _camera_videos


def main(argv: list[str] | None = None) -> int:
    """Run the sections that are named, or all."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sections", nargs="*", metavar="SECTION", help="photographs videos table stills stages")
    parser.add_argument("--frames", type=int, default=3000, help="at least so many frames of films")
    parser.add_argument("--workers", type=int, default=1, help="processes that render and read films")
    parser.add_argument("--first-seed", type=int, help="the first film, or the shelf of the stills")
    parser.add_argument("--step", type=int, default=5, help="degrees of roll between the rows of the table")
    parser.add_argument("--list", action="store_true", help="name every photograph that was misread")
    said = parser.parse_args(argv)
    sections: dict[str, Callable[[], None]] = {
        "photographs": lambda: _camera_photographs.photographs(list_wrong=said.list),
        "videos": lambda: _camera_videos.videos(
            frames=said.frames, workers=said.workers, first_seed=said.first_seed or 0
        ),
        "table": lambda: _camera_table.table(step_deg=said.step),
        "stills": lambda: _camera_table.stills(first_seed=said.first_seed),
        "stages": _camera_photographs.stages,
    }
    unknown = set(said.sections) - set(sections)
    if unknown:
        parser.error(f"There is no section {', '.join(sorted(unknown))}; there are {', '.join(sections)}.")
    zbar.main()
    for name in said.sections or sections:
        try:
            sections[name]()
        except FileNotFoundError as missing:
            print(f"{name}: {missing}", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
