"""ZBar for the camera's benchmark: the installed library, or one that `python -m tests.zbar` installs."""

from __future__ import annotations

import importlib
import os
import shutil
import subprocess
from dataclasses import dataclass
from types import ModuleType

import numpy as np
from numpy.typing import NDArray

INSTALL_SECONDS_MAX = 300
SYMBOLS = (
    "EAN13", "EAN8", "UPCA", "UPCE", "I25", "DATABAR", "DATABAR_EXP", "CODABAR", "CODE39", "CODE93", "CODE128",
    "QRCODE",
)  # fmt: skip
"""What the library reads of what warehouses print."""


class ZbarUnavailableError(Exception):
    """ZBar is not installed, and could not be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ZbarReading:
    symbol: str
    data: bytes


class Zbar:
    """The library with every switch as it comes."""

    def __init__(self) -> None:
        """Find the library.

        Raises:
            ZbarUnavailableError: it is not there.
        """
        found = _binding()
        if found is None:
            raise ZbarUnavailableError("ZBar is not installed; `python -m tests.zbar` tries to install it.")
        self._binding = found
        self._symbols = [getattr(found.ZBarSymbol, name) for name in SYMBOLS]

    def read(self, grey: NDArray[np.uint8]) -> list[ZbarReading]:
        """Every symbol in a grey picture (height x width)."""
        height, width = grey.shape
        found = self._binding.decode((grey.tobytes(), width, height), symbols=self._symbols)
        return [ZbarReading(symbol=one.type, data=bytes(one.data)) for one in found]


def install_zbar() -> None:
    """Install the library without asking anything; whoever cannot is told by `Zbar` not finding it."""
    if shutil.which("apt-get") is None:
        return
    root = [] if os.geteuid() == 0 else ["sudo", "-n"]  # -n fails where a password would be asked
    apt = [*root, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-qq"]
    for command in ([*apt, "update"], [*apt, "install", "--yes", "--no-install-recommends", "libzbar0"]):
        try:
            subprocess.run(command, check=True, stdin=subprocess.DEVNULL, timeout=INSTALL_SECONDS_MAX)
        except (OSError, subprocess.SubprocessError):
            return


def _binding() -> ModuleType | None:
    """pyzbar fails to be imported where it does not find the library."""
    try:
        return importlib.import_module("pyzbar.pyzbar")
    except ImportError:
        return None


def main() -> int:
    """Say whether the benchmark will have ZBar, after installing it where it is not."""
    if _binding() is None:
        print("ZBar is not installed; installing it for the camera's benchmark.", flush=True)
        install_zbar()
    here = _binding() is not None
    print("ZBar is installed." if here else "ZBar could not be installed; the benchmark goes on without it.")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
