"""The invitation in the QR code, device numbers, and what is signed."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.enrolment import Invitation, InvitationError, device_no, reply_message, server_message

KEY = bytes(range(32))
INVITATION = Invitation(addresses=("http://10.0.0.5:8000", "https://wms.example"), server_key=KEY, code="ABCD-1234")


def test_an_invitation_is_read_as_it_was_shown() -> None:
    assert Invitation.parse(INVITATION.text()) == INVITATION


def test_an_invitation_without_a_code_only_tells_the_new_address() -> None:
    moved = Invitation(addresses=("http://10.0.0.9:8000",), server_key=KEY)
    assert Invitation.parse(moved.text()) == moved


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("https://example.com", "does not start with scan-enrol"),
        ("scan-enrol:", "damaged"),
        ("scan-enrol:u=http%3A%2F%2Fa", "damaged"),
        (INVITATION.text().replace("k=", "k=AAAA"), "damaged"),
        (INVITATION.text().replace("http%3A", "file%3A"), "not on the web"),
        ("scan-enrol:" + "u=1&" * 50, "damaged"),
    ],
)
def test_what_is_no_invitation_is_refused_with_a_sentence(text: str, sentence: str) -> None:
    with pytest.raises(InvitationError, match=sentence):
        Invitation.parse(text)


@given(st.text(max_size=100))
def test_any_text_is_an_invitation_or_a_sentence(text: str) -> None:
    with pytest.raises(InvitationError):
        Invitation.parse("scan-enrol:" + text)


def test_a_handheld_has_the_same_number_for_as_long_as_it_has_its_key() -> None:
    assert device_no(KEY) == int(hashlib.sha256(KEY).hexdigest()[:12], 16)
    assert device_no(KEY) != device_no(bytes(32))
    assert 0 < device_no(bytes(32)) < 2**48


def test_a_signature_for_one_purpose_is_good_for_no_other() -> None:
    assert reply_message(b"sig", b"body") != reply_message(b"gis", b"body")
    assert not reply_message(b"", b"x").startswith(server_message(b"", "", []))
