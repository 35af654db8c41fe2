"""Suggestions as people decide them: those of one product, one rule and one price together. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from server.life_cycle.markdown import Rule, Suggestion


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Suggestions that are decided together."""

    key: str
    """Says which they are, as long as they say the same."""
    item: str
    rule: Rule
    was: int
    price: int
    floored: bool
    suggestions: tuple[Suggestion, ...]

    @property
    def quantity(self) -> int:
        return sum(one.quantity for one in self.suggestions)


def grouped(suggestions: Iterable[Suggestion]) -> list[Group]:
    """The suggestions in groups, in their order."""
    found: dict[str, list[Suggestion]] = defaultdict(list)
    for one in suggestions:
        found[_key(one)].append(one)
    return [
        Group(
            key=key,
            item=these[0].item,
            rule=these[0].rule,
            was=these[0].was,
            price=these[0].price,
            floored=these[0].floored,
            suggestions=tuple(these),
        )
        for key, these in found.items()
    ]


def _key(one: Suggestion) -> str:
    return f"{one.item} {one.price} {one.rule.name}"


def chosen(suggestions: Iterable[Suggestion], keys: Collection[str]) -> list[Suggestion]:
    """Those of the groups that were ticked."""
    return [one for one in suggestions if _key(one) in keys]
