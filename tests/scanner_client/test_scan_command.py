"""The real program in processes of its own: what it prints as JSON has beeped, and must survive anything."""

from __future__ import annotations

import json
import os
import pty
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any
from urllib.parse import urlsplit

import cv2
import numpy as np
import pytest
import zxingcpp

from scanner_client.assignment import AssignmentError, place_key
from scanner_client.clock import Clock
from scanner_client.enrol_command import enrol
from scanner_client.handheld import Handheld, open_handheld
from scanner_client.scan_command import _free_name
from scanner_client.site_map import Cursor
from scanner_client.transport import Transport
from sync.event import decode, format_name
from sync.identity import Kind
from tests.scanner_client.peer import Peer, running_peer
from tests.scanner_client.scans import scan_of

ROOT = Path(__file__).parents[2]
A_01 = "https://warehouse.example/414/main/254/A-01"


class Scanner:
    """`scan` with typing as its source."""

    def __init__(self, home: Path, *options: str) -> None:
        given = ("--action", "put_away", "--json", *options)
        self.process = subprocess.Popen(
            [sys.executable, "-m", "scanner_client", "scan", "--home", str(home), *given],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT,
        )  # fmt: skip

    def type(self, text: str) -> None:
        pipe(self.process.stdin).write(text.encode() + b"\n")
        pipe(self.process.stdin).flush()

    def beep(self) -> dict[str, Any]:
        row: dict[str, Any] = json.loads(pipe(self.process.stdout).readline())
        return row

    def end(self, number: signal.Signals | None = None) -> tuple[int, str]:
        if number is not None:
            self.process.send_signal(number)
        _, errors = self.process.communicate(timeout=30)
        return self.process.returncode, errors.decode()


def pipe(stream: IO[bytes] | None) -> IO[bytes]:
    assert stream is not None
    return stream


def read_head(answers: IO[bytes]) -> bool:
    """Read to the end of an answer that has no body."""
    while answers.readline().strip():
        pass
    return True


@pytest.fixture
def scanners(tmp_path: Path) -> Iterator[list[Scanner]]:
    started: list[Scanner] = []
    yield started
    for scanner in started:
        scanner.process.kill()
        scanner.process.communicate()


def run(*args: str, typed: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "scanner_client", *args],
        input=typed, capture_output=True, text=True, cwd=ROOT, timeout=60, check=False,
        env={**os.environ, "SCANNER_NAME": "Dock 1"},
    )  # fmt: skip


def kept(home: Path, clock: Clock) -> list[str]:
    with open_handheld(home, clock) as handheld:
        return [format_name(decode(line).name) for line in handheld.outbox.next_run().lines]


def test_every_scan_that_beeped_survives_kill_9(tmp_path: Path, clock: Clock, scanners: list[Scanner]) -> None:
    beeped = []
    for life in range(3):
        scanner = Scanner(tmp_path, "--location", "LOC:A-01")
        scanners.append(scanner)
        for number in range(20):
            scanner.type(f"LPN{life}X{number}")
        beeped += [scanner.beep()["event"] for _ in range(5)]
        assert scanner.end(signal.SIGKILL)[0] == -signal.SIGKILL
    names = kept(tmp_path, clock)
    assert set(beeped) <= set(names)
    assert [int(name.split(".")[2]) for name in names] == list(range(1, len(names) + 1))
    assert len({name.split(".")[1] for name in names}) == 1, "a kill begins no new epoch"


def test_sigterm_ends_between_two_scans(tmp_path: Path, clock: Clock, scanners: list[Scanner]) -> None:
    scanner = Scanner(tmp_path, "--action", "count", "--document", "CC-1")
    scanners.append(scanner)
    for text in ("LOC:A-01", "LPN1"):
        scanner.type(text)
        scanner.beep()
    code, errors = scanner.end(signal.SIGTERM)
    assert (code, errors) == (0, "Stopped. Every scan that beeped is kept.\n2 scans kept, 2 waiting.\n")
    assert len(kept(tmp_path, clock)) == 2, "nobody said that the bin is finished"


def test_source_that_ends_has_said_everything_so_that_the_open_bin_is_finished(tmp_path: Path) -> None:
    order = ("--action", "count", "--document", "CC-1", "--json")
    done = run("scan", "--home", str(tmp_path), *order, typed="LOC:A-01\nLPN1\n")
    actions = [json.loads(line)["action"] for line in done.stdout.splitlines()]
    assert actions == ["open_bin", "count", "finish_bin"]


def test_status_export_and_sync_ask_the_program_that_scans(tmp_path: Path, scanners: list[Scanner]) -> None:
    home = tmp_path / "home"
    scanner = Scanner(home, "--location", "LOC:A-01")
    scanners.append(scanner)
    scanner.type("LPN1")
    scanner.beep()
    status = run("status", "--home", str(home), "--json")
    assert json.loads(status.stdout)["waiting"] == 1
    exported = run("export", "--home", str(home), str(tmp_path / "file"))
    assert exported.stdout == f"1 events written to {tmp_path / 'file'}.\n"
    synced = run("sync", "--home", str(home))
    assert (synced.returncode, synced.stderr) == (
        1,
        "This handheld is not enrolled with a server yet: enrol it with a code from the office.\n",
    )
    second = run("scan", "--home", str(home), "--action", "put_away")
    assert second.returncode == 1
    assert f"is open by `scan --action put_away` (process {scanner.process.pid}): end that first." in second.stderr


def test_number_said_at_the_end_is_what_waits_after_the_last_push(tmp_path: Path, clock: Clock, peer: Peer) -> None:
    with open_handheld(tmp_path, clock) as handheld:
        enrol(handheld, peer.invitation(), Transport(connect_s=2, read_s=5))
    done = run(
        "scan", "--home", str(tmp_path), "--action", "put_away", "--location", "LOC:A-01", typed="LPN1\nLPN2\nLPN3\n"
    )
    assert done.stderr.splitlines()[-1] == "3 scans kept, 0 waiting."
    assert len(peer.lines(*peer.devices)) == 3


def test_revoked_handheld_says_so_at_the_end_of_its_scans_and_in_its_status(
    tmp_path: Path, clock: Clock, peer: Peer
) -> None:
    with open_handheld(tmp_path, clock) as handheld:
        enrol(handheld, peer.invitation(), Transport(connect_s=2, read_s=5))
    assert "revoked" not in run("status", "--home", str(tmp_path)).stdout
    peer.revoked = True
    done = run("scan", "--home", str(tmp_path), "--action", "put_away", "--location", "LOC:A-01", typed="LPN1\n")
    summed, revoked = done.stderr.splitlines()[-2:]
    assert summed == "1 scans kept, 0 waiting."
    assert revoked.startswith("The office has revoked this handheld.")
    assert f"no sync: {revoked}" in run("status", "--home", str(tmp_path)).stdout
    peer.codes.add("fresh")
    with open_handheld(tmp_path, clock) as handheld:
        enrol(handheld, peer.invitation(code="fresh"), Transport(connect_s=2, read_s=5))
    assert "revoked" not in run("status", "--home", str(tmp_path)).stdout


def test_what_waits_at_the_end_because_the_server_is_away_is_said_with_the_reason(tmp_path: Path, clock: Clock) -> None:
    with running_peer() as peer, open_handheld(tmp_path, clock) as handheld:
        enrol(handheld, peer.invitation(), Transport(connect_s=2, read_s=5))
    done = run("scan", "--home", str(tmp_path), "--action", "put_away", "--location", "LOC:A-01", typed="LPN1\n")
    *_, waits, summed = done.stderr.splitlines()
    assert waits.startswith("1 still wait here: ")
    assert waits.endswith(" The next `scan` or `sync` sends them.")
    assert summed == "1 scans kept, 1 waiting."


class WithPage(Scanner):
    """`scan` with its screen; the first line that it says to people is the address."""

    def __init__(self, home: Path, *options: str) -> None:
        super().__init__(home, "--page", *options)
        self.address = pipe(self.process.stderr).readline().decode()


def test_line_that_is_typed_beside_the_page_is_kept_and_the_end_of_typing_ends_nothing(
    tmp_path: Path, clock: Clock, scanners: list[Scanner]
) -> None:
    scanner = WithPage(tmp_path, "--action", "count", "--document", "CC-1")
    scanners.append(scanner)
    assert re.search(r"http://127\.0\.0\.1:\d+/\S{12}/\?key=\S{32} ", scanner.address)
    for text in ("LOC:A-01", "LPN1"):
        scanner.type(text)
        scanner.beep()
    pipe(scanner.process.stdin).close()
    assert "2 waiting" in run("status", "--home", str(tmp_path)).stdout, "the program is still there"
    scanner.process.stdin = None
    code, errors = scanner.end(signal.SIGTERM)
    assert (code, errors) == (0, "Stopped. Every scan that beeped is kept.\n2 scans kept, 2 waiting.\n")
    assert len(kept(tmp_path, clock)) == 2, "nobody said that the bin is finished"


def test_requests_that_the_page_was_told_are_taken_are_kept_when_the_program_is_ended(
    tmp_path: Path, clock: Clock, scanners: list[Scanner]
) -> None:
    scanner = WithPage(tmp_path, "--action", "put_away", "--location", "LOC:A-01")
    scanners.append(scanner)
    url = urlsplit(scanner.address.split()[4])
    bodies = [json.dumps({"type": "scanned", "number": str(number), "text": f"LPN{number}"}) for number in range(60)]
    head = (
        f"POST {url.path}requests HTTP/1.1\r\nHost: {url.netloc}\r\nOrigin: http://{url.netloc}\r\n"
        f"Cookie: scanner-{url.port}={url.query.removeprefix('key=')}\r\nContent-Length: "
    )
    with socket.create_connection((url.hostname, url.port), timeout=30) as connection:
        connection.sendall("".join(f"{head}{len(body)}\r\n\r\n{body}" for body in bodies).encode())
        with connection.makefile("rb") as answers:
            taken = sum(answers.readline().startswith(b"HTTP/1.1 204 ") and read_head(answers) for _ in bodies)
        code, errors = scanner.end(signal.SIGTERM)
    assert (code, taken) == (0, 60)
    assert errors.endswith("60 scans kept, 60 waiting.\n")
    assert len(kept(tmp_path, clock)) == 60


def test_port_of_the_page_that_is_taken_is_said_in_a_sentence(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = run("scan", "--home", str(tmp_path), "--page", port)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"The screen cannot be served at port {port}: Address already in use.\n"


def test_input_that_was_closed_is_said_in_a_sentence(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "scanner_client", "scan", "--home", str(tmp_path), "--action", "move"]
    done = subprocess.run(
        ["sh", "-c", 'exec "$@" <&-', "sh", *command], capture_output=True, text=True, cwd=ROOT, timeout=60, check=False
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.splitlines() == [
        "0 scans kept, 0 waiting.",
        "Nothing can be typed any more: the program was started without an input.",
    ]


def test_input_that_breaks_off_ends_the_work_and_is_said_in_a_sentence(tmp_path: Path) -> None:
    with Path("/proc/self/mem").open("rb") as broken:  # Linux answers a read of its first byte with EIO
        done = subprocess.run(
            [sys.executable, "-m", "scanner_client", "scan", "--home", str(tmp_path), "--action", "move"],
            stdin=broken, capture_output=True, text=True, cwd=ROOT, timeout=60, check=False,
        )  # fmt: skip
    assert (done.returncode, done.stderr.splitlines()[-1]) == (1, "Nothing can be typed any more: Input/output error.")


def ended_at_once(*words: str) -> subprocess.CompletedProcess[str]:
    """What the program comes to at a terminal where Ctrl-D alone is typed: no, or the end of what is typed."""
    keyboard, terminal = pty.openpty()
    try:
        os.write(keyboard, b"\x04")
        return subprocess.run(
            [sys.executable, "-m", "scanner_client", "scan", *words],
            stdin=terminal, capture_output=True, text=True, cwd=ROOT, timeout=60, check=False,
        )  # fmt: skip
    finally:
        os.close(keyboard)
        os.close(terminal)


@pytest.mark.slow
def test_nobody_at_the_terminal_who_answers_keeps_nothing(tmp_path: Path) -> None:
    code = zxingcpp.create_barcode("LPN1", zxingcpp.BarcodeFormat.QRCode)
    cv2.imwrite(str(tmp_path / "still.png"), np.pad(np.array(code.to_image(scale=6)), 60, constant_values=255))
    words = ["--home", str(tmp_path / "home"), "--action", "move", "--source", str(tmp_path / "still.png")]
    done = ended_at_once(*words)
    assert (done.returncode, done.stdout) == (0, "One picture says 'LPN1'. Keep it? [y/N] ")
    assert done.stderr.splitlines()[-1] == "0 scans kept, 0 waiting."
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("changes", "outcome"),
    [([], (1, True)), ([["document", "TRANSFER-5", {"kind": "asn", "lines": []}]], (0, False))],
    ids=["asked", "brought"],
)
def test_nobody_is_asked_whether_a_document_is_meant_that_the_first_sync_brings(
    tmp_path: Path, clock: Clock, peer: Peer, changes: list[list[Any]], outcome: tuple[int, bool]
) -> None:
    with open_handheld(tmp_path / "home", clock) as handheld:
        enrol(handheld, peer.invitation(), Transport(connect_s=2, read_s=5))
    peer.changes = changes
    words = ["--home", str(tmp_path / "home"), "--action", "receive", "--document", "TRANSFER-5", "--location", A_01]
    done = ended_at_once(*words)
    asked = "This handheld does not know TRANSFER-5; go on? [y/N]" in done.stdout
    assert (done.returncode, asked) == outcome


@pytest.mark.slow
def test_source_that_is_lost_still_has_its_picture_its_last_push_and_its_sum(
    tmp_path: Path, clock: Clock, peer: Peer
) -> None:
    film, home, saved = tmp_path / "film.avi", tmp_path / "home", tmp_path / "saved.jpg"
    label = np.pad(np.array(zxingcpp.create_barcode("LOC:A-01", zxingcpp.BarcodeFormat.QRCode).to_image(scale=6)), 60,
                   constant_values=255)  # fmt: skip
    writer = cv2.VideoWriter(str(film), cv2.VideoWriter.fourcc(*"MJPG"), 25, label.shape[::-1])
    for _ in range(20):
        writer.write(cv2.cvtColor(label, cv2.COLOR_GRAY2BGR))
    writer.release()
    film.write_bytes(film.read_bytes()[: film.stat().st_size * 3 // 4])
    with open_handheld(home, clock) as handheld:
        enrol(handheld, peer.invitation(), Transport(connect_s=2, read_s=5))
        handheld.commit([scan_of(1)])
    done = run(
        "scan", "--home", str(home), "--action", "count", "--document", "CC-1", "--json",
        "--source", str(film), "--save-picture", str(saved),
    )  # fmt: skip
    assert done.returncode == 1
    *_, picture, summed, trouble = done.stderr.splitlines()
    assert (picture, summed) == (f"Picture saved: {saved}", "1 scans kept, 0 waiting.")
    assert re.fullmatch(r".*film\.avi breaks off after frame \d+ of 20\.", trouble)
    assert saved.stat().st_size
    [opened] = done.stdout.splitlines()
    assert json.loads(opened)["action"] == "open_bin", "and it is not finished: nobody has seen all that is in it"


def test_pictures_of_one_second_have_names_of_their_own(tmp_path: Path) -> None:
    names = set()
    for _ in range(3):
        path = _free_name(tmp_path)
        assert not path.exists()
        path.touch()
        names.add(path)
    assert len(names) == 3


def test_scanning_needs_an_action_or_a_page_to_choose_it_on(tmp_path: Path) -> None:
    done = run("scan", "--home", str(tmp_path / "home"))
    assert (done.returncode, done.stderr) == (
        2, "Say what is done with --action, or choose it on the screen with --page.\n",
    )  # fmt: skip
    assert not (tmp_path / "home").exists()


@pytest.mark.parametrize("text", ["-1", "many", "1.5", "99999999999"])
def test_bound_of_the_evidence_is_a_number_of_megabytes(tmp_path: Path, text: str) -> None:
    done = run("scan", "--home", str(tmp_path), "--action", "move", f"--evidence={text}")
    assert done.returncode == 2
    assert "is no number of megabytes from 0 to 1000000." in done.stderr


@pytest.mark.parametrize("name", ["saved", "saved.gif", "saved.jpg.txt", ".png"])
def test_picture_that_is_to_be_saved_is_a_png_or_a_jpeg(tmp_path: Path, name: str) -> None:
    saved = tmp_path / name
    done = run("scan", "--home", str(tmp_path / "home"), "--action", "move", "--save-picture", str(saved))
    assert done.returncode == 2
    assert (
        f"{saved} does not say what kind of picture to write: end its name in one of .png, .jpg, .jpeg." in done.stderr
    )
    assert not (tmp_path / "home").exists()


def test_exported_queue_is_taken_by_another_handheld(tmp_path: Path) -> None:
    one, other, file = (str(tmp_path / name) for name in ("one", "other", "file"))
    run("scan", "--home", one, "--action", "put_away", "--location", "LOC:A-01", typed="LPN1\nLPN2\n")
    assert run("export", "--home", one, file).returncode == 0
    run("scan", "--home", other, "--action", "put_away", typed="")
    taken = run("import", "--home", other, file)
    assert "1 envelopes with 2 events of handheld" in taken.stdout
    assert "0 waiting · 2 carried for others" in run("status", "--home", other).stdout
    assert "They had all been taken before." in run("import", "--home", other, file).stdout


def test_a_scan_of_an_earlier_run_that_is_undone_is_taken_off_no_count_of_this_one(tmp_path: Path) -> None:
    task = ("scan", "--home", str(tmp_path), "--action", "put_away", "--location", "LOC:A-01")
    assert run(*task, typed="LPN1\nLPN2\n").stderr == "2 scans kept, 2 waiting.\n"
    assert run(*task, typed="LPN3\n/scans\n/undo 2 wrong bin\n").stderr == "1 scans kept, 4 waiting.\n"
    assert run(*task, typed="/scans\n/undo 1 it was right\n").stderr == "0 scans kept, 5 waiting.\n"


def test_lines_on_the_screen_are_for_people(tmp_path: Path) -> None:
    done = run("scan", "--home", str(tmp_path), "--action", "put_away", typed="LPN1\nLOC:A-01\nLPN1\n")
    lines = [line.partition(" ")[2] for line in done.stdout.splitlines()]
    assert lines == [
        "? LPN1 Scan the label of the bin first.",
        "· Bin A-01.",
        "! LPN1 Kept. This handheld's data do not hold it.",
        "· LPN1 Already scanned here.",
    ]
    assert done.stderr == "1 scans kept, 1 waiting.\n"


@pytest.mark.parametrize("command", [("scan", "--action", "move"), ("enrol", "--code", "x"), ("status",)])
def test_folder_below_a_file_is_said_in_a_sentence(tmp_path: Path, command: tuple[str, ...]) -> None:
    (tmp_path / "products.csv").write_text("sku")
    done = run(*command, "--home", str(tmp_path / "products.csv" / "x"))
    assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (1, "", 1)
    assert str(tmp_path / "products.csv" / "x") in done.stderr


@pytest.mark.parametrize(
    ("args", "sentence"),
    [
        (["scan", "--action", "dance"], "There is no action 'dance'; there are receive, put_away"),
        (["scan", "--action", "settle"], "There is no action 'settle'"),
        (["scan", "--action", "move", "--location", "Z"], "'Z' is no location that this handheld knows."),
        (["scan", "--action", "move", "--source", "none.mp4"], "none.mp4 does not exist."),
        (["scan", "--action", "move", "--source", "camera:x"], "'camera:x' names no camera"),
        (["status"], "There is no handheld in"),
        (["enrol", "--code", "hello"], "That is not an enrolment code"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_sentence(tmp_path: Path, args: list[str], sentence: str) -> None:
    done = run(args[0], "--home", str(tmp_path / "home"), *args[1:])
    assert (done.returncode, done.stdout) == (1, "")
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr


def test_status_and_parse_run_where_opencv_is_not_installed(tmp_path: Path) -> None:
    program = (
        "import sys; sys.modules.update(dict.fromkeys(['cv2', 'zxingcpp', 'numpy', 'zeroconf']))\n"
        "from scanner_client.__main__ import main; sys.exit(main(sys.argv[1:]))"
    )
    for args in (["status", "--home", str(tmp_path)], ["parse", "--json"]):
        done = subprocess.run(
            [sys.executable, "-c", program, *args], input="", capture_output=True, text=True, cwd=ROOT, check=False
        )
        assert "Traceback" not in done.stderr


def test_place_is_named_by_its_label_its_code_or_its_canonical_name(handheld: Handheld) -> None:
    handheld.site_map.apply(
        [["location", A_01, {"code": "Aisle 1", "name": "", "zone": ""}]],
        Cursor(cursor="1", incarnation="i"), more=False, clock=handheld.clock,
    )  # fmt: skip
    for text in ("LOC:A-01", "Aisle 1", A_01):
        assert place_key(text, Kind.LOCATION, handheld.site_map) == A_01
    with pytest.raises(AssignmentError, match="'A 1' is no location"):
        place_key("A 1", Kind.LOCATION, handheld.site_map)
