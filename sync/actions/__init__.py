"""What can be done to a unit, and which events are forbidden.

An action is one function: ``(state, event) -> state``, in the file of this folder that its kind belongs to. The
decorator says who does it, what the event must hold, and what a scan of it expects of the unit; the schemas, menus,
roles, verdicts and docs read that registry.
"""

from __future__ import annotations

from importlib import import_module
from typing import Final

from sync.actions.refusal import QUANTITY_MAX, refuse
from sync.actions.registry import ACTIONS, FLOOR, Action, Apply, Compare, Stock, action
from sync.actions.resolutions import CLAIMS, RESOLUTIONS

MODULES: Final = ("moving", "shipping", "returning", "holding", "servicing", "observing", "correcting", "office")
"""The files that hold actions, in the order in which menus show them."""

for _name in MODULES:
    import_module(f"{__name__}.{_name}")

__all__ = [
    "ACTIONS",
    "CLAIMS",
    "FLOOR",
    "QUANTITY_MAX",
    "RESOLUTIONS",
    "Action",
    "Apply",
    "Compare",
    "Stock",
    "action",
    "refuse",
]
