"""What an administrator types."""

import errno
import json
import os
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from flask import Flask
from flask.cli import FlaskGroup

from server import enrolment, webhooks
from server.cli.command import command
from server.cli.serve import may_come
from server.database import writing
from server.parties import parties
from server.tables import events, unit_states
from sync import transfer
from sync.enrolment import Invitation, device_no
from sync.protocol import SIGNED_PREFIX, pack
from tests.handheld import Chain
from tests.server import audited
from tests.server.office import ASN, LAMP, LOCATIONS, NOW, PRODUCTS, SITE, STOCK, bare, office, rows

PROJECT = Path(__file__).parents[2]


def run(app: Flask, *words: str | Path, typed: str | None = None, code: int = 0) -> str:
    """Type a command; its whole output."""
    with audited.by_command(str(words[0])):
        done = app.test_cli_runner().invoke(args=[str(w) for w in words], input=typed)
    assert done.exit_code == code, done.output
    assert "Traceback" not in done.output
    return done.output


def file(folder: Path, name: str, content: str) -> Path:
    path = folder / name
    path.write_text(content)
    return path


def test_init_says_what_it_made_and_what_was_there(new_database_url: str, tmp_path: Path) -> None:
    with bare(new_database_url, tmp_path) as app:
        first = run(app, "init", "--admin", "Rosa", "--password-stdin", typed="correct horse battery\n")
        assert "Rosa may sign in with the password that you gave." in first
        again = run(app, "init")
        assert "The database is up to date" in again
        assert "1 person may sign in; nobody was added." in again
        assert "horse" not in first + again


def test_init_makes_up_a_password_and_shows_it_once(new_database_url: str, tmp_path: Path) -> None:
    with bare(new_database_url, tmp_path) as app:
        password = run(app, "init").rsplit(": ", 1)[1].strip()
        assert len(password) >= 16
        assert password not in run(app, "init")


def test_init_refuses_a_password_that_is_too_short(new_database_url: str, tmp_path: Path) -> None:
    with bare(new_database_url, tmp_path) as app:
        said = run(app, "init", "--password-stdin", typed="short\n", code=1)
        assert said == "Error: A password takes 12 to 200 characters; this has 5.\n"


def test_a_command_before_init_says_what_to_do(new_database_url: str, tmp_path: Path) -> None:
    with bare(new_database_url, tmp_path) as app:
        said = run(app, "cases", code=1)
        assert said == "Error: The database is not ready for this release: run `flask --app server init`.\n"


def test_files_are_imported_and_shown(database_url: str, tmp_path: Path) -> None:
    with office(database_url, tmp_path) as app:
        for kind, content in (("products", PRODUCTS), ("locations", LOCATIONS), ("stock", STOCK), ("asn", ASN)):
            assert "rows imported (event 0." in run(app, "import", kind, file(tmp_path, kind, content))
        assert "nothing changed" in run(app, "import", "asn", tmp_path / "asn")
        assert "ASN-1: 0 matched, 4 missing" in run(app, "receipt", "show", "ASN-1")
        trail = run(app, "trail", "S1")
        assert "Lamp · S1" in trail
        assert "stored, in A-01" in trail
        assert run(app, "import", "--resume") == "Every import is complete.\n"
        assert "was folded anew" in run(app, "rebuild", "S1")
        assert run(app, "rebuild", "nosuch", code=1) == "Error: Nothing is known of nosuch.\n"
        assert "Everything fits" in run(app, "verify")
        assert run(app, "cases").endswith("0 open cases.\n")


WRONG = "code,name\nB-01,Bin\n,Nowhere\nB-01,Twice\n"


def test_a_file_with_wrong_rows_is_left_out_whole_unless_the_bad_ones_are_skipped(
    database_url: str, tmp_path: Path
) -> None:
    with office(database_url, tmp_path) as app:
        path = file(tmp_path, "bins.csv", WRONG)
        said = run(app, "import", "locations", path, code=1)
        assert "Row 3, column code: The code is empty." in said
        assert "Nothing was imported: 2 rows are wrong." in said
        assert "Nothing was imported" in run(app, "import", "locations", path, "--dry-run", code=1)
        assert "1 row imported" in run(app, "import", "locations", path, "--skip-bad")
        bad = (tmp_path / "bins.csv.bad.csv").read_text("utf-8-sig").splitlines()
        assert bad == [
            "code,name,problem",
            ",Nowhere,The code is empty.",
            "B-01,Twice,The same one stands in row 2 already.",
        ]


def test_a_file_without_a_good_row_fails_even_where_bad_ones_are_skipped(database_url: str, tmp_path: Path) -> None:
    with office(database_url, tmp_path) as app:
        path = file(tmp_path, "bins.csv", "code,name\n,Nowhere\n")
        said = run(app, "import", "locations", path, "--skip-bad", code=1)
        assert said.endswith("Error: Nothing was imported: no row is good.\n")
        assert "1 row was not taken and written to" in said


def test_every_fault_of_a_row_is_named(database_url: str, tmp_path: Path) -> None:
    with office(database_url, tmp_path) as app:
        path = file(tmp_path, "p.csv", "number,gtin,quantity\nPO-1,123,many\n")
        said = run(app, "import", "purchase_order", path, code=1)
        assert "Row 2, column gtin: '123' is no GTIN" in said
        assert "Row 2, column quantity: The quantity 'many' is no whole number" in said
        assert "Nothing was imported: 1 row is wrong." in said


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("a.json", '{"code": "B-01"', "cannot be read as JSON"),
        ("a.json", "code,name\nB-01,Bin\n", "is called .json, but what is in it is no JSON"),
        ("a.XLSX", "code,name\nB-01,Bin\n", "is called .xlsx, but what is in it is no Excel workbook"),
    ],
)
def test_a_file_that_is_not_what_its_name_says_is_not_read_as_csv(
    database_url: str, tmp_path: Path, name: str, content: str, problem: str
) -> None:
    with office(database_url, tmp_path) as app:
        assert problem in run(app, "import", "locations", file(tmp_path, name, content), code=1)


def test_a_dry_run_changes_nothing(database_url: str, tmp_path: Path) -> None:
    with office(database_url, tmp_path) as app:
        before = rows(events, "seq", "digest")
        path = file(tmp_path, "bins.csv", LOCATIONS)
        assert "3 rows are good. Nothing was imported" in run(app, "import", "locations", path, "--dry-run")
        assert rows(events, "seq", "digest") == before


@pytest.mark.parametrize("kind", ["products", "locations", "stock", "asn", "purchase_order", "order"])
def test_each_kinds_template_can_be_imported_and_its_help_names_every_column(
    kind: str, database_url: str, tmp_path: Path
) -> None:
    with office(database_url, tmp_path) as app:
        for needed in ("products", "locations"):
            run(app, "import", needed, file(tmp_path, needed, run(app, "import-template", needed)))
        template = run(app, "import-template", kind)
        help_text = run(app, "import", "--help")
        assert all(f"\n    {column} " in help_text for column in template.splitlines()[0].split(","))
        run(app, "import", kind, file(tmp_path, "t.csv", template))


def test_an_enrolment_code_is_printed_as_the_invitation_that_a_handheld_takes_and_drawn(
    database_url: str, tmp_path: Path
) -> None:
    with office(database_url, tmp_path) as app:
        said = run(app, "code", "--role", "receiver", "--svg", tmp_path / "a.svg", "--png", tmp_path / "a.png")
        first = said.splitlines()[0]
        invitation = Invitation.parse(first.removeprefix("invitation: "))
        assert f"code: {invitation.code}" not in said
        assert invitation.addresses == ("http://server.test",)
        assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")
        assert "<svg" in (tmp_path / "a.svg").read_text()


@pytest.mark.parametrize("minutes", ["0", "-1", "1441"])
def test_an_enrolment_code_is_good_for_a_minute_to_a_day(minutes: str, tmp_path: Path) -> None:
    with office(f"sqlite:///{tmp_path / 'office.sqlite3'}", tmp_path) as app:
        said = run(app, "code", "--role", "picker", "--minutes", minutes, code=1)
        assert said == f"Error: A code is good for a minute to a day, not for {minutes} min.\n"


def test_a_count_is_opened_shown_and_not_closed_before_its_bins_are_finished(database_url: str, tmp_path: Path) -> None:
    with office(database_url, tmp_path) as app:
        run(app, "import", "locations", file(tmp_path, "l", LOCATIONS))
        opened = run(app, "count", "open", "C-1", "--bin", "A-01")
        assert opened.endswith("Count C-1 is open: 1 bin, 0 units expected.\n")
        assert "not finished: A-01" in run(app, "count", "show", "C-1")
        assert run(app, "count", "close", "C-1", code=1).startswith("Error: Count C-1 cannot be closed")
        assert "There is no location 'Z'" in run(app, "count", "open", "C-2", "--bin", "Z", code=1)


def test_a_reader_that_has_seen_enough_ends_a_command_without_a_word() -> None:
    @command("gone")
    def gone() -> None:
        raise BrokenPipeError(errno.EPIPE, "Broken pipe")

    done = Flask("gone").test_cli_runner().invoke(gone)
    assert (done.exit_code, done.output) == (1, "")


def test_a_queue_that_came_as_a_file_is_taken_once(database_url: str, tmp_path: Path) -> None:
    key = Ed25519PrivateKey.generate()
    public = key.public_key().public_bytes_raw()
    chain = Chain(device_no(public), boot_at_ms=NOW)
    chain.scan(
        NOW + 1_000,
        "inspect",
        "https://id.gs1.org/01/09506000134352/21/S1",
        location="https://id.gs1.org/414/9506000134352/254/A",
    )
    body = pack(*chain.push(1, 1, now_ms=NOW, carried=True))
    lines = transfer.write(public_key=public, name="HH-1", signed=[(body, key.sign(SIGNED_PREFIX + body))])
    path = tmp_path / "queue"
    path.write_bytes(b"".join(lines))
    with office(database_url, tmp_path) as app:
        said = run(app, "import-file", path, code=1)
        assert said == f"Error: Handheld {device_no(public)} (HH-1) is not enrolled here: enrol it first.\n"
        with writing() as c:
            word = enrolment.new_code(c, site=SITE, role="picker", operator=None, now_ms=NOW)
            enrolment.enrol(
                c, offer_key=enrolment.code_key(word), public_key=public, name="HH-1", epoch=1, client="1", now_ms=NOW
            )
        assert run(app, "import-file", path) == "1 event of HH-1: 1 accepted.\n"
        assert run(app, "import-file", path) == "1 event of HH-1: 1 duplicate.\n"
        assert len(rows(unit_states, "unit")) == 1
        assert run(app, "revoke", str(device_no(public))) == f"Handheld {device_no(public)} is revoked.\n"


def test_verify_exits_with_1_where_something_differs(database_url: str, tmp_path: Path) -> None:
    with office(database_url, tmp_path) as app:
        with writing() as c:
            c.execute(events.update().values(operator="Eve"))
        assert run(app, "verify", code=1).endswith("differences.\n")


def test_a_restore_asks_first(database_url: str, tmp_path: Path) -> None:
    with office(database_url, tmp_path) as app:
        run(app, "backup", tmp_path / "copy")
        assert "Aborted" in run(app, "restore", tmp_path / "copy", typed="n\n", code=1)
        assert "they cannot bring back" in run(app, "restore", tmp_path / "copy", "--yes")
        assert "no backup of this program" in run(app, "restore", file(tmp_path, "x", "y"), "--yes", code=1)


def test_every_command_says_what_it_does(tmp_path: Path) -> None:
    with bare(f"sqlite:///{tmp_path / 'w.sqlite3'}", tmp_path) as app:
        assert [name for name, command in app.cli.commands.items() if not command.get_short_help_str()] == []


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.mark.slow
def test_serve_on_a_fresh_machine_makes_everything_ready_and_answers(tmp_path: Path) -> None:
    port = free_port()
    environ = {**os.environ, "SCAN_INSTANCE": str(tmp_path), "SCAN_ADDRESSES": f"http://127.0.0.1:{port}"}
    words = ["-m", "flask", "--app", "server", "serve", "--host", "127.0.0.1", "--port", str(port), "--no-announce"]
    with subprocess.Popen(
        [sys.executable, *words], cwd=PROJECT, env=environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as server:
        try:
            assert server.stdout is not None
            said = ""
            while "Booting worker" not in said:
                line = server.stdout.readline()
                assert line, said
                said += line
            assert "Sign in as admin with this password, which is shown only now" in said
            assert f"Open http://127.0.0.1:{port} in a browser." in said
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=30) as answer:
                assert json.load(answer)["status"] == "ready"
        finally:
            server.send_signal(signal.SIGTERM)
            server.wait(timeout=30)
    assert server.returncode == 0


@pytest.mark.parametrize("words", [["--help"], ["serve"]])
def test_a_wrong_setting_is_one_sentence_at_the_command_line(words: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCAN_DATABASE_URL", "garbage")
    done = CliRunner().invoke(FlaskGroup(), ["--app", "server", *words])
    assert done.exit_code == 1
    assert done.output.startswith("Error: SCAN_DATABASE_URL is 'garbage'. It takes ")
    assert done.output.count("\n") == 1


@pytest.mark.postgres
def test_serve_does_not_wait_for_a_database_that_is_not_there(postgres_url: str, tmp_path: Path) -> None:
    with bare(f"{postgres_url}_gone", tmp_path) as app:
        said = run(app, "serve", code=1)
        assert said.startswith("Error: The database says: ")
        assert "does not exist" in said


def test_serve_does_not_wait_for_a_file_that_cannot_be_opened(tmp_path: Path) -> None:
    gone = tmp_path / "gone" / "warehouse.sqlite3"
    with bare(f"sqlite:///{gone}", tmp_path) as app:
        said = run(app, "serve", code=1)
    assert said == f"Error: {gone} cannot be opened: its folder has to be there, and open to this user.\n"


def test_serve_says_at_once_that_its_port_is_in_use(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other, bare(f"sqlite:///{tmp_path / 'w'}", tmp_path) as app:
        port = other.getsockname()[1]
        said = run(app, "serve", "--host", "127.0.0.1", "--port", str(port), code=1)
    assert said == f"Error: Port {port} is in use already: stop what listens there, or name another --port.\n"


@pytest.mark.parametrize(
    ("told", "waits"),
    [
        ('port 5432 failed: FATAL:  database "x" does not exist', False),
        ("port 5432 failed: Connection refused\nport 5432 failed: FATAL:  password authentication failed", False),
        ("failed to resolve host 'pgg': [Errno -2] Name or service not known", False),
        ("unable to open database file", False),
        ("port 5432 failed: Connection refused\n\tIs the server running on that host?", True),
        ("port 5432 failed: FATAL:  the database system is starting up", True),
        ("server closed the connection unexpectedly", True),
    ],
)
def test_serve_waits_only_for_what_may_come(told: str, *, waits: bool) -> None:
    assert may_come(told) is waits


def test_people_are_let_in_and_out_at_the_command_line_without_a_secret_on_the_screen(
    database_url: str, tmp_path: Path
) -> None:
    with office(database_url, tmp_path) as app:
        assert run(app, "people", "add", "Ravi", "--role", "picker") == "Ravi is in, as picker.\n"
        told = run(app, "people", "badge", "Ravi", "BADGE:K-17", "--stdin", typed="7391\n")
        assert told == "Ravi signs in with badge K-17. Handhelds learn it at their next sync.\n"
        told += run(app, "people", "badge", "Ravi", typed="8264\n8264\n")
        told += run(app, "people", "password", "Ravi", "--stdin", typed="correct horse battery\n")
        run(app, "people", "role", "Ravi", "receiver")
        run(app, "people", "deactivate", "Ravi")
        assert "Ravi · receiver · badge K-17 · may not sign in\n" in run(app, "people", "list")
        assert all(secret not in told for secret in ("7391", "8264", "horse"))
        assert "among the first" in run(app, "people", "badge", "Ravi", "K-17", "--stdin", typed="0000\n", code=1)
        assert "nobody named 'Asha'" in run(app, "people", "reactivate", "Asha", code=1)


def test_a_key_is_made_listed_and_revoked(database_url: str, tmp_path: Path) -> None:
    with office(database_url, tmp_path) as app:
        key = run(app, "keys", "make", "shop", "--task", "look", "--task", "export").strip()
        assert key.startswith("scan-key.")
        assert "shop · export, look · never used" in run(app, "keys", "list")
        assert "opens nothing any more" in run(app, "keys", "revoke", "shop")
        assert "There is no key named 'shap'" in run(app, "keys", "revoke", "shap", code=1)
        assert "revoked" in run(app, "keys", "list")


def test_a_webhook_is_added_listed_and_removed(database_url: str, tmp_path: Path) -> None:
    with office(database_url, tmp_path, WEBHOOK_ORIGINS=("http://erp.test",)) as app:
        number, secret = run(app, "webhooks", "add", "http://erp.test/hook", "--kind", "case").split()
        assert secret.startswith("whsec_")
        assert f"{number} · http://erp.test/hook · case · well" in run(app, "webhooks", "list")
        assert "tried again" in run(app, "webhooks", "resend", number)
        assert "Removed" in run(app, "webhooks", "remove", number)
        assert "There is no webhook" in run(app, "webhooks", "remove", number, code=1)


def test_with_a_key_end_its_webhooks_and_those_of_somebody_who_is_let_go_are_named(
    database_url: str, tmp_path: Path
) -> None:
    with office(database_url, tmp_path, WEBHOOK_ORIGINS=("http://erp.test",)) as app:
        run(app, "keys", "make", "shop", "--task", "feed")
        run(app, "people", "add", "Ravi", "--role", "admin")
        made: dict[str, Any] = {"site": SITE, "kinds": [], "now_ms": NOW, "origins": ["http://erp.test"]}
        with writing() as c:
            for number, operator in enumerate(("integration:shop", "Ravi")):
                webhooks.make(c, url=f"http://erp.test/{number}", operator=operator, **made)
        assert "any more. 1 webhook that it had made removed.\n" in run(app, "keys", "revoke", "shop")
        assert "where they had them sent: http://erp.test/1. Remove" in run(app, "people", "deactivate", "Ravi")
        assert "http://erp.test/1 ·" in run(app, "webhooks", "list")


def test_a_customer_is_erased_and_the_ledger_says_only_that_it_was_done(database_url: str, tmp_path: Path) -> None:
    orders = f"number,gtin,quantity,customer,address\nSO-1,{LAMP},1,Ada Lovelace,1 Way\nSO-2,{LAMP},1,Bob,2 Way\n"
    with office(database_url, tmp_path) as app:
        run(app, "import", "products", file(tmp_path, "products.csv", PRODUCTS))
        assert "SO-1: 1 row" in run(app, "import", "order", file(tmp_path, "orders.csv", orders))
        assert "No customer is called 'Eda'" in run(app, "erase-customer", "Eda", "--yes", code=1)
        assert "Erased from 1 document." in run(app, "erase-customer", "ada lovelace", "--yes")
        assert rows(parties, "document", "name") == [("SO-2", "Bob")]
        facts = [row[0] for row in rows(events, "reason") if row[0] and "erased" in row[0]]
        assert facts == ["a customer's name and address were erased from 1 document"]


def test_labels_that_were_printed_before_are_called_so(tmp_path: Path) -> None:
    with office(f"sqlite:///{tmp_path / 'office.sqlite3'}", tmp_path) as app:
        run(app, "import", "locations", file(tmp_path, "locations.csv", LOCATIONS))
        sheet = ("labels", "bins", "--output", tmp_path / "bins.pdf")
        assert "before" not in run(app, *sheet)
        assert "3 labels, 3 of them printed before, in" in run(app, *sheet)


def commands(group: click.Group, above: click.Context) -> Iterator[tuple[click.Command, click.Context]]:
    """Every command below a group, with the context in which its help is written."""
    for name, found in group.commands.items():
        context = click.Context(found, info_name=name, parent=above, terminal_width=80, max_content_width=80)
        yield found, context
        if isinstance(found, click.Group):
            yield from commands(found, context)


def test_the_help_of_every_command_fits_a_terminal_of_80_columns_and_breaks_no_word(app: Flask) -> None:
    root = click.Context(app.cli, info_name="flask --app server")
    for one, context in commands(app.cli, root):
        wide = [line for line in one.get_help(context).splitlines() if len(line) > 80]
        broken = [word for word in one.collect_usage_pieces(context) if len(word) > 45]
        assert (context.command_path, wide, broken) == (context.command_path, [], [])


def test_lists_that_are_empty_say_so(new_database_url: str, tmp_path: Path) -> None:
    with bare(new_database_url, tmp_path) as app:
        run(app, "init")
        assert run(app, "handhelds") == "No handheld is enrolled here yet: `code` makes a code for one.\n"
        assert run(app, "stolen") == "Nothing is reported as stolen.\n"
