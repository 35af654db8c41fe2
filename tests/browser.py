"""Chromium for the tests: the installed one, or one that `python -m tests.browser` installs.

Debian's package where apt can be used without a question, else the build that Playwright downloads.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, expect, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
INSTALL_SECONDS_MAX = 900

# Nothing but the page under test may use the network or the clock of a test.
ARGUMENTS = [
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


class BrowserUnavailableError(Exception):
    """No Chromium was found."""


def find_chromium() -> Path | None:
    """The installed Chromium, or the one that Playwright has downloaded."""
    for name in NAMES:
        found = shutil.which(name)
        if found is not None:
            return Path(found)
    with sync_playwright() as playwright:
        downloaded = Path(playwright.chromium.executable_path)
    return downloaded if downloaded.is_file() else None


PATIENCE_MS = 30_000
"""How long a state is waited for: a machine that does other work meanwhile may stand still for seconds."""


@contextmanager
def running_browser() -> Iterator[Browser]:
    """A headless Chromium.

    Raises BrowserUnavailableError where there is none.
    """
    program = find_chromium()
    if program is None:
        raise BrowserUnavailableError("No Chromium was found; `make test` tries to install one.")
    sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []  # Chromium's sandbox refuses root
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=[*ARGUMENTS, *sandbox])
        try:
            expect.set_options(timeout=PATIENCE_MS)
            yield browser
        finally:
            browser.close()


def install_chromium() -> None:
    """Install Chromium without asking anything; whoever cannot is told by `find_chromium` finding none."""
    for commands in _ways_to_install():
        if all(_succeeds(command) for command in commands):
            return


def _ways_to_install() -> Iterator[list[list[str]]]:
    if shutil.which("apt-get") is not None:
        apt = [*_as_root(), "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-qq"]
        yield [[*apt, "update"], [*apt, "install", "--yes", "--no-install-recommends", "chromium"]]
    yield [[sys.executable, "-m", "playwright", "install", "chromium"]]


def _as_root() -> list[str]:
    return [] if os.geteuid() == 0 else ["sudo", "-n"]  # -n fails where a password would be asked


def _succeeds(command: list[str]) -> bool:
    try:
        subprocess.run(command, check=True, stdin=subprocess.DEVNULL, timeout=INSTALL_SECONDS_MAX)
    except (OSError, subprocess.SubprocessError):
        return False
    return True


def main() -> int:
    """Say which Chromium the browser tests will use, after installing one where there is none."""
    program = find_chromium()
    if program is None:
        print("No Chromium is installed; installing one for the browser tests.", flush=True)
        install_chromium()
        program = find_chromium()
    if program is None:
        print("Chromium could not be installed, so browser tests are skipped (with CI=true they fail).")
    else:
        print(f"Browser tests use {program}.")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
