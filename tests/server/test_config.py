import ast
import inspect
import runpy
import stat
from dataclasses import fields
from pathlib import Path

import pytest

from server import config, gunicorn_conf
from server.config import SettingError, Settings


def test_serve_listens_on_every_address_of_the_machine_unless_told_otherwise() -> None:
    assert config.load({}, {}).host == "0.0.0.0"
    assert config.load({}, {"SCAN_HOST": "127.0.0.1"}).host == "127.0.0.1"


@pytest.mark.parametrize(
    ("host", "bound"), [(None, "0.0.0.0:9"), ("127.0.0.1", "127.0.0.1:9"), ("::1", "[::1]:9"), ("", ":9")]
)
def test_gunicorn_listens_where_the_settings_say(monkeypatch: pytest.MonkeyPatch, host: str | None, bound: str) -> None:
    monkeypatch.setenv("SCAN_PORT", "9")
    if host is None:
        monkeypatch.delenv("SCAN_HOST", raising=False)
    else:
        monkeypatch.setenv("SCAN_HOST", host)
    assert runpy.run_path(gunicorn_conf.__file__)["bind"] == bound


@pytest.mark.parametrize(
    ("environment", "address", "only_here"),
    [
        ({"SCAN_HOST": "127.0.0.1"}, "http://127.0.0.1:8000", True),
        ({"SCAN_HOST": "::1", "SCAN_PORT": "9"}, "http://[::1]:9", True),
        ({"SCAN_ADDRESSES": "http://localhost:8000"}, "http://localhost:8000", True),
        ({"SCAN_HOST": "127.0.0.1", "SCAN_ADDRESSES": "https://stock.example"}, "https://stock.example", False),
        ({"SCAN_HOST": "0.0.0.0", "SCAN_ADDRESSES": "http://127.0.0.1:9"}, "http://127.0.0.1:9", True),
        ({"SCAN_HOST": "192.0.2.7"}, "http://192.0.2.7:8000", False),
    ],
)
def test_who_enrols_is_told_where_handhelds_cannot_reach_the_server(
    environment: dict[str, str], address: str, *, only_here: bool
) -> None:
    found = config.load({}, environment)
    assert config.addresses(found) == (address,)
    said = config.unreachable(found)
    assert bool(said) is only_here
    assert not said or (address in said and "Set SCAN_ADDRESSES to" in said)
    assert ("SCAN_HOST to 0.0.0.0" in said) is (only_here and found.host != "0.0.0.0"), "nobody is told what is so"


def test_every_setting_says_what_it_is_for() -> None:
    (body,) = [node for node in ast.walk(ast.parse(inspect.getsource(Settings))) if isinstance(node, ast.ClassDef)]
    told = [
        before.target.id
        for before, after in zip(body.body, body.body[1:], strict=False)
        if isinstance(before, ast.AnnAssign) and isinstance(before.target, ast.Name) and isinstance(after, ast.Expr)
    ]
    assert told == [field.name for field in fields(Settings)]


def test_settings_come_from_the_environment_and_arguments_come_first() -> None:
    environment = {"SCAN_SITE": "north", "SCAN_PORT": "8001", "SCAN_ADDRESSES": "http://a/, https://b", "SITE": "x"}
    found = config.load({"PORT": 9_000}, environment)
    assert (found.site, found.port, found.addresses) == ("north", 9_000, ("http://a", "https://b"))
    assert found.session_hours == 12


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("SCAN_PORT", "eighty", "SCAN_PORT is 'eighty'. It takes a whole number."),
        ("SCAN_SECURE_COOKIES", "maybe", "SCAN_SECURE_COOKIES is 'maybe'. It takes yes or no."),
        (
            "SCAN_ADDRESSES",
            "warehouse:8000",
            "SCAN_ADDRESSES is 'warehouse:8000'. It takes addresses that start with http:// or https://.",
        ),
    ],
)
def test_a_setting_that_does_not_fit_is_named(name: str, value: str, sentence: str) -> None:
    with pytest.raises(SettingError) as refused:
        config.load(environ={name: value})
    assert str(refused.value) == sentence


@pytest.mark.parametrize("url", ["garbage", "postgres://a:secret@b/c", "mysql://x", "postgresql+psycopg://h:port/x"])
def test_a_database_url_that_nothing_here_can_open_is_refused_with_the_forms_that_work(url: str) -> None:
    with pytest.raises(SettingError) as refused:
        config.load(environ={"SCAN_DATABASE_URL": url})
    assert str(refused.value).startswith("SCAN_DATABASE_URL is ")
    assert "postgresql+psycopg://user:password@host/name or sqlite:////folder/file.sqlite3" in str(refused.value)
    assert "secret" not in str(refused.value)


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(SettingError, match=r"^SCAN_INSTANCE is '.*/file/var', and this server cannot keep its files"):
        config.secret_key(Settings(instance=tmp_path / "file" / "var"))


def test_the_session_secret_is_made_once_and_is_its_owners_alone(tmp_path: Path) -> None:
    settings = Settings(instance=tmp_path / "var")
    made = config.secret_key(settings)
    assert len(made) >= 32
    assert config.secret_key(settings) == made
    assert stat.S_IMODE((tmp_path / "var" / "secret_key").stat().st_mode) == 0o600
    assert [path.name for path in (tmp_path / "var").iterdir()] == ["secret_key"]


def test_a_server_of_which_nothing_is_known_has_an_address_of_this_machine() -> None:
    (address,) = config.addresses(Settings(port=8_123))
    assert address.startswith("http://")
    assert address.endswith(":8123")
