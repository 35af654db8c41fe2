"""The programs in processes of their own, which start in milliseconds.

Importing the server takes seconds of a processor, and stories and kill runs start it hundreds of times. One process
imports it once and is forked for each start (`multiprocessing`'s fork server). What comes of it is a process like any
other: its own session, environment, files and signals, and it runs the program as `python -m` does.
"""

from __future__ import annotations

import multiprocessing
import os
import runpy
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
_PROCESSES: Final = multiprocessing.get_context("forkserver")
_PROCESSES.set_forkserver_preload(["tests.end_to_end.loaded"])


def start(
    module: str,
    words: Sequence[str],
    environment: Mapping[str, str],
    *,
    out: Path,
    err: Path,
    typed: Path | None = None,
) -> ForkServerProcess:
    """Start a program that goes on by itself.

    Args:
        module: as `python -m` takes it.
        environment: the whole of it.
        out, err: files that what it says is added to.
        typed: a file with what it is told.
    """
    arguments = (module, list(words), dict(environment), str(out), str(err), str(typed or os.devnull))
    process = _PROCESSES.Process(target=_become, args=arguments, daemon=True)
    process.start()
    return process


def run(
    module: str, words: Sequence[str], environment: Mapping[str, str], *, typed: str | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a program to its end."""
    with tempfile.TemporaryDirectory() as folder:
        told, out, err = (Path(folder) / name for name in ("typed", "out", "err"))
        told.write_text(typed or "")
        process = start(module, words, environment, out=out, err=err, typed=told)
        process.join()
        assert process.exitcode is not None
        return subprocess.CompletedProcess([module, *words], process.exitcode, out.read_text(), err.read_text())


def _become(module: str, words: list[str], environment: dict[str, str], out: str, err: str, typed: str) -> None:
    os.setsid()
    os.chdir(ROOT)
    os.environ.clear()
    os.environ.update(environment)
    for number, path, how in ((0, typed, os.O_RDONLY), (1, out, _ADD), (2, err, _ADD)):
        opened = os.open(path, how, 0o600)
        os.dup2(opened, number)
        os.close(opened)
    sys.stdin, sys.stdout, sys.stderr = (os.fdopen(number, mode) for number, mode in enumerate("rww"))
    sys.argv = [module, *words]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


_ADD: Final = os.O_WRONLY | os.O_CREAT | os.O_APPEND
