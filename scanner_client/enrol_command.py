"""`enrol`: makes the handheld and its server known to each other by the code on the console."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from scanner_client import VERSION
from scanner_client.handheld import Handheld
from scanner_client.sighting import Symbol
from scanner_client.transport import Answer, Transport, TransportError
from scanner_client.wording import say
from sync.enrolment import (
    ADDRESSES_MAX,
    ENROL_HEADER,
    ENROL_PREFIX,
    HANDHELD_HEADER,
    INVITATION_SCHEME,
    Invitation,
    code_seed,
)
from sync.protocol import ENROL_PATH, write_signature

SHORT_CODE: Final = re.compile(r"[A-Z2-7]{8,64}=*")
"""The one-time part alone, in base 32: it names no server and no key."""


class EnrolmentError(Exception):
    """The handheld stays as it was; the message says why."""


def invitation_in(symbols: Iterable[Symbol]) -> str | None:
    """The text of the first invitation among what was read; None where there is none."""
    for symbol in symbols:
        text = symbol.data.decode("utf-8", "replace")
        if text.startswith(INVITATION_SCHEME):
            return text
    return None


def enrol(handheld: Handheld, text: str, transport: Transport, *, name: str | None = None) -> str:
    """Follow an invitation; what to tell the person. The handheld keeps its key, its epoch and its queue.

    Raises:
        InvitationError: the text is no invitation.
        EnrolmentError: it is the short code alone, no server took it, or it is another server's.
    """
    if SHORT_CODE.fullmatch(text.strip()):
        raise EnrolmentError(say("command.short_code"))
    invitation = Invitation.parse(text)
    if invitation.code is None:
        return _look_elsewhere(handheld, invitation)
    named = replace(handheld.device, name=name or handheld.device.name)
    told = {
        "public_key": named.public_key.hex(),
        "name": named.name,
        "epoch": handheld.outbox.epoch,
        "client": VERSION,
    }
    body, signature = signed_request(invitation.code, told)
    headers = {
        "Content-Type": "application/json",
        ENROL_HEADER: write_signature(signature),
        HANDHELD_HEADER: write_signature(named.sign(ENROL_PREFIX + body)),
    }
    row = _accepted(_post(invitation.addresses, body, headers, transport), signature, invitation)
    site = " ".join(dict.fromkeys(str(row["site"][part]) for part in ("code", "name") if row["site"].get(part)))
    addresses = (*invitation.addresses, *map(str, row["addresses"]))
    handheld.change(
        replace(
            named,
            server_key=invitation.server_key,
            addresses=tuple(dict.fromkeys(addresses))[:ADDRESSES_MAX],
            site=site or None,
            revoked=False,
        )
    )
    handheld.site_map.unread.noted += 1  # the server may know no more of what it was told: it is said again
    return say("command.enrolled", device_no=named.device_no, site=site or "?")


def signed_request(code: str, told: dict[str, Any]) -> tuple[bytes, bytes]:
    """Body and signature of an enrolment that says this; that the code is here is shown, and the code itself not."""
    key = Ed25519PrivateKey.from_private_bytes(code_seed(code))
    body = json.dumps({"offer_key": key.public_key().public_bytes_raw().hex(), **told}).encode()
    return body, key.sign(ENROL_PREFIX + body)


def _look_elsewhere(handheld: Handheld, invitation: Invitation) -> str:
    if handheld.device.server_key is None:
        raise EnrolmentError(
            "That code only tells a new address. This handheld needs one to enrol with: ask the office for it."
        )
    if handheld.device.server_key != invitation.server_key:
        raise EnrolmentError("That code is another server's. To change servers, enrol with a code of the new one.")
    handheld.change(replace(handheld.device, addresses=invitation.addresses))
    return say("command.readdressed", addresses=", ".join(invitation.addresses))


def _post(addresses: Iterable[str], body: bytes, headers: Mapping[str, str], transport: Transport) -> Answer:
    """The answer of the first address that is reached."""
    reason = ""
    for address in addresses:
        try:
            return transport.post(address, ENROL_PATH, body, headers)
        except TransportError as error:
            reason = str(error)
    raise EnrolmentError(reason)


def _accepted(answer: Answer, signature: bytes, invitation: Invitation) -> dict[str, Any]:
    if answer.status != 201:
        _, message = answer.error()
        raise EnrolmentError(message)
    row = answer.json()
    if not answer.is_signed_by(invitation.server_key, signature):
        raise EnrolmentError(
            "Something answered that is not the server of this code. Look at the Wi-Fi, and ask for a new code."
        )
    if not isinstance(row.get("site"), dict) or not isinstance(row.get("addresses"), list):
        raise EnrolmentError("The server's answer cannot be understood; is it of the same version?")
    return row
