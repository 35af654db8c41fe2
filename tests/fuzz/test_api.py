"""Requests made from the API's own description: whatever is sent, no 5xx, no hang, and no growth without bound.

`make fuzz` takes some minutes; the few of them that every run of the tests makes are always the same.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any, Final

import psutil
import pytest
import schemathesis
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st

from tests.fuzz.hostile import FACTOR, LABELS, PATIENT, cut, once, quickly, tables, tries
from tests.handheld import BIN_A, CARTON_1, DOCK, PHONE, Chain, unit
from tests.server.furnished import Shop, furnished
from tests.server.running import NOW

pytestmark = [pytest.mark.slow, PATIENT]

ANSWER_BYTES_MAX: Final = 4 << 20
GROWTH_BYTES_MAX: Final = 96 << 20
"""What caches may take while thousands of requests pass; a leak of a kilobyte a request takes more in a long run."""
ENDS_THE_SESSION: Final = {"/api/v1/session", "/api/v1/people/{number}", "/api/v1/session/site"}
KNOWN: Final[dict[str, list[Any]]] = {
    "number": ["1", "2", "ASN-1", "SO-1", "PO-1", "RMA-1", "COUNT-1", "RECALL-1", "RELABEL-1", "TRANSFER-1", "99"],
    "key": ["01/09506000134352/21/A1", "00/395060001343520018", unit("A1"), BIN_A, "01/09506000134352"],
    "path": ["01/09506000134352"],
    "version": [1],
}
"""What stands in addresses: most of it is there, or is made by what is sent."""


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    with furnished(tmp_path_factory.mktemp("fuzz")) as shop:
        yield shop


def _operations(app: Flask) -> list[Any]:
    schema = schemathesis.openapi.from_wsgi("/api/openapi.json", app)
    return [found.ok() for found in schema.get_all_operations()]  # type: ignore[union-attr]  # a wrong one fails here


def _aim(case: Any, rng: random.Random) -> None:
    """Put something that is there into two of three addresses."""
    for name in case.path_parameters or {}:
        if name in KNOWN and rng.random() < 0.67:
            case.path_parameters[name] = rng.choice(KNOWN[name])


def test_no_request_that_the_description_allows_makes_the_server_fail(shop: Shop) -> None:
    operations = [o for o in _operations(shop.app) if o.path not in ENDS_THE_SESSION]
    assert len(operations) > 100
    process, peaks = psutil.Process(), []
    rounds = max(1, FACTOR // 5)
    for number in range(rounds):
        for operation in operations:
            _try_out(shop, operation, random.Random(f"{number} {operation.label}"), examples=min(2 * FACTOR - 1, 10))
        peaks.append(process.memory_info().rss)
    assert peaks[-1] - peaks[len(peaks) // 2] < GROWTH_BYTES_MAX, peaks


def _try_out(shop: Shop, operation: Any, rng: random.Random, *, examples: int) -> None:
    cookie = shop.admin.client.get_cookie("scan_session")
    assert cookie is not None

    @once(examples)
    @given(operation.as_strategy())
    def ask(case: Any) -> None:
        _aim(case, rng)
        with quickly():
            answer = case.call(headers={"X-CSRFToken": shop.admin.token}, cookies={cookie.key: cookie.value})
        assert answer.status_code < 500, (case.as_curl_command(), answer.text)
        assert len(answer.content) < ANSWER_BYTES_MAX

    ask()


@tries(25)
@given(given_file=tables(), dry=st.sampled_from(["true", "false"]))
def test_no_file_that_is_imported_makes_the_server_fail(shop: Shop, given_file: tuple[str, bytes], dry: str) -> None:
    kind, content = given_file
    query = f"kind={kind}&number=X-1&dry_run={dry}"
    with quickly():
        answer = shop.admin.post(f"/api/v1/documents?{query}", data=content)
    assert answer.status_code in (200, 400, 409, 413, 422), answer.text


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
