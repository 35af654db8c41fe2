"""Requests made from the API's own description: whatever is sent, no 5xx, no hang, and no growth without bound.

`make fuzz` takes some minutes; the few of them that every run of the tests makes are always the same.
"""

from __future__ import annotations

import gc
import io
import random
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from itertools import count
from typing import Any, Final

import psutil
import pytest
import schemathesis
from flask import Flask
from hypothesis import example, given, seed
from hypothesis import strategies as st
from schemathesis import GenerationMode, SerializationContext
from werkzeug.test import TestResponse

from server.database import db, stamp, writing
from server.uploads import FILES_MAX
from sync.protocol import MEDIA_TYPE
from tests.fuzz.hostile import CELLS, FACTOR, LABELS, PATIENT, cut, once, quickly, tables, tries
from tests.fuzz.office_files import (
    HALF_OF_A_CELL,
    HALF_OF_A_HEADING,
    json_files,
    lists_of_objects,
    spreadsheets,
    workbooks,
)
from tests.handheld import BIN_A, CARTON_1, DOCK, PHONE, Chain, unit
from tests.server.furnished import Shop, furnished
from tests.server.running import NOW

pytestmark = [pytest.mark.slow, PATIENT, pytest.mark.xdist_group("the API, fuzzed")]

ANSWER_BYTES_MAX: Final = 4 << 20
GROWTH_BYTES_MAX: Final = 96 << 20
"""What caches may take while thousands of requests pass; a leak of a kilobyte a request takes more in a long run."""
GROWTH_A_REQUEST_MAX: Final = 32 << 10
"""Of the whole process, in which requests are invented as well: that alone takes some kilobytes for each."""
HELD_BYTES_MAX: Final = 256
"""A request that was sent before: what is held of it. Measured are 40, of connections that were given back."""
ENDS_THE_SESSION: Final = {"/api/v1/session", "/api/v1/people/{number}", "/api/v1/session/site"}
KNOWN: Final[dict[str, list[Any]]] = {
    "number": ["1", "2", "ASN-1", "SO-1", "PO-1", "RMA-1", "COUNT-1", "RECALL-1", "RELABEL-1", "TRANSFER-1", "99"],
    "key": ["01/09506000134352/21/A1", "00/395060001343520018", unit("A1"), BIN_A, "01/09506000134352"],
    "path": ["01/09506000134352"],
    "version": [1],
}
"""What stands in addresses: most of it is there, or is made by what is sent."""
Request = dict[str, Any]
"""What Werkzeug's client takes."""


@schemathesis.serializer(MEDIA_TYPE)
def _as_it_is(_context: SerializationContext, body: Any) -> bytes:
    """An envelope is bytes; schemathesis knows only media types that others use as well."""
    return bytes(getattr(body, "data", body))


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    with furnished(tmp_path_factory.mktemp("fuzz")) as shop:
        yield shop


def _operations(app: Flask) -> list[Any]:
    schema = schemathesis.openapi.from_wsgi("/api/openapi.json", app)
    found = [one.ok() for one in schema.get_all_operations()]  # type: ignore[union-attr]  # a wrong one fails here
    assert len(found) > 100
    return [operation for operation in found if operation.path not in ENDS_THE_SESSION]


def _aim(case: Any, rng: random.Random) -> None:
    """Put something that is there into two of three addresses."""
    for name in case.path_parameters or {}:
        if name in KNOWN and rng.random() < 0.67:
            case.path_parameters[name] = rng.choice(KNOWN[name])


@pytest.fixture(scope="module")
def asked(shop: Shop) -> list[Request]:
    """A first round: requests of every operation, right and wrong, as they were sent."""
    return _round(shop, 0, examples=1)


def test_no_request_that_the_description_allows_or_forbids_makes_the_server_fail(
    shop: Shop, asked: list[Request]
) -> None:
    process, sent = psutil.Process(), len(asked)
    peaks = [process.memory_info().rss]
    for number in range(1, max(3, FACTOR // 5)):
        sent += len(_round(shop, number, examples=min(FACTOR + 1, 10)))
        peaks.append(process.memory_info().rss)
    growth = peaks[-1] - peaks[(len(peaks) - 1) // 3]
    assert growth < min(GROWTH_BYTES_MAX, GROWTH_A_REQUEST_MAX * sent), peaks


def test_what_is_asked_again_and_again_takes_no_more_memory(shop: Shop, asked: list[Request]) -> None:
    tracemalloc.start()
    try:
        held = [_held_after(shop, asked) for _ in range(3)]  # the first fills the caches
    finally:
        tracemalloc.stop()
    assert held[2] - held[0] < HELD_BYTES_MAX * 2 * len(asked), held


def _held_after(shop: Shop, requests: list[Request]) -> int:
    """Bytes of Python's that are held once all of them were sent again."""
    for request in requests:
        _send(shop, request)
    gc.collect()
    return tracemalloc.get_traced_memory()[0]


def test_what_only_asks_or_is_refused_leaves_the_database_as_it_was(shop: Shop, asked: list[Request]) -> None:
    wrote = []
    for request in asked:
        with _watching(shop) as has_changed:
            status = _send(shop, request).status_code
            if (request["method"] == "GET" or status >= 400) and has_changed():
                wrote.append((request["method"], request["path"], status))
    assert wrote == []


@contextmanager
def _watching(shop: Shop) -> Iterator[Callable[[], bool]]:
    """Whether anybody has written into the database since."""
    with shop.app.app_context():  # the server's own SQLite: a second library in one process would drop its locks
        watching: Any = db.engine.raw_connection()
    with closing(watching):
        before = _version(watching)
        yield lambda: _version(watching) != before


def _version(watching: Any) -> int:
    """Another one when others have written between (https://www.sqlite.org/pragma.html#pragma_data_version)."""
    return int(watching.cursor().execute("PRAGMA data_version").fetchone()[0])


def test_whoever_watches_the_database_sees_what_others_write(shop: Shop) -> None:
    for _ in range(3):
        with _watching(shop) as has_changed:
            assert not has_changed()
            with shop.app.app_context(), writing() as connection:
                stamp(connection)
            assert has_changed()


def _round(shop: Shop, number: int, *, examples: int) -> list[Request]:
    return [
        request
        for operation in _operations(shop.app)
        for mode in _modes(operation)
        for request in _sent(shop, operation, mode, random.Random(f"{number} {mode} {operation.label}"), examples)
    ]


def _modes(operation: Any) -> Iterator[GenerationMode]:
    """What fits the description, and what does not where something in it can be wrong: bytes and texts cannot."""
    yield GenerationMode.POSITIVE
    if operation.query or any(body.media_type == "application/json" for body in operation.body):
        yield GenerationMode.NEGATIVE


def _sent(shop: Shop, operation: Any, mode: GenerationMode, chance: random.Random, examples: int) -> list[Request]:
    """The requests that were made of an operation, and sent."""
    made: list[Request] = []

    @seed(chance.getrandbits(64))
    @once(examples)
    @given(operation.as_strategy(generation_mode=mode))
    def ask(case: Any) -> None:
        _aim(case, chance)
        made.append(case.as_transport_kwargs())
        _send(shop, made[-1])

    ask()
    return made


def _send(shop: Shop, request: Request) -> TestResponse:
    headers = {**request["headers"], "X-CSRFToken": shop.admin.token}
    with quickly():
        answer = shop.admin.client.open(**{**request, "headers": headers})
    assert answer.status_code < 500, (request, answer.text)
    assert len(answer.data) < ANSWER_BYTES_MAX
    return answer


MOMENTS: Final = count(NOW)
FILES: Final = tables() | workbooks() | json_files()


@tries(75)
@given(given_file=FILES, dry=st.sampled_from(["true", "false"]))
def test_a_file_is_imported_whole_or_refused_and_nothing_of_it_is_in(
    shop: Shop, given_file: tuple[str, bytes], dry: str
) -> None:
    kind, content = given_file
    with _watching(shop) as has_changed:
        with quickly():
            answer = shop.admin.post(f"/api/v1/documents?kind={kind}&number=X-1&dry_run={dry}", data=content)
        assert answer.status_code in (200, 400, 409, 413, 422), answer.text
        assert not has_changed() or (answer.status_code == 200 and dry == "false")


@tries(20)
@given(given_file=FILES)
@example(given_file=HALF_OF_A_HEADING)
@example(given_file=HALF_OF_A_CELL)
def test_no_file_that_is_checked_in_the_console_makes_the_server_fail(
    shop: Shop, given_file: tuple[str, bytes]
) -> None:
    kind, content = given_file
    at_ms = next(MOMENTS)  # of files that came at the same moment none is the oldest
    shop.app.config["NOW_MS"] = lambda: at_ms
    with _watching(shop) as has_changed:
        form = {"kind": kind, "number": "X-1", "file": (io.BytesIO(content), "a file")}
        answer = shop.admin.post("/imports", data=form)
        assert answer.status_code in (302, 303)
        page = shop.admin.get(answer.location)
        assert page.status_code == 200
        if answer.status_code == 303:
            assert shop.admin.get(f"{answer.location}/problems.csv").status_code == 200
        assert not has_changed()
    waiting = shop.app.config["SETTINGS"].instance / "uploads"
    assert sum(1 for _ in waiting.glob("*.json")) <= FILES_MAX + 1  # the last that came, beside those that may wait


@tries(30)
@given(
    data=st.data(),
    cells=st.lists(st.tuples(CELLS, CELLS), max_size=3),
    of=st.sampled_from([("cancellations", ["number", "reason"]), ("parcels/file", ["container", "tracking"])]),
)
def test_all_of_a_small_file_is_taken_or_none(
    shop: Shop, data: st.DataObject, cells: list[tuple[str, str]], of: tuple[str, list[str]]
) -> None:
    path, headings = of
    table = [headings, *map(list, cells)]
    content = data.draw(spreadsheets(table) | lists_of_objects(table))
    with _watching(shop) as has_changed:
        with quickly():
            answer = shop.admin.post(f"/api/v1/{path}", data=content)
        assert answer.status_code in (200, 409, 422), answer.text
        assert not has_changed() or answer.status_code == 200


@tries(40)
@given(label=LABELS, action=st.sampled_from(["receive", "pick", "count", "ship", "nonsense"]))
def test_no_label_that_is_asked_about_makes_the_server_fail(shop: Shop, label: bytes, action: str) -> None:
    query = {"scan": label.decode("latin-1"), "action": action, "location": BIN_A}
    with quickly():
        answer = shop.admin.get("/api/v1/check", query_string=query)
    assert answer.status_code < 500, answer.text


@tries(30)
@given(
    spoilt=cut(b"x" * 420),
    subject=st.sampled_from([unit("A1"), unit("F1"), "x", BIN_A, CARTON_1]),
    epoch=st.integers(10**6, 10**7 - 1),
    broken=st.none() | cut(b"x" * 250),
)
def test_no_push_that_is_nearly_right_makes_the_server_fail(
    shop: Shop, spoilt: bytes, subject: str, epoch: int, broken: bytes | None
) -> None:
    handheld = shop.handheld
    handheld.chain = Chain(handheld.chain.device_no, epoch=epoch, boot_at_ms=NOW - 3_000_000)
    handheld.scan("receive", f"{PHONE}/21/F{epoch % 100}", location=DOCK)
    handheld.chain.commit(_like(spoilt, handheld.chain.lines[0]).replace(b"\n", b" "))
    handheld.scan("pick", subject, document="SO-1")
    body = handheld.envelope()
    answer = handheld.send(body if broken is None else _like(broken, body))
    assert answer.status_code in (200, 400, 413), answer.text


def _like(pattern: bytes, content: bytes) -> bytes:
    """The content with the bytes changed where the pattern is no `x`."""
    return bytes(old if new == ord("x") else new for old, new in zip(content, pattern, strict=False))
