"""Who works here: each person's role, what lets them sign in, into which sites, and the last admin, who cannot be lost.

Every change is an `administer` event that names who made it, and never a secret. An admin has a word at the sites that
they are let into themselves: letting somebody into another, or changing who works there too, takes an admin of it.
Putting a guest out of one's own site takes nobody else's word.
"""

from __future__ import annotations

import re
import secrets
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

import sqlalchemy as sa

from server import badges, ledger, site_codes
from server.badges import KIND
from server.people import NO_PASSWORD, hash_password
from server.roles import INTEGRATION, PERSONAL
from server.tables import people, sites
from sync.event import INT_MAX, TEXT_MAX
from sync.identity import Kind, split_key
from sync.labels import Label, parse
from sync.pin import SALT_BYTES, hash_pin, weakness

NAME_LENGTH_MAX: Final = 100
ADMIN: Final = "admin"
_MARK_BYTES: Final = 16
COMMAND_LINE: Final = "(command line)"
"""Ends the name of whoever typed a command (`cli/command.py`)."""
_UNSEEN: Final = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)
"""Printable by their category, and drawn as nothing: Default_Ignorable_Code_Point (UAX #44), and the empty Braille."""


class StaffError(ValueError):
    """This cannot be changed so; the message says why and repeats no secret."""


class NobodyError(StaffError):
    """There is nobody with this number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """Who changes somebody, and when. `by` is None where the server itself does."""

    site: str
    by: str | None
    now_ms: int
    self_id: int | None = None
    """Number of the person who is signed in and does it; None at the command line."""


def add_person(
    connection: sa.Connection,
    *,
    site: str,
    name: str,
    role: str,
    by: str | None,
    now_ms: int,
    password: str | None = None,
) -> int:
    """Add someone; returns their number. Without a password they sign in at handhelds alone.

    Raises:
        ValueError: the name, the role or the password will not do; the message says why.
    """
    _check_role(role)
    if not (name and name == name.strip() and name.isprintable() and len(name) <= NAME_LENGTH_MAX):
        raise StaffError(f"{name!r} cannot be a name: it takes 1 to {NAME_LENGTH_MAX} characters that can be printed.")
    if name.startswith(f"{INTEGRATION}:") or name.endswith(COMMAND_LINE):
        raise StaffError(f"{name!r} cannot be a person's name: what another system or a command did is named so.")
    _check_new(connection, name)
    values = {
        "site": site,
        "name": name,
        "role": role,
        "password_hash": NO_PASSWORD if password is None else hash_password(password),
        "active": True,
        "roles": {},
        "also": [],
    }
    number = int(connection.execute(people.insert().values(values).returning(people.c.id)).scalar_one())
    _record(connection, Change(site=site, by=by, now_ms=now_ms), name, f"{name} may sign in as {role}")
    return number


def _check_new(connection: sa.Connection, name: str) -> None:
    """Refuse a name that somebody has, or that looks as somebody's does: the audit knows people by nothing else."""
    if _UNSEEN.search(name):
        raise StaffError(f"{name!a} cannot be a name: it holds a character that nobody can see.")
    looks = _looks(name)
    for known in connection.execute(sa.select(people.c.name)).scalars():
        if known == name:
            raise StaffError(f"There is someone named {name!r} already: add what tells them apart.")
        if _looks(known) == looks:
            raise StaffError(f"{name!a} looks the same as {known!a}, who is here already.")


def _looks(name: str) -> str:
    """What names that people take for one another have in common: width and case tell nobody apart."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())


def change_role(connection: sa.Connection, number: int, role: str, change: Change) -> None:
    """Give someone another role from now on; it ends each of their sessions.

    Raises:
        StaffError: there is no such role or person, an admin would be lost, or it takes another site's word.
    """
    _check_role(role)
    person = _hold(connection, number, change)
    if person.role == role:
        return
    _check_word(connection, person, change)
    if person.role == ADMIN and person.active:
        _keep_an_admin(connection, person, change)
    _write(connection, person, change, role=role, session_mark=_new_mark())
    _record(connection, change, person.name, f"{person.name} is {role} from now on, and was {person.role}")


def set_active(connection: sa.Connection, number: int, *, active: bool, change: Change) -> None:
    """Let someone in no longer, or let them in again; none of their sessions goes on.

    Raises:
        StaffError: there is no such person, or an admin would be lost.
    """
    person = _hold(connection, number, change)
    if person.active == active:
        return
    if person.role == ADMIN and not active:
        _keep_an_admin(connection, person, change)
    _write(connection, person, change, active=active, session_mark=_new_mark())
    words = f"may sign in again as {person.role}" if active else "may sign in no longer"
    _record(connection, change, person.name, f"{person.name} {words}")


def set_password(connection: sa.Connection, number: int, password: str, change: Change) -> None:
    """Give someone a new password; it ends each of their sessions.

    Raises:
        ValueError: there is no such person, it is too short or too long, or it takes another site's word.
    """
    person = _hold(connection, number, change)
    _check_word(connection, person, change)
    _write(connection, person, change, password_hash=hash_password(password))
    _record(connection, change, person.name, f"{person.name} has a new password")


def set_badge(connection: sa.Connection, number: int, badge: str | None, pin: str | None, change: Change) -> None:
    """Give someone a badge and its PIN, another PIN for the badge that they have, or take the badge back.

    Args:
        badge: what its label says, or the code alone; None takes it back.
        pin: 4 to 8 digits; None keeps that of the badge which they have.

    Raises:
        StaffError: it is nobody's badge or PIN, or somebody else's badge, or it takes another site's word.
    """
    person = _hold(connection, number, change)
    _check_word(connection, person, change)
    code = None if badge is None else badge_code(connection, change.site, badge)
    if code is None and pin is not None:
        raise StaffError("A PIN belongs to a badge: name the badge as well.")
    if code is not None and pin is None and (code != person.badge or person.pin_hash is None):
        raise StaffError("A new badge takes a new PIN.")
    reason = weakness(pin, code or "") if pin is not None else None
    if reason:
        raise StaffError(reason)
    if code is not None and code != person.badge:
        for site in (person.site, *person.also):
            _check_free(connection, person, code, site)
    if code == person.badge and pin is None:
        return
    hashed = hash_pin(pin, secrets.token_bytes(SALT_BYTES)) if pin is not None else person.pin_hash if code else None
    _write(connection, person, change, badge=code, pin_hash=hashed)
    words = f"has badge {code}" if code else f"has given back badge {person.badge}"
    said = words if code != person.badge else "has a new PIN"
    _record(connection, change, person.name, f"{person.name} {said}")


def let_into(connection: sa.Connection, number: int, wanted: Iterable[str], change: Change) -> None:
    """Say into which sites somebody is let beside their own; their badge is known there from then on.

    Raises:
        StaffError: there is no such person or site, somebody there wears their badge, or it takes that site's word.
    """
    person = _hold(connection, number, change)
    known = set(connection.execute(sa.select(sites.c.site)).scalars())
    also = sorted(set(wanted) - {person.site})
    if strange := set(also) - known:
        raise StaffError(f"There is no site {min(strange)!r:.40}.")
    if also == person.also:
        return
    fresh = set(also) - set(person.also)
    if missing := fresh - _with_word(connection, change):
        raise StaffError(
            f"You are not let into {_listed(missing)} yourself, so you cannot let {person.name} into it: that takes "
            f"an admin of both, or `people sites {person.name} {min(missing)}` on the server."
        )
    for site in fresh:
        if person.badge is not None:
            _check_free(connection, person, person.badge, site)
    _write(connection, person, change, also=also)
    for site in {change.site} | fresh | (set(person.also) - set(also)):  # each of them may want to know
        said = f"{person.name} is let into {', '.join([person.site, *also])}"
        _record(connection, replace(change, site=site), person.name, said)


def put_out(connection: sa.Connection, number: int, change: Change) -> str:
    """Let a guest, whose own site is another one, into this site no more; returns their name.

    Raises:
        StaffError: there is no such guest here, or it is who asks.
    """
    query = sa.select(people).where(people.c.id == number).with_for_update()
    person = connection.execute(query).one_or_none() if number <= INT_MAX else None
    if person is None or change.site not in person.also:
        raise NobodyError(f"There is no guest with the number {str(number)[:20]} here.")
    if change.self_id == person.id:
        raise StaffError("You cannot put yourself out: another admin has to do that.")
    _write(connection, person, change, also=[site for site in person.also if site != change.site])
    for site in (change.site, person.site):
        _record(connection, replace(change, site=site), person.name, f"{person.name} is let into {change.site} no more")
    return str(person.name)


def let_opener_in(connection: sa.Connection, number: int, change: Change) -> None:
    """Whoever opened a site is its first admin; nobody else could let anyone in."""
    person = connection.execute(sa.select(people).where(people.c.id == number).with_for_update()).one()
    _write(connection, person, change, also=sorted({*person.also, change.site}))
    _record(connection, change, person.name, f"{person.name} is let in, and opened the site")


def edit(connection: sa.Connection, number: int, wanted: Mapping[str, Any], change: Change) -> None:
    """Several changes of one person at once, all or none.

    Args:
        wanted: `role`, `active`, `password`, `badge` (None takes it back), `pin` and `also` (the further sites), each
            where it is to change.

    Raises:
        ValueError: one of them will not do; the message says why.
    """
    if "also" in wanted:  # first: who is let out of another site may then be changed without its word
        let_into(connection, number, wanted["also"], change)
    if "role" in wanted:
        change_role(connection, number, wanted["role"], change)
    if "active" in wanted:
        set_active(connection, number, active=wanted["active"], change=change)
    if "password" in wanted:
        set_password(connection, number, wanted["password"], change)
    if "badge" in wanted or "pin" in wanted:
        badge = wanted["badge"] if "badge" in wanted else _hold(connection, number, change).badge
        set_badge(connection, number, badge, wanted.get("pin"), change)


def badge_code(connection: sa.Connection, site: str, text: str) -> str:
    """The code of a badge, from what its label says or from the code itself.

    Raises:
        StaffError: the site has no such badges.
    """
    codes = site_codes.load(connection, site)
    for said in (text, f"BADGE:{text}"):
        label = parse(said.encode(errors="replace"), None, codes)
        if isinstance(label, Label) and label.kind is Kind.BADGE:
            return split_key(label.key).elements[-1][1]
    raise StaffError(
        f"{text!r:.60} is no badge of this site: give what its label says, such as BADGE:K-17, in capitals, figures "
        "and hyphens."
    )


def _check_role(role: str) -> None:
    if role not in PERSONAL:
        raise StaffError(f"There is no role {role!r}: it is one of {', '.join(PERSONAL)}.")


def _hold(connection: sa.Connection, number: int, change: Change) -> Any:
    """The person's row, held until the transaction ends.

    Raises:
        NobodyError: there is nobody of this number.
    """
    query = sa.select(people).where(people.c.site == change.site, people.c.id == number).with_for_update()
    row = connection.execute(query).one_or_none() if number <= INT_MAX else None
    if row is None:
        raise NobodyError(f"There is nobody with the number {str(number)[:20]}.")
    return row


def _keep_an_admin(connection: sa.Connection, person: Any, change: Change) -> None:
    """Refuse what would leave nobody who may let others in.

    Raises:
        StaffError: it is the last admin, or the one who is signed in.
    """
    if change.self_id == person.id:
        raise StaffError("You cannot take your own role away: another admin has to do that.")
    t = people.c
    admins = connection.execute(
        sa.select(t.id).where(t.site == change.site, t.role == ADMIN, t.active).order_by(t.id).with_for_update()
    ).scalars()
    if set(admins) <= {person.id}:
        raise StaffError(f"{person.name} is the last admin: make somebody else one first.")


def _with_word(connection: sa.Connection, change: Change) -> set[str]:
    """The sites at which whoever changes somebody has a word: all of them, for who has the machine."""
    if change.self_id is None:
        return set(connection.execute(sa.select(sites.c.site)).scalars())
    row = connection.execute(sa.select(people).where(people.c.id == change.self_id)).one()
    return {row.site, *row.also}


def _check_word(connection: sa.Connection, person: Any, change: Change) -> None:
    """Whoever makes somebody an admin, or can sign in as one, has what that one has at every site.

    Raises:
        StaffError: they are let into a site where whoever changes them has no word.
    """
    if missing := set(person.also) - _with_word(connection, change):
        raise StaffError(
            f"{person.name} is let into {_listed(missing)} too, and you are not: an admin of both has to do that. Or "
            "let them into your own site alone first."
        )


def _listed(codes: set[str]) -> str:
    return ", ".join(sorted(codes))


def _check_free(connection: sa.Connection, person: Any, code: str, site: str) -> None:
    rows = connection.execute(sa.select(people).where(people.c.badge == code, people.c.id != person.id))
    other = next((row.name for row in rows if site in (row.site, *row.also)), None)
    if other is not None:
        raise StaffError(f"Badge {code} is {other}'s: take it back first.")
    wore = badges.bearer(connection, site, code)
    if wore not in (None, person.name):
        raise StaffError(f"Badge {code} was {wore}'s, and scans were made under it: take another code.")


def _write(connection: sa.Connection, person: Any, change: Change, **values: Any) -> None:
    connection.execute(people.update().where(people.c.id == person.id).values(values))
    badges.tell(connection, person.id, change.now_ms)


def _new_mark() -> str:
    """At random, so that none comes back: a count would begin anew with a backup that is restored."""
    return secrets.token_urlsafe(_MARK_BYTES)


def _record(connection: sa.Connection, change: Change, name: str, reason: str) -> None:
    ledger.record(
        connection,
        site=change.site,
        action="administer",
        operator=change.by,
        now_ms=change.now_ms,
        document=f"{KIND}:{name}",
        reason=reason if len(reason) <= TEXT_MAX else f"{reason[: TEXT_MAX - 1]}…",
    )
