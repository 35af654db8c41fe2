"""The sites of this database: each warehouse with its own books, labels' codes and people; who may see which.

Every row of the database names its site. What is shared are the people who are let into several, and the series of
plates and SSCCs. A unit that goes from one site to another has a history at each.
"""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from typing import Final

import sqlalchemy as sa

from server import site_codes, staff
from server.database import stamp
from server.ledger import record
from server.printing.content import PrintError
from server.printing.numbers import check_prefix
from server.staff import Change
from server.stolen import known
from server.tables import sites
from sync.labels import SiteCodes

NAME_CHARS_MAX: Final = 60
_CODE: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,19}")


class SiteError(ValueError):
    """The site cannot be made or changed so; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """One warehouse."""

    code: str
    name: str
    company_prefix: str | None
    """GS1 company prefix of its SSCCs."""


def list_sites(connection: sa.Connection) -> list[Site]:
    """Every site, by name."""
    rows = connection.execute(sa.select(sites).order_by(sites.c.name, sites.c.site))
    return [Site(code=row.site, name=row.name, company_prefix=row.company_prefix) for row in rows]


def names(connection: sa.Connection) -> dict[str, str]:
    """Code -> name."""
    return {site.code: site.name for site in list_sites(connection)}


def add_site(
    connection: sa.Connection,
    *,
    code: str,
    name: str,
    company_prefix: str | None,
    beside: str,
    operator: str | None,
    now_ms: int,
    opener: int | None = None,
) -> Site:
    """Open another site; its products, bins and people come after.

    Args:
        beside: a site whose domain it shares, so that plates and codes of both are one company's.
        opener: number of the admin who opens it, and is let into it; None at the command line.

    Raises:
        SiteError: there is one of this code, or it can be none.
    """
    if not _CODE.fullmatch(code):
        raise SiteError(f"{code!r:.40} is no code of a site: 1 to 20 small letters, digits or '-'.")
    if connection.execute(sa.select(sites.c.site).where(sites.c.site == code)).first():
        raise SiteError(f"There is a site {code!r} already: choose another code.")
    codes = asdict(site_codes.load(connection, beside)) | {"site": code, "gln": None, "serial_patterns": ()}
    made = Site(code=code, name=_name(name), company_prefix=_prefix(company_prefix))
    connection.execute(
        sites.insert().values(
            site=code,
            name=made.name,
            company_prefix=made.company_prefix,
            codes=asdict(SiteCodes(**codes)),
        )
    )
    at = stamp(connection)
    site_codes.publish(connection, code, at)
    known.offer_to(connection, code, beside, at)
    _record(connection, code, operator, now_ms, f"site {code} ({made.name}) was opened beside {beside}")
    if opener is not None:
        staff.let_opener_in(connection, opener, Change(site=code, by=operator, now_ms=now_ms))
    return made


def change_site(
    connection: sa.Connection,
    *,
    code: str,
    name: str | None,
    company_prefix: str | None,
    operator: str | None,
    now_ms: int,
) -> Site:
    """Give a site another name or GS1 company prefix; None: it stays as it is. SSCCs that were given stay given.

    Args:
        company_prefix: empty where it has none any more.

    Raises:
        SiteError: there is no such site, or it cannot be called so.
    """
    now = connection.execute(sa.select(sites).where(sites.c.site == code).with_for_update()).first()
    if now is None:
        raise SiteError(f"There is no site {code!r:.40}: `sites list` shows which there are.")
    wanted = Site(
        code=code,
        name=now.name if name is None else _name(name),
        company_prefix=now.company_prefix if company_prefix is None else _prefix(company_prefix),
    )
    values = {"name": wanted.name, "company_prefix": wanted.company_prefix}
    connection.execute(sites.update().where(sites.c.site == code).values(**values))
    prefix = wanted.company_prefix or "none"
    _record(connection, code, operator, now_ms, f"site {code} is called {wanted.name}; GS1 company prefix {prefix}")
    return wanted


def _name(name: str) -> str:
    plain = " ".join(name.split())
    if not (plain and plain.isprintable() and len(plain) <= NAME_CHARS_MAX):
        raise SiteError(f"A site's name takes 1 to {NAME_CHARS_MAX} characters that can be printed.")
    return plain


def _prefix(prefix: str | None) -> str | None:
    if not (prefix or "").strip():
        return None
    try:
        return check_prefix(prefix or "")
    except PrintError as error:
        raise SiteError(str(error)) from None


def _record(connection: sa.Connection, site: str, operator: str | None, now_ms: int, reason: str) -> None:
    record(connection, site=site, action="administer", operator=operator, now_ms=now_ms, reason=reason)
