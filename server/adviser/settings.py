"""What the owner sets for the adviser: figures, the kind of goods that a product is, and where the shop sells."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from math import isfinite
from typing import Final

import sqlalchemy as sa

from server import named, owner_settings
from server.adviser.assumptions import ASSUMPTIONS, CURRENCIES, SITE, Assumption, Figure, Scope
from server.adviser.model import number
from server.adviser.presets import DEFAULT, PRESETS
from server.adviser.regulations import MARKETS
from server.currencies import MINOR_DIGITS
from server.named import NamedError
from server.owner_settings import Kept
from server.typed_number import as_said

FIGURE: Final = "adviser_figure"
KIND: Final = "adviser_kind"
MARKET: Final = "adviser_markets"
_EVERYWHERE: Final = "site"


class SettingError(ValueError):
    """This cannot be set so; the message says why."""


@dataclass(frozen=True, slots=True)
class Settings:
    """All that the owner has set."""

    figures: Mapping[str, Kept]
    kinds: Mapping[str, Kept]
    markets: frozenset[str]

    def preset_of(self, item: str) -> str:
        """The kind of goods that a product is."""
        kept = self.kinds.get(item)
        return str(kept.value["preset"]) if kept else DEFAULT

    def figures_for(self, preset: str, currency: str, item: str = "", own: Mapping[str, Figure] | None = None) -> Own:
        """A value for each assumption: the product's own setting, the records, the kind's, the site's, the default.

        Args:
            preset: the kind of goods.
            currency: of the product's price; what labels and work cost in it may not be known.
            item: the product, where it is about one.
            own: what the shop's records say of it.
        """
        defaults = {**SITE, **CURRENCIES.get(currency, {}), **PRESETS[preset].figures}
        found = {}
        for name, told in ASSUMPTIONS.items():
            of = {Scope.SITE: "", Scope.CURRENCY: currency, Scope.PRESET: preset}[told.scope]
            figure = (
                self._set(Scope.ITEM, item, name)
                or (own or {}).get(name)
                or self._set(told.scope, of, name)
                or defaults.get(name)
            )
            if figure is not None:
                found[name] = figure
        return found

    def _set(self, scope: Scope, of: str, name: str) -> Figure | None:
        kept = self.figures.get(_key(scope, of, name))
        return Figure(value=kept.value["value"], source=f"set by {kept.by or 'the server'}") if kept else None


Own = Mapping[str, Figure]


def read(connection: sa.Connection, site: str) -> Settings:
    """All that was set, as it stands."""
    markets = owner_settings.kept(connection, site, MARKET).get(_EVERYWHERE)
    return Settings(
        figures=owner_settings.kept(connection, site, FIGURE),
        kinds=owner_settings.kept(connection, site, KIND),
        markets=frozenset(markets.value["markets"]) if markets else frozenset(MARKETS),
    )


def _key(scope: Scope, of: str, name: str) -> str:
    return f"{scope}:{of}:{name}"


def set_figure(
    connection: sa.Connection,
    *,
    site: str,
    scope: str,
    of: str,
    name: str,
    value: float | None,
    operator: str | None,
    now_ms: int,
) -> None:
    """Set a figure from now on; None goes back to what the records or the preset say.

    Args:
        scope: a `Scope`.
        of: the currency, preset or product (GTIN, SKU or canonical name); empty for the site.
        value: in the assumption's unit.

    Raises:
        SettingError: there is no such figure, it is not set there, or the value cannot be.
    """
    told = ASSUMPTIONS.get(name)
    if told is None:
        raise SettingError(f"There is no figure {name!r:.60}: it is one of {', '.join(ASSUMPTIONS)}.")
    _check_scope(told, scope, of)
    of = _item(connection, site, of) if scope == Scope.ITEM else of
    if value is not None:
        _check_value(told, value)
    owner_settings.keep(
        connection,
        site=site,
        kind=FIGURE,
        key=_key(Scope(scope), of, name),
        value=None if value is None else {"value": value},
        told=f"adviser: {name} {f'for {of} ' if of else ''}"
        + ("as it was" if value is None else f"is {number(value)} {told.unit}"),
        operator=operator,
        now_ms=now_ms,
    )


def _check_scope(told: Assumption, scope: str, of: str) -> None:
    if scope not in (told.scope, Scope.ITEM):
        raise SettingError(f"{told.name} is set for the {told.scope} or for one item, and not for {scope!r:.30}.")
    if scope == Scope.PRESET and of not in PRESETS:
        raise SettingError(f"There is no kind of goods {of!r:.40}: it is one of {', '.join(PRESETS)}.")
    if scope == Scope.CURRENCY and of not in MINOR_DIGITS:
        raise SettingError(f"{of!r:.20} is no currency: write its three letters, such as INR.")
    if scope == Scope.SITE and of:
        raise SettingError(f"{told.name} is set for the whole site, so {of!r:.40} has no place here.")


def _item(connection: sa.Connection, site: str, said: str) -> str:
    try:
        return named.product(connection, site, said)
    except NamedError as error:
        raise SettingError(str(error)) from None


def _check_value(told: Assumption, value: float) -> None:
    fits = isfinite(value) and told.least <= value <= told.most and not (told.above_least and value == told.least)
    if not fits:
        least = f"more than {number(told.least)}" if told.above_least else f"from {number(told.least)}"
        given = as_said(value).capitalize()
        raise SettingError(
            f"{given} cannot stand for “{told.text}”: it takes {least} up to {number(told.most)} ({told.unit})."
        )


def set_kind(
    connection: sa.Connection, *, site: str, items: Collection[str], preset: str, operator: str | None, now_ms: int
) -> None:
    """Say what kind of goods some products are.

    Raises:
        SettingError: there is no such kind or product.
    """
    if preset not in PRESETS:
        raise SettingError(f"There is no kind of goods {preset!r:.40}: it is one of {', '.join(PRESETS)}.")
    if not items:
        raise SettingError("Say for which products: none was named.")
    for item in [_item(connection, site, said) for said in items]:
        owner_settings.keep(
            connection,
            site=site,
            kind=KIND,
            key=item,
            value={"preset": preset},
            told=f"adviser: {item} is {PRESETS[preset].title.lower()}",
            operator=operator,
            now_ms=now_ms,
        )


def set_markets(
    connection: sa.Connection, *, site: str, markets: Collection[str], operator: str | None, now_ms: int
) -> None:
    """Say where the shop sells, so that the laws of those markets count.

    Raises:
        SettingError: one of them is not known here.
    """
    strange = [market for market in markets if market not in MARKETS]
    if strange:
        raise SettingError(f"There is no market {strange[0]!r:.40}: it is one of {', '.join(MARKETS)}.")
    owner_settings.keep(
        connection,
        site=site,
        kind=MARKET,
        key=_EVERYWHERE,
        value={"markets": sorted(set(markets))},
        told=f"adviser: sells in {', '.join(sorted(set(markets))) or 'none of the markets whose laws are known'}",
        operator=operator,
        now_ms=now_ms,
    )
