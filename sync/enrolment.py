"""How a handheld and a server come to know each other: the invitation in the QR code, names and signatures.

The handheld makes an Ed25519 key pair (RFC 8032) and keeps the private half. Its number is made from the public
half, so that a handheld which a restored server no longer knows enrols again under the number that stands in its
queue. The server's public key is in the invitation, so that a handheld believes no acknowledgement but its own
server's, and can find that server again at another address.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qsl, urlencode

INVITATION_SCHEME: Final = "scan-enrol:"
ADDRESSES_MAX: Final = 8
ENROL_PREFIX: Final = b"scan-enrol v1\n"
"""Stands before the body of an enrolment when it is signed."""
ENROL_HEADER: Final = "Enrolment-Signature"
HANDHELD_HEADER: Final = "Handheld-Signature"
"""Bears the same body's signature by the handheld's own key: whoever only saw a public key cannot enrol its owner."""
_CODE_PREFIX: Final = b"scan-code v1\n"
REPLY_PREFIX: Final = b"scan-reply v1\n"
SERVER_PREFIX: Final = b"scan-server v1\n"
SERVICE_TYPE: Final = "_scan-sync._tcp.local."
"""DNS-SD service (RFC 6763) under which a server says where it is."""


class InvitationError(ValueError):
    """The code is not an invitation; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Invitation:
    """What the QR code on the console says: where the server is, its key, and a one-time code.

    Without a code it only tells an enrolled handheld the server's new address.
    """

    addresses: tuple[str, ...]
    server_key: bytes
    code: str | None = None

    def text(self) -> str:
        """The QR code's text."""
        pairs = [("u", a) for a in self.addresses]
        pairs.append(("k", base64.urlsafe_b64encode(self.server_key).decode().rstrip("=")))
        if self.code:
            pairs.append(("c", self.code))
        return INVITATION_SCHEME + urlencode(pairs)

    @classmethod
    def parse(cls, text: str) -> Invitation:
        """The invitation that a QR code holds.

        Raises:
            InvitationError: it is something else, or damaged.
        """
        if not text.startswith(INVITATION_SCHEME):
            raise InvitationError("That is not an enrolment code: it does not start with scan-enrol.")
        try:
            pairs = parse_qsl(text[len(INVITATION_SCHEME) :], strict_parsing=True, max_num_fields=20)
        except ValueError:
            raise InvitationError("The enrolment code is damaged: show it again.") from None
        addresses = tuple(v for k, v in pairs if k == "u")[:ADDRESSES_MAX]
        one = dict(pairs)
        try:
            key = base64.urlsafe_b64decode(one.get("k", "") + "=")
        except ValueError:
            key = b""
        if len(key) != 32 or not addresses:
            raise InvitationError("The enrolment code is damaged: show it again.")
        if not all(a.startswith(("http://", "https://")) for a in addresses):
            raise InvitationError("The enrolment code names a server that is not on the web.")
        return cls(addresses=addresses, server_key=key, code=one.get("c"))


def code_seed(code: str) -> bytes:
    """The private Ed25519 key that is made from a one-time code, 32 bytes.

    A handheld signs with it instead of sending the code: else whoever listens on the Wi-Fi would have the code, and
    could enrol a handheld of their own with it. The server keeps only what the public half hashes to. As the code has
    80 random bits, neither half leads back to it.
    """
    plain = code.upper().replace("-", "").replace(" ", "").strip()
    return hashlib.sha256(_CODE_PREFIX + plain.encode(errors="replace")).digest()


def device_no(public_key: bytes) -> int:
    """The number of the device with this 32-byte public key: 48 bits of its SHA-256, never 0 (the server's own)."""
    return int.from_bytes(hashlib.sha256(public_key).digest()[:6]) or 1


def reply_message(request_signature: bytes, body: bytes) -> bytes:
    """What the server signs with a reply: bound to the one request that it answers."""
    return REPLY_PREFIX + request_signature + body


def server_message(nonce: bytes, incarnation: str, addresses: Sequence[str]) -> bytes:
    """What the server signs when it is asked who it is."""
    return SERVER_PREFIX + nonce + "\n".join([incarnation, *addresses]).encode()
