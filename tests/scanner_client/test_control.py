from __future__ import annotations

import json
import socket
from pathlib import Path

import pytest

from scanner_client.control import RUNNING_FILE, Running, ask, listening, who_runs
from scanner_client.database import DatabaseError


def test_running_process_answers(tmp_path: Path) -> None:
    with listening(tmp_path, "scan", lambda request: {"heard": request["do"]}):
        assert ask(tmp_path, {"do": "status"}) == {"heard": "status"}
        assert ask(tmp_path, {"do": "again"}) == {"heard": "again"}


def test_nobody_answers_where_nothing_runs(tmp_path: Path) -> None:
    assert ask(tmp_path, {"do": "status"}) is None
    with listening(tmp_path, "scan", lambda _: {}):
        pass
    assert (ask(tmp_path, {"do": "status"}), who_runs(tmp_path)) == (None, None)


def test_process_that_was_killed_is_not_waited_for(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    row = {"pid": 1, "command": "scan", "port": port, "token": "t"}
    (tmp_path / RUNNING_FILE).write_text(json.dumps(row))
    assert ask(tmp_path, {"do": "status"}) is None
    assert who_runs(tmp_path) == Running(pid=1, command="scan", port=port, token="t")


def test_stranger_without_the_token_gets_no_answer(tmp_path: Path) -> None:
    with listening(tmp_path, "scan", lambda _: {"secret": True}):
        path = tmp_path / RUNNING_FILE
        assert path.stat().st_mode & 0o077 == 0
        path.write_text(json.dumps(json.loads(path.read_text()) | {"token": "guess"}))
        assert ask(tmp_path, {"do": "status"}) is None


def test_a_disk_from_which_nothing_can_be_removed_hides_no_reason_why_the_work_ended(tmp_path: Path) -> None:
    def work() -> None:
        with listening(tmp_path, "scan", dict):
            (tmp_path / RUNNING_FILE).unlink()
            (tmp_path / RUNNING_FILE).mkdir()  # stands for a read-only disk: what is there cannot be removed
            raise DatabaseError("The disk is read-only.")

    with pytest.raises(DatabaseError, match="read-only"):
        work()
