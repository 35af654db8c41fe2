"""What the console and the API both do with handhelds: invite one, revoke one."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa

from server import config, context, enrolment
from server.database import transact
from server.enrolment import CODE_VALID_MS
from server.errors import Refusal
from server.people import Person
from server.tables import devices
from sync.enrolment import Invitation
from sync.event import INT_MAX


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A one-time code, the text of the QR code that carries it, and until when it is good."""

    code: str
    invitation: str
    expires_ms: int


def invite(person: Person, role: str) -> Offer:
    """A new code for one handheld of the person's site."""
    now_ms = context.now_ms()
    addresses = config.addresses(context.settings())

    def make(connection: sa.Connection) -> tuple[str, Invitation]:
        code = enrolment.new_code(connection, site=person.site, role=role, operator=person.name, now_ms=now_ms)
        return code, enrolment.invitation(connection, code, addresses)

    code, invitation = transact(make)
    return Offer(code=code, invitation=invitation.text(), expires_ms=now_ms + CODE_VALID_MS)


def revoke(person: Person, number: int) -> None:
    """Revoke one handheld of the person's own site.

    Raises:
        Refusal: 404, there is none with this number.
    """
    now_ms = context.now_ms()

    def write(connection: sa.Connection) -> None:
        own = sa.select(devices.c.device_no).where(devices.c.device_no == number, devices.c.site == person.site)
        if number > INT_MAX or connection.execute(own).first() is None:
            raise Refusal(404, "not_found", f"There is no handheld with the number {str(number)[:20]}.")
        enrolment.revoke(connection, number=number, operator=person.name, now_ms=now_ms)

    transact(write)
