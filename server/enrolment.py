"""Handhelds come and go: one-time codes, invitations, enrolment and revocation, each a fact in the ledger.

A code is short-lived, good for one handheld, bound to a role and a site. A key pair is made from it
(`sync.enrolment.code_seed`): the handheld signs with the private half, and only the digest of the public half is kept
here. With 80 random bits there is nothing to guess and no dictionary to try, so a slow hash would buy nothing.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import Sequence
from typing import Any, Final

import sqlalchemy as sa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from server import handheld_roles, ledger, unread
from server.context import identity
from server.roles import PERSONAL
from server.tables import chains, devices, enrolment_codes
from sync.enrolment import ADDRESSES_MAX, Invitation, code_seed, device_no
from sync.event import INT_MAX

CODE_BYTES: Final = 10
CODE_VALID_MS: Final = 15 * 60_000
CODE_VALID_MS_MAX: Final = 24 * 3600_000
NAME_LENGTH_MAX: Final = 100
KEY_BYTES: Final = 32


class EnrolmentError(ValueError):
    """The handheld is not let in, or not let go; the message says why in one sentence."""


def new_code(
    connection: sa.Connection,
    *,
    site: str,
    role: str,
    operator: str | None,
    now_ms: int,
    valid_ms: int = CODE_VALID_MS,
) -> str:
    """A fresh one-time code, 16 characters, with which one handheld can enrol for this role.

    Raises:
        EnrolmentError: there is no such role, or the code would be good for no time or longer than a day.
    """
    if role not in PERSONAL:
        raise EnrolmentError(f"There is no role {role!r}: it is one of {', '.join(PERSONAL)}.")
    if not 0 < valid_ms <= CODE_VALID_MS_MAX:
        raise EnrolmentError(f"A code is good for a minute to a day, not for {valid_ms // 60_000} min.")
    connection.execute(enrolment_codes.delete().where(enrolment_codes.c.expires_ms < now_ms - CODE_VALID_MS_MAX))
    code = base64.b32encode(secrets.token_bytes(CODE_BYTES)).decode()
    connection.execute(
        enrolment_codes.insert().values(
            digest=_digest(code_key(code)), site=site, role=role, expires_ms=now_ms + valid_ms
        )
    )
    reason = f"an enrolment code for one {role}"
    ledger.record(connection, site=site, action="administer", operator=operator, now_ms=now_ms, reason=reason)
    return code


def code_key(code: str) -> bytes:
    """The public half of the key that is made from a code; who signs with the other half has the code."""
    return Ed25519PrivateKey.from_private_bytes(code_seed(code)).public_key().public_bytes_raw()


def invitation(connection: sa.Connection, code: str | None, addresses: Sequence[str]) -> Invitation:
    """What the QR code shows: where this server is, its key, and the one-time code, if any.

    Raises:
        Refusal: the server was not set up.
    """
    key = identity(connection).public_key
    return Invitation(addresses=tuple(addresses)[:ADDRESSES_MAX], server_key=key, code=code)


def enrol(
    connection: sa.Connection,
    *,
    offer_key: bytes,
    public_key: bytes,
    name: str,
    epoch: int,
    client: str,
    now_ms: int,
) -> sa.Row[Any]:
    """Let the handheld with this Ed25519 key in; returns its row of `devices`.

    One that was here before (whether this server remembers it or not) keeps its number and its queue, and a revoked
    one is let in again: a fresh code is a person's word for it.

    Args:
        offer_key: public half of the key made from the code, with which this very request was signed.

    Raises:
        EnrolmentError: the code is wrong, used or too old, or what came with it cannot be stored.
    """
    _check(public_key, name, client, epoch)
    number = device_no(public_key)
    offer = _spend(connection, offer_key, number, now_ms)
    before = connection.execute(sa.select(devices).where(devices.c.device_no == number)).one_or_none()
    if before is not None and before.public_key != public_key:
        raise EnrolmentError(f"Another handheld has the number {number}: make a new key and try again.")
    values = {"site": offer.site, "name": name, "role": offer.role, "revoked_ms": None, "client": client}
    values["heard_ms"] = None  # it may have lost what it had heard
    if before is None:
        row = {"device_no": number, "public_key": public_key, "enrolled_ms": now_ms, **values}
        connection.execute(devices.insert().values(**row))
    else:
        connection.execute(devices.update().where(devices.c.device_no == number).values(**values))
        if before.site != offer.site:
            unread.forget(connection, number)
    handheld_roles.tell(connection, number, offer.site, offer.role, now_ms)
    _open_chain(connection, offer.site, number, epoch)
    if before is not None and before.site != offer.site:
        reason = f"handheld {number} ({before.name}) enrolled at {offer.site}, and is here no longer"
        ledger.record(connection, site=before.site, action="administer", operator=None, now_ms=now_ms, reason=reason)
    again = "enrolled" if before is None else "enrolled again"
    reason = f"handheld {number} ({name}) {again} as {offer.role}"
    ledger.record(connection, site=offer.site, action="administer", operator=None, now_ms=now_ms, reason=reason)
    return connection.execute(sa.select(devices).where(devices.c.device_no == number)).one()


def revoke(connection: sa.Connection, *, number: int, operator: str | None, now_ms: int) -> bool:
    """Trust this handheld no longer; False where it was revoked before.

    What it still sends is answered and quarantined, so that nothing is lost and nothing believed.

    Raises:
        EnrolmentError: there is no handheld with this number.
    """
    row = connection.execute(sa.select(devices).where(devices.c.device_no == number)).one_or_none()
    if row is None:
        raise EnrolmentError(f"There is no handheld with the number {number}.")
    if row.revoked_ms is not None:
        return False
    connection.execute(devices.update().where(devices.c.device_no == number).values(revoked_ms=now_ms))
    unread.forget(connection, number)
    reason = f"handheld {number} ({row.name}) revoked"
    ledger.record(connection, site=row.site, action="administer", operator=operator, now_ms=now_ms, reason=reason)
    return True


def _digest(key: bytes) -> str:
    return hashlib.sha256(key).hexdigest()


def _check(public_key: bytes, name: str, client: str, epoch: int) -> None:
    try:
        Ed25519PublicKey.from_public_bytes(public_key)
    except ValueError:
        raise EnrolmentError(f"A public key has {KEY_BYTES} bytes; this has {len(public_key)}.") from None
    for text in (name, client):
        if not (text.strip() == text and text.isprintable() and 1 <= len(text) <= NAME_LENGTH_MAX):
            raise EnrolmentError(f"{text[:60]!r} is no name: 1 to {NAME_LENGTH_MAX} printable characters.")
    if not 1 <= epoch <= INT_MAX:
        raise EnrolmentError(f"The epoch is {epoch}, outside 1 to 2^53 - 1.")


def _spend(connection: sa.Connection, offer_key: bytes, number: int, now_ms: int) -> Any:
    """The offer behind a code, used up: the row is claimed in one statement, so two handhelds cannot share it."""
    claimed = connection.execute(
        enrolment_codes.update()
        .where(enrolment_codes.c.digest == _digest(offer_key))
        .where(enrolment_codes.c.used_by.is_(None))
        .where(enrolment_codes.c.expires_ms > now_ms)
        .values(used_by=number)
        .returning(enrolment_codes.c.site, enrolment_codes.c.role)
    ).one_or_none()
    if claimed is None:
        raise EnrolmentError("The enrolment code is wrong, used up or too old: ask for a new one.")
    return claimed


def _open_chain(connection: sa.Connection, site: str, number: int, epoch: int) -> None:
    key = (chains.c.device_no == number) & (chains.c.epoch == epoch)
    if connection.execute(sa.select(chains.c.epoch).where(key)).first() is None:
        connection.execute(chains.insert().values(**ledger.new_chain(site, number, epoch)))
