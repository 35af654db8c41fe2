"""Where each page stands in the navigation: a module of this folder says so itself with `NAV = Entry(...)`.

To add a page, add a file to this folder: views on `server.web.pages.blueprint`, and, if it belongs into the
navigation, its entry. Nothing else has to be edited.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cache
from importlib import import_module
from itertools import groupby
from pkgutil import iter_modules

from flask import Flask, current_app, request

from server.people import whoever
from server.roles import Task
from server.web.pages import site_name


class Group(StrEnum):
    """Parts of the navigation, in the order in which they stand."""

    WORK = "Work"
    STOCK = "Stock"
    QUALITY = "Quality"
    OWNER = "Owner"
    SITE = "Site"


@dataclass(frozen=True, slots=True)
class Entry:
    """One page in the navigation."""

    text: str
    endpoint: str
    group: Group
    order: int
    """Within its group; leave gaps."""
    task: Task = Task.LOOK
    """Who may not do it is not shown the page here."""
    parts: frozenset[str] = frozenset()
    """Endpoints of other modules that are a part of this page."""
    module: str = ""
    """Filled in by `entries`: any page of this module that no other entry names is told as a part of this one."""

    @property
    def current(self) -> str | None:
        """`aria-current` of the page that is being shown, or of one that is a part of it."""
        here = request.endpoint or ""
        if here == self.endpoint:
            return "page"
        if any(here in entry.parts or here == entry.endpoint for entry in entries()):
            return "true" if here in self.parts else None
        view = current_app.view_functions.get(here)
        return "true" if view is not None and view.__module__ == self.module else None


@cache
def entries(package: str = "server.web") -> tuple[Entry, ...]:
    """Every entry that a module of the package states, in order; this imports the modules and with them their views."""
    found: list[Entry] = []
    for info in iter_modules(import_module(package).__path__):
        module = import_module(f"{package}.{info.name}")
        stated = getattr(module, "NAV", ())
        stated = (stated,) if isinstance(stated, Entry) else stated
        found += [replace(entry, module=module.__name__) for entry in stated]
    groups = list(Group)
    return tuple(sorted(found, key=lambda entry: (groups.index(entry.group), entry.order, entry.text)))


@dataclass(frozen=True, slots=True)
class Section:
    """One group of the navigation, as the person at the console sees it."""

    text: str
    entries: tuple[Entry, ...]
    here: bool
    """Whether the page that is being shown stands in it; the first one's where no entry is."""


def shown(found: Iterable[Entry]) -> list[Section]:
    """Those that the signed-in person may open, by group; an endpoint that does not exist fails when it is drawn."""
    person = whoever()
    allowed = [entry for entry in found if person is not None and person.may(entry.task)]
    groups = [(group, tuple(of)) for group, of in groupby(allowed, key=lambda entry: entry.group)]
    here = next(
        (group for group, of in groups if any(entry.current for entry in of)), allowed[0].group if allowed else None
    )
    return [Section(str(group), of, here=group is here) for group, of in groups]


def register(app: Flask) -> None:
    """Let templates draw the navigation."""
    found = entries()
    app.context_processor(lambda: {"site_name": site_name, "navigation": shown(found)})
