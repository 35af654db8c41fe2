"""Keeps a picture of what was read beside the event that it became, within a bound on the disk.

A picture explains a scan; it is none. So it is written after the event's commit, it is not synced to the disk, and
whatever goes wrong with it is told once and stops no scan.
"""

from __future__ import annotations

import os
import sys
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final

from scanner_client.vision.frame import Grey
from scanner_client.wording import say
from sync.event import parse_name

BYTES_MAX: Final = 200_000_000
"""Some 15,000 boxes at 13.1 kB each, in whole blocks: the mean of the 35 boxes (55 labels) of a rendered pan."""
BLOCK_BYTES: Final = 4_096
"""Disks give whole blocks, so that is what a small file is counted as."""
CROPS_MAX: Final = 16
"""Of one event; a box has four or five labels."""
QUALITY: Final = 80
SUFFIX: Final = ".jpg"
UNFINISHED: Final = ".part"


class Evidence:
    """One folder of pictures, a file for each event, named after it.

    Args:
        folder: made where it does not exist.
        bytes_max: how much disk its files may take; the oldest go first.
        tell: says to a person, at most once, that pictures cannot be kept; on stderr where it is not given.
    """

    def __init__(
        self,
        folder: Path,
        bytes_max: int = BYTES_MAX,
        *,
        tell: Callable[[str], None] | None = None,
    ) -> None:
        self._folder = folder
        self._bytes_max = bytes_max
        self._tell = tell or _print
        self._told = False
        self._sizes: OrderedDict[str, int] = OrderedDict()
        """Bytes of each file, the oldest first."""
        self._bytes = 0
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._scan()
        except OSError as error:
            self._trouble(error)

    @property
    def bytes_kept(self) -> int:
        """How much disk the kept files take."""
        return self._bytes

    def keep(self, event: str, crops: Sequence[Grey]) -> None:
        """Keep what a committed event was read from; never raises for what the disk does.

        Args:
            event: its name, ``device.epoch.seq``.
            crops: its labels, grey (height x width); at most `CROPS_MAX` are kept, and none that is empty.

        Raises:
            EventError: that is no name of an event, and so no name of a file of ours.
        """
        parse_name(event)
        pictures = [crop for crop in crops if crop.size][:CROPS_MAX]
        if not pictures:
            return
        from scanner_client.vision.marking import jpeg, side_by_side  # noqa: PLC0415 - a wedge needs no OpenCV

        content = jpeg(side_by_side(pictures), QUALITY)
        try:
            self._write(event + SUFFIX, content)
        except OSError as error:
            self._trouble(error)

    def find(self, event: str) -> Path | None:
        """The picture that is kept of an event; None where there is none, or none any more."""
        name = event + SUFFIX
        return self._folder / name if name in self._sizes else None

    def _scan(self) -> None:
        """Take up what earlier sessions left, the oldest first; what one of them had not finished goes."""
        found = sorted(_files(self._folder))
        for _, name, size in found:
            if name.endswith(UNFINISHED):
                (self._folder / name).unlink(missing_ok=True)
            elif name.endswith(SUFFIX):
                self._sizes[name] = _on_disk(size)
        self._bytes = sum(self._sizes.values())
        self._make_room(0)

    def _write(self, name: str, content: bytes) -> None:
        size = _on_disk(len(content))
        if size > self._bytes_max:
            return
        self._remove(name)
        self._make_room(size)
        unfinished = self._folder / (name + UNFINISHED)
        try:
            unfinished.write_bytes(content)
            unfinished.replace(self._folder / name)
        except OSError:
            unfinished.unlink(missing_ok=True)
            raise
        self._sizes[name] = size
        self._bytes += size

    def _make_room(self, size: int) -> None:
        while self._sizes and self._bytes + size > self._bytes_max:
            self._remove(next(iter(self._sizes)))

    def _remove(self, name: str) -> None:
        if name in self._sizes:
            (self._folder / name).unlink(missing_ok=True)
            self._bytes -= self._sizes.pop(name)

    def _trouble(self, error: OSError) -> None:
        if not self._told:
            self._told = True
            self._tell(say("check.no_evidence", folder=self._folder, reason=error.strerror or error))


def _files(folder: Path) -> Iterator[tuple[int, str, int]]:
    """When each file was written (nanoseconds), its name and its bytes."""
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_file(follow_symlinks=False):
                status = entry.stat(follow_symlinks=False)
                yield status.st_mtime_ns, entry.name, status.st_size


def _print(text: str) -> None:
    print(text, file=sys.stderr)


def _on_disk(size: int) -> int:
    return -(-size // BLOCK_BYTES) * BLOCK_BYTES
