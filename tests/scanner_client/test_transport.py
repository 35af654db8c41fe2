from __future__ import annotations

import datetime as dt
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import pytest

from scanner_client.transport import Transport, TransportError
from tests.certificates import Authority

CLEARTEXT = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
TLS_ALERT = "\x15\x03\x01\x00\x02\x02\x46"
BROKEN_OFF = (
    "broke the connection off before its answer was complete. If that goes on, it may speak TLS: begin its address "
    "with https:// then."
)
MINUTE = dt.timedelta(minutes=1)


@contextmanager
def listening(answer: Callable[[socket.socket], None]) -> Iterator[str]:
    """Something that answers one connection; where it listens."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        asked, _ = listener.accept()
        with asked, suppress(OSError):
            answer(asked)

    thread = threading.Thread(target=serve)
    with listener:
        thread.start()
        yield f"localhost:{listener.getsockname()[1]}"
        thread.join()


def with_tls(file: Path) -> Callable[[socket.socket], None]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    return lambda asked: context.wrap_socket(asked, server_side=True).close()


def saying(text: str) -> Callable[[socket.socket], None]:
    def say(asked: socket.socket) -> None:
        asked.recv(1 << 16)
        asked.sendall(text.encode("latin-1"))

    return say


def refusal(address: str) -> str:
    with closing(Transport(connect_s=5, read_s=5)) as transport, pytest.raises(TransportError) as failed:
        transport.get(address, "/api/v1/server")
    return str(failed.value)


def test_a_certificate_of_an_authority_that_nobody_named_says_how_to_name_it(tmp_path: Path) -> None:
    with listening(with_tls(Authority(tmp_path).certificate())) as host:
        assert refusal(f"https://{host}") == (
            f"{host} answers, but its certificate is not one that this handheld trusts (unable to get local issuer "
            "certificate). If it is of your own authority, give this handheld that authority's certificate: name its "
            "file in SSL_CERT_FILE."
        )


def test_a_certificate_that_is_over_sends_to_the_clock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    authority = Authority(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.file))
    with listening(with_tls(authority.certificate(lasts=-MINUTE))) as host:
        assert refusal(f"https://{host}") == (
            f"{host} answers, but by this handheld's clock its certificate does not hold today. Look at the clock "
            "first; if that is right, the server needs a new certificate."
        )


def test_a_certificate_for_another_name_is_said_to_be_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    authority = Authority(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.file))
    with listening(with_tls(authority.certificate(name="other.test"))) as host:
        assert refusal(f"https://{host}") == (
            f"{host} answers, but its certificate is for another name. Ask it by the name that the certificate is for."
        )


@pytest.mark.parametrize(
    ("scheme", "answer", "sentence"),
    [
        ("https", CLEARTEXT, "answers, but it does not speak TLS: begin its address with http:// instead of https://."),
        ("http", TLS_ALERT, "answers, but it speaks TLS: begin its address with https:// instead of http://."),
        ("http", "SSH-2.0-x\r\n", "answers, but it is no web server. Look at the port in its address."),
        ("http", "", BROKEN_OFF),
    ],
)
def test_a_wrong_beginning_of_the_address_says_the_right_one(scheme: str, answer: str, sentence: str) -> None:
    with listening(saying(answer)) as host:
        assert refusal(f"{scheme}://{host}") == f"{host} {sentence}"


def test_a_server_that_has_answered_before_is_not_said_to_speak_tls_when_it_breaks_off() -> None:
    def once(asked: socket.socket) -> None:
        saying(CLEARTEXT)(asked)
        asked.recv(1 << 16)

    with listening(once) as host, closing(Transport(connect_s=5, read_s=5)) as transport:
        transport.get(f"http://{host}", "/api/v1/server")
        with pytest.raises(TransportError) as failed:
            transport.get(f"http://{host}", "/api/v1/server")
    assert str(failed.value) == f"{host} broke the connection off before its answer was complete."


def test_a_port_at_which_nobody_listens_is_said_to_be_so() -> None:
    with closing(socket.socket()) as taken:
        taken.bind(("127.0.0.1", 0))
        host = f"127.0.0.1:{taken.getsockname()[1]}"
        assert refusal(f"http://{host}") == (
            f"{host} does not answer: nobody listens at that port. Look whether the server runs, and at the port in "
            "its address."
        )


def test_a_name_that_nothing_here_has_is_said_without_its_port() -> None:
    assert refusal("http://no-such-server.invalid:8000") == (
        "There is no such name as no-such-server.invalid in this network. Look at the spelling of the address, and at "
        "the Wi-Fi."
    )


@pytest.mark.parametrize("address", ["http://127.0.0.1:99999", "http://a b"])
def test_what_is_no_address_is_answered_with_one(address: str) -> None:
    assert refusal(address) == f"{address} is no address on the web. One looks like http://192.168.1.20:8000."
