"""What a power cut must not take back."""

from __future__ import annotations

import os
from pathlib import Path


def sync(path: Path) -> None:
    """Have a file's content on the disk, or a folder's names: a file that was made or renamed needs both."""
    if path.is_dir() and os.name != "posix":  # elsewhere a folder cannot be opened, and renaming is written through
        return
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
