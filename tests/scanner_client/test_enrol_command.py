from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from scanner_client.clock import Clock
from scanner_client.device import load_device
from scanner_client.enrol_command import EnrolmentError, enrol, invitation_in, signed_request
from scanner_client.handheld import Handheld, open_handheld
from scanner_client.sighting import Symbol
from scanner_client.transport import Transport
from sync.enrolment import Invitation, InvitationError
from tests.scanner_client.peer import Peer, running_peer


@pytest.fixture
def transport() -> Iterator[Transport]:
    opened = Transport(connect_s=1, read_s=5)
    yield opened
    opened.close()


def test_handheld_knows_its_server_after_enrolling(
    tmp_path: Path, clock: Clock, peer: Peer, transport: Transport
) -> None:
    with open_handheld(tmp_path, clock) as handheld:
        text = enrol(handheld, peer.invitation(), transport, name="Dock 1")
        assert text == f"Enrolled as handheld {handheld.device.device_no} with HH Harbour."
    device = load_device(tmp_path)
    assert device is not None
    assert (device.name, device.site, device.server_key) == ("Dock 1", "HH Harbour", peer.public_key)
    assert device.addresses == (peer.address,)
    assert peer.devices == {device.device_no: device.public_key}


def test_code_that_was_used_leaves_the_handheld_as_it_was(handheld: Handheld, peer: Peer, transport: Transport) -> None:
    before = handheld.device
    with pytest.raises(EnrolmentError, match=r"^That code was used already, or is too old\.$"):
        enrol(handheld, peer.invitation(code="twice"), transport)
    assert handheld.device == before


def test_code_without_a_one_time_part_only_moves_the_server(
    handheld: Handheld, peer: Peer, transport: Transport
) -> None:
    enrol(handheld, peer.invitation(), transport)
    moved = replace(Invitation.parse(peer.invitation(code=None)), addresses=("http://10.0.0.9",))
    assert enrol(handheld, moved.text(), transport) == "The server is now looked for at http://10.0.0.9."
    assert handheld.device.addresses == ("http://10.0.0.9",)


def test_address_of_another_server_is_not_believed(handheld: Handheld, peer: Peer, transport: Transport) -> None:
    enrol(handheld, peer.invitation(), transport)
    with running_peer() as other, pytest.raises(EnrolmentError, match="another server's"):
        enrol(handheld, other.invitation(code=None), transport)
    assert handheld.device.addresses == (peer.address,)


def test_address_alone_enrols_nobody(handheld: Handheld, peer: Peer, transport: Transport) -> None:
    with pytest.raises(EnrolmentError, match="only tells a new address"):
        enrol(handheld, peer.invitation(code=None), transport)


def test_another_server_at_that_address_enrols_nobody(handheld: Handheld, peer: Peer, transport: Transport) -> None:
    with running_peer() as other:
        forged = replace(Invitation.parse(peer.invitation()), addresses=(other.address,))
        with pytest.raises(EnrolmentError, match="not the server of this code"):
            enrol(handheld, forged.text(), transport)
    assert handheld.device.server_key is None


def test_answer_in_the_servers_name_that_it_did_not_sign_enrols_nobody(
    handheld: Handheld, peer: Peer, transport: Transport
) -> None:
    invitation = peer.invitation()
    peer.key = Ed25519PrivateKey.generate()  # it has the code, and knows the key that the code names
    with pytest.raises(EnrolmentError, match="not the server of this code"):
        enrol(handheld, invitation, transport)
    assert handheld.device.server_key is None


def test_code_itself_is_never_sent() -> None:
    body, _ = signed_request("GEZDGNBVGY3TQOJQ", {"name": "Dock 1"})
    assert b"GEZDGNBVGY3TQOJQ" not in body
    assert signed_request("gezd-gnbv gy3t-qojq", {"name": "Dock 1"})[0] == body


def test_server_that_is_away_is_named(handheld: Handheld, peer: Peer, transport: Transport) -> None:
    away = replace(Invitation.parse(peer.invitation()), addresses=("http://127.0.0.1:9",))
    with pytest.raises(EnrolmentError, match=r"127\.0\.0\.1:9 does not answer"):
        enrol(handheld, away.text(), transport)


def test_other_codes_are_no_invitation(handheld: Handheld, transport: Transport) -> None:
    with pytest.raises(InvitationError, match="does not start with scan-enrol"):
        enrol(handheld, "LOC:A-01", transport)


def test_invitation_is_found_among_other_labels(peer: Peer) -> None:
    text = peer.invitation()
    seen = [Symbol(data=b"\xff\x1d"), Symbol(data=b"LOC:A-01"), Symbol(data=text.encode(), symbology="]Q1")]
    assert invitation_in(seen) == text
    assert invitation_in(seen[:2]) is None


def test_short_code_alone_is_answered_with_what_to_give_instead(handheld: Handheld, transport: Transport) -> None:
    with pytest.raises(EnrolmentError, match="the short code: give the whole invitation, the line that starts with"):
        enrol(handheld, "GEZDGNBVGY3TQOJQ\n", transport)


def test_site_whose_name_is_its_code_is_named_once(handheld: Handheld, peer: Peer, transport: Transport) -> None:
    peer.site = {"code": "main", "name": "main"}
    assert enrol(handheld, peer.invitation(), transport).endswith(" with main.")
